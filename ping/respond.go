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
	// SendSegments sends p as datagrams of size bytes each and returns how many
	// went out before the error.
	SendSegments(p []byte, size int, to netip.AddrPort) (sent int, err error)
}

const (
	// maxWaiting replies may wait for their moment; requests beyond are not
	// answered.
	maxWaiting = 1 << 16
	// maxReplyRate bounds the answers in a second: twice what a pinger at its
	// fastest asks, and no more than that for whoever forges requests.
	maxReplyRate = 20_000
	maxAskers    = 1024
	readBatch    = 64 // what is read, or answered, in one go
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
	latest  netip.Addr // who asked last: mostly there is one
	second  int64      // the current one, for the rate
	replies int        // in it
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
	requests := make([]Request, readBatch)
	var out sheaf
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
		r.requests(requests[:n], time.Now(), &out)
	}
}

// requests answers those that may not wait, and puts the others into the queue.
func (r *Responder) requests(qs []Request, now time.Time, out *sheaf) {
	var fresh []netip.Addr
	soonest := false
	r.mu.Lock()
	if s := now.Unix(); s != r.second {
		r.second, r.replies = s, 0
	}
	for _, q := range qs {
		e, err := ParseEcho(q.Data)
		if err != nil || e.Kind != EchoRequest || e.Unicast != q.Unicast ||
			q.From.Port() == 0 || q.From.Addr().IsMulticast() || q.From.Addr().IsUnspecified() {
			r.counts.Invalid++
			continue
		}
		r.counts.Requests++
		if a := q.From.Addr(); a != r.latest && !r.askers[a] && len(r.askers) < maxAskers {
			r.askers[a] = true
			fresh = append(fresh, a)
		}
		r.latest = q.From.Addr()
		if r.replies++; r.replies > maxReplyRate || len(r.queue) >= maxWaiting {
			r.counts.Refused++
			continue
		}
		w := r.reply(q, e, now)
		if e.Spread <= 0 {
			out.replies = append(out.replies, w)
			continue
		}
		w.due = now.Add(rand.N(min(e.Spread, MaxSpread)))
		soonest = r.queue.push(w) || soonest
	}
	r.mu.Unlock()
	if r.Asked != nil {
		for _, a := range fresh {
			r.Asked(a)
		}
	}
	if soonest {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
	r.answer(out)
}

// reply is the answer to q, which asks e. The lock is held.
func (r *Responder) reply(q Request, e Echo, now time.Time) reply {
	w := reply{
		to: q.From, at: now,
		before: max(time.Duration(now.UnixNano()-q.At), 0),
		echo: Echo{
			Kind: EchoReply, Unicast: e.Unicast, SentTTL: e.TTL, Size: len(q.Data),
			Session: e.Session, Seq: e.Seq, Responder: r.ID,
			Order: max(uint32(r.counts.Requests), 1), // 0 would mean unknown
		},
	}
	if q.TTL > 0 {
		w.echo.TTL = uint8(min(q.TTL, 255))
	}
	if w.before > time.Second { // no packet waits a second to be read: the clock was set
		w.before = 0
	}
	return w
}

// sheaf is answers that go out now.
type sheaf struct {
	replies []reply
	buf     []byte
}

// answer sends them, each with how long it was held, and empties the sheaf. Those
// to one asker leave together.
func (r *Responder) answer(out *sheaf) {
	var answered, failed uint64
	for rest := out.replies; len(rest) > 0; {
		to, n := rest[0].to, 0
		now := time.Now()
		out.buf = out.buf[:0]
		for ; n < len(rest) && rest[n].to == to; n++ {
			w := &rest[n]
			w.echo.Held = min(w.before+now.Sub(w.at), 2*MaxSpread)
			out.buf = w.echo.AppendTo(out.buf)
		}
		sent, err := r.out.SendSegments(out.buf, EchoLen, to)
		answered += uint64(sent)
		if err != nil {
			failed += uint64(n - sent)
		}
		rest = rest[n:]
	}
	out.replies = out.replies[:0]
	r.mu.Lock()
	r.counts.Answered += answered
	r.counts.Failed += failed
	r.mu.Unlock()
}

// sendWaiting sends the answers at their moments.
func (r *Responder) sendWaiting(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var out sheaf
	for {
		r.mu.Lock()
		now := time.Now()
		for len(r.queue) > 0 && !r.queue[0].due.After(now) && len(out.replies) < readBatch {
			out.replies = append(out.replies, r.queue.pop())
		}
		wait := time.Hour
		if len(r.queue) > 0 {
			wait = time.Until(r.queue[0].due)
		}
		r.mu.Unlock()
		if len(out.replies) > 0 {
			r.answer(&out)
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
