// Package batch reads many datagrams of a socket in one system call (Linux:
// recvmmsg(2)), with what the kernel tells of each beside its bytes. It is the one
// engine for it: mcast and ping give it their sockets.
package batch

const (
	// Size is how many messages one call reads at most.
	Size = 64
	// MaxDatagram is the room for each, in bytes: a UDP payload has at most 65,507
	// (IPv4) or 65,527 (IPv6), with UDP_GRO all segments together.
	MaxDatagram = 65536
)
