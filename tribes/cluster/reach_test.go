package cluster

import (
	"net/netip"
	"testing"
)

// Verify that a heartbeat that names a third host makes nobody connect to it.
func TestReach(t *testing.T) {
	r := newReach([]netip.Addr{netip.MustParseAddr("203.0.113.7")})
	r.networks = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}
	from := netip.MustParseAddrPort("10.0.0.2:45564")
	for receiver, asked := range map[string]bool{
		"10.0.0.2:4000": true, "10.0.0.99:4000": true, // of this network
		"203.0.113.7:4000": true,  // expected
		"203.0.113.8:4000": false, // a third party
		"127.0.0.1:4000":   false,
	} {
		if err := r.refuse(netip.MustParseAddrPort(receiver), from); (err == nil) != asked {
			t.Errorf("%s: %v", receiver, err)
		}
	}
	if err := r.refuse(netip.MustParseAddrPort("198.51.100.3:4000"), netip.MustParseAddrPort("198.51.100.3:45564")); err != nil {
		t.Errorf("a member behind a router: %v", err)
	}
	if vs := r.verdicts(); len(vs) != 2 || vs[0].ID != "tribes.source-mismatch" || vs[1].Subject != "203.0.113.8:4000" {
		t.Errorf("%+v", vs)
	}
	for i := range 1000 { // a flood stays bounded, and is told
		_ = r.refuse(netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, byte(i >> 8), byte(i)}), 4000), from)
	}
	if vs := r.verdicts(); len(vs) != mostStrangers+1 {
		t.Errorf("%d verdicts", len(vs))
	}
}
