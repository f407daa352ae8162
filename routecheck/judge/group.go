package judge

import (
	"fmt"
	"net/netip"

	"muster/internal/verdict"
	"muster/internal/wellknown"
	"muster/mcast/products"
	"muster/routecheck/facts"
)

var groupInvalid = Check{
	ID: "group.invalid",
	Judge: func(h *Host) []verdict.Verdict {
		g := h.Query.Group
		b := g.AsSlice()
		ok := g.IsMulticast() && (g.Is4() && g != netip.AddrFrom4([4]byte{224}) || g.Is6() && b[1]&0xf != 0 && b[1]&0xf != 0xf)
		ev := evidence("group", g, h.asked())
		var v []verdict.Verdict
		if ok {
			v = pass(fmt.Sprintf("%s is a group", g), ev)
		} else {
			v = bad(verdict.Fail, verdict.Definite, fmt.Sprintf("%s is no group that can be used: groups are 224.0.0.1-239.255.255.255, and ff00::/8 with a scope of 1 to e", g),
				[]string{"correct the address: muster explain " + g.String()}, ev)
		}
		return ofGroup(h, v)
	},
}

// asked is where the group comes from.
func (h *Host) asked() string {
	if h.Query.Cluster != nil {
		return h.Query.Cluster.From
	}
	return "the command line or its defaults"
}

// ofGroup makes the group the subject.
func ofGroup(h *Host, vs []verdict.Verdict) []verdict.Verdict {
	for i := range vs {
		vs[i].Subject = h.Query.Group.String()
	}
	return vs
}

// notGroup is the verdict of checks on a group that is none.
func (h *Host) notGroup() []verdict.Verdict {
	if h.Query.Group.IsMulticast() {
		return nil
	}
	return ofGroup(h, skip("the address is no group: see group.invalid"))
}

const freeRange = "choose a group in 239.192.0.0/14, with a third octet that is neither 0 nor 128"

var groupReserved = Check{
	ID: "group.reserved",
	Judge: func(h *Host) []verdict.Verdict {
		if v := h.notGroup(); v != nil {
			return v
		}
		b, _ := wellknown.BlockOf(h.Query.Group)
		ev := evidence("block", fmt.Sprintf("%s, %s (%s)", b.Range, b.Name, b.RFC), "IANA's registry")
		switch {
		case h.tomcatDefault():
			return ofGroup(h, pass("a note: Tomcat's default group lies in a block that IANA keeps back; it does no harm inside one VLAN", ev))
		case b.Use == "private" || b.Use == "transient" || b.Use == "ssm" || b.Use == "control":
			return ofGroup(h, pass(fmt.Sprintf("%s is in a block that is meant for use (%s)", h.Query.Group, b.Name), ev))
		}
		return ofGroup(h, bad(verdict.Warn, verdict.Definite, fmt.Sprintf("%s lies in %s (%s): %s", h.Query.Group, b.Range, b.Name, b.Advice), []string{freeRange}, ev))
	},
}

// tomcatDefault: the group is 228.0.0.4, with which thousands of clusters live.
func (h *Host) tomcatDefault() bool { return h.Query.Group == facts.DefaultGroup }

var ssmAsASM = Check{
	ID: "group.ssm-as-asm",
	Judge: func(h *Host) []verdict.Verdict {
		if v := h.notGroup(); v != nil {
			return v
		}
		b, _ := wellknown.BlockOf(h.Query.Group)
		ev := evidence("block", fmt.Sprintf("%s, %s (%s)", b.Range, b.Name, b.RFC), "IANA's registry")
		switch {
		case b.Use != "ssm":
			return ofGroup(h, pass(fmt.Sprintf("%s is not a group of source-specific multicast", h.Query.Group), ev))
		case h.Query.Source.IsValid():
			return ofGroup(h, pass(fmt.Sprintf("the join names its source, %s", h.Query.Source), ev))
		}
		return ofGroup(h, bad(verdict.Warn, verdict.Definite, fmt.Sprintf("%s is joined without a source: it works inside one VLAN, and no router carries it", h.Query.Group),
			[]string{"join SOURCE," + h.Query.Group.String() + ", or " + freeRange}, ev))
	},
}

var wellKnown = Check{
	ID: "group.well-known",
	Judge: func(h *Host) []verdict.Verdict {
		if v := h.notGroup(); v != nil {
			return v
		}
		p, ok := products.Lookup(h.Query.Group, h.Query.Port)
		switch {
		case !ok:
			return ofGroup(h, pass(fmt.Sprintf("no product that muster has heard of uses %s port %d", h.Query.Group, h.Query.Port)))
		case p.Key == "tribes":
			return ofGroup(h, pass(fmt.Sprintf("%s port %d is Tomcat's own default", h.Query.Group, h.Query.Port)))
		}
		if h.Query.Cluster == nil {
			return ofGroup(h, pass(fmt.Sprintf("a note: %s port %d is where %s is by default", h.Query.Group, h.Query.Port, p.Name), evidence("known for", p.Name, "muster's table of products")))
		}
		return ofGroup(h, bad(verdict.Warn, verdict.Definite, fmt.Sprintf("%s port %d is where %s is by default: strange packets are to be expected", h.Query.Group, h.Query.Port, p.Name),
			[]string{"choose a group and a port of your own: " + freeRange}, evidence("known for", p.Name, "muster's table of products")))
	},
}

