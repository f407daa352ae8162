package term

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/charmbracelet/lipgloss"
)

// listItem is what begins an item of a list, with the blanks before it.
var listItem = regexp.MustCompile(`^( *)([-*]|\d+\.) `)

// Markdown prints the little Markdown that muster's pages use, for people:
// headings, paragraphs and list items wrapped to the width, however they are
// broken in the page, code as it is, links as their text. Code spans keep their
// backticks, so that a command can be told from the words around it.
func (s *Stream) Markdown(text string) error {
	bold := s.Style().Bold(true)
	width := min(max(s.Width, 40), 100)
	var b strings.Builder
	var block []string // the lines of the paragraph or item under way
	flush := func() {
		if len(block) == 0 {
			return
		}
		text := unlink(strings.Join(block, "\n"))
		item := listItem.FindStringSubmatch(text)
		before, indent := "", ""
		if item != nil {
			before, indent = item[1], strings.Repeat(" ", len(item[0]))
		}
		b.WriteString(before + Wrap(text, width-len(before), indent) + "\n")
		block = nil
	}
	code := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "```") {
			flush()
			code = !code
			continue
		}
		switch {
		case code:
			b.WriteString(line + "\n")
		case line == "---":
			flush()
		case line == "":
			flush()
			b.WriteByte('\n')
		case strings.HasPrefix(line, "#"):
			flush()
			b.WriteString(bold.Render(strings.TrimLeft(line, "# ")) + "\n")
		case strings.HasPrefix(line, "**") && strings.HasSuffix(line, "**"):
			flush()
			b.WriteString(bold.Render(strings.Trim(line, "*")) + "\n")
		case strings.HasPrefix(line, "|"), listItem.MatchString(line):
			flush()
			block = []string{line}
		default:
			block = append(block, line)
		}
	}
	flush()
	_, err := io.WriteString(s, b.String())
	return err
}

// Wrap breaks text at blanks so that no line is wider than width where a word
// allows it; lines after the first begin with indent.
func Wrap(text string, width int, indent string) string {
	var b strings.Builder
	col := 0
	for i, word := range strings.Fields(text) {
		w := lipgloss.Width(word)
		switch {
		case i == 0:
		case col+1+w > width:
			b.WriteString("\n" + indent)
			col = lipgloss.Width(indent)
		default:
			b.WriteByte(' ')
			col++
		}
		b.WriteString(word)
		col += w
	}
	return b.String()
}

// unlink turns [text](target) into text, outside of code spans.
func unlink(line string) string {
	var b strings.Builder
	code := false
	for i := 0; i < len(line); i++ {
		if line[i] == '`' {
			code = !code
		}
		if line[i] == '[' && !code {
			text, rest, ok := strings.Cut(line[i+1:], "](")
			if _, after, closed := strings.Cut(rest, ")"); ok && closed && !strings.ContainsAny(text, "[]`") {
				fmt.Fprint(&b, text)
				line, i = after, -1
				continue
			}
		}
		b.WriteByte(line[i])
	}
	return b.String()
}
