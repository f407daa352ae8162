package firewall

import "encoding/binary"

// attr is one netlink attribute: a type, and bytes that may be attributes again.
type attr struct {
	kind uint16
	data []byte
}

// attrs splits b (struct nlattr: length and type, 16 bits each in the host's byte
// order, padded to four). What does not add up ends the list.
func (d *decoder) attrs(b []byte) []attr {
	var out []attr
	for len(b) >= 4 {
		n := int(d.order.Uint16(b))
		if n < 4 || n > len(b) {
			break
		}
		out = append(out, attr{d.order.Uint16(b[2:]) & 0x3fff, b[4:n]})
		b = b[min((n+3)&^3, len(b)):]
	}
	return out
}

// nested finds the first attribute of a type.
func nested(as []attr, kind uint16) []byte {
	for _, a := range as {
		if a.kind == kind {
			return a.data
		}
	}
	return nil
}

func be32(b []byte) uint32 {
	if len(b) != 4 {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

func be64(b []byte) uint64 {
	if len(b) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// cstr is the text before the first zero byte.
func cstr(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}

// register turns a number from netlink into a word: the four of sixteen bytes
// (1 to 4) and the sixteen of four bytes (8 to 23) lie over each other.
func register(b []byte) uint8 {
	switch n := be32(b); {
	case n >= 1 && n <= 4:
		return uint8(n * 4)
	case n >= 8 && n <= 23:
		return uint8(n - 4)
	}
	return 0
}
