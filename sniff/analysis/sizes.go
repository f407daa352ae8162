package analysis

import (
	"net/netip"

	"muster/sniff/frame"
)

// way counts how the segments of one host fare on the way to one receiver, all its
// connections together. Only a segment that the receiver waits for tells: the
// acknowledgement of any other is held up by those before it. Sizes are bytes of
// payload.
type way struct {
	largest       int    // size that was acknowledged; an upper bound
	atOnce, again uint64 // segments acknowledged after one transmission, or after several
	alive         int64  // when the latest acknowledgement came that a single transmission had asked for
	stuck         stuckSegments
}

// stuckSegments were sent again and never acknowledged.
type stuckSegments struct {
	segments, retransmissions uint64
	smallest, largest         int
	// proven: between two retransmissions something smaller came through.
	proven bool
}

// Flow follows the direction of one connection to a receiver for the sizes of its
// segments. The zero Flow has seen nothing.
type Flow struct {
	known    bool
	way      *way   // of its client; nil before the first acknowledgement, or where there is no room
	una, nxt uint32 // the first byte not acknowledged, and the one after the last sent (RFC 9293, SND.UNA and SND.NXT)
	largest  int    // of the segments between
	acked    int64  // when something was acknowledged last
	head     headSegment
}

// headSegment is the segment at una.
type headSegment struct {
	size, tries  int
	first, again int64 // times of the first and the second transmission
	proven       bool
}

// recently is for how long a connection that was acknowledged is taken to be alive: no
// firewall forgets one so soon.
const recently = 30 * second

// Sent takes a segment to the receiver.
func (l *Flow) Sent(f *frame.Frame, now int64) {
	end := f.Seq + uint32(f.PayloadLen)
	if f.PayloadLen == 0 || f.TCPFlags&frame.SYN != 0 || !l.known || int32(end-l.una) <= 0 {
		return
	}
	if int32(end-l.nxt) > 0 {
		l.nxt = end
	}
	l.largest = max(l.largest, f.PayloadLen)
	if int32(f.Seq-l.una) > 0 {
		return
	}
	h := &l.head
	if h.tries == 0 || h.size != f.PayloadLen { // cut anew, it is another attempt
		*h = headSegment{size: f.PayloadLen, tries: 1, first: now}
		return
	}
	if h.tries++; h.tries == 2 {
		h.again = now
	} else if l.way != nil && l.way.alive > h.again {
		h.proven = true
	}
}

// Acked takes a segment from the receiver r. syns is how often the connection was asked for.
func (l *Flow) Acked(r *Receiver, f *frame.Frame, syns int, now int64) {
	if f.TCPFlags&frame.ACK == 0 || f.TCPFlags&frame.RST != 0 {
		return
	}
	if !l.known {
		l.known, l.una, l.nxt, l.way = true, f.Ack, f.Ack, r.way(f.Dst)
		if f.TCPFlags&frame.SYN != 0 && syns > 0 {
			l.acked = now
			l.way.arrived(0, syns, now)
		}
		return
	}
	n := int32(f.Ack - l.una)
	if n <= 0 {
		return
	}
	l.way.arrived(min(int(n), l.largest), l.head.tries, now)
	l.una, l.acked, l.head = f.Ack, now, headSegment{}
	if int32(l.nxt-f.Ack) <= 0 {
		l.nxt, l.largest = f.Ack, 0
	}
}

// arrived notes that a segment of that size at most got through after so many tries; 0
// where nobody knows.
func (w *way) arrived(size, tries int, now int64) {
	if w == nil {
		return
	}
	w.largest = max(w.largest, size)
	switch {
	case tries == 1:
		w.atOnce++
		w.alive = now
	case tries > 1:
		w.again++
	}
}

func (r *Receiver) way(from netip.Addr) *way {
	w := r.ways[from]
	if w == nil && len(r.ways) < maxPerRow {
		if r.ways == nil {
			r.ways = map[netip.Addr]*way{}
		}
		w = &way{}
		r.ways[from] = w
	}
	return w
}

// End is called when the connection has ended: what still waits got stuck.
func (l *Flow) End() {
	h := &l.head
	if h.tries < 2 || l.acked == 0 || h.first-l.acked > recently {
		return
	}
	if l.way == nil {
		return
	}
	s := &l.way.stuck
	if s.segments++; s.segments == 1 {
		s.smallest = h.size
	}
	s.smallest, s.largest = min(s.smallest, h.size), max(s.largest, h.size)
	s.retransmissions += uint64(h.tries - 1)
	s.proven = s.proven || h.proven
}

// bySize reports whether size alone decides what gets through: larger segments never
// did, and what is smaller hardly ever had to be sent again, so that it is no loss of
// any packet.
func (w *way) bySize() bool {
	s := &w.stuck
	return s.retransmissions >= 3 && s.proven && s.smallest > w.largest && w.atOnce >= 4 && 20*w.again <= w.atOnce
}
