//go:build unix

package channel

import (
	"io"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// asker writes a question and waits for its answer without looking for it in
// between, where it cannot be yet: a system call less, of four.
type asker struct {
	raw  syscall.RawConn
	step func(fd uintptr) bool // once made, so that asking allocates nothing

	out, in []byte
	asked   bool
	wrote   int // of out
	n       int // read into in
	err     error
}

func (a *asker) init(nc net.Conn) {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return
	}
	a.raw, a.step = raw, a.turn
}

// ask writes out and reads, once, into in. Less than all of out was written when
// the connection would not take it now, or is broken: then nothing was read.
func (a *asker) ask(out, in []byte) (wrote, n int, err error) {
	if a.raw == nil {
		return 0, 0, nil
	}
	a.out, a.in, a.asked, a.wrote, a.n, a.err = out, in, false, 0, 0, nil
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
		if n, err := unix.Write(int(fd), a.out); err == nil {
			a.wrote = n
		}
		return a.wrote < len(a.out)
	}
	for {
		n, err := unix.Read(int(fd), a.in)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
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
