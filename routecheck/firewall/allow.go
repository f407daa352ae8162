package firewall

import (
	"fmt"
	"net/netip"
	"strings"
)

// Kind says in the words of firewall tools which packets are meant.
type Kind struct {
	Protocol    string // udp, tcp, igmp, mld or echo (an ICMP echo reply)
	Group       netip.Addr
	Port        uint16 // of the group
	First, Last uint16 // of the TCP receiver
	Established bool   // a later packet of a connection
	V6          bool
}

// Allow returns the commands that let the packet through where a said that rules
// drop it: in the tool that wrote those rules, as far as their names tell it. It
// is empty for an accepted packet.
func (a Answer) Allow(r *Ruleset, p Packet) []string {
	if a.Fix != nil {
		return a.Fix
	}
	if a.Verdict == Accept || len(a.Rules) == 0 {
		return nil
	}
	ref := a.Rules[0]
	for _, x := range a.Rules { // what drops, rather than what only matches sometimes
		if x.Policy || strings.Contains(x.Text, "drop") || strings.Contains(x.Text, "reject") || strings.Contains(x.Text, "DROP") || strings.Contains(x.Text, "REJECT") {
			ref = x
			break
		}
	}
	switch {
	case ref.Table == "firewalld" && p.Way == In:
		return p.Allow.firewalld()
	case p.Way == In && r.usesUFW(ref):
		return p.Allow.ufw()
	case ref.Legacy || isIPTables(ref):
		return []string{p.iptables(ref)}
	}
	return []string{p.nft(ref)}
}

func (r *Ruleset) usesUFW(ref Ref) bool {
	t := r.table(ref.Family, ref.Table, ref.Legacy)
	if t == nil {
		return false
	}
	for _, c := range t.Chains {
		if strings.HasPrefix(c.Name, "ufw") {
			return true
		}
	}
	return false
}

// isIPTables: iptables-nft keeps the names of the legacy tables and chains.
func isIPTables(ref Ref) bool {
	switch ref.Table {
	case "filter", "raw", "mangle", "nat", "security":
		return (ref.Family == "ip" || ref.Family == "ip6") && ref.Base == strings.ToUpper(ref.Base)
	}
	return false
}

func (k Kind) ports(sep string) string {
	if k.Last > k.First {
		return fmt.Sprintf("%d%s%d", k.First, sep, k.Last)
	}
	return fmt.Sprint(k.First)
}

func (k Kind) firewalld() []string {
	family := "ipv4"
	if k.V6 {
		family = "ipv6"
	}
	var add string
	switch k.Protocol {
	case "udp":
		add = fmt.Sprintf("--add-rich-rule='rule family=%s destination address=%s port port=%d protocol=udp accept'", family, k.Group, k.Port)
	case "tcp":
		add = "--add-port=" + k.ports("-") + "/tcp"
	case "igmp":
		add = "--add-protocol=igmp"
	case "mld":
		add = "--add-protocol=ipv6-icmp"
	default:
		add = "--add-protocol=icmp"
	}
	return []string{"firewall-cmd --permanent " + add, "firewall-cmd --reload"}
}

func (k Kind) ufw() []string {
	switch k.Protocol {
	case "udp":
		return []string{fmt.Sprintf("ufw allow in proto udp to %s port %d", k.Group, k.Port)}
	case "tcp":
		return []string{"ufw allow " + k.ports(":") + "/tcp"}
	case "igmp":
		return []string{"ufw allow in proto igmp to 224.0.0.0/4"}
	case "mld":
		return []string{"sed -i '/^COMMIT/i -A ufw6-before-input -p icmpv6 -j ACCEPT' /etc/ufw/before6.rules", "ufw reload"}
	}
	return []string{"sed -i '/^COMMIT/i -A ufw-before-input -p icmp --icmp-type echo-reply -j ACCEPT' /etc/ufw/before.rules", "ufw reload"}
}

// iptables inserts a rule at the top of the base chain.
func (p *Packet) iptables(ref Ref) string {
	tool := "iptables"
	if ref.Family == "ip6" {
		tool = "ip6tables"
	}
	if ref.Legacy {
		tool += "-legacy"
	}
	cmd := []string{tool}
	if ref.Table != "filter" {
		cmd = append(cmd, "-t", ref.Table)
	}
	cmd = append(cmd, "-I", ref.Base)
	k := p.Allow
	if p.In.Name != "" {
		cmd = append(cmd, "-i", p.In.Name)
	}
	if p.Out.Name != "" && ref.Hook != "prerouting" {
		cmd = append(cmd, "-o", p.Out.Name)
	}
	switch {
	case k.Established:
		cmd = append(cmd, "-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED")
	case k.Protocol == "udp":
		cmd = append(cmd, "-d", k.Group.String(), "-p", "udp", "--dport", fmt.Sprint(k.Port))
	case k.Protocol == "tcp":
		cmd = append(cmd, "-p", "tcp", "--dport", k.ports(":"))
	case k.Protocol == "igmp":
		cmd = append(cmd, "-p", "igmp")
	case k.V6:
		cmd = append(cmd, "-p", "icmpv6")
	default:
		cmd = append(cmd, "-p", "icmp", "--icmp-type", "echo-reply")
	}
	return strings.Join(append(cmd, "-j", "ACCEPT"), " ")
}

// nft inserts a rule at the top of the base chain.
func (p *Packet) nft(ref Ref) string {
	cmd := []string{"nft insert rule", ref.Family, ref.Table, ref.Base}
	k := p.Allow
	if ref.Family != "netdev" {
		if p.In.Name != "" {
			cmd = append(cmd, fmt.Sprintf("iifname %q", p.In.Name))
		}
		if p.Out.Name != "" && ref.Hook != "prerouting" {
			cmd = append(cmd, fmt.Sprintf("oifname %q", p.Out.Name))
		}
	}
	ip := "ip"
	if k.V6 {
		ip = "ip6"
	}
	switch {
	case k.Established:
		cmd = append(cmd, "ct state established,related")
	case k.Protocol == "udp":
		cmd = append(cmd, ip, "daddr", k.Group.String(), "udp dport", fmt.Sprint(k.Port))
	case k.Protocol == "tcp":
		cmd = append(cmd, "tcp dport", k.ports("-"))
	case k.Protocol == "igmp":
		cmd = append(cmd, "ip protocol igmp")
	case k.Protocol == "mld":
		cmd = append(cmd, "icmpv6 type { mld-listener-query, mld-listener-report, mld2-listener-report }")
	default:
		cmd = append(cmd, "icmp type echo-reply")
	}
	cmd = append(cmd, "accept")
	s := strings.Join(cmd, " ")
	if strings.ContainsAny(s, `"{`) {
		return "nft '" + strings.TrimPrefix(s, "nft ") + "'"
	}
	return s
}
