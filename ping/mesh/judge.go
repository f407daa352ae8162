package mesh

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/verdict"
)

// The ids that only a mesh can give; the others are the catalogue's own.
const (
	idCut      verdict.ID = "mesh.cut"
	idLoss     verdict.ID = "mesh.loss"
	idMissing  verdict.ID = "mesh.missing"
	idNames    verdict.ID = "mesh.duplicate-name"
	idUnproven verdict.ID = "mesh.unproven"
)

// Thresholds of Judge.
const (
	lossWorthTelling = 0.01
	skewWorthTelling = time.Second
	// queryWait is how long it takes to be sure that there is no querier: an
	// interval of 125 s and the time to answer (RFC 3376 section 8).
	queryWait = 130 * time.Second
)

// Expected is what --expect asks for: so many nodes, or these names or addresses.
type Expected struct {
	Count int
	Names []string
}

// Missing are those of e that do not take part.
func (e Expected) Missing(r *Report) []string {
	var out []string
	for _, name := range e.Names {
		there := slices.ContainsFunc(r.Nodes, func(n NodeInfo) bool {
			return n.took() && (n.Name == name || n.Addr.IsValid() && n.Addr.WithZone("").String() == name || n.Self && n.Own == name)
		})
		if !there {
			out = append(out, name)
		}
	}
	return out
}

// took: the node takes part, or did until it said goodbye.
func (n NodeInfo) took() bool { return n.State == Alive || n.State == Left }

// Judge turns what a node knows into verdicts.
func Judge(r *Report, e Expected) []verdict.Verdict {
	j := judge{Report: r}
	j.missing(e)
	j.arrows()
	j.queries()
	j.losses()
	j.tcp()
	j.clocks()
	j.mtus()
	j.names()
	j.liars()
	return j.out
}

type judge struct {
	*Report
	out []verdict.Verdict
}

func (j *judge) add(id verdict.ID, st verdict.Status, conf verdict.Confidence, subject, saw string, parts ...verdict.Part) {
	j.out = append(j.out, verdict.New(id, st, conf, subject, saw, parts...))
}

func evidence(what, from, format string, args ...any) verdict.Evidence {
	return verdict.Evidence{What: what, Value: fmt.Sprintf(format, args...), ReadFrom: from}
}

func (j *judge) missing(e Expected) {
	if e.Count == 0 {
		return
	}
	alive := 0
	for _, n := range j.Nodes {
		if n.took() {
			alive++
		}
	}
	absent := e.Missing(j.Report)
	saw := fmt.Sprintf("%d of %d expected nodes take part", min(alive, e.Count), e.Count)
	switch {
	case len(absent) > 0:
		j.add(idMissing, verdict.Fail, verdict.Definite, strings.Join(absent, ", "),
			fmt.Sprintf("%s: nothing comes from %s, neither by the group nor by unicast", saw, strings.Join(absent, ", ")),
			verdict.Fix("run muster mesh there, on the same group and port"))
	case alive < e.Count:
		j.add(idMissing, verdict.Fail, verdict.Definite, "", saw, verdict.Fix("run muster mesh on the others, on the same group and port"))
	default:
		j.add(idMissing, verdict.Pass, verdict.Definite, "", saw)
	}
}

