package view

import (
	"net/netip"
	"strconv"
	"time"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/sniff"
	"muster/sniff/frame"
	"muster/tribes"
)

// SniffLines writes a line for each packet and message. It appends to a buffer of
// its own and makes no garbage for heartbeats, so that a long capture is read as
// fast as it can be decoded.
type SniffLines struct {
	s       *term.Stream
	tail    *term.Tail // of a live capture, whose reader must not wait
	buf     []byte
	values  bool
	names   func(int) string // of interfaces; nil where there is only one
	second  int64            // whose clock text is in clock
	clock   []byte
	marks   marks
	zone    *time.Location
	err     error
	flushAt int
}

// marks are the colour sequences of a line; empty without colour.
type marks struct{ good, bad, dim, off string }

const flushSize = 64 << 10

// NewSniffLines writes to s. With live a slow reader never holds up the capture:
// what it does not take is skipped. names gives interfaces a name in each line;
// values shows the values of session attributes.
func NewSniffLines(s *term.Stream, live, values bool, names func(int) string) *SniffLines {
	l := &SniffLines{s: s, values: values, names: names, zone: time.Local, second: -1, flushAt: flushSize}
	if live {
		l.tail = term.NewTail(s)
	}
	if s.Color {
		l.marks = marks{good: "\x1b[32m", bad: "\x1b[31m", dim: "\x1b[2m", off: "\x1b[0m"}
	}
	return l
}

// Patient lets the capture wait for a slow reader after all.
func (l *SniffLines) Patient(yes bool) {
	if l.tail != nil {
		l.tail.Patient = yes
	}
}

// Event writes the line of e.
func (l *SniffLines) Event(e *sniff.Event) {
	if l.tail != nil {
		l.tail.Put(func(b []byte) []byte { return l.append(b, e) })
		return
	}
	l.buf = l.append(l.buf, e)
	if len(l.buf) >= l.flushAt {
		l.flush()
	}
}

func (l *SniffLines) flush() {
	if l.err == nil && len(l.buf) > 0 {
		_, l.err = l.s.Write(l.buf)
	}
	l.buf = l.buf[:0]
}

// Err is the first error of the writer: nobody reads any more.
func (l *SniffLines) Err() error {
	if l.tail != nil {
		return l.tail.Err()
	}
	return l.err
}

// Close writes what is pending and returns how many lines a slow reader missed.
func (l *SniffLines) Close() (skipped uint64, err error) {
	if l.tail != nil {
		return l.tail.Close()
	}
	l.flush()
	return 0, l.err
}

func (l *SniffLines) append(b []byte, e *sniff.Event) []byte {
	return l.s.AppendHang(b, func(b []byte) []byte { return l.line(b, e) })
}

func (l *SniffLines) line(b []byte, e *sniff.Event) []byte {
	b = l.time(b, e.Packet.Nanos)
	if l.names != nil {
		if name := l.names(e.Packet.Interface); name != "" {
			b = append(append(b, ' '), name...)
		}
	}
	if e.Kind != sniff.Packet {
		return append(l.message(b, e), '\n')
	}
	f := e.Frame
	switch {
	case f.IP != 0:
		b = append(b, ' ')
		b = appendAddr(b, e.Source)
		b = append(b, " > "...)
		b = appendAddr(b, e.Destination)
	case f.HasMAC:
		b = append(append(append(b, ' '), f.SrcMAC.String()...), " > "...)
		b = append(b, f.DstMAC.String()...)
	}
	if f.NVLANs > 0 {
		b = strconv.AppendUint(append(b, " vlan "...), uint64(f.VLAN()), 10)
	}
	b = l.what(b, e)
	if f.Cut {
		b = strconv.AppendInt(append(b, " cut to "...), int64(len(e.Packet.Data)), 10)
		b = strconv.AppendInt(append(b, " of "...), int64(e.Packet.Length), 10)
	}
	if e.Err != nil {
		b = l.mark(b, l.marks.bad, " invalid: "+escape.Text(e.Err.Error()))
	}
	return append(b, '\n')
}

func (l *SniffLines) mark(b []byte, mark, text string) []byte {
	return append(append(append(b, mark...), text...), l.marks.off...)
}

// time appends the time of day in this place, to the us.
func (l *SniffLines) time(b []byte, nanos int64) []byte {
	sec := nanos / 1e9
	if sec != l.second {
		l.second = sec
		l.clock = time.Unix(sec, 0).In(l.zone).AppendFormat(l.clock[:0], "15:04:05.")
	}
	b = append(b, l.clock...)
	us := nanos % 1e9 / 1000
	for div := int64(100000); div > 0; div /= 10 {
		b = append(b, byte('0'+us/div%10))
	}
	return b
}

