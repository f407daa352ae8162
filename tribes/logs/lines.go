package logs

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
)

const (
	// maxLine is how much of a line is kept; what is longer is no message of a cluster.
	maxLine = 64 << 10
	// maxRatio and freeSize bound what a compressed file may become: beyond freeSize
	// it must not be more than maxRatio times what was read of it.
	maxRatio = 200
	freeSize = 64 << 20
)

// errBomb ends the reading of a file that grows out of all proportion.
var errBomb = errors.New("it unpacks to more than 200 times its size; only its beginning was read")

// lineReader gives the lines of a file, cut at maxLine, without their ends.
type lineReader struct {
	r      *bufio.Reader
	buf    []byte
	number int
	binary int // lines with bytes that no text has
	cut    int // lines longer than maxLine
}

// readSize is how much is read at a time.
const readSize = 256 << 10

// open looks at the first bytes: gzip is unpacked, UTF-16 is turned into UTF-8.
func open(r io.Reader) (io.Reader, error) {
	raw := &countingReader{r: r}
	br := bufio.NewReaderSize(raw, readSize)
	head, err := br.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bytes.Equal(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(br)
		if err != nil {
			return nil, fmt.Errorf("unpacking it: %w", err)
		}
		br = bufio.NewReaderSize(&bounded{z: z, raw: raw}, readSize)
		head, _ = br.Peek(2)
	}
	if bytes.Equal(head, []byte{0xff, 0xfe}) || bytes.Equal(head, []byte{0xfe, 0xff}) {
		br = bufio.NewReaderSize(&utf16Reader{r: br, big: head[0] == 0xfe}, 64<<10)
	}
	if bom, _ := br.Peek(3); bytes.Equal(bom, []byte{0xef, 0xbb, 0xbf}) {
		_, _ = br.Discard(3)
	}
	return br, nil
}

// each gives every line with its number to f, until the end.
func (l *lineReader) each(ctx context.Context, f func(line []byte, number int)) error {
	for {
		line, err := l.next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if l.number&0xfff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		f(line, l.number)
	}
}

// next returns the next line, valid until the call after; io.EOF behind the last.
// A last line without an end is a line too, also when an error follows it.
func (l *lineReader) next() ([]byte, error) {
	l.number++
	line, err := l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		l.buf = append(l.buf[:0], line...)
		l.cut++
		for errors.Is(err, bufio.ErrBufferFull) {
			line, err = l.r.ReadSlice('\n')
			if room := maxLine - len(l.buf); room > 0 {
				l.buf = append(l.buf, line[:min(room, len(line))]...)
			}
		}
		line = l.buf
	}
	if len(line) == 0 && err != nil {
		return nil, err
	}
	for n := len(line); n > 0 && (line[n-1] == '\n' || line[n-1] == '\r'); n-- {
		line = line[:n-1]
	}
	if len(line) > maxLine {
		line = line[:maxLine]
		l.cut++
	}
	if bytes.IndexByte(line, 0) >= 0 {
		l.binary++
	}
	return line, nil
}

type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// bounded stops a compressed file that is a bomb. The end of one that was cut is an
// end as any other: a log is packed while it is written.
type bounded struct {
	z   *gzip.Reader
	raw *countingReader
	n   int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.z.Read(p)
	b.n += int64(n)
	if b.n > freeSize && b.n > maxRatio*b.raw.n {
		return n, errBomb
	}
	return n, err
}

// utf16Reader turns UTF-16 into UTF-8, as PowerShell writes what it redirects.
type utf16Reader struct {
	r    io.Reader
	big  bool
	rest []byte // UTF-8 not yet given
	odd  []byte
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.rest) == 0 {
		raw := make([]byte, 8192)
		n, err := u.r.Read(raw)
		raw = append(u.odd, raw[:n]...)
		units := make([]uint16, 0, len(raw)/2)
		for i := 0; i+1 < len(raw); i += 2 {
			lo, hi := raw[i], raw[i+1]
			if u.big {
				lo, hi = hi, lo
			}
			units = append(units, uint16(lo)|uint16(hi)<<8)
		}
		u.odd = append([]byte(nil), raw[len(units)*2:]...)
		u.rest = []byte(string(utf16.Decode(units)))
		if n == 0 && err != nil {
			return 0, err
		}
	}
	n := copy(p, u.rest)
	u.rest = u.rest[n:]
	return n, nil
}
