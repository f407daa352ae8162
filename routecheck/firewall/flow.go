package firewall

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
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
	// Back is the interface by which the route to the peers leaves, nil where it is
	// not known.
	Back *Device
	// Protocol is that of the group's packets where they are not UDP: 89 for OSPF's.
	Protocol byte
	// Product is who sends to the group where that is no Tomcat: "Hazelcast".
	Product string
	// Whose is added to the names of packets: " of 10.0.0.7".
	Whose string
	// Queriers is where IGMP queries may come from; not valid is anywhere.
	Queriers netip.Prefix
	// UID is whom the member runs as, nil where none runs.
	UID *uint32
	// Plain: this host has no IPsec policy and no IPsec state.
	Plain bool
	// Locals are the addresses of this host, nil where they are not known.
	Locals []netip.Addr
	// Ephemeral are the first and the last port that the system gives to a socket
	// that asks for none (net.ipv4.ip_local_port_range); zero where it is not known.
	Ephemeral [2]uint16
}

// HeartbeatIn is another member's heartbeat. Every multicast datagram is ct state
// new: no answer ever comes from the group's address.
func (f Flow) HeartbeatIn() Packet {
	p := f.packet(f.datagram()+" coming in", In)
	f.groupPacket(&p, f.peer())
	return p
}

// HeartbeatOut is a heartbeat of this host's own.
func (f Flow) HeartbeatOut() Packet {
	p := f.packet(f.datagram()+" going out", Out)
	f.groupPacket(&p, f.exact(f.Self))
	p.pktType, p.srcType = packetHost, rtnLocal
	return p
}

// datagram names what is sent to the group.
func (f Flow) datagram() string {
	switch {
	case f.Protocol != 0:
		return fmt.Sprintf("a packet of protocol %d", f.Protocol)
	case f.Product != "":
		return "a datagram of " + f.Product
	}
	return "a heartbeat"
}

func (f Flow) groupPacket(p *Packet, src value) {
	if f.Protocol != 0 {
		p.Allow = f.kind(fmt.Sprint(f.Protocol))
		p.ip(f.Protocol, src, f.exact(f.Group), false)
		p.trans = unknown(8)
	} else {
		p.Allow = f.kind("udp")
		p.ip(protoUDP, src, f.exact(f.Group), false)
		p.udp(f.Port)
	}
	p.toGroup(f.Group)
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
	p.ip(protoIGMP, f.prefix(f.Queriers), f.exact(all), true)
	p.network.set(8, 1) // RFC 3376 section 4: the TTL of IGMP is 1
	p.trans = typed(0x11, 12)
	p.toGroup(all)
	if f.Queriers.IsValid() && f.Queriers.Addr().IsUnspecified() {
		p.srcType = rtnBroadcast // inet_addr_type says so of 0.0.0.0/8
	}
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
	p.network.set(8, 1)
	p.trans = typed(0x22, 16)
	p.toGroup(to)
	p.pktType, p.srcType, p.sender = packetHost, rtnLocal, owner{kernel: true}
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

// ARP are the questions and answers without which no connection begins: a peer
// looks for this host, and this host for a peer (RFC 826).
func (f Flow) ARP() []Packet {
	if f.Group.Is6() || f.Device.Type != 1 {
		return nil
	}
	message := func(what string, way Direction, op byte) Packet {
		p := f.packet(what, way)
		p.arp, p.v6, p.Allow = true, false, f.kind("arp")
		n := unknown(28)
		n.put(0, known(0, 1, 8, 0, 6, 4, 0, op))
		sender, target := f.peer(), f.exact(f.Self)
		if way == Out {
			sender, target = target, sender
		}
		n.put(14, sender)
		n.put(24, target)
		p.network, p.trans = n, value{}
		p.toHost()
		return p
	}
	return []Packet{
		message("an ARP question coming in", In, 1), message("the answer to an ARP question", Out, 2),
		message("an ARP question going out", Out, 1), message("the answer to this host's ARP question", In, 2),
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
	own := unknown(2)
	if f.Ephemeral != [2]uint16{} {
		own = between(f.Ephemeral[0], f.Ephemeral[1])
	}
	receiver := known(binary.BigEndian.AppendUint16(nil, f.TCPPort)...)
	for i := range out { // the ports stand the other way round
		out[i].Allow.Answer = !out[i].Allow.Answer
		if out[i].Way == Out {
			out[i].trans.put(0, own.append(receiver))
		} else {
			out[i].trans.put(0, receiver.append(own))
		}
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
	p.Allow.Established, p.Allow.Answer = state == ctEstablished, way == Out
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
	p.What, p.Way, p.Out, p.Bridge = f.datagram()+" that "+f.Device.Name+" passes on", Forwarded, f.Device, true
	return p
}

func (f Flow) kind(protocol string) Kind {
	return Kind{Protocol: protocol, Group: f.Group, Port: f.Port, First: f.TCPPort, Last: max(f.TCPPort, f.TCPLast), V6: f.Group.Is6()}
}

func (f Flow) packet(what string, way Direction) Packet {
	p := Packet{What: what + f.Whose, Way: way, Lower: f.Lower, Bridge: f.Bridge, v6: f.Group.Is6(), ct: ctNew, srcType: rtnUnicast,
		back: f.Back, plain: f.Plain, locals: f.Locals}
	if f.UID != nil {
		p.sender = owner{known: true, uid: *f.UID}
	}
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

func (f Flow) peer() value { return f.prefix(f.Peers) }

// prefix is an address of which the prefix is known; of one that is not valid
// nothing is.
func (f Flow) prefix(p netip.Prefix) value {
	x := f.exact(p.Addr())
	if !p.IsValid() || len(x.v)*8 != p.Addr().BitLen() {
		return x
	}
	return prefixed(x.v, p.Bits())
}
