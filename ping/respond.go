package ping

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Request is one datagram that a Responder got.
type Request struct {
	Data    []byte // valid until the next Read
	From    netip.AddrPort
	TTL     int   // as it arrived; -1 unknown
	At      int64 // when the kernel received it, Unix ns
	Unicast bool  // sent to this host, not to the group
}

// Inbox is where requests come from. After Close, Read returns net.ErrClosed.
type Inbox interface {
	Read(rs []Request) (int, error)
	Close() error
}

// Outbox is where replies go to.
type Outbox interface {
	Send(p []byte, to netip.AddrPort) error
}

const (
	// maxWaiting replies may wait for their moment; requests beyond are not
	// answered.
	maxWaiting = 1 << 16
	// maxReplyRate bounds the answers in a second: twice what a pinger at its
	// fastest asks, and no more than that for whoever forges requests.
	maxReplyRate = 20_000
	maxAskers    = 1024
)

// Responder answers muster's own echo by unicast, each request after a random
// time no longer than it allows. The answer says how long it waited.
type Responder struct {
	ID uint64 // of this process, in its answers

	// Asked is told of everybody who asks for the first time; it may be nil.
	Asked func(from netip.Addr)

	mu      sync.Mutex
	out     Outbox
	queue   waiting
	wake    chan struct{}
	counts  RespondCounts
	askers  map[netip.Addr]bool
	second  int64 // the current one, for the rate
	replies int   // in it
}

// RespondCounts is what a Responder did.
type RespondCounts struct {
	Requests uint64 `json:"requests"`
	Answered uint64 `json:"answered"`
	Invalid  uint64 `json:"invalid"` // no requests of muster's
	Refused  uint64 `json:"refused"` // more than it answers in a second, or keeps waiting
	Failed   uint64 `json:"failed"`  // answers that could not be sent
	Askers   int    `json:"askers"`
}

// NewResponder returns a Responder that sends its answers through out.
func NewResponder(out Outbox) *Responder {
	return &Responder{ID: rand.Uint64() | 1, out: out, wake: make(chan struct{}, 1), askers: map[netip.Addr]bool{}}
}

// Run answers what comes from the inboxes until ctx ends, and closes them.
func (r *Responder) Run(ctx context.Context, inboxes ...Inbox) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for _, in := range inboxes {
		all.Go(func() {
			if err := r.read(in); err != nil {
				cancel(err)
			}
		})
	}
	all.Go(func() { r.sendWaiting(ctx) })
	<-ctx.Done()
	for _, in := range inboxes {
		in.Close()
	}
	all.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// Counts is what was done so far.
func (r *Responder) Counts() RespondCounts {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.counts
	c.Askers = len(r.askers)
	return c
}

func (r *Responder) read(in Inbox) error {
	requests := make([]Request, 64)
	for failures := 0; ; {
		n, err := in.Read(requests)
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil:
			if failures++; failures == maxProblems {
				return err
			}
			continue
		}
		failures = 0
		for _, q := range requests[:n] {
			r.request(q, time.Now())
		}
	}
}

func (r *Responder) request(q Request, now time.Time) {
	e, err := ParseEcho(q.Data)
	ok := err == nil && e.Kind == EchoRequest && e.Unicast == q.Unicast &&
		q.From.Port() != 0 && !q.From.Addr().IsMulticast() && !q.From.Addr().IsUnspecified()
	r.mu.Lock()
	if !ok {
		r.counts.Invalid++
		r.mu.Unlock()
		return
	}
	r.counts.Requests++
	order := max(uint32(r.counts.Requests), 1) // 0 would mean unknown
	fresh := !r.askers[q.From.Addr()] && len(r.askers) < maxAskers
	if fresh {
		r.askers[q.From.Addr()] = true
	}
	if s := now.Unix(); s != r.second {
		r.second, r.replies = s, 0
	}
	r.replies++
	refused := r.replies > maxReplyRate || len(r.queue) >= maxWaiting
	if refused {
		r.counts.Refused++
	}
	r.mu.Unlock()
	if fresh && r.Asked != nil {
		r.Asked(q.From.Addr())
	}
	if refused {
		return
	}
	w := reply{
		to: q.From, at: now,
		before: max(time.Duration(now.UnixNano()-q.At), 0),
		echo: Echo{
			Kind: EchoReply, Unicast: e.Unicast, SentTTL: e.TTL, Size: len(q.Data),
			Session: e.Session, Seq: e.Seq, Order: order, Responder: r.ID,
		},
	}
	if q.TTL > 0 {
		w.echo.TTL = uint8(min(q.TTL, 255))
	}
	if w.before > time.Second { // no packet waits a second to be read: the clock was set
		w.before = 0
	}
	if e.Spread <= 0 {
		r.answer(w)
		return
	}
	w.due = now.Add(rand.N(min(e.Spread, MaxSpread)))
	r.mu.Lock()
	first := r.queue.push(w)
	r.mu.Unlock()
	if first {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
}

// answer sends w now, with how long it was held.
func (r *Responder) answer(w reply) {
	var buf [EchoLen]byte
	w.echo.Held = min(w.before+time.Since(w.at), 2*MaxSpread)
	err := r.out.Send(w.echo.AppendTo(buf[:0]), w.to)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.counts.Failed++
	} else {
		r.counts.Answered++
	}
}

// sendWaiting sends the answers at their moments.
func (r *Responder) sendWaiting(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		r.mu.Lock()
		now := time.Now()
		var due []reply
		for len(r.queue) > 0 && !r.queue[0].due.After(now) && len(due) < 64 {
			due = append(due, r.queue.pop())
		}
		wait := time.Hour
		if len(r.queue) > 0 {
			wait = time.Until(r.queue[0].due)
		}
		r.mu.Unlock()
		for _, w := range due {
			r.answer(w)
		}
		if len(due) > 0 {
			continue
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-r.wake:
		}
	}
}
