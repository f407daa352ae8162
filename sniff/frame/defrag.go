package frame

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// The bounds of a Defragmenter. They hold many times what a healthy network
// has in flight; a flood of made-up fragments pushes out the oldest datagrams.
const (
	maxDatagrams = 512
	maxDatagram  = 65535
	maxHeld      = 4 << 20 // bytes of all datagrams together
	maxPieces    = 64      // of one datagram; 44 fit 64 KiB at an MTU of 1500
	fragTimeout  = int64(30 * time.Second)
)

// Defragmenter puts datagrams together. Times are those of the capture.
type Defragmenter struct {
	waiting map[fragKey]*datagram
	held    int
	// Incomplete counts datagrams that were given up because they were too old, or because
	// their fragments contradict each other. Pieces that the snap length cut explain
	// those that are not counted; Forgotten were pushed out to make room.
	Incomplete, Forgotten uint64
	// Complete counts those that were put together; Pieces is in how many the latest came.
	Complete uint64
	Pieces   int
}

type fragKey struct {
	src, dst netip.Addr
	id       uint32
	proto    uint8
}

type datagram struct {
	first  int64 // time of its first fragment
	data   []byte
	pieces []piece
	end    int // 0 until the last fragment came
	spoilt bool
	cut    bool // a piece was cut short by the snap length
}

type piece struct{ from, to int }

// NewDefragmenter returns one that holds nothing.
func NewDefragmenter() *Defragmenter { return &Defragmenter{waiting: map[fragKey]*datagram{}} }

// Add takes the fragment f of time now. When it completes a datagram, Add returns its
// payload, which belongs to the caller; before that, f is given the ports of the first
// piece where that came. Fragments that overlap with others spoil the datagram (RFC 5722
// for IPv6; in IPv4 only attacks make them); exact repetitions do not. A fragment that was
// cut short is never completed.
func (d *Defragmenter) Add(f *Frame, now int64) ([]byte, bool) {
	k := fragKey{f.Src, f.Dst, f.FragID, f.Proto}
	if f.IP == 6 {
		k.proto = 0 // later fragments may carry another next header
	}
	g := d.waiting[k]
	if g != nil && now-g.first > fragTimeout {
		d.drop(k, g)
		g = nil
	}
	if g == nil {
		g = &datagram{first: now}
		d.makeRoom(now)
		d.waiting[k] = g
	}
	g.cut = g.cut || f.Cut
	if !g.spoilt {
		d.insert(g, f)
	}
	if g.spoilt || !g.whole() {
		g.ports(f)
		return nil, false
	}
	delete(d.waiting, k)
	d.held -= len(g.data)
	d.Complete++
	d.Pieces = len(g.pieces)
	return g.data[:g.end], true
}

// ports gives a fragment the ports of its datagram, which stand in the first piece; one that
// comes before that keeps none.
func (g *datagram) ports(f *Frame) {
	if f.Proto != ProtoUDP && f.Proto != ProtoTCP {
		return
	}
	for _, p := range g.pieces {
		if p.from == 0 && p.to >= 4 {
			f.SrcPort, f.DstPort = binary.BigEndian.Uint16(g.data), binary.BigEndian.Uint16(g.data[2:])
		}
	}
}

func (d *Defragmenter) insert(g *datagram, f *Frame) {
	from, to := f.FragOffset, f.FragOffset+len(f.Body)
	switch {
	case f.Cut || to > maxDatagram || len(g.pieces) == maxPieces,
		f.MoreFragments && (f.BodyLen%8 != 0 || f.BodyLen == 0),
		g.end != 0 && (to > g.end || !f.MoreFragments && to != g.end):
		g.spoilt = true
		return
	}
	for _, p := range g.pieces {
		if p == (piece{from, to}) {
			return
		}
		if from < p.to && p.from < to || !f.MoreFragments && p.to > to {
			g.spoilt = true
			return
		}
	}
	if to > len(g.data) {
		d.held += to - len(g.data)
		g.data = append(g.data, make([]byte, to-len(g.data))...)
	}
	copy(g.data[from:], f.Body)
	g.pieces = append(g.pieces, piece{from, to})
	if !f.MoreFragments {
		g.end = to
	}
}

// whole: pieces never overlap, so their sizes add up to the end.
func (g *datagram) whole() bool {
	if g.end == 0 {
		return false
	}
	sum := 0
	for _, p := range g.pieces {
		sum += p.to - p.from
	}
	return sum == g.end
}

// makeRoom drops what is too old and, where that is not enough, the oldest.
func (d *Defragmenter) makeRoom(now int64) {
	if len(d.waiting) < maxDatagrams && d.held < maxHeld {
		return
	}
	d.Expire(now)
	for len(d.waiting) >= maxDatagrams || d.held >= maxHeld {
		var oldest fragKey
		var g *datagram
		for k, x := range d.waiting {
			if g == nil || x.first < g.first {
				oldest, g = k, x
			}
		}
		delete(d.waiting, oldest)
		d.held -= len(g.data)
		d.Forgotten++
	}
}

// Expire gives up the datagrams whose first fragment came more than 30 s before
// now.
func (d *Defragmenter) Expire(now int64) {
	for k, g := range d.waiting {
		if now-g.first > fragTimeout {
			d.drop(k, g)
		}
	}
}

// lostAfter is how long after its first piece a datagram that is not whole was
// lost, when the capture ends.
const lostAfter = int64(2 * time.Second)

// Lost is how many datagrams did not become whole when the capture ends at now, although
// there was time.
func (d *Defragmenter) Lost(now int64) uint64 {
	n := d.Incomplete
	for _, g := range d.waiting {
		if now-g.first > lostAfter && !g.cut {
			n++
		}
	}
	return n
}

func (d *Defragmenter) drop(k fragKey, g *datagram) {
	delete(d.waiting, k)
	d.held -= len(g.data)
	if !g.cut {
		d.Incomplete++
	}
}
