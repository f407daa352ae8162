package filter

import (
	"fmt"
	"net/netip"
	"strings"
)

// node is one part of an expression: one of the types below.
type node interface{ String() string }

type (
	and struct{ a, b node }
	or  struct{ a, b node }
	not struct{ x node }

	// word is a primitive without arguments.
	word string

	// address asks for a network as source, destination or either.
	address struct {
		side side
		net  netip.Prefix
	}
	// port asks for a range of ports of proto (0: UDP or TCP).
	port struct {
		proto  uint8
		side   side
		lo, hi uint16
	}
	// vlan asks for a tag; id -1 is any.
	vlan struct{ id int }
	// later is a fragment that is not the first of its datagram: it holds no ports.
	later struct{}
)

type side uint8

const (
	either side = iota
	src
	dst
)

// words are the primitives without arguments, with the IP protocol numbers by
// which those that have one are known in IPv4 and IPv6.
var words = map[word]struct {
	v4, v6 int // -1: never
}{
	"udp": {17, 17}, "tcp": {6, 6}, "igmp": {2, -1}, "icmp": {1, -1}, "icmp6": {-1, 58},
	"pim": {103, 103}, "vrrp": {112, 112},
	"mld": {}, "arp": {}, "ip": {}, "ip6": {}, "multicast": {}, "tribes": {}, "fragment": {}, "all": {},
}

func (n and) String() string  { return "(" + n.a.String() + " and " + n.b.String() + ")" }
func (n or) String() string   { return "(" + n.a.String() + " or " + n.b.String() + ")" }
func (n not) String() string  { return "not " + n.x.String() }
func (n word) String() string { return string(n) }
func (later) String() string  { return "later fragment" }

// plain is String with no parentheses but those that n needs inside an operator
// that binds as tightly as level: 1 or, 2 and, 3 not.
func plain(n node, level int) string {
	own, text := 4, ""
	switch n := n.(type) {
	case or:
		if n.b == node(later{}) {
			return plain(n.a, level)
		}
		own, text = 1, plain(n.a, 1)+" or "+plain(n.b, 1)
	case and:
		own, text = 2, plain(n.a, 2)+" and "+plain(n.b, 2)
	case not:
		own, text = 3, "not "+plain(n.x, 3)
	default:
		text = n.String()
	}
	if own < level {
		return "(" + text + ")"
	}
	return text
}

func (n address) String() string {
	key := map[side]string{either: "host", src: "source", dst: "group"}[n.side]
	if n.side == dst && !n.net.Addr().IsMulticast() {
		key = "dst host"
	}
	if n.net.IsSingleIP() {
		return key + " " + n.net.Addr().String()
	}
	return key + " " + n.net.String()
}

func (n port) String() string {
	var b strings.Builder
	switch n.proto {
	case 6:
		b.WriteString("tcp ")
	case 17:
		b.WriteString("udp ")
	}
	b.WriteString([]string{"", "src ", "dst "}[n.side])
	fmt.Fprintf(&b, "port %d", n.lo)
	if n.hi != n.lo {
		fmt.Fprintf(&b, "-%d", n.hi)
	}
	return b.String()
}

func (n vlan) String() string {
	if n.id < 0 {
		return "vlan"
	}
	return fmt.Sprintf("vlan %d", n.id)
}

// needsTransport reports whether n asks for something that only the first
// fragment of a datagram holds.
func needsTransport(n node) bool {
	switch n := n.(type) {
	case and:
		return needsTransport(n.a) || needsTransport(n.b)
	case or:
		return needsTransport(n.a) || needsTransport(n.b)
	case not:
		return needsTransport(n.x)
	case port:
		return true
	case word:
		return n == "tribes"
	}
	return false
}

// anyOf joins nodes with or; there is at least one.
func anyOf(list []node) node {
	out := list[0]
	for _, n := range list[1:] {
		out = or{out, n}
	}
	return out
}
