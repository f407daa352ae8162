// Package escape makes text from the network safe to show. What a packet holds
// is whatever its sender chose: cursor movements, colours, right-to-left
// overrides, broken UTF-8. None of it may reach a terminal as it came.
package escape

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text returns s with everything that is not plainly printable as a Go escape
// (\x1b, \n, \u202e, ...); a backslash is doubled, so that the form is
// unambiguous. Valid printable UTF-8 stays as it is.
func Text(s string) string {
	if clean(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			b.WriteString(`\x`)
			b.WriteByte(hexDigits[s[i]>>4])
			b.WriteByte(hexDigits[s[i]&15])
		case r == '\\':
			b.WriteString(`\\`)
		case unicode.IsPrint(r):
			b.WriteString(s[i : i+n])
		default:
			q := strconv.QuoteRune(r)
			b.WriteString(q[1 : len(q)-1])
		}
		i += n
	}
	return b.String()
}

// Bytes is Text for a byte slice.
func Bytes(p []byte) string { return Text(string(p)) }

const hexDigits = "0123456789abcdef"

func clean(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c > '~' || c == '\\' {
			return false
		}
	}
	return true
}
