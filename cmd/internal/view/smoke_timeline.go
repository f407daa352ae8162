package view

import (
	"fmt"
	"strings"
	"time"

	"muster/cmd/internal/term"
	"muster/tribes/smoke"
)

// deedSigns are the signs of a timeline, in the order of its legend.
var deedSigns = []struct {
	deed smoke.Deed
	sign byte
	text string
}{
	{smoke.Started, 'S', "starts"},
	{smoke.GotState, '<', "gets the state"},
	{smoke.Created, 'C', "creates"},
	{smoke.Replicated, '=', "every byte is there"},
	{smoke.Served, 'U', "serves and changes"},
	{smoke.Ended, 'I', "invalidates"},
	{smoke.Gone, 'x', "is rid of it"},
	{smoke.Killed, 'K', "is killed"},
	{smoke.Left, 'L', "leaves"},
}

// timelineMax is how wide a timeline grows on a wide terminal.
const timelineMax = 110

// timeline is a run as a picture: a row for each node, time to the right. Much
// happens at once, and then nothing for seconds: so a column is a share of the
// time, but no node does two things in one, and what comes later is never
// further left.
type timeline struct {
	marks   []smoke.Mark
	took    time.Duration
	columns []int // of marks
	width   int
}

// newTimeline lays the marks of a report out over about width columns.
func newTimeline(rep smoke.Report, width int) timeline {
	t := timeline{took: rep.Took}
	for _, s := range rep.Steps {
		t.marks = append(t.marks, s.Marks...)
	}
	if len(t.marks) == 0 {
		return t
	}
	// What is pushed to the right is taken from what is left for the time.
	for linear := width - 1; ; {
		t.place(linear)
		over := t.width - width
		if over <= 0 || linear == 0 {
			return t
		}
		linear = max(linear-over, 0)
	}
}

// place gives the time of the whole run the given number of columns.
func (t *timeline) place(linear int) {
	total := max(t.took, t.marks[len(t.marks)-1].At, 1)
	t.columns = make([]int, len(t.marks))
	used := map[int]int{} // node: the column after its last sign
	at, pushed := 0, 0
	for i, m := range t.marks {
		want := int(time.Duration(linear)*m.At/total) + pushed
		at = max(at, want)
		if at < used[m.Node] {
			pushed += used[m.Node] - at
			at = used[m.Node]
		}
		t.columns[i] = at
		used[m.Node] = at + 1
	}
	t.width = max(at, linear+pushed) + 1 // a run that waited in vain ends later
}

// writeTimeline draws the picture of a run.
func writeTimeline(s *term.Stream, rep smoke.Report) {
	const name = 6
	width := min(s.Width, timelineMax)
	t := newTimeline(rep, width-name)
	if len(t.marks) == 0 {
		return
	}
	steps, clock := blank(t.width+1), blank(t.width+8)
	rows := make([][]byte, rep.Nodes)
	up := make([]int, rep.Nodes) // since this column; -1 down
	for i := range rows {
		rows[i], up[i] = blank(t.width), -1
	}
	known := map[smoke.Deed]byte{}
	for _, d := range deedSigns {
		known[d.deed] = d.sign
	}
	step, free := 0, 0
	for i, m := range t.marks {
		at := t.columns[i]
		if m.Step != step {
			step = m.Step
			copy(steps[at:], fmt.Sprint(step))
			if label := fmt.Sprintf("%.1f", m.At.Seconds()); at >= free {
				copy(clock[at:], label)
				free = at + len(label) + 1
			}
		}
		row := rows[m.Node]
		if up[m.Node] >= 0 {
			for c := up[m.Node]; c < at; c++ {
				row[c] = '-'
			}
		}
		row[at] = known[m.Deed]
		up[m.Node] = at + 1
		if m.Deed == smoke.Killed || m.Deed == smoke.Left {
			up[m.Node] = -1
		}
	}
	line := func(head string, row []byte) {
		fmt.Fprintf(s, "%-*s%s\n", name, head, strings.TrimRight(string(row), " "))
	}
	fmt.Fprintln(s)
	line("step", steps)
	for i, row := range rows {
		if up[i] >= 0 { // it is still up: the run broke off
			for c := up[i]; c < len(row); c++ {
				row[c] = '-'
			}
		}
		text := strings.TrimRight(string(row), " ")
		text = strings.ReplaceAll(text, "K", s.Bad("K"))
		fmt.Fprintf(s, "%-*s%s\n", name, smoke.NodeName(i), text)
	}
	line("s", clock)
	for _, text := range legend(t.marks, width) {
		fmt.Fprintln(s, s.Dim(text))
	}
}

func blank(n int) []byte { return []byte(strings.Repeat(" ", n)) }

// legend explains the signs that are there, in lines of at most width columns.
func legend(marks []smoke.Mark, width int) []string {
	seen := map[smoke.Deed]bool{}
	for _, m := range marks {
		seen[m.Deed] = true
	}
	var lines []string
	for _, d := range deedSigns {
		if !seen[d.deed] {
			continue
		}
		word := fmt.Sprintf("%c %s", d.sign, d.text)
		if last := len(lines) - 1; last >= 0 && len(lines[last])+3+len(word) <= width {
			lines[last] += "   " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}
