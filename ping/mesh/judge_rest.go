package mesh

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/verdict"
	"muster/mcast/querier"
)

// skewWorthTelling is the difference of clocks from which on it is told.
const skewWorthTelling = time.Second

// queries tells whether a querier keeps the memberships alive, where nothing died
// of the lack of one.
func (j *judge) queries() {
	id := j.noQuerier()
	if j.told(id, j.Label(0)) || j.told("fw.igmp-drop", j.Label(0)) {
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
			fmt.Sprintf("%d %s queries were not followed by a report of this host: a switch that snoops will forget it", v.Unanswered, j.protocol()), verdict.Fix(j.letIn()))
	case v.Queries > 0 && !v.Overdue:
		j.add(id, verdict.Pass, verdict.Definite, "", fmt.Sprintf("%d queries were seen, the last at %s", v.Queries, clock(v.LastQuery)))
	case v.Overdue:
		j.add(id, verdict.Warn, verdict.Likely, "", fmt.Sprintf("the last query came at %s, and the next one is long due: the querier is gone", clock(v.LastQuery)))
	default:
		st := querier.WithoutQuery(watched)
		if st == verdict.Unknown {
			st = verdict.Skip // it was not what was asked for
		}
		j.add(id, st, verdict.Hint, "", querier.NoQuery(watched), verdict.Next("sudo muster querier --provoke"), verdict.Next("muster mesh "+j.Group+" -d 5m"))
	}
}

// forgotten: the node could see queries and saw none, though others saw several
// while it was there: the network keeps them from it.
func (j *judge) forgotten(i int) bool {
	n := &j.Nodes[i]
	if n.Queries != 0 || n.Hearing&Sees == 0 || !n.took() {
		return false
	}
	const several = 3
	return slices.ContainsFunc(j.Nodes, func(o NodeInfo) bool { return o.Queries >= several && o.took() })
}

// queriesCompared tells of nodes that get no query though others do.
func (j *judge) queriesCompared() {
	id := j.noQuerier()
	for i := range j.Nodes {
		who := j.Label(i)
		if !j.forgotten(i) || j.told(id, who) {
			continue
		}
		var parts []verdict.Part
		for k := range j.Nodes {
			if n := &j.Nodes[k]; n.Queries >= 0 && len(parts) < 32 {
				parts = append(parts, evidence("queries at "+j.Label(k), "the announcements of "+j.Label(k), "%d", n.Queries))
			}
		}
		j.add(id, verdict.Warn, verdict.Likely, who, fmt.Sprintf("%s queries come to other nodes and none came to %s: a switch will forget its membership", j.protocol(), who), append(parts, j.letAsk()...)...)
	}
}

// blind: this node cannot see queries. Where another one that is deaf too saw that
// none came, that is the likely cause here as well.
func (j *judge) blind(noQuerier verdict.ID) {
	if !slices.ContainsFunc(j.out, func(v verdict.Verdict) bool { return v.ID == noQuerier }) {
		return
	}
	for i := range j.out {
		if v := &j.out[i]; (v.ID == idInputDrop || v.ID == idOneWay) && v.Subject == j.Label(0) {
			v.Saw += "; it cannot see queries itself, and others that are deaf saw none"
			v.CausedBy = append(v.CausedBy, noQuerier)
		}
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
