package cmd

import (
	"strings"

	"muster/cmd/internal/term"
)

// narrowed wraps prose that is wider than the terminal: lines that follow each other
// are one paragraph, and what is indented stays as it is.
func narrowed(text string, width int) string {
	var out, prose []string
	wide := false
	end := func() {
		if wide {
			prose = []string{term.Wrap(strings.Join(prose, " "), width, "")}
		}
		out, prose, wide = append(out, prose...), nil, false
	}
	for line := range strings.SplitSeq(strings.TrimRight(text, " \n"), "\n") {
		if line == "" || strings.HasPrefix(line, " ") {
			end()
			out = append(out, line)
			continue
		}
		prose, wide = append(prose, line), wide || len(line) > width
	}
	end()
	return strings.Join(out, "\n")
}
