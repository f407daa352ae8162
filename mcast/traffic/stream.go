package traffic

import (
	"time"

	"muster/mcast"
)

// window is how many sequence numbers back a datagram is still told from a
// duplicate. What comes later than that counts as reordered.
const window = 1024

// stream is the account of one stream of probes to one group.
type stream struct {
	id       uint64
	lowest   uint64
	highest  uint64
	last     bool // the sender's last one has arrived
	received uint64
	dup      uint64
	late     uint64 // arrived after a higher number
	seen     [window / 64]uint64
	start    time.Time
}

func newStream(p mcast.Probe, at time.Time) *stream {
	s := &stream{id: p.Stream, lowest: p.Sequence, highest: p.Sequence, last: p.Last, received: 1, start: at}
	s.mark(p.Sequence)
	return s
}

// add counts one more probe of the stream.
func (s *stream) add(p mcast.Probe) {
	s.last = s.last || p.Last
	q := p.Sequence
	switch {
	case q > s.highest:
		s.advance(q)
	case s.highest-q < window && s.marked(q):
		s.dup++
		return
	default:
		s.late++
		s.lowest = min(s.lowest, q)
	}
	s.mark(q)
	s.received++
}

// advance makes q the highest number: those between are not seen yet.
func (s *stream) advance(q uint64) {
	if q-s.highest >= window {
		clear(s.seen[:])
	} else {
		for n := s.highest + 1; n != q; n++ {
			s.seen[n%window/64] &^= 1 << (n % 64)
		}
	}
	s.highest = q
}

func (s *stream) mark(q uint64) {
	if s.highest-q < window {
		s.seen[q%window/64] |= 1 << (q % 64)
	}
}

func (s *stream) marked(q uint64) bool { return s.seen[q%window/64]&(1<<(q%64)) != 0 }

// lost is how many numbers between the lowest and the highest never came. A
// sender that lies about its numbers cannot make it negative.
func (s *stream) lost() uint64 {
	span := s.highest - s.lowest + 1
	if span == 0 || span < s.received { // wrapped, or duplicates from outside the window
		return 0
	}
	return span - s.received
}
