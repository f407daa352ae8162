//go:build unix

package channel

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// quiet reports whether a connection stands and nothing waits to be read on it:
// no end, and no ack that would be taken for that of the next message.
func quiet(nc net.Conn) bool {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	still := false
	// Control, not Read: an old read deadline has no say here.
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		_, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		still = err == unix.EAGAIN
	})
	return err == nil && still
}
