// Package frame reads the headers of a captured packet, from the link layer to
// UDP and TCP: which hosts, which ports, which bytes. It allocates nothing for
// each packet, forgives what a snap length cut off, and says where headers that
// are there contradict themselves.
//
// Decode reads one packet; a Defragmenter puts the fragments of a datagram
// together, after which Transport reads what they carry.
package frame

import (
	"fmt"
	"net/netip"

	"muster/sniff/capture"
)

// The protocols of IP that have a meaning here.
const (
	ProtoICMP   = 1
	ProtoIGMP   = 2
	ProtoTCP    = 6
	ProtoUDP    = 17
	ProtoICMPv6 = 58
	ProtoPIM    = 103
	ProtoVRRP   = 112
)

// EtherTypes.
const (
	typeIPv4 = 0x0800
	TypeARP  = 0x0806
	typeIPv6 = 0x86dd

	typeVLAN  = 0x8100
	typeQinQ  = 0x88a8
	typeQinQ2 = 0x9100
)

// Flags of TCP.
const (
	FIN = 0x01
	SYN = 0x02
	RST = 0x04
	PSH = 0x08
	ACK = 0x10
)

// MaxVLANs is how many stacked tags are read.
const MaxVLANs = 4

// MAC is a hardware address.
type MAC [6]byte

func (m MAC) String() string {
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5])
}

// Frame is what the headers of one packet say. Fields of layers that the packet
// does not have are zero; slices alias the packet.
type Frame struct {
	Link LinkType

	HasMAC bool // SrcMAC is there; DstMAC too on Ethernet
	SrcMAC MAC
	DstMAC MAC
	VLANs  [MaxVLANs]uint16 // the tags' ids, outermost first
	NVLANs int

	// Type is the EtherType after the tags, 0 where the link has none (802.3).
	Type uint16

	// Tunnels are what the packet was wrapped in, outermost first. The addresses and
	// tags above and below are those inside, where there are any.
	Tunnels []Tunnel

	// Network is the packet from its IP header on, to the end that the header tells or to
	// where the capture ends.
	Network []byte

	IP       uint8 // 4, 6, or 0
	Src, Dst netip.Addr
	TTL      uint8 // or hop limit
	Proto    uint8 // after the extension headers of IPv6
	// RouterAlert: the option of RFC 2113 or 2711 is there.
	RouterAlert bool

	// Fragment: the packet is one of several. FragOffset counts bytes of the
	// datagram's payload; FragID is 32 bits wide in IPv6.
	Fragment, MoreFragments bool
	FragOffset              int
	FragID                  uint32

	// Body is the payload of IP, without extension headers, or of ARP; Payload that of UDP or
	// TCP. Both end where the headers say or where the capture does; the Len
	// fields are what the headers say.
	Body       []byte
	BodyLen    int
	Payload    []byte
	PayloadLen int

	HasPorts         bool // UDP or TCP ports were read
	SrcPort, DstPort uint16

	Seq, Ack uint32 // of TCP
	TCPFlags uint8

	// Cut: the snap length cut off bytes that headers speak of.
	Cut bool
}

// LinkType is capture's, so that users of a frame need one import less.
type LinkType = capture.LinkType

// Multicast reports whether the packet goes to a group.
func (f *Frame) Multicast() bool {
	switch b := f.Network; { // for each packet, and faster than to ask Dst
	case f.IP == 4 && len(b) > 16:
		return b[16]>>4 == 0xe
	case f.IP == 6 && len(b) > 24:
		return b[24] == 0xff
	}
	return f.IP != 0 && f.Dst.IsMulticast()
}

// VLAN is the innermost tag's id, 0 for none.
func (f *Frame) VLAN() uint16 {
	if f.NVLANs == 0 {
		return 0
	}
	return f.VLANs[min(f.NVLANs, MaxVLANs)-1]
}

// Source and Destination join address and port; the port is 0 where there is
// none.
func (f *Frame) Source() netip.AddrPort      { return netip.AddrPortFrom(f.Src, f.SrcPort) }
func (f *Frame) Destination() netip.AddrPort { return netip.AddrPortFrom(f.Dst, f.DstPort) }

// Error is a header that cannot be right. What was read before it stands in the
// Frame.
type Error struct {
	Offset int // in the packet, or in the datagram for what Transport reads
	Layer  string
	Reason string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s header at offset %d: %s", e.Layer, e.Offset, e.Reason)
}

func bad(offset int, layer, format string, args ...any) error {
	return &Error{offset, layer, fmt.Sprintf(format, args...)}
}
