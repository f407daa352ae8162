package javaser

import (
	"encoding/binary"
	"fmt"
)

// Data reads what a class wrote with its own method, or what stands at the top
// of a stream: primitives, whose segments it joins, and objects. The first fault
// stays; after it every read returns zero.
type Data struct {
	rest  []Value
	block []byte // unread bytes of the segment at hand
	err   error
}

// NewData reads contents, in order.
func NewData(contents []Value) *Data { return &Data{rest: contents} }

// Err is the first fault.
func (d *Data) Err() error { return d.err }

// Fail records a fault that the caller found, unless there was one before.
func (d *Data) Fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format, args...)
	}
}

// More reports whether anything is left to read.
func (d *Data) More() bool {
	d.segment()
	return d.err == nil && (len(d.block) > 0 || len(d.rest) > 0)
}

// segment moves to the next block that has bytes, if a block is next.
func (d *Data) segment() {
	for len(d.block) == 0 && len(d.rest) > 0 {
		b, ok := d.rest[0].(Block)
		if !ok {
			return
		}
		d.block, d.rest = b.Bytes, d.rest[1:]
	}
}

// Left is the number of bytes in the segments up to the next object.
func (d *Data) Left() int {
	n := len(d.block)
	for _, v := range d.rest {
		b, ok := v.(Block)
		if !ok {
			break
		}
		n += len(b.Bytes)
	}
	return n
}

// Bytes reads n bytes; they may share memory with the stream.
func (d *Data) Bytes(n int) []byte {
	if d.err != nil {
		return nil
	}
	if left := d.Left(); n < 0 || n > left {
		d.Fail("want %d bytes of primitive data, have %d", n, left)
		return nil
	}
	d.segment()
	if n <= len(d.block) {
		b := d.block[:n:n]
		d.block = d.block[n:]
		return b
	}
	joined := make([]byte, 0, n)
	for len(joined) < n {
		d.segment()
		take := min(n-len(joined), len(d.block))
		joined = append(joined, d.block[:take]...)
		d.block = d.block[take:]
	}
	return joined
}

func (d *Data) Bool() bool {
	b := d.Bytes(1)
	return b != nil && b[0] != 0
}

func (d *Data) Byte() byte {
	if b := d.Bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *Data) Uint16() uint16 {
	if b := d.Bytes(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (d *Data) Int32() int32 {
	if b := d.Bytes(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (d *Data) Int64() int64 {
	if b := d.Bytes(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

// UTF reads what DataOutput.writeUTF wrote.
func (d *Data) UTF() string {
	b := d.Bytes(int(d.Uint16()))
	if at, ok := validModified(b); !ok {
		d.Fail("byte %02x of a text is no modified UTF-8", b[at])
		return ""
	}
	return fromModified(string(b))
}

// Sized reads an i32 length and as many bytes.
func (d *Data) Sized() []byte { return d.Bytes(int(d.Int32())) }

// Object reads an object; nil is null, or a fault.
func (d *Data) Object() Value {
	if d.err != nil {
		return nil
	}
	d.segment()
	switch {
	case len(d.block) > 0:
		d.Fail("%d bytes of primitive data where an object must be", len(d.block))
	case len(d.rest) == 0:
		d.Fail("the data ends where an object must be")
	default:
		v := d.rest[0]
		d.rest = d.rest[1:]
		return v
	}
	return nil
}

// Peek returns the next object without reading it; ok is false where primitive
// data or nothing is next.
func (d *Data) Peek() (v Value, ok bool) {
	d.segment()
	if d.err != nil || len(d.block) > 0 || len(d.rest) == 0 {
		return nil, false
	}
	return d.rest[0], true
}
