// Package copies knows the packets that a capture holds more than once: a mirror
// port that copies both ways, a bridge and its ports, a VLAN and its trunk, both
// sides of a router, files that were merged. What was seen on the network is one
// packet then, seen from several seats.
//
// Two frames are the same packet where the bytes from the IP header on are the
// same, but for what routers and network cards change on the way: TTL, DSCP and
// checksums. How far apart in time they may be depends on how well the bytes
// identify the packet.
package copies

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"slices"

	"muster/sniff/capture"
	"muster/sniff/frame"
)

// Seat is a place from which a packet was seen.
type Seat struct {
	Interface int // index into the interfaces of the source
	VLAN      uint16
	Tunnel    frame.Tunnel // the outermost
}

// Pair counts packets that were seen at one seat and again at another, or at the
// same.
type Pair struct {
	First, Again       Seat
	Multicast, Unicast uint64
	// Hops: some came again with another TTL, from the other side of a router.
	Hops uint64
}

const (
	size     = 1 << 12 // packets that are remembered
	places   = 1 << 13 // where to look for them; of this size it stays in the processor's cache
	maxSeats = 64
	maxPairs = 256
	// maxRepeats is how often one packet may come again at the same seat. What comes
	// more often is sent so.
	maxRepeats = 7

	// identity is how many bytes of a packet that the snap length cut tell it from
	// others.
	identity = 64

	ms = int64(1e6)
	// A TCP segment with an IP identification is never sent twice as it is: a
	// retransmission has another. Merged files may be off by the hosts' clocks.
	identified = 3000 * ms
	// Another seat has the packet after a switch's or router's queue.
	elsewhere = 50 * ms
	// At the same seat the sender itself may say the same again, soon where nothing
	// tells datagrams apart.
	here         = 20 * ms
	hereUnmarked = 1 * ms
)

// Table remembers the latest packets. It is for one goroutine; its memory is fixed.
type Table struct {
	// Total counts the copies.
	Total uint64
	seed  [2]uint64 // chosen at random: nobody outside can make packets that look alike
	// latest is a ring: packets are written one behind the other, and one is read only where place says so. A packet
	// that nothing repeats thus costs no wait for memory that was not used for long.
	latest *[size]packet
	next   int
	// place has, for the sum of a packet, 4 bits of it and 12 of where the packet stands in the ring. Another one may
	// have taken its room there.
	place *[places]uint16
	seats []Seat
	last  int // of seats: the latest
	plain int // its interface, where it is one without VLAN and tunnel, else -1
	pairs map[[2]int]*Pair
}

// packet is one that was seen.
type packet struct {
	at      int64 // 0: none
	sum     uint32
	window  class
	seat    uint8
	ttl     uint8
	repeats uint8
}

// class is how well the bytes of a packet identify it.
type class uint8

// windows are for how long at the same seat nothing but a copy has the same bytes.
var windows = [...]int64{hereUnmarked, here, identified}

// New returns a table that has seen nothing.
func New() *Table {
	return &Table{seed: [2]uint64{rand.Uint64(), rand.Uint64()}, latest: new([size]packet), place: new([places]uint16), plain: -1, pairs: map[[2]int]*Pair{}}
}

// Seen reports whether the packet was seen before.
func (t *Table) Seen(p *capture.Packet, f *frame.Frame) bool {
	if len(p.Data) < p.Length && len(f.Network) < identity && !(f.HasPorts && f.Proto == frame.ProtoTCP && f.FragID != 0) {
		return false // too little was captured to tell it from others
	}
	whole, window := t.sum(p, f)
	at := t.last // as a rule the seat of the one before
	if p.Interface != t.plain || f.NVLANs != 0 || len(f.Tunnels) != 0 {
		at = t.seat(p, f)
	}
	seat, repeats := uint8(at), uint8(0)
	place, s := t.find(whole)
	if s != nil {
		apart := abs(p.Nanos - s.at)
		if s.same(apart, seat, f.TTL) {
			t.Total++
			if f.HasPorts { // others, such as queries, may be alike on two networks
				t.pair(int(s.seat), int(seat), f.TTL != s.ttl, !f.Multicast())
			}
			return true
		}
		if apart < windows[window] {
			repeats = s.repeats
		}
	}
	*place = tag(whole) | uint16(t.next)
	t.latest[t.next] = packet{at: p.Nanos, sum: uint32(whole >> 32), window: window, seat: seat, ttl: f.TTL, repeats: repeats}
	t.next = (t.next + 1) % size
	return false
}

// find returns the place for that sum, and the packet with it, nil where none is remembered.
func (t *Table) find(sum uint64) (place *uint16, s *packet) {
	place = &t.place[sum%places]
	if *place&^(size-1) == tag(sum) {
		if s = &t.latest[*place%size]; s.sum == uint32(sum>>32) && s.at != 0 {
			return place, s
		}
	}
	return place, nil
}

