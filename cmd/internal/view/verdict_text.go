// Package view is the text and the JSON of each result, for people and for scripts.
// It does not know where a result comes from.
package view

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"muster/cmd/internal/term"
	"muster/internal/verdict"
)

// Columns of a verdict's text: its details begin at detailColumn with a word, what
// the word is about at textColumn.
const (
	detailColumn = 6
	textColumn   = 12
)

// VerdictText is a verdict for people: what was found, and for a bad or open one
// what it rests on, what to do, what to ask next and where to read on:
//
//	fail  route.none  eth0: sending to 228.0.0.4 fails: there is no route to it
//	      saw   ip route get 228.0.0.4: network unreachable [netlink]
//	      fix   ip route add 224.0.0.0/4 dev eth0
//	      more  muster explain route.none
func VerdictText(s *term.Stream, v verdict.Verdict) string {
	var b strings.Builder
	b.WriteString(headline(s, v))
	if !v.Status.Bad() && v.Status != verdict.Unknown {
		return b.String()
	}
	var saw []string
	for _, e := range v.Evidence {
		line := shown(e.What) + ": " + shown(e.Value)
		if e.ReadFrom != "" {
			line += " [" + shown(e.ReadFrom) + "]"
		}
		saw = append(saw, line)
	}
	detail(&b, s, "saw", saw)
	detail(&b, s, "fix", escaped(v.Fix))
	detail(&b, s, "next", escaped(v.Next))
	detail(&b, s, "more", []string{"muster explain " + string(v.ID)})
	return b.String()
}

// consequenceText is a verdict that follows from one that was told: what was found,
// and what else is to do.
func consequenceText(s *term.Stream, v verdict.Verdict) string {
	var b strings.Builder
	b.WriteString(headline(s, v))
	detail(&b, s, "fix", escaped(v.Fix))
	return b.String()
}

// headline is status, id, subject and what was found, and how sure it is if it is
// not certain.
func headline(s *term.Stream, v verdict.Verdict) string {
	var aside []string
	if v.Status.Bad() && v.Confidence != verdict.Definite && v.Confidence != "" {
		aside = append(aside, string(v.Confidence))
	}
	if v.Status.Bad() && len(v.CausedBy) > 0 {
		aside = append(aside, "follows from "+joinIDs(v.CausedBy))
	}
	text := shown(v.Saw)
	if v.Subject != "" && !names(v.Saw, v.Subject) {
		text = shown(v.Subject) + ": " + text
	}
	if len(aside) > 0 {
		text += " (" + strings.Join(aside, "; ") + ")"
	}
	head := padStatus(s, v.Status) + "  " + s.Style().Bold(true).Render(string(v.ID)) + "  "
	column := max(4, len(v.Status)) + 2 + len(v.ID) + 2
	return head + wrapAfter(s, text, column, detailColumn) + "\n"
}

// names reports whether a sentence has the subject in it, as words of its own.
func names(sentence, subject string) bool {
	at := strings.Index(sentence, subject)
	if at < 0 {
		return false
	}
	part := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '.' || r == ':' }
	before, _ := utf8.DecodeLastRuneInString(sentence[:at])
	after, size := utf8.DecodeRuneInString(sentence[at+len(subject):])
	if after == ':' || after == '.' { // unless the word goes on after it
		after, _ = utf8.DecodeRuneInString(sentence[at+len(subject)+size:])
	}
	return !part(before) && !part(after)
}

// detail writes the lines of one kind, the word before the first.
func detail(b *strings.Builder, s *term.Stream, word string, lines []string) {
	dim := word == "saw" || word == "more"
	for _, line := range lines {
		text := wrapAfter(s, line, textColumn, textColumn)
		if dim { // line by line: a style fills up the lines of a block
			parts := strings.Split(text, "\n")
			for i, part := range parts {
				words := strings.TrimLeft(part, " ")
				parts[i] = part[:len(part)-len(words)] + s.Dim(words)
			}
			text = strings.Join(parts, "\n")
		}
		fmt.Fprintf(b, "%*s%-*s%s\n", detailColumn, "", textColumn-detailColumn, word, text)
		word = ""
	}
}

func escaped(list []string) []string {
	out := slices.Clone(list)
	for i := range out {
		out[i] = shown(out[i])
	}
	return out
}

func joinIDs(ids []verdict.ID) string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return strings.Join(out, ", ")
}

// padStatus is a status, as wide as all but "unknown" are.
func padStatus(s *term.Stream, st verdict.Status) string {
	return Status(s, st) + strings.Repeat(" ", max(0, 4-len(st)))
}

// wrapAfter wraps text that begins at a column and goes on at indent, on a terminal.
// A word that is longer than a line stays whole, so that it can be copied.
func wrapAfter(s *term.Stream, text string, column, indent int) string {
	if !s.TTY || strings.TrimSpace(text) == "" {
		return text
	}
	wrapped := term.Wrap(strings.Repeat("x", column)+" "+text, s.Width, strings.Repeat(" ", indent))
	return strings.TrimPrefix(wrapped[column:], " ")
}

// VerdictsText is all of them: what is wrong, each cause with what follows from it,
// then what is not known, then the rest.
func VerdictsText(s *term.Stream, vs []verdict.Verdict) string {
	var b strings.Builder
	b.WriteString(wrongText(s, vs))
	for _, v := range vs {
		if !v.Status.Bad() && v.Status != verdict.Unknown {
			b.WriteString(VerdictText(s, v))
		}
	}
	return b.String()
}

// wrongText tells the causes, each with what follows from it, and what is not known.
func wrongText(s *term.Stream, vs []verdict.Verdict) string {
	var b strings.Builder
	told := map[int]bool{}
	for _, cause := range verdict.Causes(vs) {
		for i, v := range vs {
			if v.ID == cause && v.Status.Bad() && !told[i] {
				told[i] = true
				b.WriteString(VerdictText(s, v))
			}
		}
		for i, v := range vs {
			if v.Status.Bad() && !told[i] && slices.Contains(v.CausedBy, cause) {
				told[i] = true
				b.WriteString(consequenceText(s, v))
			}
		}
	}
	for i, v := range vs { // what follows from another consequence only
		if v.Status.Bad() && !told[i] {
			b.WriteString(consequenceText(s, v))
		}
	}
	for _, v := range vs {
		if v.Status == verdict.Unknown {
			b.WriteString(VerdictText(s, v))
		}
	}
	return b.String()
}

// Status renders a verdict's status in its colour.
func Status(s *term.Stream, st verdict.Status) string {
	switch st {
	case verdict.Pass:
		return s.Good(string(st))
	case verdict.Fail:
		return s.Bad(string(st))
	case verdict.Warn, verdict.Unknown:
		return s.Doubt(string(st))
	}
	return s.Dim(string(st))
}
