package stream

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"testing"

	"muster/sniff/frame"
)

// log is a Sink that writes down what it is told: bytes as they are, gaps as
// dots.
type log struct {
	t      testing.TB
	data   [2]bytes.Buffer
	gaps   [2]int64
	closed int
}

// ended marks, as the User of a connection, that it was closed.
const ended = "ended"

func (l *log) Data(c *Conn, d Dir, b []byte, _ int64) {
	if c.User == ended {
		l.t.Error("bytes after the end")
	}
	l.data[d].Write(b)
}

func (l *log) Gap(_ *Conn, d Dir, n, _ int64) {
	l.gaps[d] += n
	if n < 100 {
		l.data[d].Write(bytes.Repeat([]byte("."), int(n)))
	}
}

func (l *log) Closed(c *Conn, _ int64) {
	if c.User == ended {
		l.t.Error("closed twice")
	}
	c.User = ended
	l.closed++
}

var (
	client = netip.MustParseAddrPort("10.0.0.1:50000")
	server = netip.MustParseAddrPort("10.0.0.2:4000")
)

func seg(d Dir, flags uint8, seq, ack uint32, data string) *frame.Frame {
	src, dst := client, server
	if d == ToClient {
		src, dst = dst, src
	}
	return &frame.Frame{Src: src.Addr(), Dst: dst.Addr(), SrcPort: src.Port(), DstPort: dst.Port(), Proto: frame.ProtoTCP, HasPorts: true,
		Seq: seq, Ack: ack, TCPFlags: flags, Payload: []byte(data), PayloadLen: len(data)}
}

// play gives frames, a millisecond apart, and returns what came of it.
func play(t testing.TB, frames ...*frame.Frame) (*log, *Assembler, *Conn) {
	l := &log{t: t}
	a := NewAssembler(l)
	var c *Conn
	now := int64(0)
	for _, f := range frames {
		now += 1e6
		c, _ = a.Add(f, now, true)
	}
	return l, a, c
}

const isn = 4294967290 // wraps after six bytes

func wrap(seq int) uint32 { return uint32(seq) }

func opening() []*frame.Frame {
	return []*frame.Frame{seg(ToServer, frame.SYN, isn, 0, ""), seg(ToClient, frame.SYN|frame.ACK, 99, isn+1, ""), seg(ToServer, frame.ACK, isn+1, 100, "")}
}

func TestInOrder(t *testing.T) {
	frames := append(opening(),
		seg(ToServer, frame.ACK, isn+1, 100, "hello "),
		seg(ToClient, frame.ACK, 100, wrap(isn+7), "yes"),
		seg(ToServer, frame.ACK, wrap(isn+7), 103, "world"),
		seg(ToServer, frame.FIN|frame.ACK, 6, 103, ""),
		seg(ToClient, frame.FIN|frame.ACK, 103, 7, ""))
	l, a, c := play(t, frames...)
	if got := l.data[ToServer].String(); got != "hello world" {
		t.Errorf("to the server: %q", got)
	}
	if got := l.data[ToClient].String(); got != "yes" {
		t.Errorf("to the client: %q", got)
	}
	if l.closed != 1 || !c.Closed() || !c.Opened || !c.Answered || c.Reset {
		t.Errorf("closed %d times, %+v", l.closed, c)
	}
	a.Finish(0)
	if l.closed != 1 || a.Len() != 0 {
		t.Errorf("closed %d times, %d left", l.closed, a.Len())
	}
}

