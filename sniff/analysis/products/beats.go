package products

import (
	"slices"
	"time"
)

// beats measures what comes at regular intervals.
type beats struct {
	count   uint64
	last    int64
	gaps    [keptGaps]int64
	longest int64
}

const keptGaps = 32

func (b *beats) add(now int64) {
	if b.count > 0 && now > b.last {
		gap := now - b.last
		b.gaps[(b.count-1)%keptGaps] = gap
		b.longest = max(b.longest, gap)
	}
	b.count++
	b.last = max(b.last, now)
}

// Interval is the usual time between two, 0 where fewer than three came.
func (b *beats) Interval() time.Duration {
	if b.count < 3 {
		return 0
	}
	kept := slices.Clone(b.gaps[:min(b.count-1, keptGaps)])
	slices.Sort(kept)
	return time.Duration(kept[len(kept)/2])
}

// Longest is the longest time between two, 0 where fewer than two came.
func (b *beats) Longest() time.Duration { return time.Duration(b.longest) }

// span is a stretch of time in which something went on, and how often.
type span struct {
	first, last int64
	count       int
}

func (s *span) add(now int64) {
	if s.count == 0 {
		s.first = now
	}
	s.last = max(s.last, now)
	s.count++
}

// overlap is how long both went on at the same time.
func (s span) overlap(o span) time.Duration {
	return time.Duration(min(s.last, o.last) - max(s.first, o.first))
}
