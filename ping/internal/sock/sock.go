// Package sock has the sockets of ping and mesh: UDP and ICMP, with the kernel's
// time of each packet, both ways where the system tells it. It knows nothing of
// what the packets hold.
package sock

import (
	"net/netip"

	"muster/mcast"
)

// Kind is the kind of a socket.
type Kind int

const (
	UDP Kind = iota
	// ICMP echoes without a privilege, where net.ipv4.ping_group_range has one of
	// the process's groups (macOS: always).
	ICMP
	// RawICMP needs CAP_NET_RAW. On IPv4 a packet begins with its IP header, unless
	// StripsHeader.
	RawICMP
)

// Config says what a Socket is.
type Config struct {
	Kind Kind
	// Group is what multicast goes to; it says which family the socket has.
	Group     netip.Addr
	Interface mcast.Interface // multicast leaves here
	Bind      netip.AddrPort  // UDP only; the zero value is any address, any port
	// Alone refuses a port that another socket of this address has.
	Alone  bool
	TTL    int  // of multicast; -1 is the system's, 1
	NoLoop bool // keep multicast from this host's own members
	// DontFragment refuses what is larger than the way's MTU instead of sending it
	// in pieces.
	DontFragment bool
	ReadBuffer   int // bytes; 0 is the system's
	// OwnThread lets Read wait in a thread of its own where the system can: cheaper
	// for who reads a flood with pauses.
	OwnThread bool
}

// Packet is one received packet.
type Packet struct {
	Data []byte // valid until the next Read
	From netip.AddrPort
	TTL  int   // as it arrived; -1 unknown
	At   int64 // Unix ns: when the kernel received it, else when it was read
}

// Stamp is the kernel's word on when it handed the Key-th packet sent (from 0)
// to the interface, in Unix ns.
type Stamp struct {
	Key uint32
	At  int64
}
