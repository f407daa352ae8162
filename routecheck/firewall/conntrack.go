package firewall

// conntrack loads or sets what connection tracking knows of the flow.
func (m *machine) conntrack(e *Expr) tri {
	p := m.pkt
	if e.Src != 0 {
		switch x, ok := m.load(e.Src, 4); {
		case ok && e.Key == "mark" && !m.early():
			m.ctm = x.clone()
		case e.Key == "zone":
			m.attach(true)
		}
		return yes
	}
	if e.Key == "state" {
		m.store(e.Dst, m.ctState())
		return yes
	}
	if m.early() && m.track.template != yes {
		return no // connection tracking comes later: the kernel ends the rule
	}
	if m.ct.full() && (m.ct.equal(m.u32(ctInvalid).v) == yes || m.ct.equal(m.u32(ctUntracked).v) == yes) {
		return no // there is no connection: the kernel ends the rule
	}
	established := m.ct.equal(m.u32(ctEstablished).v) == yes
	addr := 12
	size := 4
	if p.v6 {
		addr, size = 8, 16
	}
	at := func(off int) {
		// The tuple of the direction asked for is this packet's own only for the
		// original one of a new flow.
		if x, ok := p.network.cut(off, size); ok && !established && e.Op != "reply" {
			m.store(e.Dst, x)
			return
		}
		m.store(e.Dst, unknown(size))
	}
	switch e.Key {
	case "direction":
		if established {
			m.store(e.Dst, value{[]byte{0}, []byte{0xfe}})
		} else {
			m.store(e.Dst, known(0))
		}
	case "mark":
		m.store(e.Dst, m.ctm)
	case "l3proto":
		m.store(e.Dst, known(map[bool]byte{false: 2, true: 10}[p.v6]))
	case "protocol":
		m.store(e.Dst, known(p.l4))
	case "src", "src_ip", "src_ip6":
		at(addr)
	case "dst", "dst_ip", "dst_ip6":
		at(addr + size)
	case "zone":
		if m.track.template == no {
			m.store(e.Dst, known(0, 0))
		} else {
			m.store(e.Dst, unknown(2))
		}
	case "status":
		m.store(e.Dst, m.ctStatus(established))
	default:
		m.store(e.Dst, unknown(16))
	}
	return yes
}

// early reports whether the chain runs before connection tracking has seen the
// packet (NF_IP_PRI_CONNTRACK, at prerouting and output).
func (m *machine) early() bool {
	const conntrack = -200
	switch m.hook {
	case "ingress":
		return true
	case "prerouting", "output":
		return m.chain.Priority < conntrack && m.table.Family != "bridge"
	}
	return false
}

// ctState is what "ct state" loads: before connection tracking there is none but
// that of a template, and no state at all is called invalid.
func (m *machine) ctState() value {
	if !m.early() {
		if m.pkt.ct == ctEstablished && (m.track.zone != m.connZone || m.track.zone == maybe) {
			// The connection began in another zone: any state but untracked.
			return value{make([]byte, 4), m.order.AppendUint32(nil, ^uint32(ctInvalid|ctEstablished|ctRelated|ctNew))}
		}
		return m.ct
	}
	state := m.u32(ctInvalid)
	switch m.track.untracked {
	case yes:
		return m.u32(ctUntracked)
	case maybe:
		state = state.merged(m.u32(ctUntracked))
	}
	switch m.track.template {
	case yes:
		return m.u32(ctNew)
	case maybe:
		state = state.merged(m.u32(ctNew))
	}
	return state
}

// notrack takes the packet away from connection tracking, where that has not begun.
func (m *machine) notrack() {
	invalid := m.ct.equal(m.u32(ctInvalid).v) == yes
	if !m.early() && !invalid || m.track.template == yes {
		return
	}
	if m.track.template == maybe {
		m.track.untracked, m.ct = maybe, m.ct.merged(m.u32(ctUntracked))
		return
	}
	m.track.untracked, m.ct = yes, m.u32(ctUntracked)
}

// attach gives the packet a template of a connection, where it has none yet. A
// zone looks the connection up among those of the zone alone.
func (m *machine) attach(zone bool) {
	if !m.early() {
		return
	}
	m.track.template = yes
	if zone {
		m.track.zone = yes
	}
	if m.track.untracked != no { // measured: "ct zone set" takes an untracked packet back
		m.track.untracked, m.ct = no, m.u32(m.pkt.ct)
	}
}

// Bits of IPS_* (linux/netfilter/nf_conntrack_common.h).
const (
	ctExpected  = 1
	ctSeenReply = 2
	ctAssured   = 4
	ctSrcNAT    = 0x10
	ctDstNAT    = 0x20
)

// ctStatus is the status of the flow, as far as it is known: that of a new one
// has seen no reply, and no address is translated that no rule translates.
func (m *machine) ctStatus(established bool) value {
	sure := uint32(ctExpected | ctSrcNAT | ctDstNAT)
	set := uint32(0)
	if established {
		set = ctSeenReply
		sure |= ctSeenReply
	} else {
		sure |= ctSeenReply | ctAssured
	}
	if m.track.nat != no {
		sure &^= ctSrcNAT | ctDstNAT
	}
	return value{m.order.AppendUint32(nil, set), m.order.AppendUint32(nil, sure)}
}
