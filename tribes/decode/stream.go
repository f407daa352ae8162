package decode

import (
	"errors"
	"fmt"
	"io"

	"muster/tribes"
	"muster/tribes/javaser"
)

// Form is what bytes are taken for.
type Form uint8

const (
	// Auto goes by the first bytes of each thing.
	Auto Form = iota
	// Heartbeats are member records.
	Heartbeats
	// Frames are what a TCP connection or a broadcast datagram carries.
	Frames
	// ChannelMessage is one message without a frame around it.
	ChannelMessage
	// Java is a Java object stream.
	Java
)

// Type is what was found.
type Type string

const (
	Heartbeat   Type = "heartbeat"
	Frame       Type = "frame"
	Ack         Type = "ack"
	FailAck     Type = "fail_ack"
	BareMessage Type = "message" // a message without a frame, by Form alone
	JavaStream  Type = "java"
	Incomplete  Type = "incomplete" // the start of something that does not end
	Invalid     Type = "invalid"
)

// Item is one thing found.
type Item struct {
	Type   Type
	Offset int64 // of its first byte
	Bytes  int64 // that it takes
	// Member is the heartbeat; Trailing counts what follows it in its datagram,
	// which Tomcat ignores.
	Member   tribes.Member
	Trailing int64
	// DataBytes is what a frame holds, its overhead left out.
	DataBytes int
	// Data is the message of a frame, nil for the frame without data that
	// Tomcat's own code can make. It shares memory with the input: it is valid
	// until the function that got it returns.
	Data *tribes.ChannelData
	// Java is what a Java stream holds, Raw its bytes; they are valid as long as
	// Data is.
	Java []javaser.Value
	Raw  []byte
	Err  error // of Invalid; its offset counts from Offset
}

// DefaultLimit is the most that one thing may take.
const DefaultLimit = tribes.DefaultFrameLimit

// Stream reads r to its end and calls found for each thing, in order. It stops
// behind the first thing whose end cannot be known, as a Tomcat does: nothing
// there can be trusted to begin where it seems to. Its error is r's or found's; what is
// wrong with the bytes is an Item. No thing may be larger than limit
// (DefaultLimit if 0), whatever its length fields claim.
func Stream(r io.Reader, form Form, limit int, found func(Item) error) error {
	if limit <= 0 {
		limit = DefaultLimit
	}
	s := &stream{window: window{r: r, limit: limit + tribes.Frame55Overhead}, limit: limit, found: found}
	for {
		if !s.need(1) {
			return s.err
		}
		done, err := s.next(form)
		switch {
		case err != nil:
			return err
		case done:
			return s.err
		}
	}
}

type stream struct {
	window
	limit int
	found func(Item) error
}

// next reads one thing and reports whether it is the last.
func (s *stream) next(form Form) (done bool, err error) {
	if form == Auto {
		s.need(bareRecord + len(memberBegin))
		if form = guess(s.bytes()); form == Auto {
			return true, s.invalid(&tribes.ParseError{Field: "first bytes",
				Reason: fmt.Sprintf("% x begins neither a heartbeat, a frame nor a Java stream", s.bytes()[:min(8, len(s.bytes()))])})
		}
	}
	switch form {
	case Heartbeats:
		return s.heartbeat()
	case Frames:
		return s.frame()
	case ChannelMessage:
		return true, s.message()
	}
	return true, s.java()
}

const (
	memberBegin = "TRIBES-B"
	frameBegin  = "FLT2002"
	javaBegin   = "\xac\xed\x00\x05"

	frameHead  = len(frameBegin) + 4 // what is before the data of a frame
	bareRecord = 36                  // where a message without a frame has its member record
)

// guess goes by the first bytes, or by as many of them as there are. A message
// without a frame begins with its options, which say nothing; what tells it is
// the record of its sender.
func guess(b []byte) Form {
	for begin, form := range map[string]Form{memberBegin: Heartbeats, frameBegin: Frames, javaBegin: Java} {
		n := min(len(b), len(begin))
		if n > 0 && string(b[:n]) == begin[:n] {
			return form
		}
	}
	switch {
	case tribes.IsMember(b):
		return Heartbeats // of Tomcat 5.5, which begins with its alive time
	case len(b) >= len(tribes.Ack55) && string(b[:len(tribes.Ack55)]) == tribes.Ack55:
		return Frames // one of 5.5 that answers
	}
	if len(b) >= bareRecord+len(memberBegin) && string(b[bareRecord:bareRecord+len(memberBegin)]) == memberBegin {
		return ChannelMessage
	}
	return Auto
}

