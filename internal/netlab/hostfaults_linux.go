package netlab

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/jsimonetti/rtnetlink/v2"
	"golang.org/x/sys/unix"
)

// Firewall makes the host's own firewall drop such traffic when it comes in by
// anything but the loopback.
func (h *Host) Firewall(what Traffic) (heal func()) {
	h.lab.tb.Helper()
	rules, err := what.matches()
	for i := range rules {
		rules[i] = append(byName(expr.MetaKeyIIFNAME, expr.CmpOpNeq, "lo"), rules[i]...)
	}
	var remove func() error
	if err == nil {
		remove, err = h.ns.filter(nftables.TableFamilyINet, "firewall_"+what.Protocol, chain{nftables.ChainHookInput, "", rules})
	}
	return h.lab.healer("the firewall of "+h.Name(), remove, err)
}

// NoRoute takes away the routes that a group could be sent by: 224.0.0.0/4 and
// the default route, where the host has them.
func (h *Host) NoRoute() (heal func()) {
	h.lab.tb.Helper()
	var gone []route
	err := h.links(func(l *links) error {
		for _, r := range []route{{to: multicast4, dev: "eth0"}, {to: default4, dev: "eth0", via: switchAddress4(0)}} {
			err := l.deleteRoute(r)
			if err == nil {
				gone = append(gone, r)
			} else if !errors.Is(err, unix.ESRCH) {
				return err
			}
		}
		return nil
	})
	return h.lab.healer("deleting the routes of "+h.Name(), func() error {
		return h.links(func(l *links) (err error) {
			for _, r := range gone {
				err = errors.Join(err, l.setRoute(r))
			}
			return err
		})
	}, err)
}

// WrongInterface points the route of all groups to eth1 (Config.Dual).
func (h *Host) WrongInterface() (heal func()) {
	h.lab.tb.Helper()
	to := func(dev string) error {
		return h.links(func(l *links) error { return l.setRoute(route{to: multicast4, dev: dev}) })
	}
	return h.lab.healer("the wrong interface of "+h.Name(), func() error { return to("eth0") }, to("eth1"))
}

// ReversePathFilter turns the host's reverse-path filter on while its route back
// to the others is by eth1 (Config.Dual): it drops what comes in by eth0.
func (h *Host) ReversePathFilter() (heal func()) {
	h.lab.tb.Helper()
	back := route{to: netip.PrefixFrom(address4(0, 0), 25).Masked(), dev: "eth1"}
	set := func(v string) error {
		return h.ns.do(func() error {
			return errors.Join(sysctl("net.ipv4.conf.all.rp_filter", v), sysctl("net.ipv4.conf.eth0.rp_filter", v))
		})
	}
	err := errors.Join(set("1"), h.links(func(l *links) error { return l.setRoute(back) }))
	return h.lab.healer("the reverse-path filter of "+h.Name(), func() error {
		return errors.Join(set("0"), h.links(func(l *links) error { return l.deleteRoute(back) }))
	}, err)
}

// MTU sets the MTU of eth0.
func (h *Host) MTU(bytes int) (heal func()) {
	h.lab.tb.Helper()
	set := func(n int) error {
		return h.links(func(l *links) error {
			return l.set("eth0", rtnetlink.LinkMessage{Attributes: &rtnetlink.LinkAttributes{MTU: uint32(n)}})
		})
	}
	return h.lab.healer("the MTU of "+h.Name(), func() error { return set(1500) }, set(bytes))
}

// NoMulticast clears the MULTICAST flag of eth0. Linux sends and delivers
// multicast all the same, but says that the interface cannot.
func (h *Host) NoMulticast() (heal func()) {
	h.lab.tb.Helper()
	set := func(on bool) error {
		return h.links(func(l *links) error { return l.flag("eth0", unix.IFF_MULTICAST, on) })
	}
	return h.lab.healer("the flag of "+h.Name(), func() error { return set(true) }, set(false))
}

// Sysctl sets a kernel setting of the host's network, such as
// net.ipv4.igmp_max_memberships, and puts the old value back when healed.
func (h *Host) Sysctl(key, value string) (heal func()) {
	h.lab.tb.Helper()
	var old []byte
	err := h.ns.do(func() (err error) {
		if old, err = os.ReadFile(sysctlFile(key)); err != nil {
			return err
		}
		return sysctl(key, value)
	})
	return h.lab.healer(fmt.Sprintf("%s of %s", key, h.Name()), func() error {
		return h.ns.do(func() error { return sysctl(key, strings.TrimSpace(string(old))) })
	}, err)
}

// links runs fn on rtnetlink in the host.
func (h *Host) links(fn func(*links) error) error {
	c, err := dial(h.ns)
	if err != nil {
		return err
	}
	defer c.Close()
	return fn(c)
}
