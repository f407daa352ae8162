package term

import (
	"io"
	"strings"

	"github.com/charmbracelet/lipgloss"

	"muster/internal/lazyregexp"
)

// columns is a first column, such as a flag's or a command's name, with the blanks behind
// it, or the indent of a line.
var columns = lazyregexp.New(`^ *\S.*?\S {2,}|^ *`)

// ownLine is how far to the right a text stands below a first column that is too wide.
const ownLine = 10

// Hang wraps, on a terminal, each line that is too wide for it below where its text
// begins; where that is far to the right, the text begins on a line of its own. Lines
// that fit, and all of what goes elsewhere than to a terminal, stay as they are.
func (s *Stream) Hang(text string) string {
	if !s.TTY {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if lipgloss.Width(line) > s.Width {
			lines[i] = hang(line, s.Width)
		}
	}
	return strings.Join(lines, "\n")
}

// Hanging is s with each line of what is written made to fit the terminal, as Hang does: for sentences.
func (s *Stream) Hanging() *Stream {
	c := *s
	c.Writer = hangs{s}
	return &c
}

type hangs struct{ s *Stream }

func (h hangs) Write(b []byte) (int, error) {
	if _, err := io.WriteString(h.s, h.s.Hang(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}

// AppendHang appends to b what write does, as Hang leaves it; where s is no terminal it costs nothing.
func (s *Stream) AppendHang(b []byte, write func([]byte) []byte) []byte {
	from := len(b)
	b = write(b)
	if !s.TTY {
		return b
	}
	return append(b[:from], s.Hang(string(b[from:]))...)
}

func hang(line string, width int) string {
	head := columns().FindString(line)
	text, column := line[len(head):], lipgloss.Width(head)
	switch {
	case column > width/2 && strings.TrimSpace(head) != "":
		return strings.TrimRight(head, " ") + "\n" + strings.Repeat(" ", ownLine) + hanging(text, ownLine, width)
	case column > width/2:
		return line
	case head == "":
		return Wrap(text, width, "  ")
	}
	return head + hanging(text, column, width)
}

// hanging wraps text of which each line begins at a column, the first one too.
func hanging(text string, column, width int) string {
	before := strings.Repeat("x", column-1)
	if column == 1 {
		before = "x"
	}
	wrapped := strings.TrimPrefix(Wrap(before+" "+text, width, strings.Repeat(" ", column)), before)
	return strings.TrimLeft(wrapped, "\n ") // a first word that is too wide stays where it is
}
