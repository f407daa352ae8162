package replicatedmap

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"muster/tribes"
	"muster/tribes/javaser"
	"muster/tribes/session"
)

// network is a channel in memory: every message is written and read, as on the
// wire.
type network struct {
	t     *testing.T
	mu    sync.Mutex
	nodes map[string]*testNode // by name, those that are up
	sent  []string             // "A>B BACKUP", in order
}

// testNode is a node of it.
type testNode struct {
	*Sessions
	net    *network
	name   string
	record tribes.Member
	cancel context.CancelFunc
	ended  chan struct{}
}

func newNetwork(t *testing.T) *network { return &network{t: t, nodes: map[string]*testNode{}} }

// join adds a node that runs, and starts its map.
func (w *network) join(name string) *testNode {
	w.t.Helper()
	n := w.add(name, Config{})
	if _, err := n.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *network) add(name string, cfg Config) *testNode {
	n := &testNode{net: w, name: name, record: tribes.Member{
		Host: netip.AddrFrom4([4]byte{10, 0, 0, name[0]}).AsSlice(), Port: 4000, SecurePort: -1, UDPPort: -1, ID: tribes.UniqueID{15: name[0]},
	}, ended: make(chan struct{})}
	n.Sessions = NewSessions(n, session.NewStore(session.StoreConfig{Context: "localhost#/app"}), cfg)
	w.mu.Lock()
	w.nodes[name] = n
	w.mu.Unlock()
	ctx, cancel := context.WithCancel(w.t.Context())
	n.cancel = cancel
	go func() {
		defer close(n.ended)
		n.Run(ctx)
	}()
	w.t.Cleanup(func() { cancel(); <-n.ended })
	return n
}

// kill takes a node off the network at once.
func (w *network) kill(name string) {
	w.mu.Lock()
	n := w.nodes[name]
	delete(w.nodes, name)
	w.mu.Unlock()
	n.cancel()
	<-n.ended
	for _, other := range w.up() {
		other.MemberGone(&n.record)
	}
}

func (w *network) up() (all []*testNode) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.nodes {
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b *testNode) int { return int(a.name[0]) - int(b.name[0]) })
	return all
}

func (w *network) of(m *tribes.Member) *testNode {
	for _, n := range w.up() {
		if n.record.Same(m) {
			return n
		}
	}
	return nil
}

func (w *network) note(from, to string, m *session.MapMessage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, fmt.Sprintf("%s>%s %s", from, to, m.Type))
}

// take are the messages since the last call; those of each moment sorted by the
// caller where their order is not fixed.
func (w *network) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.sent
	w.sent = nil
	return s
}

func (n *testNode) Local() tribes.Member { return n.record.Clone() }

func (n *testNode) Members() (all []tribes.Member) {
	for _, o := range n.net.up() {
		if o != n {
			all = append(all, o.record.Clone())
		}
	}
	return all
}

var errDown = errors.New("connection refused")

func (n *testNode) Send(_ context.Context, to *tribes.Member, _ tribes.Options, b []byte) error {
	o := n.net.of(to)
	if o == nil {
		return errDown
	}
	v, err := session.Parse(b, javaser.Limits{})
	if err != nil {
		return err
	}
	m := v.(*session.MapMessage)
	n.net.note(n.name, o.name, m)
	if !o.Serves() {
		return nil
	}
	return o.HandleMessage(m)
}

func (n *testNode) Ask(_ context.Context, to []tribes.Member, _ tribes.Options, _ time.Duration, id []byte, m *session.MapMessage) (replies []Reply, err error) {
	b, err := m.Append(nil)
	if err != nil {
		return nil, err
	}
	for i := range to {
		o := n.net.of(&to[i])
		if o == nil {
			err = errDown
			continue
		}
		v, perr := session.Parse(b, javaser.Limits{})
		if perr != nil {
			return nil, perr
		}
		req := v.(*session.MapMessage)
		n.net.note(n.name, o.name, req)
		if !req.Is(o.ID()) || string(id) != string(o.ID()) {
			return nil, fmt.Errorf("asked for the map %q", id)
		}
		if !o.Serves() {
			continue // NoRpcChannelReply
		}
		answer, aerr := o.Answer(req, &n.record)
		if aerr != nil {
			return nil, aerr
		}
		if answer != nil {
			// A reply travels as bytes too.
			ab, werr := answer.Append(nil)
			if werr != nil {
				return nil, werr
			}
			if v, perr = session.Parse(ab, javaser.Limits{}); perr != nil {
				return nil, perr
			}
			answer = v.(*session.MapMessage)
		}
		replies = append(replies, Reply{From: to[i], Message: answer})
	}
	return replies, err
}
