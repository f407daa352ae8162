// Package netlink asks the kernel over netlink and hands each message on as it comes,
// so that a table of a million entries needs no memory and can be left at any
// point. The libraries that decode the messages collect a whole dump first.
package netlink

import "encoding/binary"

// Attr is one netlink attribute (struct nlattr): a type, and bytes that may be
// attributes again.
type Attr struct {
	Kind uint16
	Data []byte
}

// Attrs splits b into its attributes: length and type of 16 bits each in the
// host's byte order, padded to four. What does not add up ends the list.
func Attrs(order binary.ByteOrder, b []byte) []Attr {
	n := 0
	for rest := b; ; n++ {
		var ok bool
		if _, rest, ok = next(order, rest); !ok {
			break
		}
	}
	if n == 0 {
		return nil
	}
	out := make([]Attr, n) // a firewall has ten thousands of these lists
	for i := range out {
		out[i], b, _ = next(order, b)
	}
	return out
}

// next takes the first attribute off b.
func next(order binary.ByteOrder, b []byte) (a Attr, rest []byte, ok bool) {
	if len(b) < 4 {
		return Attr{}, nil, false
	}
	n := int(order.Uint16(b))
	if n < 4 || n > len(b) {
		return Attr{}, nil, false
	}
	return Attr{order.Uint16(b[2:]) & 0x3fff, b[4:n]}, b[min((n+3)&^3, len(b)):], true
}

// Find returns the bytes of the first attribute of a type, nil where there is
// none.
func Find(as []Attr, kind uint16) []byte {
	for _, a := range as {
		if a.Kind == kind {
			return a.Data
		}
	}
	return nil
}

// FindIn is Find in bytes that are attributes, without a list of them.
func FindIn(order binary.ByteOrder, b []byte, kind uint16) []byte {
	for {
		a, rest, ok := next(order, b)
		switch {
		case !ok:
			return nil
		case a.Kind == kind:
			return a.Data
		}
		b = rest
	}
}

// Text is the bytes before the first zero.
func Text(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}
