package wellknown

import (
	"net"
	"net/netip"
	"slices"
	"testing"
)

func TestMAC(t *testing.T) {
	for group, want := range map[string]string{
		"228.0.0.4":   "01:00:5e:00:00:04",
		"239.128.0.4": "01:00:5e:00:00:04",
		"239.255.1.2": "01:00:5e:7f:01:02",
		"ff15::1:2":   "33:33:00:01:00:02",
	} {
		if got := MAC(netip.MustParseAddr(group)).String(); got != want {
			t.Errorf("MAC(%s) = %s, want %s", group, got, want)
		}
	}
	if MAC(netip.MustParseAddr("10.0.0.1")) != nil {
		t.Error("a unicast address has no multicast MAC")
	}
}

func TestAliases(t *testing.T) {
	g := netip.MustParseAddr("228.0.0.4")
	got := Aliases(g)
	if len(got) != 31 || slices.Contains(got, g) {
		t.Fatalf("%d aliases: %v", len(got), got)
	}
	for _, a := range got {
		if MAC(a).String() != MAC(g).String() || !a.IsMulticast() {
			t.Errorf("%s has %s", a, MAC(a))
		}
	}
	if got[0].String() != "224.0.0.4" || got[30].String() != "239.128.0.4" {
		t.Errorf("from %s to %s", got[0], got[30])
	}
	if GroupsOf(net.HardwareAddr{0x33, 0x33, 0, 0, 0, 1}) != nil || GroupsOf(net.HardwareAddr{1, 0, 0x5e, 0x80, 0, 1}) != nil {
		t.Error("groups for an Ethernet address that has none")
	}
}

func TestBlockOf(t *testing.T) {
	for addr, want := range map[string]string{
		"224.0.0.251":     "control",
		"224.0.1.129":     "control",
		"228.0.0.4":       "reserved",
		"232.1.1.1":       "ssm",
		"233.252.0.18":    "documentation",
		"234.1.2.3":       "derived",
		"239.192.1.1":     "private",
		"239.255.255.250": "private",
		"239.1.1.1":       "private",
		"ff02::1":         "control",
		"ff15::4:5:6":     "transient",
		"ff3e::4321:1234": "ssm",
		"ff35:40:fd77::1": "derived",
		"ff7e:140::1":     "derived",
	} {
		b, ok := BlockOf(netip.MustParseAddr(addr))
		if !ok || b.Use != want {
			t.Errorf("BlockOf(%s) = %q (%s), want %q", addr, b.Use, b.Name, want)
		}
	}
	if _, ok := BlockOf(netip.MustParseAddr("192.0.2.1")); ok {
		t.Error("a unicast address lies in no block")
	}
	// Every IPv4 multicast address has its block: walk the edges.
	for i := 224; i < 240; i++ {
		for _, rest := range [][3]byte{{0, 0, 0}, {0, 0, 255}, {1, 0, 0}, {251, 255, 255}, {252, 0, 0}, {252, 1, 0}, {255, 255, 255}} {
			a := netip.AddrFrom4([4]byte{byte(i), rest[0], rest[1], rest[2]})
			if _, ok := BlockOf(a); !ok {
				t.Errorf("%s lies in no block", a)
			}
		}
	}
}

func TestScope(t *testing.T) {
	for addr, want := range map[string]string{"224.0.0.1": "link", "239.192.0.1": "organization", "ff15::1": "site", "ff01::1": "interface", "10.0.0.1": ""} {
		got := Scope(netip.MustParseAddr(addr))
		if want == "" && got != "" || want != "" && (len(got) < len(want) || got[:len(want)] != want) {
			t.Errorf("Scope(%s) = %q, want %q...", addr, got, want)
		}
	}
}
