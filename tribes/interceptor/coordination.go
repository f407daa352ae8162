package interceptor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"muster/tribes"
)

// Coordination is a message of NonBlockingCoordinator's election
// (NonBlockingCoordinator.CoordinationMessage).
type Coordination struct {
	Leader, Source tribes.Member
	View           []tribes.Member
	ID             tribes.UniqueID // of the view
	Type           tribes.UniqueID
}

// CoordinationType names what a message is by its type: request, confirm, or
// unknown.
func CoordinationType(t tribes.UniqueID) string {
	switch string(t[:]) {
	case tribes.CoordinationRequest:
		return "request"
	case tribes.CoordinationConfirm:
		return "confirm"
	}
	return "unknown"
}

// IsCoordination reports whether a message begins as one of an election does.
func IsCoordination(b []byte) bool { return strings.HasPrefix(string(b), tribes.CoordinationHeader) }

// minRecord is the shortest member record, a Tomcat 6.0's without an address, with its
// length before it.
const minRecord = 4 + 65

// ParseCoordination reads a whole message. Members share memory with b.
func ParseCoordination(b []byte) (Coordination, error) {
	var c Coordination
	if !IsCoordination(b) {
		return c, errors.New("coordination: its header is missing")
	}
	r := coordinationReader{b: b, at: len(tribes.CoordinationHeader)}
	c.Leader = r.member("leader")
	c.Source = r.member("source")
	n := int32(r.u32("number of members"))
	if r.err == nil && (n < 0 || int(n) > (len(b)-r.at)/minRecord) {
		r.fail("number of members", fmt.Errorf("%d in %d bytes", n, len(b)-r.at))
	}
	for i := int32(0); i < n && r.err == nil; i++ {
		c.View = append(c.View, r.member("member"))
	}
	copy(c.ID[:], r.take("view id", len(c.ID)))
	copy(c.Type[:], r.take("type", len(c.Type)))
	if r.err == nil && r.at != len(b) {
		r.fail("type", fmt.Errorf("%d bytes after it", len(b)-r.at))
	}
	if r.err != nil {
		return Coordination{}, r.err
	}
	return c, nil
}

// Append writes the message.
func (c *Coordination) Append(b []byte) ([]byte, error) {
	out := append(b, tribes.CoordinationHeader...)
	var err error
	add := func(m *tribes.Member) {
		if err == nil {
			out = binary.BigEndian.AppendUint32(out, uint32(m.Len()))
			out, err = m.AppendTo(out)
		}
	}
	add(&c.Leader)
	add(&c.Source)
	out = binary.BigEndian.AppendUint32(out, uint32(len(c.View)))
	for i := range c.View {
		add(&c.View[i])
	}
	if err != nil {
		return b, err
	}
	out = append(out, c.ID[:]...)
	return append(out, c.Type[:]...), nil
}

// coordinationReader reads one field after the other and keeps the first fault.
type coordinationReader struct {
	b   []byte
	at  int
	err error
}

func (r *coordinationReader) fail(field string, err error) {
	if r.err == nil {
		r.err = fmt.Errorf("coordination: offset %d: %s: %w", r.at, field, err)
	}
}

func (r *coordinationReader) take(field string, n int) []byte {
	if r.err != nil {
		return nil
	}
	if n < 0 || n > len(r.b)-r.at {
		r.fail(field, fmt.Errorf("want %d bytes, have %d", n, len(r.b)-r.at))
		return nil
	}
	p := r.b[r.at : r.at+n]
	r.at += n
	return p
}

func (r *coordinationReader) u32(field string) uint32 {
	if p := r.take(field, 4); p != nil {
		return binary.BigEndian.Uint32(p)
	}
	return 0
}

func (r *coordinationReader) member(field string) tribes.Member {
	record := r.take(field, int(int32(r.u32(field))))
	if r.err != nil {
		return tribes.Member{}
	}
	m, n, err := tribes.ParseMember(record)
	if err == nil && n != len(record) {
		err = fmt.Errorf("%d bytes after the record", len(record)-n)
	}
	if err != nil {
		r.at -= len(record)
		r.fail(field, err)
	}
	return m
}
