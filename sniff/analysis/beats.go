package analysis

import (
	"slices"
	"time"
)

// beats measures what comes at regular intervals: the usual one, how much it
// varies, and what is missing. A member's sender waits a fixed time between two
// heartbeats, so the median of the gaps is its frequency, whatever was lost.
type beats struct {
	count   uint64
	last    int64
	ring    [ringSize]uint32 // the latest gaps, in us
	sorted  [ringSize]uint32 // the same, in order
	next    int
	filled  int
	median  int64 // us, 0 while too few gaps are known
	lost    uint64
	Longest int64 // ns
	// LongestAt is when the longest gap ended.
	LongestAt int64
}

const (
	ringSize = 64
	// enough gaps make a median that losses do not move.
	enough = 4
)

// add counts a beat and returns the gap before it, 0 for the first.
func (b *beats) add(now int64) int64 {
	b.count++
	if b.count == 1 {
		b.last = now
		return 0
	}
	gap := now - b.last
	b.last = now
	if gap < 0 {
		return 0 // the capture's clock was set back
	}
	if gap > b.Longest {
		b.Longest, b.LongestAt = gap, now
	}
	us := min(gap/1000, 1<<32-1)
	b.keep(uint32(us))
	switch {
	case b.filled < enough:
		return gap
	case b.filled == enough && b.count == enough+1:
		b.median = b.measure()
		for _, g := range b.ring[:b.filled] {
			b.miss(int64(g))
		}
		return gap
	}
	b.median = b.measure()
	b.miss(us)
	return gap
}

// keep puts a gap into the ring, in the place of the oldest where it is full.
func (b *beats) keep(gap uint32) {
	if b.filled == ringSize {
		i, _ := slices.BinarySearch(b.sorted[:], b.ring[b.next])
		copy(b.sorted[i:], b.sorted[i+1:])
		b.filled--
	}
	i, _ := slices.BinarySearch(b.sorted[:b.filled], gap)
	copy(b.sorted[i+1:], b.sorted[i:b.filled])
	b.sorted[i] = gap
	b.filled++
	b.ring[b.next] = gap
	b.next = (b.next + 1) % ringSize
}

// miss counts the beats that are missing in a gap.
func (b *beats) miss(us int64) {
	if b.median > 0 && us > b.median*3/2 {
		b.lost += uint64((us+b.median/2)/b.median - 1)
	}
}

// measure is the median gap, 0 while there is none.
func (b *beats) measure() int64 { return int64(b.sorted[b.filled/2]) }

// Interval is the usual time between two beats, 0 while unknown.
func (b *beats) Interval() time.Duration {
	return time.Duration(b.measure()) * time.Microsecond
}

// Jitter is the mean distance of the latest gaps from the interval; gaps in
// which a beat is missing do not count.
func (b *beats) Jitter() time.Duration {
	median := b.measure()
	sum, n := int64(0), int64(0)
	for _, g := range b.ring[:b.filled] {
		d := int64(g) - median
		if d < 0 {
			d = -d
		}
		if int64(g) <= median*3/2 {
			sum += d
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return time.Duration(sum/n) * time.Microsecond
}

// Count is the number of beats, Lost how many are missing between them.
func (b *beats) Count() uint64 { return b.count }
func (b *beats) Lost() uint64  { return b.lost }

// Recent returns the latest gaps in ms, oldest first: what a sparkline shows.
func (b *beats) Recent(n int) []float64 {
	n = min(n, b.filled)
	out := make([]float64, 0, n)
	for i := range n {
		at := (b.next - n + i + 2*ringSize) % ringSize
		out = append(out, float64(b.ring[at])/1000)
	}
	return out
}