// tag is what a place has of a sum.
func tag(sum uint64) uint16 { return uint16(sum>>16) &^ (size - 1) }

// same reports whether a packet so many ns before or after it, at that seat and with that TTL, is a copy of s.
func (s *packet) same(apart int64, seat, ttl uint8) bool {
	if s.seat != seat || s.ttl != ttl {
		return apart <= max(windows[s.window], elsewhere)
	}
	if apart > windows[s.window] || s.repeats >= maxRepeats {
		return false
	}
	s.repeats++
	return true
}

// hashed is how many bytes of a datagram's payload are compared, from its begin and
// from its end.
const hashed = 96

// sum is a number for the bytes that copies share, and how well they identify the
// packet.
func (t *Table) sum(p *capture.Packet, f *frame.Frame) (sum uint64, c class) {
	b := f.Network
	be := binary.BigEndian
	switch {
	case f.IP == 4 && len(b) >= 20:
		sum = mix(uint64(be.Uint32(b[2:]))<<24|uint64(b[6])<<16|uint64(b[7])<<8|uint64(b[9]), be.Uint64(b[12:]))
		if b[4]|b[5] != 0 {
			c = 1
		}
	case f.IP == 6 && len(b) >= 40:
		sum = mix(uint64(be.Uint32(b[4:]))&^0xff, be.Uint64(b[8:])) // without the hop limit
		sum = mix(mix(sum, be.Uint64(b[16:])), mix(be.Uint64(b[24:]), be.Uint64(b[32:])))
	default:
		return t.text(0, p.Data), 0
	}
	body := f.Body
	switch {
	case !f.HasPorts:
	case f.Proto == frame.ProtoTCP:
		sum = mix(sum, uint64(f.Seq)<<32|uint64(f.Ack))
		sum = mix(sum, uint64(f.SrcPort)<<32|uint64(f.DstPort)<<16|uint64(f.TCPFlags))
		if c == 1 {
			return sum, 2 // a retransmission would have another identification
		}
		body = f.Payload
	default: // without the checksum
		sum = mix(sum, uint64(f.SrcPort)<<32|uint64(f.DstPort)<<16|uint64(uint16(f.PayloadLen)))
		body = f.Payload
	}
	if len(body) > 2*hashed {
		sum = t.text(sum, body[len(body)-hashed:])
		body = body[:hashed]
	}
	return t.text(sum, body), c
}

// text mixes bytes into a sum, sixteen at a time by one multiplication.
func (t *Table) text(sum uint64, b []byte) uint64 {
	le := binary.LittleEndian
	for ; len(b) >= 16; b = b[16:] {
		hi, lo := bits.Mul64(le.Uint64(b)^t.seed[0], le.Uint64(b[8:])^t.seed[1]^sum)
		sum = hi ^ lo
	}
	var rest [16]byte
	copy(rest[:], b)
	hi, lo := bits.Mul64(le.Uint64(rest[:])^t.seed[0], le.Uint64(rest[8:])^t.seed[1]^sum)
	return hi ^ lo
}

func mix(a, b uint64) uint64 {
	const k = 0x9e3779b97f4a7c15
	a = (a ^ bits.RotateLeft64(b, 29)) * k
	return a ^ a>>31 ^ b
}

// seat is the index of the seat of a packet.
func (t *Table) seat(p *capture.Packet, f *frame.Frame) int {
	s := Seat{Interface: p.Interface, VLAN: f.VLAN()}
	if len(f.Tunnels) > 0 {
		s.Tunnel = f.Tunnels[0]
	}
	if t.last < len(t.seats) && t.seats[t.last] == s {
		return t.last
	}
	i := slices.Index(t.seats, s)
	switch {
	case i >= 0:
	case len(t.seats) < maxSeats:
		t.seats = append(t.seats, s)
		i = len(t.seats) - 1
	default:
		i = maxSeats - 1 // one for all that find no room
	}
	t.last, t.plain = i, -1
	if t.seats[i] == (Seat{Interface: p.Interface}) {
		t.plain = p.Interface
	}
	return i
}

func (t *Table) pair(first, again int, hops, unicast bool) {
	k := [2]int{first, again}
	p := t.pairs[k]
	if p == nil {
		if len(t.pairs) >= maxPairs {
			return
		}
		p = &Pair{First: t.seats[first], Again: t.seats[again]}
		t.pairs[k] = p
	}
	if unicast {
		p.Unicast++
	} else {
		p.Multicast++
	}
	if hops {
		p.Hops++
	}
}

// Pairs lists where packets were seen first and again.
func (t *Table) Pairs() []Pair {
	var out []Pair
	for i := range t.seats {
		for j := range t.seats {
			if p := t.pairs[[2]int{i, j}]; p != nil {
				out = append(out, *p)
			}
		}
	}
	return out
}

func abs(n int64) int64 { return max(n, -n) }
