package frame

import (
	"encoding/binary"

	"muster/sniff/capture"
)

// Decode reads the headers of p into f, those of tunnels too: f is then the packet
// inside, and f.Tunnels names what was around it. Frames that hold no IP, or fragments,
// are no error: f says so. An error is a header that contradicts itself or the
// packet; where the capture was cut in the middle of a header, f.Cut is set
// instead and what was read until then stands.
func Decode(p *capture.Packet, f *Frame) error {
	*f = Frame{Link: p.Link, Tunnels: f.Tunnels[:0]}
	if b := p.Data; p.Link == capture.Ethernet && len(b) >= 14 && b[12] == 8 && b[13] == 0 { // most packets
		f.addresses(b)
		f.Type = typeIPv4
		return f.ipv4(p, 14)
	}
	if p.Link == capture.PKTAP {
		if n, link, ok := pktap(p.Data); ok && link != capture.PKTAP {
			inner := capture.Packet{Link: link, Data: p.Data[n:], Length: p.Length - n}
			return f.decode(&inner)
		}
	}
	return f.decode(p)
}

func (f *Frame) decode(p *capture.Packet) error {
	at, ok := f.linkOf(p.Link, p.Data)
	if !ok {
		f.Cut = len(p.Data) < p.Length
		if f.Cut || !p.Link.Known() {
			return nil
		}
		return bad(0, p.Link.String(), "want %d bytes, have %d", at, len(p.Data))
	}
	return f.tagged(p, at)
}

// tagged reads VLAN tags, and goes on with what they are on.
func (f *Frame) tagged(p *capture.Packet, at int) error {
	b := p.Data
	for f.Type == typeVLAN || f.Type == typeQinQ || f.Type == typeQinQ2 {
		if len(b) < at+4 {
			return f.short(p, at, "VLAN", 4)
		}
		if f.NVLANs < MaxVLANs {
			f.VLANs[f.NVLANs] = binary.BigEndian.Uint16(b[at:]) & 0x0fff
		}
		f.NVLANs++
		f.Type = binary.BigEndian.Uint16(b[at+2:])
		at += 4
	}
	return f.network(p, at)
}

// network reads what an EtherType says at offset at of p.
func (f *Frame) network(p *capture.Packet, at int) error {
	switch f.Type {
	case typeIPv4:
		return f.ipv4(p, at)
	case typeIPv6:
		return f.ipv6(p, at)
	case TypeARP:
		f.Body = p.Data[at:]
		f.BodyLen = len(f.Body)
	case typeMPLS, typeMPLSMany:
		return f.mpls(Tunnel{}, p.Data[at:], p.Length-at)
	case typePPPoE:
		return f.pppoe(p.Data[at:])
	case 0: // 802.3: an LLC header, where one can follow
		if kind, n := llc(p.Data[at:]); kind != 0 {
			f.Type = kind
			return f.tagged(p, at+n)
		}
	}
	return nil
}

// short is the answer to a header that wants more bytes than there are: no
// error where the snap length cut them off.
func (f *Frame) short(p *capture.Packet, at int, layer string, want int) error {
	if len(p.Data) < p.Length {
		f.Cut = true
		return nil
	}
	return bad(at, layer, "want %d bytes, have %d", want, len(p.Data)-at)
}