func (s *stream) heartbeat() (done bool, err error) {
	s.need(tribes.MaxMember)
	m, n, err := tribes.ParseMember(s.bytes())
	if err != nil {
		return true, s.invalid(err) // a datagram that is cut will not go on
	}
	item := Item{Type: Heartbeat, Offset: s.offset, Bytes: int64(n), Member: m}
	rest := s.bytes()[n:]
	if len(rest) > 0 && guess(rest) == Auto {
		item.Member = m.Clone()
		s.take(n)
		item.Trailing = s.skipAll()
		return true, s.found(item)
	}
	defer s.take(n)
	return false, s.found(item)
}

// frame takes a frame or the bare ack of a 5.5; the first bytes tell which.
func (s *stream) frame() (done bool, err error) {
	const tells = frameHead + 6
	s.need(tells)
	if b := s.bytes(); len(b) >= len(tribes.Ack55) && string(b[:len(tribes.Ack55)]) == tribes.Ack55 {
		defer s.take(len(tribes.Ack55))
		return false, s.found(Item{Type: Ack, Offset: s.offset, Bytes: int64(len(tribes.Ack55))})
	}
	if yes, _ := tribes.IsFrame55(s.bytes()); yes {
		return s.frame55()
	}
	for {
		data, n, err := tribes.ParseFrame(s.bytes(), s.limit)
		switch {
		case errors.Is(err, tribes.ErrIncomplete):
			if s.more() {
				continue
			}
			return true, s.incomplete()
		case err != nil:
			return true, s.invalid(err)
		}
		item := Item{Type: Frame, Offset: s.offset, Bytes: int64(n), DataBytes: len(data)}
		switch {
		case tribes.IsAck(data):
			item.Type = Ack
		case tribes.IsFailAck(data):
			item.Type = FailAck
		case len(data) > 0:
			c, err := tribes.ParseChannelData(data)
			if err != nil { // the frame itself is whole: what follows it can be read
				item.Type, item.Err = Invalid, shift(err, frameHead)
				break
			}
			item.Data = &c
		}
		defer s.take(n)
		return false, s.found(item)
	}
}

func (s *stream) frame55() (done bool, err error) {
	for {
		_, data, n, err := tribes.ParseFrame55(s.bytes(), s.limit)
		switch {
		case errors.Is(err, tribes.ErrIncomplete):
			if s.more() {
				continue
			}
			return true, s.incomplete()
		case err != nil:
			return true, s.invalid(err)
		}
		item := Item{Type: Frame, Offset: s.offset, Bytes: int64(n), DataBytes: len(data)}
		c, err := Message55(data, s.limit)
		if err != nil {
			item.Type, item.Err = Invalid, shift(err, frameHead+4)
		} else {
			item.Data = &c
		}
		defer s.take(n)
		return false, s.found(item)
	}
}

func (s *stream) message() error {
	if !s.all() {
		return s.tooLong()
	}
	c, err := tribes.ParseChannelData(s.bytes())
	if errors.Is(err, tribes.ErrIncomplete) {
		return s.incomplete()
	}
	if err != nil {
		return s.invalid(err)
	}
	return s.found(Item{Type: BareMessage, Offset: s.offset, Bytes: int64(len(s.bytes())), Data: &c})
}

func (s *stream) java() error {
	if !s.all() {
		return s.tooLong()
	}
	b := s.bytes()
	contents, err := javaser.Parse(b, javaser.Limits{Bytes: s.limit})
	if errors.Is(err, javaser.ErrIncomplete) {
		return s.incomplete()
	}
	if err != nil {
		return s.invalid(err)
	}
	return s.found(Item{Type: JavaStream, Offset: s.offset, Bytes: int64(len(b)), Java: contents, Raw: b})
}

// incomplete and invalid keep silent where the input itself failed: nobody
// knows what it would have been.
func (s *stream) incomplete() error {
	if s.err != nil {
		return s.err
	}
	return s.found(Item{Type: Incomplete, Offset: s.offset, Bytes: int64(len(s.bytes()))})
}

func (s *stream) invalid(err error) error {
	if s.err != nil {
		return s.err
	}
	return s.found(Item{Type: Invalid, Offset: s.offset, Err: err})
}

func (s *stream) tooLong() error {
	return s.invalid(&tribes.ParseError{Offset: s.limit, Field: "input", Reason: fmt.Sprintf("more than the limit of %d bytes", s.limit)})
}

// shift moves the offset of a fault in a part of the bytes to theirs.
func shift(err error, by int) error {
	var p *tribes.ParseError
	if errors.As(err, &p) {
		q := *p
		q.Offset += by
		return &q
	}
	return err
}
