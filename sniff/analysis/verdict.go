package analysis

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"muster/internal/verdict"
	"muster/sniff/analysis/products"
)

// judges are the checks that traffic answers, in the catalogue's order, with the
// ids of their verdicts. Each returns what it can: bad ones, or one that passes where
// what it asks about was seen; none where the capture does not tell.
var judges = []struct {
	ids   []verdict.ID
	judge func(*judge)
}{
	{[]verdict.ID{"iface.dual-homed"}, (*judge).dualHomed},
	{[]verdict.ID{"iface.vlan-mismatch"}, (*judge).vlanMismatch},
	{[]verdict.ID{"iface.no-ipv4"}, (*judge).noIPv4},
	{[]verdict.ID{"addr.duplicate-ip"}, (*judge).duplicateIP},
	{[]verdict.ID{"tribes.half-open"}, (*judge).halfOpen},
	{[]verdict.ID{"igmp.no-querier"}, (*judge).igmpQuerier},
	{[]verdict.ID{"igmp.no-report"}, (*judge).noReport},
	{[]verdict.ID{"igmp.querier-conflict"}, (*judge).querierConflict},
	{[]verdict.ID{"igmp.querier-zero-source"}, (*judge).zeroSource},
	{[]verdict.ID{"igmp.version-compat"}, (*judge).versionCompat},
	{[]verdict.ID{"igmp.report-suppression"}, (*judge).reportSuppression},
	{[]verdict.ID{"igmp.router-alert"}, (*judge).routerAlert},
	{[]verdict.ID{"switch.mac-alias"}, (*judge).macAlias},
	{[]verdict.ID{"group.link-local-range"}, (*judge).linkLocalRange},
	{[]verdict.ID{"mld.snooping"}, (*judge).mldQuerier},
	{[]verdict.ID{"ttl.zero"}, (*judge).ttlZero},
	{[]verdict.ID{"ttl.too-small"}, (*judge).ttlTooSmall},
	{[]verdict.ID{"ttl.rewritten"}, (*judge).ttlRewritten},
	{[]verdict.ID{"group.reserved"}, (*judge).reserved},
	{[]verdict.ID{"group.ssm-as-asm"}, (*judge).ssmAsASM},
	{[]verdict.ID{"group.well-known"}, (*judge).wellKnown},
	{[]verdict.ID{"sock.port-mismatch"}, (*judge).portMismatch},
	{[]verdict.ID{"mtu.too-big"}, (*judge).tooBig},
	{[]verdict.ID{"mtu.fragment-loss"}, (*judge).fragmentLoss},
	{[]verdict.ID{"tribes.advertises-loopback"}, (*judge).advertisesLoopback},
	{[]verdict.ID{"tribes.source-mismatch"}, (*judge).sourceMismatch},
	{[]verdict.ID{"tribes.drop-time"}, (*judge).dropTime},
	{[]verdict.ID{"tribes.gc-pause"}, (*judge).pauses},
	{nil, (*judge).standing},
	{[]verdict.ID{"tribes.clock-step"}, (*judge).clockStep},
	{[]verdict.ID{"tribes.clock-skew"}, (*judge).clockSkew},
	{[]verdict.ID{"tribes.key-mismatch"}, (*judge).keyMismatch},
	{[]verdict.ID{"tribes.tls-mismatch"}, (*judge).tls},
	{[]verdict.ID{"tribes.two-clusters", "tribes.domain-filter"}, (*judge).twoClusters},
	{[]verdict.ID{"tribes.duplicate-id"}, (*judge).duplicateID},
	{[]verdict.ID{"tribes.not-joined"}, (*judge).recovered},
	{[]verdict.ID{"tribes.version-mix"}, (*judge).versionMix},
	{[]verdict.ID{"tribes.malformed"}, (*judge).malformed},
	{nil, (*judge).unheard},
	{[]verdict.ID{"tribes.one-way"}, (*judge).oneWay},
	{[]verdict.ID{"tribes.state-transfer"}, (*judge).stateTransfer},
	{[]verdict.ID{"tcp.loss"}, (*judge).tcpLoss},
	{[]verdict.ID{"mesh.duplicates"}, (*judge).duplicates},
	{[]verdict.ID{"tribes.exposed-port"}, (*judge).exposedPort},
	{[]verdict.ID{"tribes.load"}, (*judge).load},
	{[]verdict.ID{"tribes.static-mix"}, (*judge).staticMix},
	{[]verdict.ID{"provider.self", "config.static-member"}, (*judge).zeros},
}

// Judged lists the ids of the catalogue that traffic is judged by.
func Judged() (ids []verdict.ID) {
	ids = append(ids, crowdID)
	for _, j := range judges {
		ids = append(ids, j.ids...)
	}
	return append(ids, products.Judged()...)
}

// Verdicts judges what was seen, in the order of the catalogue.
func (a *Analysis) Verdicts() []verdict.Verdict {
	j := &judge{Analysis: a}
	j.heard, j.silent = a.byFirst()
	j.crowds()
	j.silences()
	for _, x := range judges {
		x.judge(j)
	}
	verdict.Hedge(j.out)
	return append(j.out, a.Products.Verdicts()...)
}

