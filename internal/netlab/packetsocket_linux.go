package netlab

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// openPacketSocket opens a packet socket on an interface of the calling thread's
// network, with further options of SOL_PACKET set.
func openPacketSocket(iface string, options ...int) (*os.File, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("a packet socket: %w", err)
	}
	i, err := net.InterfaceByName(iface)
	if err == nil {
		for _, option := range options {
			err = errors.Join(err, unix.SetsockoptInt(fd, unix.SOL_PACKET, option, 1))
		}
		const all = 0x0300 // ETH_P_ALL in network order
		err = errors.Join(err, unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: i.Index}))
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("a packet socket on %s: %w", iface, err)
	}
	return os.NewFile(uintptr(fd), iface), nil
}

// relaySocket is a packet socket for frames with their offload header, without
// those that it sent itself.
func relaySocket(iface string) (*os.File, error) {
	return openPacketSocket(iface, unix.PACKET_VNET_HDR, unix.PACKET_IGNORE_OUTGOING)
}
