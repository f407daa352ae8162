package filter

import (
	"encoding/binary"

	"muster/sniff/capture"
)

// matcher answers one question about a packet.
type matcher func(*view) bool

// Match reports whether f keeps the packet.
func (f *Filter) Match(p *capture.Packet) bool {
	if f.match == nil {
		return true
	}
	f.view = look(p.Link, p.Data)
	return f.match(&f.view)
}

// Blind reports whether Match found no EtherType in the latest packet: all that it was asked about lies behind a link
// header that it does not read.
func (f *Filter) Blind() bool { return f.match != nil && f.view.kind < 0x0600 }

// MatchNetwork is Match for a packet from its IP header on, of that EtherType and behind those tags: what is
// inside of a tunnel, or behind a link header that Match does not read.
func (f *Filter) MatchNetwork(kind uint16, tags []uint16, b []byte) bool {
	if f.match == nil {
		return true
	}
	f.view = view{data: b, kind: kind, tags: min(len(tags), maxTags)}
	copy(f.view.ids[:], tags)
	return f.match(&f.view)
}

func compile(n node) *Filter {
	f := &Filter{root: n}
	if !f.IsAll() {
		f.match = build(n)
	}
	return f
}

func build(n node) matcher {
	switch n := n.(type) {
	case and:
		a, b := build(n.a), build(n.b)
		return func(v *view) bool { return a(v) && b(v) }
	case or:
		a, b := build(n.a), build(n.b)
		return func(v *view) bool { return a(v) || b(v) }
	case not:
		x := build(n.x)
		return func(v *view) bool { return !x(v) }
	case address:
		return buildAddress(n)
	case port:
		return buildPort(n)
	case vlan:
		return func(v *view) bool {
			if n.id < 0 {
				return v.tags > 0
			}
			return v.tags > 0 && int(v.ids[0]) == n.id || v.tags > 1 && int(v.ids[1]) == n.id
		}
	case later:
		return func(v *view) bool {
			return v.kind == typeIPv4 && v.u16(v.net+6)&0x1fff != 0 ||
				v.kind == typeIPv6 && v.u8(v.net+6) == 44 && v.u16(v.net+42)&0xfff8 != 0
		}
	}
	return buildWord(n.(word))
}

func buildWord(w word) matcher {
	switch w {
	case "all":
		return func(*view) bool { return true }
	case "ip":
		return func(v *view) bool { return v.kind == typeIPv4 }
	case "ip6":
		return func(v *view) bool { return v.kind == typeIPv6 }
	case "arp":
		return func(v *view) bool { return v.kind == typeARP }
	case "multicast":
		return func(v *view) bool {
			return v.kind == typeIPv4 && v.u8(v.net+16)&0xf0 == 0xe0 || v.kind == typeIPv6 && v.u8(v.net+24) == 0xff
		}
	case "fragment":
		return func(v *view) bool {
			return v.kind == typeIPv4 && v.u16(v.net+6)&0x3fff != 0 || v.kind == typeIPv6 && v.u8(v.net+6) == 44
		}
	case "mld":
		return isMLD
	case "tribes":
		return isTribes
	}
	p := words[w]
	return func(v *view) bool {
		switch {
		case v.kind == typeIPv4 && p.v4 >= 0:
			return v.has(v.net, 10) && int(v.data[v.net+9]) == p.v4
		case v.kind == typeIPv6 && p.v6 >= 0:
			// Behind a fragment header as well, as tcpdump has it.
			return v.has(v.net, 7) && (int(v.data[v.net+6]) == p.v6 ||
				v.data[v.net+6] == 44 && v.has(v.net, 41) && int(v.data[v.net+40]) == p.v6)
		}
		return false
	}
}

// isMLD: an ICMPv6 message of type 130, 131, 132 or 143, behind hop-by-hop
// options as a rule.
func isMLD(v *view) bool {
	if v.kind != typeIPv6 {
		return false
	}
	at := v.net + 40
	switch v.u8(v.net + 6) {
	case 58:
	case 0:
		if v.u8(at) != 58 {
			return false
		}
		at += 8 + 8*int(v.u8(at+1))
	default:
		return false
	}
	switch v.u8(at) {
	case 130, 131, 132, 143:
		return true
	}
	return false
}

// The first bytes of what Tribes sends, as the words that a program compares.
const (
	heartbeat0 = 0x54524942 // "TRIB"
	heartbeat1 = 0x45532d42 // "ES-B"
	frame0     = 0x464c5432 // "FLT2"
	frame1     = 0x30303200 // "002", of a word whose last byte is the length's first

	receiverLow  = 4000 // a receiver's port and the 100 that autoBind tries
	receiverHigh = 4099
)

func isTribes(v *view) bool {
	if at, ok := v.transport(17); ok {
		w0, w1 := v.u32(at+8), v.u32(at+12)
		return w0 == heartbeat0 && w1 == heartbeat1 || w0 == frame0 && w1&^0xff == frame1
	}
	at, ok := v.transport(6)
	if !ok {
		return false
	}
	if v.has(at, 4) && (receiver(v.u16(at)) || receiver(v.u16(at+2))) {
		return true
	}
	if !v.has(at, 13) {
		return false
	}
	at += int(v.data[at+12]>>4) * 4
	return v.u32(at) == frame0 && v.u32(at+4)&^0xff == frame1
}

func receiver(p uint16) bool { return p >= receiverLow && p <= receiverHigh }

func buildAddress(n address) matcher {
	kind, srcAt, dstAt := uint16(typeIPv4), 12, 16
	if n.net.Addr().Is6() {
		kind, srcAt, dstAt = typeIPv6, 8, 24
	}
	want, mask := netWords(n)
	same := func(v *view, at int) bool {
		if !v.has(at, 4*len(want)) {
			return false
		}
		for i := range want {
			if binary.BigEndian.Uint32(v.data[at+4*i:])&mask[i] != want[i] {
				return false
			}
		}
		return true
	}
	return func(v *view) bool {
		return v.kind == kind &&
			(n.side != dst && same(v, v.net+srcAt) || n.side != src && same(v, v.net+dstAt))
	}
}

// netWords is the network as words of 32 bits, with the mask of each.
func netWords(n address) (want, mask []uint32) {
	b := n.net.Addr().AsSlice()
	bits := n.net.Bits()
	for i := 0; i < len(b); i += 4 {
		m := ^uint32(0)
		if rest := bits - 8*i; rest < 32 {
			m = ^uint32(0) << (32 - max(rest, 0))
			if rest <= 0 {
				m = 0
			}
		}
		mask = append(mask, m)
		want = append(want, binary.BigEndian.Uint32(b[i:])&m)
	}
	return want, mask
}

func buildPort(n port) matcher {
	in := func(v *view, at int) bool {
		return v.has(at, 2) && v.u16(at) >= n.lo && v.u16(at) <= n.hi
	}
	return func(v *view) bool {
		at, ok := 0, false
		if n.proto != 6 {
			at, ok = v.transport(17)
		}
		if !ok && n.proto != 17 {
			at, ok = v.transport(6)
		}
		return ok && (n.side != dst && in(v, at) || n.side != src && in(v, at+2))
	}
}
