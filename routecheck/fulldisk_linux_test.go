package routecheck_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/netlab"
)

// TestSaveFactsOnFullDisk: where facts do not fit, what was there stays, and no piece
// of them is left.
func TestSaveFactsOnFullDisk(t *testing.T) {
	l := netlab.New(t, netlab.Config{Hosts: 1})
	disk := filepath.Join(l.Host(1).Dir(), "disk")
	if err := os.Mkdir(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	sh(t, l.Host(1).Command(t.Context(), "sh", "-ec", `mount -t tmpfs -o size=8k none "$0"; echo old > "$0/facts"`, disk))
	c := command(t, l, "", "check", "--save", filepath.Join(disk, "facts"))
	out, err := c.CombinedOutput()
	if err == nil || c.ProcessState.ExitCode() != 3 || !strings.Contains(string(out), "no space left on device") {
		t.Errorf("%v: %s", err, out)
	}
	left, err := l.Host(1).Command(t.Context(), "sh", "-ec", `ls -A "$0"; cat "$0/facts"`, disk).Output()
	if err != nil || string(left) != "facts\nold\n" {
		t.Errorf("on the disk is %q, %v", left, err)
	}
}
