package ping

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
)

// SweepRow is what a sweep found of one responder.
type SweepRow struct {
	Addr netip.Addr
	ID   uint64
	// Reached: TTL sweep: the smallest TTL that got an answer. Size sweep: the
	// largest size that did.
	Reached int
	// Failed: the nearest value beyond Reached that was tried without an answer;
	// -1 where none was.
	Failed int
	// Answered is how many of the probes with the value Reached were answered.
	Answered int
	Hops     int // as in Row
}

// SweepResult is the outcome of a sweep.
type SweepResult struct {
	Rows []SweepRow
	// TooBig is the smallest size that this host itself refused to send, and why;
	// 0 where it sent all.
	TooBig    int
	TooBigErr error
	*Result
}

// SweepTTL asks with TTL 1, 2, ... to, o.Count probes each, and finds for each
// responder the smallest that reaches it. It closes the link.
func SweepTTL(ctx context.Context, link Link, o Options, to int) (*SweepResult, error) {
	s := newSweep(link, o, func(a, b int) bool { return a < b })
	defer s.run.stop()
	n := max(o.Count, 1)
	interrupted := s.run.probe(ctx, n*to, func(seq uint32) []Probe {
		ttl := int(seq)/n + 1
		s.values = append(s.values, ttl)
		return []Probe{{Seq: seq, TTL: ttl, Size: o.Size, Wait: o.Spread}}
	})
	s.run.drain(ctx)
	return s.finish(ctx, interrupted)
}

// SweepSize finds for each responder the largest size from lo to hi that it
// answers, by halving what is between the largest that passed and the smallest
// that did not; each size is asked o.Count times. It closes the link.
func SweepSize(ctx context.Context, link Link, o Options, lo, hi int) (*SweepResult, error) {
	s := newSweep(link, o, func(a, b int) bool { return a > b })
	defer s.run.stop()
	s.run.sizes = true
	sizes := []int{lo, hi}
	tried := map[int]bool{}
	interrupted := false
	for len(sizes) > 0 && !interrupted && ctx.Err() == nil {
		for _, size := range sizes {
			tried[size] = true
		}
		interrupted = s.round(ctx, sizes)
		sizes = s.between(lo, hi, tried)
	}
	res, err := s.finish(ctx, interrupted)
	if res != nil {
		for size := range tried {
			for i := range res.Rows {
				row := &res.Rows[i]
				if size > row.Reached && (row.Failed < 0 || size < row.Failed) {
					row.Failed = size
				}
			}
		}
	}
	return res, err
}

// sweep gathers for each responder the best value that was answered.
type sweep struct {
	run    *run
	better func(a, b int) bool
	values []int // by sequence number; the sender's

	// The rest is guarded by run.mu.
	best map[rowKey]*SweepRow
}

func newSweep(link Link, o Options, better func(a, b int) bool) *sweep {
	s := &sweep{better: better, best: map[rowKey]*SweepRow{}}
	s.run = newRun(link, o)
	return s
}

// round asks with each size o.Count times and waits for the answers.
func (s *sweep) round(ctx context.Context, sizes []int) (interrupted bool) {
	n := max(s.run.o.Count, 1)
	i := 0
	interrupted = s.run.probe(ctx, n*len(sizes), func(seq uint32) []Probe {
		size := sizes[i/n]
		i++
		s.values = append(s.values, size)
		return []Probe{{Seq: seq, TTL: s.run.o.TTL, Size: size, Wait: s.run.o.Spread}}
	})
	s.run.drain(ctx)
	return interrupted
}

// between returns the sizes to try next: the middle of each responder's gap.
func (s *sweep) between(lo, hi int, tried map[int]bool) []int {
	s.collect()
	var out []int
	for _, row := range s.best {
		fail := hi + 1
		for size := range tried {
			if size > row.Reached && size < fail {
				fail = size
			}
		}
		if mid := (row.Reached + fail) / 2; mid > row.Reached && mid < fail && !tried[mid] && !slices.Contains(out, mid) {
			out = append(out, mid)
		}
	}
	slices.Sort(out)
	return out
}

// collect reads off who answered which value: a window knows it of every probe.
func (s *sweep) collect() {
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	for k, w := range s.run.tracker.rows {
		row := s.best[k]
		if row == nil {
			row = &SweepRow{Addr: k.addr, ID: k.id, Failed: -1}
			s.best[k] = row
		}
		row.Hops = w.hops
		answered := map[int]int{}
		for seq, v := range s.values {
			if w.group.window.has(uint32(seq)) {
				answered[v]++
				if row.Reached == 0 || s.better(v, row.Reached) {
					row.Reached = v
				}
			}
		}
		row.Answered = answered[row.Reached]
	}
}

func (s *sweep) finish(ctx context.Context, interrupted bool) (*SweepResult, error) {
	res, err := s.run.result(ctx, interrupted)
	s.collect()
	out := &SweepResult{Result: res}
	for _, row := range s.best {
		out.Rows = append(out.Rows, *row)
	}
	slices.SortFunc(out.Rows, func(a, b SweepRow) int {
		return cmp.Or(a.Addr.Compare(b.Addr), cmp.Compare(a.ID, b.ID))
	})
	out.TooBig, out.TooBigErr = s.run.tooBig, s.run.tooBigErr
	if len(out.Rows) > 0 {
		err = nil // some sizes could not be sent: that is part of the answer
	}
	return out, err
}
