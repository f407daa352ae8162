package mesh

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/verdict"
)

// queries tells whether a querier keeps the memberships alive, where nothing died
// of the lack of one.
func (j *judge) queries() {
	id := j.noQuerier()
	if slices.ContainsFunc(j.out, func(v verdict.Verdict) bool { return v.Subject == j.Label(0) && (v.ID == id || v.ID == "fw.igmp-drop") }) {
		return
	}
	if !j.View.Able {
		j.blind(id)
	}
	watched := j.At.Sub(j.Start)
	switch v := j.View; {
	case !v.Able && v.Why != "":
		j.add(id, verdict.Skip, verdict.Definite, "", "not looked at: "+v.Why)
	case !v.Able:
	case v.Queries > 0 && !v.Overdue && v.Unanswered > 0:
		j.add("fw.igmp-drop", verdict.Fail, verdict.Definite, j.Label(0),
			fmt.Sprintf("%d queries were not followed by a report of this host: a switch that snoops will forget it", v.Unanswered), j.letIn())
	case v.Queries > 0 && !v.Overdue:
		j.add(id, verdict.Pass, verdict.Definite, "", fmt.Sprintf("%d queries were seen, the last at %s", v.Queries, clock(v.LastQuery)))
	case v.Overdue:
		j.add(id, verdict.Warn, verdict.Likely, "", fmt.Sprintf("the last query came at %s, and the next one is long due: the querier is gone", clock(v.LastQuery)))
	case watched >= queryWait:
		j.add(id, verdict.Warn, verdict.Likely, "",
			fmt.Sprintf("no query was seen in %s: a switch that snoops will forget who listens 260 s after the last report; keep the mesh running longer than that to know", watched.Round(time.Second)))
	default:
		j.add(id, verdict.Skip, verdict.Definite, "",
			fmt.Sprintf("no query was seen in %s, which is too short to tell: a querier asks every 125 s; --duration 5m knows", watched.Round(time.Second)))
	}
}

// blind: this node cannot see queries. Where another one that is deaf too saw that
// none came, that is the likely cause here as well.
func (j *judge) blind(noQuerier verdict.ID) {
	if !slices.ContainsFunc(j.out, func(v verdict.Verdict) bool { return v.ID == noQuerier }) {
		return
	}
	for i := range j.out {
		if v := &j.out[i]; v.ID == "fw.input-drop" && v.Subject == j.Label(0) {
			v.Saw += "; it cannot see queries itself, and others that are deaf saw none"
			v.CausedBy = append(v.CausedBy, noQuerier)
		}
	}
}

func (j *judge) losses() {
	for _, a := range j.Arrows() {
		if a.State == Heard && a.Loss >= lossWorthTelling {
			j.add(idLoss, verdict.Warn, verdict.Definite, j.name(a),
				fmt.Sprintf("%s loses %.1f %% of what %s announces", j.Label(a.To), 100*a.Loss, j.Label(a.From)))
		}
	}
}

// tcp tells where the group gets through and TCP does not: a half-open cluster.
func (j *judge) tcp() {
	const id = verdict.ID("tribes.half-open")
	tried, open := 0, 0
	for _, a := range j.Arrows() {
		port := j.Nodes[a.From].TCPPort
		if a.TCP == TCPUnknown || port == 0 || !j.Nodes[a.From].took() || !j.Nodes[a.To].took() {
			continue
		}
		tried++
		what := evidence(fmt.Sprintf("TCP connection to port %d", port), j.Label(a.To), "%s", a.TCP)
		subject := fmt.Sprintf("%s > %s:%d", j.Label(a.To), j.Label(a.From), port)
		switch {
		case a.TCP == TCPOpen:
			open++
		case a.TCP == TCPRefused:
			j.add(id, verdict.Warn, verdict.Definite, subject,
				fmt.Sprintf("%s refuses TCP connections of %s to port %d: nobody listens, or a firewall rejects", j.Label(a.From), j.Label(a.To), port), what)
		case a.State == Heard || a.State == Ended:
			j.add(id, verdict.Fail, verdict.Definite, subject,
				fmt.Sprintf("%s hears %s by the group, but cannot connect to its TCP port %d (%s): a firewall drops it", j.Label(a.To), j.Label(a.From), port, a.TCP), what,
				verdict.Fix(fmt.Sprintf("on %s: nft add rule inet filter input tcp dport %d accept", j.Label(a.From), port)))
		case a.Cut():
			j.add(id, verdict.Fail, verdict.Definite, subject,
				fmt.Sprintf("%s cannot connect to TCP port %d of %s (%s)", j.Label(a.To), port, j.Label(a.From), a.TCP), what, idCut)
		}
	}
	if tried > 0 && tried == open {
		j.add(id, verdict.Pass, verdict.Definite, "", fmt.Sprintf("%d connections, all accepted", tried))
	}
}

