package mesh

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"muster/internal/expect"
	"muster/internal/verdict"
)

// Verify that nodes of one name stay several, on other hosts and on the same one,
// are told apart, and are named.
func TestOneName(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		h := newHub(4)
		same := h.ports[2]
		h.ports[3].addr = netip.AddrPortFrom(same.addr.Addr(), h.ports[3].addr.Port())
		m := startMesh(t, h, func(i int, c *Config) {
			if i > 0 {
				c.Name = "twin"
			}
		})
		defer m.stop()
		time.Sleep(8 * time.Second)
		m.wantCuts(t, []int{0, 1, 2, 3})
		r := m.nodes[0].Report()
		labels := map[string]bool{}
		for i := range r.Nodes {
			labels[r.Label(i)] = true
		}
		if len(r.Nodes) != 4 || len(labels) != 4 || !labels["n1"] || !labels["twin/10.0.0.2"] {
			t.Errorf("%d nodes, labels %v", len(r.Nodes), labels)
		}
		var said []string
		for _, v := range Judge(r, expect.Expect{}) {
			if v.Status.Bad() {
				said = append(said, v.Saw)
			}
		}
		if len(said) != 1 || !strings.HasPrefix(said[0], "3 nodes are called twin: ") {
			t.Errorf("%q", said)
		}
	})
}

// Verify that this host's clock being set is told, spoils no figure, and is no
// cut.
func TestOwnClockSet(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := startMesh(t, newHub(3), nil)
		defer m.stop()
		time.Sleep(6 * time.Second)
		n := m.nodes[0]
		n.mu.Lock()
		n.clockSet(-time.Hour, time.Now())
		n.unlock()
		if r := n.Report(); r.Nodes[1].OffsetKnown {
			t.Error("what was measured by the clock before holds still")
		}
		time.Sleep(6 * time.Second)
		m.wantCuts(t, []int{0, 1, 2})
		r := n.Report()
		if r.Counts.ClockJumps != 1 || len(r.Jumps) != 1 || !r.Nodes[1].OffsetKnown {
			t.Errorf("%+v, %+v", r.Counts, r.Jumps)
		}
		if !slices.ContainsFunc(Judge(r, expect.Expect{}), func(v verdict.Verdict) bool { return v.ID == "tribes.clock-step" }) {
			t.Error("no verdict about the clock")
		}
	})
}

// clockNode answers the time by a clock of its own and announces itself.
func (m *testMesh) clockNode(ctx context.Context, port *port, ahead *atomic.Int64) {
	id := newID()
	m.done.Go(func() {
		ps := make([]Packet, 1)
		for {
			if _, err := port.Read(ps); err != nil {
				return
			}
			k, _, from, body, err := parseHeader(ps[0].Data)
			if err == nil && k == kindTimeRequest {
				q, _ := parseTime(body)
				t := time.Now().UnixNano() + ahead.Load()
				_ = port.Send(timeMessage{To: from, T1: q.T1, T2: t, T3: t}.appendTo(nil, kindTimeReply, id), ps[0].From)
			}
		}
	})
	m.done.Go(func() {
		for seq := uint32(1); ctx.Err() == nil; seq++ {
			a := Announcement{Seq: seq, Sent: time.Now().UnixNano() + ahead.Load(), Interval: 500 * time.Millisecond, Nonce: 9, Port: port.Port(), Name: "clock", First: true, Last: true, Round: uint8(seq)}
			_ = port.Announce(a.appendTo(nil, id))
			time.Sleep(500 * time.Millisecond)
		}
		port.Close()
	})
}

// Verify that another node's clock being set is told, and does not spoil the
// delay of its direction for long.
func TestOthersClockSet(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		h := newHub(2)
		m := &testMesh{hub: h, events: make([][]Event, 2), cancel: make([]context.CancelFunc, 2), nodes: make([]*Node, 2)}
		m.startNode(t, 0, nil)
		ctx, cancel := context.WithCancel(t.Context())
		defer func() { cancel(); m.cancel[0](); m.done.Wait() }()
		var ahead atomic.Int64
		ahead.Store(int64(3 * time.Second))
		m.clockNode(ctx, h.ports[1], &ahead)
		time.Sleep(10 * time.Second)
		if r := m.nodes[0].Report(); r.Nodes[1].Offset != 3*time.Second || (r.Direction(1, 0).Delay-h.delay).Abs() > 50*time.Microsecond {
			t.Errorf("%+v, direction %+v", r.Nodes[1], r.Direction(1, 0))
		}
		ahead.Store(int64(time.Hour))
		time.Sleep(60 * time.Second)
		r := m.nodes[0].Report()
		if r.Nodes[1].Offset != time.Hour || r.Direction(1, 0).State != Heard || (r.Direction(1, 0).Delay-h.delay).Abs() > 50*time.Microsecond {
			t.Errorf("%+v, direction %+v", r.Nodes[1], r.Direction(1, 0))
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		jumps := slices.DeleteFunc(slices.Clone(m.events[0]), func(e Event) bool { return e.Kind != ClockJumped })
		if len(jumps) != 1 || jumps[0].From.Name != "clock" || (jumps[0].By-time.Hour+3*time.Second).Abs() > time.Second {
			t.Errorf("%+v", jumps)
		}
	})
}

// Verify that the same reason for not sending is told once a minute, and counted
// each time.
func TestProblemsAreToldOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		h := newHub(1)
		m := &testMesh{hub: h, events: make([][]Event, 1), cancel: make([]context.CancelFunc, 1), nodes: make([]*Node, 1)}
		broken := &brokenPort{h.ports[0]}
		ctx, cancel := context.WithCancel(t.Context())
		n := New(broken, Config{Name: "n1", OnEvent: func(e Event) {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.events[0] = append(m.events[0], e)
		}})
		m.done.Go(func() { _ = n.Run(ctx) })
		time.Sleep(90 * time.Second)
		cancel()
		m.done.Wait()
		told := 0
		for _, e := range m.events[0] {
			if e.Kind == Problem && strings.Contains(e.Text, "unreachable") {
				told++
			}
		}
		if c := n.Report().Counts; told != 2 || c.SendFailed < 100 {
			t.Errorf("told %d times, counted %d", told, c.SendFailed)
		}
	})
}

// brokenPort sends nothing.
type brokenPort struct{ *port }

func (brokenPort) Announce([]byte) error { return errors.New("network is unreachable") }
