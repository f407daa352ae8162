package firewall

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// xtMatch judges a match module of iptables by its options, which are written as
// iptables-save writes them: "!" before the option that it turns around.
func (m *machine) xtMatch(e *Expr) tri {
	out := yes
	switch e.Name {
	case "recent":
		return m.recent(options(e.Args))
	case "rpfilter":
		return m.rpfilter(options(e.Args))
	case "policy":
		return m.ipsecPolicy(options(e.Args))
	}
	for _, o := range options(e.Args) {
		t, ok := m.xtOption(e.Name, o)
		switch {
		case !ok:
			t = maybe
		case o.not:
			t = t.not()
		}
		if out = out.and(t); out == no {
			break
		}
	}
	return out
}

// option is one option of a match or target with its values.
type option struct {
	name   string
	values []string
	not    bool
}

func options(args []string) []option {
	if len(args) == 2 && isOption(args[0]) && args[1] != "!" && !isOption(args[1]) { // most have one
		return []option{{name: args[0], values: args[1:]}}
	}
	var out []option
	not := false
	for _, a := range args {
		switch {
		case a == "!":
			not = true
		case isOption(a):
			out = append(out, option{name: a, not: not})
			not = false
		case len(out) > 0:
			o := &out[len(out)-1]
			o.values = append(o.values, a)
		}
	}
	return out
}

func isOption(a string) bool {
	return strings.HasPrefix(a, "-") && len(a) > 1 && (a[1] < '0' || a[1] > '9')
}

func (o option) value() string {
	if len(o.values) == 0 {
		return ""
	}
	return o.values[0]
}

// xtOption judges one option; false where muster does not know it.
func (m *machine) xtOption(module string, o option) (tri, bool) {
	p := m.pkt
	switch module {
	case "comment":
		return yes, true
	case "":
		return m.xtBasic(o)
	case "tcp", "udp", "udplite", "multiport", "dccp", "sctp":
		return m.xtPorts(module, o)
	case "conntrack", "state":
		return m.xtState(o)
	case "addrtype":
		switch o.name {
		case "--dst-type":
			return addrType(o.value(), p.dstType), true
		case "--src-type":
			return addrType(o.value(), p.srcType), true
		}
	case "pkttype":
		names := map[string]byte{"unicast": 0, "host": 0, "broadcast": 1, "multicast": 2}
		if n, ok := names[o.value()]; ok && o.name == "--pkt-type" {
			return boolTri(n == p.pktType), true
		}
	case "physdev":
		return m.xtPhysdev(o)
	case "icmp", "icmp6", "icmpv6":
		return m.xtICMP(o)
	case "mark":
		return markIs(m.mark, m, o)
	case "connmark":
		return markIs(m.ctm, m, o)
	case "iprange":
		lo, hi, ok := strings.Cut(o.value(), "-")
		a, err1 := netip.ParseAddr(lo)
		b, err2 := netip.ParseAddr(hi)
		if !ok || err1 != nil || err2 != nil {
			return no, false
		}
		x, have := m.address(strings.HasPrefix(o.name, "--src"))
		if !have {
			return no, false
		}
		return x.between(a.AsSlice(), b.AsSlice()), true
	case "ttl", "hl":
		return m.xtTTL(o)
	case "owner":
		return m.xtOwner(o)
	case "set":
		if o.name == "--match-set" && len(o.values) == 2 {
			return m.ipset(o.values[0], strings.Split(o.values[1], ","), 0), true
		}
	case "length", "dscp", "tos", "mac", "limit", "hashlimit":
		return maybe, true
	}
	return no, false
}

// xtBasic judges what iptables takes without a module: -s -d -i -o -p -f.
func (m *machine) xtBasic(o option) (tri, bool) {
	switch o.name {
	case "-s", "--source", "-d", "--destination":
		return m.inPrefixes(o.name[1] == 's' || o.name == "--source", o.value())
	case "-i", "--in-interface":
		return ifMatches(m.pkt.In.Name, o.value()), true
	case "-o", "--out-interface":
		return ifMatches(m.pkt.Out.Name, o.value()), true
	case "-p", "--protocol":
		n, ok := protocolNumber(o.value())
		if !ok {
			return no, false
		}
		return boolTri(n == 0 || byte(n) == m.pkt.l4), true
	case "-f", "--fragment":
		return no, true
	}
	return no, false
}

var protocolNames = map[string]int{"all": 0, "icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "esp": 50, "ah": 51, "icmpv6": 58, "ipv6-icmp": 58, "ospf": 89, "pim": 103, "vrrp": 112, "sctp": 132, "udplite": 136, "gre": 47, "dccp": 33, "mh": 135}

// protocolNumber reads a name or number as iptables prints it; 0 is any.
func protocolNumber(s string) (int, bool) {
	if n, ok := protocolNames[s]; ok {
		return n, true
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 0 && n < 256
}

func ifMatches(name, pattern string) tri {
	if p, wild := strings.CutSuffix(pattern, "+"); wild {
		return boolTri(strings.HasPrefix(name, p))
	}
	return boolTri(name == pattern)
}

// goOn are the targets after which iptables looks at the next rule.
var goOn = []string{"LOG", "NFLOG", "ULOG", "TRACE", "AUDIT", "CHECKSUM", "CLASSIFY", "TCPMSS", "TCPOPTSTRIP", "DSCP", "TOS", "TTL", "HL", "ECN", "SET", "CONNSECMARK", "SECMARK", "IDLETIMER", "RATEEST", "TEE", "LED", "HMARK", ""}

// xtTarget is the end of an iptables rule.
func (m *machine) xtTarget(e *Expr) result {
	switch e.Name {
	case "ACCEPT":
		return final("accept", "")
	case "DROP", "REJECT", "TARPIT":
		return final("drop", "")
	case "RETURN":
		return final("return", "")
	case "MASQUERADE":
		m.track.nat = yes
		return final("accept", "")
	case "SNAT":
		return m.newSource(translated(options(e.Args), "--to-source"))
	case "DNAT":
		return m.newDestination(translated(options(e.Args), "--to-destination"))
	case "REDIRECT", "NETMAP":
		return m.newDestination(value{})
	case "TPROXY", "SYNPROXY":
		return final("unknown", "it hands the packet to a proxy")
	case "NFQUEUE", "QUEUE":
		return final("unknown", "it asks a program")
	case "NOTRACK":
		m.notrack()
		return goesOn(yes)
	case "CT":
		if slices.Contains(e.Args, "--notrack") {
			m.notrack()
		} else if m.track.untracked == no { // an untracked packet stays so
			m.attach(slices.Contains(e.Args, "--zone"))
		}
		return goesOn(yes)
	case "MARK":
		m.mark = m.marked(m.mark, options(e.Args))
		return goesOn(yes)
	case "CONNMARK":
		m.connmark(options(e.Args))
		return goesOn(yes)
	}
	if slices.Contains(goOn, e.Name) {
		return goesOn(yes)
	}
	return result{match: maybe, ends: []end{{verdict: "unknown", why: "it has a target that muster does not know: " + e.Name, match: maybe}}}
}
