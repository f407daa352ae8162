package netlab

import (
	"errors"
	"net/netip"

	"github.com/jsimonetti/rtnetlink/v2/driver"
)

// Switch is what the hosts of a lab are plugged into: a bridge for each net in a
// namespace of its own, with an address (10.77.0.1, fd77::1). It floods all
// multicast until Snooping is asked for.
type Switch struct {
	lab    *Lab
	ns     *namespace
	relays map[*Host]*relay
}

func newSwitch(l *Lab, etc map[string]string) (*Switch, error) {
	ns, err := newNamespace("switch", etc)
	if err != nil {
		return nil, err
	}
	s := &Switch{lab: l, ns: ns, relays: map[*Host]*relay{}}
	c, err := dial(ns)
	if err != nil {
		return s, err
	}
	defer c.Close()
	if err := c.up("lo"); err != nil {
		return s, err
	}
	for net := range l.nets {
		err := c.addBridge(bridge(net), driver.Bridge{
			StpState: ptr(driver.BridgeStpStateDisabled), ForwardDelay: ptr(uint32(0)),
			McastSnooping: ptr(driver.BridgeEnableDisabled),
		})
		if err == nil {
			err = errors.Join(c.up(bridge(net)), c.address(bridge(net), netip.PrefixFrom(switchAddress4(net), 24)))
		}
		if err == nil && haveIPv6() {
			err = c.address(bridge(net), netip.PrefixFrom(switchAddress6(net), 64))
		}
		if err != nil {
			return s, err
		}
	}
	return s, c.setRoute(route{to: multicast4, dev: bridge(0)})
}
