package cmd

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/lipgloss"

	"muster/cmd/internal/term"
)

// What people see of recorded things on terminals of four widths: nothing is wider than
// the terminal but single words, which stay whole so that they can be copied, and at
// each width the same words are there.
func TestWidths(t *testing.T) {
	local := time.Local
	t.Cleanup(func() { time.Local = local })
	time.Local = time.UTC
	captures, logs := "../sniff/testdata/captures/", "../tribes/logs/testdata/"
	for name, args := range map[string][]string{
		"sniff-summary":  {"sniff", "-r", captures + "igmp-snooping-dies.pcap", "--summary"},
		"sniff-loss":     {"sniff", "-r", captures + "loss-30.pcap", "--summary"},
		"logs-cut":       {"tribes", "logs", "--node", "a=" + logs + "partition-5.5.15/a.log", "--node", "b=" + logs + "partition-5.5.15/b.log"},
		"logs-address":   {"tribes", "logs", "--node", "a=" + logs + "advertises-loopback-9.0.113/a.log", "--node", "b=" + logs + "advertises-loopback-9.0.113/b.log"},
		"config":         {"tribes", "config", "--release", "10.1", "--elsewhere", "testdata/width/server.xml"},
		"explain-id":     {"explain", "igmp.no-querier"},
		"explain-text":   {"explain", "no members active in cluster group"},
		"explain-guess":  {"explain", "works after a restart of the switch and then not"},
		"explain-group":  {"explain", "228.0.0.4:45564"},
		"compare":        {"compare", "testdata/width/server.xml", "testdata/width/other.xml"},
		"check-no-facts": {"check", "--from", "testdata/width/missing.json"},
	} {
		for _, width := range []int{60, 80, 120, 200} {
			s, out, errs := term.Test("")
			s.Out.TTY, s.Out.Width, s.Err.TTY, s.Err.Width = true, width, true, width
			Run(context.Background(), args, s)
			text := out.String() + "--- stderr ---\n" + errs.String()
			for line := range strings.Lines(out.String()) {
				line = strings.TrimRight(line, "\n")
				if lipgloss.Width(line) > width && len(strings.Fields(line)) > 2 {
					t.Errorf("%s at %d columns: %q", name, width, line)
				}
			}
			configGolden(t, fmt.Sprintf("width/%s-%d", name, width), text)
		}
	}
}
