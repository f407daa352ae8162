package cmd

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/internal/verdict"
	"muster/internal/wellknown"
	"muster/mcast/products"
)

// subjectGroup is what was asked about: an address, a port, both, or an Ethernet
// address.
type subjectGroup struct {
	source, addr netip.Addr
	port         uint16
	mac          net.HardwareAddr
}

// parseSubject reads [SOURCE,]ADDRESS[:PORT], a port alone (with or without a
// colon before it) and an Ethernet address. It takes unicast addresses too: to
// tell that they are no group is an answer.
func parseSubject(s string) (g subjectGroup, ok bool) {
	if mac, err := net.ParseMAC(s); err == nil && len(mac) == 6 {
		return subjectGroup{mac: mac}, true
	}
	if port, err := strconv.ParseUint(strings.TrimPrefix(s, ":"), 10, 16); err == nil && port > 0 {
		return subjectGroup{port: uint16(port)}, true
	}
	if source, rest, found := strings.Cut(s, ","); found {
		addr, err := netip.ParseAddr(source)
		if err != nil {
			return g, false
		}
		g.source, s = addr, rest
	}
	s, _, _ = strings.Cut(s, "+")
	if ap, err := netip.ParseAddrPort(s); err == nil {
		g.addr, g.port = ap.Addr().Unmap(), ap.Port()
		return g, true
	}
	addr, err := netip.ParseAddr(strings.Trim(s, "[]"))
	g.addr = addr.Unmap()
	return g, err == nil
}

type groupDocument struct {
	Type      string           `json:"type"`
	Address   string           `json:"address"`
	Port      uint16           `json:"port"`
	Multicast bool             `json:"multicast"`
	Source    string           `json:"source,omitempty"`
	Scope     string           `json:"scope"`
	Block     *wellknown.Block `json:"block"`
	MAC       string           `json:"mac"`
	// Aliases are the other IPv4 groups behind the same Ethernet address.
	Aliases []netip.Addr `json:"aliases"`
	// Products use the group and port by default; Others one of the two.
	Products []products.Product `json:"products"`
	Others   []products.Product `json:"others"`
	Pages    []verdict.ID       `json:"pages"`
}

func explainGroup(a *app, g subjectGroup) error {
	doc := describe(g)
	var err error
	if a.json {
		err = term.Document(a.Out, doc)
	} else {
		err = printGroup(a.Out, doc)
	}
	if err == nil && g.addr.IsValid() && !doc.Multicast {
		return errNo
	}
	return err
}

func describe(g subjectGroup) groupDocument {
	doc := groupDocument{Type: "group", Port: g.port, Aliases: []netip.Addr{}, Products: []products.Product{}, Others: []products.Product{}, Pages: []verdict.ID{}}
	if g.source.IsValid() {
		doc.Source = g.source.String()
	}
	if g.mac != nil {
		doc.MAC = g.mac.String()
		doc.Aliases = append(doc.Aliases, wellknown.GroupsOf(g.mac)...)
		doc.Multicast = g.mac[0]&1 == 1
		for _, group := range doc.Aliases {
			doc.Others = append(doc.Others, products.ByGroup(group)...)
		}
		doc.Pages = append(doc.Pages, "switch.mac-alias")
		return doc
	}
	if g.addr.IsValid() {
		doc.Address = g.addr.String()
		doc.Multicast = g.addr.IsMulticast()
		doc.Scope = wellknown.Scope(g.addr)
		if b, ok := wellknown.BlockOf(g.addr); ok {
			doc.Block = &b
		}
		doc.MAC = wellknown.MAC(g.addr).String()
		doc.Aliases = append(doc.Aliases, wellknown.Aliases(g.addr)...)
	}
	doc.Products, doc.Others = knownFor(g)
	doc.Pages = pagesFor(g, doc)
	return doc
}

