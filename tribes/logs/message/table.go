package message

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed strings.tsv
var stringsTSV string

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
	x.texts = make([]Text, 0, strings.Count(stringsTSV, "\n"))
	for line := range strings.Lines(stringsTSV) {
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
	rest := t.Pattern
	for {
		open := strings.IndexByte(rest, '{')
		if open < 0 || open+2 >= len(rest) || rest[open+2] != '}' || rest[open+1] < '0' || rest[open+1] > '9' {
			if open >= 0 {
				if close := strings.IndexByte(rest[open:], '}'); close > 0 && close < 5 { // {10} and beyond
					t.literals, t.args = append(t.literals, rest[:open]), append(t.args, -1)
					rest = rest[open+close+1:]
					continue
				}
			}
			break
		}
		t.literals, t.args = append(t.literals, rest[:open]), append(t.args, int(rest[open+1]-'0'))
		rest = rest[open+3:]
	}
	t.literals = append(t.literals, rest)
	for i, l := range t.literals {
		if i == 0 {
			l = strings.TrimLeft(l, " ")
		}
		if i == len(t.literals)-1 {
			l = strings.TrimRight(l, " ")
		}
		t.literals[i] = l
		t.weight += len(l)
	}
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
