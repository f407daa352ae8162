package analysis

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"muster/internal/verdict"
	"muster/mcast/querier"
)

func (j *judge) igmpQuerier() {
	for _, n := range j.networks() {
		j.querier(n, &n.igmp, "igmp.no-querier", "IGMP", netip.Addr.Is4,
			verdict.Fix("Cisco, Arista: ip igmp snooping querier; Linux bridge: ip link set BR type bridge mcast_querier 1"))
	}
}

func (j *judge) mldQuerier() {
	for _, n := range j.networks() {
		j.querier(n, &n.mld, "mld.snooping", "MLD", netip.Addr.Is6,
			verdict.Fix("the switch's MLD snooping querier; Linux bridge: ip link set BR type bridge mcast_querier 1"))
	}
}

// flooded are the groups of IPv4 that every switch floods, whoever joined (RFC 4541
// section 2.1.2). Those of IPv6 with link-local scope are the neighbours' own.
var (
	flooded4 = netip.MustParsePrefix("224.0.0.0/24")
	flooded6 = netip.MustParsePrefix("ff02::/16")
)

// needed lists the joined groups that a switch delivers only while a querier keeps
// their memberships alive. In IPv6, where hosts join many groups that nobody sends
// to, those with traffic.
func (j *judge) needed(n *network, family func(netip.Addr) bool) []netip.Addr {
	used := map[netip.Addr]bool{}
	for k := range j.Groups {
		used[k.Addr()] = true
	}
	var out []netip.Addr
	for g := range n.joined {
		if family(g) && !flooded4.Contains(g) && !flooded6.Contains(g) && (g.Is4() || used[g]) {
			out = append(out, g)
		}
	}
	return distinct(out)
}

// querier judges whether somebody keeps the memberships of a network alive.
func (j *judge) querier(n *network, s *Membership, id verdict.ID, name string, family func(netip.Addr) bool, fix verdict.Fix) {
	if s.Packets == 0 {
		return
	}
	watched := j.alive(j.First, j.Last)
	starved := j.starved(n, s, family)
	groups := j.needed(n, family)
	expect := j.queryExpected(n, family)
	more := []verdict.Part{evidence(name+" queries", "%d", s.Queries), evidence(name+" reports", "%d", s.Reports), fix}
	if s.LastQuery != 0 {
		more = append(more, evidence("last general query", "%s after the first packet", j.at(s.LastQuery)))
	}
	switch {
	case len(starved) > 0:
		last := "no query was seen at all"
		if s.LastQuery != 0 {
			last = "no query followed the one at " + j.at(s.LastQuery)
		}
		j.add(id, verdict.Fail, verdict.Likely, strings.Join(starved, ", "),
			fmt.Sprintf("heartbeats of %s stopped arriving while it went on over TCP, and %s%s: a switch that snoops has forgotten who listens", strings.Join(starved, ", "), last, n.on()), more...)
	case len(groups) == 0 && s.LastQuery == 0: // nothing that a switch would not flood
	case s.LastQuery == 0:
		status := querier.WithoutQuery(time.Duration(watched))
		if status == verdict.Unknown {
			status, more = verdict.Skip, nil // nobody asked for it
		} else {
			more = append(more, verdict.Next("at the switch: does it snoop, and who is its querier?"))
		}
		j.add(id, status, verdict.Hint, n.name,
			fmt.Sprintf("%d %s reports%s, and %s", s.Reports, name, n.on(), querier.NoQuery(time.Duration(watched))), more...)
	case j.alive(s.LastQuery, j.Last) > expect && len(groups) > 0:
		j.add(id, verdict.Fail, verdict.Likely, n.name,
			fmt.Sprintf("the last query came at %s and none since, %s%s: the querier is gone", j.at(s.LastQuery), span(j.alive(s.LastQuery, j.Last)), n.on()), more...)
	default:
		j.add(id, verdict.Pass, verdict.Definite, n.name, fmt.Sprintf("%d general queries%s, the last at %s", s.Queries, n.on(), j.at(s.LastQuery)))
	}
}

// starved are the members of a network that lived on while their heartbeats stayed away,
// with no query since. Who was never heard may have no heartbeats to lose.
func (j *judge) starved(n *network, s *Membership, family func(netip.Addr) bool) []string {
	var out []string
	for _, c := range j.cut {
		if !c.Active || !c.final || c.unheard || s.LastQuery > c.From || j.networkOf(c.m.link()) != n.Link {
			continue
		}
		if a, ok := netip.ParseAddrPort(j.groupOf(c.m)); ok == nil && family(a.Addr()) && !slices.Contains(out, c.m.Name()) {
			out = append(out, c.m.Name())
		}
	}
	return out
}

