package cmd

import (
	"context"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/cmd/internal/term"
)

// console is a terminal in memory: it keeps what is drawn, and its keys are pressed
// by the test.
type console struct {
	mu            sync.Mutex
	text          strings.Builder
	width, height int
	keys          *io.PipeReader
	press         *io.PipeWriter
}

func newConsole(width, height int) *console {
	c := &console{width: width, height: height}
	c.keys, c.press = io.Pipe()
	return c
}

func (c *console) Read(b []byte) (int, error) { return c.keys.Read(b) }
func (c *console) Close() error               { return c.keys.Close() }

func (c *console) Size() (int, int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.width, c.height, nil
}

func (c *console) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.Write(b)
}

func (c *console) resize(width, height int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.width, c.height = width, height
}

// screen is what was drawn last: the lines of the last whole drawing.
func (c *console) screen() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.text.String()
	end := strings.LastIndex(all, "\x1b[J")
	if end < 0 {
		return nil
	}
	begin := strings.LastIndex(all[:end], "\x1b[H") + len("\x1b[H")
	return strings.Split(strings.ReplaceAll(all[begin:end], "\x1b[K", ""), "\r\n")
}

// wait polls until the screen is as it should be.
func (c *console) wait(t *testing.T, what string, ok func(lines []string) bool) []string {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		lines := c.screen()
		if ok(lines) {
			return lines
		}
		if time.Now().After(end) {
			t.Fatalf("%s: the screen shows\n%s", what, strings.Join(lines, "\n"))
		}
	}
}

// order is the members in the order of their lines.
func order(lines []string) string {
	var out []string
	for _, l := range lines {
		if m := regexp.MustCompile(`^10\.77\.0\.(\d+):4000 `).FindStringSubmatch(l); m != nil {
			out = append(out, m[1])
		}
	}
	return strings.Join(out, " ")
}

// The live screen on a terminal: members with their sparklines, sorted by keys, as
// wide and high as the terminal, ended by q, which gives the terminal back and prints
// the report.
func TestSniffTopKeys(t *testing.T) {
	file, err := os.ReadFile("../sniff/testdata/captures/three-nodes.pcap")
	if err != nil {
		t.Fatal(err)
	}
	in, feed := io.Pipe()
	go func() { _, _ = feed.Write(file) }() // and it stays open
	tty := newConsole(110, 30)
	s, _, errs := term.Test("")
	s.In = in
	s.Out = &term.Stream{Writer: tty, TTY: true, Width: 80, Terminal: tty}
	ended := make(chan int, 1)
	go func() { ended <- Run(context.Background(), []string{"sniff", "-r", "-", "--top"}, s) }()

	bars := regexp.MustCompile(`^10\.77\.0\.11:4000 .*[▁▂▃▄▅▆▇█]{10,24}$`)
	tty.wait(t, "all three members with sparklines", func(lines []string) bool {
		return len(lines) > 2 && strings.HasPrefix(lines[0], "255 packets") && order(lines) == "11 12 13" && bars.MatchString(lines[4])
	})
	for key, want := range map[byte]string{'s': "13 11 12", 'b': "12 11 13", 'n': "11 12 13"} {
		if _, err := tty.press.Write([]byte{key}); err != nil {
			t.Fatal(err)
		}
		tty.wait(t, "sorted by "+string(key), func(lines []string) bool { return order(lines) == want })
	}
	tty.resize(40, 8)
	small := tty.wait(t, "a smaller terminal", func(lines []string) bool { return len(lines) <= 8 })
	for _, l := range small {
		if n := len([]rune(l)); n > 40 {
			t.Errorf("%d columns of 40: %q", n, l)
		}
	}
	if _, err := tty.press.Write([]byte("q")); err != nil {
		t.Fatal(err)
	}
	in.Close()
	select {
	case status := <-ended:
		all := tty.text.String()
		if status != 0 || !strings.HasPrefix(all, "\x1b[?1049h\x1b[?25l") || !strings.Contains(all, "\x1b[?25h\x1b[?1049lMembers") {
			t.Errorf("status %d, %s; the terminal was not given back before the report:\n%q", status, errs, all[max(0, len(all)-500):])
		}
	case <-time.After(20 * time.Second):
		t.Fatal("q does not end it")
	}
}

// Where the terminal is none, tables come now and then, without any control sequence.
func TestSniffTopPlain(t *testing.T) {
	out, errs, status := runSniffCmd(t, "", "-r", "../sniff/testdata/captures/three-nodes.pcap", "--top")
	if status != 0 || strings.ContainsAny(out, "\x1b\r") || !strings.Contains(out, "HEARTBEATS\n") || !strings.Contains(out, "\nMembers\n") {
		t.Errorf("status %d %s\n%s", status, errs, out)
	}
}
