package firewall

import (
	"bytes"
	"slices"
)

// fib asks the routing table about the packet's addresses: of which kind one is,
// or by which interface the route to it leaves (nft_fib_ipv4.c).
func (m *machine) fib(e *Expr) tri {
	if e.Key == "type" {
		kind := m.pkt.srcType
		if slices.Contains(e.Flags, "daddr") {
			kind = m.pkt.dstType
		}
		m.store(e.Dst, m.u32(kind))
		return yes
	}
	d, ok := m.wayBack()
	if !ok || !slices.Contains(e.Flags, "saddr") || slices.Contains(e.Flags, "mark") && !m.mark.full() {
		m.store(e.Dst, unknown(16))
		return yes
	}
	if slices.Contains(e.Flags, "iif") && d.Index != m.pkt.In.Index {
		d = Device{}
	}
	switch {
	case slices.Contains(e.Flags, "present"):
		m.store(e.Dst, known(map[bool]byte{true: 1}[d.Index != 0]))
	case e.Key == "oifname":
		m.store(e.Dst, ifname(d.Name))
	default:
		m.store(e.Dst, m.u32(d.Index))
	}
	return yes
}

// wayBack is the interface by which the route to the source of a packet that
// comes in leaves. A query from 0.0.0.0, and what comes from a link-local address,
// has its way back where it came in.
func (m *machine) wayBack() (Device, bool) {
	p := m.pkt
	if p.Way != In {
		return Device{}, false
	}
	if !p.v6 {
		src, _ := p.network.cut(12, 4)
		dst, _ := p.network.cut(16, 3)
		if src.full() && bytes.Equal(src.v, make([]byte, 4)) {
			return p.In, dst.full() && bytes.Equal(dst.v, []byte{224, 0, 0})
		}
	} else if src, _ := p.network.cut(8, 2); src.full() && src.v[0] == 0xfe && src.v[1]&0xc0 == 0x80 {
		return p.In, true
	}
	if p.back == nil {
		return Device{}, false
	}
	return *p.back, true
}
