package tlspsk

import (
	"encoding/binary"
	"errors"
)

var errShort = errors.New("a length in the message is larger than what follows")

// reader takes fields off the front of a message. The first error stays.
type reader struct {
	b   []byte
	err error
}

func (r *reader) bytes(n int) []byte {
	if r.err != nil || n > len(r.b) {
		r.err = errShort
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) u8() int {
	if b := r.bytes(1); b != nil {
		return int(b[0])
	}
	return 0
}

func (r *reader) u16() int {
	if b := r.bytes(2); b != nil {
		return int(binary.BigEndian.Uint16(b))
	}
	return 0
}

// vec8 and vec16 are vectors with a length of one or two bytes before them.
func (r *reader) vec8() reader  { return reader{r.bytes(r.u8()), r.err} }
func (r *reader) vec16() reader { return reader{r.bytes(r.u16()), r.err} }

func (r *reader) more() bool { return r.err == nil && len(r.b) > 0 }

// end is an error where something is left.
func (r *reader) end() error {
	if r.err == nil && len(r.b) > 0 {
		return errors.New("bytes are left at the end of the message")
	}
	return r.err
}

func put16(b []byte, n int) []byte { return binary.BigEndian.AppendUint16(b, uint16(n)) }

func putVec8(b, v []byte) []byte  { return append(append(b, byte(len(v))), v...) }
func putVec16(b, v []byte) []byte { return append(put16(b, len(v)), v...) }

// putExtension writes an extension (RFC 8446 section 4.2).
func putExtension(b []byte, id int, body []byte) []byte { return putVec16(put16(b, id), body) }
