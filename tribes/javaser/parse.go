package javaser

import (
	"encoding/binary"
	"fmt"
)

// Stream begins every stream: the magic number and version 5.
const streamHeader = "\xac\xed\x00\x05"

// The type codes of java.io.ObjectStreamConstants.
const (
	tcNull          = 0x70
	tcReference     = 0x71
	tcClassDesc     = 0x72
	tcObject        = 0x73
	tcString        = 0x74
	tcArray         = 0x75
	tcClass         = 0x76
	tcBlockData     = 0x77
	tcEndBlockData  = 0x78
	tcReset         = 0x79
	tcBlockDataLong = 0x7a
	tcException     = 0x7b
	tcLongString    = 0x7c
	tcProxyDesc     = 0x7d
	tcEnum          = 0x7e

	baseHandle = 0x7e0000
)

// IsStream reports whether b begins as a stream does.
func IsStream(b []byte) bool {
	return len(b) >= len(streamHeader) && string(b[:len(streamHeader)]) == streamHeader
}

// Parse reads all of b. Primitive data of the result aliases b. Errors are
// *Error.
func Parse(b []byte, l Limits) ([]Value, error) {
	p, err := newParser(b, l)
	if err != nil {
		return nil, err
	}
	var contents []Value
	for p.at < len(p.b) {
		v, err := p.content()
		if err != nil {
			return nil, err
		}
		contents = append(contents, v)
	}
	return contents, nil
}

// ParseFirst reads the first value of b, as ObjectInputStream.readObject does,
// and returns it with the number of bytes up to its end.
func ParseFirst(b []byte, l Limits) (v Value, n int, err error) {
	p, err := newParser(b, l)
	if err != nil {
		return nil, 0, err
	}
	for {
		v, err := p.content()
		if err != nil {
			return nil, 0, err
		}
		if _, reset := v.(Reset); !reset {
			return v, p.at, nil
		}
	}
}

type parser struct {
	b       []byte
	at      int
	limits  Limits
	depth   int
	values  int
	handles []Value
}

func newParser(b []byte, l Limits) (*parser, error) {
	l = l.withDefaults()
	p := &parser{b: b, limits: l}
	if have := min(len(b), len(streamHeader)); string(b[:have]) != streamHeader[:have] {
		return nil, &Error{0, "does not begin with ac ed 00 05", ErrMagic}
	}
	if len(b) > l.Bytes {
		return nil, &Error{l.Bytes, fmt.Sprintf("a stream of %d bytes, the limit is %d", len(b), l.Bytes), ErrLimit}
	}
	_, err := p.take(len(streamHeader))
	return p, err
}

// content reads what may stand at the top of a stream and in annotations: an
// object of any kind or a block of primitive data.
func (p *parser) content() (Value, error) {
	code, err := p.peek()
	if err != nil {
		return nil, err
	}
	switch code {
	case tcBlockData, tcBlockDataLong:
		return p.block()
	case tcReset:
		if p.depth > 0 {
			return nil, p.bad("a reset inside an object")
		}
		p.at++
		p.handles = nil
		return Reset{}, nil
	}
	return p.object()
}

// object reads a reference value: what a field, an element or readObject has.
func (p *parser) object() (Value, error) {
	code, err := p.peek()
	if err != nil {
		return nil, err
	}
	if code == tcNull {
		p.at++
		return nil, p.count(1)
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	switch code {
	case tcReference:
		return p.reference()
	case tcClassDesc, tcProxyDesc:
		return p.class()
	case tcObject:
		return p.instance()
	case tcString, tcLongString:
		return p.string()
	case tcArray:
		return p.array()
	case tcClass:
		p.at++
		c, err := p.needClass("a Class object")
		if err != nil {
			return nil, err
		}
		return p.hold(&ClassObject{c}), nil
	case tcEnum:
		return p.enum()
	case tcException:
		return p.exception()
	}
	return nil, p.bad("type code %02x where a value must begin", code)
}

func (p *parser) block() (Value, error) {
	code := p.b[p.at]
	p.at++
	if err := p.count(1); err != nil {
		return nil, err
	}
	var n int
	if code == tcBlockData {
		b, err := p.take(1)
		if err != nil {
			return nil, err
		}
		n = int(b[0])
	} else {
		var err error
		if n, err = p.length(); err != nil {
			return nil, err
		}
	}
	data, err := p.take(n)
	if err != nil {
		return nil, err
	}
	return Block{data, code == tcBlockDataLong}, nil
}

func (p *parser) reference() (Value, error) {
	at := p.at
	p.at++
	b, err := p.take(4)
	if err != nil {
		return nil, err
	}
	h := int64(binary.BigEndian.Uint32(b)) - baseHandle
	if h < 0 || h >= int64(len(p.handles)) {
		return nil, &Error{at, fmt.Sprintf("a reference to handle %d of %d", h, len(p.handles)), nil}
	}
	return p.handles[h], nil
}

// exception reads what a writer that failed left. At the top the stream may go
// on; inside an object its rest will never come.
func (p *parser) exception() (Value, error) {
	at := p.at
	nested := p.depth > 1
	p.at++
	p.handles = nil
	v, err := p.object()
	if err != nil {
		return nil, err
	}
	p.handles = nil
	if nested {
		reason := "the writer failed"
		if o, ok := v.(*Object); ok {
			reason += " with " + o.Class.Text()
		}
		return nil, &Error{at, reason, ErrAborted}
	}
	return &Exception{v}, nil
}

// annotations reads contents up to the end mark.
func (p *parser) annotations() ([]Value, error) {
	var all []Value
	for {
		code, err := p.peek()
		if err != nil {
			return nil, err
		}
		if code == tcEndBlockData {
			p.at++
			return all, nil
		}
		v, err := p.content()
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
}
