package analysis

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"muster/internal/verdict"
	"muster/internal/wellknown"
	"muster/mcast/products"
)

// data are the groups that applications send datagrams to.
func (j *judge) data() []*Group {
	var out []*Group
	for _, g := range j.SortedGroups() {
		if g.Addr.Port() != 0 && !g.Known.Control {
			out = append(out, g)
		}
	}
	return out
}

var linkLocal4 = netip.MustParsePrefix("224.0.0.0/24")

// linkLocalRange: an application in the block of the network's own protocols.
func (j *judge) linkLocalRange() {
	for _, g := range j.data() {
		if linkLocal4.Contains(g.Addr.Addr()) && g.Product == "" {
			j.add("group.link-local-range", verdict.Warn, verdict.Definite, g.Addr.String(),
				fmt.Sprintf("%d datagrams went to %s: every switch floods this block and no router forwards it", g.Packets, g.Addr),
				verdict.Fix("a group in 239.192.0.0/14 or 239.255.0.0/16"))
		}
	}
}

// reserved: a group in a block that IANA gives to nobody.
func (j *judge) reserved() {
	const id = "group.reserved"
	fine := 0
	for _, g := range j.data() {
		b, ok := wellknown.BlockOf(g.Addr.Addr())
		switch {
		case !ok || b.Use != "reserved":
		case g.Product != "" || g.spokenAtHome():
			fine++
		default:
			j.add(id, verdict.Warn, verdict.Definite, g.Addr.String(),
				fmt.Sprintf("%s lies in %s (%s) and is no product's default", g.Addr, b.Range, b.Name), verdict.Fix("a group in 239.192.0.0/14 for a new cluster"))
		}
	}
	if fine > 0 && !j.bad(id) {
		j.pass(id, "%s in a reserved block by a product's default, which works inside one VLAN", some(fine, "group"))
	}
}

// spokenAtHome: the address is the default of the product that is spoken there, and only
// the port is another one.
func (g *Group) spokenAtHome() bool {
	for _, p := range products.ByGroup(g.Addr.Addr()) {
		for _, protocol := range g.Protocols.List() {
			if p.Key == protocol || p.Key == "infinispan" && protocol == "jgroups" {
				return true
			}
		}
	}
	return false
}

// ssmAsASM: any-source joins where routers take only source-specific ones.
func (j *judge) ssmAsASM() {
	for _, x := range j.Listeners() {
		if x.AnySource && isSSM(x.Group) {
			j.add("group.ssm-as-asm", verdict.Warn, verdict.Definite, x.Group.String(),
				fmt.Sprintf("%s joined %s from any source: it works in one VLAN, routers ignore it", texts(x.Reporters.List()), x.Group),
				verdict.Fix("join with the source (SOURCE,"+x.Group.String()+"), or take another group"))
		}
	}
}

func isSSM(a netip.Addr) bool {
	if a.Is4() {
		return a.As4()[0] == 232
	}
	b := a.As16()
	return b[0] == 0xff && b[1]>>4 == 3 && b[2] == 0 && b[3] == 0
}

// wellKnown: a cluster on the place of another product.
func (j *judge) wellKnown() {
	for _, g := range j.data() {
		if g.Heartbeats > 0 && g.Known.Key != "" && g.Known.Key != "tribes" {
			j.add("group.well-known", verdict.Warn, verdict.Definite, g.Addr.String(),
				fmt.Sprintf("heartbeats go to %s, the default of %s", g.Addr, g.Product), verdict.Fix("a group and port of its own"))
		}
	}
}

// macAlias: groups that a switch cannot tell apart. Tomcat's own default is among them,
// which its page says; of others it is told, whatever the port.
func (j *judge) macAlias() {
	const id = "switch.mac-alias"
	first := map[string]netip.Addr{}
	for _, g := range j.SortedGroups() {
		a := g.Addr.Addr()
		if !a.Is4() {
			continue
		}
		mac := wellknown.MAC(a).String()
		if other, ok := first[mac]; ok && other != a {
			j.add(id, verdict.Warn, verdict.Definite, a.String(),
				fmt.Sprintf("%s and %s are both %s on the wire: who joins one gets the other's packets too", other, a, mac), verdict.Fix("groups whose low 23 bits differ"))
		} else {
			first[mac] = a
		}
		if b := a.As4(); b[1]&0x7f == 0 && b[2] == 0 && !linkLocal4.Contains(a) && g.Addr.Port() != 0 && !g.Known.Control && g.Known.Key != "tribes" {
			j.add(id, verdict.Warn, verdict.Definite, a.String(),
				fmt.Sprintf("%s has the Ethernet address of %s, which switches flood", a, netip.AddrFrom4([4]byte{224, 0, 0, b[3]})), verdict.Fix("a group whose third byte is not 0"))
		}
	}
}

// ttlZero: packets that must not leave their host.
func (j *judge) ttlZero() {
	for _, g := range j.SortedGroups() {
		if g.TTLMin == 0 {
			j.add("ttl.zero", verdict.Fail, verdict.Definite, g.Addr.String(),
				fmt.Sprintf("packets to %s carry a TTL of 0: only sockets of the same host get them", g.Addr), verdict.Fix(`mcastTTL="1" or more (Tomcat), the product's TTL option else`))
		}
	}
}

// ttlTooSmall: a member is known by its messages, which came over routers that its
// heartbeats do not pass.
func (j *judge) ttlTooSmall() {
	const id = "ttl.too-small"
	ttl, near := uint8(0), 0
	for _, m := range j.heard {
		for _, t := range m.TTLs.List() {
			ttl = max(ttl, t)
		}
	}
	if ttl == 0 {
		return // what those carry that do not arrive is anybody's guess
	}
	for _, c := range j.cut {
		h := j.hosts[c.m.source()]
		if !c.unheard || h == nil {
			continue
		}
		hops := hopsOf(h.ttl)
		if hops == 0 {
			near++
			continue
		}
		if hops < int(ttl) {
			continue
		}
		j.add(id, verdict.Fail, verdict.Likely, c.m.Name(),
			fmt.Sprintf("TCP segments of %s come over %s, heartbeats here carry a TTL of %d, and not one of its arrives: routers drop what has used up its TTL", c.m.Name(), some(hops, "router"), ttl),
			evidence("TTL of its TCP segments", "%d", h.ttl), verdict.Fix(fmt.Sprintf(`mcastTTL="%d" or more in its Membership, and multicast routing on the way`, hops+1)))
	}
	if near > 0 && !j.bad(id) {
		j.pass(id, "no router is on the way to the members whose heartbeats do not arrive")
	}
}

// ttlRewritten: one sender, several TTLs.
func (j *judge) ttlRewritten() {
	for _, m := range j.heard {
		ttls := m.TTLs.List()
		if len(ttls) < 2 || len(m.Sources.List()) > 1 {
			continue
		}
		var texts []string
		for _, t := range slices.Sorted(slices.Values(ttls)) {
			texts = append(texts, fmt.Sprint(t))
		}
		j.add("ttl.rewritten", verdict.Pass, verdict.Hint, m.Name(),
			fmt.Sprintf("heartbeats of %s came with the TTLs %s: they took several ways, or something on the way rewrites them", m.Name(), strings.Join(texts, ", ")))
	}
}

// hopsOf is how many routers a packet has passed, by the values that systems begin
// with.
func hopsOf(ttl uint8) int {
	for _, begin := range []uint8{64, 128, 255} {
		if ttl <= begin {
			return int(begin - ttl)
		}
	}
	return 0
}
