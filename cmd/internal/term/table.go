package term

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/charmbracelet/lipgloss"
)

// Table prints rows under a header: aligned columns on a terminal, tab-separated
// fields in a pipe, so that cut and awk need no guess. A table that is wider than
// its terminal wraps the cells that are text, between words; where even the longest
// words do not fit beside each other, each row becomes a block of lines with the
// headings at their left. Nothing is cut.
type Table struct {
	Header []string
	Rows   [][]string
	// Right names the columns (by index) that hold numbers and align right.
	Right map[int]bool
	// Spare names the columns that may be left out where the terminal is too narrow,
	// the first one first. Columns without a value go before them.
	Spare []int
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
	_, err := io.WriteString(s, strings.Join(t.Lines(s), "\n")+"\n")
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

// gap is the room between two columns.
const gap = 2

// Lines are the lines of the table, aligned and no wider than the terminal s.
func (t *Table) Lines(s *Stream) []string {
	bold := func(cell string) string { return s.Style().Bold(true).Render(cell) }
	room := s.Width
	if !s.TTY {
		room = math.MaxInt
	}
	whole := t
	widths, fits := t.fit(room)
	for _, column := range t.dispensable() {
		if fits {
			break
		}
		t = t.without(column)
		widths, fits = t.fit(room)
	}
	if !fits {
		return whole.blocks(room, bold) // which has room for every column
	}
	lines := t.row(nil, t.Header, widths, bold)
	for _, r := range t.Rows {
		lines = t.row(lines, r, widths, func(cell string) string { return cell })
	}
	return lines
}

// dispensable are the columns to leave out, in the order in which without takes them:
// each index counts after those before it are gone.
func (t *Table) dispensable() (out []int) {
	drop := slices.Clone(t.Spare)
	for i := range t.Header {
		if !slices.Contains(drop, i) && !slices.ContainsFunc(t.Rows, func(r []string) bool { return i < len(r) && r[i] != "" }) {
			drop = slices.Insert(drop, 0, i)
		}
	}
	for k, i := range drop {
		at := i
		for _, before := range drop[:k] {
			if before < i {
				at--
			}
		}
		out = append(out, at)
	}
	return out
}

// without is t without a column.
func (t *Table) without(column int) *Table {
	cut := func(cells []string) []string {
		if column >= len(cells) {
			return cells
		}
		return slices.Delete(slices.Clone(cells), column, column+1)
	}
	n := &Table{Header: cut(t.Header), Right: map[int]bool{}}
	for i := range t.Right {
		switch {
		case i < column:
			n.Right[i] = true
		case i > column:
			n.Right[i-1] = true
		}
	}
	for _, r := range t.Rows {
		n.Rows = append(n.Rows, cut(r))
	}
	return n
}

// fit finds the widths of the columns: as wide as their cells, and where that is too
// much the widest ones of text narrower, down to their longest words.
func (t *Table) fit(room int) (widths []int, fits bool) {
	widths = make([]int, len(t.Header))
	least := make([]int, len(t.Header))
	for _, r := range append([][]string{t.Header}, t.Rows...) {
		for i, c := range r {
			widths[i] = max(widths[i], lipgloss.Width(c))
			for _, word := range strings.Fields(c) {
				least[i] = max(least[i], lipgloss.Width(word))
			}
		}
	}
	total := gap * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	for ; total > room; total-- {
		widest := -1
		for i, w := range widths {
			if w > least[i] && (widest < 0 || w > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return nil, false
		}
		widths[widest]--
	}
	return widths, true
}

// row appends the lines of one row, whose cells are wrapped to their columns.
func (t *Table) row(lines, cells []string, widths []int, render func(string) string) []string {
	wrapped := make([][]string, len(cells))
	height := 1
	for i, c := range cells {
		wrapped[i] = []string{c}
		if lipgloss.Width(c) > widths[i] {
			wrapped[i] = strings.Split(Wrap(c, widths[i], ""), "\n")
		}
		height = max(height, len(wrapped[i]))
	}
	for n := range height {
		var b strings.Builder
		for i := range cells {
			cell := ""
			if n < len(wrapped[i]) {
				cell = wrapped[i][n]
			}
			pad := strings.Repeat(" ", widths[i]-lipgloss.Width(cell))
			if cell != "" {
				cell = render(cell)
			}
			if t.Right[i] {
				b.WriteString(pad + cell)
			} else {
				b.WriteString(cell + pad)
			}
			if i < len(cells)-1 {
				b.WriteString(strings.Repeat(" ", gap))
			}
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
	}
	return lines
}

// blocks gives each row a line for each cell that is not empty, and an empty line
// between rows.
func (t *Table) blocks(room int, bold func(string) string) []string {
	var lines []string
	column := 0
	for _, h := range t.Header {
		column = max(column, lipgloss.Width(h)+gap)
	}
	for i, r := range t.Rows {
		if i > 0 {
			lines = append(lines, "")
		}
		for k, c := range r {
			if c == "" {
				continue
			}
			head := t.Header[k]
			text := Wrap(c, max(1, room-column), "")
			for n, part := range strings.Split(text, "\n") {
				if n > 0 {
					head = ""
				}
				pad := strings.Repeat(" ", column-lipgloss.Width(head))
				if head != "" {
					head = bold(head)
				}
				lines = append(lines, head+pad+part)
			}
		}
	}
	return lines
}
