package tribes

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// PieceKind is what a Scanner found.
type PieceKind uint8

const (
	// PieceMessage is a frame whose data is not an ack: a ChannelData, if valid.
	PieceMessage PieceKind = iota
	PieceAck
	PieceFailAck
	// PieceMessage55 and PieceAck55 are those of Tomcat 5.5: one Java object, which
	// may be compressed, and three bytes without a frame.
	PieceMessage55
	PieceAck55
)

// Piece is one frame of a TCP stream.
type Piece struct {
	Kind   PieceKind
	Offset int64  // of its first byte in the stream
	Size   int    // bytes on the wire, what encloses Data included
	Data   []byte // valid until the Scanner is given more bytes
}

// StreamError is a place in a stream from which nothing can be read any more.
type StreamError struct {
	Offset int64       // of the frame that is wrong
	Err    *ParseError // with an offset relative to it
}

func (e *StreamError) Error() string {
	return fmt.Sprintf("offset %d: %s: %s", e.Offset+int64(e.Err.Offset), e.Err.Field, e.Err.Reason)
}

func (e *StreamError) Unwrap() error { return e.Err }

// Scanner cuts a TCP byte stream into frames. Give it bytes by Fill or Write,
// in pieces of any size, and take frames by Next until that wants more:
//
//	for {
//		p, err := s.Next()
//		switch {
//		case errors.Is(err, tribes.ErrIncomplete):
//			if _, err := s.Fill(conn); err != nil { ... }
//		case err != nil: // the stream is broken for good, as it is for a Tomcat
//		default: // p
//		}
//	}
//
// It holds at most one frame's limit and one read: its memory grows with the
// bytes that came, never with a length that a peer claims. It is not safe for
// use by several goroutines.
type Scanner struct {
	limit   int
	buf     []byte // unread: buf[at:]
	at      int
	offset  int64 // of buf[at] in the stream
	seeking bool  // after Resync and Gap: find the next begin first
	err     error
}

const (
	scanChunk = 32 << 10
	// scanKeep is the largest empty buffer that is kept for the next frame; a
	// connection that once carried a large state must not hold its size for ever.
	scanKeep = 256 << 10
)

// NewScanner returns a Scanner that takes frames of up to limit bytes of data,
// DefaultFrameLimit if limit is 0.
func NewScanner(limit int) *Scanner {
	if limit <= 0 {
		limit = DefaultFrameLimit
	}
	return &Scanner{limit: limit}
}

// Offset is that of the first byte that no piece has taken.
func (s *Scanner) Offset() int64 { return s.offset }

// Buffered is the number of bytes that wait for the rest of their frame.
func (s *Scanner) Buffered() int { return len(s.buf) - s.at }

// Next returns the next frame. An error that wraps ErrIncomplete asks for more
// bytes; any other is a *StreamError and stays until Resync.
func (s *Scanner) Next() (Piece, error) {
	if s.err != nil {
		return Piece{}, s.err
	}
	if s.seeking && !s.seek() {
		return Piece{}, ErrIncomplete
	}
	if s.waits() {
		return Piece{}, ErrIncomplete
	}
	p, err := parsePiece(s.buf[s.at:], s.limit)
	if errors.Is(err, ErrIncomplete) {
		return Piece{}, ErrIncomplete
	}
	if err != nil {
		s.err = s.wrap(err)
		return Piece{}, s.err
	}
	p.Offset = s.offset
	s.drop(p.Size)
	return p, nil
}

