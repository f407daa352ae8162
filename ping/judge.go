package ping

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"

	"muster/internal/verdict"
	"muster/mcast"
	"muster/ping/internal/neighbour"
)

const (
	idNoAnswer verdict.ID = "ping.no-answer"
	idOneWay   verdict.ID = "tribes.one-way"
	idTTL      verdict.ID = "ttl.too-small"
	idIgnored  verdict.ID = "icmp.ignore-broadcasts"
	idLoss     verdict.ID = "mesh.loss"
)

// Judge turns what a run found into verdicts: who answers by unicast and not to the
// group, and why that may be; who does not answer at all. An answer to the group is
// a pass; that nobody answered where nobody was expected says nothing.
func Judge(a Asked, i mcast.Interface, rows []Row, e Expectation) []verdict.Verdict {
	j := judge{asked: a, device: i, rows: rows, expect: e}
	j.unicastOnly()
	j.missing()
	j.answered()
	return j.out
}

type judge struct {
	asked  Asked
	device mcast.Interface
	rows   []Row
	expect Expectation
	out    []verdict.Verdict
}

func (j *judge) add(id verdict.ID, st verdict.Status, conf verdict.Confidence, subject, saw string, parts ...verdict.Part) {
	j.out = append(j.out, verdict.New(id, st, conf, subject, saw, parts...))
}

func (j *judge) own(a netip.Addr) bool {
	return slices.ContainsFunc(j.device.Addrs, func(p netip.Prefix) bool { return p.Addr().WithZone("") == a.WithZone("") })
}

// ttl is that of the probes to the group.
func (j *judge) ttl() int { return max(j.asked.TTL, 1) }

// unicastOnly judges hosts that answer, but not to the group.
func (j *judge) unicastOnly() {
	for _, r := range j.rows {
		if r.Received > 0 || r.Unicast.Received == 0 {
			continue
		}
		who := r.Addr.String()
		answers := verdict.Evidence{What: "answers of " + who, Value: fmt.Sprintf("%d of %d by unicast, 0 of %d to the group", r.Unicast.Received, r.Unicast.Sent, r.Series.Sent), ReadFrom: "this run"}
		conf := sureness(chance(r))
		switch {
		case j.asked.UDP && r.Unicast.Received < r.Unicast.Sent && conf == verdict.Hint:
			j.add(idLoss, verdict.Fail, verdict.Likely, who,
				fmt.Sprintf("%s answers %d of %d by unicast and 0 of %d to the group: so much is lost that this says nothing about the group alone", who, r.Unicast.Received, r.Unicast.Sent, r.Series.Sent), answers,
				verdict.Next("muster mesh "+j.asked.Group.String()+" -d 1m on both: how much is lost, each way"), verdict.Next("muster ping --udp --both -c 50 "+j.asked.Group.String()))
		case r.Hops >= j.ttl():
			if r.HopsGuessed && conf == verdict.Definite {
				conf = verdict.Likely
			}
			j.add(idTTL, verdict.Fail, conf, who,
				fmt.Sprintf("%s answers by unicast from behind %s and not to the group: probes with TTL %d end before it", who, routers(r.Hops), j.ttl()), answers,
				verdict.Next(fmt.Sprintf("muster ping --udp --ttl 1..%d %s: does a router pass the group on at all?", min(r.Hops+4, 255), j.asked.Group)))
		case j.asked.UDP:
			j.add(idOneWay, verdict.Fail, conf, who,
				fmt.Sprintf("%s answers by unicast and not to the group, in which its responder is: the group does not get from here to there", who), answers,
				verdict.Next("muster mesh "+j.asked.Group.String()+" on both: one way or both, and whether it comes in at the interface"),
				verdict.Next("on "+who+": sudo muster check"), verdict.Next("sudo muster querier --provoke"))
		default:
			j.add(idIgnored, verdict.Unknown, verdict.Hint, who,
				fmt.Sprintf("%s answers by unicast and not to the group: most kernels ignore ICMP echo to groups, which says nothing about multicast", who), answers,
				verdict.Next(useUDP(j.asked)))
		}
	}
}

