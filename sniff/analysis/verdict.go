package analysis

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"muster/internal/check"
)

// judges are the checks that traffic answers, in the catalogue's order. Each
// returns the verdicts it can give: bad ones, or one that passes where what it
// asks about was seen; none where the capture does not tell.
var judges = []func(*judge){
	(*judge).dualHomed,
	(*judge).vlanMismatch,
	(*judge).noIPv4,
	(*judge).duplicateIP,
	(*judge).halfOpen,
	(*judge).igmpQuerier,
	(*judge).querierConflict,
	(*judge).zeroSource,
	(*judge).versionCompat,
	(*judge).routerAlert,
	(*judge).macAlias,
	(*judge).linkLocalRange,
	(*judge).mldQuerier,
	(*judge).ttlZero,
	(*judge).reserved,
	(*judge).ssmAsASM,
	(*judge).wellKnown,
	(*judge).portMismatch,
	(*judge).fragmentLoss,
	(*judge).advertisesLoopback,
	(*judge).sourceMismatch,
	(*judge).dropTime,
	(*judge).pauses,
	(*judge).clockStep,
	(*judge).clockSkew,
	(*judge).keyMismatch,
	(*judge).twoClusters,
	(*judge).duplicateID,
	(*judge).recovered,
	(*judge).versionMix,
	(*judge).malformed,
	(*judge).oneWay,
	(*judge).exposedPort,
	(*judge).load,
	(*judge).staticMix,
}

// Verdicts judges what was seen, in the order of the catalogue.
func (a *Analysis) Verdicts() []check.Verdict {
	j := &judge{Analysis: a}
	j.heard, j.silent = a.byFirst()
	j.silences()
	for _, f := range judges {
		f(j)
	}
	return j.out
}

// judge holds what several checks look at, and the verdicts so far.
type judge struct {
	*Analysis
	heard  []*Member // members with heartbeats, by their first
	silent []*Member // those known by their messages alone
	cut    []cutOff
	out    []check.Verdict
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

// add appends a verdict; evidence are pairs of what and value.
func (j *judge) add(id check.ID, status check.Status, c check.Confidence, subject, title, saw string, more ...any) {
	v := check.Verdict{
		ID: id, Status: status, Subject: subject, Title: title, Saw: saw, Confidence: c,
		Evidence: []check.Evidence{}, Fix: []string{}, CausedBy: []check.ID{}, Docs: check.DocsPage(id),
	}
	for _, m := range more {
		switch m := m.(type) {
		case check.Evidence:
			m.ReadFrom = "packets"
			v.Evidence = append(v.Evidence, m)
		case fix:
			v.Fix = append(v.Fix, string(m))
		case check.ID:
			v.CausedBy = append(v.CausedBy, m)
		}
	}
	j.out = append(j.out, v)
}

// pass appends a verdict that all is well.
func (j *judge) pass(id check.ID, title, format string, args ...any) {
	j.add(id, check.Pass, check.Definite, "", title, fmt.Sprintf(format, args...))
}

// bad reports whether a verdict of that id speaks against the network.
func (j *judge) bad(id check.ID) bool {
	return slices.ContainsFunc(j.out, func(v check.Verdict) bool { return v.ID == id && v.Status.Bad() })
}

type fix string

func evidence(what, format string, args ...any) check.Evidence {
	return check.Evidence{What: what, Value: fmt.Sprintf(format, args...)}
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

// SortedReceivers lists the receivers by address and port.
func (a *Analysis) SortedReceivers() []*Receiver {
	return slices.SortedFunc(maps.Values(a.Receivers), func(x, y *Receiver) int { return x.Addr.Compare(y.Addr) })
}
