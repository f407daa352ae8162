package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/cmd/internal/term"
	"muster/internal/verdict"
)

// freePort is a UDP port that nobody has now.
func freePort(t *testing.T) int {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).Port
}

// summaryOf is the last JSON line of a command, with its exit status.
func summaryOf(ctx context.Context, t *testing.T, line string) (map[string]any, int, string) {
	t.Helper()
	s, out, errs := term.Test("")
	status := Run(ctx, append(strings.Fields(line), "--json"), s)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var last map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		t.Errorf("muster %s: %v: %q; %s", line, err, out, errs)
	}
	for _, l := range lines[:len(lines)-1] {
		if strings.HasPrefix(l, `{"type":"summary"`) {
			t.Errorf("muster %s: a summary before the last line", line)
		}
	}
	return last, status, errs.String()
}

// TestOneSummary: every command that runs over time ends its JSON in the one summary, with
// the names that it has everywhere, when nothing was seen and when Ctrl-C ends it.
func TestOneSummary(t *testing.T) {
	if i, err := net.InterfaceByName("lo"); err != nil || i.Flags&net.FlagUp == 0 {
		t.Skip("needs the loopback lo")
	}
	t.Setenv("XDG_STATE_HOME", t.TempDir()) // of the member that joins
	group := fmt.Sprintf("239.77.9.9:%d", freePort(t))
	cluster := fmt.Sprintf("-i lo --group 239.77.9.9 --port %d", freePort(t))
	for _, c := range []struct {
		line   string
		fields string // beside status and took_ms
		until  string // what bounds it
	}{
		{"node -i lo --group " + strings.Split(group, ":")[0] + " --port " + strings.Split(group, ":")[1], "group interface expected seen", "-d 0.2"},
		{"listen " + group + " -i lo", "interface expected seen", "-d 0.2"},
		{"ping " + group + " --udp -i lo -W 0.1", "group interface expected seen", "-c 1"},
		{"mesh " + group + " -i lo", "group interface expected seen", "-d 0.5"},
		{"tribes members " + cluster, "group interface expected seen", "-d 0.2"},
		{"tribes sessions " + cluster, "expected", "-d 0.2"},
		{"tribes join --tcp-port 0 " + cluster, "group interface expected seen", "-d 0.2"},
		{"discover -i lo", "interface expected seen", "-W 0.2"},
		{"send " + group + " x --ttl 0 --interval 50ms -i lo", "group interface", "-d 0.2"},
		{"ping --respond " + group + " -i lo", "interface", "-d 0.2"},
		{"tribes send --all x " + cluster, "expected seen", "--listen 0.2"},
		{"tribes logs --follow testdata/width/a.log", "", "-d 0.2"},
	} {
		for _, end := range []string{"nothing seen", "Ctrl-C"} {
			ctx, cancel := context.WithCancel(t.Context())
			line, fields := c.line+" "+c.until, c.fields
			if end == "Ctrl-C" { // which may come before anything is known
				line, fields = c.line, ""
				time.AfterFunc(300*time.Millisecond, cancel)
			}
			sum, status, errs := summaryOf(ctx, t, line)
			cancel()
			for _, f := range append(strings.Fields(fields), "status", "took_ms") {
				if _, ok := sum[f]; !ok {
					t.Errorf("muster %s (%s): the summary has no %s: %v; %s", line, end, f, sum, errs)
				}
			}
			for _, second := range []string{"expect", "iface", "took_s", "address", "found", "answering", "rate", "bit_rate"} {
				if _, ok := sum[second]; ok {
					t.Errorf("muster %s (%s): %s is a second name", line, end, second)
				}
			}
			says, _ := sum["status"].(string)
			if !slices.Contains([]verdict.Status{verdict.Pass, verdict.Warn, verdict.Fail, verdict.Unknown}, verdict.Status(says)) {
				t.Errorf("muster %s (%s): status %q", line, end, says)
			}
			if end == "Ctrl-C" && status != exitOK && status != exitInterrupted && status != exitNo && status != exitUnknown {
				t.Errorf("muster %s: exit status %d after Ctrl-C: %s", line, status, errs)
			}
		}
	}
}
