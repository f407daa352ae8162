package firewall

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Matches of iptables that ask for more than the packet: its sender, the routes,
// the host's lists (iptables-extensions(8)).

// xtTTL judges --ttl-eq, --ttl-lt, --ttl-gt and, for IPv6, --hl-*.
func (m *machine) xtTTL(o option) (tri, bool) {
	at := 8
	if m.pkt.v6 {
		at = 7
	}
	n, err := strconv.ParseUint(o.value(), 10, 8)
	x, ok := m.pkt.network.cut(at, 1)
	if err != nil || !ok {
		return no, false
	}
	op, ok := map[string]string{"eq": "==", "lt": "<", "gt": ">"}[o.name[strings.LastIndexByte(o.name, '-')+1:]]
	return x.compare(op, []byte{byte(n)}), ok
}

// xtOwner judges the socket's owner: only packets of this host's own have one, and
// what the kernel itself sends has none.
func (m *machine) xtOwner(o option) (tri, bool) {
	p := m.pkt
	switch {
	case p.Way != Out || p.sender.kernel:
		return no, true
	case o.name == "--socket-exists":
		return yes, true
	case o.name != "--uid-owner" || !p.sender.known:
		return maybe, true
	}
	lo, hi, ranged := strings.Cut(o.value(), "-")
	a, err := strconv.ParseUint(lo, 10, 32)
	b := a
	var err2 error
	if ranged {
		b, err2 = strconv.ParseUint(hi, 10, 32)
	}
	if err != nil || err2 != nil {
		return maybe, true // a name
	}
	uid := uint64(p.sender.uid)
	return boolTri(a <= uid && uid <= b), true
}

// rpfilter: the way back to the source leaves where the packet came in; with
// --loose by any interface.
func (m *machine) rpfilter(os []option) tri {
	has := func(name string) bool {
		return slices.ContainsFunc(os, func(o option) bool { return o.name == name })
	}
	out := maybe
	if d, ok := m.wayBack(); ok && (!has("--validmark") || m.mark.full()) {
		out = boolTri(d.Index == m.pkt.In.Index || has("--loose"))
	}
	if has("--invert") {
		return out.not()
	}
	return out
}

// ipsecPolicy: whether the packet came or goes under IPsec. Where nothing of it is
// set up, none does.
func (m *machine) ipsecPolicy(os []option) tri {
	for _, o := range os {
		if o.name != "--pol" {
			continue
		}
		if !m.pkt.plain {
			return maybe
		}
		return boolTri((o.value() == "none") != o.not)
	}
	return maybe
}

// recent judges the lists of addresses that rules themselves keep: --set always
// matches; the others match where the list has the address, as often and as lately
// as is asked, which only the next packets tell.
func (m *machine) recent(os []option) tri {
	name, asks, source := "DEFAULT", "", true
	var not bool
	for _, o := range os {
		switch o.name {
		case "--set", "--rcheck", "--update", "--remove":
			asks, not = o.name, o.not
		case "--name":
			name = o.value()
		case "--rdest":
			source = false
		}
	}
	out := maybe
	switch {
	case asks == "--set":
		out = yes
		if m.listed == nil {
			m.listed = map[string]bool{}
		}
		m.listed[name] = true
	case m.listed[name]: // perhaps: by a rule that may not have matched, and not yet often enough
	default:
		if list, known := m.rules.Recent[name]; known {
			out = m.onList(list, source)
		}
	}
	if not {
		return out.not()
	}
	return out
}

// onList: no where no address of the list can be the packet's. Those that can be
// may be too old, or too seldom, to count.
func (m *machine) onList(list []netip.Addr, source bool) tri {
	x, ok := m.address(source)
	if !ok {
		return maybe
	}
	for _, a := range list {
		if x.equal(a.AsSlice()) != no {
			return maybe
		}
	}
	return no
}
