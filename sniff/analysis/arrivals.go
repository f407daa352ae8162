package analysis

import (
	"slices"
	"time"
)

// arrivals measures what comes at regular intervals and carries no time of its own,
// such as queries: the median of the gaps is the interval.
type arrivals struct {
	count  uint64
	last   int64
	gaps   [32]int64 // the latest, in ns
	next   int
	filled int
}

// add counts one.
func (b *arrivals) add(now int64) {
	b.count++
	gap := now - b.last
	b.last = now
	if b.count == 1 || gap < 0 {
		return // the first, or the capture's clock was set back
	}
	b.gaps[b.next] = gap
	b.next = (b.next + 1) % len(b.gaps)
	b.filled = min(b.filled+1, len(b.gaps))
}

// Interval is the usual time between two, 0 while unknown.
func (b *arrivals) Interval() time.Duration {
	if b.filled == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(b.gaps[:b.filled]))
	return time.Duration(sorted[len(sorted)/2])
}
