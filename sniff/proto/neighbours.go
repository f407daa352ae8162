package proto

import (
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"muster/sniff/capture"
)

// Neighbour describes what keeps hosts on one network in touch: ARP, ICMP,
// ICMPv6. They come seldom, so that gopacket's layers, which make garbage, do.
// ok is false for what it does not know.
func Neighbour(p *capture.Packet) (m Message, ok bool) {
	if p.Link != capture.Ethernet {
		return m, false
	}
	pkt := gopacket.NewPacket(p.Data, layers.LinkTypeEthernet, gopacket.DecodeOptions{Lazy: true, NoCopy: true})
	for _, l := range pkt.Layers() { // a panic inside becomes an error layer
		switch l := l.(type) {
		case *layers.ARP:
			return arp(l), true
		case *layers.ICMPv4:
			m.Type = l.TypeCode.String()
			return m, true
		case *layers.ICMPv6:
			m.Type = l.TypeCode.String()
			ok = true
		case *layers.ICMPv6NeighborSolicitation:
			m.add("target", "%s", address(l.TargetAddress))
		case *layers.ICMPv6NeighborAdvertisement:
			m.add("target", "%s", address(l.TargetAddress))
		}
	}
	return m, ok
}

func arp(l *layers.ARP) (m Message) {
	switch l.Operation {
	case layers.ARPRequest:
		m.Type = "who has"
		m.add("target", "%s", address(l.DstProtAddress))
	case layers.ARPReply:
		m.Type = "is at"
		m.add("hardware", "%x", l.SourceHwAddress)
	default:
		m.Type = "other"
	}
	m.add("sender", "%s", address(l.SourceProtAddress))
	return m
}

func address(b []byte) string {
	if a, ok := netip.AddrFromSlice(b); ok {
		return a.String()
	}
	return "none"
}