func TestOutOfOrder(t *testing.T) {
	for name, test := range map[string]struct {
		frames []*frame.Frame
		want   string
		retr   uint64
		change uint64
	}{
		"swapped":              {[]*frame.Frame{seg(0, 0, 10, 0, "a"), seg(0, 0, 12, 0, "c"), seg(0, 0, 11, 0, "b")}, "abc", 0, 0},
		"repeated":             {[]*frame.Frame{seg(0, 0, 10, 0, "abc"), seg(0, 0, 10, 0, "abc"), seg(0, 0, 13, 0, "d")}, "abcd", 1, 0},
		"overlapping":          {[]*frame.Frame{seg(0, 0, 10, 0, "abc"), seg(0, 0, 11, 0, "bcde")}, "abcde", 1, 0},
		"other content":        {[]*frame.Frame{seg(0, 0, 10, 0, "abc"), seg(0, 0, 10, 0, "xyz"), seg(0, 0, 13, 0, "d")}, "abcd", 1, 1},
		"other, inside more":   {[]*frame.Frame{seg(0, 0, 10, 0, "abc"), seg(0, 0, 13, 0, "d"), seg(0, 0, 10, 0, "abXde")}, "abcde", 1, 1},
		"waiting, repeated":    {[]*frame.Frame{seg(0, 0, 10, 0, "a"), seg(0, 0, 12, 0, "c"), seg(0, 0, 12, 0, "c"), seg(0, 0, 11, 0, "b")}, "abc", 1, 0},
		"waiting, other":       {[]*frame.Frame{seg(0, 0, 10, 0, "a"), seg(0, 0, 12, 0, "c"), seg(0, 0, 12, 0, "X"), seg(0, 0, 11, 0, "b")}, "abc", 1, 1},
		"waiting, longer":      {[]*frame.Frame{seg(0, 0, 10, 0, "a"), seg(0, 0, 12, 0, "c"), seg(0, 0, 12, 0, "cd"), seg(0, 0, 11, 0, "b")}, "abcd", 1, 0},
		"waiting, longer diff": {[]*frame.Frame{seg(0, 0, 10, 0, "a"), seg(0, 0, 12, 0, "c"), seg(0, 0, 12, 0, "Xd"), seg(0, 0, 11, 0, "b")}, "abcd", 1, 1},
		"filled with overlap":  {[]*frame.Frame{seg(0, 0, 10, 0, "a"), seg(0, 0, 12, 0, "cd"), seg(0, 0, 11, 0, "bcde")}, "abcde", 1, 0},
		"waiting swallowed":    {[]*frame.Frame{seg(0, 0, 10, 0, "a"), seg(0, 0, 12, 0, "c"), seg(0, 0, 14, 0, "e"), seg(0, 0, 11, 0, "bcd")}, "abcde", 1, 0},
		"before the beginning": {[]*frame.Frame{seg(0, 0, 10, 0, "bc"), seg(0, 0, 8, 0, "zza"), seg(0, 0, 12, 0, "d")}, "bcd", 1, 0},
		"far away":             {[]*frame.Frame{seg(0, 0, 10, 0, "ab"), seg(0, 0, 1<<30, 0, "new")}, "abnew", 0, 0},
	} {
		l, _, c := play(t, test.frames...)
		h := &c.Half[ToServer]
		if got := l.data[ToServer].String(); got != test.want || h.Retransmitted != test.retr || h.Changed != test.change {
			t.Errorf("%s: %q, %d retransmitted, %d changed; want %q, %d, %d", name, got, h.Retransmitted, h.Changed, test.want, test.retr, test.change)
		}
	}
}

// Bytes that the capture missed are told as a gap: when the receiver has
// acknowledged them, when the connection ends, when the capture does.
func TestGaps(t *testing.T) {
	l, a, c := play(t, seg(0, 0, 10, 0, "a"), seg(0, 0, 15, 0, "f"))
	if l.data[ToServer].String() != "a" {
		t.Fatalf("%q before the hole is given up", l.data[ToServer].String())
	}
	a.Add(seg(ToClient, frame.ACK, 1, 16, ""), 2e6+1, true)
	if l.gaps[ToServer] != 0 {
		t.Error("a hole is given up at once")
	}
	a.Add(seg(ToClient, frame.ACK, 1, 16, ""), 3e9, true)
	if got := l.data[ToServer].String(); got != "a....f" || c.Half[0].Missing != 4 || c.Half[0].Gaps != 1 {
		t.Errorf("%q, %+v", got, c.Half[0])
	}
	a.Add(seg(0, 0, 20, 0, "k"), 4e9, true)
	a.Add(seg(ToClient, frame.RST, 1, 0, ""), 5e9, true)
	if got := l.data[ToServer].String(); got != "a....f....k" {
		t.Errorf("%q after the reset", got)
	}
	l, a, _ = play(t, seg(0, 0, 10, 0, "a"), seg(0, 0, 12, 0, "c"), seg(0, 0, 14, 0, "e"))
	a.Finish(9e9)
	if got := l.data[ToServer].String(); got != "a.c.e" {
		t.Errorf("%q at the end of the capture", got)
	}
	cut := seg(0, 0, 10, 0, "ab")
	cut.PayloadLen = 5
	l, _, _ = play(t, cut, seg(0, 0, 15, 0, "f"))
	if got := l.data[ToServer].String(); got != "ab...f" {
		t.Errorf("%q of a segment that the snap length cut", got)
	}
}

func TestSides(t *testing.T) {
	_, _, c := play(t, seg(ToClient, frame.SYN|frame.ACK, 1, 1, ""))
	if c.Client != client || c.Server != server {
		t.Errorf("an answer makes %s the client", c.Client)
	}
	l := &log{t: t}
	a := NewAssembler(l)
	c, d := a.Add(seg(ToClient, frame.ACK, 1, 1, "x"), 0, false)
	if c.Client != client || d != ToClient {
		t.Errorf("%s is the client, direction %d", c.Client, d)
	}
	_, _, c = play(t, seg(0, frame.SYN, 1, 0, ""), seg(0, frame.SYN, 1, 0, ""), seg(ToClient, frame.RST|frame.ACK, 0, 2, ""))
	if !c.Refused || c.SYNs != 2 || c.Answered {
		t.Errorf("refused %v, %d SYNs, answered %v", c.Refused, c.SYNs, c.Answered)
	}
}

