package tomcat

import (
	"context"
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"muster/internal/netlab"
)

//go:embed testdata/clock.c
var clockSource []byte

// wrongClock builds what makes the clock of a process wrong, and returns its file.
func wrongClock(tb netlab.TB, h *netlab.Host) string {
	tb.Helper()
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		tb.Skipf("tomcat: a clock can only be wrong with gcc, which is not here")
	}
	source, library := filepath.Join(h.Dir(), "clock.c"), filepath.Join(h.Dir(), "clock.so")
	if err := os.WriteFile(source, clockSource, 0o600); err != nil {
		tb.Fatalf("tomcat: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, gcc, "-shared", "-fPIC", "-O2", "-o", library, source).CombinedOutput(); err != nil {
		tb.Fatalf("tomcat: building the wrong clock: %v\n%s", err, out)
	}
	return library
}
