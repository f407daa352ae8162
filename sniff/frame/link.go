package frame

import (
	"encoding/binary"

	"muster/sniff/capture"
)

// Decode reads the headers of p into f. Frames that hold no IP, or fragments,
// are no error: f says so. An error is a header that contradicts itself or the
// packet; where the capture was cut in the middle of a header, f.Cut is set
// instead and what was read until then stands.
func Decode(p *capture.Packet, f *Frame) error {
	*f = Frame{Link: p.Link}
	b := p.Data
	at, ok := f.link(b)
	if !ok {
		f.Cut = len(b) < p.Length
		if f.Cut || !p.Link.Known() {
			return nil
		}
		return bad(0, f.Link.String(), "want %d bytes, have %d", at, len(b))
	}
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
	switch f.Type {
	case TypeIPv4:
		return f.ipv4(p, at)
	case TypeIPv6:
		return f.ipv6(p, at)
	case TypeARP:
		f.Body = b[at:]
		f.BodyLen = len(f.Body)
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

// link reads the link header and returns its length. Not ok means that the
// packet is shorter, or of an unknown link.
func (f *Frame) link(b []byte) (at int, ok bool) {
	switch f.Link {
	case capture.Ethernet:
		if len(b) < 14 {
			return 14, false
		}
		f.HasMAC = true
		copy(f.DstMAC[:], b)
		copy(f.SrcMAC[:], b[6:])
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
		if f.Link == capture.Null && family>>16 != 0 {
			family = binary.LittleEndian.Uint32(b) // the capturing host's order
		}
		switch family {
		case 2:
			f.Type = TypeIPv4
		case 10, 24, 28, 30: // AF_INET6 of Linux, NetBSD and OpenBSD, FreeBSD, Darwin
			f.Type = TypeIPv6
		}
		return 4, true
	case capture.Raw, capture.Raw12, capture.Raw14, capture.IPv4, capture.IPv6:
		if len(b) < 1 {
			return 1, false
		}
		switch b[0] >> 4 {
		case 4:
			f.Type = TypeIPv4
		case 6:
			f.Type = TypeIPv6
		}
		return 0, true
	}
	return 0, false
}

func (f *Frame) sllAddress(n int, b []byte) {
	if n == len(f.SrcMAC) {
		f.HasMAC = true
		copy(f.SrcMAC[:], b)
	}
}
