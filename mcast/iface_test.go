package mcast

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"muster/internal/hint"
)

const up = net.FlagUp | net.FlagMulticast

// hostOf makes a host's interfaces, numbered from 1.
func hostOf(is ...Interface) []Interface {
	for n := range is {
		is[n].Index = n + 1
	}
	return is
}

func prefixes(ss ...string) (out []netip.Prefix) {
	for _, s := range ss {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

var (
	lo   = Interface{Name: "lo", Flags: net.FlagUp | net.FlagLoopback, Addrs: prefixes("127.0.0.1/8", "::1/128")}
	eth0 = Interface{Name: "eth0", Flags: up, Addrs: prefixes("10.0.0.1/24", "10.0.0.2/24", "fe80::1/64", "2001:db8::1/64")}
	eth1 = Interface{Name: "eth1", Flags: up, Addrs: prefixes("10.1.0.1/24")}
	down = Interface{Name: "eth2", Flags: net.FlagMulticast, Addrs: prefixes("10.2.0.1/24")}
	bare = Interface{Name: "eth3", Flags: up}
	tun0 = Interface{Name: "tun0", Flags: net.FlagUp | net.FlagPointToPoint, Addrs: prefixes("10.3.0.1/32")}
)

func TestChoose(t *testing.T) {
	to := func(index int, source string) func(netip.Addr) (routeResult, error) {
		return func(netip.Addr) (routeResult, error) { return routeResult{index, addr(source)}, nil }
	}
	no := func(netip.Addr) (routeResult, error) { return routeResult{}, errNoRoute }
	blocked := func(netip.Addr) (routeResult, error) { return routeResult{}, errors.New("permission denied") }
	for _, c := range []struct {
		name, spec, group string
		host              []Interface
		route             func(netip.Addr) (routeResult, error)
		want, reason      string // the interface, or "" and the error
		source            string
		hint              string
	}{
		{"route", "", "228.0.0.4", hostOf(lo, eth0, eth1), to(3, ""), "eth1", "the route to 228.0.0.4 names it", "10.1.0.1", ""},
		{"route with a source", "", "228.0.0.4", hostOf(lo, eth0), to(2, "10.0.0.2"), "eth0", "names it", "10.0.0.2", ""},
		{"route to the loopback", "", "228.0.0.4", hostOf(lo, eth0), to(1, ""), "lo", "so nothing leaves this host", "127.0.0.1", ""},
		{"route to what is gone", "", "228.0.0.4", hostOf(lo), to(9, ""), "", "names interface 9, which is not there", "", ""},
		{"route refused", "", "228.0.0.4", hostOf(lo), blocked, "", "permission denied", "", "ip route get 228.0.0.4"},
		{"no route, one interface", "", "228.0.0.4", hostOf(lo, eth0, down, bare, tun0), no, "eth0", "no route to 228.0.0.4; it is the only interface", "10.0.0.1", ""},
		{"no route, two interfaces", "", "228.0.0.4", hostOf(lo, eth0, eth1), no, "", "several interfaces could be meant: eth0, eth1", "", "ip route add 224.0.0.0/4 dev eth0"},
		{"no route, of two one does IPv6", "", "ff15::1", hostOf(lo, eth0, eth1), no, "eth0", "no route to ff15::1", "2001:db8::1", ""},
		{"nothing but loopback", "", "228.0.0.4", hostOf(lo, down), no, "lo", "nothing else is up; nothing leaves this host", "127.0.0.1", ""},
		{"nothing at all", "", "228.0.0.4", hostOf(down), no, "", "no interface is up", "", "ip link set lo up"},
		{"no group", "", "", hostOf(lo), no, "", "neither an interface nor a group", "", ""},
		{"zone", "", "ff02::1%eth0", hostOf(lo, eth0), no, "eth0", "the group's zone names it", "fe80::1%eth0", ""},
		{"zone by index", "", "ff02::1%2", hostOf(lo, eth0), no, "eth0", "the group's zone names it", "fe80::1%eth0", ""},
		{"zone that is not there", "", "ff02::1%eth9", hostOf(lo, eth0), no, "", `interface "eth9": no interface`, "", "the interfaces here are lo, eth0"},
		{"name", "eth1", "228.0.0.4", hostOf(lo, eth0, eth1), no, "eth1", "asked for", "10.1.0.1", ""},
		{"index", "2", "228.0.0.4", hostOf(lo, eth0, eth1), no, "eth0", "asked for", "10.0.0.1", ""},
		{"name before index", "2", "228.0.0.4", hostOf(lo, eth0, Interface{Name: "2", Flags: up}), no, "2", "asked for", "", ""},
		{"address", "10.0.0.2", "228.0.0.4", hostOf(lo, eth0, eth1), no, "eth0", "asked for by its address 10.0.0.2", "10.0.0.2", ""},
		{"address of the other family", "10.0.0.2", "ff15::1", hostOf(lo, eth0, eth1), no, "eth0", "by its address", "2001:db8::1", ""},
		{"link-local address", "fe80::1%eth0", "ff15::1", hostOf(lo, eth0), no, "eth0", "by its address", "fe80::1%eth0", ""},
		{"loopback when asked for", "lo", "228.0.0.4", hostOf(lo, eth0), no, "lo", "asked for", "127.0.0.1", ""},
		{"down", "eth2", "228.0.0.4", hostOf(lo, eth0, down), no, "", "interface eth2 is down", "", "ip link set eth2 up"},
		{"absent name", "eth9", "228.0.0.4", hostOf(lo, eth0), no, "", `interface "eth9": no interface of this host has that name or index`, "", "lo, eth0"},
		{"absent address", "10.9.9.9", "228.0.0.4", hostOf(lo, eth0), no, "", "has that address", "", "lo, eth0"},
		{"index nobody has", "0", "228.0.0.4", hostOf(lo), no, "", "no interface of this host", "", ""},
		{"zone and interface agree", "2", "ff02::1%eth0", hostOf(lo, eth0), no, "eth0", "asked for", "fe80::1%eth0", ""},
		{"zone and interface differ", "eth1", "ff02::1%eth0", hostOf(lo, eth0, eth1), no, "", "eth1 was asked for, but the group's zone names eth0", "", ""},
	} {
		i, err := choose(c.spec, addr(c.group), c.host, c.route)
		if c.want == "" {
			if err == nil || !strings.Contains(err.Error(), c.reason) {
				t.Errorf("%s: got %v, %v, want an error with %q", c.name, i, err, c.reason)
			}
			if hints := strings.Join(hint.Of(err), "\n"); !strings.Contains(hints, c.hint) {
				t.Errorf("%s: hints %q, want %q", c.name, hints, c.hint)
			}
			continue
		}
		if err != nil || i.Name != c.want || !strings.Contains(i.Reason, c.reason) {
			t.Errorf("%s: got %v, %v, want %s: %s", c.name, i, err, c.want, c.reason)
		}
		if source, _ := i.SourceFor(addr(c.group)); source != addr(c.source) {
			t.Errorf("%s: source %v, want %s", c.name, source, c.source)
		}
	}
}

func TestSourceFor(t *testing.T) {
	i := Interface{Name: "eth0", Addrs: prefixes("169.254.1.1/16", "10.0.0.1/24", "fe80::1/64", "fd00::1/64")}
	for group, want := range map[string]string{
		"228.0.0.4": "10.0.0.1",
		"ff02::1":   "fe80::1%eth0",
		"ff01::1":   "fe80::1%eth0",
		"ff05::1":   "fd00::1",
		"ff0e::1":   "fd00::1",
	} {
		if got, ok := i.SourceFor(addr(group)); !ok || got != addr(want) {
			t.Errorf("to %s: %v, want %s", group, got, want)
		}
	}
	if got, ok := eth1.SourceFor(addr("ff02::1")); ok {
		t.Errorf("an interface without IPv6 sends from %v", got)
	}
	only := Interface{Name: "eth0", Addrs: prefixes("169.254.1.1/16")}
	if got, _ := only.SourceFor(addr("228.0.0.4")); got != addr("169.254.1.1") {
		t.Errorf("the only address is link-local: got %v", got)
	}
}
