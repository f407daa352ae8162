package channel

import (
	"encoding/binary"
	"io"

	"muster/tribes"
)

const (
	// inboxStart is what an idle connection holds.
	inboxStart = 2 << 10
	// inboxFree is what a connection may hold without asking the budget, so that
	// a few that send huge frames never stop those that send small ones.
	inboxFree = 64 << 10
	// inboxKeep is the most that an empty inbox keeps for the next frame.
	inboxKeep = 256 << 10
)

// inbox holds the bytes of one connection that no frame has taken. It differs
// from tribes.Scanner in that it is small while a connection is idle and takes
// its memory out of a budget.
type inbox struct {
	budget *budget
	limit  int // of a frame's data
	buf    []byte
	at     int  // unread: buf[at:]
	busy   bool // the last read filled it
}

func (b *inbox) waiting() int { return len(b.buf) - b.at }

// next takes the next frame. Its data is valid until fill.
func (b *inbox) next() ([]byte, error) {
	if b.wantsMore() {
		return nil, tribes.ErrIncomplete
	}
	data, n, err := tribes.ParseFrame(b.buf[b.at:], b.limit)
	if err != nil {
		return nil, err
	}
	b.at += n
	return data, nil
}

// wantsMore tells the common case, the beginning of a good frame, without the
// error that says so.
func (b *inbox) wantsMore() bool {
	if b.waiting() == 0 {
		return true
	}
	need, ok := b.frameSize()
	return ok && need > b.waiting() && need-tribes.FrameOverhead <= b.limit && tribes.IsFrame(b.buf[b.at:])
}

// fill reads from r once, after making room.
func (b *inbox) fill(r io.Reader) (int, error) {
	if err := b.room(); err != nil {
		return 0, err
	}
	n, err := r.Read(b.buf[len(b.buf):cap(b.buf)])
	b.buf = b.buf[:len(b.buf)+n]
	b.busy = len(b.buf) == cap(b.buf)
	return n, err
}

// room makes room for at least one byte: what waits moves to the front; a full
// buffer doubles, yet not beyond the frame that it holds the beginning of. A
// buffer that reads fill grows too, so that one read takes many small frames.
func (b *inbox) room() error {
	waiting := b.waiting()
	switch {
	case b.buf == nil, waiting == 0 && b.tooLarge():
		return b.resize(inboxStart)
	case b.busy && cap(b.buf) < inboxFree:
		return b.resize(min(2*cap(b.buf), inboxFree))
	}
	if b.at > 0 && (waiting == 0 || len(b.buf) == cap(b.buf)) {
		b.buf = b.buf[:copy(b.buf, b.buf[b.at:])]
		b.at = 0
	}
	if len(b.buf) < cap(b.buf) {
		return nil
	}
	size := 2 * cap(b.buf)
	if need, ok := b.frameSize(); ok && need > cap(b.buf) {
		size = min(size, need)
	}
	return b.resize(size)
}

// tooLarge reports whether an empty buffer is more than the next frame may have:
// some is kept for a peer that sends one large frame after the other, as long as
// there is enough for all.
func (b *inbox) tooLarge() bool {
	return cap(b.buf) > inboxKeep || cap(b.buf) > inboxFree && b.budget.scarce()
}

// shrink gives back what an idle connection does not need.
func (b *inbox) shrink() error { return b.resize(inboxStart) }

// frameSize is the length of the frame at the front of the buffer, where its
// length field has come.
func (b *inbox) frameSize() (int, bool) {
	const lengthAt = 7
	rest := b.buf[b.at:]
	if len(rest) < lengthAt+4 {
		return 0, false
	}
	return int(binary.BigEndian.Uint32(rest[lengthAt:])) + tribes.FrameOverhead, true
}

// resize moves what waits into a buffer of size bytes: until then both are held.
func (b *inbox) resize(size int) error {
	if !b.budget.take(size) {
		return errMemory
	}
	was := cap(b.buf)
	grown := make([]byte, b.waiting(), size)
	copy(grown, b.buf[b.at:])
	b.buf, b.at = grown, 0
	b.budget.give(was)
	return nil
}

func (b *inbox) release() {
	was := cap(b.buf)
	b.buf, b.at = nil, 0
	b.budget.give(was)
}
