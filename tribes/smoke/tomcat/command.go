package tomcat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"muster/tribes/smoke"
)

// commandTime is how long a command of the user's may take. One that starts a
// Tomcat in the foreground belongs into the background: COMMAND &.
const commandTime = 2 * time.Minute

// expand puts a node into a command: {node} is A, B, ...; {url}, {host} and
// {port} are of its URL. Each is one word for the shell, whatever is in it.
func expand(command string, i int, c *client) string {
	return strings.NewReplacer(
		"{node}", smoke.NodeName(i), "{url}", quote(c.url.String()), "{host}", quote(c.url.Hostname()), "{port}", quote(c.port()),
	).Replace(command)
}

// quote makes s one word of a POSIX shell. Elsewhere a URL's own rules leave
// nothing in it that ends a word.
func quote(s string) string {
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("._:/-", c)
	}
	if runtime.GOOS == "windows" || strings.IndexFunc(s, func(c rune) bool { return !plain(c) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// execute runs a command line by the system's shell.
func execute(ctx context.Context, command string) error {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	c := exec.CommandContext(ctx, "sh", "-c", command)
	if runtime.GOOS == "windows" {
		c = exec.CommandContext(ctx, "cmd", "/c", command)
	}
	var said bytes.Buffer
	c.Stdout, c.Stderr = &tailWriter{b: &said}, &tailWriter{b: &said}
	// What the command leaves in the background may hold its output open.
	c.WaitDelay = time.Second
	err := c.Run()
	if err == nil || errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	words := strings.TrimSpace(said.String())
	if words != "" {
		words = "; it says: " + strings.Join(strings.Fields(words), " ")
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("not ended after %s", commandTime)
	}
	return fmt.Errorf("the command %q: %w%s", command, err, words)
}

// tailWriter keeps the first kilobyte of what a command says.
type tailWriter struct{ b *bytes.Buffer }

func (w *tailWriter) Write(p []byte) (int, error) {
	const most = 1 << 10
	if room := most - w.b.Len(); room > 0 {
		w.b.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}
