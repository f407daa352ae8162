// Package proto recognises the other protocols that one meets on multicast
// groups and reads the fields that tell who speaks and about what. It names them
// for a person; it does not take part in them.
//
// Decoders is the list; each entry says which packets it claims.
package proto

import (
	"encoding/binary"
	"fmt"

	"muster/sniff/frame"
)

// Field is one thing that a message says, for people and scripts alike. Values
// are as they came: whoever shows them escapes them.
type Field struct {
	Name  string
	Value string
}

// Message is what a decoder read.
type Message struct {
	// Type is the kind of message, for example "announcement".
	Type   string
	Fields []Field
}

func (m *Message) add(name, format string, args ...any) {
	m.Fields = append(m.Fields, Field{name, fmt.Sprintf(format, args...)})
}

// Decoder reads the messages of one protocol.
type Decoder struct {
	// Name is what the packets are called in JSON and text.
	Name string
	// Claims tells from ports, group and first bytes whether f is its.
	Claims func(f *frame.Frame) bool
	Decode func(f *frame.Frame) (Message, error)
	// valid is Decode's error alone, for those that are met most and would make
	// text that nobody reads; nil where Decode itself has to say it.
	valid func(f *frame.Frame) error
}

// Valid returns Decode's error, at less cost.
func (d *Decoder) Valid(f *frame.Frame) error {
	if d.valid != nil {
		return d.valid(f)
	}
	_, err := d.Decode(f)
	return err
}

// Decoders are asked in this order; the first that claims a packet decodes it.
var Decoders = []Decoder{
	{"jini", claimsJini, decodeJini, nil},
	{"mdns", claimsMDNS, decodeMDNS, validMDNS},
	{"ssdp", claimsSSDP, decodeSSDP, validSSDP},
	{"pim", claimsPIM, decodePIM, nil},
	{"vrrp", claimsVRRP, decodeVRRP, nil},
	{"hazelcast", claimsHazelcast, decodeHazelcast, nil},
	{"jgroups", claimsJGroups, decodeJGroups, nil},
}

// Find returns the decoder that claims f, nil for none.
func Find(f *frame.Frame) *Decoder {
	for i := range Decoders {
		if Decoders[i].Claims(f) {
			return &Decoders[i]
		}
	}
	return nil
}

// Error tells where a message stops being readable.
type Error struct {
	Offset int
	Field  string
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("offset %d: %s: %s", e.Offset, e.Field, e.Reason) }

// reader reads big-endian fields one after the other and remembers the first
// error; after one, every read returns zero.
type reader struct {
	b   []byte
	at  int
	err error
}

func (r *reader) take(field string, n int) []byte {
	if r.err != nil {
		return nil
	}
	if n > len(r.b)-r.at {
		r.err = &Error{r.at, field, fmt.Sprintf("want %d bytes, have %d", n, len(r.b)-r.at)}
		return nil
	}
	p := r.b[r.at : r.at+n]
	r.at += n
	return p
}

func (r *reader) u8(field string) uint8 {
	if p := r.take(field, 1); p != nil {
		return p[0]
	}
	return 0
}

func (r *reader) u16(field string) uint16 {
	if p := r.take(field, 2); p != nil {
		return binary.BigEndian.Uint16(p)
	}
	return 0
}

func (r *reader) u32(field string) uint32 {
	if p := r.take(field, 4); p != nil {
		return binary.BigEndian.Uint32(p)
	}
	return 0
}

func (r *reader) u64(field string) uint64 {
	if p := r.take(field, 8); p != nil {
		return binary.BigEndian.Uint64(p)
	}
	return 0
}

// text reads a length of two bytes and as many bytes (Java's writeUTF).
func (r *reader) text(field string) string {
	return string(r.take(field, int(r.u16(field))))
}

func (r *reader) rest() int { return len(r.b) - r.at }

func (r *reader) bad(field, format string, args ...any) {
	if r.err == nil {
		r.err = &Error{r.at, field, fmt.Sprintf(format, args...)}
	}
}
