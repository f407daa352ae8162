package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/sniff"
	"muster/sniff/analysis"
)

// SniffTop is a running capture as lines of at most width columns and height
// lines: members with a sparkline of their heartbeats, groups, queriers. sortBy
// is n (name), b (heartbeats), i (interval), l (lost) or s (longest silence).
// Without full it is plain, for a pipe. now is the time of a live capture, in ns; 0
// stands for that of the last packet.
func SniffTop(s *term.Stream, r *sniff.Result, sortBy byte, width, height int, full bool, now int64) []string {
	a := r.Analysis
	now = max(now, a.Last)
	lines := strings.Split(s.Hang(countsText(r)), "\n")
	if full {
		for line := range strings.SplitSeq(s.Hang("sort: n name, b beats, i interval, l lost, s silence   quit: q"), "\n") {
			lines = append(lines, s.Dim(line))
		}
	}
	room := height - len(lines)
	if !full {
		room = 1 << 16
	}
	if len(a.HeardMembers()) > 0 {
		lines = append(lines, "")
		lines = append(lines, clip(topMembers(s, a, sortBy, full, now), room*3/5)...)
	}
	parts := slices.DeleteFunc([]*term.Table{queriersTable(a), productsTable(a.Products, ownOf(r)), streamsTable(a)}, func(t *term.Table) bool { return len(t.Rows) == 0 })
	below := 0
	if len(parts) > 0 {
		below = leastPart
	}
	lines = append(lines, "")
	lines = append(lines, clip(groupsTable(a).Lines(s), max(height, room)-len(lines)-below)...)
	for _, part := range parts {
		if !full || height-len(lines) > 3 {
			lines = append(lines, "")
			lines = append(lines, clip(part.Lines(s), max(height-len(lines), room-len(lines)))...)
		}
	}
	if !full {
		return lines
	}
	lines = lines[:min(len(lines), height)]
	for i := range lines {
		lines[i] = lipgloss.NewStyle().MaxWidth(width).Render(lines[i])
	}
	return lines
}

// leastPart is how many lines are kept for what comes below the groups.
const leastPart = 5

// clip keeps the first n lines and says how many are missing.
func clip(lines []string, n int) []string {
	n = max(n, 2)
	if len(lines) <= n {
		return lines
	}
	return append(lines[:n-1], fmt.Sprintf("... %d more", len(lines)-n+1))
}

func topMembers(s *term.Stream, a *analysis.Analysis, sortBy byte, full bool, now int64) []string {
	members := a.HeardMembers()
	slices.SortStableFunc(members, func(x, y *analysis.Member) int {
		switch sortBy {
		case 'b':
			return cmp.Compare(y.Beats.Count(), x.Beats.Count())
		case 'i':
			return cmp.Compare(y.Beats.Interval(), x.Beats.Interval())
		case 'l':
			return cmp.Compare(lostOf(a, y), lostOf(a, x))
		case 's':
			return cmp.Compare(silenceOf(a, y, now), silenceOf(a, x, now))
		}
		return strings.Compare(x.Name(), y.Name())
	})
	t := &term.Table{Header: []string{"MEMBER", "ID", "DOMAIN", "BEATS", "INTERVAL", "LONGEST", "LOST", "AGO", "HEARTBEATS"},
		Right: map[int]bool{3: true, 4: true, 5: true, 6: true, 7: true}, Spare: []int{8, 1, 2, 4}}
	for _, m := range members {
		ago := term.Seconds(time.Duration(now - m.Last))
		if m.Goodbye != 0 {
			ago = "left"
		}
		interval, _, longest := beatTexts(a, m)
		if longest != "" {
			longest = term.Seconds(silenceOf(a, m, now))
		}
		t.Add(m.Name(), m.Record.ID.String()[:8], escape.Bytes(m.Record.Domain), m.Beats.Count(), interval, longest, lostText(a, m), ago, sparkline(m.Beats.Recent(24), full))
	}
	return t.Lines(s)
}

func lostOf(a *analysis.Analysis, m *analysis.Member) uint64 {
	lost, _ := a.Lost(m)
	return lost
}

// silenceOf is the longest silence of a member, the one that goes on included.
func silenceOf(a *analysis.Analysis, m *analysis.Member, now int64) time.Duration {
	if m.Goodbye != 0 {
		return a.Longest(m)
	}
	return max(a.Longest(m), time.Duration(now-m.Last))
}

// sparkline draws values as bars from zero to the largest; without unicode, as
// digits 0 to 9.
func sparkline(values []float64, unicode bool) string {
	bars := []rune("▁▂▃▄▅▆▇█")
	if !unicode {
		bars = []rune("0123456789")
	}
	most := 0.0
	for _, v := range values {
		most = max(most, v)
	}
	var b strings.Builder
	for _, v := range values {
		i := 0
		if most > 0 {
			i = int(v / most * float64(len(bars)-1))
		}
		b.WriteRune(bars[min(max(i, 0), len(bars)-1)])
	}
	return b.String()
}
