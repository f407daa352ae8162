package firewall

import (
	"fmt"
	"slices"
)

// Verdict is the end of a packet's way.
type Verdict string

const (
	Accept  Verdict = "accept"
	Drop    Verdict = "drop"
	Unknown Verdict = "unknown"
)

// Answer is what became of a packet.
type Answer struct {
	Packet  string  `json:"packet"`
	Verdict Verdict `json:"verdict"`
	// Rules are those that drop it; for Unknown those that could, and those on which
	// it hangs.
	Rules []Ref `json:"rules"`
	// Unread repeats what of the rule set could not be read, where that makes the
	// answer Unknown.
	Unread []string `json:"unread,omitempty"`
	// Chains and Steps tell how far the walk went.
	Chains int `json:"chains"`
	Steps  int `json:"steps"`
	// Fix is what Allow says, in an answer that stands in for the rules.
	Fix []string `json:"fix,omitempty"`
}

// Ref names a rule, or the policy of a chain, in a sentence and in a command.
type Ref struct {
	Family  string  `json:"family"`
	Table   string  `json:"table"`
	Chain   string  `json:"chain"`
	Hook    string  `json:"hook"`
	Base    string  `json:"base"` // the base chain that led here
	Legacy  bool    `json:"legacy,omitempty"`
	Handle  uint64  `json:"handle,omitempty"`
	Text    string  `json:"text"`
	Policy  bool    `json:"policy,omitempty"`
	Why     string  `json:"why,omitempty"`
	Packets *uint64 `json:"packets,omitempty"`
}

// String is the rule with the place where it stands.
func (r Ref) String() string {
	place := fmt.Sprintf("table %s %s, chain %s", r.Family, r.Table, r.Chain)
	switch r.Family {
	case "IPsec":
		return "the IPsec policy " + r.Text
	case "program":
		return "the " + r.Text
	}
	if r.Legacy {
		place = fmt.Sprintf("iptables (legacy) table %s, chain %s", r.Table, r.Chain)
		if r.Family == "ip6" {
			place = "ip6" + place[2:]
		}
	}
	if r.Policy {
		return fmt.Sprintf("the policy %s of %s (%s)", r.Text, place, r.Hook)
	}
	if r.Handle != 0 {
		return fmt.Sprintf("%q (%s, handle %d)", r.Text, place, r.Handle)
	}
	return fmt.Sprintf("%q (%s)", r.Text, place)
}

// EvaluateAll walks packets that belong together, such as those of a connection,
// and returns the answer about the first one that does not get through, or about
// the first.
func EvaluateAll(r *Ruleset, ps []Packet) Answer {
	var worst Answer
	var flow *connection
	for i, p := range ps {
		a, after := evaluate(r, p, flow, nil)
		flow = &after
		if i == 0 || a.Verdict == Drop && worst.Verdict != Drop || a.Verdict == Unknown && worst.Verdict == Accept {
			worst = a
		}
	}
	return worst
}

// maxSteps bounds the walk: rules run for one packet, over all chains, and for each
// elementsPerStep elements of a set that a rule looks through one more.
const (
	maxSteps        = 30_000
	elementsPerStep = 32
)

// maxLeaves bounds how many possible ends of one chain are kept with their rules.
const maxLeaves = 64

// maxDepth is the kernel's limit of nested jumps.
const maxDepth = 16

// connection is what the packets of one have in common.
type connection struct {
	mark value // its ct mark
	nat  tri
	zone tri // whether it is in a zone of its own
}

// Evaluate walks the packet through every hook on its way.
func Evaluate(r *Ruleset, p Packet) Answer {
	a, _ := evaluate(r, p, nil, nil)
	return a
}

