package wellknown

import (
	"net"
	"net/netip"
)

// MAC returns the Ethernet address that frames to the group carry (RFC 1112
// section 6.4: the low 23 bits of an IPv4 group; RFC 2464 section 7: the low 32
// bits of an IPv6 one), and nil for an address that is not multicast.
func MAC(group netip.Addr) net.HardwareAddr {
	group = group.Unmap()
	if !group.IsMulticast() {
		return nil
	}
	if group.Is4() {
		b := group.As4()
		return net.HardwareAddr{1, 0, 0x5e, b[1] & 0x7f, b[2], b[3]}
	}
	b := group.As16()
	return net.HardwareAddr{0x33, 0x33, b[12], b[13], b[14], b[15]}
}

// Aliases returns the 31 other IPv4 groups that share the group's Ethernet
// address, lowest first. IPv6 groups have 2^80 of them: none are returned.
func Aliases(group netip.Addr) []netip.Addr {
	group = group.Unmap()
	mac := MAC(group)
	if mac == nil || !group.Is4() {
		return nil
	}
	var out []netip.Addr
	for _, a := range GroupsOf(mac) {
		if a != group {
			out = append(out, a)
		}
	}
	return out
}

// GroupsOf returns the 32 IPv4 groups behind an Ethernet address 01:00:5e:...,
// lowest first, and nil for any other address.
func GroupsOf(mac net.HardwareAddr) []netip.Addr {
	if len(mac) != 6 || mac[0] != 1 || mac[1] != 0 || mac[2] != 0x5e || mac[3] > 0x7f {
		return nil
	}
	out := make([]netip.Addr, 0, 32)
	for i := range 32 {
		out = append(out, netip.AddrFrom4([4]byte{0xe0 | byte(i>>1), byte(i&1)<<7 | mac[3], mac[4], mac[5]}))
	}
	return out
}
