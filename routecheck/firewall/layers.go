package firewall

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// What else than rules may stop a packet.

// Program is code or a filter that sees packets beside the rules and cannot be
// read: XDP, a filter of tc, a program of a cgroup.
type Program struct {
	// Link is the interface, 0 for a program of a cgroup.
	Link uint32 `json:"link,omitempty"`
	// In and Out tell which packets it sees.
	In  bool `json:"in,omitempty"`
	Out bool `json:"out,omitempty"`
	// Text names it: "tc filter ingress bpf", "XDP program", ...
	Text string `json:"text"`
}

// Policy is an IPsec policy of the kernel (ip xfrm policy).
type Policy struct {
	// Dir is in, out or fwd; Action allow or block.
	Dir    string       `json:"dir"`
	Action string       `json:"action"`
	Src    netip.Prefix `json:"src"`
	Dst    netip.Prefix `json:"dst"`
	// Protocol and ports are 0 for any.
	Protocol byte   `json:"protocol,omitempty"`
	SrcPort  uint16 `json:"src_port,omitempty"`
	DstPort  uint16 `json:"dst_port,omitempty"`
	Link     uint32 `json:"link,omitempty"`
	Priority uint32 `json:"priority"`
	// Encrypts: it has templates, so that packets go and come under IPsec alone.
	Encrypts bool `json:"encrypts,omitempty"`
	// Marked: it is for packets of a mark or an xfrm interface.
	Marked bool `json:"marked,omitempty"`
}

// String is the policy as "ip xfrm policy" takes it.
func (p Policy) String() string {
	s := fmt.Sprintf("src %s dst %s", p.Src, p.Dst)
	if p.Protocol != 0 {
		s += " proto " + protocolName([]byte{p.Protocol})
	}
	if p.SrcPort != 0 {
		s += fmt.Sprintf(" sport %d", p.SrcPort)
	}
	if p.DstPort != 0 {
		s += fmt.Sprintf(" dport %d", p.DstPort)
	}
	return s + " dir " + p.Dir
}

const ipsecTable = "xfrm"

// layers adds to an answer what the other layers do to the packet: a policy that
// blocks it is as good as a rule, a program makes it unknown.
func (r *Ruleset) layers(p *Packet, a *Answer) {
	if p.arp || a.Verdict == Drop {
		return
	}
	if pol, t, ok := r.policy(p); ok && (pol.Action == "block" || pol.Encrypts) {
		ref := Ref{Family: "IPsec", Table: ipsecTable, Text: pol.String(), Hook: pol.Dir}
		switch {
		case pol.Action == "block" && t == yes:
			ref.Why = "it blocks the packet"
			a.Verdict, a.Rules = Drop, []Ref{ref}
			return
		case pol.Action == "block":
			ref.Why = "it may block the packet"
		default:
			ref.Why = "the packet must go under IPsec"
		}
		a.Verdict, a.Rules = Unknown, append(a.Rules, ref)
	}
	for _, x := range r.Programs {
		if (x.Link == 0 || x.Link == p.device().Index || slices.ContainsFunc(p.Lower, func(d Device) bool { return d.Index == x.Link })) &&
			(p.Way == In && x.In || p.Way == Out && x.Out) {
			a.Verdict = Unknown
			a.Rules = append(a.Rules, Ref{Family: "program", Text: x.Text, Why: "it sees the packet, and what it does cannot be read"})
		}
	}
}

func (p *Packet) device() Device {
	if p.Way == Out {
		return p.Out
	}
	return p.In
}

// policy is the first policy by priority that the packet may fall under.
func (r *Ruleset) policy(p *Packet) (Policy, tri, bool) {
	dir := map[Direction]string{In: "in", Out: "out", Forwarded: "fwd"}[p.Way]
	sorted := slices.Clone(r.IPsec)
	slices.SortStableFunc(sorted, func(a, b Policy) int { return cmp.Compare(a.Priority, b.Priority) })
	best, found := Policy{}, no
	for _, pol := range sorted {
		if pol.Dir != dir {
			continue
		}
		switch t := p.under(pol); {
		case t == yes && found == no:
			return pol, yes, true
		case t == yes && (pol.Action == "block") == (best.Action == "block") && pol.Encrypts == best.Encrypts:
			return pol, yes, true // whichever of them it is
		case t == yes:
			return best, maybe, true
		case t == maybe && (found == no || best.Action == "allow" && !best.Encrypts):
			best, found = pol, maybe
		}
	}
	return best, found, found != no
}

// under reports whether the packet falls under the policy's selector.
func (p *Packet) under(pol Policy) tri {
	if pol.Src.Addr().Is6() != p.v6 || pol.Protocol != 0 && pol.Protocol != p.l4 || pol.Link != 0 && pol.Link != p.device().Index {
		return no
	}
	m := machine{pkt: p}
	out := yes
	if pol.Marked {
		out = maybe
	}
	for source, prefix := range map[bool]netip.Prefix{true: pol.Src, false: pol.Dst} {
		x, ok := m.address(source)
		if !ok {
			return maybe
		}
		out = out.and(x.between(prefix.Masked().Addr().AsSlice(), lastOf(prefix).AsSlice()))
	}
	for at, port := range map[int]uint16{0: pol.SrcPort, 2: pol.DstPort} {
		if port == 0 {
			continue
		}
		x, ok := p.trans.cut(at, 2)
		if !ok {
			return no
		}
		out = out.and(x.equal([]byte{byte(port >> 8), byte(port)}))
	}
	return out
}
