package term

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// Verify that a table fits its terminal, whatever the width, and that every word of it
// is there whole.
func TestTableFits(t *testing.T) {
	table := Table{Header: []string{"NODE", "LOSS", "WHAT IT SAYS"}, Right: map[int]bool{1: true}}
	table.Add("10.77.0.11:4000", "0.5 %", "heard by two others, not by the third")
	table.Add("10.77.0.12:4000", "100 %", "")
	for _, width := range []int{34, 60, 80, 200} {
		lines := table.Lines(&Stream{TTY: true, Width: width})
		text := strings.Join(lines, "\n")
		for _, l := range lines {
			if n := utf8.RuneCountInString(l); n > width {
				t.Errorf("%d columns, %d wide: %q", width, n, l)
			}
		}
		have := strings.Fields(text)
		for _, word := range strings.Fields("10.77.0.11:4000 0.5 heard others, third 10.77.0.12:4000 100 NODE LOSS SAYS") {
			found := false
			for _, h := range have {
				found = found || h == word
			}
			if !found {
				t.Errorf("%d columns: no word %q in\n%s", width, word, text)
			}
		}
	}
	wide := table.Lines(&Stream{TTY: true, Width: 60})
	want := []string{
		"NODE              LOSS  WHAT IT SAYS",
		"10.77.0.11:4000  0.5 %  heard by two others, not by the",
		"                        third",
		"10.77.0.12:4000  100 %",
	}
	if strings.Join(wide, "\n") != strings.Join(want, "\n") {
		t.Errorf("at 60 columns:\n%s", strings.Join(wide, "\n"))
	}
}

// Verify that columns without a value go first where a terminal is too narrow, then
// the spare ones in their order.
func TestTableSparesColumns(t *testing.T) {
	table := Table{Header: []string{"MEMBER", "ID", "DOMAIN", "BEATS", "BARS"}, Right: map[int]bool{3: true}, Spare: []int{4, 1}}
	table.Add("10.77.0.11:4000", "36d7b967", "", 30, "88888888")
	for width, want := range map[int]string{
		60: "MEMBER           ID        DOMAIN  BEATS  BARS",
		44: "MEMBER           ID        BEATS  BARS",
		36: "MEMBER           ID        BEATS",
		24: "MEMBER           BEATS",
	} {
		if got := table.Lines(&Stream{TTY: true, Width: width})[0]; got != want {
			t.Errorf("at %d columns %q, want %q", width, got, want)
		}
	}
}
