package mesh

import (
	"fmt"
	"slices"
	"time"

	"muster/internal/verdict"
)

func (j *judge) gone(i int, n NodeInfo) {
	j.add(idCut, verdict.Fail, verdict.Definite, j.Label(i),
		fmt.Sprintf("nothing comes from %s since %s, neither by the group nor by unicast: it is cut off, or its process ended without a word", j.Label(i), clock(n.Word)),
		evidence("last word", "this node", "%s", n.Word.UTC().Format(time.RFC3339Nano)))
}

// ownPort tells of nodes whose own announcements do not come back to them: the
// kernel gives them to every member on the sending host, so that something there
// drops them.
func (j *judge) ownPort() {
	for i := range j.Nodes {
		n := &j.Nodes[i]
		if !n.took() || !n.Hearing.NoEcho() || j.starved && !n.Self && n.Hearing&PortClosed == 0 {
			continue
		}
		who := j.Label(i)
		saw := fmt.Sprintf("the announcements of %s do not come back to itself: something on that host drops what comes to UDP port %s of the group", who, j.port())
		open := "udp port " + j.port()
		switch c := j.Closed; {
		case n.Self && c != nil && c.Alone:
			j.add(idOwnPort, verdict.Warn, verdict.Definite, who,
				fmt.Sprintf("this host's firewall drops muster's own UDP port %s and not the cluster's: whom it hears is not known", j.port()),
				evidence("rule", "the rules of this host", "%s", c.Rule), verdict.AllOf[verdict.Fix](c.Fix))
		case n.Self && c != nil:
			j.add(idInputDrop, verdict.Fail, verdict.Definite, who, saw, evidence("rule", "the rules of this host", "%s", c.Rule), verdict.AllOf[verdict.Fix](c.Fix))
		case n.Hearing&PortClosed != 0:
			j.add(idOwnPort, verdict.Warn, verdict.Definite, who,
				fmt.Sprintf("the firewall of %s drops muster's own UDP port %s and not the cluster's: whom it hears is not known", who, j.port()),
				evidence("rule", "the announcements of "+who, "it drops %s", open), verdict.Next("on "+who+": sudo muster mesh "+j.Group+" names the rule"))
		case n.Hearing&Sees != 0: // it would tell if its rules closed only the mesh's port
			j.add(idInputDrop, verdict.Fail, verdict.Likely, who, saw, verdict.Next("on "+who+": sudo muster check"))
		default:
			j.add(idOwnPort, verdict.Warn, verdict.Hint, who, saw+"; whether it drops the cluster's port too is not known",
				verdict.Next("on "+who+": sudo muster check"), verdict.Next("on "+who+": open "+open+" for the time of the test"))
		}
	}
}

// deafened takes those directions out that end at a node whose own port is closed:
// what it does not hear is explained.
func (j *judge) deafened(rest []Direction) []Direction {
	return slices.DeleteFunc(rest, func(a Direction) bool {
		return j.Nodes[a.To].Hearing.NoEcho() && j.Nodes[a.To].took()
	})
}

