package tomcat

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"muster/tribes"
	"muster/tribes/cluster"
	"muster/tribes/cluster/channel"
	"muster/tribes/cluster/membership"
	"muster/tribes/javaser"
	"muster/tribes/session"
)

// wire is muster as a guest of the cluster, and what it has seen there. All of
// it is bounded: what comes is not ours to choose.
type wire struct {
	node    *cluster.Node
	handler channel.Handler // answers what a starting Tomcat waits for
	replica replica         // of a run in which muster replicates; else nil
	key     bool            // encrypted messages are opened with a key
	stop    context.CancelFunc
	ctx     context.Context // ends when we leave
	running sync.WaitGroup

	mu        sync.Mutex
	changed   chan struct{} // closed and replaced when any of these changes
	sightings []sighting
	senders   map[tribes.UniqueID]*sender
	asked     map[netip.Addr]bool // whose failure detector asked our receiver
	events    []membership.Event
	sought    string   // a session's base, while it is asked for
	backup    bool     // the application is kept by a BackupManager
	copying   string   // the base of a session whose changes are kept,
	copied    [][]byte // and these
}

const (
	mostSightings = 8192
	mostSenders   = 256
	mostEvents    = 8192
	mostCopies    = 16
	mostCopied    = 1 << 20
)

// sighting is one session message that came.
type sighting struct {
	at      time.Time
	sender  tribes.UniqueID
	event   session.Event
	context string
	id      sessionID
	// holds: it is a list of sessions, and the one that is sought is in it.
	holds bool
}

// sender is one member by what it sent us.
type sender struct {
	sent, sealed int // messages as they came, and those of them that are encrypted
	ahead        time.Duration
}

// join makes muster a guest of the cluster.
func join(ctx context.Context, cfg *cluster.Config) (*wire, error) {
	w := &wire{
		changed: make(chan struct{}), senders: map[tribes.UniqueID]*sender{}, asked: map[netip.Addr]bool{},
	}
	c := *cfg
	c.Asked = func(peer netip.AddrPort) {
		w.update(func() {
			if len(w.asked) < mostSenders {
				w.asked[peer.Addr().Unmap()] = true
			}
		})
	}
	joined := make(chan struct{})
	c.Handler = func(n *cluster.Node) channel.Handler {
		w.handler = cluster.NewGuest(n)
		return channel.HandlerFunc(func(ctx context.Context, m *channel.Message) error {
			<-joined
			return w.take(ctx, m)
		})
	}
	stages := c.Stages
	w.key = stages != nil
	c.Stages = func(n *cluster.Node) (all []channel.Stage, err error) {
		if stages != nil {
			all, err = stages(n)
		}
		return append(all, raw{w}), err // nearest to the network
	}
	var err error
	if w.node, err = cluster.Join(ctx, c); err != nil {
		return nil, err
	}
	close(joined)
	w.ctx, w.stop = context.WithCancel(ctx)
	w.running.Go(w.follow)
	return w, nil
}

// byeTime is how long the goodbye to a replicated map may take.
const byeTime = 3 * time.Second

func (w *wire) leave() {
	if w.replica != nil {
		bye, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), byeTime)
		_ = w.replica.Stop(bye) // who does not hear it misses our heartbeats
		cancel()
	}
	w.stop()
	w.running.Wait()
	_ = w.node.Leave() // the run is over, whatever became of it
}

func (w *wire) follow() {
	for {
		e, err := w.node.Next(w.ctx)
		if err != nil {
			return
		}
		w.update(func() {
			if len(w.events) < mostEvents {
				w.events = append(w.events, e)
			}
			if w.replica != nil {
				w.replica.Event(e)
			}
		})
	}
}

func (w *wire) update(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
	close(w.changed)
	w.changed = make(chan struct{})
}

