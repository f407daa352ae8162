package mcast

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func addr(s string) netip.Addr {
	if s == "" {
		return netip.Addr{}
	}
	return netip.MustParseAddr(s)
}

func TestParseGroup(t *testing.T) {
	for _, c := range []struct {
		in, source, addr string
		port             uint16
		count            int
		canonical        string // "" where it is the input
	}{
		{"228.0.0.4", "", "228.0.0.4", 0, 1, ""},
		{"228.0.0.4:45564", "", "228.0.0.4", 45564, 1, ""},
		{"239.1.0.0:5000+4096", "", "239.1.0.0", 5000, 4096, ""},
		{"239.1.0.0+2", "", "239.1.0.0", 0, 2, ""},
		{"239.1.0.0+1", "", "239.1.0.0", 0, 1, "239.1.0.0"},
		{"10.0.0.1,232.1.1.1:7", "10.0.0.1", "232.1.1.1", 7, 1, ""},
		{"127.0.0.1,232.1.1.1:7+3", "127.0.0.1", "232.1.1.1", 7, 3, ""},
		{"ff15::1", "", "ff15::1", 0, 1, ""},
		{"ff15::1:5000", "", "ff15::1:5000", 0, 1, ""}, // an address, as RFC 4291 reads it
		{"[ff15::1]", "", "ff15::1", 0, 1, "ff15::1"},
		{"[ff15::1]:5000", "", "ff15::1", 5000, 1, ""},
		{"[ff15::1]:5000+16", "", "ff15::1", 5000, 16, ""},
		{"ff02::1%eth0", "", "ff02::1%eth0", 0, 1, ""},
		{"[ff02::1%eth0]:5000", "", "ff02::1%eth0", 5000, 1, ""},
		{"ff02::1%eth0+2", "", "ff02::1%eth0", 0, 2, ""},
		{"2001:db8::1,[ff35::1]:5000", "2001:db8::1", "ff35::1", 5000, 1, ""},
		{"[fe80::1%eth0],ff32::1%eth0", "fe80::1%eth0", "ff32::1%eth0", 0, 1, "fe80::1%eth0,ff32::1%eth0"},
		{"[fe80::1%eth0:1],ff32::1", "fe80::1%eth0:1", "ff32::1", 0, 1, ""}, // an alias as the zone: the brackets must stay
		{"[ff02::1%eth0:1]+2", "", "ff02::1%eth0:1", 0, 2, ""},
		{"::ffff:239.1.1.1", "", "239.1.1.1", 0, 1, "239.1.1.1"},
		{"239.255.255.255", "", "239.255.255.255", 0, 1, ""},
		{"239.255.255.254+2", "", "239.255.255.254", 0, 2, ""},
	} {
		g, err := ParseGroup(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		want := Group{addr(c.source), addr(c.addr), c.port, c.count}
		if g != want {
			t.Errorf("%s: got %+v, want %+v", c.in, g, want)
		}
		if c.canonical == "" {
			c.canonical = c.in
		}
		if g.String() != c.canonical {
			t.Errorf("%s: String is %s, want %s", c.in, g, c.canonical)
		}
	}
}

func TestParseGroupErrors(t *testing.T) {
	for in, want := range map[string]string{
		"":                  "no address",
		"eth0":              `"eth0" is no IP address`,
		"10.1.2.3":          "10.1.2.3 is not a multicast address",
		"192.228.0.4:45564": "192.228.0.4 is not a multicast address",
		"240.0.0.1":         "not a multicast address",
		"255.255.255.255":   "not a multicast address",
		"2001:db8::1":       "not a multicast address",
		"224.0.0.0":         "reserved and belongs to no group",
		"ff00::1":           "reserved scope 0",
		"ff0f::1":           "reserved scope f",
		"228.0.0.04":        "no IP address",
		"228.0.0.4:":        "port is missing",
		"228.0.0.4:0":       `port "0" is not a number from 1 to 65535`,
		"228.0.0.4:65536":   "not a number from 1 to 65535",
		"228.0.0.4:http":    "not a number",
		"228.0.0.4:-1":      "not a number",
		"228.0.0.4+0":       "no number of groups",
		"228.0.0.4+x":       "no number of groups",
		"228.0.0.4+":        "no number of groups",
		"228.0.0.4+65537":   "no number of groups",
		"239.255.255.255+2": "pass the end",
		"239.255.255.0+257": "pass the end",
		"ff15:ffff:ffff:ffff:ffff:ffff:ffff:ffff+2": "pass the end",
		"[ff15::1":                    "closing bracket is missing",
		"[ff15::1]5000":               "only :PORT may follow",
		"[ff15::1]:":                  "only :PORT may follow",
		"[228.0.0.4]:5000":            "brackets are for IPv6",
		"ff02::1%eth0:5000":           "with a port it is written [ADDRESS%ZONE]:PORT",
		"ff15:0:0:0:0:0:0:1:5000":     "with a port it is written [ADDRESS]:PORT",
		"10.0.0.1,10.0.0.2":           "10.0.0.2 is not a multicast address",
		"10.0.0.1:7,232.1.1.1":        "the source takes no port",
		",232.1.1.1":                  "source: no address",
		"10.0.0.1,":                   "no address",
		"2001:db8::1,232.1.1.1":       "not of one family",
		"10.0.0.1,ff35::1":            "not of one family",
		"232.1.1.2,232.1.1.1":         "not the address of a host",
		"0.0.0.0,232.1.1.1":           "not the address of a host",
		"fe80::1%eth0,ff32::1%eth1":   "different zones",
		"10.0.0.1,10.0.0.2,232.1.1.1": "no IP address",
	} {
		g, err := ParseGroup(in)
		if err == nil {
			t.Errorf("%q: accepted as %+v", in, g)
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %q does not say %q", in, err, want)
		}
	}
}

func TestGroupAll(t *testing.T) {
	g, err := ParseGroup("239.1.0.254:9+4")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for one := range g.All() {
		got = append(got, one.String())
	}
	want := []string{"239.1.0.254:9", "239.1.0.255:9", "239.1.1.0:9", "239.1.1.1:9"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for range g.All() {
		break // a consumer may stop early
	}
}

func FuzzParseGroup(f *testing.F) {
	for _, s := range []string{"228.0.0.4", "10.0.0.1,232.1.1.1:7+3", "[ff02::1%eth0]:5000+16", "ff15::1:5000", "::ffff:239.1.1.1", "[fe80::1%a],ff32::1%a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		g, err := ParseGroup(s)
		if err != nil {
			return
		}
		if g.Count < 1 || g.Count > maxRange || !g.Addr.IsMulticast() {
			t.Fatalf("%q: accepted as %+v", s, g)
		}
		last, n := g, 0
		for one := range g.All() {
			last, n = one, n+1
		}
		if n != g.Count || !last.Addr.IsMulticast() {
			t.Fatalf("%q: %d groups, the last %s", s, n, last)
		}
		again, err := ParseGroup(g.String())
		if err != nil || again != g {
			t.Fatalf("%q: %+v is written %s and read %+v, %v", s, g, g, again, err)
		}
	})
}
