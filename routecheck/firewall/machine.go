package firewall

import "encoding/binary"

// machine runs expressions over one packet: the registers, and what earlier
// rules changed.
type machine struct {
	pkt   *Packet
	rules *Ruleset
	table *Table
	chain *Chain
	order binary.AppendByteOrder
	reg   value // 20 words
	mark  value
	ctm   value
	ct    value
	hook  string
	track tracking
	// connZone is the zone of the packets of this connection before.
	connZone tri
	// looked are the elements of sets that were looked at and not yet counted.
	looked int
	// doubt is why the last rule may match or not, where more can be said than which
	// rule it is.
	doubt string
	// listed are the lists of the match "recent" that the packet was put on.
	listed map[string]bool
}

// tracking is what earlier rules did to the connection tracking of the packet.
type tracking struct {
	// untracked: notrack, before connection tracking saw the packet.
	untracked tri
	// template: a zone, helper or timeout was attached, after which notrack does
	// nothing (nft_notrack_eval, xt_ct_target).
	template tri
	// zone: the connection is looked up in a zone of its own.
	zone tri
	// nat: a rule translated an address or port of the flow.
	nat tri
}

const regBytes = 80

func newMachine(r *Ruleset, p *Packet) *machine {
	m := &machine{pkt: p, rules: r, order: binary.LittleEndian, reg: unknown(regBytes), mark: known(0, 0, 0, 0), ctm: known(0, 0, 0, 0)}
	if r.BigEndian {
		m.order = binary.BigEndian
	}
	m.ct = m.u32(p.ct)
	return m
}

func (m *machine) u32(n uint32) value { return known(m.order.AppendUint32(nil, n)...) }
func (m *machine) u16(n uint16) value { return known(m.order.AppendUint16(nil, n)...) }

// load reads n bytes from a register; false where no register is named.
func (m *machine) load(reg uint8, n int) (value, bool) {
	if reg < 4 || reg > 19 {
		return value{}, false
	}
	return m.reg.cut(int(reg)*4, n)
}

// store writes x to a register and clears the rest of its last word, as the kernel
// does for loads of odd lengths.
func (m *machine) store(reg uint8, x value) {
	if reg < 4 || reg > 19 {
		return
	}
	for len(x.v)%4 != 0 {
		x = x.append(known(0))
	}
	if at := int(reg) * 4; at+len(x.v) <= regBytes {
		m.reg.put(at, x)
	}
}

// result is what an expression did: whether it let the rule go on, and the ends
// that it made possible.
type result struct {
	match tri
	// ends are verdicts that this expression itself reaches when it matches; Stop
	// says that one of them is certain then.
	ends []end
}

// end is one possible verdict of an expression.
type end struct {
	verdict string // accept, drop, jump, goto, return, unknown
	chain   string
	why     string
	match   tri // how sure this end is, given that the expression is reached
}

func goesOn(t tri) result { return result{match: t} }

func final(verdict, why string) result {
	return result{match: yes, ends: []end{{verdict: verdict, why: why, match: yes}}}
}

// run executes one expression.
func (m *machine) run(e *Expr) result {
	switch e.Kind {
	case "meta":
		return goesOn(m.meta(e))
	case "payload":
		return goesOn(m.payload(e))
	case "cmp":
		return goesOn(m.cmp(e))
	case "range":
		return goesOn(m.rangeOf(e))
	case "bitwise":
		return goesOn(m.bitwise(e))
	case "byteorder":
		return goesOn(m.byteorder(e))
	case "immediate":
		return m.immediate(e)
	case "lookup":
		return m.lookup(e)
	case "ct":
		return goesOn(m.conntrack(e))
	case "fib":
		return goesOn(m.fib(e))
	case "exthdr":
		return goesOn(m.exthdr(e))
	case "counter", "log", "last", "dup", "flow_offload":
		return goesOn(yes)
	case "notrack":
		m.notrack()
		return goesOn(yes)
	case "limit", "quota", "connlimit":
		return goesOn(maybe)
	case "objref", "dynset":
		if e.Stateful {
			return goesOn(maybe)
		}
		return goesOn(yes)
	case "numgen", "hash", "rt", "symhash":
		m.store(e.Dst, unknown(4))
		return goesOn(yes)
	case "socket", "osf", "tunnel", "xfrm":
		m.store(e.Dst, unknown(16))
		return goesOn(maybe) // they also end the rule where there is nothing to load
	case "reject":
		return final("drop", "")
	case "fwd":
		return final("drop", "it sends the packet out of another interface")
	case "masq":
		m.track.nat = yes
		return final("accept", "")
	case "nat", "redir":
		lo, okLo := m.load(e.Src, m.addressLen())
		if e.Op != "snat" {
			if e.Kind == "redir" || !okLo {
				lo = value{}
			}
			return m.newDestination(lo)
		}
		if e.Src == 0 { // it changes the port alone
			m.track.nat = yes
			return final("accept", "")
		}
		if !okLo {
			return final("unknown", "it changes the source address")
		}
		return m.newSource(lo)
	case "tproxy", "synproxy":
		return final("unknown", "it hands the packet to a proxy")
	case "queue":
		return final("unknown", "it asks a program")
	case "xt":
		return goesOn(m.xtMatch(e))
	case "xt-target":
		return m.xtTarget(e)
	}
	return result{match: maybe, ends: []end{{verdict: "unknown", why: "it has an expression that muster does not know: " + e.Kind, match: maybe}}}
}

