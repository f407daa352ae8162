package filter

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"muster/mcast"
)

// Filter decides which packets to keep. It is for one goroutine.
type Filter struct {
	root  node
	match matcher
	view  view // of the packet that Match looks at
}

// maxDepth bounds parentheses and "not"s inside each other.
const maxDepth = 200

// Parse reads an expression; blank text is "all". An error is a *SyntaxError.
func Parse(expr string) (*Filter, error) {
	p := &parser{expr: expr, tokens: lex(expr)}
	if p.peek().text == "" {
		return All(), nil
	}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.text != "" {
		return nil, p.errorf(t, "expected \"and\", \"or\" or the end, not %q", t.text)
	}
	return compile(n), nil
}

// All keeps every packet.
func All() *Filter { return compile(word("all")) }

// ForGroups keeps what is sent to one of the groups, by its port and source where
// it has them, and all IGMP and MLD messages, which tell who listens.
func ForGroups(groups []mcast.Group) *Filter {
	list := []node{word("igmp"), word("mld")}
	for _, g := range groups {
		list = append(list, groupNode(g))
	}
	return compile(anyOf(list))
}

// And keeps what both keep.
func (f *Filter) And(g *Filter) *Filter {
	switch {
	case f.IsAll():
		return g
	case g.IsAll():
		return f
	}
	return compile(and{f.root, g.root})
}

// IsAll reports whether f keeps every packet.
func (f *Filter) IsAll() bool { return f.root == word("all") }

// WithLaterFragments also keeps the later fragments of datagrams when f asks for
// something that only the first one holds. Without them the datagram could not
// be put together.
func (f *Filter) WithLaterFragments() *Filter {
	if !needsTransport(f.root) {
		return f
	}
	return compile(or{f.root, later{}})
}

// String writes the expression for people: with the parentheses that it needs, and
// without what WithLaterFragments added.
func (f *Filter) String() string { return plain(f.root, 0) }

type parser struct {
	expr   string
	tokens []token
	at     int
	depth  int
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.text != "" {
		p.at++
	}
	return t
}

// accept takes the next token if it is text.
func (p *parser) accept(text string) bool {
	if p.peek().text != text {
		return false
	}
	p.at++
	return true
}

func (p *parser) errorf(t token, format string, args ...any) error {
	return &SyntaxError{p.expr, t.column, fmt.Sprintf(format, args...)}
}

func (p *parser) or() (node, error) {
	n, err := p.and()
	for err == nil && p.accept("or") {
		var m node
		m, err = p.and()
		n = or{n, m}
	}
	return n, err
}

func (p *parser) and() (node, error) {
	n, err := p.not()
	for err == nil && p.accept("and") {
		var m node
		m, err = p.not()
		n = and{n, m}
	}
	return n, err
}

func (p *parser) not() (node, error) {
	t := p.peek()
	if t.text != "not" && t.text != "(" {
		return p.primitive()
	}
	p.at++
	if p.depth++; p.depth > maxDepth {
		return nil, p.errorf(t, "more than %d levels", maxDepth)
	}
	defer func() { p.depth-- }()
	if t.text == "not" {
		n, err := p.not()
		return not{n}, err
	}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if t := p.peek(); !p.accept(")") {
		return nil, p.errorf(t, "expected \")\", not %s", quoted(t))
	}
	return n, nil
}

func quoted(t token) string {
	if t.text == "" {
		return "the end"
	}
	return strconv.Quote(t.text)
}

func (p *parser) primitive() (node, error) {
	t := p.next()
	switch t.text {
	case "group":
		return p.group()
	case "source":
		return p.address(src)
	case "host":
		return p.address(either)
	case "port":
		return p.port(0, either)
	case "src", "dst":
		return p.sided(0, t)
	case "udp", "tcp":
		proto := uint8(17)
		if t.text == "tcp" {
			proto = 6
		}
		switch p.peek().text {
		case "port":
			p.next()
			return p.port(proto, either)
		case "src", "dst":
			return p.sided(proto, p.next())
		}
	case "vlan":
		return p.vlan()
	}
	if _, ok := words[word(t.text)]; ok {
		return word(t.text), nil
	}
	if t.text == "" {
		return nil, p.errorf(t, "expected a condition, not the end")
	}
	return nil, p.errorf(t, "unknown word %q%s", t.text, suggest(t.text))
}