// The same ports are used again: a new connection.
func TestReuse(t *testing.T) {
	frames := append(opening(), seg(0, frame.ACK, isn+1, 100, "one"), seg(ToClient, frame.RST, 100, 0, ""),
		seg(0, frame.ACK, isn+4, 100, "late"), seg(0, frame.SYN, 500, 0, ""), seg(0, frame.ACK, 501, 0, "two"))
	l, a, _ := play(t, frames...)
	if got := l.data[ToServer].String(); got != "onetwo" || l.closed != 1 || a.Len() != 1 {
		t.Errorf("%q, %d closed, %d open", got, l.closed, a.Len())
	}
}

// However a stream is cut, shuffled and repeated, it comes out as it was.
func TestAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	for round := range 200 {
		want := make([]byte, 2000)
		for i := range want {
			want[i] = byte(r.Uint32())
		}
		frames := []*frame.Frame{seg(0, frame.SYN, isn, 0, "")}
		for at := 0; at < len(want); {
			n := min(1+r.IntN(100), len(want)-at)
			from := max(0, at-r.IntN(2)*r.IntN(50))
			frames = append(frames, seg(0, frame.ACK, wrap(isn+1+from), 0, string(want[from:at+n])))
			if r.IntN(5) == 0 {
				frames = append(frames, frames[len(frames)-1])
			}
			at += n
		}
		rest := frames[1:]
		for i := range rest {
			j := min(len(rest)-1, i+r.IntN(6))
			rest[i], rest[j] = rest[j], rest[i]
		}
		l, a, c := play(t, frames...)
		if !bytes.Equal(l.data[ToServer].Bytes(), want) || c.Half[0].Changed != 0 || c.Half[0].Gaps != 0 {
			t.Fatalf("round %d: %d of %d bytes, %+v", round, l.data[ToServer].Len(), len(want), c.Half[0])
		}
		if a.held != 0 {
			t.Fatalf("round %d: %d bytes are still held", round, a.held)
		}
	}
}

// A hundred thousand half-open connections do not push out one that carries
// data, and take bounded memory.
func TestHalfOpenFlood(t *testing.T) {
	l := &log{t: t}
	a := NewAssembler(l)
	for _, f := range append(opening(), seg(0, frame.ACK, isn+1, 100, "one ")) {
		a.Add(f, 0, true)
	}
	for i := range 100000 {
		f := seg(0, frame.SYN, uint32(i), 0, "")
		f.Src = netip.AddrFrom4([4]byte{172, byte(i >> 16), byte(i >> 8), byte(i)})
		a.Add(f, int64(i), true)
	}
	a.Add(seg(0, frame.ACK, wrap(isn+5), 100, "two"), 0, true)
	if got := l.data[ToServer].String(); got != "one two" {
		t.Errorf("%q", got)
	}
	if a.Len() > maxQuiet+1 || a.Forgotten < 90000 || l.closed != int(a.Forgotten) {
		t.Errorf("%d connections, %d forgotten, %d told", a.Len(), a.Forgotten, l.closed)
	}
}

// Segments behind holes of many connections are held up to a bound.
func TestHoleFlood(t *testing.T) {
	l := &log{t: t}
	a := NewAssembler(l)
	big := string(make([]byte, 1400))
	for i := range 40000 {
		f := seg(0, frame.ACK, 10, 0, "x")
		f.SrcPort = uint16(i % 200)
		if i >= 200 {
			f.Seq, f.Payload, f.PayloadLen = uint32(i*2000), []byte(big), len(big)
		}
		a.Add(f, int64(i), true)
		if a.held > maxTotal+len(big) {
			t.Fatalf("%d bytes are held", a.held)
		}
	}
	a.Finish(1)
	if a.held != 0 || a.Len() != 0 {
		t.Errorf("%d bytes and %d connections are left", a.held, a.Len())
	}
}

func FuzzAdd(f *testing.F) {
	f.Add([]byte("\x02\x00\x00abc\x10\x01\x04def"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a := NewAssembler(&log{t: t})
		now := int64(0)
		for len(b) >= 4 {
			n := min(int(b[3]&15), len(b)-4)
			fr := seg(Dir(b[0]>>7), b[0]&0x1f, uint32(int32(int8(b[1]))), uint32(b[2]), string(b[4:4+n]))
			fr.SrcPort += uint16(b[3] >> 6)
			fr.PayloadLen += int(b[3] >> 4 & 1)
			now += int64(b[2]) * 1e8
			a.Add(fr, now, b[3]>>5&1 == 0)
			b = b[4+n:]
		}
		a.Finish(now)
		if a.held != 0 || a.Len() != 0 || a.quiet.n != 0 || a.active.n != 0 {
			t.Fatalf("%d bytes, %d connections left", a.held, a.Len())
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	a := NewAssembler(&nothing{})
	f := seg(0, frame.ACK, 0, 0, string(make([]byte, 1000)))
	b.SetBytes(1000)
	b.ReportAllocs()
	for b.Loop() {
		a.Add(f, 0, true)
		f.Seq += 1000
	}
}

type nothing struct{}

func (nothing) Data(*Conn, Dir, []byte, int64) {}
func (nothing) Gap(*Conn, Dir, int64, int64)   {}
func (nothing) Closed(*Conn, int64)            {}
