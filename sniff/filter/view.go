package filter

import (
	"encoding/binary"

	"muster/sniff/capture"
)

// view is a packet as the questions see it: where the network header begins,
// what it is, and the tags before it. It is what the prelude of a compiled
// program computes, so it reads no more than that.
type view struct {
	data []byte
	net  int    // offset of the network header
	kind uint16 // EtherType after the tags
	tags int    // 0, 1 or 2
	ids  [2]uint16
}

const (
	typeIPv4 = 0x0800
	typeARP  = 0x0806
	typeIPv6 = 0x86dd
	maxTags  = 2
)

func isTag(kind uint16) bool { return kind == 0x8100 || kind == 0x88a8 || kind == 0x9100 }

// look fills v for a packet of that link type.
func look(link capture.LinkType, b []byte) view {
	v := view{data: b}
	switch link {
	case capture.Ethernet:
		v.kind, v.net = v.u16(12), 14
	case capture.LinuxSLL:
		v.kind, v.net = v.u16(14), 16
	case capture.LinuxSLL2:
		v.kind, v.net = v.u16(0), 20
	case capture.Null, capture.Loop:
		v.net = 4
		v.byVersion()
	case capture.Raw, capture.Raw12, capture.Raw14, capture.IPv4, capture.IPv6:
		v.byVersion()
	}
	for v.tags < maxTags && isTag(v.kind) && v.has(v.net, 4) {
		v.ids[v.tags] = v.u16(v.net) & 0x0fff
		v.kind = v.u16(v.net + 2)
		v.net += 4
		v.tags++
	}
	return v
}

// byVersion tells the type from the first four bits of the network header.
func (v *view) byVersion() {
	switch v.u8(v.net) >> 4 {
	case 4:
		v.kind = typeIPv4
	case 6:
		v.kind = typeIPv6
	}
}

// The loads give zero where the packet is too short; callers ask has first where
// zero would be an answer.
func (v *view) has(at, n int) bool { return at+n <= len(v.data) }

func (v *view) u8(at int) uint8 {
	if at >= len(v.data) {
		return 0
	}
	return v.data[at]
}

func (v *view) u16(at int) uint16 {
	if !v.has(at, 2) {
		return 0
	}
	return binary.BigEndian.Uint16(v.data[at:])
}

func (v *view) u32(at int) uint32 {
	if !v.has(at, 4) {
		return 0
	}
	return binary.BigEndian.Uint32(v.data[at:])
}

// transport finds the header of UDP (17) or TCP (6): directly behind the first
// fragment's IPv4 header, or the fixed header of IPv6.
func (v *view) transport(proto uint8) (at int, ok bool) {
	switch v.kind {
	case typeIPv4:
		if v.has(v.net, 10) && v.data[v.net+9] == proto && v.u16(v.net+6)&0x1fff == 0 {
			return v.net + int(v.data[v.net]&0x0f)*4, true
		}
	case typeIPv6:
		if v.has(v.net, 7) && v.data[v.net+6] == proto {
			return v.net + 40, true
		}
	}
	return 0, false
}
