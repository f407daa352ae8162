package view

import (
	"fmt"
	"io"
	"strings"

	"muster/cmd/internal/term"
	"muster/internal/doctor"
	"muster/internal/escape"
	"muster/internal/verdict"
)

// Comparison shows nodes side by side.
type Comparison struct {
	doctor.Comparison
	Summary verdict.Summary
	All     bool // also what is the same
}

// CompareRow is a JSON line about one thing that was compared.
type CompareRow struct {
	Type string `json:"type"`
	doctor.Row
}

// CompareSummary is the last line.
type CompareSummary struct {
	Type string `json:"type"`
	verdict.Summary
	Nodes   []string   `json:"nodes"`           // what was compared, in the order of the values
	Hears   [][]string `json:"hears,omitempty"` // for each node which other's member it heard: `yes`, `no`, or empty where that is not known
	Differs int        `json:"differs"`         // rows that differ
}

func (c Comparison) differing() int {
	n := 0
	for _, r := range c.Rows {
		if r.Differs {
			n++
		}
	}
	return n
}

// JSON writes a line for each row and verdict, and the summary.
func (c Comparison) JSON(w io.Writer) error {
	lines := term.NewLines(w)
	for _, r := range c.Rows {
		if err := lines.Write(CompareRow{"row", r}); err != nil {
			return err
		}
	}
	for _, v := range c.Verdicts {
		if err := lines.Write(NewVerdict(v)); err != nil {
			return err
		}
	}
	return lines.Write(CompareSummary{"summary", c.Summary, c.Names, c.Comparison.Hears, c.differing()})
}

// Text is a table of what differs, the matrix where there is one, and the verdicts.
func (c Comparison) Text(s *term.Stream) error {
	var b strings.Builder
	shown := 0
	for _, r := range c.Rows {
		if !r.Differs && !c.All {
			continue
		}
		shown++
		mark := "        "
		if r.Differs && r.Must {
			mark = "differs "
		}
		fmt.Fprintf(&b, "%s%s\n", mark, r.What)
		for i, v := range r.Values {
			if v != "" {
				fmt.Fprintf(&b, "          %-24s %s\n", escape.Text(c.Names[i]), escape.Text(v))
			}
		}
	}
	if shown == 0 {
		fmt.Fprintf(&b, "nothing differs of %s (--all shows them)\n", term.Count(len(c.Rows), "thing"))
	}
	for i, row := range c.Comparison.Hears {
		for j, h := range row {
			if h != "" {
				fmt.Fprintf(&b, "%s hears %s: %s\n", escape.Text(c.Names[i]), escape.Text(c.Names[j]), h)
			}
		}
	}
	b.WriteString(VerdictsText(s, c.Verdicts))
	fmt.Fprintf(&b, "%s: %s compared, %d differ\n", Status(s, c.Summary.Status), term.Count(len(c.Names), "node"), c.differing())
	_, err := io.WriteString(s, b.String())
	return err
}
