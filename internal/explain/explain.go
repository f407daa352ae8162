package explain

import (
	"strings"

	"muster/internal/verdict"
	"muster/tribes/logs/message"
)

// Match is one meaning of a text.
type Match struct {
	// Text is what was recognised: the pattern of Tomcat's message, a row of
	// messages.md, the words of an error.
	Text string `json:"text"`
	// Meaning is a sentence for it, "" where only the pages tell.
	Meaning string `json:"meaning,omitempty"`
	// LookAt is advice as Markdown, where the match is a row of messages.md.
	LookAt string       `json:"look_at"`
	Pages  []verdict.ID `json:"pages"`
	// Exact: the text is that; else it only shares words with it, and could be.
	Exact bool `json:"exact"`
	// Harmless: the message alone says nothing bad.
	Harmless bool `json:"harmless,omitempty"`
	// Key is the key of Tomcat's message.
	Key string `json:"key,omitempty"`
	// Count is how often it stands in a log, Line where first.
	Count int `json:"count,omitempty"`
	Line  int `json:"line,omitempty"`
}

const maxText = 64 << 10 // of a text that is read

// Text returns what text means, the best first: of an exception the innermost cause
// before what wraps it. Matches are exact, or all of them are mere resemblances.
func Text(text string) []Match {
	text = strings.ToValidUTF8(text[:min(len(text), maxText)], "?")
	found := exact(text)
	if len(found) > 0 {
		return found
	}
	for _, m := range verdict.Messages(text) {
		found = append(found, Match{Text: m.Text, LookAt: m.LookAt, Pages: m.Pages, Exact: m.Exact})
	}
	return found
}

// exact returns the meanings that are sure to be those of the text.
func exact(text string) []Match {
	var strong, weak []Match
	f := factsOf(text)
	inner := f
	if i := strings.LastIndex(text, "Caused by:"); i >= 0 {
		// The innermost cause says what happened, what is around it where.
		inner.lower = strings.ToLower(text[i:])
		own := errnosOf(inner.lower)
		if len(own) > 0 {
			inner.flags = map[string]bool{}
			for name := range about {
				inner.flags[name] = f.flags[name]
			}
			for name := range own {
				inner.flags[name] = true
			}
			inner.lower = f.lower
		}
	}
	for i := range rules {
		r := &rules[i]
		if !inner.has(r.when) && !f.has(r.when) {
			continue
		}
		m := Match{Text: shown(r.when, f), Meaning: r.text, Pages: ids(r.ids), Exact: true, Harmless: r.ids == ""}
		if r.weak {
			weak = append(weak, m)
		} else {
			strong = append(strong, m)
		}
	}
	var own []Match
	if m, ok := tomcat(text); ok {
		own = append(own, m)
	}
	out := append(strong, own...)
	if len(own) == 0 || own[0].Harmless && len(weak) > 0 {
		out = append(strong, append(weak, own...)...)
	}
	out = distinct(out)
	return out[:min(len(out), 4)]
}

// tomcat finds the message of Tomcat's cluster packages that the text is.
func tomcat(text string) (Match, bool) {
	first, _, _ := strings.Cut(text, "\n\tat ")
	found, ok := message.Find(first, true)
	if !ok || !tellsEnough(found) {
		return Match{}, false
	}
	m := Match{Text: strings.TrimSpace(found.Pattern), Key: found.Key, Exact: true, Pages: []verdict.ID{}}
	if meaning, ok := message.MeaningOf(found.Key); ok {
		m.Meaning, m.Harmless = meaning.Text, meaning.Harmless()
		for _, id := range meaning.IDs {
			m.Pages = append(m.Pages, verdict.ID(id))
		}
	}
	return m, true
}

// tellsEnough: a message of few letters is found in texts that are none.
func tellsEnough(m message.Match) bool {
	letters := 0
	for _, c := range m.Pattern {
		if c > 0x7f {
			letters += 2
		} else if c|0x20 >= 'a' && c|0x20 <= 'z' {
			letters++
		}
	}
	return letters >= 14
}

// distinct drops matches that lead to the same pages as one before.
func distinct(list []Match) []Match {
	var out []Match
	seen := map[string]bool{}
	for _, m := range list {
		key := m.Key
		for _, p := range m.Pages {
			key += " " + string(p)
		}
		if key = strings.TrimSpace(key); !seen[key] {
			seen[key] = true
			out = append(out, m)
		}
	}
	return out
}

func ids(list string) []verdict.ID {
	out := []verdict.ID{}
	if list == "" {
		return out
	}
	for id := range strings.SplitSeq(list, ",") {
		out = append(out, verdict.ID(id))
	}
	return out
}

// shown is what of the text a rule recognised, for people.
func shown(when string, f facts) string {
	var words []string
	for part := range strings.SplitSeq(when, " & ") {
		if part[0] == '!' {
			continue
		}
		for w := range strings.SplitSeq(part, "|") {
			if w[0] >= 'A' && w[0] <= 'Z' {
				if f.flags[w] && about[w] == nil {
					words = append(words, w)
				}
			} else if strings.Contains(f.lower, w) {
				words = append(words, "\""+strings.TrimSpace(w)+"\"")
				break
			}
		}
	}
	return strings.Join(words, ", ")
}
