package stage

import (
	"container/list"
	"context"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"muster/tribes"
	"muster/tribes/cluster/channel"
	"muster/tribes/interceptor"
)

// Order is OrderInterceptor: a counter for each destination, and delivery by the
// counters of each sender.
type Order struct {
	mu      sync.Mutex
	out     map[netip.AddrPort]*int32
	in      map[key]*list.Element // of *sequence
	recent  list.List             // the one heard last in front
	flag    tribes.Options
	dropped atomic.Uint64
}

// sequence is what comes from one sender.
type sequence struct {
	key key

	mu    sync.Mutex // held while messages are delivered: that is the order
	order *interceptor.Orderer[*channel.Message]
}

const (
	// mostSequences is how many senders are put in order at once; beyond it the
	// one that was silent for longest begins anew.
	mostSequences = 1024
	// mostWaiting is how many messages of a sender wait behind a gap.
	mostWaiting = 512
)

// NewOrder waits for a gap as long as Tomcat does, 3 s. Messages without the bits
// of flag (optionFlag) are left alone.
func NewOrder(flag tribes.Options) *Order {
	return &Order{flag: flag, out: map[netip.AddrPort]*int32{}, in: map[key]*list.Element{}}
}

// Send sends to each member by itself, each with its own counter.
func (o *Order) Send(ctx context.Context, m *channel.Outgoing, down channel.Next) {
	if !acts(o.flag, m.Options) {
		down(ctx, m)
		return
	}
	var wg sync.WaitGroup
	for i, d := range m.To {
		out := *m
		out.To = m.To[i : i+1]
		out.Message = interceptor.AppendOrder(m.Message, o.next(d.Addr))
		if i == len(m.To)-1 {
			down(ctx, &out)
		} else {
			wg.Go(func() { down(ctx, &out) })
		}
	}
	wg.Wait()
}

func (o *Order) next(to netip.AddrPort) int32 {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := o.out[to]
	if n == nil {
		n = new(int32)
		o.out[to] = n
	}
	*n++
	return *n
}

// Receive hands up what is due, this message or those that it held back.
func (o *Order) Receive(ctx context.Context, m *channel.Message, up channel.HandlerFunc) error {
	if !acts(o.flag, m.Options) {
		return up(ctx, m)
	}
	message, counter, err := interceptor.ParseOrder(m.Message)
	if err != nil {
		return err
	}
	m.Message = message
	s := o.sequence(keyOf(&m.Address))
	s.mu.Lock()
	defer s.mu.Unlock()
	if counter != s.order.Awaits() {
		m = m.Clone() // it may be held, and its bytes are the connection's
	}
	due, old := s.order.Add(counter, m, m.Received)
	if old {
		o.dropped.Add(1)
	}
	var errs error
	for _, d := range due {
		if err := up(ctx, d); err != nil {
			errs = errors.Join(errs, err)
		}
	}
	return errs
}

func (o *Order) sequence(k key) *sequence {
	o.mu.Lock()
	defer o.mu.Unlock()
	if e := o.in[k]; e != nil {
		o.recent.MoveToFront(e)
		return e.Value.(*sequence)
	}
	if len(o.in) >= mostSequences {
		last := o.recent.Back()
		delete(o.in, o.recent.Remove(last).(*sequence).key)
	}
	s := &sequence{key: k, order: interceptor.NewOrderer[*channel.Message]()}
	s.order.Max = mostWaiting
	o.in[k] = o.recent.PushFront(s)
	return s
}

// Tick hands up what waited behind a gap for too long. A Tomcat does that when
// the next message arrives.
func (o *Order) Tick(ctx context.Context, now time.Time, up channel.HandlerFunc, _ channel.Next) {
	o.mu.Lock()
	all := make([]*sequence, 0, len(o.in))
	for e := o.recent.Front(); e != nil; e = e.Next() {
		all = append(all, e.Value.(*sequence))
	}
	o.mu.Unlock()
	for _, s := range all {
		s.mu.Lock()
		for _, m := range s.order.Due(now) {
			_ = up(ctx, m) // counted and told by the handler's end; nobody waits for it here
		}
		s.mu.Unlock()
	}
}

// Forget begins both counters of a member anew, as when it disappears.
func (o *Order) Forget(m *tribes.Member) {
	o.mu.Lock()
	defer o.mu.Unlock()
	k := keyOf(m)
	delete(o.out, k.addr)
	if e := o.in[k]; e != nil {
		o.recent.Remove(e)
		delete(o.in, k)
	}
}

// Dropped is how many messages came twice or too late.
func (o *Order) Dropped() uint64 { return o.dropped.Load() }
