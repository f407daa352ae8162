package mesh

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/verdict"
)

// hearing judges who does not hear whom: first nodes that are gone, then nodes
// that are deaf or not heard, then pairs, then what is left of single directions.
// Nothing is called whole of which a part is not known.
func (j *judge) hearing() {
	rest := j.deafened(j.notHeard())
	if j.starved {
		// Nodes that many others starve fall silent, and call others so.
		rest = slices.DeleteFunc(rest, func(a Direction) bool { return !a.Missed })
	}
	for i, n := range j.Nodes {
		if n.State == Gone && !j.closed() && !j.starved {
			j.gone(i, n)
		}
	}
	rest = slices.DeleteFunc(rest, func(a Direction) bool { return a.Reason == ReasonGone })
	rest = j.nobody(rest)
	for to := range j.Nodes {
		rest = j.deaf(to, rest)
	}
	for from := range j.Nodes {
		rest = j.mute(from, rest)
	}
	rest = j.isolated(rest)
	for _, a := range j.many(rest) {
		back := j.Direction(a.To, a.From)
		id := idOneWay
		if back.State != Heard && back.State != Ended {
			id = idCut
			if back.Cut() && a.From > a.To {
				continue // told with the other direction
			}
		}
		j.add(id, verdict.Fail, verdict.Definite, j.name(a), j.sentence(a), j.evidenceOf(a))
	}
	j.whole()
}

// starved: the nodes, or this host, do not keep up with so many, or have not had the
// time: of many nodes one in ten is late, or more than half of their directions are not
// known.
func (r *Report) starved() bool {
	k := len(r.Nodes)
	if k <= few {
		return false
	}
	late := 0
	for i := range r.Nodes {
		if r.Nodes[i].Late {
			late++
		}
	}
	if 10*late > k {
		return true
	}
	open := 0
	for a := range r.Directions() {
		if a.State == Unknown {
			open++
		}
	}
	return 2*open > k*(k-1)
}

// manyCut is from how many directions on they are told together: nobody reads more.
const manyCut = 64

// many tells of so many directions in one verdict, and returns those that are left.
func (j *judge) many(rest []Direction) []Direction {
	if len(rest) < manyCut {
		return rest
	}
	var parts []verdict.Part
	ends := map[int]bool{}
	id := idOneWay
	for _, a := range rest {
		ends[a.To] = true
		if back := j.Direction(a.To, a.From); back.State != Heard && back.State != Ended {
			id = idCut
		}
	}
	for _, a := range rest[:32] {
		parts = append(parts, j.evidenceOf(a))
	}
	parts = append(parts, verdict.Next("muster mesh "+j.Group+" --json has each of them"))
	j.add(id, verdict.Fail, verdict.Definite, "", fmt.Sprintf("%d directions do not work, to %d of %d nodes", len(rest), len(ends), len(j.Nodes)), parts...)
	return nil
}

// closed: something on this host drops what comes to the mesh's port, so that it
// knows of nobody whether they are there.
func (j *judge) closed() bool { return j.Nodes[0].Hearing.NoEcho() }

// notHeard are the directions that do not work between nodes that take part or are
// gone.
func (j *judge) notHeard() (out []Direction) {
	for a := range j.Directions() {
		if a.Cut() && a.Reason != ReasonLeft {
			out = append(out, a)
		}
	}
	return out
}

// whole tells what is known of the whole matrix, where nothing of it is bad.
func (j *judge) whole() {
	heard, open, all := 0, 0, 0
	for a := range j.Directions() {
		from, to := &j.Nodes[a.From], &j.Nodes[a.To]
		if (from.State == Gone || to.State == Gone) && !j.closed() {
			continue
		}
		all++
		switch {
		case a.State == Heard || a.State == Ended:
			heard++
		case a.State == Unknown || to.Hearing.NoEcho() || j.closed() || j.starved && !a.Missed:
			open++
		}
	}
	bad := slices.ContainsFunc(j.out, func(v verdict.Verdict) bool { return v.Status == verdict.Fail && v.ID != idMissing })
	switch {
	case len(j.Nodes) == 1:
		j.add(idCut, verdict.Unknown, verdict.Definite, "", "only this host is heard: with nobody else there is nothing to compare",
			verdict.Next("run 'muster mesh "+j.Group+"' on the other hosts at the same time"),
			verdict.Next("see whether a firewall here or there drops UDP port "+j.port()+"; muster check walks the rules of a host"))
	case open > 0 && (!bad || open == all):
		next := verdict.Next("let it run longer on every node: muster mesh " + j.Group + " -d 1m")
		if slices.ContainsFunc(j.Nodes, func(n NodeInfo) bool { return n.Hearing.NoEcho() }) {
			next = verdict.Next("open UDP port " + j.port() + " there for the time of the test, and run it again")
		}
		j.add(idCut, verdict.Unknown, verdict.Definite, "",
			fmt.Sprintf("of %d directions between %d nodes %d are heard and %d are not known: %s", all, len(j.Nodes), heard, open, strings.Join(j.whyOpen(), "; ")), next)
	case heard > 0 && heard == all && !bad:
		j.add(idCut, verdict.Pass, verdict.Definite, "", fmt.Sprintf("all %d directions between %d nodes are heard", heard, len(j.Nodes)))
	}
}

