package ping

import (
	"math"
	"math/bits"
	"time"
)

// histogram counts durations in buckets less than 1 % wide, so that percentiles
// of any number of answers take a few kilobytes.
type histogram struct {
	n    uint64
	rows [57]*[subBuckets]uint32 // by exponent, made when first used
}

const subBuckets = 128

// bucket of d: the row doubles in width with each step, row 0 is exact.
func bucket(d time.Duration) (row, sub int) {
	v := uint64(max(d, 0))
	if v < subBuckets {
		return 0, int(v)
	}
	shift := bits.Len64(v) - 8 // v>>shift is in 128..255
	return shift + 1, int(v>>shift) - subBuckets
}

// value is the middle of a bucket.
func value(row, sub int) time.Duration {
	if row == 0 {
		return time.Duration(sub)
	}
	shift := row - 1
	return time.Duration((uint64(sub+subBuckets)<<shift + (uint64(1)<<shift)/2))
}

func (h *histogram) add(d time.Duration) {
	row, sub := bucket(d)
	if h.rows[row] == nil {
		h.rows[row] = new([subBuckets]uint32)
	}
	if h.rows[row][sub] < math.MaxUint32 {
		h.rows[row][sub]++
	}
	h.n++
}

// quantile is the smallest duration that at least q (0 to 1) of all reached.
func (h *histogram) quantile(q float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	rank := max(uint64(math.Ceil(q*float64(h.n))), 1)
	var seen uint64
	for row, counts := range h.rows {
		if counts == nil {
			continue
		}
		for sub, c := range counts {
			if seen += uint64(c); seen >= rank {
				return value(row, sub)
			}
		}
	}
	return 0 // counters that stopped at their end: never with fewer than 2^32 answers
}
