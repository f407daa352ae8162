package frame

import (
	"encoding/binary"
	"net/netip"

	"muster/sniff/capture"
)

// ipv4 reads the header of RFC 791 at offset at.
func (f *Frame) ipv4(p *capture.Packet, at int) error {
	b := p.Data[at:]
	if len(b) < 20 {
		return f.short(p, at, "IPv4", 20)
	}
	header := int(b[0]&0x0f) * 4
	if b[0]>>4 != 4 || header < 20 {
		return bad(at, "IPv4", "version %d, header length %d", b[0]>>4, header)
	}
	f.IP = 4
	f.TTL = b[8]
	f.Proto = b[9]
	f.Src = netip.AddrFrom4([4]byte(b[12:16]))
	f.Dst = netip.AddrFrom4([4]byte(b[16:20]))
	total := int(binary.BigEndian.Uint16(b[2:]))
	if total == 0 {
		total = p.Length - at // a segment above 64 KiB, which offload makes
	}
	f.Network = b[:max(min(total, len(b)), 20)]
	if total < header {
		return bad(at, "IPv4", "total length %d, header length %d", total, header)
	}
	if len(b) < header {
		return f.short(p, at, "IPv4", header)
	}
	if header > 20 {
		f.RouterAlert = routerAlert4(b[20:header])
	}
	frag := binary.BigEndian.Uint16(b[6:])
	f.FragID = uint32(binary.BigEndian.Uint16(b[4:]))
	f.MoreFragments = frag&0x2000 != 0
	f.FragOffset = int(frag&0x1fff) * 8
	f.Fragment = f.MoreFragments || f.FragOffset > 0
	return f.body(p, at+header, total-header, "IPv4")
}

// routerAlert4 looks for the option 94 04 (RFC 2113).
func routerAlert4(b []byte) bool {
	for len(b) >= 2 {
		switch b[0] {
		case 0: // end of options
			return false
		case 1: // no operation
			b = b[1:]
			continue
		case 0x94:
			return b[1] == 4
		}
		n := int(b[1])
		if n < 2 || n > len(b) {
			return false
		}
		b = b[n:]
	}
	return false
}

// body cuts the payload of IP out of the packet and goes on with it.
func (f *Frame) body(p *capture.Packet, at, length int, layer string) error {
	b := p.Data[at:]
	f.BodyLen = length
	switch {
	case len(b) >= length:
		b = b[:length:length] // Ethernet pads to 60 bytes
	case len(p.Data) < p.Length:
		f.Cut = true
	default:
		f.Body = b
		return bad(at, layer, "its payload is %d bytes long, the packet holds %d", length, len(b))
	}
	f.Body = b
	if f.Fragment {
		return nil
	}
	return f.transport(at)
}

// The extension headers of IPv6 (RFC 8200 section 4).
const (
	extHopByHop = 0
	extRouting  = 43
	extFragment = 44
	extAH       = 51
	extNone     = 59
	extDestOpts = 60
	extMobility = 135
	extHIP      = 139
	extShim6    = 140
)

// maxExtensions bounds the chain; real packets have one or two.
const maxExtensions = 16

// ipv6 reads the header of RFC 8200 at offset at and its extension headers.
func (f *Frame) ipv6(p *capture.Packet, at int) error {
	b := p.Data[at:]
	if len(b) < 40 {
		return f.short(p, at, "IPv6", 40)
	}
	if b[0]>>4 != 6 {
		return bad(at, "IPv6", "version %d", b[0]>>4)
	}
	f.IP = 6
	length := int(binary.BigEndian.Uint16(b[4:]))
	f.Proto = b[6]
	f.TTL = b[7]
	f.Src = netip.AddrFrom16([16]byte(b[8:24]))
	f.Dst = netip.AddrFrom16([16]byte(b[24:40]))
	if length == 0 && f.Proto != extHopByHop && f.Proto != extNone {
		length = p.Length - at - 40 // offload
	}
	f.Network = b[:min(40+length, len(b))]
	at += 40
	end := at + length
	for range maxExtensions {
		min, size, known := extension(f.Proto, p.Data[at:])
		if !known {
			return f.body(p, at, end-at, "IPv6")
		}
		if size == 0 {
			return f.short(p, at, "IPv6 extension", min)
		}
		if at+size > end {
			return bad(at, "IPv6 extension", "%d bytes long, the packet has %d left", size, end-at)
		}
		if len(p.Data) < at+size {
			return f.short(p, at, "IPv6 extension", size)
		}
		ext := p.Data[at : at+size]
		switch f.Proto {
		case extHopByHop:
			f.RouterAlert = f.RouterAlert || routerAlert6(ext[2:])
		case extFragment:
			off := binary.BigEndian.Uint16(ext[2:])
			f.FragOffset = int(off &^ 7)
			f.MoreFragments = off&1 != 0
			f.FragID = binary.BigEndian.Uint32(ext[4:])
			f.Fragment = f.MoreFragments || f.FragOffset > 0
		}
		f.Proto = ext[0]
		at += size
		if f.Fragment {
			return f.body(p, at, end-at, "IPv6") // a piece of what was cut up
		}
	}
	return bad(at, "IPv6 extension", "more than %d of them", maxExtensions)
}

// extension tells whether proto is an extension header and how long the one at
// the beginning of b is; size is 0 where b has not the min bytes that tell it.
func extension(proto uint8, b []byte) (min, size int, known bool) {
	switch proto {
	case extHopByHop, extRouting, extDestOpts, extMobility, extHIP, extShim6, extAH, extFragment:
	default:
		return 0, 0, false
	}
	if len(b) < 8 {
		return 8, 0, true
	}
	switch proto {
	case extAH:
		return 8, 8 + 4*int(b[1]), true
	case extFragment:
		return 8, 8, true
	}
	return 8, 8 + 8*int(b[1]), true
}

// routerAlert6 looks for the option 05 02 (RFC 2711) among hop-by-hop options.
func routerAlert6(b []byte) bool {
	for len(b) >= 2 {
		switch b[0] {
		case 0: // Pad1
			b = b[1:]
			continue
		case 5:
			return b[1] == 2
		}
		n := 2 + int(b[1])
		if n > len(b) {
			return false
		}
		b = b[n:]
	}
	return false
}