// nobody tells that the group reaches nobody though unicast does, where there are
// several nodes: one cause, and no host's.
func (j *judge) nobody(rest []Direction) []Direction {
	nodes, unicast, arrives, sees := 0, 0, 0, 0
	for i := range j.Nodes {
		n := &j.Nodes[i]
		if !n.took() {
			continue
		}
		nodes++
		if n.Hearing&Arrives != 0 {
			arrives++
		}
		if n.Hearing&Sees != 0 {
			sees++
		}
		if !n.Self && j.Direction(i, 0).Unicast {
			unicast++
		}
	}
	all := nodes * (nodes - 1)
	between := with(rest, func(a Direction) bool { return j.Nodes[a.From].took() && j.Nodes[a.To].took() })
	if nodes < 2 || len(between) < all || unicast < nodes-1 {
		return rest
	}
	if slices.ContainsFunc(between, func(a Direction) bool {
		return a.State == Stopped && a.Reason != ReasonGroup && a.Reason != ReasonUnknown
	}) {
		return rest // there is a better reason
	}
	conf, why := verdict.Hint, "the network does not carry it, or all hosts drop UDP port "+j.port()
	switch {
	case arrives > 0:
		return rest // it does come in at some of them
	case sees == nodes:
		conf, why = verdict.Likely, "it comes in at the interface of none of them: the network does not carry it, or no host lets it out"
	}
	hops := 0
	for _, n := range j.Nodes {
		hops = max(hops, n.Hops)
	}
	j.add("switch.unregistered-drop", verdict.Fail, conf, "", fmt.Sprintf("no node hears any of the %d others by the group, and unicast between them goes on: %s", nodes-1, why),
		verdict.Next("muster querier --provoke on one of them"), verdict.Next("muster check on one of them: what it lets out and in"))
	return slices.DeleteFunc(rest, func(a Direction) bool { return j.Nodes[a.From].took() && j.Nodes[a.To].took() })
}