// chance is how likely it is that no probe to the group was answered where each has the
// chance of one by unicast: as many of those as were answered, and one of two more.
func chance(r Row) float64 {
	answered := float64(r.Unicast.Received+1) / float64(r.Unicast.Sent+2)
	return math.Pow(1-answered, float64(r.Series.Sent))
}

// sureness that it is not by chance.
func sureness(chance float64) verdict.Confidence {
	switch {
	case chance < 1e-3:
		return verdict.Definite
	case chance < 1e-2:
		return verdict.Likely
	}
	return verdict.Hint
}

func routers(n int) string {
	if n == 1 {
		return "1 router"
	}
	return fmt.Sprintf("%d routers", n)
}

// missing judges hosts that were expected and answered nothing.
func (j *judge) missing() {
	entries := neighbour.Read(j.device.Name)
	for _, h := range j.expect.Missing(j.rows) {
		if h.reachable(j.rows) {
			continue // told
		}
		id, saw := idNoAnswer, h.Name+" did not answer the group"
		var parts []verdict.Part
		asked := slices.ContainsFunc(j.rows, func(r Row) bool { return h.has(r.Addr) && r.Unicast.Sent > 0 })
		if asked {
			saw = h.Name + " answered neither the group nor by unicast"
		}
		for _, a := range h.Addrs {
			switch {
			case slices.ContainsFunc(entries, func(e neighbour.Entry) bool { return e.Addr == a && e.Failed }):
				id = "mesh.cut"
				saw += "; nobody answers ARP for its address either: the host is down, or cut off at layer 2"
				parts = append(parts, verdict.Evidence{What: "neighbour " + a.String(), Value: "nobody answers", ReadFrom: "this host's neighbour table"})
			case j.outside(a):
				saw += fmt.Sprintf("; it is in none of the networks of %s: a multicast router must pass the group on, and TTL %d ends before it", j.device.Name, j.ttl())
			}
		}
		parts = append(parts, verdict.Next("is 'muster ping --respond "+j.asked.Group.String()+"' running there, and UDP port "+fmt.Sprint(j.asked.Port)+" open?"))
		if !asked {
			parts = append(parts, verdict.Next("--both asks by unicast as well, and tells a host that is away from one that the group does not reach"))
		}
		if !j.asked.UDP {
			parts = append(parts, verdict.Next(useUDP(j.asked)))
		}
		j.add(id, verdict.Fail, verdict.Hint, h.Name, saw, parts...) // which of the causes it is, is open
	}
	if n := j.expect.Answering(j.rows); len(j.expect.Hosts) == 0 && n < j.expect.Count {
		j.add(idNoAnswer, verdict.Fail, verdict.Definite, j.asked.Group.String(), fmt.Sprintf("%d of %d expected hosts answered", n, j.expect.Count), verdict.Next(useUDP(j.asked)))
	}
}

// outside: the address is of none of the interface's networks.
func (j *judge) outside(a netip.Addr) bool {
	same := slices.ContainsFunc(j.device.Addrs, func(p netip.Prefix) bool { return p.Addr().Is6() == a.Is6() })
	return same && !slices.ContainsFunc(j.device.Addrs, func(p netip.Prefix) bool { return p.Contains(a.WithZone("")) })
}

// answered tells who answered the group; this host proves nothing.
func (j *judge) answered() {
	var others []string
	for _, r := range j.rows {
		if r.Received > 0 && !j.own(r.Addr) && !slices.Contains(others, r.Addr.String()) {
			others = append(others, r.Addr.String())
		}
	}
	switch {
	case len(others) > 0:
		j.add(idNoAnswer, verdict.Pass, verdict.Definite, j.asked.Group.String(), fmt.Sprintf("%s answered: the group gets there, and unicast gets back", strings.Join(others[:min(len(others), 16)], ", ")))
	case len(j.out) == 0:
		saw := "nobody answered"
		if len(j.rows) > 0 {
			saw = "only this host answered, which proves nothing about the network"
		}
		j.add(idNoAnswer, verdict.Unknown, verdict.Definite, j.asked.Group.String(), saw, verdict.Next(useUDP(j.asked)))
	}
}
