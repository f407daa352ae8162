package explain

import (
	"bufio"
	"bytes"
	"cmp"
	"io"
	"slices"
	"strings"

	"muster/tribes/logs"
)

const (
	maxEntry   = 16 << 10 // bytes of one entry that are read
	maxEntries = 2000     // different entries that are explained
	maxListed  = 12       // that are told
)

// Log reads a log, a stack trace or any lines, and returns what its entries mean:
// what fails before what is only told, then what comes most often. lines is how many
// there were.
func Log(r io.Reader) (found []Match, lines int, err error) {
	byText := map[string]*Match{}
	known := map[string]int{} // an entry without its numbers: where in order
	var order []*Match
	var counts []int
	entry := func(text string, line int) {
		key := skeleton(text)
		if i, ok := known[key]; ok {
			if i >= 0 {
				counts[i]++
			}
			return
		}
		if len(known) >= maxEntries {
			return
		}
		known[key] = -1
		matches := exact(strings.ToValidUTF8(text, "?"))
		if len(matches) == 0 || matches[0].Harmless {
			return
		}
		m := matches[0]
		id := m.Key + m.Text
		if old := byText[id]; old != nil {
			for i := range order {
				if order[i] == old {
					known[key] = i
					counts[i]++
				}
			}
			return
		}
		m.Line = line
		byText[id] = &m
		known[key] = len(order)
		order, counts = append(order, &m), append(counts, 1)
	}
	lines, err = entries(r, entry)
	for i, m := range order {
		m.Count = counts[i]
		found = append(found, *m)
	}
	slices.SortStableFunc(found, func(a, b Match) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.Count, a.Count))
	})
	return found[:min(len(found), maxListed)], lines, err
}

// rank puts what names a cause before what is only a symptom.
func rank(m Match) int {
	if m.Key == "" {
		return 0
	}
	return 1
}

// entries puts lines together to entries and gives each with the line that it
// begins at.
func entries(r io.Reader, do func(text string, line int)) (int, error) {
	br := bufio.NewReaderSize(r, 64<<10)
	var text strings.Builder
	begin, n := 0, 0
	header := false // the line before is the first of java.util.logging's two
	flush := func() {
		if text.Len() > 0 && worth(text.String()) {
			do(text.String(), begin)
		}
		text.Reset()
	}
	for {
		line, err := br.ReadSlice('\n')
		for err == bufio.ErrBufferFull { // only the beginning of a long line counts
			_, err = br.ReadSlice('\n')
		}
		if len(line) > 0 {
			n++
			line = bytes.TrimRight(line, "\r\n")
			if !header && !logs.Continues(line) {
				flush()
				begin = n
			}
			header = logs.FirstOfTwo(line)
			if room := maxEntry - text.Len(); room > 0 && len(line) > 0 {
				if text.Len() > 0 {
					text.WriteByte('\n')
				}
				text.Write(line[:min(len(line), room)])
			}
		}
		if err != nil {
			flush()
			if err == io.EOF {
				err = nil
			}
			return n, err
		}
	}
}

// worth leaves out what only informs: no error, no warning, no exception.
func worth(entry string) bool {
	first, _, _ := strings.Cut(entry, "\n")
	level, ok := logs.LevelOf(first)
	if second, rest, two := strings.Cut(entry, "\n"); two && !ok {
		_ = second
		level, ok = logs.LevelOf(rest)
	}
	if !ok || level == logs.LevelError || level == logs.LevelWarn {
		return true
	}
	return strings.Contains(entry, "Exception") || strings.Contains(entry, "memberDisappeared") || strings.Contains(entry, "disappeared")
}

// skeleton is an entry without its numbers and addresses, so that a thousand of one
// kind are one.
func skeleton(text string) string {
	text = text[:min(len(text), 2048)]
	var b strings.Builder
	b.Grow(len(text))
	for _, c := range []byte(text) {
		if c >= '0' && c <= '9' {
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
