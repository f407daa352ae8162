package verdict

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"muster/docs/checks"
)

// Match is a row of messages.md that fits a text, with the pages it leads to.
type Match struct {
	// Text is what the table knows, LookAt its advice as Markdown.
	Text   string `json:"text"`
	LookAt string `json:"look_at"`
	Pages  []ID   `json:"pages"`
	// Exact: the text holds the row's words (or the reverse) in their order; else
	// they only share most words.
	Exact bool `json:"exact"`
}

// Messages returns the rows of messages.md that fit text, which may be a whole
// line of a log or some words of it; the exact ones alone where there are any,
// else the best three by shared words. Where no row fits, pages whose title or
// symptom shares the words stand in.
func Messages(text string) []Match {
	words := significant(text)
	if len(words) == 0 {
		return nil
	}
	var exact []Match
	var near []scored
	for _, row := range messageTable() {
		if row.holds(text) {
			row.Exact = true
			exact = append(exact, row)
			continue
		}
		near = append(near, scored{row, overlap(words, significant(row.Text))})
	}
	if len(exact) > 0 {
		return exact
	}
	for _, p := range All() {
		near = append(near, scored{
			Match{Text: p.Failure, LookAt: "`" + string(p.ID) + "`", Pages: []ID{p.ID}},
			overlap(words, significant(p.Title+" "+p.Failure+" "+section(p.Markdown, "## What you see"))),
		})
	}
	near = slices.DeleteFunc(near, func(s scored) bool { return s.score < 0.6 })
	slices.SortStableFunc(near, func(a, b scored) int { return int(1000 * (b.score - a.score)) })
	var out []Match
	for _, s := range near[:min(3, len(near))] {
		out = append(out, s.Match)
	}
	return out
}

type scored struct {
	Match
	score float64
}

var (
	blanks    = regexp.MustCompile(`\s+`)
	variable  = regexp.MustCompile(`\[[^\]]*[^\]A-Z ][^\]]*\]`) // "[..]", "[1]", and not a tag such as "[QUORUM]"
	wordChars = regexp.MustCompile(`[\pL\pN']{3,}`)
)

var messageTable = sync.OnceValue(func() []Match {
	text, err := checks.Files.ReadFile("messages.md")
	if err != nil {
		panic(err) // embedded: it cannot be missing
	}
	var rows []Match
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if len(cells) != 2 || strings.HasPrefix(cells[0], "-") || strings.TrimSpace(cells[0]) == "text" {
			continue
		}
		m := Match{Text: strings.TrimSpace(cells[0]), LookAt: strings.TrimSpace(cells[1])}
		for _, c := range backquoted.FindAllStringSubmatch(m.LookAt, -1) {
			m.Pages = append(m.Pages, expand(c[1])...)
		}
		rows = append(rows, m)
	}
	return rows
})

// expand turns an id into itself and "family.*" into the family's ids.
func expand(id string) []ID {
	family, all := strings.CutSuffix(id, "*")
	var out []ID
	for _, p := range All() {
		if string(p.ID) == id || all && strings.HasPrefix(string(p.ID), family) {
			out = append(out, p.ID)
		}
	}
	return out
}

// phrases are the alternatives of a row: its code spans, or the whole cell.
func (m Match) phrases() []string {
	var out []string
	for _, c := range backquoted.FindAllStringSubmatch(m.Text, -1) {
		out = append(out, c[1])
	}
	if len(out) == 0 {
		out = []string{m.Text}
	}
	return out
}

// holds reports whether text contains one of the row's phrases, whose [..]
// stand for anything, or is a part of one that is long enough to mean it.
func (m Match) holds(text string) bool {
	text = normal(text)
	for _, p := range m.phrases() {
		parts := variable.Split(p, -1)
		rest, all := text, true
		for _, part := range parts {
			part = normal(part)
			i := strings.Index(rest, part)
			if i < 0 {
				all = false
				break
			}
			rest = rest[i+len(part):]
		}
		if all || len(text) >= 12 && strings.Contains(normal(p), text) {
			return true
		}
	}
	return false
}

func normal(s string) string {
	return strings.Trim(blanks.ReplaceAllString(strings.ToLower(s), " "), " .")
}

var noise = map[string]bool{"the": true, "and": true, "for": true, "not": true, "are": true, "was": true, "with": true, "that": true, "this": true, "but": true, "has": true}

func significant(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range wordChars.FindAllString(strings.ToLower(s), -1) {
		if !noise[w] {
			out[w] = true
		}
	}
	return out
}

// overlap is the share of the asked words that have contains.
func overlap(asked, have map[string]bool) float64 {
	n := 0
	for w := range asked {
		if have[w] {
			n++
		}
	}
	return float64(n) / float64(len(asked))
}

// section returns the text below a heading of a page, up to the next one.
func section(markdown, heading string) string {
	_, rest, ok := strings.Cut(markdown, heading+"\n")
	if !ok {
		return ""
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return strings.TrimSpace(text)
}
