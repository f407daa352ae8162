package membership

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"muster/internal/vectors"
	"muster/mcast"
	"muster/tribes"
)

var group = netip.MustParseAddrPort("228.0.0.4:45564")

// ether is a network in memory: what one conn sends, all of them receive.
type ether struct {
	mu    sync.Mutex
	conns []*memConn
	room  int // datagrams that a conn holds; 0 means plenty
}

// memConn is a Conn on an ether. It is made of channels, so that a synctest
// bubble sees it wait.
type memConn struct {
	e        *ether
	source   netip.AddrPort
	in       chan mcast.Datagram
	closed   chan struct{}
	deadline time.Time
	stalled  chan struct{} // while it is open, reads wait: the process does not run
	mu       sync.Mutex
	fail     error // of Send
	drops    uint64
	sent     []tribes.Member
}

func (e *ether) conn(host byte) *memConn {
	c := &memConn{
		e: e, source: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 77, 0, host}), 45564),
		in: make(chan mcast.Datagram, cmp.Or(e.room, 10000)), closed: make(chan struct{}),
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.conns = append(e.conns, c)
	return c
}

func (c *memConn) Send(p []byte, to netip.AddrPort) error {
	c.mu.Lock()
	if c.fail != nil {
		defer c.mu.Unlock()
		return c.fail
	}
	if m, _, err := tribes.ParseMember(p); err == nil {
		c.sent = append(c.sent, m.Clone())
	}
	c.mu.Unlock()
	if to != group {
		return fmt.Errorf("sent to %s", to)
	}
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	for _, o := range c.e.conns {
		select {
		case o.in <- mcast.Datagram{Payload: bytes.Clone(p), Source: c.source, Time: time.Now()}:
		default:
			o.mu.Lock()
			o.drops++
			o.mu.Unlock()
		}
	}
	return nil
}

func (c *memConn) SetReadDeadline(t time.Time) error { c.deadline = t; return nil }

func (c *memConn) ReadBatch(ds []mcast.Datagram) (int, error) {
	c.mu.Lock()
	stalled := c.stalled
	c.mu.Unlock()
	if stalled != nil {
		<-stalled
	}
	n := 0
	for n < len(ds) {
		select {
		case ds[n] = <-c.in:
			n++
			continue
		default:
		}
		break
	}
	if n > 0 {
		return n, nil
	}
	t := time.NewTimer(time.Until(c.deadline))
	defer t.Stop()
	select {
	case ds[0] = <-c.in:
		return 1, nil
	case <-t.C:
		return 0, os.ErrDeadlineExceeded
	case <-c.closed:
		return 0, net.ErrClosed
	}
}

// stall stops the reading until the function it returns is called.
func (c *memConn) stall() (resume func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stalled = make(chan struct{})
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		close(c.stalled)
		c.stalled = nil
	}
}

func (c *memConn) Drops() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.drops
}

func (c *memConn) Close() error { close(c.closed); return nil }

func (c *memConn) sends() []tribes.Member {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.sent)
}

// node is a Service that runs, and what it told.
type node struct {
	*Service
	conn   *memConn
	stop   context.CancelFunc
	done   chan struct{}
	mu     sync.Mutex
	events []string
	log    bytes.Buffer
}

func runNode(e *ether, host byte, cfg ServiceConfig) *node {
	n := &node{conn: e.conn(host), done: make(chan struct{})}
	cfg.Group = group
	cfg.Logger = slog.New(slog.NewTextHandler(&n.log, nil))
	n.Service = New(n.conn, cfg)
	ctx, stop := context.WithCancel(context.Background())
	n.stop = stop
	go func() { n.Run(ctx); close(n.done) }()
	go func() {
		for {
			ev, err := n.Next(ctx)
			if err != nil {
				return
			}
			n.mu.Lock()
			n.events = append(n.events, fmt.Sprintf("%s %x %s", ev.Kind, ev.Member.ID[:1], ev.Reason))
			n.mu.Unlock()
		}
	}()
	return n
}

func (n *node) leave() { n.stop(); <-n.done }

// die ends the node without a goodbye.
func (n *node) die() {
	n.conn.mu.Lock()
	n.conn.fail = errors.New("dead")
	n.conn.mu.Unlock()
	n.leave()
}

func (n *node) told() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.events)
}

func (n *node) want(t *testing.T, events ...string) {
	t.Helper()
	if got := n.told(); !slices.Equal(got, events) {
		t.Errorf("told %q, want %q", got, events)
	}
}

func local(id, host byte) *tribes.Member { m := member(id, host); return &m }

func yes(context.Context, netip.AddrPort) error { return nil }

func TestHourOfHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		a := runNode(&e, 11, ServiceConfig{Local: local(1, 11), Check: yes})
		b := runNode(&e, 12, ServiceConfig{Local: local(2, 12), Check: yes})
		time.Sleep(time.Hour)
		b.leave()
		time.Sleep(time.Second)
		a.leave()
		a.want(t, "added 02 heartbeat", "disappeared 02 shutdown")
		b.want(t, "added 01 heartbeat")

		sent := b.conn.sends()
		if n := len(sent); n < 7200 || n > 7203 {
			t.Errorf("%d heartbeats in an hour", n)
		}
		for i, m := range sent[:len(sent)-1] {
			if m.Alive < 1 || m.Alive >= 1000 || i > 0 && m.Alive == sent[i-1].Alive {
				t.Fatalf("heartbeat %d has alive %d after %d", i, m.Alive, sent[i-1].Alive)
			}
		}
		for i := range int64(10) {
			if sent[i].Alive != i+1 {
				t.Errorf("heartbeat %d has alive %d", i, sent[i].Alive)
			}
		}
		if last := sent[len(sent)-1]; !last.Shutdown() {
			t.Error("the last is no goodbye")
		}
		if m := a.Local(); m.Shutdown() {
			t.Error("the goodbye has become our address")
		}
		if st := a.Stats(); st.Own == 0 || st.Own+1 < st.Sent-1 || len(st.Malformed) != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// A node that holds sessions announces its age as a Tomcat does; it grows with
// every heartbeat, also with two that follow at once.
func TestHeartbeatsOfOneThatHoldsState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		a := runNode(&e, 11, ServiceConfig{Local: local(1, 11), HoldsState: true})
		time.Sleep(10 * time.Second)
		a.leave()
		sent := a.conn.sends()
		for i, m := range sent {
			if i > 0 && m.Alive <= sent[i-1].Alive {
				t.Errorf("heartbeat %d has alive %d after %d", i, m.Alive, sent[i-1].Alive)
			}
		}
		if m := sent[len(sent)-2]; m.Alive < 9000 || m.Alive > 10000 {
			t.Errorf("after ten seconds alive is %d", m.Alive)
		}
	})
}

func TestKilledAndRestarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		var up atomic.Bool
		up.Store(true)
		check := func(context.Context, netip.AddrPort) error {
			if !up.Load() {
				return errors.New("refused")
			}
			return nil
		}
		a := runNode(&e, 11, ServiceConfig{Local: local(1, 11), Check: check})
		b := runNode(&e, 12, ServiceConfig{Local: local(2, 12)})
		time.Sleep(10 * time.Second)
		b.die()
		up.Store(false)
		died := time.Now()
		for len(a.told()) < 2 {
			time.Sleep(10 * time.Millisecond)
		}
		if took := time.Since(died); took < 2500*time.Millisecond || took > 3300*time.Millisecond {
			t.Errorf("noticed %s after its death", took)
		}
		up.Store(true)
		again := runNode(&e, 12, ServiceConfig{Local: local(2, 12)}) // the same id
		time.Sleep(10 * time.Second)
		again.die()
		fresh := runNode(&e, 12, ServiceConfig{Local: local(3, 12)}) // another id, at once
		time.Sleep(10 * time.Second)
		if n := len(a.Members()); n != 1 {
			t.Errorf("%d members after a restart", n)
		}
		a.leave()
		fresh.leave()
		a.want(t, "added 02 heartbeat", "disappeared 02 expired", "added 02 heartbeat",
			"added 03 heartbeat", "disappeared 02 restarted")
	})
}

// Stopped for longer than the drop time, with heartbeats waiting in the socket.
func TestStoppedProcessBlamesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		a := runNode(&e, 11, ServiceConfig{})
		b := runNode(&e, 12, ServiceConfig{Local: local(2, 12)})
		time.Sleep(time.Millisecond)
		gone := runNode(&e, 13, ServiceConfig{Local: local(3, 13)})
		time.Sleep(5 * time.Second)
		resume := a.conn.stall()
		time.Sleep(time.Second)
		gone.die()
		time.Sleep(20 * time.Second)
		resume()
		time.Sleep(time.Second)
		a.want(t, "added 02 heartbeat", "added 03 heartbeat", "disappeared 03 expired")
		b.leave()
		a.leave()
	})
}

// Stopped for so long that the kernel dropped what came: nobody's silence.
func TestDroppedDatagramsBlameNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		e.room = 3
		a := runNode(&e, 11, ServiceConfig{})
		b := runNode(&e, 12, ServiceConfig{Local: local(2, 12)})
		time.Sleep(5 * time.Second)
		resume := a.conn.stall()
		time.Sleep(20 * time.Second)
		resume()
		time.Sleep(5 * time.Second)
		a.want(t, "added 02 heartbeat")
		b.leave()
		a.leave()
		if st := a.Stats(); st.Drops == 0 || !strings.Contains(a.log.String(), "dropped") {
			t.Errorf("%d drops, log %q", st.Drops, a.log.String())
		}
	})
}

func TestWallClockSteps(t *testing.T) {
	var c clock
	now := time.Now()
	first := c.at(now, now)
	// An hour forward between the kernel's stamp and our look.
	second := c.at(now.Add(-time.Hour), now.Add(time.Second))
	if d := second.Sub(first); d < 0 || d > time.Second {
		t.Errorf("moved by %s", d)
	}
	// An hour back.
	third := c.at(now.Add(time.Hour), now.Add(2*time.Second))
	if d := third.Sub(first); d != 2*time.Second {
		t.Errorf("moved by %s, want 2s", d)
	}
}

func TestSendFailuresAreToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		a := runNode(&e, 11, ServiceConfig{Local: local(1, 11), Check: yes})
		a.conn.mu.Lock()
		a.conn.fail = errors.New("network is unreachable")
		a.conn.mu.Unlock()
		b := runNode(&e, 12, ServiceConfig{Check: yes})
		time.Sleep(time.Minute)
		a.conn.mu.Lock()
		a.conn.fail = nil
		a.conn.mu.Unlock()
		time.Sleep(time.Second)
		b.want(t, "added 01 heartbeat")
		a.leave()
		b.leave()
		if n := strings.Count(a.log.String(), "unreachable"); n != 1 {
			t.Errorf("told %d times:\n%s", n, a.log.String())
		}
		if !strings.Contains(a.log.String(), "go out again") {
			t.Errorf("the end is not told:\n%s", a.log.String())
		}
	})
}

func TestOnlyLookingSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		a := runNode(&e, 11, ServiceConfig{})
		b := runNode(&e, 12, ServiceConfig{Local: local(2, 12), Check: func(context.Context, netip.AddrPort) error {
			t.Error("asked the one that only looks")
			return nil
		}})
		time.Sleep(time.Minute)
		a.leave()
		b.leave()
		a.want(t, "added 02 heartbeat")
		if n := len(a.conn.sends()); n != 0 {
			t.Errorf("sent %d heartbeats", n)
		}
	})
}

func TestSlowChecksDoNotHoldUpOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		most, now := 0, 0
		var mu sync.Mutex
		a := runNode(&e, 11, ServiceConfig{Local: local(1, 11), Checks: 10, Check: func(ctx context.Context, ap netip.AddrPort) error {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
			mu.Lock()
			now--
			mu.Unlock()
			if ap.Addr().As4()[1] == 99 {
				return errors.New("timeout")
			}
			return nil
		}})
		b := runNode(&e, 12, ServiceConfig{Local: local(2, 12), Check: yes})
		liar := e.conn(66)
		for i := range 2000 {
			m := member(200, byte(i))
			m.Host[1], m.Host[2] = 99, byte(i>>8)
			p, _ := m.AppendTo(nil)
			liar.Send(p, group)
		}
		time.Sleep(10 * time.Second)
		a.want(t, "added 02 heartbeat")
		b.leave()
		a.leave()
		mu.Lock()
		defer mu.Unlock()
		if most > 10 {
			t.Errorf("%d checks at once", most)
		}
	})
}

func TestMalformedIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		var frames int
		a := runNode(&e, 11, ServiceConfig{Broadcast: func([]byte, netip.AddrPort) { frames++ }})
		c := e.conn(12)
		bad := vectors.Load(t, "../../testdata/tribes-vectors.json", "bad-dgram-")
		for range 100 {
			for _, v := range bad {
				c.Send(v.Bytes, group)
			}
			c.Send([]byte("hello"), group)
			c.Send(vectors.One(t, "../../testdata/tribes-vectors.json", "broadcast-datagram").Bytes, group)
		}
		v0 := vectors.One(t, "../../testdata/tribes-vectors.json", "member-v0-ipv4-min")
		c.Send(v0.Bytes, group)
		time.Sleep(time.Second)
		st := a.Stats()
		valid := uint64(100) // with trailing bytes, which are allowed
		var sum uint64
		for _, n := range st.Malformed {
			sum += n
		}
		if want := uint64(100*len(bad)) - valid; sum != want {
			t.Errorf("%d malformed, want %d: %v", sum, want, st.Malformed)
		}
		if st.Foreign != 100 || st.Broadcasts != 100 || frames != 100 {
			t.Errorf("%+v, %d frames", st, frames)
		}
		ms := a.Members()
		if !slices.ContainsFunc(ms, func(i Info) bool { return i.Member.Generation == tribes.V0 }) {
			t.Errorf("the v0 member is not listed: %d members", len(ms))
		}
		a.leave()
		if n := strings.Count(a.log.String(), "malformed"); n > len(bad) {
			t.Errorf("told %d times", n)
		}
	})
}

func TestGuardSaysGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		var a *node
		recovered := make(chan any, 1)
		a = runNode(&e, 11, ServiceConfig{
			Local: local(1, 11), Check: yes,
			Broadcast: func([]byte, netip.AddrPort) { panic("a mistake") },
			Guard: func() {
				if v := recover(); v != nil {
					a.Goodbye()
					recovered <- v
				}
			},
		})
		time.Sleep(time.Second)
		e.conn(12).Send([]byte("FLT2002"), group)
		if v := <-recovered; v != "a mistake" {
			t.Errorf("%v", v)
		}
		sent := a.conn.sends()
		if !sent[len(sent)-1].Shutdown() {
			t.Error("no goodbye")
		}
		a.leave()
		if n := len(a.conn.sends()); n != len(sent) {
			t.Errorf("%d sends after the goodbye", n-len(sent))
		}
	})
}