// evaluate walks a packet that goes on a connection, nil for none or one of which
// nothing is known. Chains that are open let it through whatever they hold.
func evaluate(r *Ruleset, p Packet, of *connection, open map[string]bool) (Answer, connection) {
	none := connection{mark: unknown(4), nat: maybe}
	if r.Answers != nil {
		for _, a := range r.Answers {
			if a.Packet == p.What {
				return a, none
			}
		}
		return Answer{Packet: p.What, Verdict: Unknown, Rules: []Ref{}, Unread: []string{"the rules were taken out of these facts before that was asked"}}, none
	}
	a := Answer{Packet: p.What, Verdict: Accept, Rules: []Ref{}}
	pkt := p
	pkt.link, pkt.network, pkt.trans = p.link.clone(), p.network.clone(), p.trans.clone()
	m := newMachine(r, &pkt)
	switch {
	case pkt.ct != ctEstablished:
	case of != nil:
		m.ctm, m.track.nat, m.connZone = of.mark, of.nat, of.zone
	case r.translates():
		m.ctm, m.track.nat = unknown(4), maybe
	default:
		m.ctm = unknown(4)
	}
	for _, h := range pkt.hooks() {
		for _, b := range bases(r, h) {
			if b.chain.Type == "nat" && pkt.ct != ctNew {
				continue // only the first packet of a connection comes by
			}
			if open[policyRef(b, h.name).place()] {
				continue
			}
			w := walker{m: m, hook: h.name, base: b.chain.Name, steps: &a.Steps}
			m.table, m.chain, m.hook = b.table, b.chain, h.name
			a.Chains++
			if w.chain(b.chain, 0) {
				w.add(leaf{Verdict(b.chain.policy()), policyRef(b, h.name)})
			}
			switch v := w.verdict(); v {
			case Drop:
				a.Verdict, a.Rules = Drop, w.refs(Drop)
				return a, m.connection()
			case Unknown:
				a.Verdict = Unknown
				a.Rules = append(a.Rules, w.refs(Unknown)...)
			}
		}
	}
	r.layers(&pkt, &a)
	missing := r.Unread
	if pkt.arp {
		missing = slices.Concat(r.Unread, r.UnreadARP)
	}
	if len(missing) > 0 && a.Verdict != Drop {
		a.Verdict, a.Unread = Unknown, missing
	}
	return a, m.connection()
}

func (m *machine) connection() connection { return connection{m.ctm, m.track.nat, m.track.zone} }

// translates reports whether any chain of type nat has a rule at all.
func (r *Ruleset) translates() bool {
	for _, t := range r.Tables {
		for _, c := range t.Chains {
			if c.Type == "nat" && len(c.Rules) > 0 {
				return true
			}
		}
	}
	return false
}

// walker collects the ends that a packet may come to in one base chain.
type walker struct {
	m      *machine
	hook   string
	base   string
	steps  *int
	leaves []leaf
	doubts []Ref
}

type leaf struct {
	verdict Verdict
	ref     Ref
}

// chain runs c's rules and reports whether the packet may come out of it again,
// at its end or by a return. Every accept, drop and unknown on a possible way
// becomes a leaf.
func (w *walker) chain(c *Chain, depth int) (out bool) {
	if depth > maxDepth {
		w.add(leaf{Unknown, Ref{Family: w.m.table.Family, Table: w.m.table.Name, Chain: c.Name, Hook: w.hook, Base: w.base, Why: "its jumps are nested too deep"}})
		return false
	}
	for i := range c.Rules {
		if *w.steps++; *w.steps > maxSteps {
			w.leaf(c, i, Unknown, "the rules are too many to follow")
			return false
		}
		before := w.m.saved()
		w.m.doubt = ""
		match, ends := w.m.rule(&c.Rules[i])
		doubt := w.m.doubt
		*w.steps += w.m.looked / elementsPerStep
		w.m.looked %= elementsPerStep
		if match == no {
			continue
		}
		leaves := len(w.leaves)
		goesOn := true
		for _, e := range ends {
			stays, leaves := w.follow(c, i, e, depth)
			out = out || leaves
			if !stays && e.match == yes && match == yes {
				goesOn = false
			}
		}
		if match == maybe {
			w.m.merge(before)
			if len(w.leaves) > leaves && len(w.doubts) < maxLeaves {
				w.doubts = append(w.doubts, w.ref(c, i, doubt))
			}
		}
		if !goesOn {
			return out
		}
	}
	if c.Cut {
		w.add(leaf{Unknown, Ref{Family: w.m.table.Family, Table: w.m.table.Name, Chain: c.Name, Hook: w.hook, Base: w.base, Text: "what follows", Why: "it has more rules than muster reads"}})
		return out
	}
	return true
}

