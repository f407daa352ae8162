package mesh

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"time"

	"muster/mcast/querier"
)

// Verify that three nodes know of each other and of all directions within seconds.
func TestConverge(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := startMesh(t, newHub(3), func(_ int, c *Config) { c.TCPPort = 4000 })
		defer m.stop()
		time.Sleep(6 * time.Second)
		m.wantCuts(t, []int{0, 1, 2})
		for i, n := range m.nodes {
			r := n.Report()
			if len(r.Nodes) != 3 {
				t.Fatalf("n%d knows %d nodes", i+1, len(r.Nodes))
			}
			for a := range r.Directions() {
				if a.State != Heard || a.Loss != 0 || a.TCP != TCPOpen || !a.DelayOK || (a.Delay-200*time.Microsecond).Abs() > 20*time.Microsecond {
					t.Errorf("n%d: direction %s>%s: %+v", i+1, r.Label(a.From), r.Label(a.To), a)
				}
			}
			for _, node := range r.Nodes[1:] {
				if !node.OffsetKnown || node.Offset != 0 || node.RTT != 400*time.Microsecond || node.Version != "test" || node.MTU != 1500 || node.Proven.IsZero() {
					t.Errorf("n%d knows %+v", i+1, node)
				}
			}
		}
	})
}

// Verify that every node that can still hear shows just the directions that are cut,
// for each way to cut them.
func TestCuts(t *testing.T) {
	for _, c := range []struct {
		name  string
		cut   func(from, to int, group bool) bool
		nodes []int // that must show it
		want  []string
	}{
		{"one node is cut off", func(from, to int, _ bool) bool { return (from == 2) != (to == 2) }, []int{0, 1},
			[]string{"n1>n3", "n2>n3", "n3>n1", "n3>n2"}},
		{"one node is deaf to the group", func(_, to int, group bool) bool { return to == 1 && group }, []int{0, 1, 2},
			[]string{"n1>n2", "n3>n2"}},
		{"one node is mute on the group", func(from, _ int, group bool) bool { return from == 1 && group }, []int{0, 1, 2},
			[]string{"n2>n1", "n2>n3"}},
		{"one direction", func(from, to int, group bool) bool { return from == 0 && to == 2 && group }, []int{0, 1, 2},
			[]string{"n1>n3"}},
		{"the whole group, not unicast", func(_, _ int, group bool) bool { return group }, []int{0, 1, 2},
			[]string{"n1>n2", "n1>n3", "n2>n1", "n2>n3", "n3>n1", "n3>n2"}},
		{"nothing", func(int, int, bool) bool { return false }, []int{0, 1, 2}, nil},
	} {
		t.Run(c.name+" later", func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				m := startMesh(t, newHub(3), nil)
				defer m.stop()
				time.Sleep(8 * time.Second)
				m.setCut(c.cut)
				time.Sleep(20 * time.Second)
				m.wantCuts(t, c.nodes, c.want...)
				m.setCut(nil)
				time.Sleep(10 * time.Second)
				m.wantCuts(t, []int{0, 1, 2})
			})
		})
	}
}

// Verify that directions which never were are known too, also between nodes that
// hear each other by no way but a third.
func TestNever(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		h := newHub(3)
		h.cut = func(from, to int, group bool) bool { return group && from == 0 && to == 2 }
		m := startMesh(t, h, nil)
		defer m.stop()
		time.Sleep(15 * time.Second)
		m.wantCuts(t, []int{0, 1, 2}, "n1>n3")
	})
	inBubble(t, func(t *testing.T) {
		h := newHub(3)
		h.cut = func(from, to int, group bool) bool { return group && from != 1 && to != 1 }
		m := startMesh(t, h, nil)
		defer m.stop()
		time.Sleep(20 * time.Second)
		m.wantCuts(t, []int{0, 1, 2}, "n1>n3", "n3>n1")
	})
}

// Verify that the moment a direction stopped is known to the second on every node,
// and why as far as this host saw it.
func TestStopped(t *testing.T) {
	for _, c := range []struct {
		view querier.View
		want Reason
	}{
		{querier.View{Able: true}, ReasonNoQuerier},
		{querier.View{Able: true, Queries: 5, Unanswered: 2}, ReasonIGMPDrop},
		{querier.View{Able: true, Queries: 5, Overdue: true}, ReasonNoQuerier},
		{querier.View{Able: true, Queries: 5}, ReasonGroup},
		{querier.View{Why: "no privilege"}, ReasonGroup},
		{querier.View{Able: true, LastArrival: time.Now().Add(1000 * time.Hour)}, ReasonInputDrop},
	} {
		t.Run(c.want.String(), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				m := startMesh(t, newHub(3), func(_ int, cfg *Config) { cfg.View = func() querier.View { return c.view } })
				defer m.stop()
				time.Sleep(12 * time.Second)
				at := time.Now()
				m.setCut(func(_, to int, group bool) bool { return group && to == 2 })
				time.Sleep(30 * time.Second)
				for i, n := range m.nodes {
					r := n.Report()
					for a := range r.Directions() {
						if r.Label(a.To) != "n3" {
							continue
						}
						if late := at.Sub(a.StoppedAt); a.State != Stopped || late < -time.Second || late > time.Second || a.Reason != c.want {
							t.Errorf("n%d: %s>n3 %s at %v (cut at %v) for %v, want %v", i+1, r.Label(a.From), a.State, a.StoppedAt, at, a.Reason, c.want)
						}
					}
				}
				m.mu.Lock()
				defer m.mu.Unlock()
				for i, events := range m.events {
					if k := len(slices.DeleteFunc(slices.Clone(events), func(e Event) bool { return e.Kind != DirectionStopped })); k != 2 {
						t.Errorf("n%d told of %d directions that stopped, want 2", i+1, k)
					}
				}
			})
		})
	}
}

