package sniff

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"muster/sniff/analysis"
	"muster/sniff/frame"
	"muster/sniff/stream"
	"muster/sniff/tlswire"
	"muster/tribes"
)

// streams turns the bytes of TCP connections into messages and acks. It is the
// sink of the stream assembler.
type streams struct {
	messages *messages
	analysis *analysis.Analysis
	// receivers are the ports that heartbeats advertise, beside the usual ones.
	receivers map[uint16]bool
	// advertised are the receivers themselves: what their members announce, and where those are.
	advertised map[netip.AddrPort]bool
	// secure are the ports for TLS that heartbeats announce.
	secure map[uint16]bool
	held   int // bytes that wait in scanners
	spare  []*tribes.Scanner
	ended  []*conn // for the next connections
}

// The bounds of what is read of streams.
const (
	maxFrame     = 16 << 20 // a frame above is counted as broken and passed over
	maxHeld      = 24 << 20 // bytes of unfinished frames, of all streams together
	maxReceivers = 1024
	maxPending   = 64 // messages of one connection whose acks are awaited
	maxSpare     = 16 // scanners and connections that are kept for the next ones

	// receiverLow to receiverHigh are the ports that a receiver's autoBind tries.
	receiverLow  = 4000
	receiverHigh = 4099
)

// conn is what is kept of a connection.
type conn struct {
	receiver *analysis.Receiver
	half     [2]half
	// pending are the messages that asked for an ack, the oldest first.
	pending []pending
	foreign bool
	tribes  bool          // a frame was seen in it
	sizes   analysis.Flow // to the server
	debt    analysis.Debt // of the server
	// tls is what both sides say in clear of a connection with TLS; nil without.
	tls *[2]tlswire.Side
}

// pending is a message that waits for its ack.
type pending struct {
	at int64
	id tribes.UniqueID
}

type half struct {
	scanner *tribes.Scanner
	begun   bool // a first byte was seen
	frames  uint64
}

func newStreams(m *messages) *streams {
	return &streams{messages: m, analysis: m.analysis, receivers: map[uint16]bool{}, advertised: map[netip.AddrPort]bool{}, secure: map[uint16]bool{}}
}

// receiver remembers the ports of a member whose heartbeats come from source.
func (t *streams) receiver(m *tribes.Member, source netip.Addr) {
	if ap, ok := m.AddrPort(); ok && len(t.advertised) < maxReceivers {
		t.advertised[ap] = true
		t.advertised[netip.AddrPortFrom(source, ap.Port())] = true // the address may be another's view
	}
	if p := m.SecurePort; p > 0 && p < 1<<16 && p != m.Port && len(t.secure) < maxReceivers {
		t.secure[uint16(p)] = true
	}
	if p := m.Port; (p < receiverLow || p > receiverHigh) && p > 0 && p < 1<<16 && len(t.receivers) < maxReceivers {
		t.receivers[uint16(p)] = true
	}
}

func (t *streams) isReceiver(port uint16) bool {
	return port >= receiverLow && port <= receiverHigh || len(t.receivers) > 0 && t.receivers[port] || len(t.secure) > 0 && t.secure[port]
}

// newConn begins to follow a connection.
func (t *streams) newConn(server netip.AddrPort) *conn {
	k := &conn{}
	if n := len(t.ended); n > 0 {
		k, t.ended = t.ended[n-1], t.ended[:n-1]
		*k = conn{pending: k.pending[:0]}
	}
	if len(t.secure) > 0 && t.secure[server.Port()] {
		k.tls = new([2]tlswire.Side)
		return k
	}
	k.receiver, k.tribes = t.analysis.Receiver(server), t.advertised[server]
	return k
}

// tribesTCP reports whether f may belong to a stream of the cluster, which is then followed, and whether it does:
// the port is one of the usual ones, but only a frame or a member that announces it shows that it
// is not another program's.
func (s *Sniffer) tribesTCP(f *frame.Frame) (follow, certain bool) {
	c, d := s.tcp.Find(f)
	s.conn, s.dir = c, d
	if c != nil {
		if k, ok := c.User.(*conn); ok && (k.tribes || k.tls != nil) {
			return true, true
		}
	} else if !s.streams.isReceiver(f.DstPort) && !s.streams.isReceiver(f.SrcPort) && !tribes.IsFrame(f.Payload) {
		return false, false
	}
	return true, tribes.IsFrame(f.Payload) || s.streams.announced(f)
}