// knownFor splits the table: what fits all that was given, and what fits a part.
func knownFor(g subjectGroup) (all, part []products.Product) {
	all, part = []products.Product{}, []products.Product{}
	for _, p := range products.All() {
		group := g.addr.IsValid() && p.UsesGroup(g.addr)
		port := g.port != 0 && p.UsesPort(g.port)
		switch {
		case group && (port || g.port == 0 || len(p.Ports) == 0), port && !g.addr.IsValid():
			all = append(all, p)
		case group, port && g.port > 1023:
			part = append(part, p)
		}
	}
	return all, part
}

func pagesFor(g subjectGroup, doc groupDocument) []verdict.ID {
	ids := []verdict.ID{}
	switch {
	case !g.addr.IsValid():
	case !doc.Multicast:
		ids = append(ids, "group.invalid")
	case g.addr.Is6():
		ids = append(ids, "ipv6.scope")
	case doc.Block.Use == "control" && strings.HasPrefix(doc.Address, "224.0.0."):
		ids = append(ids, "group.link-local-range")
	case doc.Block.Use == "ssm":
		ids = append(ids, "group.ssm-as-asm")
	case doc.Block.Use != "private":
		ids = append(ids, "group.reserved")
	}
	if len(doc.Products)+len(doc.Others) > 0 {
		ids = append(ids, "group.well-known")
	}
	if len(doc.Aliases) > 0 {
		ids = append(ids, "switch.mac-alias")
	}
	return ids
}

func printGroup(out *term.Stream, doc groupDocument) error {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		width := 98 // as wide as prose is read with ease
		if out.TTY {
			width = min(width, out.Width)
		}
		fmt.Fprintf(&b, "%-9s %s\n", name, term.Wrap(fmt.Sprintf(format, args...), width-10, "          "))
	}
	switch {
	case doc.Address == "" && doc.MAC != "" && !doc.Multicast:
		line("address", "%s is the Ethernet address of one host, not of groups", doc.MAC)
	case doc.Address != "" && !doc.Multicast:
		line("address", "%s is no multicast address: groups are 224.0.0.0-239.255.255.255 and ff00::/8", escape.Text(doc.Address))
	case doc.Address != "":
		line("group", "%s", escape.Text(doc.Address))
		line("scope", "%s", doc.Scope)
		line("block", "%s, %s (%s): %s", doc.Block.Range, doc.Block.Name, doc.Block.RFC, doc.Block.Advice)
	}
	if doc.Port != 0 {
		line("port", "%d", doc.Port)
	}
	if doc.MAC != "" && doc.Multicast {
		line("ethernet", "%s", doc.MAC)
	}
	for _, p := range doc.Products {
		line("known for", "%s", productLine(p))
	}
	for _, p := range doc.Others {
		line("see also", "%s", productLine(p))
	}
	if len(doc.Products)+len(doc.Others) == 0 && (doc.Multicast || doc.Address == "") && doc.MAC != "" || doc.Address == "" && doc.Port != 0 && len(doc.Products) == 0 {
		line("known for", "nothing that muster has heard of")
	}
	if len(doc.Aliases) > 0 {
		var names []string
		for _, x := range doc.Aliases {
			names = append(names, x.String())
		}
		what := "share its Ethernet address"
		if doc.Address == "" {
			what = "stand behind this Ethernet address"
		}
		line("aliases", "%d groups %s: %s", len(names), what, strings.Join(names, ", "))
	}
	for _, id := range doc.Pages {
		line("page", "muster explain %s", id)
	}
	_, err := fmt.Fprint(out, b.String())
	return err
}

func productLine(p products.Product) string {
	var where []string
	for _, g := range p.Groups {
		if g.IsSingleIP() {
			where = append(where, g.Addr().String())
		} else {
			where = append(where, g.String())
		}
	}
	s := p.Name + " (" + strings.Join(where, ", ")
	for i, port := range p.Ports {
		s += map[bool]string{true: "; port ", false: ", "}[i == 0] + strconv.Itoa(int(port))
	}
	s += ")"
	if p.Note != "" {
		s += ": " + p.Note
	}
	return s
}
