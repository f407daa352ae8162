package javaser

import (
	"encoding/binary"
	"fmt"
)

// hold gives v the next handle.
func (p *parser) hold(v Value) Value {
	p.handles = append(p.handles, v)
	return v
}

func (p *parser) enter() error {
	p.depth++
	if p.depth > p.limits.Depth {
		return p.limit("objects nested deeper than %d", p.limits.Depth)
	}
	return p.count(1)
}

func (p *parser) leave() { p.depth-- }

func (p *parser) count(n int) error {
	p.values += n
	if p.values > p.limits.Values {
		return p.limit("more than %d values", p.limits.Values)
	}
	return nil
}

func (p *parser) peek() (byte, error) {
	if p.at >= len(p.b) {
		_, err := p.take(1)
		return 0, err
	}
	return p.b[p.at], nil
}

func (p *parser) take(n int) ([]byte, error) {
	if have := len(p.b) - p.at; n > have {
		return nil, &Error{p.at, fmt.Sprintf("want %d bytes, have %d", n, have), ErrIncomplete}
	}
	b := p.b[p.at : p.at+n : p.at+n]
	p.at += n
	return b, nil
}

// length reads an i32 that counts something.
func (p *parser) length() (int, error) {
	b, err := p.take(4)
	if err != nil {
		return 0, err
	}
	n := int32(binary.BigEndian.Uint32(b))
	if n < 0 {
		p.at -= 4
		return 0, p.bad("negative length %d", n)
	}
	return int(n), nil
}

func (p *parser) bad(format string, args ...any) error {
	return &Error{p.at, fmt.Sprintf(format, args...), nil}
}

func (p *parser) limit(format string, args ...any) error {
	return &Error{p.at, fmt.Sprintf(format, args...), ErrLimit}
}
