package ping

import "time"

// stamp is when a probe was sent: by the clock that the kernel stamps with (Unix
// ns), by one that never jumps (ns since the run began), and when the kernel says
// that it left (Unix ns, 0 unknown). Not sent: wall is 0.
type stamp struct{ wall, mono, left int64 }

// whole is the time to an answer that was received at (Unix ns). What a host
// answers itself may be there before the kernel says that the probe left.
func (s stamp) whole(at int64) time.Duration {
	if s.left != 0 && at >= s.left {
		return time.Duration(at - s.left)
	}
	return time.Duration(at - s.wall)
}

// ring keeps the stamps of the latest windowSize probes.
type ring struct {
	stamps []stamp
	next   uint32 // the sequence number after the last one
	sent   uint64
}

func (r *ring) put(seq uint32, s stamp) {
	if n := min(int(seq)+1, windowSize); n > len(r.stamps) {
		grown := make([]stamp, min(max(n, 2*len(r.stamps), 64), windowSize))
		copy(grown, r.stamps)
		r.stamps = grown
	}
	for ; r.next < seq; r.next++ { // probes that were not sent
		r.stamps[r.next%windowSize] = stamp{}
	}
	r.stamps[seq%windowSize] = s
	r.next = max(r.next, seq+1)
	r.sent++
}

// undo forgets a probe that was put but could not be sent.
func (r *ring) undo(seq uint32) {
	if _, known := r.get(seq); known == askedFor {
		r.stamps[seq%windowSize] = stamp{}
		r.sent--
	}
}

// refine adds the kernel's own time of sending.
func (r *ring) refine(seq uint32, left int64) {
	if _, known := r.get(seq); known == askedFor {
		r.stamps[seq%windowSize].left = left
	}
}

type asked int

const (
	neverAsked asked = iota
	askedFor
	longAgo
)

func (r *ring) get(seq uint32) (stamp, asked) {
	switch {
	case seq >= r.next:
		return stamp{}, neverAsked
	case r.next-seq > windowSize:
		return stamp{}, longAgo
	}
	s := r.stamps[seq%windowSize]
	if s.wall == 0 {
		return s, neverAsked
	}
	return s, askedFor
}
