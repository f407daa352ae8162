package analysis

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"muster/internal/verdict"
)

// How long to watch before the lack of a query says something: a querier's
// default interval is 125 s, and a host may answer 10 s later.
const (
	watchHint = int64(60 * time.Second)
	watchSure = int64(130 * time.Second)
)

func (j *judge) igmpQuerier() {
	j.querier(&j.IGMP, "igmp.no-querier", "IGMP", netip.Addr.Is4,
		verdict.Fix("Cisco, Arista: ip igmp snooping querier; Linux bridge: ip link set BR type bridge mcast_querier 1"))
}

func (j *judge) mldQuerier() {
	j.querier(&j.MLD, "mld.snooping", "MLD", netip.Addr.Is6,
		verdict.Fix("the switch's MLD snooping querier; Linux bridge: ip link set BR type bridge mcast_querier 1"))
}

// querier judges whether somebody keeps the memberships alive.
func (j *judge) querier(s *Membership, id verdict.ID, name string, family func(netip.Addr) bool, mend verdict.Fix) {
	if s.Packets == 0 {
		return
	}
	watched := j.Last - j.First
	starved := j.starved(s, family)
	expect := j.queryExpected(family)
	more := []verdict.Part{evidence(name+" queries", "%d", s.Queries), evidence(name+" reports", "%d", s.Reports), mend}
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
			fmt.Sprintf("heartbeats of %s stopped arriving while it went on over TCP, and %s: a switch that snoops has forgotten who listens", strings.Join(starved, ", "), last), more...)
	case s.LastQuery == 0 && watched >= watchSure && s.Reports > 0:
		j.add(id, verdict.Fail, verdict.Likely, "",
			fmt.Sprintf("%d reports and not one query in %s: a switch that snoops forgets the members after 260 s", s.Reports, span(watched)), more...)
	case s.LastQuery == 0 && watched >= watchHint && s.Reports > 0:
		j.add(id, verdict.Warn, verdict.Hint, "",
			fmt.Sprintf("%d reports and not one query in %s; watch for %s to be sure", s.Reports, span(watched), span(watchSure)), more...)
	case s.LastQuery == 0:
		j.add(id, verdict.Skip, verdict.Hint, "",
			fmt.Sprintf("no query was seen, but %s are too short to tell: a querier asks each 125 s", span(watched)))
	case j.Last-s.LastQuery > expect:
		j.add(id, verdict.Fail, verdict.Likely, "",
			fmt.Sprintf("the last query came at %s and none since, %s: the querier is gone", j.at(s.LastQuery), span(j.Last-s.LastQuery)), more...)
	default:
		j.pass(id, "%d general queries, the last at %s", s.Queries, j.at(s.LastQuery))
	}
}

// starved are the members that lived on while their heartbeats stayed away, with
// no query since.
func (j *judge) starved(s *Membership, family func(netip.Addr) bool) []string {
	var out []string
	for _, c := range j.cut {
		if !c.Active || !c.final || s.LastQuery > c.From {
			continue
		}
		if a, ok := netip.ParseAddrPort(j.groupOf(c.m)); ok == nil && family(a.Addr()) && !slices.Contains(out, c.m.Name()) {
			out = append(out, c.m.Name())
		}
	}
	return out
}

// queryExpected is how long after a query a membership lives: the group
// membership interval (RFC 3376 section 8.4).
func (j *judge) queryExpected(family func(netip.Addr) bool) int64 {
	longest := 260 * time.Second
	for _, q := range j.Queriers {
		if !family(q.Addr) || q.Interval == 0 {
			continue
		}
		robust := time.Duration(max(q.Robustness, 2))
		longest = max(longest, robust*q.Interval+q.MaxResponse)
	}
	return int64(longest)
}

// querierConflict: a querier with a higher address goes on after a lower one
// spoke, although it must be silent then.
func (j *judge) querierConflict() {
	const id = "igmp.querier-conflict"
	list := j.SortedQueriers()
	seen := 0
	for i, low := range list {
		if low.General == 0 || low.Addr.IsUnspecified() {
			continue
		}
		seen++
		for _, high := range list[i+1:] {
			same := high.VLAN == low.VLAN && high.Interface == low.Interface && high.Addr.Is4() == low.Addr.Is4()
			if same && high.General > 0 && high.Last > low.First+second {
				j.add(id, verdict.Warn, verdict.Definite, high.Addr.String(),
					fmt.Sprintf("%s asked at %s although %s, whose address is lower, had asked at %s: their election does not work", high.Addr, j.at(high.Last), low.Addr, j.at(low.First)),
					evidence("hardware addresses", "%s and %s", low.MAC, high.MAC), verdict.Fix("turn the querier off where it is not wanted"))
			}
		}
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

// versionCompat: an old query takes source-specific joins away from all hosts.
func (j *judge) versionCompat() {
	const id = "igmp.version-compat"
	for _, s := range []struct {
		name   string
		m      *Membership
		newest int
	}{{"IGMP", &j.IGMP, 3}, {"MLD", &j.MLD, 2}} {
		general := uint64(0)
		for _, q := range j.Queriers {
			if q.Addr.Is4() == (s.newest == 3) {
				general += q.General
			}
		}
		switch {
		case s.m.OldQueries == 0:
			if general > 0 {
				j.pass(id, "all %s queries are of version %d", s.name, s.newest)
			}
		case s.m.OldQueries < general || s.m.Versions[s.newest] > 0:
			j.add(id, verdict.Warn, verdict.Definite, "",
				fmt.Sprintf("%d general %s queries are of an older version, while others speak version %d: each of them takes source-specific joins away from every host for 260 s", s.m.OldQueries, s.name, s.newest),
				verdict.Fix("set the querier to version "+fmt.Sprint(s.newest)+"; do not scan with old queries"))
		default:
			j.add(id, verdict.Pass, verdict.Definite, s.name,
				fmt.Sprintf("the %s querier speaks an older version throughout: any-source groups work, source-specific joins do not", s.name))
		}
	}
}

// routerAlert: messages that strict devices throw away.
func (j *judge) routerAlert() {
	const id = "igmp.router-alert"
	for _, s := range []struct {
		name string
		m    *Membership
	}{{"IGMP", &j.IGMP}, {"MLD", &j.MLD}} {
		var parts []string
		for _, name := range []string{"router_alert", "ttl", "checksum"} {
			if n := s.m.Anomalies[name]; n > 0 {
				parts = append(parts, fmt.Sprintf("%d of %d: %s", n, s.m.Packets, s.m.Example[name]))
			}
		}
		if len(parts) > 0 {
			j.add(id, verdict.Warn, verdict.Definite, s.name, strings.Join(parts, "; "))
		} else if s.m.Packets > 0 && !j.bad(id) {
			j.pass(id, "all %d %s messages are as the standard wants them", s.m.Packets, s.name)
		}
	}
}
