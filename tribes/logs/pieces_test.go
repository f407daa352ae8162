package logs

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// serial reads a text without cutting it in pieces.
func serial(s string) *reader {
	r := newReader(Input{Name: "x"})
	scan := newScanner(r.take)
	lines := &lineReader{r: bufio.NewReaderSize(strings.NewReader(s), readSize)}
	_ = lines.each(context.Background(), scan.line)
	scan.end()
	r.latest(scan)
	r.stats.Lines = lines.number - 1
	return r
}

// What is read in pieces, several at once, is what is read in one go: of one node, of
// the two lines of java.util.logging, with stack traces, of containers, which cannot
// be cut, and with a line that is longer than a piece.
func TestPieces(t *testing.T) {
	long := strings.Repeat("x", 3*pieceSize) + "\n"
	logs := map[string]string{
		"one line":   read(t, "receiver-blocked-acks-10.1.56/a.log"),
		"two lines":  read(t, "paused-twoline-9.0.113/a.log"),
		"log4j":      read(t, "log4j2-key-mismatch-11.0.21/b.log"),
		"5.5":        read(t, "partition-5.5.15/a.log"),
		"containers": prefixed(read(t, "killed-de-10.1.60/a.log"), "a-1  | ") + prefixed(read(t, "killed-de-10.1.60/b.log"), "b-1  | "),
		"mixed":      read(t, "killed-de-10.1.60/a.log") + prefixed(read(t, "killed-de-10.1.60/b.log"), "b-1  | "),
	}
	logs["long line"] = logs["one line"] + long + logs["one line"]
	logs["Latin-1"] = strings.ReplaceAll(logs["one line"], "a", "\xe4")
	for name, s := range logs {
		s = strings.Repeat(s, 1+5*pieceSize/2/len(s))
		want, got := serial(s), newReader(Input{Name: "x"})
		if err := got.read(context.Background(), strings.NewReader(s)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got.stats != want.stats {
			t.Errorf("%s: %+v, want %+v", name, got.stats, want.stats)
		}
		if g, w := told(got), told(want); g != w {
			t.Errorf("%s: the events differ", name)
		}
	}
}

// told is all that a reader read, as text.
func told(r *reader) string {
	var b strings.Builder
	for _, name := range r.order {
		s := r.streams[name]
		fmt.Fprintln(&b, name, s.latest, s.dropped, s.days)
		for _, e := range s.events {
			e := *e
			e.id = 0
			fmt.Fprintf(&b, "%+v\n", e)
		}
	}
	return b.String()
}

// A log that said nothing while its node was lost and came back is no dead node's when it
// says nothing the next time.
func TestLivesSilently(t *testing.T) {
	at := func(s int) time.Time { return time.Date(2026, 11, 29, 17, 0, s, 0, time.UTC) }
	for name, c := range map[string]struct {
		first Spell
		last  time.Time // the last line of the other node
		want  bool
	}{
		"came back, without a line of its own": {Spell{From: at(10), Back: at(13)}, at(5), true},
		"came back, and logged meanwhile":      {Spell{From: at(10), Back: at(13)}, at(12), false},
		"never came back":                      {Spell{From: at(10)}, at(5), false},
	} {
		p := &Pair{Of: &Node{Last: c.last}, Spells: []Spell{c.first, {From: at(20)}}}
		if got := p.livesSilently(&p.Spells[1]); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
		if p.livesSilently(&p.Spells[0]) {
			t.Errorf("%s: the first loss is judged by a later one", name)
		}
	}
}
