package serverxml

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"sort"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"muster/internal/hint"
	"muster/internal/lazyregexp"
)

// Source is one file to read, with what is known about it besides its bytes.
type Source struct {
	Name string // as people call it: "server.xml", "/etc/tomcat10/server.xml"
	Data io.Reader
	// Mode holds the permission bits, if ModeKnown: is a key in the file for
	// everybody to read?
	Mode      fs.FileMode
	ModeKnown bool
}

// Position is a place in a file: line and column from 1, the column in
// characters, as editors count. The zero Position is nowhere in particular.
type Position struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// IsZero reports whether p is no place in a file.
func (p Position) IsZero() bool { return p.Line == 0 }

func (p Position) String() string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }

// SyntaxError is a file that is not well-formed XML: Tomcat refuses it as a
// whole and does not start.
type SyntaxError struct {
	File string
	Position
	Reason string
	NoXML  bool // it does not even begin like XML
}

func (e *SyntaxError) Error() string {
	if e.IsZero() {
		return fmt.Sprintf("%s: %s", e.File, e.Reason)
	}
	return fmt.Sprintf("%s:%s: %s", e.File, e.Position, e.Reason)
}

// text is the content of a file as UTF-8, with its line starts.
type text struct {
	name  string
	data  []byte
	lines []int // offset of each line's first byte
	// The place asked for last: places are mostly asked for in order, and a
	// hostile file is one line of megabytes.
	lastOffset int
	last       Position
}

// readText reads and decodes a whole file. An error is about reading it at all:
// too large, or in an encoding that is not known here.
func readText(src Source) (*text, error) {
	raw, err := io.ReadAll(io.LimitReader(src.Data, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", src.Name, err)
	}
	if len(raw) > maxBytes {
		return nil, fmt.Errorf("read %s: larger than %d MiB, which no configuration of Tomcat is", src.Name, maxBytes>>20)
	}
	data, err := toUTF8(src.Name, raw)
	if err != nil {
		return nil, err
	}
	return &text{name: src.Name, data: data, lines: lineStarts(data)}, nil
}

// at translates a byte offset.
func (t *text) at(offset int) Position {
	offset = min(max(offset, 0), len(t.data))
	line := sort.SearchInts(t.lines, offset+1) - 1
	from, column := t.lines[line], 1
	if t.last.Line == line+1 && t.lastOffset <= offset {
		from, column = t.lastOffset, t.last.Column
	}
	t.lastOffset = offset
	t.last = Position{line + 1, column + utf8.RuneCount(t.data[from:offset])}
	return t.last
}

func (t *text) syntax(offset int, format string, args ...any) error {
	begin := bytes.TrimLeft(t.data, "\ufeff \t\r\n")
	return &SyntaxError{t.name, t.at(offset), fmt.Sprintf(format, args...), len(begin) > 0 && begin[0] != '<'}
}

var encodingName = lazyregexp.New(`^<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']`)

// toUTF8 decodes what an XML parser must know (UTF-8, UTF-16 with its mark) and
// what server.xml files are found in (US-ASCII, ISO-8859-1, windows-1252).
func toUTF8(name string, raw []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(raw, []byte{0xEF, 0xBB, 0xBF}):
		raw = raw[3:]
	case bytes.HasPrefix(raw, []byte{0xFE, 0xFF}):
		return fromUTF16(name, raw[2:], binary.BigEndian)
	case bytes.HasPrefix(raw, []byte{0xFF, 0xFE}):
		return fromUTF16(name, raw[2:], binary.LittleEndian)
	}
	encoding := "UTF-8"
	if m := encodingName().FindSubmatch(raw[:min(len(raw), 256)]); m != nil {
		encoding = string(m[1])
	}
	switch strings.ToLower(encoding) {
	case "utf-8", "utf8":
		return raw, badUTF8(name, raw)
	case "us-ascii", "ascii":
		if i := bytes.IndexFunc(raw, func(r rune) bool { return r >= utf8.RuneSelf }); i >= 0 {
			t := &text{name: name, data: raw, lines: lineStarts(raw)}
			return nil, t.syntax(i, "the file says encoding %s, and this byte (0x%02x) is none of it", encoding, raw[i])
		}
		return raw, nil
	case "euc-kr", "ks_c_5601-1987", "gbk", "gb2312", "gb18030", "big5", "euc-jp", "x-windows-949", "ms949", "cp949", "cp936":
		return fromPairs(raw, func(c byte) bool { return c >= 0x81 && c <= 0xFE }), nil
	case "shift_jis", "shift-jis", "sjis", "windows-31j", "cp932":
		return fromPairs(raw, func(c byte) bool { return c >= 0x81 && c <= 0x9F || c >= 0xE0 && c <= 0xFC }), nil
	case "iso-8859-1", "iso8859-1", "iso8859_1", "latin1", "windows-1252", "cp1252":
		return fromLatin1(raw), nil
	}
	return nil, hint.Wrap(fmt.Errorf("read %s: encoding %q is not known here", name, encoding),
		fmt.Sprintf("iconv -f %s -t UTF-8 FILE | sed '1s/%s/UTF-8/' > copy.xml, and give the copy", encoding, encoding))
}

func lineStarts(data []byte) []int {
	starts := []int{0}
	for i, c := range data {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// badUTF8 finds the first byte that is no UTF-8: Tomcat's parser stops there.
func badUTF8(name string, data []byte) error {
	if utf8.Valid(data) {
		return nil
	}
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			t := &text{name: name, data: data, lines: lineStarts(data)}
			return t.syntax(i, "this byte (0x%02x) is no UTF-8, and the file names no other encoding", data[i])
		}
		i += n
	}
	return nil
}

func fromLatin1(raw []byte) []byte {
	out := make([]byte, 0, len(raw)+len(raw)/8)
	for _, c := range raw {
		out = utf8.AppendRune(out, rune(c))
	}
	return out
}

// fromPairs keeps the ASCII of an East Asian encoding, in which every other
// character is one byte or a pair that begins with lead, and writes U+FFFD for
// those: names and values of a cluster are ASCII, comments need not be read. The
// second byte of a pair can look like ASCII (a backslash, a brace) and is none.
func fromPairs(raw []byte, lead func(byte) bool) []byte {
	out := make([]byte, 0, len(raw)+len(raw)/4)
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c < utf8.RuneSelf:
			out = append(out, c)
		case lead(c) && i+1 < len(raw) && raw[i+1] >= 0x30:
			i++
			fallthrough
		default:
			out = utf8.AppendRune(out, utf8.RuneError)
		}
	}
	return out
}

func fromUTF16(name string, raw []byte, order binary.ByteOrder) ([]byte, error) {
	if len(raw)%2 != 0 {
		return nil, &SyntaxError{File: name, Reason: "UTF-16 with half a character at the end"}
	}
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = order.Uint16(raw[2*i:])
	}
	return []byte(string(utf16.Decode(units))), nil
}