// parsePiece reads what stands at the beginning of b, of any generation.
func parsePiece(b []byte, limit int) (p Piece, err error) {
	if n := min(len(b), len(Ack55)); string(b[:n]) == Ack55[:n] {
		if n < len(Ack55) {
			return p, ErrIncomplete
		}
		return Piece{Kind: PieceAck55, Size: n, Data: b[:n]}, nil
	}
	if yes, more := IsFrame55(b); yes || more {
		if more {
			return p, ErrIncomplete
		}
		p.Kind = PieceMessage55
		_, p.Data, p.Size, err = ParseFrame55(b, limit)
		return p, err
	}
	p.Data, p.Size, err = ParseFrame(b, limit)
	switch {
	case IsAck(p.Data):
		p.Kind = PieceAck
	case IsFailAck(p.Data):
		p.Kind = PieceFailAck
	}
	return p, err
}

// waits reports whether the frame that has begun lacks bytes. It is what ParseFrame
// would find out, but takes no time to say where.
func (s *Scanner) waits() bool {
	b := s.buf[s.at:]
	const head = len(frameBegin) + 4
	if len(b) < head {
		return len(b) == 0
	}
	size := int64(binary.BigEndian.Uint32(b[len(frameBegin):]))
	return size <= int64(s.limit) && int64(len(b)) < int64(FrameOverhead)+size && IsFrame(b)
}

// Reset makes s as new but for its buffer, which the next stream can use.
func (s *Scanner) Reset() {
	buf := s.buf[:0]
	if cap(buf) > scanChunk {
		buf = nil
	}
	*s = Scanner{limit: s.limit, buf: buf}
}

func (s *Scanner) wrap(err error) error {
	var p *ParseError
	errors.As(err, &p)
	return &StreamError{s.offset, p}
}

// Fill reads from r once. It returns what r returned.
func (s *Scanner) Fill(r io.Reader) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	s.room(scanChunk)
	n, err := r.Read(s.buf[len(s.buf):cap(s.buf)])
	s.buf = s.buf[:len(s.buf)+n]
	return n, err
}

// Write adds bytes of the stream. It refuses them when more than one frame's
// limit waits already: take with Next before giving more.
func (s *Scanner) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	if s.Buffered() > s.limit+FrameOverhead {
		return 0, fmt.Errorf("%d bytes wait to be taken", s.Buffered())
	}
	s.room(len(p))
	s.buf = append(s.buf, p...)
	return len(p), nil
}

// Resync gives up the frame at Offset after an error, or one that will not end,
// and makes Next look for the next begin of a frame. A Tomcat never does this:
// it is for observers, and Next then returns what no receiver delivered.
func (s *Scanner) Resync() {
	s.err = nil
	s.drop(min(1, s.Buffered()))
	s.seeking = true
}

// Gap tells that the next n bytes of the stream are not known (a capture lost
// them): what waits is dropped, and Next looks for the next begin of a frame.
func (s *Scanner) Gap(n int64) {
	s.err = nil
	s.drop(s.Buffered())
	s.offset += n
	s.seeking = true
}

// seek drops what is before the next begin, and what cannot be a part of one.
func (s *Scanner) seek() bool {
	rest := s.buf[s.at:]
	i := bytes.Index(rest, []byte(frameBegin))
	if i >= 0 {
		s.drop(i)
		s.seeking = false
		return true
	}
	s.drop(max(0, len(rest)-len(frameBegin)+1))
	return false
}

func (s *Scanner) drop(n int) {
	s.at += n
	s.offset += int64(n)
}

// room makes room for n more bytes: by moving what waits to the front, then by
// doubling. Moving only when the front half is free keeps it linear.
func (s *Scanner) room(n int) {
	waiting := s.Buffered()
	if waiting == 0 {
		s.buf, s.at = s.buf[:0], 0
		if cap(s.buf) > scanKeep {
			s.buf = nil
		}
	}
	if cap(s.buf)-len(s.buf) >= n {
		return
	}
	if s.at >= waiting && cap(s.buf)-waiting >= n {
		s.buf = s.buf[:copy(s.buf, s.buf[s.at:])]
		s.at = 0
		return
	}
	grown := make([]byte, waiting, max(2*waiting, waiting+n))
	copy(grown, s.buf[s.at:])
	s.buf, s.at = grown, 0
}