// queryExpected is how long after a query a membership lives: the group
// membership interval (RFC 3376 section 8.4), by what the queriers tell, or by how
// often those ask whose version cannot tell it.
func (j *judge) queryExpected(n *network, family func(netip.Addr) bool) int64 {
	longest := querier.DefaultLifetime
	for _, q := range n.queriers {
		if !family(q.Addr) {
			continue
		}
		interval := q.Interval
		if interval == 0 {
			interval = q.Beats.Interval()
		}
		robust := time.Duration(max(q.Robustness, 2))
		longest = max(longest, robust*interval+max(q.MaxResponse, 10*time.Second))
	}
	return int64(longest)
}

// querierConflict: a querier goes on although it heard one with a lower address,
// before which it must keep silent for 255 s (RFC 3376 section 6.6.2).
func (j *judge) querierConflict() {
	const id = "igmp.querier-conflict"
	seen := 0
	for _, q := range j.SortedQueriers() {
		if q.General > 0 && !q.Addr.IsUnspecified() {
			seen++
		}
		if q.Defied == 0 {
			continue
		}
		j.add(id, verdict.Warn, verdict.Likely, q.Addr.String(),
			fmt.Sprintf("%s asked at %s although %s, whose address is lower, had asked before and still does: their election does not work", q.Addr, j.at(q.Last), q.Lower),
			evidence("queries out of turn", "%d", q.Defied), verdict.Fix("turn the querier off where it is not wanted"))
	}
	if seen > 0 && !j.bad(id) {
		j.pass(id, "one querier at a time")
	}
}

// zeroSource: allowed, but some hosts and switches ignore such queries.
func (j *judge) zeroSource() {
	for _, q := range j.SortedQueriers() {
		if q.Addr.IsUnspecified() {
			j.add("igmp.querier-zero-source", verdict.Pass, verdict.Definite, q.MAC.String(),
				fmt.Sprintf("%d queries of %s come from 0.0.0.0: a snooping switch without an address asks; it never wins an election, and some devices ignore it", q.General+q.Specific, q.MAC),
				verdict.Fix("give the switch an address in this VLAN"))
		}
	}
}

// family is what is judged alike of IGMP and MLD on a network.
type family struct {
	*network
	name   string
	m      *Membership
	newest int
	is     func(netip.Addr) bool
}

func (j *judge) families() []family {
	var out []family
	for _, n := range j.networks() {
		out = append(out, family{n, "IGMP", &n.igmp, 3, netip.Addr.Is4}, family{n, "MLD", &n.mld, 2, netip.Addr.Is6})
	}
	return out
}

// versionCompat: an old query takes source-specific joins away from all hosts.
func (j *judge) versionCompat() {
	const id = "igmp.version-compat"
	for _, s := range j.families() {
		general := uint64(0)
		for _, q := range s.queriers {
			if s.is(q.Addr) {
				general += q.General
			}
		}
		switch {
		case s.m.OldQueries == 0:
			if general > 0 {
				j.add(id, verdict.Pass, verdict.Definite, s.network.name, fmt.Sprintf("all %s queries%s are of version %d", s.name, s.on(), s.newest))
			}
		case s.m.OldQueries < general || s.m.Versions[s.newest] > 0:
			j.add(id, verdict.Warn, verdict.Definite, s.network.name,
				fmt.Sprintf("%d general %s queries%s are of an older version, while others speak version %d: each of them takes source-specific joins away from every host for 260 s", s.m.OldQueries, s.name, s.on(), s.newest),
				verdict.Fix("set the querier to version "+fmt.Sprint(s.newest)+"; do not scan with old queries"))
		default:
			j.add(id, verdict.Pass, verdict.Definite, s.name,
				fmt.Sprintf("the %s querier%s speaks an older version throughout: any-source groups work, source-specific joins do not", s.name, s.on()))
		}
	}
}

// routerAlert: messages that strict devices throw away.
func (j *judge) routerAlert() {
	const id = "igmp.router-alert"
	for _, s := range j.families() {
		var parts []string
		for _, name := range []string{"router_alert", "ttl", "checksum"} {
			if n := s.m.Anomalies[name]; n > 0 {
				parts = append(parts, fmt.Sprintf("%d of %d: %s", n, s.m.Packets, s.m.Example[name]))
			}
		}
		if len(parts) > 0 {
			j.add(id, verdict.Warn, verdict.Definite, s.name, strings.Join(parts, "; "))
		} else if s.m.Packets > 0 && !j.bad(id) {
			j.pass(id, "all %d %s messages%s are as the standard wants them", s.m.Packets, s.name, s.on())
		}
	}
}
