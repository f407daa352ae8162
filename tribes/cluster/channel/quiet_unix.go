//go:build unix

package channel

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// peeker looks at a connection without reading from it.
type peeker struct {
	raw   syscall.RawConn
	look  func(fd uintptr) // once made, so that a look allocates nothing
	still bool
	said  bool // something waits to be read
}

// rawConn is nil where the connection is none of the system's, as in tests.
func rawConn(nc net.Conn) syscall.RawConn {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

func (p *peeker) init(nc net.Conn) {
	p.raw = rawConn(nc)
	b := make([]byte, 1)
	p.look = func(fd uintptr) {
		n, _, err := unix.Recvfrom(int(fd), b, unix.MSG_PEEK|unix.MSG_DONTWAIT)
		p.still, p.said = err == unix.EAGAIN, n > 0
	}
}

// quiet reports whether the connection stands and nothing waits to be read on
// it: no end, and no ack that would be taken for that of the next message.
func (p *peeker) quiet() bool {
	if p.raw == nil {
		return true
	}
	p.still, p.said = false, false
	// Control, not Read: an old read deadline has no say here.
	return p.raw.Control(p.look) == nil && p.still
}
