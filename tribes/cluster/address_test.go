package cluster

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"muster/mcast"
)

func TestChooseAddress(t *testing.T) {
	addr := netip.MustParseAddr
	eth0 := mcast.Interface{Index: 2, Name: "eth0", Flags: net.FlagUp | net.FlagMulticast,
		Addrs: []netip.Prefix{netip.MustParsePrefix("10.77.0.12/24"), netip.MustParsePrefix("fe80::1/64")}}
	lo := mcast.Interface{Index: 1, Name: "lo", Flags: net.FlagUp | net.FlagLoopback,
		Addrs: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8")}}
	bare := mcast.Interface{Index: 3, Name: "eth1", Flags: net.FlagUp}
	for _, c := range []struct {
		name         string
		iface        mcast.Interface
		asked        string // --interface
		advertise    string
		group        string
		up           []netip.Addr
		host, listen string
		note         string
	}{
		{name: "the interface's", iface: eth0, host: "10.77.0.12", listen: "10.77.0.12"},
		{name: "loopback, nothing else up", iface: lo, host: "127.0.0.1", listen: "127.0.0.1", note: "only members on this host"},
		{name: "loopback by the route, another up", iface: lo, up: []netip.Addr{addr("fd77::12"), addr("10.77.0.12")},
			host: "10.77.0.12", listen: "10.77.0.12", note: "the route to 228.0.0.4 is by lo"},
		{name: "loopback asked for", iface: lo, asked: "lo", up: []netip.Addr{addr("10.77.0.12")},
			host: "127.0.0.1", listen: "127.0.0.1", note: "only members on this host"},
		{name: "told", iface: eth0, advertise: "192.0.2.1", host: "192.0.2.1"},
		{name: "loopback told", iface: eth0, advertise: "127.0.0.1", host: "127.0.0.1", note: "only members on this host"},
		{name: "link-local", iface: eth0, group: "ff02::4", host: "fe80::1%eth0", listen: "fe80::1%eth0", note: "link-local"},
		{name: "none", iface: bare, host: "error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := Defaults()
			cfg.Interface = c.asked
			if c.advertise != "" {
				cfg.Advertise = addr(c.advertise)
			}
			if c.group != "" {
				cfg.Group = netip.AddrPortFrom(addr(c.group), 45564)
			}
			got, err := chooseAddress(&cfg, c.iface, func() []netip.Addr { return c.up })
			if c.host == "error" {
				if err == nil {
					t.Errorf("%+v", got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.host != addr(c.host) {
				t.Errorf("advertises %s, want %s", got.host, c.host)
			}
			if c.listen == "" && got.listen.IsValid() || c.listen != "" && got.listen != addr(c.listen) {
				t.Errorf("listens on %s, want %q", got.listen, c.listen)
			}
			if notes := strings.Join(got.notes, "\n"); (c.note == "") != (notes == "") || !strings.Contains(notes, c.note) {
				t.Errorf("notes %q, want %q", notes, c.note)
			}
		})
	}
}
