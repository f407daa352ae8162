package ping

import "time"

// Series is the account of one way of asking one responder: by the group, or by
// unicast.
type Series struct {
	Sent       uint64
	Received   uint64 // probes answered, each once
	Lost       uint64 // probes sent, not answered, and not due any more
	InFlight   uint64 // probes that may still be answered; 0 at the end
	Duplicates uint64 // further answers to a probe that was answered
	Reordered  uint64 // probes that a younger one overtook on the way (ICMP: or their answers did)
	Late       uint64 // answers to probes given up long ago

	// Times of the round trip without the responder's wait. Jitter is the mean
	// difference between one answer's time and the next one's.
	Min, Avg, Max, P50, P90, P99, Jitter time.Duration

	// FirstSeq is the first probe that was answered, FirstAfter how long after
	// the first probe that was.
	FirstSeq   uint32
	FirstAfter time.Duration
}

// LossPercent is the share of the probes that are accounted for.
func (s Series) LossPercent() float64 {
	if s.Received+s.Lost == 0 {
		return 0
	}
	return 100 * float64(s.Lost) / float64(s.Received+s.Lost)
}

// series gathers a Series.
type series struct {
	window                                window
	received, duplicates, reordered, late uint64
	times                                 histogram
	min, max, last, sum, differences      time.Duration
	highest                               uint32 // of the probes answered
	order                                 uint32 // of highest's arrival
	firstSeq                              uint32
	firstAfter                            time.Duration
}

// answered takes the answer to seq. order grows from one arrival to the next,
// where the probes arrive if the responder tells it: its random wait, and how
// long its process was kept waiting, are no reordering.
func (s *series) answered(seq, order uint32, after time.Duration) (fresh bool) {
	if s.window.mark(seq) {
		s.duplicates++
		return false
	}
	if s.received == 0 {
		s.firstSeq, s.firstAfter = seq, after
	}
	s.received++
	switch {
	case s.received == 1 || seq > s.highest:
		s.highest, s.order = seq, order
	case int32(order-s.order) > 0: // the count may wrap
		s.reordered++
	}
	return true
}

func (s *series) time(rtt time.Duration) {
	if s.times.n == 0 {
		s.min = rtt
	} else {
		s.differences += (rtt - s.last).Abs()
	}
	s.min, s.max = min(s.min, rtt), max(s.max, rtt)
	s.sum += rtt
	s.last = rtt
	s.times.add(rtt)
}

// account closes the books: of sent probes, due is how many no answer is waited
// for any more.
func (s *series) account(sent, due uint64) Series {
	out := Series{
		Sent: sent, Received: s.received, Duplicates: s.duplicates, Reordered: s.reordered, Late: s.late,
		Min: s.min, Max: s.max, FirstSeq: s.firstSeq, FirstAfter: s.firstAfter,
	}
	if due > s.received {
		out.Lost = due - s.received
	}
	if used := s.received + out.Lost; sent > used {
		out.InFlight = sent - used
	}
	if n := s.times.n; n > 0 {
		out.Avg = s.sum / time.Duration(n)
		clamp := func(d time.Duration) time.Duration { return min(max(d, s.min), s.max) }
		out.P50, out.P90, out.P99 = clamp(s.times.quantile(0.5)), clamp(s.times.quantile(0.9)), clamp(s.times.quantile(0.99))
		if n > 1 {
			out.Jitter = s.differences / time.Duration(n-1)
		}
	}
	return out
}
