package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"muster/tribes"
	"muster/tribes/cluster/channel"
	"muster/tribes/javaser"
	"muster/tribes/session"
)

// Collect is how many answers a Call waits for (T/group/RpcChannel).
type Collect int

const (
	FirstReply    Collect = 1
	MajorityReply Collect = 2 // of half of those asked, as Tomcat counts it
	AllReply      Collect = 3
	NoReply       Collect = 4
)

// Request is a question to a member, or to several.
type Request struct {
	ID      []byte // names what serves it: a map, a static membership
	Message javaser.Value
	Options tribes.Options // SynchronizedAck is taken out, as in Tomcat
	Collect Collect
	Timeout time.Duration // 0 waits as long as ctx
}

// Reply is the answer of one member.
type Reply struct {
	Member tribes.Member
	// None: nobody serves the request there (NoRpcChannelReply). Such a member is
	// not waited for, and does not count as an answer.
	None    bool
	Message javaser.Value
	Took    time.Duration
}

// ErrNoReply is in the tree of an error about members of which too few answered
// in time.
var ErrNoReply = errors.New("not answered in time")

// Call asks members and collects their answers: the first, half of them, or all.
// It returns what came, and an error where that is less than asked for: members
// that could not be asked, and those that did not answer.
func (n *Node) Call(ctx context.Context, to []tribes.Member, r Request) ([]Reply, error) {
	uuid := tribes.NewUniqueID()
	rpc := session.RPC{UUID: uuid[:], ID: r.ID, Message: r.Message}
	payload, err := rpc.Append(nil)
	if err != nil {
		return nil, err
	}
	if r.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.Timeout)
		defer cancel()
	}
	c := &call{asked: to, replies: make(chan Reply, len(to)), began: time.Now()}
	if r.Collect != NoReply {
		n.calls.add(string(uuid[:]), c)
		defer n.calls.remove(string(uuid[:]))
	}
	var failed []error
	for _, d := range n.SendAll(ctx, to, r.Options&^(tribes.SynchronizedAck|tribes.ByteMessage), payload) {
		if d.Err != nil {
			failed = append(failed, fmt.Errorf("asking %s: %w", d.Addr, d.Err))
		}
	}
	var got []Reply
	answers, due := 0, len(to)-len(failed)
	for r.Collect != NoReply && due > 0 && !r.Collect.enough(answers, due) {
		select {
		case a := <-c.replies:
			got = append(got, a)
			if a.None {
				due--
			} else {
				answers++
			}
		case <-ctx.Done():
			return got, errors.Join(append(failed, fmt.Errorf("%d of %d members: %w", due-answers, len(to), ErrNoReply))...)
		}
	}
	if r.Collect == FirstReply && answers > 0 {
		return got, nil
	}
	return got, errors.Join(failed...)
}

// enough: Tomcat counts half as a majority.
func (c Collect) enough(answers, due int) bool {
	switch c {
	case AllReply:
		return answers >= due
	case MajorityReply:
		return 2*answers >= due
	}
	return answers > 0
}

// call is a request whose answers are awaited.
type call struct {
	asked   []tribes.Member
	replies chan Reply
	began   time.Time

	mu       sync.Mutex
	answered map[tribes.UniqueID]bool
}

// calls take the answers out of what arrives, and leave the rest to the handler.
type calls struct {
	rest channel.Handler

	waited atomic.Int32 // how many are open
	mu     sync.Mutex
	open   map[string]*call
}

func (c *calls) add(uuid string, one *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = map[string]*call{}
	}
	c.open[uuid] = one
	c.waited.Add(1)
}

func (c *calls) remove(uuid string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, uuid)
	c.waited.Add(-1)
}

func (c *calls) waiting(uuid []byte) *call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open[string(uuid)]
}

// HandleMessage takes a message from the stack.
func (c *calls) HandleMessage(ctx context.Context, m *channel.Message) error {
	if c.waited.Load() > 0 && c.answer(m) {
		return nil
	}
	if c.rest == nil {
		return nil
	}
	return c.rest.HandleMessage(ctx, m)
}

// answer reports whether m is a reply that somebody waits for.
func (c *calls) answer(m *channel.Message) bool {
	if m.Options&tribes.ByteMessage != 0 || !bytes.Contains(m.Message[:min(head, len(m.Message))], []byte("RpcMessage")) {
		return false
	}
	v, err := session.Parse(bytes.Clone(m.Message), javaser.Limits{})
	if err != nil {
		return false
	}
	rpc, ok := v.(*session.RPC)
	if !ok || !rpc.Reply {
		return false
	}
	one := c.waiting(rpc.UUID)
	return one != nil && one.take(m, rpc)
}

// take keeps one answer of each member that was asked.
func (o *call) take(m *channel.Message, rpc *session.RPC) bool {
	for i := range o.asked {
		if !o.asked[i].Same(&m.Address) {
			continue
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.answered == nil {
			o.answered = map[tribes.UniqueID]bool{}
		}
		if o.answered[m.Address.ID] {
			return true
		}
		o.answered[m.Address.ID] = true
		o.replies <- Reply{Member: o.asked[i], None: rpc.NoChannel, Message: rpc.Message, Took: time.Since(o.began)}
		return true
	}
	return false
}
