package javaser

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxUTF is the most bytes that a length of two bytes can say.
const maxUTF = 0xffff

// validModified reports whether Java's readUTF takes p: sequences of one, two or
// three bytes, whatever they encode. Otherwise it returns where not.
func validModified(p []byte) (at int, ok bool) {
	for i := 0; i < len(p); {
		if len(p)-i >= 8 && binary.NativeEndian.Uint64(p[i:])&0x8080808080808080 == 0 {
			i += 8 // ASCII, as nearly all is
			continue
		}
		n := 1
		switch c := p[i]; {
		case c < 0x80:
		case c&0xe0 == 0xc0:
			n = 2
		case c&0xf0 == 0xe0:
			n = 3
		default:
			return i, false
		}
		if i+n > len(p) {
			return i, false
		}
		for _, c := range p[i+1 : i+n] {
			if c&0xc0 != 0x80 {
				return i, false
			}
		}
		i += n
	}
	return len(p), true
}

// fromModified decodes valid modified UTF-8.
func fromModified(s string) string {
	i := 0
	for i < len(s) && s[i] < 0x80 {
		i++
	}
	if i == len(s) {
		return s
	}
	units := make([]uint16, 0, len(s))
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c < 0x80:
			units = append(units, uint16(c))
			i++
		case c < 0xe0:
			units = append(units, uint16(c&0x1f)<<6|uint16(s[i+1]&0x3f))
			i += 2
		default:
			units = append(units, uint16(c&0x0f)<<12|uint16(s[i+1]&0x3f)<<6|uint16(s[i+2]&0x3f))
			i += 3
		}
	}
	return string(utf16.Decode(units))
}

// toModified encodes a Go string; what is no valid UTF-8 in it becomes U+FFFD.
func toModified(s string) string {
	plain := true
	for i := 0; i < len(s); i++ {
		if s[i] == 0 || s[i] >= utf8.RuneSelf {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	for _, r := range s {
		switch {
		case r == 0:
			b.WriteString("\xc0\x80")
		case r <= 0xffff:
			b.WriteRune(r)
		default:
			high, low := utf16.EncodeRune(r)
			for _, u := range [2]rune{high, low} {
				b.WriteByte(0xe0 | byte(u>>12))
				b.WriteByte(0x80 | byte(u>>6)&0x3f)
				b.WriteByte(0x80 | byte(u)&0x3f)
			}
		}
	}
	return b.String()
}
