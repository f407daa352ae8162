package analysis

import "net/netip"

// origin is an address that heartbeats of one id come from. All heartbeats of one
// process lie on one line of alive times; two that take turns on different lines
// are two processes, one host with two addresses is not.
type origin struct {
	addr   netip.Addr
	offset int64 // by how much the capture's clock is ahead of the alive times, ns
}

// from notes where a heartbeat comes from. It is called where that changes.
func (m *Member) from(addr netip.Addr, offset int64) {
	m.Sources.add(addr, maxAliases)
	o := &m.latest
	if o.addr.IsValid() && o.addr != addr {
		if apart := o.offset - offset; max(apart, -apart) > jump {
			m.Turns++
		}
	}
	*o = origin{addr, offset}
}

// twice reports whether two processes send heartbeats with m's id and address.
func (m *Member) twice() bool { return m.Turns > 2 }
