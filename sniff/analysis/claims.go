package analysis

import (
	"net/netip"

	"muster/sniff/frame"
)

// addressClaims are what ARP says of who has which address.
type addressClaims map[netip.Addr]*claim

// claim is an address and the hardware addresses that say it is theirs.
type claim struct {
	macs  [2]frame.MAC
	known int
	last  int
	turns uint64 // how often the other one spoke up
}

// maxClaims is how many addresses are followed.
const maxClaims = 4096

// Claim notes the sender of an ARP packet: hardware type 1, protocol IPv4, lengths
// 6 and 4, the operation, then the sender's two addresses (RFC 826). Probes carry no
// address of the sender.
func (a *Analysis) Claim(f *frame.Frame) {
	b := f.Body
	if len(b) < 28 || b[1] != 1 || b[2] != 8 || b[4] != 6 || b[5] != 4 {
		return
	}
	mac, addr := frame.MAC(b[8:14]), netip.AddrFrom4([4]byte(b[14:18]))
	if addr.IsUnspecified() || virtual(mac) {
		return
	}
	c := a.ARP[addr]
	switch {
	case c == nil:
		if len(a.ARP) < maxClaims {
			if a.ARP == nil {
				a.ARP = addressClaims{}
			}
			a.ARP[addr] = &claim{macs: [2]frame.MAC{mac}, known: 1}
		}
	case c.macs[c.last] == mac:
	case c.known == 1:
		c.macs[1], c.known, c.last, c.turns = mac, 2, 1, 1
	case c.macs[1-c.last] == mac:
		c.last = 1 - c.last
		c.turns++
	}
}

// virtual: the address of a redundancy protocol, which moves by design: VRRP and
// CARP (RFC 9568), HSRP.
func virtual(m frame.MAC) bool {
	return m[0] == 0 && m[1] == 0 && (m[2] == 0x5e && m[3] == 0 || m[2] == 0x0c && m[3] == 7 && m[4] == 0xac)
}
