package ui

import (
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"
)

// Screen is a full terminal: drawn as a whole, with keys. Close gives it back as
// it was.
type Screen struct {
	out   *Stream
	tty   *os.File
	state *term.State
	keys  chan byte
	done  chan struct{}
	wg    sync.WaitGroup
}

// OpenScreen takes the terminal that s writes to. It returns nil where there is
// none that can be drawn on (a pipe, TERM=dumb).
func OpenScreen(s *Stream) *Screen {
	if !s.TTY || os.Getenv("TERM") == "dumb" || os.Getenv("TERM") == "" {
		return nil
	}
	c := &Screen{out: s, keys: make(chan byte), done: make(chan struct{})}
	// Its own handle, whose reads end with Close; stdin may be a capture.
	if tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0); err == nil {
		if state, err := term.MakeRaw(int(tty.Fd())); err == nil {
			c.state = state
		}
		c.tty = tty
		c.wg.Add(1)
		go c.read()
	}
	_, _ = io.WriteString(s, "\x1b[?1049h\x1b[?25l") // another screen, no cursor
	return c
}

// Keys gives the keys as they are pressed.
func (c *Screen) Keys() <-chan byte { return c.keys }

func (c *Screen) read() {
	defer c.wg.Done()
	b := make([]byte, 1)
	for {
		n, err := c.tty.Read(b)
		if err != nil {
			return
		}
		if n == 0 {
			continue
		}
		select {
		case c.keys <- b[0]:
		case <-c.done:
			return
		}
	}
}

// Draw shows lines from the top; what was there is overwritten.
func (c *Screen) Draw(lines []string) {
	// A terminal that is gone ends the process by itself.
	_, _ = io.WriteString(c.out, "\x1b[H"+strings.Join(lines, "\x1b[K\r\n")+"\x1b[K\x1b[J")
}

// Close gives the terminal back.
func (c *Screen) Close() {
	_, _ = io.WriteString(c.out, "\x1b[?25h\x1b[?1049l")
	close(c.done)
	if c.tty == nil {
		return
	}
	if c.state != nil {
		_ = term.Restore(int(c.tty.Fd()), c.state)
	}
	c.tty.Close()
	c.wg.Wait()
}
