package filter

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
)

// The worlds that generated frames and expressions are made of are small, so
// that questions are answered with yes often enough.
var (
	addrs4 = []string{"10.77.0.11", "10.77.0.12", "228.0.0.4", "228.0.0.5", "224.0.0.1", "192.0.2.1", "255.255.255.255"}
	addrs6 = []string{"fd77::11", "fd77::12", "ff15::4:5:6", "ff02::16", "fe80::1"}
	ports  = []uint16{45564, 4000, 4099, 4100, 53, 1}
)

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// frame makes an Ethernet frame with up to tags VLAN tags, mostly right, and says
// how many tags it carries.
func frame(r *rand.Rand, tags int) (b []byte, n int) {
	b = make([]byte, 12, 200)
	for n = r.IntN(tags + 1); len(b) < 12+4*n; {
		b = append(b, pick(r, [][]byte{{0x81, 0}, {0x88, 0xa8}, {0x91, 0}})...)
		b = append(b, byte(r.IntN(16))<<4, byte(r.IntN(3)+10))
	}
	switch r.IntN(8) {
	case 0:
		b = append(b, 0x08, 0x06)
		return append(b, make([]byte, 46)...), n
	case 1, 2, 3:
		return ip6(r, append(b, 0x86, 0xdd)), n
	}
	return ip4(r, append(b, 0x08, 0x00)), n
}

func ip4(r *rand.Rand, b []byte) []byte {
	at := len(b)
	words := 5 + r.IntN(3)*r.IntN(2)
	proto := pick(r, []byte{17, 17, 6, 6, 2, 1, 103, 112, 132})
	b = append(b, 0x40|byte(words), 0, 0, 0, 0, 1)
	b = binary.BigEndian.AppendUint16(b, pick(r, []uint16{0, 0, 0, 0x4000, 0x2000, 0x2001, 0x0001, 0x00b9}))
	b = append(b, 1, proto, 0, 0)
	b = append(b, netip.MustParseAddr(pick(r, addrs4)).AsSlice()...)
	b = append(b, netip.MustParseAddr(pick(r, addrs4)).AsSlice()...)
	b = append(b, make([]byte, 4*words-20)...)
	b = transportBytes(r, b, proto)
	binary.BigEndian.PutUint16(b[at+2:], uint16(len(b)-at))
	return b
}

func ip6(r *rand.Rand, b []byte) []byte {
	at := len(b)
	proto := pick(r, []byte{17, 17, 6, 6, 58, 58, 103, 112})
	first := proto
	var ext []byte
	switch r.IntN(4) {
	case 0: // hop-by-hop options, of 8 or 16 bytes
		first = 0
		n := r.IntN(2)
		ext = append([]byte{proto, byte(n), 5, 2, 0, 0, 1, 0}, make([]byte, 8*n)...)
	case 1: // a fragment header
		first = 44
		ext = []byte{proto, 0, 0, byte(r.IntN(4)), 0, 0, 0, 9}
	}
	b = append(b, 0x60, 0, 0, 0, 0, 0, first, 1)
	b = append(b, netip.MustParseAddr(pick(r, addrs6)).AsSlice()...)
	b = append(b, netip.MustParseAddr(pick(r, addrs6)).AsSlice()...)
	b = append(b, ext...)
	b = transportBytes(r, b, proto)
	binary.BigEndian.PutUint16(b[at+4:], uint16(len(b)-at-40))
	return b
}

func transportBytes(r *rand.Rand, b []byte, proto byte) []byte {
	payload := pick(r, []string{"TRIBES-B\x01\x00", "FLT2002\x00\x00\x00\x03", "TRIBES-X", "FLT2003", "", "something else"})
	switch proto {
	case 17:
		b = binary.BigEndian.AppendUint16(b, pick(r, ports))
		b = binary.BigEndian.AppendUint16(b, pick(r, ports))
		b = binary.BigEndian.AppendUint16(b, uint16(8+len(payload)))
		b = append(b, 0, 0)
	case 6:
		words := 5 + r.IntN(2)*3
		b = binary.BigEndian.AppendUint16(b, pick(r, ports))
		b = binary.BigEndian.AppendUint16(b, pick(r, ports))
		b = append(b, make([]byte, 8)...)
		b = append(b, byte(words)<<4, 0x18, 0, 0, 0, 0, 0, 0)
		b = append(b, make([]byte, 4*words-20)...)
	case 58:
		b = append(b, pick(r, []byte{130, 131, 132, 143, 133, 135}), 0, 0, 0)
		b = append(b, make([]byte, 20)...)
	default:
		b = append(b, 0x22, 0, 0, 0, 0, 0, 0, 1)
	}
	return append(b, payload...)
}

// expression makes a random expression of that depth from the whole language.
func expression(r *rand.Rand, depth int) node {
	if depth > 0 && r.IntN(3) > 0 {
		switch r.IntN(3) {
		case 0:
			return and{expression(r, depth-1), expression(r, depth-1)}
		case 1:
			return or{expression(r, depth-1), expression(r, depth-1)}
		}
		return not{expression(r, depth-1)}
	}
	switch r.IntN(6) {
	case 0:
		a := netip.MustParseAddr(pick(r, pick(r, [][]string{addrs4, addrs6})))
		bits := a.BitLen()
		if r.IntN(3) == 0 {
			bits = r.IntN(bits + 1)
		}
		return address{pick(r, []side{either, src, dst}), netip.PrefixFrom(a, bits).Masked()}
	case 1, 2:
		p := port{proto: pick(r, []uint8{0, 6, 17}), side: pick(r, []side{either, src, dst}), lo: pick(r, ports)}
		p.hi = p.lo
		if r.IntN(2) == 0 {
			p.hi = max(p.lo, pick(r, ports))
		}
		return p
	case 3:
		if r.IntN(3) == 0 {
			return later{}
		}
		return vlan{pick(r, []int{-1, 10, 11, 12})}
	}
	var list []word
	for w := range words {
		list = append(list, w)
	}
	// Map order is random by itself; a fixed seed wants a fixed order.
	for i := range list {
		for j := i; j > 0 && list[j] < list[j-1]; j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
	return pick(r, list)
}
