package testscripts

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd"
	"muster/internal/netlab"
)

// longCommands run until they are stopped, or for long; "-" reads a pipe into which
// nobody writes. 10.77.0.99 is nobody's address.
var longCommands = []string{
	"check --from -",
	"discover --json",
	"discover -v",
	"doctor --json",
	"doctor -v",
	"explain -",
	"listen 228.0.0.4:45564 --json",
	"listen 228.0.0.4:45564 -v",
	"mesh 228.0.0.4 --json",
	"mesh 228.0.0.4 -v",
	"node hello -v",
	"node -v",
	"ping --respond 228.0.0.4 -v",
	"ping --udp -c 0 228.0.0.4 --json",
	"ping -c 0 228.0.0.4 -v",
	"querier -d 1m --json",
	"querier --provoke -v",
	"send 228.0.0.9:9999 -",
	"send 228.0.0.9:9999 x --count 0 --interval 1ms -v",
	"smoke -v",
	"sniff --json",
	"sniff --summary -d 1m",
	"sniff -r -",
	"sniff -v",
	"tribes config -",
	"tribes decode -",
	"tribes join --json",
	"tribes join -v",
	"tribes logs -",
	"tribes members --follow -v",
	"tribes members -d 1m --json",
	"tribes probe 10.77.0.99:4000 -W 1m",
	"tribes send 10.77.0.99:4000 -",
	"tribes send --all x -W 1m",
	"tribes sessions --json",
	"tribes sessions --watch-only -v",
	"tribes sessions -v",
}

// shortCommands read a file or say what they know: they end by themselves.
var shortCommands = []string{"compare", "completion", "version"}

// stopLimit is what a process may take that is to end within a second, where many
// others want the processor too. What waits for its reader waits for ever.
const stopLimit = 10 * time.Second

// SIGTERM ends every command that runs for long, though nobody reads what it prints and
// nobody writes what it reads.
func TestBlockedOutputEnds(t *testing.T) {
	h := netlab.New(t, netlab.Config{Hosts: 1}).Host(1)
	silent, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close(); writer.Close() })
	full := fullPipe(t)
	type process struct {
		line  string
		cmd   *netlab.Cmd
		ended chan struct{} // closed
		at    time.Time     // of the end
	}
	var running []*process
	for _, line := range longCommands {
		p := &process{line: line, cmd: h.Command(context.Background(), "muster-itself", strings.Fields(line)...), ended: make(chan struct{})}
		p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = silent, full, full
		if err := p.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		go func() {
			_ = p.cmd.Wait() // its status is another test's matter
			p.at = time.Now()
			close(p.ended)
		}()
		t.Cleanup(func() {
			_ = p.cmd.Process.Kill() // it may have ended
			<-p.ended
		})
		running = append(running, p)
	}
	time.Sleep(3 * time.Second) // they begin, and print
	for _, p := range running {
		select {
		case <-p.ended:
			t.Errorf("muster %s ended by itself: %v", p.line, p.cmd.ProcessState)
		default:
		}
	}
	began := time.Now()
	for _, p := range running {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
	}
	limit := time.After(stopLimit)
	for _, p := range running {
		select {
		case <-p.ended:
			t.Logf("%4d ms  muster %s", p.at.Sub(began).Milliseconds(), p.line)
		case <-limit:
			t.Fatalf("muster %s still runs %v after SIGTERM", p.line, stopLimit)
		}
	}
}

// fullPipe is the writing end of a pipe that takes nothing more, and that nobody reads.
func fullPipe(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	for _, size := range []int{4096, 1} {
		for err == nil {
			if err = w.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			_, err = w.Write(bytes.Repeat([]byte("x"), size))
		}
		if !os.IsTimeout(err) {
			t.Fatal(err)
		}
		err = nil
	}
	return w
}

// Each command is in one of the two lists.
func TestLongCommandsAreAll(t *testing.T) {
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		name := strings.TrimPrefix(c.CommandPath(), "muster ")
		if c.HasSubCommands() {
			for _, sub := range c.Commands() {
				visit(sub)
			}
			return
		}
		long := slices.ContainsFunc(longCommands, func(line string) bool { return strings.HasPrefix(line+" ", name+" ") })
		if !c.Hidden && long == slices.Contains(shortCommands, name) {
			t.Errorf("muster %s: want it in longCommands, or in shortCommands", name)
		}
	}
	visit(cmd.Root())
}
