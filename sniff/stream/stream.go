// Package stream puts TCP streams together from captured segments: in order,
// each byte once, with what the capture missed told as gaps. It never waits and
// never trusts: how many connections it follows and how much it holds is
// bounded, whatever comes.
package stream

import (
	"net/netip"

	"muster/sniff/frame"
)

// Dir is a direction of a connection.
type Dir uint8

const (
	ToServer Dir = iota // from the side that opened the connection
	ToClient
)

// Other is the opposite direction.
func (d Dir) Other() Dir { return 1 - d }

// Sink takes what an Assembler puts together. Bytes are valid until it returns, a connection until Closed does.
type Sink interface {
	// Data is called with the next bytes of a stream.
	Data(c *Conn, d Dir, b []byte, now int64)
	// Gap is called where n bytes of a stream are not in the capture.
	Gap(c *Conn, d Dir, n int64, now int64)
	// Closed is called once for each connection: at its end, when it is forgotten
	// to make room, or when the capture ends.
	Closed(c *Conn, now int64)
}

// Conn is one connection as the capture shows it.
type Conn struct {
	Client, Server netip.AddrPort
	First, Last    int64 // times of its first and last segment
	Half           [2]Half
	// Opened: a SYN was seen. Answered: a SYN with ACK was, or what the client sends shows that it
	// got one. Refused: the answer to the SYN was a RST.
	Opened, Answered, Refused bool
	Reset                     bool // ended by RST
	SYNs                      int  // repeated ones included
	// User is the sink's own.
	User any

	key        key
	closed     bool
	told       bool // Closed was called
	list       *list
	prev, next *Conn
}

// Half is one direction of a connection.
type Half struct {
	Segments      uint64 // with payload
	Bytes         uint64 // of the stream, each once
	Retransmitted uint64 // segments that brought bytes again
	// Changed counts retransmissions whose content was another one: the first to
	// come is what counts.
	Changed uint64
	Gaps    uint64
	Missing uint64 // bytes in them

	started bool
	began   bool   // a segment was seen, whatever it carried
	first   uint32 // the lowest sequence number of those
	fin     bool
	syn     bool   // a SYN was seen
	isn     uint32 // its sequence number
	expect  uint32 // the next sequence number
	holeAt  int64  // since when segments wait behind a hole
	waiting []segment
	held    int
	recent  [recentSegments]digest
	slot    uint8
}

// segment waits for the bytes before it.
type segment struct {
	seq  uint32
	data []byte
}

// digest remembers a delivered segment, to tell a repetition with other content.
type digest struct {
	seq, size, sum uint32
}

const recentSegments = 8

type key struct{ a, b netip.AddrPort }

// The bounds of an Assembler.
const (
	maxConns  = 8192      // with data
	maxQuiet  = 8192      // without: half-open
	maxEnded  = 512       // that are over: late segments are no new connections
	maxHeld   = 256 << 10 // bytes behind a hole, of one direction
	maxTotal  = 8 << 20   // of all
	maxSpare  = 64        // that are kept for the next ones
	maxJump   = 16 << 20  // a sequence number further away is another stream's
	holeAfter = int64(1e9)
	// maxIdle is after how many ns of silence a connection is forgotten. If it goes on,
	// it is one that the capture has not seen the begin of.
	maxIdle = int64(600e9)
)

// Assembler follows connections. Give it segments by Add in the order of the
// capture, and call Finish at the end.
type Assembler struct {
	sink   Sink
	conns  map[key]*Conn
	quiet  list // without data yet, oldest first
	active list
	ended  list
	latest *Conn // of the segment before
	spare  []*Conn
	added  uint64
	held   int
	// Forgotten counts connections that were given up before their end: to make
	// room, or after a long silence.
	Forgotten uint64
}

// NewAssembler returns one that tells sink.
func NewAssembler(sink Sink) *Assembler {
	return &Assembler{sink: sink, conns: map[key]*Conn{}}
}

// Len is the number of connections that are followed.
func (a *Assembler) Len() int { return len(a.conns) }

// Find returns the connection that f belongs to, nil where none is followed.
func (a *Assembler) Find(f *frame.Frame) (*Conn, Dir) {
	src, dst := f.Source(), f.Destination()
	if c := a.latest; c != nil { // segments of a connection often follow each other
		switch {
		case src == c.Client && dst == c.Server:
			return c, ToServer
		case src == c.Server && dst == c.Client:
			return c, ToClient
		}
	}
	if len(a.conns) == 0 {
		return nil, 0
	}
	c := a.conns[keyOf(src, dst)]
	if c == nil {
		return nil, 0
	}
	a.latest = c
	if src == c.Client {
		return c, ToServer
	}
	return c, ToClient
}

// Add takes a segment that was captured at now and returns its connection, which
// begins with it where there was none. Where the segment does not tell who opened
// the connection, server says whether its destination is the server.
func (a *Assembler) Add(f *frame.Frame, now int64, server bool) (*Conn, Dir) {
	c, d := a.Find(f)
	return a.AddTo(c, d, f, now, server)
}