var linkLocalRange = Check{
	ID: "group.link-local-range",
	Judge: func(h *Host) []verdict.Verdict {
		if v := h.notGroup(); v != nil {
			return v
		}
		if !h.Query.Group.Is4() || !h.Query.Group.IsLinkLocalMulticast() {
			return ofGroup(h, pass(fmt.Sprintf("%s is outside of 224.0.0.0/24", h.Query.Group)))
		}
		if name := h.foreign(); name != "" {
			return ofGroup(h, pass(fmt.Sprintf("a note: %s is in 224.0.0.0/24, where %s belongs", h.Query.Group, name)))
		}
		return ofGroup(h, bad(verdict.Warn, verdict.Definite, fmt.Sprintf("%s is in 224.0.0.0/24, which belongs to the network's own protocols: switches flood it, routers never forward it", h.Query.Group), []string{freeRange}))
	},
}

var macAlias = Check{
	ID: "switch.mac-alias",
	Judge: func(h *Host) []verdict.Verdict {
		if v := h.notGroup(); v != nil {
			return v
		}
		if !h.Query.Group.Is4() {
			return ofGroup(h, skip("the group is an IPv6 one: its Ethernet address holds 32 bits of it"))
		}
		mac := wellknown.MAC(h.Query.Group).String()
		ev := []verdict.Evidence{evidence("Ethernet address of "+h.Query.Group.String(), mac, "RFC 1112")}
		for _, m := range h.Memberships.Value {
			if m.Group.Is4() && m.Group != h.Query.Group && wellknown.MAC(m.Group).String() == mac {
				ev = append(ev, evidence("also joined", fmt.Sprintf("%s on %s", m.Group, h.LinkName(m.Link)), h.Memberships.From))
				return ofGroup(h, bad(verdict.Warn, verdict.Definite, fmt.Sprintf("%s and %s, which is joined here too, share the Ethernet address %s: switches and interfaces cannot tell them apart", h.Query.Group, m.Group, mac), []string{freeRange}, ev...))
			}
		}
		b := h.Query.Group.As4()
		switch {
		case b[1]&0x7f != 0 || b[2] != 0 || h.Query.Group.IsLinkLocalMulticast():
			return ofGroup(h, pass(fmt.Sprintf("%s shares its Ethernet address %s with no group of the network's own protocols", h.Query.Group, mac), ev...))
		case h.tomcatDefault():
			return ofGroup(h, pass(fmt.Sprintf("a note: Tomcat's default group has the Ethernet address %s of 224.0.0.4, which switches flood: more traffic than needed, and no harm", mac), ev...))
		}
		return ofGroup(h, bad(verdict.Warn, verdict.Definite, fmt.Sprintf("%s has the Ethernet address %s of 224.0.0.%d, which switches flood to every port", h.Query.Group, mac, b[3]), []string{freeRange}, ev...))
	},
}

var ipv6Scope = Check{
	ID: "ipv6.scope",
	Judge: func(h *Host) []verdict.Verdict {
		if v := h.notGroup(); v != nil {
			return v
		}
		g := h.Query.Group
		if g.Is4() {
			return ofGroup(h, skip("the group is an IPv4 one"))
		}
		ev := evidence("scope", wellknown.Scope(g), "RFC 7346")
		switch scope := g.As16()[1] & 0xf; {
		case scope == 1:
			return ofGroup(h, bad(verdict.Fail, verdict.Definite, fmt.Sprintf("%s never leaves the host", g), []string{"use ff15::/16 for a site or ff18::/16 for an organization"}, ev))
		case scope == 2 && g.Zone() == "" && h.Query.Interface == "":
			return ofGroup(h, bad(verdict.Warn, verdict.Definite, fmt.Sprintf("%s is link-local and names no interface: the system picks one", g), []string{fmt.Sprintf("say %s%%%s", g, orWord(h.Link.Name, "IF"))}, ev))
		}
		return ofGroup(h, pass("the scope is "+wellknown.Scope(g), ev))
	},
}

var ipv6Disabled = Check{
	ID: "ipv6.disabled",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case !h.V6:
			return skip("the group is an IPv4 one")
		case !h.OK:
			return h.noLink()
		}
		name := "net.ipv6.conf." + h.Link.Name + ".disable_ipv6"
		n, ok, _ := h.sysctl(name)
		as := h.AddrsOf(h.Link.Index, true)
		ev := []verdict.Evidence{evidence("IPv6 addresses of "+h.Link.Name, len(as), h.Addrs.From)}
		switch {
		case ok && n != 0:
			return bad(verdict.Fail, verdict.Definite, "IPv6 is switched off on "+h.Link.Name+": joins succeed, sends fail with \"Cannot assign requested address\"",
				[]string{"sysctl -w " + name + "=0"}, append(ev, evidence(name, n, h.Sysctls[name].From))...)
		case len(as) > 0:
			return pass(h.Link.Name+" has IPv6", ev...)
		case !h.Addrs.Known():
			return unknown("the addresses are not known: " + h.Addrs.Reason())
		}
		return bad(verdict.Fail, verdict.Likely, h.Link.Name+" has no IPv6 address: joins succeed, sends fail with \"Cannot assign requested address\"",
			[]string{"give " + h.Link.Name + " an IPv6 address, or use an IPv4 group (-Djava.net.preferIPv4Stack=true)"}, ev...)
	},
}

var ttlZero = Check{
	ID: "ttl.zero",
	Judge: func(h *Host) []verdict.Verdict {
		c := h.Query.Cluster
		if c == nil {
			return skip("the TTL is a matter of the member's configuration, and no --server-xml was given")
		}
		ev := evidence("ttl", map[bool]string{true: "not given: the system's 1", false: fmt.Sprint(c.TTL)}[c.TTL < 0], c.From)
		if c.TTL != 0 {
			return pass("heartbeats may leave the host", ev)
		}
		return bad(verdict.Fail, verdict.Definite, c.From+" sets ttl to 0: heartbeats never leave the host", []string{"set ttl=\"1\" on the Membership, or leave it out"}, ev)
	},
}
