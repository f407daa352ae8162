package cmd

import (
	"context"
	"io"
	"sync"
)

// interruptible reads from r until ctx ends: a terminal or a pipe that stays
// silent must not keep a command from ending. r is first read when somebody asks for
// bytes. The goroutine that waits for r then waits on, until r has something or the
// process ends.
func interruptible(ctx context.Context, r io.Reader) *interruptibleReader {
	return &interruptibleReader{Reader: r, ctx: ctx, pieces: make(chan piece)}
}

type interruptibleReader struct {
	io.Reader
	ctx    context.Context
	start  sync.Once
	pieces chan piece
	left   piece
}

type piece struct {
	b   []byte
	err error
}

// pump reads. The reader of pieces takes the next one only when it has done with the one
// before, so that two buffers do.
func (p *interruptibleReader) pump() {
	var buffers [2][64 << 10]byte
	for turn := 0; ; turn ^= 1 {
		n, err := p.Reader.Read(buffers[turn][:])
		select {
		case p.pieces <- piece{buffers[turn][:n], err}:
		case <-p.ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// Read implements io.Reader. After the end of ctx it is errInterrupted.
func (p *interruptibleReader) Read(b []byte) (int, error) {
	p.start.Do(func() { go p.pump() })
	for len(p.left.b) == 0 {
		if p.left.err != nil {
			return 0, p.left.err
		}
		select {
		case p.left = <-p.pieces:
		case <-p.ctx.Done():
			return 0, errInterrupted
		}
	}
	n := copy(b, p.left.b)
	p.left.b = p.left.b[n:]
	return n, nil
}
