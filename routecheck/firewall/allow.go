package firewall

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Kind says in the words of firewall tools which packets are meant.
type Kind struct {
	Protocol    string // udp, tcp, igmp, mld or echo (an ICMP echo reply), or a number
	Group       netip.Addr
	Port        uint16 // of the group
	First, Last uint16 // of the TCP receiver
	Established bool   // a later packet of a connection
	Answer      bool   // the receiver's port is the source's
	V6          bool
}

// Allow returns the commands that let the packets through, in the tools that wrote
// the rules which drop them, as far as the names of those tell. One packet may be
// dropped by several chains, and the packets of a connection by different ones:
// each gets its command. It is empty where nothing is dropped.
func Allow(r *Ruleset, ps []Packet) []string {
	var out []string
	for _, p := range ps {
		if r.Answers != nil {
			if a := Evaluate(r, p); a.Verdict != Accept {
				out = append(out, a.Fix...)
			}
			continue
		}
		open := map[string]bool{} // base chains that a command has opened
		for range maxRefs {
			a, _ := evaluate(r, p, nil, open)
			ref, ok := a.dropping()
			if !ok || open[ref.place()] || a.Steps > maxSteps {
				break
			}
			out = append(out, p.allow(r, ref)...)
			open[ref.place()] = true
		}
	}
	return Together(out)
}

// Together are commands in their order, each once: what loads rules anew comes
// after all that it shall load, anything else where it stood first.
func Together(lists ...[]string) []string {
	all := slices.Concat(lists...)
	var out []string
	for i, c := range all {
		again := all[:i]
		if strings.HasSuffix(c, "reload") {
			again = all[i+1:]
		}
		if !slices.Contains(again, c) {
			out = append(out, c)
		}
	}
	return out
}

// place names the base chain.
func (r Ref) place() string { return fmt.Sprintf("%s %s %s %v", r.Family, r.Table, r.Base, r.Legacy) }

// dropping is the rule that drops, rather than one that only matches sometimes.
func (a Answer) dropping() (Ref, bool) {
	if a.Verdict == Accept || len(a.Rules) == 0 {
		return Ref{}, false
	}
	for _, x := range a.Rules {
		if x.Policy || slices.ContainsFunc([]string{"drop", "reject", "DROP", "REJECT", "SNAT", "snat", "DNAT", "dnat"}, func(w string) bool { return strings.Contains(x.Text, w) }) {
			return x, true
		}
	}
	return a.Rules[0], true
}

// allow is the command for one chain.
func (p *Packet) allow(r *Ruleset, ref Ref) []string {
	switch {
	case ref.Family == "IPsec":
		return []string{"ip xfrm policy delete " + ref.Text}
	case ref.Family == "program":
		return nil
	case translates(ref.Text):
		return []string{r.remove(ref)}
	case ref.Table == "firewalld" && p.Way == In:
		return p.firewalld(r)
	case p.Way != Forwarded && r.usesUFW(ref):
		return p.ufw(ref)
	case ref.Legacy || isIPTables(ref):
		return []string{p.iptables(r, ref)}
	}
	return []string{p.nft(ref)}
}

// translates: the rule changes an address, so that to accept the packet elsewhere
// does not help.
func translates(rule string) bool {
	rule = strings.ToLower(rule)
	return strings.Contains(rule, "snat") || strings.Contains(rule, "dnat")
}

// remove deletes the rule itself, where an accept before it would not help.
func (r *Ruleset) remove(ref Ref) string {
	if ref.Legacy {
		return fmt.Sprintf("%s -t %s %s", r.legacyTool(ref), ref.Table, strings.Replace(ref.Text, "-A ", "-D ", 1))
	}
	return fmt.Sprintf("nft delete rule %s %s %s handle %d", ref.Family, ref.Table, ref.Chain, ref.Handle)
}

func (r *Ruleset) usesUFW(ref Ref) bool {
	t := r.table(ref.Family, ref.Table, ref.Legacy)
	return t != nil && slices.ContainsFunc(t.Chains, func(c Chain) bool { return strings.HasPrefix(c.Name, "ufw") })
}

// legacyTool is the program that changes legacy tables here: where both kinds are
// installed its name says so.
func (r *Ruleset) legacyTool(ref Ref) string {
	if t := r.table(ref.Family, ref.Table, true); t != nil && t.Tool != "" {
		return t.Tool
	}
	return map[string]string{"ip": "iptables-legacy", "ip6": "ip6tables-legacy"}[ref.Family]
}