func (j *judge) clocks() {
	lo, hi := 0, 0
	known := 1
	for i, n := range j.Nodes {
		if !n.OffsetKnown || !n.took() {
			continue
		}
		if !n.Self {
			known++
		}
		if n.Offset < j.Nodes[lo].Offset {
			lo = i
		}
		if n.Offset > j.Nodes[hi].Offset {
			hi = i
		}
	}
	if known > 1 {
		by := j.Nodes[hi].Offset - j.Nodes[lo].Offset
		saw := fmt.Sprintf("the clock of %s is %s ahead of that of %s", j.Label(hi), by.Round(time.Microsecond), j.Label(lo))
		if by >= skewWorthTelling {
			j.add("tribes.clock-skew", verdict.Warn, verdict.Definite, j.Label(hi)+", "+j.Label(lo),
				saw+"; Tomcat's EncryptInterceptor refuses messages that are more than 10 s off", verdict.Fix("timedatectl set-ntp true"))
		} else {
			j.add("tribes.clock-skew", verdict.Pass, verdict.Definite, "", fmt.Sprintf("the clocks of %d nodes are within %s", known, by.Round(time.Microsecond)))
		}
	}
	for _, jump := range j.Jumps {
		j.add("tribes.clock-step", verdict.Warn, verdict.Definite, j.Label(0),
			fmt.Sprintf("the clock of this host was set by %s at %s", jump.By.Round(time.Millisecond), clock(jump.At)))
	}
}

func (j *judge) mtus() {
	byMTU := map[int][]string{}
	for i, n := range j.Nodes {
		if n.took() && n.MTU > 0 {
			byMTU[n.MTU] = append(byMTU[n.MTU], j.Label(i))
		}
	}
	if len(byMTU) < 2 {
		return
	}
	var parts []string
	for mtu, names := range byMTU {
		parts = append(parts, fmt.Sprintf("%d on %s", mtu, strings.Join(names[:min(len(names), 8)], ", ")))
	}
	slices.Sort(parts)
	j.add("mtu.mismatch", verdict.Warn, verdict.Definite, "", strings.Join(parts, "; "), verdict.Fix("give all interfaces of this network the same MTU"))
}

func (j *judge) names() {
	byName := map[string][]string{}
	for _, n := range j.Nodes {
		if n.State == Alive && n.Name != "" {
			where := n.Addr.String()
			if n.Self {
				where = "this host"
			}
			byName[n.Name] = append(byName[n.Name], where)
		}
	}
	var names []string
	for name, where := range byName {
		if len(where) > 1 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		j.add(idNames, verdict.Warn, verdict.Definite, name,
			fmt.Sprintf("%d nodes are called %s: %s", len(byName[name]), name, strings.Join(byName[name][:min(len(byName[name]), 8)], ", ")), verdict.Fix("muster mesh --name"))
	}
}

func (j *judge) liars() {
	for i, n := range j.Nodes {
		if n.Unproven {
			j.add(idUnproven, verdict.Warn, verdict.Likely, j.Label(i),
				fmt.Sprintf("%s announces that it hears this node, yet never returned a number of any announcement", j.Label(i)))
		}
	}
}