// Verify that a node's end by goodbye, its death and its restart are told apart.
func TestLeaveDieRestart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := startMesh(t, newHub(4), nil)
		defer m.stop()
		time.Sleep(6 * time.Second)
		m.cancel[1]() // leaves
		m.kill(2)     // dies
		time.Sleep(20 * time.Second)
		r := m.nodes[0].Report()
		states := map[string]NodeState{}
		for i, node := range r.Nodes {
			states[r.Label(i)] = node.State
		}
		if states["n2"] != Left || states["n3"] != Gone || states["n4"] != Alive {
			t.Errorf("%v", states)
		}
		// n3 comes again: the same name and address, a new process.
		m.reopen(2)
		m.setCut(nil)
		m.startNode(t, 2, nil)
		time.Sleep(10 * time.Second)
		r = m.nodes[0].Report()
		if len(r.Nodes) != 4 {
			t.Errorf("%d nodes after a restart, want 4", len(r.Nodes))
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		kinds := map[EventKind]int{}
		for _, e := range m.events[0] {
			kinds[e.Kind]++
		}
		if kinds[NodeLeft] != 1 || kinds[NodeGone] != 1 || kinds[NodeRestarted] != 1 || kinds[NodeAdded] != 4 {
			t.Errorf("%v", kinds)
		}
	})
}

// Verify that loss is told where it is, on every node.
func TestLoss(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		h := newHub(3)
		k := 0
		h.cut = func(from, to int, group bool) bool {
			if !group || from != 0 || to != 1 {
				return false
			}
			k++
			return k%10 < 3
		}
		m := startMesh(t, h, nil)
		defer m.stop()
		time.Sleep(2 * time.Minute)
		for i, n := range m.nodes {
			r := n.Report()
			for a := range r.Directions() {
				lossy := r.Label(a.From) == "n1" && r.Label(a.To) == "n2"
				if a.State != Heard || lossy && (a.Loss < 0.28 || a.Loss > 0.32) || !lossy && a.Loss != 0 {
					t.Errorf("n%d: %s>%s %s loses %.3f", i+1, r.Label(a.From), r.Label(a.To), a.State, a.Loss)
				}
			}
		}
	})
}

// Verify that two clocks' difference is measured, does not spoil delays, and that
// a jump is told.
func TestClocks(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var o offset
		now := time.Now().UnixNano()
		ahead := int64(3 * time.Second)
		if o.take(now, now+ahead+100, now+ahead+200, now+300) != 0 {
			t.Error("the first sample is a jump")
		}
		o.take(now, now+ahead+5_000_000, now+ahead+5_000_100, now+5_000_200) // a slow way there
		if s, ok := o.best(); !ok || s.offset != 3*time.Second || s.rtt != 200 {
			t.Errorf("%+v", s)
		}
		ahead += int64(time.Hour)
		if o.take(now, now+ahead+100, now+ahead+200, now+300) != 0 {
			t.Error("one freak sample is a jump")
		}
		if by := o.take(now, now+ahead+100, now+ahead+200, now+300); by != time.Hour {
			t.Errorf("jumped %v, want 1h", by)
		}
		if o.take(now, now+100, now+200, now+50) != 0 {
			t.Error("an answer from before the question is a sample")
		}
	})
}

