package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// asCommand names the variable with the command line that this test binary is to run.
const asCommand = "MUSTER_TEST_COMMAND"

// TestAsCommand is no test: it makes this binary a muster for those below.
func TestAsCommand(*testing.T) {
	if line := os.Getenv(asCommand); line != "" {
		os.Exit(Main(strings.Fields(line)))
	}
}

// TestSummaryWithoutPermission: who may not capture, ping or read the firewall gets the one summary too.
func TestSummaryWithoutPermission(t *testing.T) {
	lo := loopbackName(t)
	for _, c := range []struct {
		line   string
		denied bool // it can do nothing without a privilege
	}{
		{"sniff -i " + lo + " -d 0.1", true},
		{"sniff -i " + lo + " -d 0.1 --summary", true},
		{"tribes sessions --watch-only -i " + lo + " -d 0.1", true},
		{"querier -i " + lo + " -d 0.1", false},
		{"ping 239.77.9.4 -c 1 -W 0.05 -i " + lo, false},
		{"check", false},
	} {
		p := exec.Command("/proc/self/exe", "-test.run", "^TestAsCommand$")
		p.Env = append(os.Environ(), asCommand+"="+c.line+" --json", "HOME=/nonexistent")
		if os.Getuid() == 0 {
			p.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		var out, errs bytes.Buffer
		p.Stdout, p.Stderr = &out, &errs
		err := p.Run()
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			t.Skipf("this binary cannot be run as another user: %v", err)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		var last struct{ Type, Status string }
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Type != "summary" || last.Status == "" {
			t.Errorf("muster %s: %v: %q; %s", c.line, err, out.String(), errs.String())
		}
		if c.denied && (p.ProcessState.ExitCode() != exitUnknown || last.Status != "unknown" || !strings.Contains(errs.String(), "CAP_NET_RAW")) {
			t.Errorf("muster %s: status %d, %s: %s", c.line, p.ProcessState.ExitCode(), last.Status, errs.String())
		}
	}
}