// sided reads what follows "src" or "dst".
func (p *parser) sided(proto uint8, t token) (node, error) {
	s := src
	if t.text == "dst" {
		s = dst
	}
	next := p.next()
	switch {
	case next.text == "port":
		return p.port(proto, s)
	case next.text == "host" && proto == 0:
		return p.address(s)
	}
	return nil, p.errorf(next, "expected \"port\" after %q, not %s", t.text, quoted(next))
}

func (p *parser) group() (node, error) {
	t := p.next()
	if t.text == "" {
		return nil, p.errorf(t, "expected a group")
	}
	if strings.Contains(t.text, "/") {
		p.at--
		return p.address(dst)
	}
	g, err := mcast.ParseGroup(t.text)
	if err != nil {
		return nil, p.errorf(t, "%v", err)
	}
	return groupNode(g), nil
}

func groupNode(g mcast.Group) node {
	var list []node
	for _, net := range prefixes(g.Addr.WithZone(""), g.Count) {
		list = append(list, address{dst, net})
	}
	n := anyOf(list)
	if g.Source.IsValid() {
		a := g.Source.WithZone("")
		n = and{n, address{src, netip.PrefixFrom(a, a.BitLen())}}
	}
	if g.Port != 0 {
		n = and{n, port{17, dst, g.Port, g.Port}}
	}
	return n
}

// prefixes covers count addresses from first on with as few networks as can be.
func prefixes(first netip.Addr, count int) []netip.Prefix {
	var out []netip.Prefix
	for count > 0 && first.IsValid() {
		bits := 0 // of the host part
		for bits < first.BitLen()-1 && 1<<(bits+1) <= count && aligned(first, bits+1) {
			bits++
		}
		out = append(out, netip.PrefixFrom(first, first.BitLen()-bits))
		for range 1 << bits {
			first = first.Next()
		}
		count -= 1 << bits
	}
	return out
}

func aligned(a netip.Addr, bits int) bool {
	return netip.PrefixFrom(a, a.BitLen()-bits).Masked().Addr() == a
}

func (p *parser) address(s side) (node, error) {
	t := p.next()
	if net, err := netip.ParsePrefix(t.text); err == nil {
		return address{s, net.Masked()}, nil
	}
	a, err := netip.ParseAddr(t.text)
	if err != nil {
		return nil, p.errorf(t, "expected an address or a network, not %s", quoted(t))
	}
	a = a.WithZone("").Unmap()
	return address{s, netip.PrefixFrom(a, a.BitLen())}, nil
}

func (p *parser) port(proto uint8, s side) (node, error) {
	t := p.next()
	low, high, isRange := strings.Cut(t.text, "-")
	if !isRange {
		high = low
	}
	lo, err1 := strconv.ParseUint(low, 10, 16)
	hi, err2 := strconv.ParseUint(high, 10, 16)
	if err1 != nil || err2 != nil {
		return nil, p.errorf(t, "expected a port or a range of ports, not %s", quoted(t))
	}
	if lo > hi {
		return nil, p.errorf(t, "the range %s ends before it begins", t.text)
	}
	return port{proto, s, uint16(lo), uint16(hi)}, nil
}

func (p *parser) vlan() (node, error) {
	t := p.peek()
	if t.text == "" || t.text[0] < '0' || t.text[0] > '9' {
		return vlan{-1}, nil
	}
	p.at++
	id, err := strconv.ParseUint(t.text, 10, 16)
	if err != nil || id > 4095 {
		return nil, p.errorf(t, "%s is no VLAN id (0 to 4095)", t.text)
	}
	return vlan{int(id)}, nil
}

// suggest names the word that was probably meant.
func suggest(s string) string {
	known := []string{"group", "source", "host", "port", "vlan", "and", "or", "not", "src", "dst"}
	for w := range words {
		known = append(known, string(w))
	}
	slices.Sort(known)
	for _, k := range known {
		if distance(s, k) == 1 {
			return fmt.Sprintf("; did you mean %q?", k)
		}
	}
	return " (see docs/filters.md)"
}

// distance is 1 for words that differ by one letter more, less or other, or by
// two swapped; else 0 or more than 1.
func distance(a, b string) int {
	if a == b {
		return 0
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	for i := range b {
		if i < len(a) && a[i] == b[i] {
			continue
		}
		switch {
		case len(a) < len(b) && a[i:] == b[i+1:],
			len(a) == len(b) && a[i+1:] == b[i+1:],
			len(a) == len(b) && i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]:
			return 1
		}
		return 2
	}
	return 2
}
