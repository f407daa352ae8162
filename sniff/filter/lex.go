package filter

import (
	"fmt"
	"strings"
)

// SyntaxError tells where an expression is wrong.
type SyntaxError struct {
	Expr   string
	Column int // counted from 1
	Reason string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("filter %q: column %d: %s", e.Expr, e.Column, e.Reason)
}

// token is a word, a parenthesis, or the end of the expression ("").
type token struct {
	text   string
	column int
}

// lex splits an expression at blanks and parentheses; "!", "&&" and "||" become
// words.
func lex(s string) []token {
	var out []token
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == ' ' || c == '\t' || c == '\n':
			i++
		case c == '(' || c == ')':
			out = append(out, token{string(c), i + 1})
			i++
		case c == '!':
			out = append(out, token{"not", i + 1})
			i++
		case strings.HasPrefix(s[i:], "&&"):
			out = append(out, token{"and", i + 1})
			i += 2
		case strings.HasPrefix(s[i:], "||"):
			out = append(out, token{"or", i + 1})
			i += 2
		default:
			end := i + strings.IndexAny(s[i:]+" ", " \t\n()!&|")
			if end == i {
				end++ // a single & or |, which no word begins with
			}
			out = append(out, token{s[i:end], i + 1})
			i = end
		}
	}
	return append(out, token{"", len(s) + 1})
}
