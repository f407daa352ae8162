package frame

import (
	"encoding/binary"

	"muster/sniff/capture"
)

// radiotap reads the header before 802.11 frames (radiotap.org): version, a
// byte, its length, masks of the fields that follow, all little-endian. Of the
// fields only the flags matter: is the header
// padded, was the frame received damaged.
func radiotap(b []byte) (n int, flags uint8, ok bool) {
	if len(b) < 8 {
		return 8, 0, false
	}
	n = int(binary.LittleEndian.Uint16(b[2:]))
	if n < 8 || len(b) < n {
		return max(n, 8), 0, false
	}
	present := binary.LittleEndian.Uint32(b[4:])
	at := 8
	for mask := present; mask&(1<<31) != 0 && at+4 <= n; at += 4 {
		mask = binary.LittleEndian.Uint32(b[at:])
	}
	if present&1 != 0 { // the clock: 8 bytes, aligned
		at = (at+7)&^7 + 8
	}
	if present&2 != 0 && at < n {
		flags = b[at]
	}
	return n, flags, true
}

// The flags of radiotap.
const (
	radioPadded = 0x20
	radioBadFCS = 0x40
)

// wifi reads an 802.11 data frame: frame control, duration, three addresses,
// sequence control, a fourth address between access points, the QoS and HT control fields. It returns
// where the LLC header begins, 0 for frames that hold nothing to read: those without data, encrypted and damaged
// ones.
func (f *Frame) wifi(b []byte, flags uint8) (at int, ok bool) {
	if len(b) < 24 {
		return 24, false
	}
	const toDS, fromDS, protected, order = 0x01, 0x02, 0x40, 0x80
	kind, control := b[0], b[1]
	if kind&0x0c != 0x08 || kind&0x40 != 0 || control&protected != 0 || flags&radioBadFCS != 0 {
		return 0, true
	}
	at = 24
	da, sa := b[4:10], b[10:16]
	switch control & (toDS | fromDS) {
	case fromDS:
		sa = b[16:22]
	case toDS:
		da = b[16:22]
	case toDS | fromDS:
		if len(b) < 30 {
			return 30, false
		}
		da, sa, at = b[16:22], b[24:30], 30
	}
	qos := kind&0x80 != 0
	aggregate := false
	if qos {
		aggregate = len(b) > at && b[at]&0x80 != 0
		if at += 2; control&order != 0 {
			at += 4
		}
	}
	if flags&radioPadded != 0 {
		at = (at + 3) &^ 3
	}
	f.HasMAC = true
	copy(f.DstMAC[:], da)
	copy(f.SrcMAC[:], sa)
	if aggregate { // the first of several frames: its addresses and length come first
		at += 14
	}
	return at, len(b) >= at
}

// llc reads an LLC header: IP by its own number, or an EtherType in SNAP. What is
// neither has no EtherType.
func llc(b []byte) (kind uint16, n int) {
	switch {
	case len(b) >= 8 && b[0] == 0xaa && b[1] == 0xaa && b[2] == 3 && b[3] == 0 && b[4] == 0 && (b[5] == 0 || b[5] == 0xf8):
		return binary.BigEndian.Uint16(b[6:]), 8
	case len(b) >= 3 && b[0] == 6 && b[1] == 6 && b[2] == 3:
		return typeIPv4, 3
	}
	return 0, 0
}

// relay reads a Frame Relay header: an address that ends with the byte whose last
// bit is set; then, as RFC 2427 has it, 03 and a network protocol number, or an
// EtherType as Cisco's own form does.
func relay(b []byte) (kind uint16, n int, ok bool) {
	for n < 4 && n < len(b) && b[n]&1 == 0 {
		n++
	}
	n++
	if len(b) < n+2 {
		return 0, n + 2, false
	}
	if b[n] != 3 {
		return binary.BigEndian.Uint16(b[n:]), n + 2, true
	}
	n++
	if b[n] == 0 && len(b) > n+1 { // padding
		n++
	}
	switch b[n] {
	case 0xcc:
		return typeIPv4, n + 1, true
	case 0x8e:
		return typeIPv6, n + 1, true
	case 0x80:
		if len(b) >= n+6 {
			return binary.BigEndian.Uint16(b[n+4:]), n + 6, true
		}
	}
	return 0, n + 1, true
}

// nflog finds the packet in what the kernel's packet log wrote: address family,
// version, a resource id, then fields of length, type and value, padded to 4
// bytes, in the byte order of the host. The value of type 9 is the packet.
func nflog(b []byte) (kind uint16, at int) {
	if len(b) < 4 {
		return 0, len(b)
	}
	switch b[0] {
	case 2:
		kind = typeIPv4
	case 10:
		kind = typeIPv6
	}
	var order binary.ByteOrder = binary.LittleEndian
	if len(b) >= 8 && b[4] == 0 {
		order = binary.BigEndian
	}
	for at = 4; at+4 <= len(b); {
		n, field := int(order.Uint16(b[at:])), order.Uint16(b[at+2:])&0x7fff
		if n < 4 {
			break
		}
		if field == 9 {
			return kind, at + 4
		}
		at += (n + 3) &^ 3
	}
	return 0, len(b)
}

// pktap reads Apple's header: its length, the type of what follows, the link type
// of the packet, all little-endian.
func pktap(b []byte) (n int, link capture.LinkType, ok bool) {
	if len(b) < 12 {
		return 12, 0, false
	}
	n = int(binary.LittleEndian.Uint32(b))
	if n < 12 || n > 1<<12 || len(b) < n {
		return max(min(n, 1<<12), 12), 0, false
	}
	return n, capture.LinkType(binary.LittleEndian.Uint32(b[8:])), true
}
