package netlab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

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

// Command is exec.CommandContext for a process in the switch's namespace, where
// the bridges are.
func (s *Switch) Command(ctx context.Context, name string, args ...string) *Cmd {
	return &Cmd{Cmd: command(ctx, name, args...), host: &Host{lab: s.lab, ns: s.ns}}
}

// waitForwarding waits until frames pass the ports of the bridge, which hears of
// a carrier a little later than the port itself.
func (s *Switch) waitForwarding(c *links, ports ...string) error {
	for _, port := range ports {
		if err := c.waitUp(port); err != nil {
			return err
		}
	}
	return s.ns.do(func() error {
		end := time.Now().Add(5 * time.Second)
		for _, port := range ports {
			for {
				state, err := os.ReadFile("/sys/class/net/" + port + "/brport/state")
				if err != nil {
					return err
				}
				if string(state) == "3\n" {
					break
				}
				if time.Now().After(end) {
					return fmt.Errorf("the bridge does not forward from %s after 5 s", port)
				}
				time.Sleep(time.Millisecond)
			}
		}
		return nil
	})
}
