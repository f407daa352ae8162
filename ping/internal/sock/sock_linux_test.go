package sock

import (
	"net/netip"
	"testing"
	"time"

	"muster/mcast"
)

// Verify that a packet over the loopback comes with the kernel's times of both
// ways, in their order.
func TestStamps(t *testing.T) {
	lo, err := mcast.FindInterface("lo", netip.MustParseAddr("228.0.0.4"))
	if err != nil {
		t.Skip("no loopback interface: ", err)
	}
	for _, local := range []string{"127.0.0.1", "::1"} {
		a := netip.MustParseAddr(local)
		s, err := Open(Config{Group: a, Interface: lo, Bind: netip.AddrPortFrom(a, 0), TTL: -1})
		if err != nil {
			if a.Is6() {
				t.Skip("no IPv6: ", err)
			}
			t.Fatal(err)
		}
		defer s.Close()
		if !s.StampSends() {
			t.Fatal("the kernel does not stamp what is sent")
		}
		before := time.Now().UnixNano()
		to := netip.AddrPortFrom(a, s.LocalPort())
		for range 3 {
			if err := s.Send([]byte("hello"), to); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		ps := make([]Packet, 8)
		for got := 0; got < 3; {
			n, err := s.Read(ps)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range ps[:n] {
				if string(p.Data) != "hello" || p.From != to || p.TTL <= 0 || p.At < before || p.At > time.Now().UnixNano() {
					t.Errorf("%+v", p)
				}
			}
			got += n
		}
		var keys []uint32
		s.Stamps(func(st Stamp) {
			keys = append(keys, st.Key)
			if st.At < before || st.At > time.Now().UnixNano() {
				t.Errorf("packet %d left at %v, sent at %v", st.Key, st.At, before)
			}
		})
		if len(keys) != 3 || keys[0] != 0 || keys[2] != 2 {
			t.Errorf("%s: stamps of packets %v, want 0 1 2", local, keys)
		}
	}
}
