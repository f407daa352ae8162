package sniff

import (
	"fmt"

	"muster/mcast/igmp"
	"muster/mcast/mld"
	"muster/sniff/frame"
	"muster/sniff/proto"
	"muster/tribes"
)

// The protocols that Sniffer decodes itself; proto.Decoders names the others.
const (
	protoHeartbeat = "tribes.heartbeat"
	protoBroadcast = "tribes.broadcast"
	protoTribesTCP = "tribes.tcp"
	protoIGMP      = "igmp"
	protoMLD       = "mld"
)

// datagram finds out what a whole UDP datagram is.
func (s *Sniffer) datagram(e *Event) {
	f := e.Frame
	switch {
	case tribes.IsMember(f.Payload):
		e.Protocol = protoHeartbeat
		s.heartbeat(e)
	case tribes.IsFrame(f.Payload):
		e.Protocol = protoBroadcast
	default:
		e.Protocol = "udp"
		if d := s.finder.Find(f); d != nil {
			s.other(e, d)
		} else {
			e.Product = s.product(f)
		}
	}
}

// other lets a decoder of the list read the packet; where nobody looks at events,
// the analysis does, unless it knows what the packet says.
func (s *Sniffer) other(e *Event, d *proto.Decoder) {
	e.Protocol, e.decoder = d.Name, d
	if s.o.Event == nil {
		return
	}
	var err error
	s.message, err = d.Decode(e.Frame)
	e.Other = &s.message
	e.otherError(err)
}

func (e *Event) otherError(err error) {
	if err != nil && !e.Frame.Cut {
		e.Err = fmt.Errorf("%s: %w", e.decoder.Name, err)
	}
}

// control decodes what is neither UDP nor TCP.
func (s *Sniffer) control(e *Event) {
	f := e.Frame
	switch {
	case f.Proto == frame.ProtoIGMP && f.IP == 4:
		s.igmp(e)
	case f.Proto == frame.ProtoICMPv6 && f.IP == 6 && len(f.Body) > 0 && mld.Type(f.Body[0]).Known():
		s.mld(e)
	default:
		if d := proto.Find(f); d != nil {
			s.other(e, d)
			return
		}
		e.Protocol = ipName(f)
	}
}

func (s *Sniffer) igmp(e *Event) {
	f := e.Frame
	e.Protocol = protoIGMP
	m, err := igmp.Parse(f.Body)
	if err != nil {
		if !f.Cut {
			e.Err = fmt.Errorf("igmp: %w", err)
		}
		return
	}
	s.igmpMessage = m
	e.IGMP = &s.igmpMessage
	e.Anomalies = append(m.Anomalies, m.Check(igmp.Header{Source: f.Src, Destination: f.Dst, TTL: f.TTL, RouterAlert: f.RouterAlert})...)
}

func (s *Sniffer) mld(e *Event) {
	f := e.Frame
	e.Protocol = protoMLD
	m, err := mld.Parse(f.Body, f.Src, f.Dst)
	if err != nil {
		if !f.Cut {
			e.Err = fmt.Errorf("mld: %w", err)
		}
		return
	}
	s.mldMessage = m
	e.MLD = &s.mldMessage
	e.Anomalies = append(m.Anomalies, m.Check(mld.Header{Source: f.Src, Destination: f.Dst, HopLimit: f.TTL, RouterAlert: f.RouterAlert})...)
}

// neighbour describes ARP, ICMP and ICMPv6, for those who look at packets.
func (s *Sniffer) neighbour(e *Event) {
	switch e.Protocol {
	case "arp", "icmp", "icmp6":
		if m, ok := proto.Neighbour(e.Frame); ok {
			s.message = m
			e.Other = &s.message
		}
	}
}

// linkName names what is no IP.
func linkName(f *frame.Frame) string {
	switch f.Type {
	case frame.TypeARP:
		return "arp"
	case 0x8035:
		return "rarp"
	case 0x88cc:
		return "lldp"
	case 0x8809:
		return "lacp"
	case 0:
		if f.Link.Known() {
			return "llc"
		}
		return "unknown"
	}
	return fmt.Sprintf("ethertype 0x%04x", f.Type)
}

// ipName names a packet by its IP protocol.
func ipName(f *frame.Frame) string {
	switch f.Proto {
	case frame.ProtoICMP:
		return "icmp"
	case frame.ProtoICMPv6:
		return "icmp6"
	case frame.ProtoUDP:
		return "udp"
	case frame.ProtoTCP:
		return "tcp"
	case frame.ProtoIGMP:
		return "igmp"
	case 88:
		return "eigrp"
	case 89:
		return "ospf"
	case 132:
		return "sctp"
	}
	return fmt.Sprintf("ip protocol %d", f.Proto)
}
