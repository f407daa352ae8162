package term

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Lines writes JSON lines: one object, one line, one write, so that a reader
// sees each as soon as it is known and lines of several goroutines never mix.
type Lines struct {
	mu sync.Mutex
	w  io.Writer
}

// NewLines writes to w.
func NewLines(w io.Writer) *Lines { return &Lines{w: w} }

// Write appends v, a struct whose JSON begins with "type", as one line.
func (l *Lines) Write(v any) error {
	line, err := encode(v, "")
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err = l.w.Write(line)
	return err
}

// Document writes v as one indented JSON document, for the commands that print
// a single one.
func Document(w io.Writer, v any) error {
	doc, err := encode(v, "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(doc)
	return err
}

func encode(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return Printable(b.Bytes()), nil
}

// Printable writes every rune of a JSON text that a terminal might obey (C1
// controls, direction overrides, ...) as its \u escape: the same JSON value,
// whatever a packet put into it. Only strings can hold such runes.
func Printable(b []byte) []byte {
	plain := true
	for _, c := range b {
		if c >= utf8.RuneSelf || c == 0x7f {
			plain = false
			break
		}
	}
	if plain {
		return b
	}
	out := make([]byte, 0, len(b)+64)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == '\n' || unicode.IsPrint(r):
			out = append(out, b[:n]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		b = b[n:]
	}
	return out
}
