package mesh

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"time"

	"muster/internal/expect"
	"muster/internal/verdict"
)

// badOf are the ids that speak against something, by subject.
func badOf(r *Report, e expect.Expect) []string {
	var out []string
	for _, v := range Judge(r, e) {
		if v.Status.Bad() || v.Status == verdict.Unknown {
			out = append(out, string(v.Status)+" "+string(v.ID)+" "+v.Subject)
		}
	}
	return out
}

// Verify that two nodes whose ports are kept apart are named by the third one and
// by themselves, also when the others have left.
func TestPortsKeptApart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		h := newHub(3)
		h.cut = func(from, to int, _ bool) bool { return from+to == 1 }
		m := startMesh(t, h, nil)
		defer m.stop()
		time.Sleep(14 * time.Second)
		for i, want := range []string{"n1, n2", "n2, n1", "n1, n2"} {
			if got := badOf(m.nodes[i].Report(), expect.Expect{}); !slices.Equal(got, []string{"fail switch.isolation " + want}) {
				t.Errorf("n%d says %q", i+1, got)
			}
		}
		m.cancel[0]()
		m.cancel[1]()
		time.Sleep(time.Second)
		if got := badOf(m.nodes[2].Report(), expect.Expect{}); !slices.Equal(got, []string{"fail switch.isolation n1, n2"}) {
			t.Errorf("the last one says %q", got)
		}
	})
}

// Verify that one failed connection is no verdict, that three are, and that a
// success ends it.
func TestConnectionsAreTriedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fails := 2
		m := startMesh(t, newHub(2), func(i int, c *Config) {
			c.TCPPort = 4000
			if i == 0 {
				c.Dial = func(context.Context, netip.AddrPort) TCP {
					if fails--; fails >= 0 {
						return TCPTimeout
					}
					return TCPOpen
				}
			}
		})
		defer m.stop()
		time.Sleep(4 * time.Second)
		if got := m.nodes[0].Report().Direction(1, 0).TCP; got != TCPUnknown {
			t.Errorf("after one or two attempts: %s", got)
		}
		time.Sleep(8 * time.Second)
		if got := m.nodes[0].Report().Direction(1, 0).TCP; got != TCPOpen {
			t.Errorf("after a success: %s", got)
		}
		m.nodes[0].mu.Lock()
		fails = 1000
		m.nodes[0].mu.Unlock()
		time.Sleep(time.Minute)
		if got := m.nodes[0].Report().Direction(1, 0).TCP; got != TCPTimeout {
			t.Errorf("after many failures: %s", got)
		}
	})
}

// Verify that a node that hears nothing of its own tells the others, and that
// nobody calls it cut.
func TestOwnPortClosed(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		h := newHub(3)
		m := startMesh(t, h, func(i int, c *Config) { c.PortClosed = func() bool { return i == 1 } })
		defer m.stop()
		m.deafTo(1)
		time.Sleep(14 * time.Second)
		for i := range 3 {
			if got := badOf(m.nodes[i].Report(), expect.Expect{}); i != 1 && !slices.Equal(got, []string{"warn mesh.own-port n2", "unknown mesh.cut "}) {
				t.Errorf("n%d says %q", i+1, got)
			}
			for d := range m.nodes[i].Report().Directions() {
				if d.Cut() {
					t.Errorf("n%d calls %d > %d cut", i+1, d.From, d.To)
				}
			}
		}
	})
}

// deafTo makes a port deaf to the group, its own announcements included.
func (m *testMesh) deafTo(i int) {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	m.hub.noEcho = i + 1
	m.hub.cut = func(_, to int, group bool) bool { return group && to == i }
}

// FuzzHandle gives a node strangers' datagrams.
func FuzzHandle(f *testing.F) {
	a := Announcement{Seq: 7, Interval: time.Second, Port: 9, TCPPort: 4000, Total: 2, First: true, Last: true, Name: "n", Version: "v", Hears: []Hears{{Short: 5, Loss: 1, Delay: 9}, {Short: 6, Stopped: true, Reason: ReasonGroup}}}
	f.Add(a.appendTo(nil, 1<<32|3), true)
	f.Add(timeMessage{To: 1 << 33, T1: 5}.appendTo(nil, kindTimeRequest, 1<<32|3), false)
	f.Add(whoMessage{1, 2}.appendTo(nil, 1<<32|3), false)
	f.Add(hereMessage{{ID: 1 << 40, Addr: netip.MustParseAddr("10.0.0.3"), Port: 5, Name: "x"}}.appendTo(nil, 1<<32|3), false)
	from := netip.MustParseAddrPort("10.0.0.9:46565")
	f.Fuzz(func(t *testing.T, b []byte, group bool) {
		n := New(nowhere{}, Config{Name: "me", TCPPort: 4000, Dial: func(context.Context, netip.AddrPort) TCP { return TCPOpen }})
		now := time.Now()
		for cut := range min(len(b), 4) + 1 { // whole, and with its end missing
			n.handle(Packet{Data: b[:len(b)-cut], From: from, Group: group, TTL: 1, At: now.UnixNano()}, now)
		}
		r := n.Report()
		Judge(r, expect.Expect{Count: 1})
		if len(r.Nodes) > 3 {
			t.Errorf("one datagram made %d nodes", len(r.Nodes))
		}
	})
}

// nowhere is a Transport that takes everything and gives nothing.
type nowhere struct{}

func (nowhere) Announce([]byte) error             { return nil }
func (nowhere) Send([]byte, netip.AddrPort) error { return nil }
func (nowhere) Read([]Packet) (int, error)        { select {} }
func (nowhere) Port() uint16                      { return 1 }
func (nowhere) Close() error                      { return nil }
