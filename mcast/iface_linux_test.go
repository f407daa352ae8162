package mcast

import (
	"net/netip"
	"strings"
	"testing"

	"muster/internal/hint"
	"muster/internal/netlab"
)

// Verify which interface real routing tables give.
func TestFindInterface(t *testing.T) {
	group := netip.MustParseAddr("228.0.0.4")
	find := func(t *testing.T, cfg netlab.Config, spec string) (i Interface, err error) {
		lab := netlab.New(t, cfg)
		lab.Host(1).Do(func() { i, err = FindInterface(spec, group) })
		return i, err
	}
	t.Run("multicast route", func(t *testing.T) {
		i, err := find(t, netlab.Config{Hosts: 1, Dual: true}, "")
		if err != nil || i.Name != "eth0" || !strings.Contains(i.Reason, "the route to 228.0.0.4 names it") {
			t.Errorf("got %v, %v", i, err)
		}
	})
	t.Run("default route", func(t *testing.T) {
		i, err := find(t, netlab.Config{Hosts: 1, Dual: true, Routes: netlab.RouteDefault}, "")
		if err != nil || i.Name != "eth0" {
			t.Errorf("got %v, %v", i, err)
		}
	})
	t.Run("no route, one interface", func(t *testing.T) {
		i, err := find(t, netlab.Config{Hosts: 1, Routes: netlab.RouteNone}, "")
		if err != nil || i.Name != "eth0" || !strings.Contains(i.Reason, "no route to 228.0.0.4") {
			t.Errorf("got %v, %v", i, err)
		}
	})
	t.Run("no route, two interfaces", func(t *testing.T) {
		_, err := find(t, netlab.Config{Hosts: 1, Dual: true, Routes: netlab.RouteNone}, "")
		if err == nil || !strings.Contains(strings.Join(hint.Of(err), "\n"), "ip route add 224.0.0.0/4 dev eth0") {
			t.Errorf("got %v, hints %q", err, hint.Of(err))
		}
	})
	t.Run("address", func(t *testing.T) {
		i, err := find(t, netlab.Config{Hosts: 1, Dual: true}, "10.78.0.11")
		if err != nil || i.Name != "eth1" {
			t.Errorf("got %v, %v", i, err)
		}
	})
}

// Verify that without any route a Conn on a named interface sends and hears.
func TestNoRoute(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Hosts: 2, Routes: netlab.RouteNone})
	g := group(t, "228.0.0.4:45564")
	one, two := on(t, lab.Host(1), Config{Groups: []Group{g}}), on(t, lab.Host(2), Config{Groups: []Group{g}})
	if err := one.Send([]byte("x"), g.AddrPort()); err != nil {
		t.Fatal(err)
	}
	payloads(t, two, 1)
}