// follow takes one end of rule i. It reports whether the packet may then come to
// the next rule, and whether it may leave the chain by a return.
func (w *walker) follow(c *Chain, i int, e end, depth int) (stays, leaves bool) {
	switch e.verdict {
	case "accept":
		w.leaf(c, i, Accept, e.why)
	case "drop":
		w.leaf(c, i, Drop, e.why)
	case "return":
		return false, true
	case "jump", "goto":
		target := w.m.table.chain(e.chain)
		if target == nil {
			w.leaf(c, i, Unknown, "it jumps to a chain that was not read: "+e.chain)
			return false, false
		}
		back := w.chain(target, depth+1)
		if e.verdict == "jump" {
			return back, false
		}
		return false, back
	default:
		w.leaf(c, i, Unknown, e.why)
		return e.match != yes, false
	}
	return false, false
}

func (w *walker) leaf(c *Chain, i int, v Verdict, why string) {
	w.add(leaf{v, w.ref(c, i, why)})
}

// add keeps a leaf; beyond the first ones only what the verdict still needs.
func (w *walker) add(l leaf) {
	if len(w.leaves) < maxLeaves || !slices.ContainsFunc(w.leaves, func(x leaf) bool { return x.verdict == l.verdict }) {
		w.leaves = append(w.leaves, l)
	}
}

func (w *walker) ref(c *Chain, i int, why string) Ref {
	t, r := w.m.table, &c.Rules[i]
	return Ref{Family: t.Family, Table: t.Name, Chain: c.Name, Hook: w.hook, Base: w.base, Legacy: t.Legacy,
		Handle: r.Handle, Text: r.Text, Why: why, Packets: r.Packets}
}

// verdict is that of all leaves where they agree.
func (w *walker) verdict() Verdict {
	v := w.leaves[0].verdict
	for _, l := range w.leaves {
		if l.verdict != v {
			return Unknown
		}
	}
	return v
}

// refs names the rules behind a verdict: the drops, or for Unknown what it hangs
// on first and then what would drop.
func (w *walker) refs(v Verdict) []Ref {
	var out []Ref
	add := func(r Ref) {
		same := func(x Ref) bool { return x.Chain == r.Chain && x.Handle == r.Handle && x.Text == r.Text }
		if len(out) < maxRefs && !slices.ContainsFunc(out, same) {
			out = append(out, r)
		}
	}
	if v == Unknown {
		for _, l := range w.leaves {
			if l.verdict == Unknown {
				add(l.ref)
			}
		}
		for _, d := range w.doubts {
			add(d)
		}
	}
	for _, l := range w.leaves {
		if l.verdict == Drop {
			add(l.ref)
		}
	}
	return out
}

// maxRefs bounds how many rules an answer names.
const maxRefs = 8

// rule runs the expressions of r until one does not match.
func (m *machine) rule(r *Rule) (tri, []end) {
	match := yes
	var ends []end
	for i := range r.Exprs {
		res := m.run(&r.Exprs[i])
		for _, e := range res.ends {
			e.match = e.match.and(match)
			ends = append(ends, e)
		}
		if match = match.and(res.match); match == no {
			return no, nil
		}
		if n := len(ends); n > 0 && ends[n-1].match == yes {
			break
		}
	}
	return match, ends
}

// state is what a rule can change for the rules after it.
type state struct {
	mark, ctm, ct value
	pktType       byte
	track         tracking
}

func (m *machine) saved() state { return state{m.mark, m.ctm, m.ct, m.pkt.pktType, m.track} }

// merge leaves unknown what differs from before, after a rule that may have
// matched.
func (m *machine) merge(s state) {
	for _, x := range []struct {
		now *value
		old value
	}{{&m.mark, s.mark}, {&m.ctm, s.ctm}, {&m.ct, s.ct}} {
		if !x.now.same(x.old) {
			*x.now = x.now.merged(x.old)
		}
	}
	either := func(a, b tri) tri {
		if a == b {
			return a
		}
		return maybe
	}
	m.track = tracking{either(m.track.untracked, s.track.untracked), either(m.track.template, s.track.template),
		either(m.track.zone, s.track.zone), either(m.track.nat, s.track.nat)}
}
