package mesh

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Notes get to everybody, and follow when they change.
func TestNotes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text atomic.Value
		text.Store("first")
		m := startMesh(t, newHub(3), func(i int, c *Config) {
			c.Note = func() []byte { return fmt.Appendf(nil, "%s of %d", text.Load(), i) }
		})
		defer m.stop()
		check := func() {
			t.Helper()
			for i, node := range m.nodes {
				for _, other := range node.Report().Nodes[1:] {
					if want := fmt.Sprintf("%s of %d", text.Load(), int(other.Port)-firstPort); string(other.Note) != want {
						t.Errorf("node %d has the note %q, want %q", i, other.Note, want)
					}
				}
			}
		}
		time.Sleep(5 * time.Second)
		check()
		text.Store("second")
		time.Sleep(3 * time.Second)
		check()
	})
}

// Nodes that the group does not reach find each other where they are told to look.
func TestPeersWithoutGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(2)
		h.cut = func(_, _ int, group bool) bool { return group }
		m := startMesh(t, h, func(i int, c *Config) {
			if i == 0 {
				c.Peers = func() []netip.AddrPort { return []netip.AddrPort{h.ports[1].addr} }
			}
			c.Note = func() []byte { return []byte(strings.Repeat("x", MaxNote)) }
		})
		defer m.stop()
		time.Sleep(15 * time.Second)
		for i, node := range m.nodes {
			r := node.Report()
			if len(r.Nodes) != 2 || r.Direction(1, 0).State == Heard || len(r.Nodes[1].Note) != MaxNote {
				t.Errorf("node %d: %d nodes, %+v", i, len(r.Nodes), slices.Collect(r.Directions()))
			}
		}
	})
}
