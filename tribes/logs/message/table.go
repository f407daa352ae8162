package message

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"strings"
	"sync"
)

// packed is strings.tsv as gzip has it, a sixth of its size in the program: "go
// generate" makes it, and a test holds that the two say the same.
//
//go:generate sh -c "gzip -9 -n -c strings.tsv >strings.tsv.gz"
//go:embed strings.tsv.gz
var packed []byte

func stringsTSV() string {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic(err) // embedded: it cannot be broken
	}
	text, err := io.ReadAll(r)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// A Text is one form of a message: in one language, as some releases have it.
type Text struct {
	Key string
	// Package is the package of the class that logs it, below org.apache.catalina.
	Package  string
	Level    string // error, warn, throw, info, debug, trace, or "" where it is not known
	Language string
	Releases []string
	Pattern  string // "{0}" stands for what is filled in

	literals []string // between what is filled in
	args     []int    // which argument stands behind each literal but the last
	weight   int      // bytes of the literals
}

// Texts returns every form of every message.
func Texts() []Text { return table().texts }

type index struct {
	texts   []Text
	anchors map[uint64][]int32 // eight bytes of a literal: whose they are
	short   []int32            // texts without eight bytes in one piece
}

// table reads strings.tsv, once, when it is first asked for: commands that need no
// message do not pay for it.
var table = sync.OnceValue(func() *index {
	x := &index{anchors: map[uint64][]int32{}}
	all := stringsTSV()
	x.texts = make([]Text, 0, strings.Count(all, "\n"))
	for line := range strings.Lines(all) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 6 || strings.HasPrefix(line, "#") {
			continue
		}
		t := Text{Key: f[0], Package: f[1], Level: f[2], Language: f[3], Releases: strings.Split(f[4], ","), Pattern: unescaper.Replace(f[5])}
		t.split()
		if t.weight < 4 {
			continue // "{0}: {1}" would be every line
		}
		x.texts = append(x.texts, t)
	}
	for i := range x.texts {
		if a, ok := x.texts[i].anchor(); ok {
			x.anchors[a] = append(x.anchors[a], int32(i))
		} else {
			x.short = append(x.short, int32(i))
		}
	}
	return x
})

// split takes the pattern apart at what is filled in.
func (t *Text) split() {
	from := 0
	for at := 0; at < len(t.Pattern); at++ {
		arg, size := placeholder(t.Pattern[at:])
		if size == 0 {
			continue
		}
		t.literals, t.args = append(t.literals, t.Pattern[from:at]), append(t.args, arg)
		at += size - 1
		from = at + 1
	}
	t.literals = append(t.literals, t.Pattern[from:])
	last := len(t.literals) - 1
	t.literals[0] = strings.TrimLeft(t.literals[0], " ")
	t.literals[last] = strings.TrimRight(t.literals[last], " ")
	for _, l := range t.literals {
		t.weight += len(l)
	}
}

// placeholder reads "{0}" to "{99}" at the beginning of s and returns its number,
// -1 beyond nine, and how long it is.
func placeholder(s string) (arg, size int) {
	if len(s) < 3 || s[0] != '{' || s[1] < '0' || s[1] > '9' {
		return 0, 0
	}
	if s[2] == '}' {
		return int(s[1] - '0'), 3
	}
	if len(s) > 3 && s[2] >= '0' && s[2] <= '9' && s[3] == '}' {
		return -1, 4
	}
	return 0, 0
}

// anchor is the eight bytes in the middle of the longest literal.
func (t *Text) anchor() (uint64, bool) {
	best := ""
	for _, l := range t.literals {
		if len(l) > len(best) {
			best = l
		}
	}
	if len(best) < 8 {
		return 0, false
	}
	at := (len(best) - 8) / 2
	return eight(best, at), true
}

// eight returns the eight bytes of s at at.
func eight(s string, at int) uint64 {
	_ = s[at+7]
	return uint64(s[at]) | uint64(s[at+1])<<8 | uint64(s[at+2])<<16 | uint64(s[at+3])<<24 |
		uint64(s[at+4])<<32 | uint64(s[at+5])<<40 | uint64(s[at+6])<<48 | uint64(s[at+7])<<56
}
