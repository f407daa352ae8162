package mesh

import (
	"fmt"
	"slices"
	"time"

	"muster/internal/verdict"
)

func (j *judge) gone(i int, n NodeInfo) {
	j.add(idCut, verdict.Fail, verdict.Definite, j.Label(i),
		fmt.Sprintf("nothing comes from %s since %s, neither by the group nor by unicast", j.Label(i), clock(n.Word)),
		evidence("last word", "this node", "%s", n.Word.UTC().Format(time.RFC3339Nano)))
}

// deaf tells of a node whom nobody reaches by the group though others hear each
// other or are heard, and returns the arrows that are left to tell.
func (j *judge) deaf(to int, rest []Arrow) []Arrow {
	mine := j.with(rest, func(a Arrow) bool { return a.To == to })
	if len(mine) == 0 || len(mine) < 2 && len(j.Nodes) > 2 || j.hears(to) {
		return rest
	}
	reason := mine[0].Reason
	for _, a := range mine {
		if a.Reason != reason {
			reason = ReasonUnknown
		}
	}
	var parts []verdict.Part
	for _, a := range mine[:min(len(mine), 32)] {
		parts = append(parts, j.evidenceOf(a))
	}
	who := j.Label(to)
	saw := fmt.Sprintf("%s hears none of %d nodes by the group", who, len(mine))
	if first, last := span(mine); !first.IsZero() {
		saw += " since " + clock(first)
		if last.Sub(first) > time.Second {
			saw += " to " + clock(last)
		}
	}
	id, conf := verdict.ID("fw.input-drop"), verdict.Hint
	switch reason {
	case ReasonNoQuerier:
		id, conf = j.noQuerier(), j.sureness(mine)
		saw += ", unicast goes on, and " + j.queriesSeen(to)
		if j.Nodes[to].Self && !j.View.LastReport.IsZero() {
			parts = append(parts, evidence("last membership report", "this node's interface", "%s", j.View.LastReport.UTC().Format(time.RFC3339Nano)))
		}
		parts = append(parts, verdict.Fix("switch: enable the "+j.protocol()+" snooping querier of this VLAN"), verdict.Fix("Linux bridge: ip link set BR type bridge mcast_querier 1"))
	case ReasonIGMPDrop:
		id, conf = "fw.igmp-drop", verdict.Definite
		saw += "; queries came, and it answered none"
		parts = append(parts, "on "+verdict.Fix(who)+": "+j.letIn(), verdict.Fix("firewalld: firewall-cmd --permanent --add-protocol=igmp && firewall-cmd --reload"))
	case ReasonInputDrop:
		conf = verdict.Definite
		saw += "; the group still comes in at its interface, so that host drops it: its firewall, or reverse path filtering"
		parts = append(parts, verdict.Fix("on "+who+": muster check"))
	default:
		saw += "; its firewall drops it, its switch port does not forward the group, or reverse path filtering drops it"
		parts = append(parts, verdict.Fix("on "+who+": muster check"))
	}
	j.add(id, verdict.Fail, conf, who, saw, parts...)
	return slices.DeleteFunc(rest, func(a Arrow) bool { return a.To == to })
}

// queriesSeen says what a node that hears nobody saw of queries.
func (j *judge) queriesSeen(to int) string {
	if j.Nodes[to].Self && j.View.Overdue {
		return fmt.Sprintf("the last query came at %s: the querier is gone", clock(j.View.LastQuery))
	}
	return "no query was seen on its interface"
}

// mute tells of a node that nobody hears though it hears others.
func (j *judge) mute(from int, rest []Arrow) []Arrow {
	mine := j.with(rest, func(a Arrow) bool { return a.From == from })
	if len(mine) < 2 || j.heardBy(from) {
		return rest
	}
	var parts []verdict.Part
	for _, a := range mine[:min(len(mine), 32)] {
		parts = append(parts, j.evidenceOf(a))
	}
	who := j.Label(from)
	saw := fmt.Sprintf("none of %d nodes hears %s by the group", len(mine), who)
	if first, _ := span(mine); !first.IsZero() {
		saw += " since " + clock(first)
	}
	parts = append(parts, verdict.Fix("on "+who+": muster check"))
	j.add("tribes.one-way", verdict.Fail, verdict.Definite, who,
		saw+"; its announcements do not leave it, or its switch port drops them", parts...)
	return slices.DeleteFunc(rest, func(a Arrow) bool { return a.From == from })
}

// hears: some arrow into the node is heard.
func (j *judge) hears(to int) bool {
	return slices.ContainsFunc(j.Arrows(), func(a Arrow) bool { return a.To == to && a.State == Heard })
}

func (j *judge) heardBy(from int) bool {
	return slices.ContainsFunc(j.Arrows(), func(a Arrow) bool { return a.From == from && a.State == Heard })
}
