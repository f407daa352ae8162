package ping

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"muster/mcast"
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

// Look finds who else is on the network of a group when want fewer answered than
// expected: who answers muster's own echo on the group (on port); while these are
// not enough, whom this host's ARP table knows, and who answers ICMPv6 at ff02::1,
// which Linux does by default. It takes a second. What cannot be done is left out.
func Look(ctx context.Context, cfg LinkConfig, port uint16, have []Row, want int) []Neighbour {
	l := looker{have: have, own: cfg.Interface.Addrs}
	if !cfg.UDP {
		udp := cfg
		udp.UDP = true
		udp.Group.Port = port
		for _, a := range answerers(ctx, udp, EchoLen) {
			l.add(Neighbour{Addr: a, How: "echo"})
		}
	}
	if want > 0 && len(l.found) >= want {
		return l.found
	}
	l.arp = readARP(cfg.Interface.Name)
	for _, n := range l.arp {
		l.add(n)
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
	have  []Row
	own   []netip.Prefix
	arp   []Neighbour
	found []Neighbour
}

func (l *looker) add(n Neighbour) {
	same := func(a netip.Addr) bool { return a == n.Addr || n.MAC != "" && macIn(l.arp, a) == n.MAC }
	if slices.ContainsFunc(l.have, func(r Row) bool { return r.Received > 0 && same(r.Addr) }) ||
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

// readARP lists the complete entries of this host's ARP table on an interface;
// nothing where the system does not show it as Linux does.
func readARP(ifname string) []Neighbour {
	b, err := os.ReadFile("/proc/thread-self/net/arp")
	if err != nil {
		return nil
	}
	return parseARP(string(b), ifname)
}

// parseARP reads /proc/net/arp: address, hardware type, flags, MAC, mask, device.
// Flag 2 is a complete entry.
func parseARP(text, ifname string) []Neighbour {
	var out []Neighbour
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) != 6 || f[2] != "0x2" || f[5] != ifname {
			continue
		}
		if a, err := netip.ParseAddr(f[0]); err == nil {
			out = append(out, Neighbour{Addr: a, MAC: f[3], How: "arp"})
		}
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
