package javaser

import (
	"encoding/binary"
	"fmt"
)

func (p *parser) string() (*String, error) {
	code := p.b[p.at]
	p.at++
	var n int
	if code == tcString {
		b, err := p.take(2)
		if err != nil {
			return nil, err
		}
		n = int(binary.BigEndian.Uint16(b))
	} else {
		b, err := p.take(8)
		if err != nil {
			return nil, err
		}
		long := binary.BigEndian.Uint64(b)
		if long > uint64(p.limits.Bytes) {
			p.at -= 8
			return nil, p.limit("a string of %d bytes", long)
		}
		n = int(long)
	}
	utf, err := p.utf(n)
	if err != nil {
		return nil, err
	}
	s := &String{utf, code == tcLongString}
	p.hold(s)
	return s, nil
}

// utf reads n bytes of modified UTF-8.
func (p *parser) utf(n int) (string, error) {
	at := p.at
	b, err := p.take(n)
	if err != nil {
		return "", err
	}
	if bad, ok := validModified(b); !ok {
		return "", &Error{at + bad, fmt.Sprintf("byte %02x is no modified UTF-8 here", b[bad]), nil}
	}
	return string(b), nil
}

// shortUTF is DataInput.readUTF: a length of two bytes and the text.
func (p *parser) shortUTF() (string, error) {
	b, err := p.take(2)
	if err != nil {
		return "", err
	}
	return p.utf(int(binary.BigEndian.Uint16(b)))
}
