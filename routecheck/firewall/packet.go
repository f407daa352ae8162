package firewall

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// Device is an interface as rules see it.
type Device struct {
	Index uint32 `json:"index"`
	Name  string `json:"name"`
	// Type is the ARPHRD number: 1 Ethernet, 772 loopback.
	Type  uint16 `json:"type"`
	Kind  string `json:"kind,omitempty"`
	Group uint32 `json:"group,omitempty"`
}

// Direction is the way a packet takes through the hooks.
type Direction int

const (
	// In: netdev ingress, prerouting, input.
	In Direction = iota
	// Out: output, postrouting, netdev egress.
	Out
	// Forwarded: prerouting, forward, postrouting, as bridged frames take it when
	// br_netfilter calls iptables.
	Forwarded
)

// Packet is what is asked about. Bits that a sender may vary are unknown.
type Packet struct {
	// What names it in sentences: "a heartbeat coming in".
	What string
	Way  Direction
	// In and Out are the interfaces; Out is zero on the way in and the reverse. Lower
	// are the devices below (the port of a bridge, the parent of a VLAN), whose
	// ingress and egress chains see the packet too.
	In, Out Device
	Lower   []Device
	// Bridge: the interface is a bridge, so the bridge family's hooks see it as well.
	Bridge bool
	// BridgeOnly: of a forwarded frame only the bridge family's hooks see anything, as
	// without br_netfilter.
	BridgeOnly bool
	// Allow says how tools name this kind of packet.
	Allow Kind

	v6      bool
	arp     bool
	l4      byte
	link    value
	network value // with all headers before the transport's
	trans   value
	pktType byte   // PACKET_HOST 0, PACKET_BROADCAST 1, PACKET_MULTICAST 2
	ct      uint32 // NF_CT_STATE bits
	srcType uint32 // RTN_UNICAST 1, RTN_LOCAL 2, RTN_BROADCAST 3, RTN_MULTICAST 5
	dstType uint32
	alert   bool // carries the Router Alert option

	back   *Device // by which the route to the source leaves; nil: not known
	sender owner
	plain  bool         // no IPsec is set up on this host
	locals []netip.Addr // this host's addresses; nil: not known
}

// owner is whose socket sends a packet of this host's own.
type owner struct {
	kernel bool // nobody's: the kernel itself sends it
	known  bool
	uid    uint32
}

// Connection tracking states as nft's "ct state" has them.
const (
	ctInvalid     = 1
	ctEstablished = 2
	ctRelated     = 4
	ctNew         = 8
	ctUntracked   = 64
)

const (
	rtnUnicast   = 1
	rtnLocal     = 2
	rtnBroadcast = 3
	rtnMulticast = 5

	packetHost      = 0
	packetMulticast = 2

	protoICMP   = 1
	protoIGMP   = 2
	protoTCP    = 6
	protoUDP    = 17
	protoICMPv6 = 58
)

// ip lays out the network header; option adds the Router Alert that IGMP and MLD
// carry. Lengths, identifiers, hop counts and checksums stay unknown.
func (p *Packet) ip(l4 byte, src, dst value, option bool) {
	p.l4, p.alert = l4, option
	if p.v6 {
		n := unknown(40)
		n.set(0, 0x60)
		next := l4
		if option {
			next = 0
		}
		n.set(6, next)
		n.put(8, src)
		n.put(24, dst)
		if option {
			n = n.append(known(l4, 0, 5, 2, 0, 0, 1, 0))
		}
		p.network = n
		return
	}
	n := unknown(20)
	n.set(0, 0x45)
	n.put(6, value{[]byte{0, 0}, []byte{0xbf, 0xff}}) // not a fragment; DF may be set
	n.set(9, l4)
	n.put(12, src)
	n.put(16, dst)
	if option {
		n.set(0, 0x46)
		n = n.append(known(0x94, 4, 0, 0))
	}
	p.network = n
}

func (p *Packet) udp(port uint16) {
	t := unknown(8 + 77)
	t.put(0, known(binary.BigEndian.AppendUint16(nil, port)...))
	t.put(2, known(binary.BigEndian.AppendUint16(nil, port)...))
	p.trans = t
}

// between is a number of two bytes of which the bits are known that lo and hi
// have in common at their beginning.
func between(lo, hi uint16) value {
	same := bits.LeadingZeros16(lo ^ hi)
	return prefixed(binary.BigEndian.AppendUint16(nil, lo), same)
}

// tcp lays out a header; a port of 0 is unknown.
func (p *Packet) tcp(src, dst uint16, flags byte) {
	t := unknown(40)
	for i, port := range []uint16{src, dst} {
		if port != 0 {
			t.put(2*i, known(binary.BigEndian.AppendUint16(nil, port)...))
		}
	}
	t.set(13, flags)
	p.trans = t
}

// typed is an ICMP or IGMP message: its type, and code 0 for ICMP.
func typed(kind byte, size int) value {
	t := unknown(size)
	t.set(0, kind)
	if kind != 0x11 {
		t.set(1, 0)
	}
	return t
}

// toGroup and toHost fill in the link header and what follows from the kind of
// destination.
func (p *Packet) toGroup(group netip.Addr) {
	p.pktType, p.dstType = packetMulticast, rtnMulticast
	b := group.AsSlice()
	mac := []byte{0x33, 0x33, 0, 0, 0, 0}
	if group.Is4() {
		mac = []byte{1, 0, 0x5e, b[1] & 0x7f, b[2], b[3]}
	} else {
		copy(mac[2:], b[12:])
	}
	p.ethernet(known(mac...))
}

func (p *Packet) toHost() {
	p.pktType, p.dstType = packetHost, rtnLocal
	p.ethernet(value{make([]byte, 6), []byte{1, 0, 0, 0, 0, 0}}) // of one host: the group bit is clear
}

func (p *Packet) ethernet(dst value) {
	p.link = dst.append(unknown(6)).append(known(binary.BigEndian.AppendUint16(nil, p.etherType())...))
}

func (p *Packet) etherType() uint16 {
	if p.arp {
		return 0x0806
	}
	if p.v6 {
		return 0x86dd
	}
	return 0x0800
}

func (x value) set(at int, b byte) { x.v[at], x.k[at] = b, 0xff }

func (x value) put(at int, y value) {
	copy(x.v[at:], y.v)
	copy(x.k[at:], y.k)
}

func (x value) append(y value) value {
	return value{append(x.clone().v, y.v...), append(x.clone().k, y.k...)}
}
