package firewall

import (
	"fmt"
	"strings"
)

// How the tools that manage rules for people are told to let packets in.

// firewalld opens the zone of the interface, and keeps it so. What its own rules
// drop before the zones are asked, no setting of a zone can let in.
func (p *Packet) firewalld(r *Ruleset) []string {
	k := p.Allow
	family := "ipv4"
	if k.V6 {
		family = "ipv6"
	}
	zone := ""
	if z := r.zone(p); z != "" {
		zone = "--zone=" + z + " "
	}
	var add string
	var first []string
	switch k.Protocol {
	case "udp":
		add = fmt.Sprintf("--add-rich-rule='rule family=%s destination address=%s port port=%d protocol=udp accept'", family, k.Group, k.Port)
	case "tcp":
		add = "--add-port=" + k.ports("-") + "/tcp"
	case "mld":
		add = "--add-protocol=ipv6-icmp"
	case "echo":
		// Connection tracking calls these invalid, and firewalld drops what is.
		first = []string{fmt.Sprintf("nft 'add table inet cluster; add chain inet cluster raw { type filter hook prerouting priority raw; }; add rule inet cluster raw %s type echo-reply notrack'",
			map[bool]string{false: "icmp", true: "icmpv6"}[k.V6])}
		add = "--add-protocol=" + map[bool]string{false: "icmp", true: "ipv6-icmp"}[k.V6]
	default:
		add = "--add-protocol=" + k.Protocol
	}
	return append(first, "firewall-cmd --permanent "+zone+add, "firewall-cmd --reload")
}

// zone is firewalld's zone for a packet: its chain filter_INPUT_ZONES leads to
// filter_IN_ZONE. It is "" where that cannot be told.
func (r *Ruleset) zone(p *Packet) string {
	t := r.table("inet", "firewalld", false)
	if t == nil {
		return ""
	}
	c := t.chain("filter_INPUT_ZONES")
	if c == nil {
		return ""
	}
	pkt := *p
	m := newMachine(r, &pkt)
	m.table, m.chain, m.hook = t, c, "input"
	for i := range c.Rules {
		match, ends := m.rule(&c.Rules[i])
		if match == yes && len(ends) > 0 {
			return strings.TrimPrefix(ends[len(ends)-1].chain, "filter_IN_")
		}
	}
	return ""
}

// ufw writes a rule of its own; what its file before.rules drops first, only a line
// before that lets through.
func (p *Packet) ufw(ref Ref) []string {
	k := p.Allow
	way, verb := "in", "allow"
	if p.Way == Out {
		way = "out"
	}
	if strings.HasPrefix(ref.Chain, "ufw-user") || strings.HasPrefix(ref.Chain, "ufw6-user") {
		verb = "prepend allow" // a rule of the user's own stands in the way
	}
	if k.Established {
		return nil // ufw lets connections go on once they may begin
	}
	switch k.Protocol {
	case "udp":
		return []string{fmt.Sprintf("ufw %s %s proto udp to %s port %d", verb, way, k.Group, k.Port)}
	case "tcp":
		return []string{fmt.Sprintf("ufw %s %s proto tcp to any port %s", verb, way, k.ports(":"))}
	case "igmp":
		return []string{fmt.Sprintf("ufw %s %s proto igmp to 224.0.0.0/4", verb, way)}
	case "mld":
		return ufwBefore("ufw6-before-input -p icmpv6", "before6.rules")
	case "echo":
		if k.V6 {
			return ufwBefore("ufw6-before-input -p icmpv6 --icmpv6-type echo-reply", "before6.rules")
		}
		return ufwBefore("ufw-before-input -p icmp --icmp-type echo-reply", "before.rules")
	}
	return ufwBefore("ufw-before-"+way+"put -p "+k.Protocol, "before.rules")
}

// ufwBefore puts a line before the first that drops invalid packets.
func ufwBefore(rule, file string) []string {
	return []string{fmt.Sprintf("sed -i -e '0,/ctstate INVALID/{/ctstate INVALID/i -A %s -j ACCEPT' -e '}' /etc/ufw/%s", rule, file), "ufw reload"}
}