// deaf tells of a node whom nobody reaches by the group though others hear each
// other or are heard, and returns the directions that are left to tell.
func (j *judge) deaf(to int, rest []Direction) []Direction {
	mine := with(rest, func(a Direction) bool { return a.To == to })
	if len(mine) == 0 || len(mine) < 2 && len(j.Nodes) > 2 || j.hears(to) || j.open(to) > len(mine) {
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
	id, conf, more, fix := j.whyDeaf(to, mine, reason)
	j.add(id, verdict.Fail, conf, who, saw+more, append(parts, fix...)...)
	return slices.DeleteFunc(rest, func(a Direction) bool { return a.To == to })
}

// open is how many directions to the node are not known.
func (j *judge) open(to int) (n int) {
	for from := range j.Nodes {
		if from != to && j.Direction(from, to).State == Unknown {
			n++
		}
	}
	return n
}

// whyDeaf is the cause as far as it is known: id, how sure it is, how the sentence
// goes on, and what to do.
func (j *judge) whyDeaf(to int, mine []Direction, reason Reason) (verdict.ID, verdict.Confidence, string, []verdict.Part) {
	n, who := &j.Nodes[to], j.Label(to)
	switch {
	case reason == ReasonNoQuerier:
		parts := j.letAsk()
		if n.Self && !j.View.LastReport.IsZero() {
			parts = append(parts, evidence("last membership report", "this node's interface", "%s", j.View.LastReport.UTC().Format(time.RFC3339Nano)))
		}
		return j.noQuerier(), j.sureness(mine), ", unicast goes on, and " + j.queriesSeen(to), parts
	case reason == ReasonIGMPDrop:
		return "fw.igmp-drop", verdict.Definite, "; queries came, and it answered none", []verdict.Part{
			verdict.Fix("on " + who + ": " + j.letIn()), verdict.Fix("firewalld: firewall-cmd --permanent --add-protocol=igmp && firewall-cmd --reload"),
		}
	case reason == ReasonInputDrop:
		return idInputDrop, verdict.Definite, "; the group still comes in at its interface, so that host drops it: its firewall, or reverse path filtering",
			[]verdict.Part{verdict.Next("on " + who + ": sudo muster check")}
	case n.Hearing&(Sees|Arrives) == Sees|Arrives:
		return idInputDrop, verdict.Likely, "; the group comes in at its interface, so that host drops it: its firewall, or reverse path filtering",
			[]verdict.Part{verdict.Next("on " + who + ": sudo muster check")}
	case j.forgotten(to):
		return j.noQuerier(), verdict.Likely, "; other nodes saw queries and it saw none: the network keeps them from it, and has forgotten its membership", j.letAsk()
	case n.Hearing&(Sees|EchoKnown|Echo) == Sees|EchoKnown|Echo:
		return idOneWay, verdict.Likely, "; its own come back to it and nothing of others comes in at its interface: the network does not bring it the group",
			[]verdict.Part{verdict.Next("on " + who + ": sudo muster querier --provoke"), verdict.Next("at the switch: the port of " + who + ", its VLAN, what it snoops and whether it floods unknown groups")}
	case n.Hearing&(EchoKnown|Echo) == EchoKnown|Echo:
		return idOneWay, verdict.Definite, "; its own come back to it: its switch port does not forward the group, or its host drops what others send",
			[]verdict.Part{verdict.Next("on " + who + ": sudo muster mesh " + j.Group + " sees what comes in at the interface"), verdict.Next("on " + who + ": sudo muster check")}
	}
	return idOneWay, verdict.Definite, "; its firewall drops it, its switch port does not forward the group, or reverse path filtering drops it",
		[]verdict.Part{verdict.Next("on " + who + ": sudo muster check")}
}

// letAsk makes a querier ask.
func (j *judge) letAsk() []verdict.Part {
	return []verdict.Part{
		verdict.Fix("switch: enable the " + j.protocol() + " snooping querier of this VLAN"), verdict.Fix("Linux bridge: ip link set BR type bridge mcast_querier 1"),
	}
}

// letIn is the command that lets queries in.
func (j *judge) letIn() string {
	if j.IPv6 {
		return "sudo muster check --group " + j.Group + " --only mld.snooping --fix   # prints what lets the queries in there"
	}
	return "sudo muster check --only fw.igmp-drop --fix   # prints what lets the queries in there"
}

// sureness of the lack of a querier: a switch forgets after minutes, so that what
// died sooner may have died of something else.
func (j *judge) sureness(mine []Direction) verdict.Confidence {
	first, _ := span(mine)
	if first.Sub(j.Start) < time.Minute {
		return verdict.Hint
	}
	return verdict.Likely
}

// queriesSeen says what a node that hears nobody saw of queries.
func (j *judge) queriesSeen(to int) string {
	if j.Nodes[to].Self && j.View.Overdue {
		return fmt.Sprintf("the last query came at %s: the querier is gone", clock(j.View.LastQuery))
	}
	return "no query was seen on its interface"
}

// mute tells of a node that nobody hears though it hears others.
func (j *judge) mute(from int, rest []Direction) []Direction {
	mine := with(rest, func(a Direction) bool { return a.From == from })
	if len(mine) == 0 || len(mine) < 2 && len(j.Nodes) > 2 || j.heardBy(from) {
		return rest
	}
	var parts []verdict.Part
	for _, a := range mine[:min(len(mine), 32)] {
		parts = append(parts, j.evidenceOf(a))
	}
	who := j.Label(from)
	saw := fmt.Sprintf("none of %d nodes hears %s by the group", len(mine), who)
	if len(mine) == 1 {
		saw = fmt.Sprintf("%s does not hear %s by the group", j.Label(mine[0].To), who)
	}
	if first, _ := span(mine); !first.IsZero() {
		saw += " since " + clock(first)
	}
	id := idOneWay
	if !j.hears(from) {
		id = idCut
	}
	parts = append(parts, verdict.Next("on "+who+": sudo muster check"))
	j.add(id, verdict.Fail, verdict.Definite, who, saw+": its announcements do not leave it, or the network does not carry them", parts...)
	return slices.DeleteFunc(rest, func(a Direction) bool { return a.From == from })
}

// hears: some direction to the node is heard.
func (j *judge) hears(to int) bool {
	for from := range j.Nodes {
		if s := j.Direction(from, to).State; s == Heard || s == Ended {
			return true
		}
	}
	return false
}

func (j *judge) heardBy(from int) bool {
	for to := range j.Nodes {
		if s := j.Direction(from, to).State; s == Heard || s == Ended {
			return true
		}
	}
	return false
}