// whyOpen are the reasons for which directions are not known.
func (j *judge) whyOpen() (out []string) {
	var words, lists, busy, closed, late []string
	for i := range j.Nodes {
		switch n := &j.Nodes[i]; {
		case n.Hearing.NoEcho():
			closed = append(closed, j.Label(i))
		case n.State == Rumour:
			words = append(words, j.Label(i))
		case n.Hearing&Overloaded != 0 && !n.Self:
			busy = append(busy, j.Label(i))
		case n.Late:
			late = append(late, j.Label(i))
		case !n.Complete && n.State != Gone:
			lists = append(lists, j.Label(i))
		}
	}
	tell := func(who []string, text string) {
		if len(who) > 0 {
			names := strings.Join(who[:min(len(who), 8)], ", ")
			if len(who) > 8 {
				names += fmt.Sprintf(" and %d more", len(who)-8)
			}
			out = append(out, fmt.Sprintf(text, names))
		}
	}
	if j.Overloaded || j.Stood > 0 || j.Dropped > 0 {
		out = append(out, fmt.Sprintf("this host did not keep up (it stood still for %s and lost %d datagrams)", j.Stood.Round(100*time.Millisecond), j.Dropped))
	}
	tell(busy, "%s did not keep up")
	tell(late, "%s announced themselves less than half as often as they say: they, or this host, have no time for so many")
	tell(closed, "something on %s drops the port of the mesh")
	tell(words, "of %s others speak, nothing comes from there")
	tell(lists, "the whole list of %s has not come yet")
	if len(out) == 0 {
		out = append(out, fmt.Sprintf("%s was too short for all nodes to hear and to tell of each other", j.At.Sub(j.Start).Round(time.Second)))
	}
	return out
}

func (j *judge) name(a Direction) string { return j.Label(a.From) + " > " + j.Label(a.To) }

func (j *judge) sentence(a Direction) string {
	switch {
	case a.State == Never && j.Nodes[a.From].State == Rumour:
		return fmt.Sprintf("nothing comes from %s to %s, though others hear it", j.Label(a.From), j.Label(a.To))
	case a.State == Never:
		return fmt.Sprintf("%s has not heard %s, though both take part", j.Label(a.To), j.Label(a.From))
	}
	return fmt.Sprintf("%s heard %s last at %s%s", j.Label(a.To), j.Label(a.From), clock(a.StoppedAt), because(a.Reason))
}

func because(r Reason) string {
	switch r {
	case ReasonGroup:
		return "; unicast between them goes on"
	case ReasonNoQuerier:
		return "; it saw no IGMP or MLD query, as a switch that snoops without a querier would have it"
	case ReasonIGMPDrop:
		return "; queries came and it answered none"
	case ReasonInputDrop:
		return "; the group still comes in at its interface, so that host drops it"
	}
	return ""
}

func (j *judge) evidenceOf(a Direction) verdict.Evidence {
	from := "the announcements of " + j.Label(a.To)
	if j.Nodes[a.To].Self {
		from = "this node"
	}
	if a.State == Never {
		return evidence("direction "+j.name(a), from, "not heard once")
	}
	return evidence("direction "+j.name(a), from, "stopped at %s: %s", a.StoppedAt.UTC().Format(time.RFC3339Nano), a.Reason)
}

// resumed tells of directions to this node that were away for a while.
func (j *judge) resumed() {
	outages, nodes := 0, 0
	for _, n := range j.Nodes {
		k := len(slices.DeleteFunc(slices.Clone(n.Outages), func(o Outage) bool { return o.Reason == ReasonLeft }))
		outages += k
		nodes += min(k, 1)
	}
	if outages >= manyCut || j.starved && outages > 0 {
		st := verdict.Warn
		if j.starved {
			st = verdict.Unknown
		}
		j.add(idCut, st, verdict.Likely, j.Label(0),
			fmt.Sprintf("%d of %d nodes were not heard for a while, %d times in all, and came back: this host or its port did not keep up, or the network loses the group at times", nodes, len(j.Nodes)-1, outages),
			verdict.Next("muster mesh "+j.Group+" --json has each of them"))
		return
	}
	for i, n := range j.Nodes {
		for _, o := range n.Outages {
			if o.Reason == ReasonLeft {
				continue
			}
			if o.Missed == 0 {
				j.add(idCut, verdict.Warn, verdict.Hint, j.Label(i)+" > "+j.Label(0),
					fmt.Sprintf("%s announced nothing from %s to %s (%s), and its numbers go on without a gap: its process stood still, the network lost nothing of it", j.Label(i), clock(o.From), clock(o.To), o.To.Sub(o.From).Round(time.Second)))
				continue
			}
			j.add(idCut, verdict.Warn, verdict.Definite, j.Label(i)+" > "+j.Label(0),
				fmt.Sprintf("%s was not heard from %s to %s (%s)%s", j.Label(i), clock(o.From), clock(o.To), o.To.Sub(o.From).Round(time.Second), because(o.Reason)))
		}
	}
}

func with(as []Direction, keep func(Direction) bool) []Direction {
	var out []Direction
	for _, a := range as {
		if keep(a) {
			out = append(out, a)
		}
	}
	return out
}

func span(as []Direction) (first, last time.Time) {
	for _, a := range as {
		if a.State != Stopped {
			continue
		}
		if first.IsZero() || a.StoppedAt.Before(first) {
			first = a.StoppedAt
		}
		if a.StoppedAt.After(last) {
			last = a.StoppedAt
		}
	}
	return first, last
}