// AddTo is Add for a segment of which Find has just told the connection, which may be nil.
func (a *Assembler) AddTo(c *Conn, d Dir, f *frame.Frame, now int64, server bool) (*Conn, Dir) {
	syn := f.TCPFlags&frame.SYN != 0
	if c != nil && syn && f.TCPFlags&frame.ACK == 0 && c.reused(d, f) {
		a.forget(c, now)
		c = nil
	}
	if c == nil {
		c, d = a.open(f, now, server), ToServer
		if f.Source() != c.Client {
			d = ToClient
		}
	}
	c.Last = now
	if syn {
		c.handshake(f, d)
	}
	if d == ToServer && c.Opened && f.TCPFlags&(frame.SYN|frame.RST|frame.ACK) == frame.ACK {
		c.Answered = true
	}
	if h := &c.Half[d]; !syn && (!h.began || int32(f.Seq-h.first) < 0) {
		h.began, h.first = true, f.Seq
	}
	if f.PayloadLen > 0 && !c.closed {
		if c.list == &a.quiet {
			a.quiet.remove(c)
			a.makeRoom(&a.active, maxConns, now)
			a.active.push(c)
		}
		a.payload(c, d, f, now)
	}
	a.acked(c, d.Other(), f, now)
	a.ending(c, d, f, now)
	if c.closed && c.list != &a.ended {
		c.list.remove(c)
		a.makeRoom(&a.ended, maxEnded, now)
		a.ended.push(c)
	}
	c.list.toEnd(c)
	if a.added++; a.added%64 == 0 {
		a.expire(now)
	}
	return c, d
}

// expire forgets what has been silent for long.
func (a *Assembler) expire(now int64) {
	for _, l := range [...]*list{&a.quiet, &a.active, &a.ended} {
		for l.first != nil && now-l.first.Last > maxIdle {
			a.giveUp(l.first, now)
		}
	}
}

func keyOf(x, y netip.AddrPort) key {
	if y.Compare(x) < 0 {
		x, y = y, x
	}
	return key{x, y}
}

// reused: a SYN that does not belong to the connection that its ports had. One with
// that connection's initial sequence number is its own, repeated or captured
// again.
func (c *Conn) reused(d Dir, f *frame.Frame) bool {
	h := &c.Half[d]
	if h.syn && h.isn == f.Seq || !h.syn && h.began && h.first == f.Seq+1 {
		return false // the latter: it was captured behind what followed it
	}
	return c.closed || d == ToClient || c.Half[d].Segments > 0 || c.Half[d].started && c.Half[d].expect != f.Seq+1
}

func (a *Assembler) open(f *frame.Frame, now int64, server bool) *Conn {
	c := a.fresh()
	c.Client, c.Server, c.First = f.Source(), f.Destination(), now
	switch f.TCPFlags & (frame.SYN | frame.ACK) {
	case frame.SYN:
		server = true
	case frame.SYN | frame.ACK:
		server = false
	}
	if !server {
		c.Client, c.Server = c.Server, c.Client
	}
	c.key = keyOf(c.Client, c.Server)
	a.makeRoom(&a.quiet, maxQuiet, now)
	a.quiet.push(c)
	a.conns[c.key] = c
	a.latest = c
	return c
}

// fresh returns a connection of which nothing is known: one that was forgotten, where there is one.
func (a *Assembler) fresh() *Conn {
	n := len(a.spare)
	if n == 0 {
		return &Conn{}
	}
	c := a.spare[n-1]
	a.spare = a.spare[:n-1]
	*c = Conn{}
	return c
}

func (a *Assembler) makeRoom(l *list, most int, now int64) {
	for l.n >= most {
		a.giveUp(l.first, now)
	}
}

// giveUp forgets c, perhaps before its end.
func (a *Assembler) giveUp(c *Conn, now int64) {
	if !c.closed {
		a.Forgotten++
	}
	a.forget(c, now)
}

// forget drops c and tells the sink.
func (a *Assembler) forget(c *Conn, now int64) {
	a.finish(c, now)
	c.list.remove(c)
	delete(a.conns, c.key)
	if a.latest == c {
		a.latest = nil
	}
	if len(a.spare) < maxSpare {
		a.spare = append(a.spare, c)
	}
}

// finish hands on what waits behind holes and tells the sink of the end, once.
func (a *Assembler) finish(c *Conn, now int64) {
	for d := range Dir(2) {
		for len(c.Half[d].waiting) > 0 {
			a.giveUpHole(c, d, now)
		}
	}
	if !c.told {
		c.told = true
		a.sink.Closed(c, now)
	}
}

// Finish ends all connections: the capture is over.
func (a *Assembler) Finish(now int64) {
	for _, l := range []*list{&a.quiet, &a.active, &a.ended} {
		for l.first != nil {
			a.forget(l.first, now)
		}
	}
}

func (c *Conn) handshake(f *frame.Frame, d Dir) {
	h := &c.Half[d]
	if f.TCPFlags&frame.ACK == 0 {
		c.Opened = true
		c.SYNs++
	} else {
		c.Answered = true
	}
	if !h.syn {
		h.syn, h.isn = true, f.Seq
	}
	if !h.started {
		h.started, h.expect = true, f.Seq+1
	}
}

// ending notes FIN and RST.
func (a *Assembler) ending(c *Conn, d Dir, f *frame.Frame, now int64) {
	if f.TCPFlags&frame.RST != 0 {
		if !c.closed {
			c.Reset = true
			c.Refused = c.Opened && !c.Answered && d == ToClient
		}
		c.closed = true
	}
	if f.TCPFlags&frame.FIN != 0 {
		c.Half[d].fin = true
		c.closed = c.closed || c.Half[0].fin && c.Half[1].fin
	}
	if c.closed {
		a.finish(c, now)
	}
}

// Closed reports whether the connection has ended by FINs or a RST.
func (c *Conn) Closed() bool { return c.closed }
