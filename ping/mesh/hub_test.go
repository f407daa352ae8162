package mesh

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// hub is a network without sockets: a group, and unicast between its ports.
type hub struct {
	mu    sync.Mutex
	ports []*port
	// cut tells whether what goes from one port to another is lost; by the group or
	// by unicast.
	cut func(from, to int, group bool) bool
	// noEcho is the node, counted from 1, that the group does not reach though it
	// sends itself.
	noEcho int
	// delay of what gets through.
	delay time.Duration
	// bytes on the group, per second of the bubble's clock, with headers.
	perSecond map[int64]int
}

type port struct {
	hub    *hub
	n      int
	addr   netip.AddrPort
	in     chan Packet
	closed chan struct{}
	once   *sync.Once
	refuse func() error // what its system says to a send to the group; nil: nothing
}

const firstPort = 20000

func newHub(n int) *hub {
	h := &hub{delay: 200 * time.Microsecond, perSecond: map[int64]int{}}
	for i := range n {
		h.ports = append(h.ports, &port{
			hub: h, n: i, in: make(chan Packet, 4096), closed: make(chan struct{}), once: new(sync.Once),
			addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i / 250), byte(i%250 + 1)}), uint16(firstPort+i)),
		})
	}
	return h
}

// deliver takes a datagram to those ports that it is not lost for, after the
// delay. The lock is held.
func (p *port) deliver(b []byte, group bool, ports ...*port) {
	h := p.hub
	type end struct {
		in     chan Packet
		closed chan struct{}
	}
	to := make([]end, 0, len(ports))
	for _, x := range ports {
		if p == x && group && h.noEcho == x.n+1 {
			continue
		}
		if h.cut == nil || p == x || !h.cut(p.n, x.n, group) {
			to = append(to, end{x.in, x.closed}) // as they are now: a port may be opened anew
		}
	}
	pkt := Packet{Data: bytes.Clone(b), From: p.addr, Group: group} // nobody writes to it
	arrive := func() {
		pkt.At = time.Now().UnixNano()
		for _, x := range to {
			select {
			case x.in <- pkt:
			case <-x.closed:
			}
		}
	}
	if h.delay == 0 { // cheap, for very many nodes
		arrive()
		return
	}
	time.AfterFunc(h.delay, arrive)
}

func (p *port) Announce(b []byte) error {
	p.hub.mu.Lock()
	defer p.hub.mu.Unlock()
	if p.refuse != nil {
		if err := p.refuse(); err != nil {
			return err
		}
	}
	p.hub.perSecond[time.Now().Unix()] += len(b) + overhead4
	p.deliver(b, true, p.hub.ports...)
	return nil
}

func (p *port) Send(b []byte, to netip.AddrPort) error {
	p.hub.mu.Lock()
	defer p.hub.mu.Unlock()
	if x := int(to.Port()) - firstPort; x >= 0 && x < len(p.hub.ports) && p.hub.ports[x].addr == to {
		p.deliver(b, false, p.hub.ports[x])
	}
	return nil
}

func (p *port) Read(ps []Packet) (int, error) {
	select {
	case ps[0] = <-p.in:
		return 1, nil
	case <-p.closed:
		return 0, net.ErrClosed
	}
}

func (p *port) Port() uint16 {
	p.hub.mu.Lock()
	defer p.hub.mu.Unlock()
	return p.addr.Port()
}

func (p *port) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

// mesh runs a node on every port of a hub.
type testMesh struct {
	*hub
	nodes  []*Node
	cancel []context.CancelFunc
	done   sync.WaitGroup
	mu     sync.Mutex
	events [][]Event
}

// startMesh starts a node on each port; configure may change what it says.
func startMesh(t *testing.T, h *hub, configure func(i int, c *Config)) *testMesh {
	m := &testMesh{hub: h, events: make([][]Event, len(h.ports)), cancel: make([]context.CancelFunc, len(h.ports)), nodes: make([]*Node, len(h.ports))}
	for i := range h.ports {
		m.startNode(t, i, configure)
	}
	return m
}

func (m *testMesh) startNode(t *testing.T, i int, configure func(i int, c *Config)) {
	cfg := Config{Name: fmt.Sprintf("n%d", i+1), Version: "test", MTU: 1500}
	cfg.Dial = func(context.Context, netip.AddrPort) TCP { return TCPOpen }
	cfg.OnEvent = func(e Event) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.events[i] = append(m.events[i], e)
	}
	if configure != nil {
		configure(i, &cfg)
	}
	ctx, cancel := context.WithCancel(t.Context())
	m.cancel[i] = cancel
	m.nodes[i] = New(m.ports[i], cfg)
	m.done.Go(func() {
		if err := m.nodes[i].Run(ctx); err != nil {
			t.Errorf("n%d: %v", i+1, err)
		}
	})
}

func (m *testMesh) stop() {
	for _, c := range m.cancel {
		c()
	}
	m.done.Wait()
}

// kill ends a node without a goodbye.
func (m *testMesh) kill(i int) {
	m.ports[i].Close()
	m.hub.mu.Lock()
	old := m.hub.cut
	m.hub.cut = func(from, to int, group bool) bool {
		return from == i || to == i || old != nil && old(from, to, group)
	}
	m.hub.mu.Unlock()
	m.cancel[i]()
}

// reopen makes the port of a node that was killed anew.
func (m *testMesh) reopen(i int) {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	m.ports[i].closed, m.ports[i].once = make(chan struct{}), new(sync.Once)
}

func (m *testMesh) setCut(cut func(from, to int, group bool) bool) {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	m.hub.cut = cut
}

// cuts names the directions that a report calls cut, "n1>n2", and those unknown with
// a question mark.
func cuts(r *Report) map[string]bool {
	out := map[string]bool{}
	for a := range r.Directions() {
		name := r.Label(a.From) + ">" + r.Label(a.To)
		switch {
		case a.Cut():
			out[name] = true
		case a.State == Unknown:
			out[name+"?"] = true
		}
	}
	return out
}

func (m *testMesh) wantCuts(t *testing.T, nodes []int, want ...string) {
	t.Helper()
	for _, i := range nodes {
		got := cuts(m.nodes[i].Report())
		for _, w := range want {
			if !got[w] {
				t.Errorf("n%d does not say that %s is cut: %v", i+1, w, got)
			}
			delete(got, w)
		}
		for g := range got {
			t.Errorf("n%d says that %s is cut", i+1, g)
		}
	}
}

func inBubble(t *testing.T, f func(t *testing.T)) { synctest.Test(t, f) }
