package firewall

import (
	"fmt"
	"net/netip"
	"slices"
)

// newSource is source translation to an address. What leaves with one that this
// host does not have gets no answer; of a datagram, which wants none, only the
// receivers can tell whether they take it.
func (m *machine) newSource(addr value) result {
	m.track.nat = yes
	a, ok := netip.AddrFromSlice(addr.v)
	switch {
	case !ok || !addr.full():
		return final("unknown", "it changes the source address")
	case m.pkt.locals == nil || slices.Contains(m.pkt.locals, a):
		return final("accept", "")
	case m.pkt.l4 == protoTCP:
		return final("drop", fmt.Sprintf("it gives the packet the source address %s, which this host does not have: no answer comes back", a))
	}
	return final("unknown", fmt.Sprintf("it gives the packet the source address %s, which this host does not have", a))
}
