package analysis

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"muster/internal/verdict"
)

// listeners are the hosts of members that sent heartbeats to a group all the time
// that queries were asked and answered, on the only link of the capture: those that
// reported the group meanwhile, those that did so only before, and those that never
// did. reporters is how many hosts reported it in all: a switch that snoops shows a
// host no reports but its own.
type listeners struct {
	group                 netip.Addr
	answer, before, never []netip.Addr
	reporters             int
}

// rounds are the queries of a version that were answered before the capture ended.
func (j *judge) rounds(s *Membership, wanted func(version uint8) bool) (list []asking) {
	for _, q := range s.asked {
		if wanted(q.version) && j.Last > q.end+second {
			list = append(list, q)
		}
	}
	return list
}

// listening tells who on a network answered the rounds, of which there is one at least.
func (j *judge) listening(n *network, rounds []asking) []*listeners {
	first, last := rounds[0].at, rounds[len(rounds)-1].end
	byGroup := map[netip.Addr]*listeners{}
	for _, m := range j.heard {
		if m.First > first || m.Last < last || len(m.Sources.List()) != 1 || len(m.Interfaces.List()) != 1 || j.networkOf(m.link()) != n.Link {
			continue
		}
		for _, g := range m.Groups.List() {
			joined := n.joined[g.Addr()]
			if joined == nil {
				continue // nobody reports it here
			}
			l := byGroup[g.Addr()]
			if l == nil {
				l = &listeners{group: g.Addr()}
				byGroup[g.Addr()] = l
				for _, r := range joined.reported {
					if r.at >= first {
						l.reporters++
					}
				}
			}
			switch host := m.source(); {
			case joined.since(host, first):
				l.answer = append(l.answer, host)
			case joined.since(host, 0):
				l.before = append(l.before, host)
			default:
				l.never = append(l.never, host)
			}
		}
	}
	for _, l := range byGroup {
		l.answer, l.before, l.never = distinct(l.answer), distinct(l.before), distinct(l.never)
	}
	return slices.SortedFunc(maps.Values(byGroup), func(x, y *listeners) int { return x.group.Compare(y.group) })
}

func distinct(list []netip.Addr) []netip.Addr {
	slices.SortFunc(list, netip.Addr.Compare)
	return slices.Compact(list)
}

// noReport: in the newest version every host answers for itself, so that one which
// does not is forgotten by switches.
func (j *judge) noReport() {
	const id = "igmp.no-report"
	answered := 0
	for _, s := range j.families() {
		rounds := j.rounds(s.m, func(v uint8) bool { return int(v) == s.newest })
		if len(rounds) < 2 {
			continue
		}
		for _, l := range j.listening(s.network, rounds) {
			answered += len(l.answer)
			silent := distinct(append(l.before, l.never...))
			if len(silent) == 0 || l.reporters < 2 {
				continue
			}
			j.add(id, verdict.Warn, verdict.Likely, texts(silent),
				fmt.Sprintf("%s sent heartbeats to %s, and no report of it in answer to %d general queries, while other hosts answered: a switch that snoops forgets it", texts(silent), l.group, len(rounds)),
				evidence("hosts that answered", "%d", l.reporters),
				verdict.Fix("let IGMP (protocol 2) out of that host's firewall; muster check there"))
		}
	}
	if answered > 0 && !j.bad(id) {
		j.pass(id, "%s of members answered the queries", all(answered, "host"))
	}
}

// reportSuppression: in the old versions a host that hears another's report keeps
// its own back. That is as it should be where switches keep reports from hosts.
func (j *judge) reportSuppression() {
	const id = "igmp.report-suppression"
	for _, s := range j.families() {
		rounds := j.rounds(s.m, func(v uint8) bool { return int(v) < s.newest })
		if len(rounds) < 2 {
			continue
		}
		for _, l := range j.listening(s.network, rounds) {
			if len(l.before) > 0 && l.reporters > 0 {
				j.add(id, verdict.Warn, verdict.Hint, l.group.String(),
					fmt.Sprintf("%s reported %s when joining, and kept silent after %d general queries of an old version, which another host answered: a switch that forwards reports to hosts then serves only one of them", texts(l.before), l.group, len(rounds)),
					verdict.Fix("set the querier to the newest version, in which nobody keeps a report back"))
			}
		}
	}
}
