package term

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
	tty   io.ReadCloser // of keys; nil where there are none
	reset func()
	keys  chan byte
	done  chan struct{}
	wg    sync.WaitGroup
}

// OpenScreen takes the terminal that s writes to. It returns nil where there is
// none that can be drawn on (a pipe, TERM=dumb).
func OpenScreen(s *Stream) *Screen {
	c := &Screen{out: s, reset: func() {}, keys: make(chan byte), done: make(chan struct{})}
	switch {
	case !s.TTY:
		return nil
	case s.Terminal != nil:
		c.tty = s.Terminal
	case os.Getenv("TERM") == "dumb" || os.Getenv("TERM") == "":
		return nil
	default:
		c.open()
	}
	if c.tty != nil {
		c.wg.Add(1)
		go c.read()
	}
	_, _ = io.WriteString(s, "\x1b[?1049h\x1b[?25l") // another screen, no cursor
	return c
}

// open takes the keys of the terminal, by a handle of its own: stdin may be a
// capture. The handle stays one of Go's poller, so that Close ends a read: asking
// for its number by Fd would make it block.
func (c *Screen) open() {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return
	}
	c.tty = tty
	control := func(f func(fd int)) {
		if raw, err := tty.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) { f(int(fd)) }) // fails for a closed file only
		}
	}
	control(func(fd int) {
		if state, err := term.MakeRaw(fd); err == nil {
			c.reset = func() { control(func(fd int) { _ = term.Restore(fd, state) }) }
		}
	})
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
	c.reset()
	if c.tty != nil {
		c.tty.Close()
	}
	c.wg.Wait()
}