// judge holds what several checks look at, and the verdicts so far.
type judge struct {
	*Analysis
	heard  []*Member // members with heartbeats, by their first
	silent []*Member // those known by their messages alone
	cut    []cutOff
	nets   []*network
	out    []verdict.Verdict
}

// byFirst lists the members in the order of their appearance.
func (a *Analysis) byFirst() (heard, silent []*Member) {
	for _, m := range a.Members {
		if m.Heard() {
			heard = append(heard, m)
		} else {
			silent = append(silent, m)
		}
	}
	slices.SortFunc(heard, func(x, y *Member) int {
		return cmp.Or(cmp.Compare(x.First, y.First), strings.Compare(x.Record.ID.String(), y.Record.ID.String()))
	})
	slices.SortFunc(silent, func(x, y *Member) int {
		return cmp.Or(cmp.Compare(x.Talk.First, y.Talk.First), strings.Compare(x.Record.ID.String(), y.Record.ID.String()))
	})
	return heard, silent
}

// HeardMembers and SilentMembers list the members in the order of their
// appearance: those with heartbeats, and those known by messages alone.
func (a *Analysis) HeardMembers() []*Member  { heard, _ := a.byFirst(); return heard }
func (a *Analysis) SilentMembers() []*Member { _, silent := a.byFirst(); return silent }

// add appends a verdict.
func (j *judge) add(id verdict.ID, status verdict.Status, c verdict.Confidence, subject, saw string, parts ...verdict.Part) {
	j.out = append(j.out, verdict.New(id, status, c, subject, saw, parts...))
}

// pass appends a verdict that all is well.
func (j *judge) pass(id verdict.ID, format string, args ...any) {
	j.add(id, verdict.Pass, verdict.Definite, "", fmt.Sprintf(format, args...))
}

// bad reports whether a verdict of that id speaks against the network.
func (j *judge) bad(id verdict.ID) bool {
	return slices.ContainsFunc(j.out, func(v verdict.Verdict) bool { return v.ID == id && v.Status.Bad() })
}

// some writes a number of things.
func some(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// all is some for the whole of them.
func all(n int, noun string) string {
	if n == 1 {
		return "the one " + noun
	}
	return "all " + some(n, noun)
}

func evidence(what, format string, args ...any) verdict.Evidence {
	return verdict.Evidence{What: what, Value: fmt.Sprintf(format, args...), ReadFrom: "packets"}
}

// at is a time as seconds since the first packet.
func (j *judge) at(ns int64) string { return fmt.Sprintf("%.1f s", float64(ns-j.First)/1e9) }

// span writes a duration of ns so that a person reads it at once.
func span(ns int64) string {
	d := time.Duration(ns)
	switch {
	case d >= 10*time.Second:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Millisecond).String()
}

// Name is a member's host and port, as the cluster knows it.
func (m *Member) Name() string {
	if ap, ok := m.Record.AddrPort(); ok {
		return ap.String()
	}
	if a, ok := m.Record.Addr(); ok {
		return fmt.Sprintf("%s:%d", a, m.Record.Port)
	}
	return fmt.Sprintf("host %x:%d", m.Record.Host, m.Record.Port)
}

// source is where most is known to come from.
func (m *Member) source() netip.Addr {
	if len(m.Sources.list) == 0 {
		return netip.Addr{}
	}
	return m.Sources.list[0]
}

// List returns what is in the set, in the order of its coming.
func (s *set[T]) List() []T { return s.list }

func texts[T fmt.Stringer](list []T) string {
	var out []string
	for _, x := range list {
		out = append(out, x.String())
	}
	return strings.Join(out, ", ")
}

// sortedGroups lists the groups by address and port.
func (a *Analysis) SortedGroups() []*Group {
	return slices.SortedFunc(maps.Values(a.Groups), func(x, y *Group) int { return x.Addr.Compare(y.Addr) })
}

// SortedQueriers lists the queriers by address.
func (a *Analysis) SortedQueriers() []*Querier {
	return slices.SortedFunc(maps.Values(a.Queriers), func(x, y *Querier) int {
		return cmp.Or(x.Addr.Compare(y.Addr), cmp.Compare(x.VLAN, y.VLAN), cmp.Compare(x.Interface, y.Interface))
	})
}

// SortedReceivers lists the receivers by address and port: those that speak Tribes, or that a member
// announces. Others use one of its usual ports.
func (a *Analysis) SortedReceivers() []*Receiver {
	announced := map[netip.AddrPort]bool{}
	for _, m := range a.Members {
		ap, _ := m.Record.AddrPort()
		announced[ap] = true
		for _, s := range m.Sources.list {
			announced[netip.AddrPortFrom(s, ap.Port())] = true
		}
	}
	var list []*Receiver
	for _, r := range a.Receivers {
		if r.Speaks || announced[r.Addr] {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(x, y *Receiver) int { return x.Addr.Compare(y.Addr) })
	return list
}
