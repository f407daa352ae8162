package cmd

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/lipgloss"

	"muster/cmd/internal/term"
)

// terminalWidths are those of a split window, of old, of today, and of a wide screen.
var terminalWidths = []int{60, 80, 120, 200}

// inUTC makes times the same everywhere.
func inUTC(t *testing.T) {
	local := time.Local
	t.Cleanup(func() { time.Local = local })
	time.Local = time.UTC
}

// onTerminal is what show prints on a terminal of a width, with what it tells on stderr behind it.
func onTerminal(width int, show func(s *term.Streams)) string {
	s, out, errs := term.Test("")
	s.Out.TTY, s.Out.Width, s.Err.TTY, s.Err.Width = true, width, true, width
	s.Err = s.Err.Hanging()
	show(s)
	return out.String() + "--- stderr ---\n" + errs.String()
}

// byCommand shows what a command line prints.
func byCommand(args ...string) func(s *term.Streams) {
	return func(s *term.Streams) { Run(context.Background(), args, s) }
}

// TestWidths: what people see of recorded things on terminals of four widths. Nothing is wider than the
// terminal but single words, which stay whole so that they can be copied; no word and no number is cut;
// and each number stands under its heading.
func TestWidths(t *testing.T) {
	inUTC(t)
	captures, logs := "../sniff/testdata/captures/", "../tribes/logs/testdata/"
	shows := map[string]func(s *term.Streams){
		"sniff-lines":    byCommand("sniff", "-r", captures+"nine-step-delta.pcap", "-c", "60"),
		"sniff-summary":  byCommand("sniff", "-r", captures+"igmp-snooping-dies.pcap", "--summary"),
		"sniff-loss":     byCommand("sniff", "-r", captures+"loss-30.pcap", "--summary"),
		"sessions":       byCommand("tribes", "sessions", "--read", captures+"nine-step-delta.pcap"),
		"logs-cut":       byCommand("tribes", "logs", "--node", "a="+logs+"partition-5.5.15/a.log", "--node", "b="+logs+"partition-5.5.15/b.log"),
		"logs-address":   byCommand("tribes", "logs", "--node", "a="+logs+"advertises-loopback-9.0.113/a.log", "--node", "b="+logs+"advertises-loopback-9.0.113/b.log"),
		"config":         byCommand("tribes", "config", "--release", "10.1", "--elsewhere", "testdata/width/server.xml"),
		"explain-id":     byCommand("explain", "igmp.no-querier"),
		"explain-text":   byCommand("explain", "no members active in cluster group"),
		"explain-guess":  byCommand("explain", "works after a restart of the switch and then not"),
		"explain-group":  byCommand("explain", "228.0.0.4:45564"),
		"compare":        byCommand("compare", "testdata/width/server.xml", "testdata/width/other.xml"),
		"check":          byCommand("check", "--from", "testdata/facts/warn.json"),
		"check-all":      byCommand("check", "--from", "testdata/facts/warn.json", "--all"),
		"check-no-facts": byCommand("check", "--from", "testdata/width/missing.json"),
	}
	maps.Copy(shows, liveViews(t))
	for name, show := range shows {
		t.Run(name, func(t *testing.T) {
			widest := onTerminal(terminalWidths[len(terminalWidths)-1], show)
			for _, width := range terminalWidths {
				text := onTerminal(width, show)
				fits(t, text, width)
				whole(t, text, widest, width)
				configGolden(t, fmt.Sprintf("width/%s-%d", name, width), text)
			}
			headed(t, show)
		})
	}
}

// fits: no line is wider than the terminal, unless it is a word that cannot be broken with little before it.
func fits(t *testing.T, text string, width int) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if lipgloss.Width(line) > width && len(strings.Fields(line)) > 2 {
			t.Errorf("at %d columns: %q", width, line)
		}
	}
}

// whole: each word is one of the widest terminal's, so that none was cut; a timeline is drawn anew for
// each width.
func whole(t *testing.T, text, widest string, width int) {
	t.Helper()
	words := strings.Fields(widest)
	slices.Sort(words)
	for word := range strings.FieldsSeq(text) {
		if _, found := slices.BinarySearch(words, word); !found && !drawn.MatchString(word) {
			t.Errorf("at %d columns %q is no word of the widest terminal's", width, word)
		}
	}
}

// drawn are pieces of a picture, and how much did not fit into a screen.
var drawn = regexp.MustCompile(`^[-S<C=UIxKL|.\d]+$`)

// headed: in every table each cell is under its own heading, and under no other. The cells are those of
// the same table in a pipe, where tabs are between them.
func headed(t *testing.T, show func(s *term.Streams)) {
	t.Helper()
	pipe, out, _ := term.Test("")
	show(pipe)
	tables := tablesOf(out.String())
	for _, width := range terminalWidths {
		lines := strings.Split(onTerminal(width, show), "\n")
		for _, table := range tables {
			at, columns := findHeading(lines, table[0])
			if at < 0 {
				continue // a block for each row, with the headings at the left
			}
			for _, line := range lines[at:] {
				if strings.TrimSpace(line) == "" {
					break
				}
				for _, cell := range cellsOf(line) {
					if under := overlapped(columns, cell); number.MatchString(line[cell[0]:cell[1]]) && under != 1 {
						t.Errorf("at %d columns %q stands under %d headings:\n%s\n%s", width, line[cell[0]:cell[1]], under, lines[at], line)
					}
				}
			}
		}
	}
}

// number is a cell that is a number, with its unit.
var number = regexp.MustCompile(`^[-+~]?\d[\d.,:]*( ?[a-zA-Z%/]+)?$`)

// tablesOf are the tables of text for a pipe: lines that follow each other with as many tabs.
func tablesOf(text string) (tables [][][]string) {
	tabs := 0
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.TrimRight(line, "\n"), "\t")
		switch {
		case len(cells) < 3:
			tabs = 0
		case len(cells) != tabs:
			tabs, tables = len(cells), append(tables, [][]string{cells})
		default:
			tables[len(tables)-1] = append(tables[len(tables)-1], cells)
		}
	}
	return tables
}

// findHeading is the line with the headings of a table, or most of them, and where each is in it.
func findHeading(lines, headings []string) (at int, columns [][]int) {
	for i, line := range lines {
		columns = cellsOf(line)
		same := 0
		for _, c := range columns {
			if slices.Contains(headings, line[c[0]:c[1]]) {
				same++
			}
		}
		if same > 1 && same == len(columns) {
			return i, columns
		}
	}
	return -1, nil
}

// cellsOf are where the cells of a line begin and end: two blanks or more are between them.
func cellsOf(line string) [][]int { return cells.FindAllStringIndex(line, -1) }

var cells = regexp.MustCompile(`\S+(?: \S+)*`)

// overlapped counts the headings that a cell stands under.
func overlapped(columns [][]int, cell []int) (n int) {
	for _, c := range columns {
		if cell[0] < c[1] && c[0] < cell[1] {
			n++
		}
	}
	return n
}
