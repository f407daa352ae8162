package ping

import (
	"context"
	"errors"
	"math"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"muster/ping/internal/sock"
)

// Run sends the probes and returns the account. It closes the link. The error is
// nil when at least one probe could be sent; an interrupted run has a result too.
func Run(ctx context.Context, link Link, o Options) (*Result, error) {
	r := newRun(link, o)
	defer r.stop()
	interrupted := r.probe(ctx, r.o.Count, func(seq uint32) []Probe {
		return []Probe{{Seq: seq, TTL: r.o.TTL, Size: r.o.Size, Wait: r.o.Spread}}
	})
	r.drain(ctx)
	return r.result(ctx, interrupted)
}

// run is one run: a goroutine that reads, and the caller's, which sends.
type run struct {
	link  Link
	o     Options
	begin time.Time

	mu       sync.Mutex
	tracker  *Tracker
	hosts    []netip.Addr // asked by unicast
	failed   uint64
	last     error
	jumps    []time.Duration
	readFail error

	sizes     bool // a sweep of sizes: that some are too large is its answer
	tooBig    int  // the smallest probe that this host refused for its size; the sender's
	tooBigErr error

	next   uint32       // sequence number
	heard  atomic.Int64 // ns since begin of the latest answer counted
	news   chan struct{}
	reader sync.WaitGroup
}

func newRun(link Link, o Options) *run {
	if o.Interval <= 0 {
		o.Interval = time.Second
	}
	if o.Idle <= 0 {
		o.Idle = time.Second
	}
	if o.TTL == 0 {
		o.TTL = -1
	}
	now := time.Now()
	r := &run{link: link, o: o, begin: now, tracker: NewTracker(now), hosts: o.Hosts, news: make(chan struct{}, 1)}
	r.reader.Go(r.read)
	return r
}

// stop ends the reader; what it had not read by then is nobody's.
func (r *run) stop() {
	r.link.Close()
	r.reader.Wait()
}

func (r *run) read() {
	answers := make([]Answer, 256)
	failures := 0
	for {
		n, err := r.link.Read(answers)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if failures++; failures == maxProblems { // a socket that is broken for good
				r.mu.Lock()
				r.readFail = err
				r.mu.Unlock()
				r.problem(err)
				return
			}
			continue
		}
		failures = 0
		r.take(answers[:n])
	}
}

func (r *run) take(answers []Answer) {
	now := time.Now()
	var replies []Reply
	if r.o.OnReply != nil {
		replies = make([]Reply, 0, len(answers))
	}
	counted := false
	r.mu.Lock()
	r.link.Stamps(r.tracker.Stamped)
	for _, a := range answers {
		had := r.tracker.Len()
		v, rtt := r.tracker.Take(a, now)
		first := r.tracker.Len() > had
		counted = counted || v == Counted
		if first && r.o.Both && !contains(r.hosts, a.From) {
			r.hosts = append(r.hosts, a.From)
		}
		if r.o.OnReply != nil {
			replies = append(replies, Reply{a, v, rtt, first})
		}
	}
	r.mu.Unlock()
	for _, reply := range replies {
		r.o.OnReply(reply)
	}
	if counted {
		r.heard.Store(int64(now.Sub(r.begin)))
		select {
		case r.news <- struct{}{}:
		default:
		}
	}
}

func contains(in []netip.Addr, a netip.Addr) bool {
	for _, x := range in {
		if x == a {
			return true
		}
	}
	return false
}

func (r *run) problem(err error) {
	if r.o.OnProblem != nil {
		r.o.OnProblem(err)
	}
}

// probe sends n probes (0: no end), one each interval; when the process gets the
// processor late, those that are due go out at once. It returns true when ctx
// ended first.
func (r *run) probe(ctx context.Context, n int, questions func(seq uint32) []Probe) (interrupted bool) {
	clock := newClock()
	start := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i := 0; n == 0 || i < n; i++ {
		if wait := time.Until(start.Add(time.Duration(i) * r.o.Interval)); wait > 0 {
			timer.Reset(wait)
			select {
			case <-ctx.Done():
				return true
			case <-timer.C:
			}
		} else if ctx.Err() != nil {
			return true
		}
		if by := clock.jumped(); by != 0 {
			r.jumped(by)
		}
		if r.next == math.MaxUint32 {
			return false
		}
		for _, p := range questions(r.next) {
			r.send(p)
		}
		for _, h := range r.targets() {
			r.send(Probe{Seq: r.next, Host: h, Size: r.o.Size, TTL: -1, Wait: r.o.Spread})
		}
		r.next++
	}
	return false
}

func (r *run) targets() []netip.Addr {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hosts[:len(r.hosts):len(r.hosts)]
}

// send notes the probe before it leaves, so that no answer can be too early.
func (r *run) send(p Probe) {
	r.mu.Lock()
	r.tracker.Sent(p.Seq, p.Host, time.Now())
	r.mu.Unlock()
	err := r.link.Send(p)
	if err == nil {
		return
	}
	r.mu.Lock()
	r.tracker.Unsent(p.Seq, p.Host)
	if sock.TooBig(err) {
		if r.tooBig == 0 || p.Size < r.tooBig {
			r.tooBig, r.tooBigErr = p.Size, err
		}
	}
	r.failed++
	r.last = err
	tell := r.failed <= maxProblems && !(r.sizes && sock.TooBig(err))
	r.mu.Unlock()
	if tell {
		r.problem(err)
	}
}

func (r *run) jumped(by time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tracker.Jumped()
	if len(r.jumps) < maxProblems {
		r.jumps = append(r.jumps, by)
	}
}

// drain waits until nothing came for the idle time, counted from now or from the
// latest answer, or until there is enough.
func (r *run) drain(ctx context.Context) {
	from := time.Now()
	for {
		if r.o.Enough != nil && r.o.Enough(r.rows()) {
			return
		}
		since := from
		if at := r.begin.Add(time.Duration(r.heard.Load())); at.After(since) {
			since = at
		}
		wait := time.Until(since.Add(r.o.Idle))
		if wait <= 0 {
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		case <-r.news:
			timer.Stop()
		}
	}
}

// rows are the account as if nothing came any more.
func (r *run) rows() []Row {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tracker.Rows(time.Now())
}

func (r *run) result(ctx context.Context, interrupted bool) (*Result, error) {
	drops := r.link.Drops()
	r.stop()
	giveUp := time.Now()
	if ctx.Err() != nil {
		giveUp = giveUp.Add(-r.o.Idle) // what was sent since may still be answered
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	res := &Result{
		Responders: r.tracker.Rows(giveUp), Sent: r.tracker.Sends(), Failed: r.failed, LastError: r.last,
		Strays: r.tracker.Strays(), Drops: drops, ClockJumps: r.jumps, Interrupted: interrupted, Took: time.Since(r.begin),
	}
	switch {
	case r.readFail != nil:
		return res, r.readFail
	case res.Sent == 0 && r.last != nil:
		return res, r.last
	}
	return res, nil
}