// isIPTables: iptables-nft keeps the names of the legacy tables and chains.
func isIPTables(ref Ref) bool {
	switch ref.Table {
	case "filter", "raw", "mangle", "nat", "security":
		return (ref.Family == "ip" || ref.Family == "ip6") && ref.Base == strings.ToUpper(ref.Base)
	}
	return false
}

// beforeTracking: the chain runs before connection tracking, where nothing is
// established.
func (r Ref) beforeTracking(rules *Ruleset) bool {
	t := rules.table(r.Family, r.Table, r.Legacy)
	if t == nil {
		return false
	}
	c := t.chain(r.Base)
	return c != nil && (c.Hook == "ingress" || c.Hook == "egress" || c.Priority <= -200 && (c.Hook == "prerouting" || c.Hook == "output"))
}

func (k Kind) ports(sep string) string {
	if k.Last > k.First {
		return fmt.Sprintf("%d%s%d", k.First, sep, k.Last)
	}
	return fmt.Sprint(k.First)
}

// iptables inserts a rule at the top of the base chain.
func (p *Packet) iptables(r *Ruleset, ref Ref) string {
	tool := map[string]string{"ip": "iptables-nft", "ip6": "ip6tables-nft"}[ref.Family]
	if ref.Legacy {
		tool = r.legacyTool(ref)
	}
	cmd := []string{tool}
	if ref.Table != "filter" {
		cmd = append(cmd, "-t", ref.Table)
	}
	cmd = append(cmd, "-I", ref.Base)
	k := p.Allow
	if p.In.Name != "" && p.Way != Forwarded {
		cmd = append(cmd, "-i", p.In.Name)
	}
	if p.Out.Name != "" && p.Way == Out {
		cmd = append(cmd, "-o", p.Out.Name)
	}
	port := map[bool]string{true: "--sport", false: "--dport"}[k.Answer]
	switch {
	case k.Protocol == "udp":
		cmd = append(cmd, "-d", k.Group.String(), "-p", "udp", "--dport", fmt.Sprint(k.Port))
	case k.Protocol == "tcp" && k.Established && !ref.beforeTracking(r):
		cmd = append(cmd, "-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED")
	case k.Protocol == "tcp":
		cmd = append(cmd, "-p", "tcp", port, k.ports(":"))
	case k.Protocol == "echo" && !k.V6:
		cmd = append(cmd, "-p", "icmp", "--icmp-type", "echo-reply")
	case k.Protocol == "echo" || k.Protocol == "mld":
		cmd = append(cmd, "-p", "icmpv6")
	default:
		cmd = append(cmd, "-p", k.Protocol)
	}
	return strings.Join(append(cmd, "-j", "ACCEPT"), " ")
}

// nft inserts a rule at the top of the base chain.
func (p *Packet) nft(ref Ref) string {
	cmd := []string{"nft insert rule", ref.Family, ref.Table, ref.Base}
	k := p.Allow
	if ref.Family != "netdev" && ref.Family != "bridge" && p.Way != Forwarded {
		if p.In.Name != "" {
			cmd = append(cmd, fmt.Sprintf("iifname %q", p.In.Name))
		}
		if p.Out.Name != "" {
			cmd = append(cmd, fmt.Sprintf("oifname %q", p.Out.Name))
		}
	}
	ip := "ip"
	if k.V6 {
		ip = "ip6"
	}
	port := map[bool]string{true: "sport", false: "dport"}[k.Answer]
	switch k.Protocol {
	case "udp":
		cmd = append(cmd, ip, "daddr", k.Group.String(), "udp dport", fmt.Sprint(k.Port))
	case "tcp":
		cmd = append(cmd, "tcp", port, k.ports("-"))
	case "mld":
		cmd = append(cmd, "icmpv6 type { mld-listener-query, mld-listener-report, mld2-listener-report }")
	case "echo":
		cmd = append(cmd, map[bool]string{false: "icmp type echo-reply", true: "icmpv6 type echo-reply"}[k.V6])
	case "arp":
	default:
		cmd = append(cmd, "meta l4proto", k.Protocol)
	}
	cmd = append(cmd, "accept")
	s := strings.Join(cmd, " ")
	if strings.ContainsAny(s, `"{`) {
		return "nft '" + strings.TrimPrefix(s, "nft ") + "'"
	}
	return s
}
