package mesh

import "time"

// offset estimates how far a node's clock is ahead of this one's, from exchanges
// of the time (RFC 5905 section 8). Of the latest ones that with the shortest
// round trip says it best.
type offset struct {
	samples [8]sample
	n       int // ever taken
	odd     int // samples in a row that disagree with the estimate
}

type sample struct {
	offset, rtt time.Duration
}

// jumpSize is the smallest change of an offset that is told as a jump.
const jumpSize = 100 * time.Millisecond

// take enters an exchange: t1 and t4 are of this clock, t2 and t3 of the other
// one (Unix ns). jumped is not 0 when the two clocks' difference has changed by
// that much.
func (o *offset) take(t1, t2, t3, t4 int64) (jumped time.Duration) {
	s := sample{offset: time.Duration((t2-t1)/2 + (t3-t4)/2), rtt: time.Duration((t4 - t1) - (t3 - t2))}
	if s.rtt < 0 {
		return 0
	}
	if best, ok := o.best(); ok && (s.offset-best.offset).Abs() > jumpSize+s.rtt+best.rtt {
		// One may be a freak; two in a row are a clock that was set.
		if o.odd++; o.odd < 2 {
			return 0
		}
		jumped = s.offset - best.offset
		*o = offset{}
	}
	o.odd = 0
	o.samples[o.n%len(o.samples)] = s
	o.n++
	return jumped
}

func (o *offset) best() (sample, bool) {
	if o.n == 0 {
		return sample{}, false
	}
	best := o.samples[0]
	for _, s := range o.samples[:min(o.n, len(o.samples))] {
		if s.rtt < best.rtt {
			best = s
		}
	}
	return best, true
}
