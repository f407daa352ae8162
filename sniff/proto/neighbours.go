package proto

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"muster/sniff/frame"
)

// Neighbour describes what keeps hosts on one network in touch, and what they
// say of packets that did not arrive: ARP (RFC 826), ICMP (RFC 792) and ICMPv6
// (RFC 4443 and 4861). ok is false for what it does not know and what the
// capture cut off.
func Neighbour(f *frame.Frame) (m Message, ok bool) {
	b := f.Body
	switch {
	case f.Type == frame.TypeARP:
		return arp(b)
	case len(b) < 4 || f.Fragment:
		return m, false
	case f.IP == 4 && f.Proto == frame.ProtoICMP:
		t := ipv4.ICMPType(b[0])
		m.Type = icmpName(t.String(), b[0])
		if t == ipv4.ICMPTypeDestinationUnreachable {
			m.unreachable(unreachable4[b[1]], b)
		}
	case f.IP == 6 && f.Proto == frame.ProtoICMPv6:
		t := ipv6.ICMPType(b[0])
		m.Type = icmpName(t.String(), b[0])
		switch t {
		case ipv6.ICMPTypeDestinationUnreachable:
			m.unreachable(unreachable6[b[1]], b)
		case ipv6.ICMPTypeNeighborSolicitation, ipv6.ICMPTypeNeighborAdvertisement:
			if len(b) >= 24 {
				m.add("target", "%s", netip.AddrFrom16([16]byte(b[8:24])))
			}
		}
	default:
		return m, false
	}
	return m, true
}

// icmpName is the type's name in the registry of IANA, as x/net has it, or its
// number.
func icmpName(name string, number byte) string {
	if name == "<nil>" {
		return fmt.Sprintf("type %d", number)
	}
	return name
}

// Codes of "destination unreachable" that a firewall or a missing receiver
// sends: RFC 792 and RFC 1812 section 5.2.7.1, RFC 4443 section 3.1.
var (
	unreachable4 = map[byte]string{
		0: "network", 1: "host", 2: "protocol", 3: "port", 4: "fragmentation needed",
		9: "network prohibited", 10: "host prohibited", 13: "prohibited",
	}
	unreachable6 = map[byte]string{
		0: "no route", 1: "prohibited", 2: "scope", 3: "address", 4: "port", 5: "source address failed policy", 6: "reject route",
	}
)

// unreachable adds what did not arrive: the header of the packet stands behind
// the eight bytes of the message's own.
func (m *Message) unreachable(code string, b []byte) {
	if code == "" {
		code = fmt.Sprintf("code %d", b[1])
	}
	m.add("code", "%s", code)
	if len(b) < 9 {
		return
	}
	var to netip.Addr
	var proto byte
	inner := b[8:]
	switch inner[0] >> 4 {
	case 4:
		length := int(inner[0]&15) * 4
		if length < 20 || len(inner) < length {
			return
		}
		to, proto, inner = netip.AddrFrom4([4]byte(inner[16:20])), inner[9], inner[length:]
	case 6:
		if len(inner) < 40 {
			return
		}
		to, proto, inner = netip.AddrFrom16([16]byte(inner[24:40])), inner[6], inner[40:]
	default:
		return
	}
	if (proto == frame.ProtoUDP || proto == frame.ProtoTCP) && len(inner) >= 4 {
		m.add("of", "%s", netip.AddrPortFrom(to, binary.BigEndian.Uint16(inner[2:])))
		return
	}
	m.add("of", "%s", to)
}

// arp reads a message about IPv4 addresses on Ethernet, the only kind in use.
func arp(b []byte) (m Message, ok bool) {
	const ethernetIPv4 = "\x00\x01\x08\x00\x06\x04"
	if len(b) < 28 || string(b[:6]) != ethernetIPv4 {
		return m, false
	}
	sender, target := netip.AddrFrom4([4]byte(b[14:18])), netip.AddrFrom4([4]byte(b[24:28]))
	switch binary.BigEndian.Uint16(b[6:]) {
	case 1:
		m.Type = "who has"
		m.add("target", "%s", target)
	case 2:
		m.Type = "is at"
		m.add("hardware", "%s", frame.MAC(b[8:14]))
	default:
		m.Type = "other"
	}
	m.add("sender", "%s", sender)
	return m, true
}
