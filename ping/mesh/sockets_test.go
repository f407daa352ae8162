package mesh

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"muster/mcast"
)

// Verify that nodes with real sockets, all in this process and on the loopback,
// know the whole matrix soon and stay under the group's load. MUSTER_MESH_SOCKETS
// says how many, MUSTER_MESH_HOLD how long they stay (docs/perf/mesh.sh adds a
// node process of its own to them).
func TestManySockets(t *testing.T) {
	nodes, hold := 30, time.Duration(0)
	if s := os.Getenv("MUSTER_MESH_SOCKETS"); s != "" {
		var err error
		if nodes, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	if s := os.Getenv("MUSTER_MESH_HOLD"); s != "" {
		var err error
		if hold, err = time.ParseDuration(s); err != nil {
			t.Fatal(err)
		}
	}
	g, err := mcast.ParseGroup(fmt.Sprintf("239.255.%d.%d:%d", os.Getpid()>>8&0xff, os.Getpid()&0xff, DefaultPort))
	if s := os.Getenv("MUSTER_MESH_GROUP"); s != "" {
		g, err = mcast.ParseGroup(s)
	}
	if err != nil {
		t.Fatal(err)
	}
	g = g.WithDefaultPort(DefaultPort)
	lo, err := mcast.FindInterface("127.0.0.1", g.Addr)
	if err != nil {
		t.Skip("no loopback: ", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	list := make([]*Node, nodes)
	for i := range list {
		s, err := Listen(SocketConfig{Group: g, Interface: lo, TTL: -1})
		if err != nil {
			t.Fatal(err)
		}
		list[i] = New(s, Config{Name: fmt.Sprintf("node%d", i+1), Version: "test", MTU: lo.MTU})
	}
	start := time.Now()
	for _, n := range list {
		n.start = start // making the sockets is not part of it
		all.Go(func() {
			if err := n.Run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	others, _ := strconv.Atoi(os.Getenv("MUSTER_MESH_MORE")) // in other processes
	whole := func() bool {
		for _, n := range list {
			if !n.whole(nodes + others) {
				return false
			}
		}
		return true
	}
	for !whole() {
		if time.Since(start) > 30*time.Second {
			t.Fatalf("%d nodes do not know the whole matrix after 30 s: %+v", nodes, list[0].Report().Counts)
		}
		time.Sleep(20 * time.Millisecond)
	}
	took := time.Since(start)
	time.Sleep(hold)
	peak := 0.0
	for _, n := range list {
		n.mu.Lock()
		peak = max(peak, 8*float64(n.meter.peak))
		n.mu.Unlock()
	}
	t.Logf("%d nodes know the whole matrix after %v; at most %.0f bit/s on the group in a second", nodes, took.Round(time.Millisecond), peak)
	if peak > DefaultLoad {
		t.Errorf("%.0f bit/s on the group in a second, more than %d", peak, DefaultLoad)
	}
}