// Verify that a node that claims to hear another, and cannot prove it, is named.
func TestLiar(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		h := newHub(2)
		m := &testMesh{hub: h, events: make([][]Event, 2), cancel: make([]context.CancelFunc, 2), nodes: make([]*Node, 2)}
		m.startNode(t, 0, nil)
		defer func() { m.cancel[0](); m.done.Wait() }()
		liar, victim := h.ports[1], m.nodes[0]
		id := newID()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		m.done.Go(func() { // answers the time, never returns a number it heard
			ps := make([]Packet, 1)
			for {
				if _, err := liar.Read(ps); err != nil {
					return
				}
				k, _, from, body, err := parseHeader(ps[0].Data)
				if err == nil && k == kindTimeRequest {
					q, _ := parseTime(body)
					_ = liar.Send(timeMessage{To: from, T1: q.T1, T2: ps[0].At, T3: ps[0].At}.appendTo(nil, kindTimeReply, id), ps[0].From)
				}
			}
		})
		m.done.Go(func() {
			ghosts := []Hears{{Short: victim.id.Short(), Delay: 5}, {Short: 77}, {Short: 78}}
			for seq := uint32(1); ctx.Err() == nil; seq++ {
				a := Announcement{Seq: seq, Interval: time.Second, Nonce: 9, Port: liar.Port(), Name: "liar", Total: 3, First: true, Last: true, Round: uint8(seq), Hears: ghosts}
				_ = liar.Announce(a.appendTo(nil, id))
				time.Sleep(time.Second)
			}
			liar.Close()
		})
		time.Sleep(4 * time.Minute)
		r := victim.Report()
		if len(r.Nodes) != 2 || !r.Nodes[1].Unproven {
			t.Errorf("%+v", r.Nodes)
		}
		if r.Wanted > 2 {
			t.Errorf("%d ghosts are remembered", r.Wanted)
		}
		cancel()
	})
}

// Verify that what is broken, forged or from the past is counted and changes
// nothing.
func TestStrayPackets(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := startMesh(t, newHub(2), nil)
		defer m.stop()
		time.Sleep(4 * time.Second)
		victim, other := m.nodes[0], m.nodes[1]
		before := victim.Report()
		addr := m.ports[1].addr
		put := func(b []byte, from netip.AddrPort, group bool) {
			m.ports[0].in <- Packet{Data: b, From: from, Group: group, At: time.Now().UnixNano()}
		}
		a := Announcement{Seq: 1, Port: addr.Port(), Name: "n2", Version: "test"}
		stranger := netip.MustParseAddrPort("10.0.0.99:5")
		put(nil, addr, true)
		put([]byte("TRIBES-B"), addr, true)
		put(a.appendTo(nil, other.id)[:40], addr, true)
		put(make([]byte, 2000), addr, true)
		put(a.appendTo(nil, other.id), addr, false)                                                // of the group, by unicast
		put(timeMessage{To: victim.id}.appendTo(nil, kindTimeReply, other.id), addr, true)         // the reverse
		put(a.appendTo(nil, other.id), stranger, true)                                             // another's identity
		put(a.appendTo(nil, victim.id), stranger, true)                                            // our own
		put(timeMessage{To: victim.id, T1: 5}.appendTo(nil, kindTimeReply, other.id), addr, false) // an answer never asked for
		put(whoMessage{1, 2}.appendTo(nil, newID()), stranger, false)
		put(hereMessage{{ID: newID(), Addr: addr.Addr(), Port: 9}}.appendTo(nil, other.id), addr, false)
		time.Sleep(time.Second)
		after := victim.Report()
		c, b := after.Counts, before.Counts
		if c.Invalid-b.Invalid != 6 || c.Impostors-b.Impostors != 2 || c.Unasked-b.Unasked != 3 {
			t.Errorf("%+v", c)
		}
		if len(after.Nodes) != 2 || after.Direction(1, 0).State != Heard {
			t.Errorf("%+v", after.Nodes)
		}
		old := Announcement{Seq: 1 << 20, Port: addr.Port(), Name: "n2", Version: "test"}
		put(old.appendTo(nil, other.id), addr, true)
		time.Sleep(100 * time.Millisecond)
		old.Seq = 5
		put(old.appendTo(nil, other.id), addr, true)
		time.Sleep(100 * time.Millisecond)
		if c := victim.Report().Counts; c.Old == 0 {
			t.Errorf("an announcement from the past is not counted: %+v", c)
		}
	})
}

// Verify that a flood of made-up nodes neither fills the memory nor drives out
// the real ones.
func TestFlood(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := startMesh(t, newHub(2), nil)
		defer m.stop()
		time.Sleep(4 * time.Second)
		for i := range 3 * maxNodes {
			a := Announcement{Seq: 1, Port: 1, Name: "ghost", Interval: time.Second}
			m.ports[0].in <- Packet{Data: a.appendTo(nil, newID()), From: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 9, byte(i >> 8), byte(i)}), 1), Group: true}
		}
		time.Sleep(2 * time.Second)
		r := m.nodes[0].Report()
		if len(r.Nodes) > maxNodes || r.Counts.Refused == 0 {
			t.Errorf("%d nodes, %d refused", len(r.Nodes), r.Counts.Refused)
		}
		time.Sleep(5 * time.Second)
		found := false
		for i, node := range m.nodes[0].Report().Nodes {
			found = found || node.Name == "n2" && r.Direction(i, 0).State != Never
		}
		if !found {
			t.Error("n2 was driven out")
		}
	})
}
