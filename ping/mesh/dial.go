package mesh

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
)

// DialTCP opens a TCP connection and closes it at once; nothing is sent.
func DialTCP(ctx context.Context, to netip.AddrPort) TCP {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", to.String())
	if err == nil {
		c.Close()
		return TCPOpen
	}
	return dialState(err)
}

func dialState(err error) TCP {
	var timeout net.Error
	const wsaECONNREFUSED = syscall.Errno(10061) // Windows
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, wsaECONNREFUSED):
		return TCPRefused
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return TCPTimeout
	}
	return TCPUnreachable
}
