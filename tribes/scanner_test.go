package tribes

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/iotest"
)

// scan reads all of r and returns what a receiver would see.
func scan(s *Scanner, r io.Reader) (kinds []PieceKind, offsets []int64, err error) {
	for {
		p, err := s.Next()
		switch {
		case errors.Is(err, ErrIncomplete):
			if _, err := s.Fill(r); err != nil {
				return kinds, offsets, err
			}
		case err != nil:
			return kinds, offsets, err
		default:
			kinds = append(kinds, p.Kind)
			offsets = append(offsets, p.Offset)
		}
	}
}

func TestScannerAnySplit(t *testing.T) {
	stream := append(bytes.Clone(one(t, "two-frames").Bytes), Ack+FailAck...)
	stream = append(stream, one(t, "frame-empty-data").Bytes...)
	wantKinds := []PieceKind{PieceMessage, PieceMessage, PieceAck, PieceFailAck, PieceMessage}
	first, second := one(t, "two-frames").Int(t, "firstLen"), one(t, "two-frames").Int(t, "secondLen")
	wantOffsets := []int64{0, first, first + second, first + second + 21, first + second + 42}
	for name, r := range map[string]io.Reader{
		"at once":      bytes.NewReader(stream),
		"byte by byte": iotest.OneByteReader(bytes.NewReader(stream)),
		"half by half": iotest.HalfReader(bytes.NewReader(stream)),
		"with errors":  iotest.DataErrReader(bytes.NewReader(stream)),
	} {
		s := NewScanner(0)
		kinds, offsets, err := scan(s, r)
		if !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", name, err)
		}
		if name == "with errors" { // its last bytes came with the EOF
			for p, err := s.Next(); err == nil; p, err = s.Next() {
				kinds, offsets = append(kinds, p.Kind), append(offsets, p.Offset)
			}
		}
		if !equal(kinds, wantKinds) || !equal(offsets, wantOffsets) {
			t.Errorf("%s: %v at %v, want %v at %v", name, kinds, offsets, wantKinds, wantOffsets)
		}
		if s.Buffered() != 0 || s.Offset() != int64(len(stream)) {
			t.Errorf("%s: %d bytes left, offset %d", name, s.Buffered(), s.Offset())
		}
	}
}

func equal[T comparable](a, b []T) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestScannerBrokenStream(t *testing.T) {
	s := NewScanner(100)
	write(t, s, Ack+"junk"+Ack)
	if p, err := s.Next(); err != nil || p.Kind != PieceAck {
		t.Fatalf("%v, %v", p, err)
	}
	var broken *StreamError
	if _, err := s.Next(); !errors.As(err, &broken) || broken.Offset != 21 || !errors.Is(err, ErrMarker) {
		t.Fatalf("err = %v, want a marker missing at offset 21", err)
	}
	if _, err := s.Next(); err == nil {
		t.Error("the error did not stay")
	}
	if _, err := s.Write([]byte(Ack)); err == nil {
		t.Error("a broken stream took more bytes")
	}
	if n, err := s.Fill(bytes.NewReader([]byte(Ack))); n != 0 || err == nil {
		t.Error("a broken stream was filled")
	}
	s.Resync()
	if p, err := s.Next(); err != nil || p.Offset != 25 {
		t.Errorf("after Resync: %v at %d, want the ack at 25", err, p.Offset)
	}
}

func TestScannerResyncKeepsAHalfMarker(t *testing.T) {
	s := NewScanner(0)
	write(t, s, "FLT2002FLT20") // a begin, a length of ASCII letters
	if _, err := s.Next(); err == nil || errors.Is(err, ErrIncomplete) {
		t.Fatalf("err = %v, want a length over the limit", err)
	}
	s.Resync()
	if _, err := s.Next(); !errors.Is(err, ErrIncomplete) {
		t.Fatalf("err = %v", err)
	}
	write(t, s, Ack[5:])
	if p, err := s.Next(); err != nil || p.Offset != 7 || p.Kind != PieceAck {
		t.Errorf("%v at %d: %v, want the ack at 7", p.Kind, p.Offset, err)
	}
}

// A fuzzer's stream: junk between two frames stops a receiver, and Resync finds
// the frame behind it.
func TestScannerResyncFindsTheFrameBehindJunk(t *testing.T) {
	const frame = "FLT2002\x00\x00\x00\x0500000TLF2003"
	s := NewScanner(0)
	write(t, s, frame+"0"+frame)
	if p, err := s.Next(); err != nil || p.Offset != 0 {
		t.Fatalf("%+v, %v", p, err)
	}
	if _, err := s.Next(); err == nil || errors.Is(err, ErrIncomplete) {
		t.Fatalf("err = %v, want the junk", err)
	}
	s.Resync()
	if p, err := s.Next(); err != nil || p.Offset != int64(len(frame))+1 {
		t.Errorf("at %d: %v, want the frame at %d", p.Offset, err, len(frame)+1)
	}
}

func TestScannerGap(t *testing.T) {
	s := NewScanner(0)
	write(t, s, Ack+Ack[:10])
	if _, err := s.Next(); err != nil {
		t.Fatal(err)
	}
	s.Gap(1000)
	write(t, s, "rest of what was lost"+FailAck)
	p, err := s.Next()
	if err != nil || p.Kind != PieceFailAck || p.Offset != 21+10+1000+21 {
		t.Errorf("%v at %d: %v, want the fail ack at %d", p.Kind, p.Offset, err, 21+10+1000+21)
	}
}

func write(t *testing.T, s *Scanner, b string) {
	t.Helper()
	if n, err := s.Write([]byte(b)); n != len(b) || err != nil {
		t.Fatalf("wrote %d of %d: %v", n, len(b), err)
	}
}

// A length field must not decide how much memory is taken: ten thousand
// connections may each claim 64 MiB.
func TestScannerMemoryFollowsTheBytes(t *testing.T) {
	const conns = 1000
	head := AppendFrame(nil, make([]byte, 100))
	copy(head[7:], []byte{0x03, 0xff, 0xff, 0xff}) // almost 64 MiB
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	all := make([]*Scanner, conns)
	for i := range all {
		all[i] = NewScanner(0)
		if _, err := all[i].Fill(bytes.NewReader(head)); err != nil {
			t.Fatal(err)
		}
		if _, err := all[i].Next(); !errors.Is(err, ErrIncomplete) {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / conns; each > 2*scanChunk {
		t.Errorf("%d bytes for each connection that sent %d", each, len(head))
	}
	runtime.KeepAlive(all)
}

func TestScannerBound(t *testing.T) {
	s := NewScanner(1000)
	var err error
	n := 0
	for i := 0; i < 100 && err == nil; i++ {
		_, err = s.Write(make([]byte, 100))
		n += 100
	}
	if err == nil || s.Buffered() > 1000+FrameOverhead+100 {
		t.Errorf("took %d bytes that nobody asked for", s.Buffered())
	}
}

// A connection that once carried much gives the memory back.
func TestScannerLetsGo(t *testing.T) {
	s := NewScanner(0)
	write(t, s, string(AppendFrame(nil, make([]byte, 1<<20))))
	if _, err := s.Next(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Fill(bytes.NewReader([]byte(Ack))); err != nil {
		t.Fatal(err)
	}
	if cap(s.buf) > scanKeep {
		t.Errorf("keeps %d bytes", cap(s.buf))
	}
}
