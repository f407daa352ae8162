package decode

import (
	"bufio"
	"fmt"
	"io"
)

// HexError is a character in hex input that is none of its digits.
type HexError struct {
	Column int // from 1
	Reason string
}

func (e *HexError) Error() string { return fmt.Sprintf("column %d: %s", e.Column, e.Reason) }

// HexLines calls each for every line of r that is not empty, with its number
// from 1 and a reader of the bytes that its hex digits stand for. Blanks and
// colons are skipped. That reader returns a *HexError for a bad line; what each
// leaves unread of a line is dropped. No line is held in memory.
func HexLines(r io.Reader, each func(line int, r io.Reader) error) error {
	in := bufio.NewReaderSize(r, 64<<10)
	for n := 1; ; n++ {
		h := &hexLine{in: in}
		empty, err := h.empty()
		if err != nil {
			return ignoreEOF(err)
		}
		if !empty {
			if err := each(n, h); err != nil {
				return err
			}
		}
		if err := h.skip(); err != nil {
			return ignoreEOF(err)
		}
	}
}

func ignoreEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// hexLine reads one line of hex digits as bytes.
type hexLine struct {
	in     *bufio.Reader
	column int
	ended  bool  // the end of the line is read
	last   error // of in: its end or a fault
}

// next returns the next hex digit of the line; io.EOF at its end.
func (h *hexLine) next() (byte, error) {
	for !h.ended {
		c, err := h.in.ReadByte()
		if err != nil {
			h.ended, h.last = true, err
			return 0, err
		}
		h.column++
		switch {
		case c == '\n':
			h.ended = true
		case c >= '0' && c <= '9':
			return c - '0', nil
		case c >= 'a' && c <= 'f':
			return c - 'a' + 10, nil
		case c >= 'A' && c <= 'F':
			return c - 'A' + 10, nil
		case c == ' ', c == '\t', c == '\r', c == ':':
		default:
			return 0, &HexError{h.column, fmt.Sprintf("%q is no hex digit", rune(c))}
		}
	}
	return 0, io.EOF
}

// empty consumes blanks, and reports whether nothing else is on the line. At
// the end of the input it returns io.EOF.
func (h *hexLine) empty() (bool, error) {
	for {
		c, err := h.in.Peek(1)
		if err != nil {
			return true, err
		}
		switch c[0] {
		case ' ', '\t', '\r', ':':
			_, _ = h.in.Discard(1)
			h.column++
		default:
			return c[0] == '\n', nil
		}
	}
}

func (h *hexLine) Read(p []byte) (int, error) {
	for i := range p {
		high, err := h.next()
		if err != nil {
			return i, err
		}
		low, err := h.next()
		if err == io.EOF {
			return i, &HexError{h.column, "the number of hex digits is odd"}
		}
		if err != nil {
			return i, err
		}
		p[i] = high<<4 | low
	}
	return len(p), nil
}

// skip moves to the beginning of the next line.
func (h *hexLine) skip() error {
	for !h.ended {
		c, err := h.in.ReadByte()
		if err != nil {
			return err
		}
		h.ended = c == '\n'
	}
	return h.last
}