// linkOf reads the link header and returns its length. Not ok means that the
// packet is shorter, or of an unknown link.
func (f *Frame) linkOf(link LinkType, b []byte) (at int, ok bool) {
	switch link {
	case capture.Ethernet:
		if len(b) < 14 {
			return 14, false
		}
		f.addresses(b)
		f.Type = binary.BigEndian.Uint16(b[12:])
		if f.Type < 0x0600 {
			f.Type = 0 // 802.3: a length
		}
		return 14, true
	case capture.LinuxSLL:
		// 0 packet type, 2 ARPHRD, 4 length of the address, 6 address, 14 protocol
		if len(b) < 16 {
			return 16, false
		}
		f.sllAddress(int(binary.BigEndian.Uint16(b[4:])), b[6:])
		f.Type = binary.BigEndian.Uint16(b[14:])
		return 16, true
	case capture.LinuxSLL2:
		// 0 protocol, 4 interface, 8 ARPHRD, 10 packet type, 11 length, 12 address
		if len(b) < 20 {
			return 20, false
		}
		f.sllAddress(int(b[11]), b[12:])
		f.Type = binary.BigEndian.Uint16(b)
		return 20, true
	case capture.Null, capture.Loop:
		if len(b) < 4 {
			return 4, false
		}
		family := binary.BigEndian.Uint32(b)
		if link == capture.Null && family>>16 != 0 {
			family = binary.LittleEndian.Uint32(b) // the capturing host's order
		}
		switch family {
		case 2:
			f.Type = typeIPv4
		case 10, 24, 28, 30: // AF_INET6 of Linux, NetBSD and OpenBSD, FreeBSD, Darwin
			f.Type = typeIPv6
		}
		return 4, true
	case capture.Raw, capture.Raw12, capture.Raw14, capture.IPv4, capture.IPv6:
		if len(b) < 1 {
			return 1, false
		}
		switch b[0] >> 4 {
		case 4:
			f.Type = typeIPv4
		case 6:
			f.Type = typeIPv6
		}
		return 0, true
	}
	return f.rareLink(link, b)
}

// rareLink reads the headers of links that are seldom captured.
func (f *Frame) rareLink(link LinkType, b []byte) (at int, ok bool) {
	switch link {
	case capture.PPP, capture.PPPHDLC:
		if len(b) >= 4 && (b[0] == 0x0f || b[0] == 0x8f) && b[1] == 0 {
			f.Type = binary.BigEndian.Uint16(b[2:]) // Cisco's HDLC
			return 4, true
		}
		f.Type, at = ppp(b)
		return at, at > 0
	case capture.PPPEther:
		if len(b) < 7 {
			return 7, false
		}
		kind, n := ppp(b[6:])
		f.Type = kind
		return 6 + n, true
	case capture.CiscoHDLC:
		if len(b) < 4 {
			return 4, false
		}
		f.Type = binary.BigEndian.Uint16(b[2:])
		return 4, true
	case capture.FrameRelay:
		f.Type, at, ok = relay(b)
		return at, ok
	case capture.NFLOG:
		f.Type, at = nflog(b)
		return at, true
	case capture.WiFi, capture.WiFiRadiotap:
		n, flags := 0, uint8(0)
		if link == capture.WiFiRadiotap {
			if n, flags, ok = radiotap(b); !ok {
				return n, false
			}
		}
		at, ok := f.wifi(b[n:], flags)
		if !ok {
			return n + at, false
		}
		if at == 0 {
			return len(b), true
		}
		kind, m := llc(b[n+at:])
		f.Type = kind
		return n + at + m, true
	}
	return f.switchTag(link, b)
}

// switchTag reads Ethernet frames with the tag that a switch chip puts before its
// processor: behind the addresses, or before all.
func (f *Frame) switchTag(link LinkType, b []byte) (at int, ok bool) {
	tag := 4
	switch link {
	case capture.DSABroadcomPrepend:
		if len(b) < tag {
			return tag, false
		}
		at, ok = f.linkOf(capture.Ethernet, b[tag:])
		return tag + at, ok
	case capture.DSAMarvell, capture.DSABroadcom:
	case capture.DSAMarvellEther: // an EtherType and two bytes stand before the tag
		tag = 8
	default:
		return 0, false
	}
	if len(b) < 14+tag {
		return 14 + tag, false
	}
	f.addresses(b)
	if t := b[12+tag-4:]; link != capture.DSABroadcom && t[0]&0x20 != 0 { // it took the place of a VLAN tag
		f.VLANs[0], f.NVLANs = binary.BigEndian.Uint16(t[2:])&0x0fff, 1
	}
	if f.Type = binary.BigEndian.Uint16(b[12+tag:]); f.Type < 0x0600 {
		f.Type = 0
	}
	return 14 + tag, true
}

// addresses reads those that an Ethernet frame begins with: destination, source.
func (f *Frame) addresses(b []byte) {
	f.HasMAC = true
	f.DstMAC, f.SrcMAC = MAC(b[:6]), MAC(b[6:12])
}

func (f *Frame) sllAddress(n int, b []byte) {
	if n == len(f.SrcMAC) {
		f.HasMAC = true
		copy(f.SrcMAC[:], b)
	}
}