// announced reports whether one end of f is a receiver that a heartbeat announces.
func (t *streams) announced(f *frame.Frame) bool {
	if len(t.secure) > 0 && (t.secure[f.DstPort] || t.secure[f.SrcPort]) {
		return true
	}
	return t.isReceiver(f.DstPort) && t.advertised[f.Destination()] || t.isReceiver(f.SrcPort) && t.advertised[f.Source()]
}

// carried reads what a packet carries beyond itself: messages of a broadcast, or
// the next piece of a stream.
func (s *Sniffer) carried(e *Event) {
	switch {
	case e.Protocol == protoBroadcast:
		s.broadcast(e)
	case e.follow:
		if e.Err != nil {
			return
		}
		s.messages.packet(e)
		s.segment(e.Frame, s.now)
	}
}

// segment gives a TCP segment to the assembler and to the analysis.
func (s *Sniffer) segment(f *frame.Frame, now int64) {
	a := s.Analysis
	a.Segment(f, now)
	sizes(s.conn, s.dir, f, now)
	c, d := s.tcp.AddTo(s.conn, s.dir, f, now, s.streams.isReceiver(f.DstPort) || !s.streams.isReceiver(f.SrcPort))
	if c.User == nil && !c.Closed() {
		c.User = s.streams.newConn(c.Server)
	}
	if k, ok := c.User.(*conn); ok && k.receiver != nil && d == stream.ToClient && c.Answered && f.TCPFlags&frame.SYN != 0 {
		a.Answered(c.Server, now)
	}
}

// sizes follows which sizes of segments arrive, before the segment may end its connection c, nil for a new one.
func sizes(c *stream.Conn, d stream.Dir, f *frame.Frame, now int64) {
	if c == nil {
		return
	}
	k, ok := c.User.(*conn)
	switch {
	case !ok || k.receiver == nil:
		return
	case d == stream.ToServer:
		k.sizes.Sent(f, now)
	default:
		k.sizes.Acked(k.receiver, f, c.SYNs, now)
	}
	k.debt.Segment(k.receiver, f, d, now)
}

// broadcast reads the frames of a datagram to the group.
func (s *Sniffer) broadcast(e *Event) {
	b := e.Frame.Payload
	s.messages.packet(e)
	for len(b) > 0 {
		data, n, err := tribes.ParseFrame(b, len(b))
		if err != nil {
			if !e.Frame.Cut {
				s.messages.broken(e.Source, e.Destination, fmt.Errorf("broadcast: %w", err))
			}
			return
		}
		s.messages.frameData(e.Frame.Source(), e.Frame.Destination(), data, n, s.now)
		b = b[n:]
	}
}

// Data takes the next bytes of a stream.
func (t *streams) Data(c *stream.Conn, d stream.Dir, b []byte, now int64) {
	k := t.conn(c)
	h := &k.half[d]
	if k.foreign {
		return
	}
	if k.tls == nil && !h.begun && d == stream.ToServer && tlswire.Begins(b) && t.isReceiver(c.Server.Port()) {
		k.tls = new([2]tlswire.Side) // TLS to a port that is not known for it
	}
	if k.tls != nil {
		k.tls[d].Write(b)
		return
	}
	t.scan(h)
	if !h.begun {
		h.begun = true
		if !beginsFrame(b) {
			if c.Opened || c.Answered {
				t.strange(c, k, d)
				return
			}
			h.scanner.Gap(0) // the capture began inside a frame
		}
	}
	before := h.scanner.Buffered()
	for len(b) > 0 {
		n := min(len(b), maxFrame)
		if _, err := h.scanner.Write(b[:n]); err != nil {
			h.scanner.Gap(0)
		}
		b = b[n:]
		t.frames(c, k, d, now)
	}
	t.held += h.scanner.Buffered() - before
	if t.held > maxHeld {
		t.held -= h.scanner.Buffered()
		h.scanner.Gap(int64(h.scanner.Buffered()))
	}
}

