package firewall

// meta loads or sets what the kernel knows beside the packet's bytes.
func (m *machine) meta(e *Expr) tri {
	if e.Src != 0 {
		m.setMeta(e)
		return yes
	}
	p := m.pkt
	in, out := p.In, p.Out
	switch e.Key {
	case "protocol":
		m.store(e.Dst, known(byte(p.etherType()>>8), byte(p.etherType())))
	case "mark":
		m.store(e.Dst, m.mark)
	case "iif":
		m.store(e.Dst, m.u32(in.Index))
	case "oif":
		m.store(e.Dst, m.u32(out.Index))
	case "iifname":
		m.store(e.Dst, ifname(m.hookName(in)))
	case "oifname":
		m.store(e.Dst, ifname(m.hookName(out)))
	case "ibrname", "obrname": // the bridge above the port
		if p.Bridge {
			m.store(e.Dst, ifname(map[bool]string{true: in.Name, false: out.Name}[e.Key == "ibrname"]))
		} else {
			m.store(e.Dst, ifname(""))
		}
	case "iiftype":
		if m.chain.Hook == "egress" { // measured: there it is the outgoing device's
			in = out
		}
		m.store(e.Dst, m.u16(in.Type))
	case "oiftype":
		m.store(e.Dst, m.u16(out.Type))
	case "iifkind":
		m.store(e.Dst, ifname(in.Kind))
	case "oifkind":
		m.store(e.Dst, ifname(out.Kind))
	case "iifgroup":
		m.store(e.Dst, m.u32(in.Group))
	case "oifgroup":
		m.store(e.Dst, m.u32(out.Group))
	case "sdif":
		m.store(e.Dst, m.u32(0))
	case "sdifname":
		m.store(e.Dst, ifname(""))
	case "nfproto":
		family := byte(2)
		if p.v6 {
			family = 10
		}
		m.store(e.Dst, known(family))
	case "l4proto":
		m.store(e.Dst, known(p.l4))
	case "pkttype":
		m.store(e.Dst, known(p.pktType))
	case "secpath":
		if p.plain {
			m.store(e.Dst, known(0))
		} else {
			m.store(e.Dst, value{[]byte{0}, []byte{0xfe}})
		}
	case "skuid", "skgid":
		m.store(e.Dst, unknown(4))
		switch {
		case p.Way != Out || p.sender.kernel:
			return no // no socket, or none yet: the kernel ends the rule
		case p.sender.known && e.Key == "skuid":
			m.store(e.Dst, m.u32(p.sender.uid))
		}
	default: // len, priority, cpu, cgroup, random, time, day, hour, rtclassid, ...
		m.store(e.Dst, unknown(8))
	}
	return yes
}

// hookName is the device's name as this family sees it: the bridge family sees
// the port, the others the bridge.
func (m *machine) hookName(d Device) string {
	if m.table.Family != "bridge" || d.Name == "" {
		return d.Name
	}
	if len(m.pkt.Lower) == 1 && m.pkt.Way != Forwarded {
		return m.pkt.Lower[0].Name
	}
	return "\x00"
}

// ifname is a device name as registers hold it, padded to 16 bytes; "\x00" stands
// for one that is not known.
func ifname(name string) value {
	if name == "\x00" {
		return unknown(16)
	}
	b := make([]byte, 16)
	copy(b[:15], name)
	return known(b...)
}

func (m *machine) setMeta(e *Expr) {
	switch e.Key {
	case "mark":
		if x, ok := m.load(e.Src, 4); ok {
			m.mark = x.clone()
		}
	case "pkttype":
		if x, ok := m.load(e.Src, 1); ok && x.full() {
			m.pkt.pktType = x.v[0]
		}
	}
}

// lookup finds a register in a set or a map.
func (m *machine) lookup(e *Expr) result {
	set := m.table.set(e.Set)
	if set == nil {
		return goesOn(maybe)
	}
	key, ok := m.load(e.Src, int(set.KeyLen))
	if !ok {
		return goesOn(maybe)
	}
	m.looked += len(set.Elements)
	if e.Op != "map" {
		found := no
		for i := range set.Elements {
			if found = found.or(set.holds(key, &set.Elements[i])); found == yes {
				break
			}
		}
		if found != yes && set.Unread {
			found, m.doubt = maybe, notAll(e.Set)
		}
		if e.Invert {
			found = found.not()
		}
		return goesOn(found)
	}
	return m.lookupMap(e, set, key)
}

// notAll is why it is not known whether a set holds something.
func notAll(set string) string { return "not every element of the set " + set + " was read" }

// lookupMap collects the elements that key may be. Verdicts of a map are ends of
// the rule; data goes to the register.
func (m *machine) lookupMap(e *Expr, set *Set, key value) result {
	out := result{match: no}
	var data value
	have := false
	take := func(el *Element, t tri) {
		out.match = out.match.or(t)
		switch {
		case el.Verdict == "continue":
		case el.Verdict == "break":
		case el.Verdict != "":
			out.ends = append(out.ends, end{verdict: el.Verdict, chain: el.Chain, match: t})
		case have:
			data = data.merged(known(el.Data...))
		default:
			data, have = known(el.Data...), true
		}
	}
	var all *Element
	for i := range set.Elements {
		el := &set.Elements[i]
		if el.CatchAll {
			all = el
			continue
		}
		if t := set.holds(key, el); t != no {
			take(el, t)
		}
	}
	if set.Unread && out.match != yes {
		out.match = maybe
		data = unknown(16)
		have = true
		out.ends = append(out.ends, end{verdict: "unknown", why: "not every element of its map could be read", match: maybe})
	}
	if all != nil && out.match != yes {
		if out.match == maybe {
			take(all, maybe)
			out.match = yes
		} else {
			take(all, yes)
		}
	}
	if have {
		m.store(e.Dst, data)
	}
	return out
}

// holds reports whether the element is, or contains, the key.
func (s *Set) holds(key value, el *Element) tri {
	switch {
	case el.CatchAll:
		return yes
	case len(el.End) == 0:
		return key.equal(el.Key)
	case len(s.Fields) == 0:
		return key.between(el.Key, el.End)
	}
	found, at := yes, 0
	for _, f := range s.Fields {
		n := int(f+3) &^ 3
		x, ok := key.cut(at, n)
		if !ok || at+n > len(el.Key) || at+n > len(el.End) {
			return maybe
		}
		found = found.and(x.between(el.Key[at:at+n], el.End[at:at+n]))
		at += n
	}
	return found
}
