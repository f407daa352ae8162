package cmd

import (
	"context"
	"io"
)

// interruptible reads from r until ctx ends: a terminal or a pipe that stays
// silent must not keep a command from ending. The goroutine that waits for r
// then waits on, until r has something or the process ends.
func interruptible(ctx context.Context, r io.Reader) io.Reader {
	p := &interruptibleReader{ctx: ctx, pieces: make(chan piece)}
	go p.pump(r)
	return p
}

type interruptibleReader struct {
	ctx    context.Context
	pieces chan piece
	left   piece
}

type piece struct {
	b   []byte
	err error
}

func (p *interruptibleReader) pump(r io.Reader) {
	for {
		b := make([]byte, 64<<10)
		n, err := r.Read(b)
		select {
		case p.pieces <- piece{b[:n], err}:
		case <-p.ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

func (p *interruptibleReader) Read(b []byte) (int, error) {
	for len(p.left.b) == 0 {
		if p.left.err != nil {
			return 0, p.left.err
		}
		select {
		case p.left = <-p.pieces:
		case <-p.ctx.Done():
			return 0, p.ctx.Err()
		}
	}
	n := copy(b, p.left.b)
	p.left.b = p.left.b[n:]
	return n, nil
}
