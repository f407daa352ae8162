package expect

import (
	"net/netip"
	"reflect"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Expect
		ok   bool
	}{
		{"", Expect{}, true},
		{"3", Expect{Count: 3}, true},
		{"0", Expect{}, false},
		{"-1", Expect{}, false},
		{"10.0.0.1, fe80::1%eth0", Expect{Hosts: []Host{
			{"10.0.0.1", []netip.Addr{netip.MustParseAddr("10.0.0.1")}}, {"fe80::1%eth0", []netip.Addr{netip.MustParseAddr("fe80::1")}},
		}}, true},
		{"10.0.0.1,,10.0.0.2", Expect{}, false},
	} {
		got, err := Parse(t.Context(), c.in)
		if (err == nil) != c.ok || c.ok && !reflect.DeepEqual(got, c.want) {
			t.Errorf("Parse(%q) = %+v, %v; want %+v", c.in, got, err, c.want)
		}
	}
}

func TestIs(t *testing.T) {
	at := netip.MustParseAddr("10.0.0.1")
	for _, c := range []struct {
		host Host
		addr netip.Addr
		name string
		want bool
	}{
		{Host{Name: "n1"}, netip.Addr{}, "N1", true},
		{Host{Name: "n1"}, netip.Addr{}, "n1.example.org", true},
		{Host{Name: "n1.example.org."}, netip.Addr{}, "n1", true},
		{Host{Name: "n1.example.org"}, netip.Addr{}, "n1.example.com", false},
		{Host{Name: "n1"}, netip.Addr{}, "n11", false},
		{Host{Name: "n1"}, at, "", false},
		{Host{Name: "n1", Addrs: []netip.Addr{at}}, netip.MustParseAddr("::ffff:10.0.0.1"), "", true},
		{Host{}, netip.Addr{}, "", false},
	} {
		if got := c.host.Is(c.addr, c.name); got != c.want {
			t.Errorf("%+v is %v %q: %v", c.host, c.addr, c.name, got)
		}
	}
}

// Verify that this host is no other, and that who is missing is named.
func TestMissing(t *testing.T) {
	e := Expect{Hosts: []Host{{Name: "n1"}, {Name: "n2"}, {Name: "10.0.0.3", Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.3")}}}}
	e = e.Own(func(_ netip.Addr, name string) bool { return name == "n1" })
	if e.Wanted() != 2 {
		t.Errorf("%d are wanted", e.Wanted())
	}
	got := e.Missing(1, func(int) (netip.Addr, string) { return netip.MustParseAddr("10.0.0.3"), "x" })
	if !reflect.DeepEqual(got, []string{"n2"}) {
		t.Errorf("missing: %q", got)
	}
}
