package message

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed meanings.tsv
var meaningsTSV string

// Meaning is what a message of Tomcat means.
type Meaning struct {
	// IDs are those of the catalogue that it may be, the likeliest first; none where
	// the message is harmless.
	IDs  []string
	Text string
}

// Harmless reports whether the message alone says nothing bad.
func (m Meaning) Harmless() bool { return len(m.IDs) == 0 }

type meanings struct {
	exact  map[string]Meaning
	prefix []struct {
		key string
		Meaning
	}
}

var meaningTable = sync.OnceValue(func() meanings {
	t := meanings{exact: map[string]Meaning{}}
	for line := range strings.Lines(meaningsTSV) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 3 || strings.HasPrefix(line, "#") {
			continue
		}
		m := Meaning{Text: f[2]}
		if f[1] != "harmless" {
			m.IDs = strings.Split(f[1], ",")
		}
		if key, star := strings.CutSuffix(f[0], "*"); star {
			t.prefix = append(t.prefix, struct {
				key string
				Meaning
			}{key, m})
		} else {
			t.exact[f[0]] = m
		}
	}
	return t
})

// MeaningOf is what the message of that key means: the row of the key itself, else
// that of the longest beginning.
func MeaningOf(key string) (Meaning, bool) {
	t := meaningTable()
	if m, ok := t.exact[key]; ok {
		return m, true
	}
	best := -1
	for i, p := range t.prefix {
		if strings.HasPrefix(key, p.key) && (best < 0 || len(p.key) > len(t.prefix[best].key)) {
			best = i
		}
	}
	if best < 0 {
		return Meaning{}, false
	}
	return t.prefix[best].Meaning, true
}

// Matters reports whether a message is worth an event although no kind of event is
// made of it.
func Matters(key string) bool {
	m, ok := MeaningOf(key)
	return ok && !m.Harmless()
}

// IsKey reports whether text is the message of that key.
func IsKey(text, key string) bool {
	m, ok := Find(text, false)
	return ok && m.Key == key
}
