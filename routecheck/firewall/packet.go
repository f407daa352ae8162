package firewall

import (
	"encoding/binary"
	"fmt"
	"net"
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
	// Allow says how tools name this kind of packet.
	Allow Kind

	v6      bool
	l4      byte
	link    value
	network value // with all headers before the transport's
	trans   value
	pktType byte   // PACKET_HOST 0, PACKET_BROADCAST 1, PACKET_MULTICAST 2
	ct      uint32 // NF_CT_STATE bits
	srcType uint32 // RTN_UNICAST 1, RTN_LOCAL 2, RTN_BROADCAST 3, RTN_MULTICAST 5
	dstType uint32
	alert   bool // carries the Router Alert option
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

// Flow is what the packets of a cluster member on one host have in common.
type Flow struct {
	Device Device
	Lower  []Device
	Bridge bool
	// Group and Port are the cluster's; TCPPort that of the member's receiver.
	Group   netip.Addr
	Port    uint16
	TCPPort uint16
	// TCPLast is the last port that the receiver may take instead; 0 is TCPPort.
	TCPLast uint16
	// Self is the host's address, Peers the network in which the others are. Their
	// host bits are unknown. An invalid Peers leaves all bits unknown.
	Self  netip.Addr
	Peers netip.Prefix
}

// HeartbeatIn is another member's heartbeat. Every multicast datagram is ct state
// new: no answer ever comes from the group's address.
func (f Flow) HeartbeatIn() Packet {
	p := f.packet("a heartbeat coming in", In)
	p.Allow = f.kind("udp")
	p.ip(protoUDP, f.peer(), f.exact(f.Group), false)
	p.udp(f.Port)
	p.toGroup(f.Group)
	return p
}

// HeartbeatOut is a heartbeat of this host's own.
func (f Flow) HeartbeatOut() Packet {
	p := f.packet("a heartbeat going out", Out)
	p.Allow = f.kind("udp")
	p.ip(protoUDP, f.exact(f.Self), f.exact(f.Group), false)
	p.udp(f.Port)
	p.toGroup(f.Group)
	p.pktType, p.srcType = packetHost, rtnLocal
	return p
}

// QueryIn is a general query of IGMP (RFC 3376 section 4.1) or, for an IPv6
// group, of MLD (RFC 3810 section 5.1).
func (f Flow) QueryIn() Packet {
	if f.Group.Is6() {
		p := f.packet("an MLD query coming in", In)
		p.Allow = f.kind("mld")
		all := netip.MustParseAddr("ff02::1")
		p.ip(protoICMPv6, prefixed(net.ParseIP("fe80::"), 64), f.exact(all), true)
		p.trans = typed(130, 28)
		p.toGroup(all)
		return p
	}
	p := f.packet("an IGMP query coming in", In)
	p.Allow = f.kind("igmp")
	all := netip.AddrFrom4([4]byte{224, 0, 0, 1})
	p.ip(protoIGMP, f.peer(), f.exact(all), true)
	p.trans = typed(0x11, 12)
	p.toGroup(all)
	return p
}

// ReportOut is this host's version 3 report (RFC 3376 section 4.2), or for an
// IPv6 group that of MLDv2.
func (f Flow) ReportOut() Packet {
	if f.Group.Is6() {
		p := f.packet("an MLD report going out", Out)
		p.Allow = f.kind("mld")
		to := netip.MustParseAddr("ff02::16")
		p.ip(protoICMPv6, prefixed(net.ParseIP("fe80::"), 64), f.exact(to), true)
		p.trans = typed(143, 28)
		p.toGroup(to)
		p.pktType, p.srcType = packetHost, rtnLocal
		return p
	}
	p := f.packet("an IGMP report going out", Out)
	p.Allow = f.kind("igmp")
	to := netip.AddrFrom4([4]byte{224, 0, 0, 22})
	p.ip(protoIGMP, f.exact(f.Self), f.exact(to), true)
	p.trans = typed(0x22, 16)
	p.toGroup(to)
	p.pktType, p.srcType = packetHost, rtnLocal
	return p
}

// ConnectIn are the packets of a connection that another member opens to this
// one's receiver: the SYN, the answer to it, and one that goes on.
func (f Flow) ConnectIn() []Packet {
	what := "a TCP connection to the receiver port"
	return []Packet{
		f.segment(what, In, 0x02, ctNew),
		f.segment("the answer to "+what, Out, 0x12, ctEstablished),
		f.segment("what follows on "+what, In, 0x10, ctEstablished),
	}
}

// ConnectFromAnywhere is the SYN of anybody to the receiver's address.
func (f Flow) ConnectFromAnywhere() Packet {
	f.Peers = netip.Prefix{}
	return f.segment(fmt.Sprintf("a TCP connection from anywhere to %s port %d", f.Self, f.TCPPort), In, 0x02, ctNew)
}

// ConnectOut are those of a connection from this host to another member's
// receiver.
func (f Flow) ConnectOut() []Packet {
	what := "a TCP connection to another member's receiver"
	out := []Packet{
		f.segment(what, Out, 0x02, ctNew),
		f.segment("the answer to "+what, In, 0x12, ctEstablished),
		f.segment("what follows on "+what, Out, 0x10, ctEstablished),
	}
	for i := range out { // the ports stand the other way round
		src, _ := out[i].trans.cut(0, 2)
		dst, _ := out[i].trans.cut(2, 2)
		out[i].trans.put(0, dst.append(src))
	}
	return out
}

// segment is a TCP segment between another member and this one's receiver port.
func (f Flow) segment(what string, way Direction, flags byte, state uint32) Packet {
	p := f.packet(what, way)
	if way == In {
		p.ip(protoTCP, f.peer(), f.exact(f.Self), false)
		p.tcp(0, f.TCPPort, flags)
	} else {
		p.ip(protoTCP, f.exact(f.Self), f.peer(), false)
		p.tcp(f.TCPPort, 0, flags)
	}
	p.toHost()
	p.ct, p.Allow = state, f.kind("tcp")
	p.Allow.Established = state == ctEstablished
	if way == Out {
		p.srcType, p.dstType = rtnLocal, rtnUnicast
	}
	return p
}

// PingReplyIn is the answer to an ICMP echo request that was sent to a group:
// connection tracking finds no request to this address and calls it invalid.
func (f Flow) PingReplyIn() Packet {
	p := f.packet("an answer to a multicast ping", In)
	p.Allow = f.kind("echo")
	if f.Group.Is6() {
		p.ip(protoICMPv6, f.peer(), f.exact(f.Self), false)
		p.trans = typed(129, 64)
	} else {
		p.ip(protoICMP, f.peer(), f.exact(f.Self), false)
		p.trans = typed(0, 64)
	}
	p.toHost()
	p.ct = ctInvalid
	return p
}

// Bridged is a heartbeat that the bridge passes on between two of its ports, as
// the FORWARD chains see it when br_netfilter is on.
func (f Flow) Bridged() Packet {
	p := f.HeartbeatIn()
	p.What, p.Way, p.Out, p.Bridge = "a heartbeat that "+f.Device.Name+" passes on", Forwarded, f.Device, true
	return p
}

func (f Flow) kind(protocol string) Kind {
	return Kind{Protocol: protocol, Group: f.Group, Port: f.Port, First: f.TCPPort, Last: max(f.TCPPort, f.TCPLast), V6: f.Group.Is6()}
}

func (f Flow) packet(what string, way Direction) Packet {
	p := Packet{What: what, Way: way, Lower: f.Lower, Bridge: f.Bridge, v6: f.Group.Is6(), ct: ctNew, srcType: rtnUnicast}
	if way == Out {
		p.Out = f.Device
	} else {
		p.In = f.Device
	}
	return p
}

// exact is an address of which all is known; one that is not valid is unknown.
func (f Flow) exact(a netip.Addr) value {
	n := 4
	if f.Group.Is6() {
		n = 16
	}
	if b := a.AsSlice(); len(b) == n {
		return known(b...)
	}
	return unknown(n)
}

func (f Flow) peer() value {
	x := f.exact(f.Peers.Addr())
	if !f.Peers.IsValid() || len(x.v)*8 != f.Peers.Addr().BitLen() {
		return x
	}
	return prefixed(x.v, f.Peers.Bits())
}

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
