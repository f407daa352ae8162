package javaser

import (
	"bytes"
	"testing"
)

// A stream that Java wrote has each descriptor once already: merging it changes
// nothing.
func TestMergedIsTheSame(t *testing.T) {
	for _, f := range append(fixtures(t), tomcatStreams(t)...) {
		contents, err := Parse(f.bytes, Limits{})
		if err != nil {
			continue
		}
		if again, err := AppendMerged(nil, contents...); err != nil || !bytes.Equal(again, f.bytes) {
			t.Errorf("%s: %v\n got %x\nwant %x", f.name, err, again, f.bytes)
		}
	}
}

// Values of two streams share their descriptors when one writer writes them.
func TestMergedStreams(t *testing.T) {
	read := func(name string) Value {
		v, _, err := ParseFirst(fixtureOf(t, name), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		one, two, class string
		want            int
	}{
		{"Integer-70000", "Long-1099511627776", "java.lang.Number", 1},
		{"primitives", "own-writer", "Fixtures$Base", 1},
		{"primitives", "primitives", "Ljava/lang/String;", 1},
		{"annotated", "annotated", "Fixtures$Base", 2}, // annotations may say anything
	} {
		b, err := AppendMerged(nil, read(c.one), read(c.two))
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(b, []byte("\x00"+string(rune(len(c.class)))+c.class)); n != c.want {
			t.Errorf("%s and %s describe %s %d times, want %d", c.one, c.two, c.class, n, c.want)
		}
		if got, err := Parse(b, Limits{}); err != nil || len(got) != 2 {
			t.Errorf("%s and %s: %d values, %v", c.one, c.two, len(got), err)
		}
	}
}
