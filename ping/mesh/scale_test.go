package mesh

import (
	"os"
	"strconv"
	"testing"
	"time"
)

// Verify that many nodes know the whole matrix soon, and that the group carries
// no more than it may, in any second, also when all start at once.
func TestScale(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	most := 300 // a thousand take a minute of processor time
	if s := os.Getenv("MUSTER_MESH_NODES"); s != "" {
		var err error
		if most, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		nodes int
		watch time.Duration
		whole time.Duration // by when everybody knows all directions; 0: not watched that long
	}{
		{200, 5500 * time.Millisecond, 5 * time.Second},
		{most, 2500 * time.Millisecond, 0},
	} {
		inBubble(t, func(t *testing.T) {
			h := newHub(c.nodes)
			if c.whole == 0 { // what these exchange by unicast is not looked at
				h.delay = 0
				h.cut = func(_, _ int, group bool) bool { return !group }
			}
			start := time.Now()
			m := startMesh(t, h, nil)
			if c.whole > 0 {
				for !m.whole() && time.Since(start) < c.watch {
					time.Sleep(100 * time.Millisecond)
				}
				took := time.Since(start)
				var sum Counts
				for _, n := range m.nodes {
					n.mu.Lock()
					sum.Announced += n.counts.Announced
					sum.HeldBack += n.counts.HeldBack
					n.mu.Unlock()
				}
				t.Logf("%d nodes know the whole matrix after %v, %d announcements, %d held back", c.nodes, took, sum.Announced, sum.HeldBack)
				if took > c.whole {
					t.Errorf("%d nodes took %v, want %v", c.nodes, took, c.whole)
				}
			}
			time.Sleep(time.Until(start.Add(c.watch)))
			h.mu.Lock()
			most := 0
			for _, bytes := range h.perSecond {
				most = max(most, 8*bytes)
			}
			h.mu.Unlock()
			t.Logf("%d nodes: %d bit/s in the busiest second; one of them measured %.0f", c.nodes, most, m.nodes[0].Report().LoadPeak)
			if most > DefaultLoad {
				t.Errorf("%d nodes: %d bit/s on the group in a second, more than %d", c.nodes, most, DefaultLoad)
			}
			m.stop()
		})
	}
}

// whole reports whether every node knows every direction.
func (m *testMesh) whole() bool {
	for _, n := range m.nodes {
		if !n.whole(len(m.nodes)) {
			return false
		}
	}
	return true
}

func (n *Node) whole(nodes int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.peers) != nodes-1 {
		return false
	}
	for _, p := range n.slots {
		if p == nil {
			continue
		}
		if !p.in.heard || len(p.row.cells) < len(n.slots) {
			return false
		}
		for i, c := range p.row.cells[:len(n.slots)] {
			if c.state != cellHeard && i != p.index {
				return false
			}
		}
	}
	return true
}