func (m *machine) cmp(e *Expr) tri {
	x, ok := m.load(e.Src, len(e.Data))
	if !ok {
		return maybe
	}
	return x.compare(e.Op, e.Data)
}

func (m *machine) rangeOf(e *Expr) tri {
	x, ok := m.load(e.Src, len(e.Data))
	if !ok || len(e.Data) != len(e.Data2) {
		return maybe
	}
	t := x.between(e.Data, e.Data2)
	if e.Op == "!=" {
		return t.not()
	}
	return t
}

func (m *machine) bitwise(e *Expr) tri {
	x, ok := m.load(e.Src, int(e.Len))
	if !ok {
		return maybe
	}
	out := unknown(int(e.Len))
	switch e.Op {
	case "mask":
		if y, fits := x.masked(e.Data, e.Data2); fits {
			out = y
		}
	case "and", "or", "xor":
		if y, fits := m.load(e.Src2, int(e.Len)); fits {
			out = x.combined(e.Op, y)
		}
	}
	m.store(e.Dst, out)
	return yes
}

func (m *machine) addressLen() int {
	if m.pkt.v6 {
		return 16
	}
	return 4
}

func (m *machine) byteorder(e *Expr) tri {
	x, ok := m.load(e.Src, int(e.Len))
	if !ok {
		return maybe
	}
	if !m.rules.BigEndian {
		y, fits := x.swapped(int(e.Offset))
		if !fits {
			y = unknown(len(x.v))
		}
		x = y
	}
	m.store(e.Dst, x)
	return yes
}

func (m *machine) immediate(e *Expr) result {
	switch e.Verdict {
	case "":
		m.store(e.Dst, known(e.Data...))
		return goesOn(yes)
	case "continue":
		return goesOn(yes)
	case "break":
		return goesOn(no)
	case "queue":
		return final("unknown", "it asks a program")
	}
	return result{match: yes, ends: []end{{verdict: e.Verdict, chain: e.Chain, match: yes}}}
}

func (m *machine) payload(e *Expr) tri {
	var from value
	switch e.Base {
	case "link":
		from = m.pkt.link
	case "network":
		from = m.pkt.network
	case "transport":
		from = m.pkt.trans
	default:
		m.store(e.Dst, unknown(int(min(e.Len, 64))))
		return maybe
	}
	if e.Src != 0 { // it writes to the packet: from here on those bytes are the register's
		if x, ok := m.load(e.Src, int(e.Len)); ok && int(e.Offset)+len(x.v) <= len(from.v) {
			from.put(int(e.Offset), x)
		}
		return yes
	}
	x, ok := from.cut(int(e.Offset), int(e.Len))
	if !ok {
		if int(e.Offset)+int(e.Len) > 256 || e.Base != "transport" {
			return no // beyond the packet: the kernel ends the rule
		}
		m.store(e.Dst, unknown(int(e.Len)))
		return maybe
	}
	m.store(e.Dst, x)
	return yes
}

// exthdr looks for options of the headers. Only the Router Alert of IGMP and MLD
// is ever there; what a TCP segment brings is not known.
func (m *machine) exthdr(e *Expr) tri {
	if e.Src != 0 {
		return yes
	}
	there := no
	switch {
	case e.Op == "tcpopt" && m.pkt.l4 == protoTCP:
		there = maybe
	case e.Op == "ipopt" && !m.pkt.v6:
		there = boolTri(m.pkt.alert && e.Key == "148")
	case e.Op == "ipv6" && m.pkt.v6:
		there = boolTri(m.pkt.alert && e.Key == "0")
	}
	for _, f := range e.Flags {
		if f == "present" {
			switch there {
			case yes:
				m.store(e.Dst, known(1))
			case no:
				m.store(e.Dst, known(0))
			default:
				m.store(e.Dst, value{[]byte{0}, []byte{0xfe}})
			}
			return yes
		}
	}
	m.store(e.Dst, unknown(int(min(e.Len, 16))))
	return there
}
