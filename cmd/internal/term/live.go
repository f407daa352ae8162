package term

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// Live keeps a block of lines at the bottom of a terminal and lets other lines
// scroll above it. Where the stream is no terminal there is no block.
type Live struct {
	mu    sync.Mutex
	s     *Stream
	block []string
	err   error
}

// NewLive owns s until Close.
func NewLive(s *Stream) *Live { return &Live{s: s} }

// Print writes text, which ends with a newline, above the block.
func (l *Live) Print(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.write(l.erase() + text + l.draw())
}

// Show replaces the block. Lines are made to fit the terminal's width, and the block
// is cut to its height.
func (l *Live) Show(block string) {
	if !l.s.TTY {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	erase := l.erase()
	_, height := l.s.Resize()
	l.block = strings.Split(l.s.Hang(strings.TrimSuffix(block, "\n")), "\n")
	if most := max(height-2, 1); len(l.block) > most {
		l.block = append(l.block[:most-1:most-1], "...")
	}
	l.write(erase + l.draw())
}

// Err is the first error of writing.
func (l *Live) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Close removes the block and returns the first error of writing.
func (l *Live) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.write(l.erase())
	l.block = nil
	return l.err
}

// erase moves to the start of the block and clears from there.
func (l *Live) erase() string {
	if len(l.block) == 0 {
		return ""
	}
	return fmt.Sprintf("\x1b[%dA\r\x1b[J", len(l.block))
}

// draw writes the block with the terminal's own wrapping off.
func (l *Live) draw() string {
	if len(l.block) == 0 {
		return ""
	}
	return "\x1b[?7l" + strings.Join(l.block, "\n") + "\n\x1b[?7h"
}

func (l *Live) write(text string) {
	if text == "" {
		return
	}
	if _, err := io.WriteString(l.s, text); err != nil && l.err == nil {
		l.err = err
	}
}
