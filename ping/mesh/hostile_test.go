package mesh

import (
	"net/netip"
	"syscall"
	"testing"
	"time"

	"muster/internal/expect"
	"muster/internal/verdict"
)

// wantNoFault: no node finds fault with anything in the end.
func (m *testMesh) wantNoFault(t *testing.T) {
	t.Helper()
	for i, n := range m.nodes {
		for _, v := range Judge(n.Report(), expect.Expect{Count: len(m.nodes) - 1}) {
			if v.Status == verdict.Fail {
				t.Errorf("n%d: %s %s: %s", i+1, v.ID, v.Subject, v.Saw)
			}
		}
	}
}

// Verify that goodbyes which others make up end nobody: from elsewhere they are not
// believed, and a node that goes on speaking after one is there again.
func TestSpoofedGoodbye(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := startMesh(t, newHub(3), nil)
		defer m.stop()
		time.Sleep(4 * time.Second)
		addr := m.ports[1].addr
		bye := Announcement{Goodbye: true, Seq: 1 << 20, Port: addr.Port(), Name: "n2", Version: "test"}
		put := func(from netip.AddrPort) {
			m.ports[0].in <- Packet{Data: bye.appendTo(nil, m.nodes[1].id), From: from, Group: true, At: time.Now().UnixNano()}
			time.Sleep(100 * time.Millisecond)
		}
		put(netip.MustParseAddrPort("10.0.0.99:5"))
		if r := m.nodes[0].Report(); r.Nodes[1].State != Alive || r.Counts.Impostors == 0 {
			t.Errorf("a goodbye from elsewhere: %s, %+v", r.Nodes[1].State, r.Counts)
		}
		put(addr)
		if r := m.nodes[0].Report(); r.Nodes[1].State != Left {
			t.Errorf("a goodbye from its own address: %s", r.Nodes[1].State)
		}
		time.Sleep(afterGoodbye + 3*time.Second)
		if r := m.nodes[0].Report(); r.Nodes[1].State != Alive {
			t.Errorf("it goes on speaking and is %s", r.Nodes[1].State)
		}
		m.wantNoFault(t)
	})
}

// Verify that a node whose address changes is known at the new one.
func TestAddressChanges(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := startMesh(t, newHub(3), nil)
		defer m.stop()
		time.Sleep(4 * time.Second)
		fresh := netip.MustParseAddr("10.0.9.9")
		m.hub.mu.Lock()
		m.ports[1].addr = netip.AddrPortFrom(fresh, m.ports[1].addr.Port())
		m.hub.mu.Unlock()
		time.Sleep(30 * time.Second)
		for i := range 3 {
			for _, n := range m.nodes[i].Report().Nodes {
				if n.Name == "n2" && !n.Self && (n.Addr != fresh || n.State != Alive) {
					t.Errorf("n%d knows n2 at %s, %s", i+1, n.Addr, n.State)
				}
			}
		}
		m.wantNoFault(t)
	})
}

// Verify that a node whose sends fail for want of buffers goes on, counts them, and is
// cut off for nobody.
func TestNoBuffers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		h := newHub(2)
		tries := 0
		h.ports[1].refuse = func() error { // for half of what is sent
			if tries++; tries%2 == 0 {
				return syscall.ENOBUFS
			}
			return nil
		}
		m := startMesh(t, h, nil)
		defer m.stop()
		time.Sleep(20 * time.Second)
		if c := m.nodes[1].Report().Counts; c.SendFailed < 5 || c.Announced < 5 {
			t.Errorf("%+v", c)
		}
		if s := m.nodes[0].Report().Direction(1, 0).State; s != Heard {
			t.Errorf("the direction is %s", s)
		}
	})
}
