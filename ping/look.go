package ping

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"muster/mcast"
	"muster/ping/internal/neighbour"
)

// Neighbour is a host that is there although it did not answer.
type Neighbour struct {
	Addr netip.Addr
	MAC  string // "" unknown
	// How it was found: "echo", "icmp6" or "arp".
	How string
}

func (n Neighbour) sentence(a Asked) string {
	switch n.How {
	case "echo":
		return fmt.Sprintf("%s did not answer ICMP, yet answers muster's own echo on the group: multicast reaches it, its kernel ignores ICMP echo to groups (net.ipv4.icmp_echo_ignore_broadcasts=1)", n.Addr)
	case "icmp6":
		return fmt.Sprintf("%s (MAC %s) is on this network and did not answer for %s", n.Addr, n.MAC, a.Group)
	}
	return fmt.Sprintf("%s (MAC %s) is known to this host as a neighbour and did not answer for %s", n.Addr, n.MAC, a.Group)
}

// Look finds who else is on the network of a group when fewer answered than
// expected: who answers muster's own echo on the group (on port); while these are
// not enough, whom this host's ARP table knows, and who answers ICMPv6 at ff02::1,
// which Linux does by default. It takes a second. What cannot be done is left out.
func Look(ctx context.Context, cfg LinkConfig, port uint16, have []Row, e Expectation) []Neighbour {
	l := looker{have: have, own: cfg.Interface.Addrs, expect: e}
	if !cfg.UDP {
		udp := cfg
		udp.UDP = true
		udp.Group.Port = port
		for _, a := range answerers(ctx, udp, EchoLen) {
			l.add(Neighbour{Addr: a, How: "echo"})
		}
	}
	if l.enough() {
		return l.found
	}
	for _, e := range neighbour.Read(cfg.Interface.Name) {
		if !e.Failed {
			l.arp = append(l.arp, Neighbour{Addr: e.Addr, MAC: e.MAC, How: "arp"})
		}
	}
	for _, n := range l.arp {
		l.add(n)
	}
	if len(e.Hosts) > 0 && l.enough() {
		return l.found
	}
	all := cfg
	all.UDP = false
	all.Group = mcast.Group{Addr: netip.MustParseAddr("ff02::1"), Count: 1}
	for _, a := range answerers(ctx, all, minICMPSize) {
		if mac := macOf(a); mac != "" {
			l.add(Neighbour{Addr: a, MAC: mac, How: "icmp6"})
		}
	}
	return l.found[:min(len(l.found), maxNeighbours)]
}

// maxNeighbours is how many are told; a large network has more.
const maxNeighbours = 16

// looker gathers neighbours that did not answer, each once.
type looker struct {
	have   []Row
	own    []netip.Prefix
	expect Expectation
	arp    []Neighbour
	found  []Neighbour
}

// enough: it is known of all that are missing that they are there.
func (l *looker) enough() bool {
	if len(l.expect.Hosts) == 0 {
		want := l.expect.Count - l.expect.Answering(l.have)
		return want > 0 && len(l.found) >= want
	}
	return !slices.ContainsFunc(l.expect.Missing(l.have), func(h Host) bool {
		return !slices.ContainsFunc(l.found, func(n Neighbour) bool { return h.has(n.Addr) }) && !h.reachable(l.have)
	})
}

// add notes a neighbour that did not answer. Who answered by unicast is known to be
// there; that muster's own echo reaches it by the group is still news. Where hosts are
// expected by their names, others are nobody's concern; but the address by which one
// answers ICMPv6 may be one that no name leads to.
func (l *looker) add(n Neighbour) {
	if hosts := l.expect.Hosts; len(hosts) > 0 && n.How != "icmp6" && !slices.ContainsFunc(hosts, func(h Host) bool { return h.has(n.Addr) }) {
		return
	}
	same := func(a netip.Addr) bool { return a == n.Addr || n.MAC != "" && macIn(l.arp, a) == n.MAC }
	answered := func(r Row) bool { return r.Received > 0 || n.How != "echo" && r.Unicast.Received > 0 }
	if slices.ContainsFunc(l.have, func(r Row) bool { return answered(r) && same(r.Addr) }) ||
		slices.ContainsFunc(l.found, func(f Neighbour) bool { return same(f.Addr) || f.MAC != "" && f.MAC == n.MAC }) ||
		slices.ContainsFunc(l.own, func(p netip.Prefix) bool { return p.Addr() == n.Addr.WithZone("") }) {
		return
	}
	l.found = append(l.found, n)
}

func answerers(ctx context.Context, cfg LinkConfig, size int) []netip.Addr {
	link, err := Open(cfg)
	if err != nil {
		return nil
	}
	res, err := Run(ctx, link, Options{Count: 2, Interval: 50 * time.Millisecond, Idle: 400 * time.Millisecond, Spread: 50 * time.Millisecond, Size: size})
	if err != nil {
		return nil
	}
	var out []netip.Addr
	for _, r := range res.Responders {
		out = append(out, r.Addr)
	}
	return out
}

func macIn(arp []Neighbour, a netip.Addr) string {
	for _, n := range arp {
		if n.Addr == a {
			return n.MAC
		}
	}
	return ""
}

// macOf is the MAC from which a link-local address was made (RFC 4291 appendix
// A), "" for one that was not.
func macOf(a netip.Addr) string {
	b := a.As16()
	if !a.IsLinkLocalUnicast() || b[11] != 0xff || b[12] != 0xfe {
		return ""
	}
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", b[8]^2, b[9], b[10], b[13], b[14], b[15])
}
