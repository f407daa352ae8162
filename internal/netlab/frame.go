package netlab

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// Frame is an Ethernet frame that passed an interface.
type Frame struct {
	Time     time.Time
	Outgoing bool // the host sent it
	Bytes    []byte
}

// Transport returns the IP protocol (2 IGMP, 6 TCP, 17 UDP, 58 ICMPv6) and the
// addresses of a frame; 0 for one that is not IP. Extension headers of IPv6 are
// passed over as far as a membership report has them.
func (f Frame) Transport() (protocol byte, from, to netip.Addr) {
	if len(f.Bytes) < 14 {
		return 0, from, to
	}
	ip := f.Bytes[14:]
	switch binary.BigEndian.Uint16(f.Bytes[12:]) {
	case 0x0800:
		if len(ip) >= 20 {
			from, _ = netip.AddrFromSlice(ip[12:16])
			to, _ = netip.AddrFromSlice(ip[16:20])
			return ip[9], from, to
		}
	case 0x86dd:
		if len(ip) >= 41 {
			from, _ = netip.AddrFromSlice(ip[8:24])
			to, _ = netip.AddrFromSlice(ip[24:40])
			if protocol = ip[6]; protocol == 0 { // hop-by-hop options
				protocol = ip[40]
			}
			return protocol, from, to
		}
	}
	return 0, from, to
}