// until waits until found, which is called with the lock held, says yes; it
// reports whether that was so in time.
func (w *wire) until(ctx context.Context, within time.Duration, found func() bool) bool {
	timeout := time.NewTimer(within)
	defer timeout.Stop()
	for {
		w.mu.Lock()
		ok, changed := found(), w.changed
		w.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-changed:
		case <-timeout.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// take notes a message and hands it on to who answers it.
func (w *wire) take(ctx context.Context, m *channel.Message) error {
	if m.Options&tribes.ByteMessage == 0 {
		w.note(m)
	}
	w.mu.Lock()
	handler := w.handler
	w.mu.Unlock()
	return handler.HandleMessage(ctx, m)
}

// head is where a stream names its class.
const head = 100

// raw is a stage that counts what comes before it is opened.
type raw struct{ w *wire }

func (raw) Send(ctx context.Context, m *channel.Outgoing, down channel.Next) { down(ctx, m) }

func (r raw) Receive(ctx context.Context, m *channel.Message, up channel.HandlerFunc) error {
	r.w.update(func() {
		s := r.w.senders[m.Address.ID]
		if s == nil {
			if len(r.w.senders) >= mostSenders {
				return
			}
			s = &sender{ahead: -1 << 62}
			r.w.senders[m.Address.ID] = s
		}
		s.sent++
		if m.Options&tribes.ByteMessage == 0 && !javaser.IsStream(m.Message) {
			s.sealed++
		}
		// The smallest delay on the way is nearest to the truth.
		s.ahead = max(s.ahead, time.UnixMilli(m.Timestamp).Sub(m.Received))
	})
	return up(ctx, m)
}

func (w *wire) note(m *channel.Message) {
	begin := m.Message[:min(head, len(m.Message))]
	var seen *sighting
	var delta []byte
	switch {
	case session.IsMessage(begin):
		if sm, err := session.ParseMessage(m.Message); err == nil {
			seen = &sighting{at: m.Received, sender: m.Address.ID, event: sm.Event, context: sm.Context, id: sessionID(sm.SessionID)}
			if sm.Event == session.SessionDelta && len(sm.Data) < mostCopied {
				delta = bytes.Clone(sm.Data)
			}
			if sm.Event == session.AllSessionData {
				sought := w.seeks()
				seen.holds = sought != "" && bytes.Contains(sm.Data, []byte(sought))
			}
		}
	}
	if seen == nil {
		return
	}
	w.update(func() {
		w.sightings = append(w.sightings, *seen)
		if over := len(w.sightings) - mostSightings; over > 0 {
			w.sightings = append([]sighting(nil), w.sightings[over:]...)
		}
		if delta != nil && seen.id.base() == w.copying && len(w.copied) < mostCopies {
			w.copied = append(w.copied, delta)
		}
	})
}

// seeks is the session that is looked for in what others send us of theirs.
func (w *wire) seeks() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sought
}

// mark is the place in the events up to now.
func (w *wire) mark() int {
	if w == nil {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.events)
}

// members are those that are heard, by their state in the table.
func (w *wire) members() []membership.Info { return w.node.Members() }

// ofNode returns the members that may be a node: those at its addresses.
func (w *wire) ofNode(t *node) []membership.Info {
	var out []membership.Info
	for _, m := range w.members() {
		if t.id != (tribes.UniqueID{}) && m.Member.ID == t.id {
			return []membership.Info{m}
		}
		if a, ok := m.Member.Addr(); ok && t.at(a.Unmap()) || t.at(m.Source.Addr().Unmap()) {
			out = append(out, m)
		}
	}
	return out
}

// missed waits until the member that node i was is given up.
func (w *wire) missed(ctx context.Context, t *node, mark int, within time.Duration, detail map[string]any) error {
	if w == nil {
		return nil
	}
	e, ok := w.event(ctx, mark, within, membership.Disappeared, t)
	if !ok {
		if len(w.ofNode(t)) == 0 {
			return nil // it was never heard
		}
		return fmt.Errorf("%s answers no more, and %s later it is still a member: its heartbeats go on, or its receiver still takes connections", t.name, within.Round(time.Second))
	}
	detail["reason"] = string(e.Reason)
	detail["silent_ms"] = e.Silent.Milliseconds()
	return nil
}

// returned waits until node t is a member again.
func (w *wire) returned(ctx context.Context, t *node, mark int, within time.Duration, detail map[string]any) error {
	if w == nil {
		return nil
	}
	began := time.Now()
	e, ok := w.event(ctx, mark, within, membership.Added, t)
	if !ok {
		return fmt.Errorf("%s serves, and %s later no heartbeat of it has come", t.name, within.Round(time.Second))
	}
	t.id = e.Member.ID
	detail["member_ms"] = max(0, time.Since(began).Milliseconds())
	return nil
}

func (w *wire) event(ctx context.Context, mark int, within time.Duration, kind membership.Kind, t *node) (e membership.Event, ok bool) {
	ok = w.until(ctx, within, func() bool {
		for ; mark < len(w.events); mark++ {
			e = w.events[mark]
			a, _ := e.Member.Addr()
			same := e.Member.ID == t.id
			if t.id == (tribes.UniqueID{}) || kind == membership.Added {
				same = t.at(a.Unmap())
			}
			if e.Kind == kind && same {
				return true
			}
		}
		return false
	})
	return e, ok
}

// session waits until messages about a session have come, and returns them.
func (w *wire) session(ctx context.Context, base string, within time.Duration, events ...session.Event) (seen []sighting, ok bool) {
	ok = w.until(ctx, within, func() bool {
		seen = seen[:0]
		want := len(events)
		for _, s := range w.sightings {
			if s.id.base() != base {
				continue
			}
			seen = append(seen, s)
			for _, e := range events {
				if s.event == e {
					want--
					break
				}
			}
		}
		return want <= 0
	})
	return seen, ok
}
