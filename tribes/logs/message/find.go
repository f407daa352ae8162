package message

import "strings"

// A Match is a message found in a text.
type Match struct {
	*Text
	// Args are what was filled in, by number.
	Args [10]string
	// At is where the message begins in the text, End is behind it.
	At, End int
}

// Find returns the message that text is or holds: of those that fit, the one with
// the most letters of its own. In a log a line begins with its message; in what a
// person pastes it may stand anywhere, which is asked for with anywhere.
func Find(text string, anywhere bool) (Match, bool) {
	x := table()
	var best Match
	try := func(i int32) {
		t := &x.texts[i]
		if best.Text != nil && t.weight <= best.weight {
			return
		}
		if m, ok := t.match(text, anywhere); ok {
			best = m
		}
	}
	for at := 0; at+8 <= len(text); at++ {
		for _, i := range x.anchors[eight(text, at)] {
			try(i)
		}
	}
	if best.Text == nil {
		for _, i := range x.short {
			try(i)
		}
	}
	if best.Text == nil && anywhere {
		return part(text)
	}
	return best, best.Text != nil
}

// tailOf is how many bytes of the beginning of literal end the text.
func tailOf(literal, text string) int {
	for n := min(len(literal), len(text)); n >= 8; n-- {
		if strings.HasSuffix(text, literal[:n]) {
			return n
		}
	}
	return 0
}

// part finds the message that text is a piece of, in small or capital letters as people
// repeat it.
func part(text string) (Match, bool) {
	piece := strings.ToLower(strings.Trim(strings.TrimSpace(text), `"'.`))
	if len(piece) < 14 {
		return Match{}, false
	}
	for i := range table().texts {
		t := &table().texts[i]
		for _, l := range t.literals {
			if len(l) >= len(piece) && strings.Contains(strings.ToLower(l), piece) {
				return Match{Text: t, End: len(text)}, true
			}
		}
	}
	return Match{}, false
}

// match reports whether the literals of t stand in text in their order.
func (t *Text) match(text string, anywhere bool) (Match, bool) {
	m := Match{Text: t}
	at := 0
	matched := 0
	for i, l := range t.literals {
		n := strings.Index(text[at:], l)
		if n < 0 && anywhere && i > 0 {
			matched += tailOf(l, text[at:])
			m.End = len(text) // what was pasted is cut
			return m, matched >= 24 && 2*matched > t.weight
		}
		if i == len(t.literals)-1 && i > 0 && l == "" {
			n = len(text) - at // the last argument reaches to the end
		}
		if n < 0 || i == 0 && l != "" && n > 0 && !anywhere {
			return Match{}, false
		}
		if i == 0 {
			m.At = n
		} else if a := t.args[i-1]; a >= 0 {
			m.Args[a] = text[at : at+n]
		}
		at += n + len(l)
		matched += len(l)
	}
	m.End = at
	return m, true
}
