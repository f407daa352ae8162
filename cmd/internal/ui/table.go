package ui

import (
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/lipgloss"
)

// Table prints rows under a header: aligned columns on a terminal, tab-separated
// fields in a pipe, so that cut and awk need no guess.
type Table struct {
	Header []string
	Rows   [][]string
	// Right names the columns (by index) that hold numbers and align right.
	Right map[int]bool
}

// Add appends a row; values are formatted with fmt.Sprint.
func (t *Table) Add(cells ...any) {
	row := make([]string, len(cells))
	for i, c := range cells {
		row[i] = fmt.Sprint(c)
	}
	t.Rows = append(t.Rows, row)
}

// Render writes the table to s.
func (t *Table) Render(s *Stream) error {
	if !s.TTY {
		return t.tabs(s)
	}
	bold := s.Style().Bold(true)
	widths := t.widths()
	var b strings.Builder
	t.line(&b, t.Header, widths, bold.Render)
	for _, r := range t.Rows {
		t.line(&b, r, widths, func(x ...string) string { return strings.Join(x, "") })
	}
	_, err := io.WriteString(s, b.String())
	return err
}

func (t *Table) tabs(w io.Writer) error {
	var b strings.Builder
	for _, r := range append([][]string{t.Header}, t.Rows...) {
		b.WriteString(strings.Join(r, "\t"))
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *Table) widths() []int {
	w := make([]int, len(t.Header))
	for _, r := range append([][]string{t.Header}, t.Rows...) {
		for i, c := range r {
			w[i] = max(w[i], lipgloss.Width(c))
		}
	}
	return w
}

func (t *Table) line(b *strings.Builder, cells []string, widths []int, render func(...string) string) {
	for i, c := range cells {
		pad := strings.Repeat(" ", widths[i]-lipgloss.Width(c))
		switch {
		case t.Right[i]:
			b.WriteString(pad + render(c))
		case i == len(cells)-1:
			b.WriteString(render(c))
		default:
			b.WriteString(render(c) + pad)
		}
		if i < len(cells)-1 {
			b.WriteString("  ")
		}
	}
	b.WriteByte('\n')
}
