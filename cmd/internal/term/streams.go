// Package term owns the terminal: streams, styles, tables that fit, live screens,
// wrapped text, and JSON lines where a script reads instead of a person. It does not
// know what is shown.
//
// The rules of output: results go to stdout, all else to stderr. Colour, progress and
// redraws only on a terminal, never into a pipe. What a person reads fits the width of
// the terminal, and nothing is cut in the middle of a word or a number; what a script
// reads is never wrapped. A reader that stopped reading holds nothing up at the end.
package term

import (
	"bytes"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// Stream is one output with what is known of its other end.
type Stream struct {
	io.Writer
	TTY   bool // a person reads it: progress and redraws are allowed
	Color bool
	Width int // columns; 80 where unknown
	// Terminal is what TTY writes to where it is not this process's own: a test's.
	Terminal Terminal
	fd       int
}

// Terminal is where keys come from, and what has a size. Close ends a Read that
// waits.
type Terminal interface {
	io.ReadCloser
	Size() (width, height int, err error)
}

// Streams are the three of a process. Results go to Out, all else to Err.
type Streams struct {
	In  io.Reader
	Out *Stream
	Err *Stream

	outlets []*outlet // of the process
}

// System returns the streams of this process, coloured as the terminal and the
// environment say (NO_COLOR, TERM=dumb).
func System() *Streams {
	s := &Streams{In: os.Stdin, Out: file(os.Stdout), Err: file(os.Stderr)}
	out, err := newOutlet(os.Stdout, false), newOutlet(os.Stderr, true)
	if s.Out.TTY && s.Err.TTY {
		out.before = err
	}
	s.Out.Writer, s.Err.Writer = out, err
	s.outlets = []*outlet{err, out}
	return s
}

// GiveUp lets those go who wait for a reader that has taken nothing for as long
// as patience: their writes fail, and so do later ones. It reports false where
// somebody waits whom it cannot let go.
func (s *Streams) GiveUp(patience time.Duration) bool {
	free := true
	for _, o := range s.outlets {
		free = o.giveUp(patience) && free
	}
	return free
}

// Flush waits until all that was written is with its readers, or GiveUp.
func (s *Streams) Flush() {
	for _, o := range s.outlets {
		o.flush()
	}
}

// Test returns streams without a terminal and the buffers behind Out and Err.
func Test(in string) (s *Streams, out, err *bytes.Buffer) {
	out, err = new(bytes.Buffer), new(bytes.Buffer)
	return &Streams{
		In:  bytes.NewBufferString(in),
		Out: &Stream{Writer: out, Width: 80, fd: -1},
		Err: &Stream{Writer: err, Width: 80, fd: -1},
	}, out, err
}

func file(f *os.File) *Stream {
	fd := int(f.Fd())
	s := &Stream{Writer: f, Width: 80, fd: fd, TTY: term.IsTerminal(fd)}
	s.Color = s.TTY && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	s.Resize()
	return s
}

// Resize reads the terminal's width again and returns it with its height
// (24 where unknown).
func (s *Stream) Resize() (width, height int) {
	size := func() (int, int, error) { return term.GetSize(s.fd) }
	if s.Terminal != nil {
		size = s.Terminal.Size
	}
	if s.TTY {
		if w, h, err := size(); err == nil && w > 0 {
			s.Width = w
			return w, h
		}
	}
	return s.Width, 24
}

// SetColor applies --color: "auto" leaves what was found, "always" and "never"
// say it. It reports whether the word is one of the three.
func (s *Streams) SetColor(word string) bool {
	switch word {
	case "auto":
	case "always", "never":
		s.Out.Color = word == "always"
		s.Err.Color = word == "always"
	default:
		return false
	}
	return true
}