// scan gives h a scanner where it has none.
func (t *streams) scan(h *half) {
	if h.scanner != nil {
		return
	}
	if n := len(t.spare); n > 0 {
		h.scanner, t.spare = t.spare[n-1], t.spare[:n-1]
		return
	}
	h.scanner = tribes.NewScanner(maxFrame)
}

const frameBegin = "FLT2002"

// beginsFrame reports whether b can begin a stream of Tribes: a frame, or the
// ack of a Tomcat 5.5, which has none.
func beginsFrame(b []byte) bool {
	begins := func(with string) bool {
		n := min(len(b), len(with))
		return string(b[:n]) == with[:n]
	}
	return begins(frameBegin) || begins(tribes.Ack55)
}

// strange notes a connection to a receiver's port that speaks something else.
func (t *streams) strange(c *stream.Conn, k *conn, d stream.Dir) {
	k.foreign = true
	if k.receiver != nil && t.isReceiver(c.Server.Port()) && d == stream.ToServer {
		k.receiver.Foreign++
		k.receiver.ForeignFrom = c.Client.Addr()
	}
}

func (t *streams) conn(c *stream.Conn) *conn {
	k, _ := c.User.(*conn)
	if k == nil {
		k = t.newConn(c.Server)
		c.User = k
	}
	return k
}

// frames takes all whole frames that are there.
func (t *streams) frames(c *stream.Conn, k *conn, d stream.Dir, now int64) {
	h := &k.half[d]
	src, dst := c.Client, c.Server
	if d == stream.ToClient {
		src, dst = dst, src
	}
	for {
		p, err := h.scanner.Next()
		if err != nil {
			if errors.Is(err, tribes.ErrIncomplete) {
				return
			}
			if k.receiver != nil {
				k.receiver.Invalid++
			}
			t.messages.broken(src, dst, err)
			h.scanner.Resync()
			continue
		}
		h.frames++
		k.tribes = true
		if k.receiver != nil && !k.receiver.Speaks {
			k.receiver.Speaks = true
			if len(t.advertised) < maxReceivers {
				t.advertised[c.Server] = true
			}
		}
		switch p.Kind {
		case tribes.PieceMessage:
			if k.receiver != nil {
				k.receiver.Sent(src.Addr())
			}
			data := t.messages.frameData(src, dst, p.Data, p.Size, now)
			t.messages.pend(k, data, p.Size, now)
		case tribes.PieceMessage55:
			t.messages.pend(k, t.messages.frame55(src, dst, p.Data, p.Size, now), p.Size, now)
		default:
			t.messages.ack(k, src, dst, p, now)
		}
	}
}

// Gap tells a scanner that bytes are missing.
func (t *streams) Gap(c *stream.Conn, d stream.Dir, n, _ int64) {
	k := t.conn(c)
	if k.tls != nil {
		return // the hellos come first; what follows is encrypted
	}
	h := &k.half[d]
	t.scan(h)
	h.begun = true
	t.held -= h.scanner.Buffered()
	h.scanner.Gap(n)
}

// Closed counts what became of a connection.
func (t *streams) Closed(c *stream.Conn, now int64) {
	k := t.conn(c)
	for i := range k.half {
		if h := &k.half[i]; h.scanner != nil {
			t.held -= h.scanner.Buffered()
			if len(t.spare) < maxSpare {
				h.scanner.Reset()
				t.spare = append(t.spare, h.scanner)
			}
			h.scanner = nil
		}
	}
	if k.tls != nil && (c.Opened || c.Answered) {
		if r := t.analysis.TLSReceiver(c.Server); r != nil {
			r.Announced = r.Announced || t.secure[c.Server.Port()]
			r.Ended(&k.tls[stream.ToServer], &k.tls[stream.ToClient])
		}
	}
	if k.receiver != nil {
		k.sizes.End()
		k.debt.End(k.receiver)
	}
	missing := uint64(0)
	for _, p := range k.pending {
		if now-p.at > int64(3*time.Second) || c.Closed() {
			missing++
		}
	}
	t.analysis.Closed(k.receiver, c, missing, now)
	c.User = nil
	if len(t.ended) < maxSpare {
		t.ended = append(t.ended, k)
	}
}
