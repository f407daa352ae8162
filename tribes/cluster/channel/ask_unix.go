//go:build unix

package channel

import (
	"io"
	"net"
	"syscall"
)

// asker writes a question and waits for its answer without looking for it in
// between, where it cannot be yet: a system call less, of four. Where told so it
// looks all the time instead, and waits only after that.
type asker struct {
	raw  syscall.RawConn
	step func(fd uintptr) bool // once made, so that asking allocates nothing

	out   *frame
	in    []byte
	look  instant // for how long
	asked bool
	parts [3][]byte // of a large message, while it is written
	wrote int       // of out
	n     int       // read into in
	err   error
}

func (a *asker) init(nc net.Conn) {
	a.raw, a.step = rawConn(nc), a.turn
}

// ask writes out and reads, once, into in. Less than all of out was written when
// the connection would not take it now, or is broken: then nothing was read.
func (a *asker) ask(out *frame, in []byte, look instant) (wrote, n int, err error) {
	if a.raw == nil {
		return 0, 0, nil
	}
	a.out, a.in, a.look, a.asked, a.wrote, a.n, a.err = out, in, look, false, 0, 0, nil
	// Read, and not Write: Go's poller watches for what comes from now on, so that
	// an answer that is faster than we wait is not missed.
	err = a.raw.Read(a.step)
	a.out, a.in = nil, nil
	if err == nil {
		err = a.err
	}
	return a.wrote, a.n, err
}

// turn reports whether all is done; else it is called when there is something to
// read.
func (a *asker) turn(fd uintptr) bool {
	if !a.asked {
		a.asked = true
		if n, err := a.write(int(fd)); err == nil {
			a.wrote = n
		}
		if a.wrote < a.out.len() {
			return true
		}
		return a.look > 0 && a.lookOut(fd)
	}
	return a.read(fd)
}

func (a *asker) write(fd int) (int, error) {
	if a.out.body == nil {
		return syscall.Write(fd, a.out.buf)
	}
	a.parts = [...][]byte{a.out.buf, a.out.body, frameEnd}
	defer clear(a.parts[:])
	return writev(fd, a.parts[:])
}

// lookOut looks for the answer for a while, and lets others have the processor
// between two looks.
func (a *asker) lookOut(fd uintptr) bool {
	now := monotonic()
	for end := now + a.look; now < end; {
		if a.read(fd) {
			return true
		}
		yield()
		now = monotonic()
	}
	return false
}

func (a *asker) read(fd uintptr) bool {
	for {
		n, err := syscall.Read(int(fd), a.in)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return false
		case err != nil:
			a.err = err
		case n == 0:
			a.err = io.EOF
		}
		a.n = max(n, 0)
		return true
	}
}