// appendAddr appends an address, with its port where it has one.
func appendAddr(b []byte, ap netip.AddrPort) []byte {
	if ap.Port() == 0 {
		return ap.Addr().AppendTo(b)
	}
	return ap.AppendTo(b)
}

// what appends what the packet is.
func (l *SniffLines) what(b []byte, e *sniff.Event) []byte {
	f := e.Frame
	switch {
	case e.Member != nil:
		return l.heartbeat(b, e.Member, f)
	case e.IGMP != nil:
		b = append(b, " igmp"...)
		return appendAnomalies(appendIGMP(b, e.IGMP), e.Anomalies)
	case e.MLD != nil:
		b = append(b, " mld"...)
		return appendAnomalies(appendMLD(b, e.MLD), e.Anomalies)
	case e.Other != nil:
		b = append(append(append(b, ' '), e.Protocol...), ' ')
		b = append(b, e.Other.Type...)
		for _, x := range e.Other.Fields {
			b = append(append(append(b, ' '), x.Name...), '=')
			b = append(b, escape.Text(x.Value)...)
		}
		return b
	}
	b = append(append(b, ' '), e.Protocol...)
	switch {
	case f.Proto == frame.ProtoTCP && f.HasPorts:
		b = appendFlags(append(b, ' '), f.TCPFlags)
		if f.PayloadLen > 0 {
			b = strconv.AppendInt(append(b, " length "...), int64(f.PayloadLen), 10)
		}
	case f.HasPorts:
		b = strconv.AppendInt(append(b, " length "...), int64(f.PayloadLen), 10)
	case f.Fragment:
		b = strconv.AppendInt(append(b, " at "...), int64(f.FragOffset), 10)
		b = strconv.AppendInt(append(b, " length "...), int64(f.BodyLen), 10)
	case f.IP != 0:
		b = strconv.AppendInt(append(b, " length "...), int64(f.BodyLen), 10)
	default:
		b = strconv.AppendInt(append(b, " length "...), int64(e.Packet.Length), 10)
	}
	if e.Product != "" {
		b = append(append(append(b, " ("...), e.Product...), ')')
	}
	return b
}

// heartbeat: where the member listens, how long it lives, who it is.
func (l *SniffLines) heartbeat(b []byte, m *tribes.Member, f *frame.Frame) []byte {
	b = append(b, " heartbeat "...)
	a, ok := m.Addr()
	switch {
	case !ok:
		b = append(b, MemberAddress(m)...)
	case m.Port >= 0 && m.Port < 1<<16:
		b = netip.AddrPortFrom(a, uint16(m.Port)).AppendTo(b)
	default:
		b = append(a.AppendTo(b), ':')
		b = strconv.AppendInt(b, int64(m.Port), 10)
	}
	b = append(b, " alive "...)
	b = appendSeconds(b, m.Alive)
	b = append(b, " id "...)
	for _, x := range m.ID {
		b = append(b, hexDigits[x>>4], hexDigits[x&15])
	}
	if m.Generation != tribes.V1 {
		b = append(append(b, ' '), m.Generation.String()...)
	}
	if len(m.Domain) > 0 {
		b = append(append(b, " domain "...), escape.Bytes(m.Domain)...)
	}
	if len(m.Payload) > 0 {
		b = strconv.AppendInt(append(b, " payload "...), int64(len(m.Payload)), 10)
	}
	switch {
	case m.Shutdown():
		b = l.mark(b, l.marks.bad, " goodbye")
	case len(m.Command) > 0:
		b = append(append(b, " command "...), escape.Bytes(m.Command)...)
	}
	if ok && a.Unmap() != f.Src {
		b = l.mark(b, l.marks.bad, " (sent by another address)")
	}
	return b
}

const hexDigits = "0123456789abcdef"

// appendSeconds appends ms as seconds with three digits.
func appendSeconds(b []byte, ms int64) []byte {
	if ms < 0 {
		b = append(b, '-')
		ms = -ms
	}
	b = strconv.AppendInt(b, ms/1000, 10)
	ms %= 1000
	return append(b, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10), 's')
}

// appendFlags appends TCP's flags as tcpdump writes them.
func appendFlags(b []byte, flags uint8) []byte {
	b = append(b, '[')
	for _, x := range []struct {
		bit  uint8
		name byte
	}{{frame.SYN, 'S'}, {frame.FIN, 'F'}, {frame.RST, 'R'}, {frame.PSH, 'P'}, {frame.ACK, '.'}} {
		if flags&x.bit != 0 {
			b = append(b, x.name)
		}
	}
	return append(b, ']')
}