// arrows judges what is cut: first nodes that are gone, then nodes that are deaf
// or mute, then what is left of single arrows.
func (j *judge) arrows() {
	cut := j.cutArrows()
	if len(cut) == 0 {
		heard := 0
		for _, a := range j.Arrows() {
			if a.State == Heard || a.State == Ended {
				heard++
			}
		}
		if heard > 0 {
			j.add(idCut, verdict.Pass, verdict.Definite, "", fmt.Sprintf("%d arrows between %d nodes, none is cut", heard, len(j.Nodes)))
		} else {
			j.add(idCut, verdict.Unknown, verdict.Definite, "", "no other node was heard: there is nothing to compare")
		}
		j.resumed()
		return
	}
	for i, n := range j.Nodes {
		if n.State == Gone {
			j.gone(i, n)
		}
	}
	rest := slices.DeleteFunc(cut, func(a Arrow) bool { return a.Reason == ReasonGone })
	for to := range j.Nodes {
		rest = j.deaf(to, rest)
	}
	for from := range j.Nodes {
		rest = j.mute(from, rest)
	}
	for _, a := range rest {
		back := j.Arrow(a.To, a.From)
		id := verdict.ID("tribes.one-way")
		if back.State != Heard {
			id = idCut
			if back.Cut() && a.From > a.To {
				continue // told with the other direction
			}
		}
		j.add(id, verdict.Fail, verdict.Definite, j.name(a), j.sentence(a), j.evidenceOf(a))
	}
	j.resumed()
}

// cutArrows are the cut arrows between nodes that take part or are gone.
func (j *judge) cutArrows() []Arrow {
	return slices.DeleteFunc(j.Arrows(), func(a Arrow) bool {
		return !a.Cut() || a.Reason == ReasonLeft
	})
}

func (j *judge) name(a Arrow) string { return j.Label(a.From) + " > " + j.Label(a.To) }

func clock(t time.Time) string { return t.Local().Format("15:04:05") }

func (j *judge) sentence(a Arrow) string {
	switch a.State {
	case Never:
		return fmt.Sprintf("%s never heard %s, though both take part", j.Label(a.To), j.Label(a.From))
	default:
		return fmt.Sprintf("%s heard %s last at %s%s", j.Label(a.To), j.Label(a.From), clock(a.StoppedAt), because(a.Reason))
	}
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

func (j *judge) evidenceOf(a Arrow) verdict.Evidence {
	from := "the announcements of " + j.Label(a.To)
	if j.Nodes[a.To].Self {
		from = "this node"
	}
	if a.State == Never {
		return evidence("arrow "+j.name(a), from, "never heard")
	}
	return evidence("arrow "+j.name(a), from, "stopped at %s: %s", a.StoppedAt.UTC().Format(time.RFC3339Nano), a.Reason)
}

func (j *judge) protocol() string {
	if j.IPv6 {
		return "MLD"
	}
	return "IGMP"
}

// noQuerier is the catalogue's entry for the lack of one.
func (j *judge) noQuerier() verdict.ID {
	if j.IPv6 {
		return "mld.snooping"
	}
	return "igmp.no-querier"
}

// sureness of the lack of a querier: a switch forgets after minutes, so that what
// died sooner may have died of something else.
func (j *judge) sureness(mine []Arrow) verdict.Confidence {
	first, _ := span(mine)
	if first.Sub(j.Start) < time.Minute {
		return verdict.Hint
	}
	return verdict.Likely
}

// letIn is the command that lets queries in.
func (j *judge) letIn() verdict.Fix {
	if j.IPv6 {
		return "nft add rule inet filter input icmpv6 type mld-listener-query accept"
	}
	return "nft add rule inet filter input ip protocol igmp accept"
}

func (j *judge) with(as []Arrow, keep func(Arrow) bool) []Arrow {
	var out []Arrow
	for _, a := range as {
		if keep(a) {
			out = append(out, a)
		}
	}
	return out
}

func span(as []Arrow) (first, last time.Time) {
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

// resumed tells of arrows into this node that were away for a while.
func (j *judge) resumed() {
	for i, n := range j.Nodes {
		for _, o := range n.Outages {
			if o.Reason == ReasonLeft {
				continue
			}
			j.add(idCut, verdict.Warn, verdict.Definite, j.Label(i)+" > "+j.Label(0),
				fmt.Sprintf("%s was not heard from %s to %s (%s)%s", j.Label(i), clock(o.From), clock(o.To), o.To.Sub(o.From).Round(time.Second), because(o.Reason)))
		}
	}
}
