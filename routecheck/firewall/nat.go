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

// newDestination is destination translation; addr is empty where it is not known.
// What comes in for this host and is sent on to an address that is not its own does
// not reach the program here.
func (m *machine) newDestination(addr value) result {
	m.track.nat = yes
	a, ok := netip.AddrFromSlice(addr.v)
	if ok && addr.full() && m.pkt.Way == In && m.pkt.locals != nil && !slices.Contains(m.pkt.locals, a) && !a.IsLoopback() {
		return final("drop", fmt.Sprintf("it sends the packet on to %s, which is not this host", a))
	}
	return final("unknown", "it changes where the packet goes")
}
