package analysis

import (
	"fmt"
	"net/netip"

	"muster/internal/check"
	"muster/internal/wellknown"
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
			j.add("group.link-local-range", check.Warn, check.Definite, g.Addr.String(), "an application uses 224.0.0.x",
				fmt.Sprintf("%d datagrams went to %s: every switch floods this block and no router forwards it", g.Packets, g.Addr),
				fix("a group in 239.192.0.0/14 or 239.255.0.0/16"))
		}
	}
}

// reserved: a group in a block that IANA gives to nobody.
func (j *judge) reserved() {
	const id, title = "group.reserved", "a group lies in a reserved block"
	fine := 0
	for _, g := range j.data() {
		b, ok := wellknown.BlockOf(g.Addr.Addr())
		switch {
		case !ok || b.Use != "reserved":
		case g.Product != "":
			fine++
		default:
			j.add(id, check.Warn, check.Definite, g.Addr.String(), title,
				fmt.Sprintf("%s lies in %s (%s) and is no product's default", g.Addr, b.Range, b.Name), fix("a group in 239.192.0.0/14 for a new cluster"))
		}
	}
	if fine > 0 && !j.bad(id) {
		j.pass(id, title, "%d groups are their products' defaults in a reserved block, which works inside one VLAN", fine)
	}
}

// ssmAsASM: any-source joins where routers take only source-specific ones.
func (j *judge) ssmAsASM() {
	for _, x := range j.Joined {
		if x.AnySource && isSSM(x.Group) {
			j.add("group.ssm-as-asm", check.Warn, check.Definite, x.Group.String(), "an any-source join in the source-specific block",
				fmt.Sprintf("%s joined %s from any source: it works in one VLAN, routers ignore it", texts(x.Reporters.List()), x.Group),
				fix("join with the source (SOURCE,"+x.Group.String()+"), or take another group"))
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
			j.add("group.well-known", check.Warn, check.Definite, g.Addr.String(), "the cluster uses another product's group and port",
				fmt.Sprintf("heartbeats go to %s, the default of %s", g.Addr, g.Product), fix("a group and port of its own"))
		}
	}
}

// macAlias: groups that a switch cannot tell apart.
func (j *judge) macAlias() {
	const id, title = "switch.mac-alias", "groups share an Ethernet address"
	first := map[string]netip.Addr{}
	for _, g := range j.SortedGroups() {
		a := g.Addr.Addr()
		if !a.Is4() {
			continue
		}
		mac := wellknown.MAC(a).String()
		if other, ok := first[mac]; ok && other != a {
			j.add(id, check.Warn, check.Definite, a.String(), title,
				fmt.Sprintf("%s and %s are both %s on the wire: who joins one gets the other's packets too", other, a, mac), fix("groups whose low 23 bits differ"))
		} else {
			first[mac] = a
		}
		if b := a.As4(); b[1]&0x7f == 0 && b[2] == 0 && !linkLocal4.Contains(a) && g.Addr.Port() != 0 && g.Product == "" {
			j.add(id, check.Warn, check.Definite, a.String(), title,
				fmt.Sprintf("%s has the Ethernet address of %s, which switches flood", a, netip.AddrFrom4([4]byte{224, 0, 0, b[3]})), fix("a group whose third byte is not 0"))
		}
	}
}

// ttlZero: packets that must not leave their host.
func (j *judge) ttlZero() {
	for _, g := range j.SortedGroups() {
		if g.TTLMin == 0 {
			j.add("ttl.zero", check.Fail, check.Definite, g.Addr.String(), "packets with TTL 0",
				fmt.Sprintf("packets to %s carry a TTL of 0: only sockets of the same host get them", g.Addr), fix(`mcastTTL="1" or more (Tomcat), the product's TTL option else`))
		}
	}
}

// fragmentLoss: datagrams that never became whole.
func (j *judge) fragmentLoss() {
	f := j.Fragments
	switch {
	case f.Incomplete > 0 && 20*f.Incomplete >= f.Complete:
		j.add("mtu.fragment-loss", check.Warn, check.Likely, "", "fragments are lost",
			fmt.Sprintf("%d of %d datagrams that came in fragments never became whole", f.Incomplete, f.Incomplete+f.Complete),
			fix("keep datagrams below the MTU; let firewalls pass fragments"))
	case f.Complete > 0:
		j.pass("mtu.fragment-loss", "fragments are lost", "all %d datagrams that came in fragments became whole", f.Complete)
	}
}
