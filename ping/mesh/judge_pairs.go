package mesh

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"muster/internal/verdict"
)

// isolated tells of two nodes that a third one hears and that hear nothing of each
// other, neither way: the ports of a switch are kept apart. It returns the
// directions that are left.
func (j *judge) isolated(rest []Direction) []Direction {
	type pair struct{ a, b int }
	bad := map[pair]bool{}
	for _, x := range rest {
		bad[pair{x.From, x.To}] = true
	}
	third := map[pair]int{}
	for x := range bad {
		third[pair{min(x.a, x.b), max(x.a, x.b)}] = -1
	}
	var found []pair
	for _, p := range slices.SortedFunc(maps.Keys(third), func(p, q pair) int { return cmp.Or(p.a-q.a, p.b-q.b) }) {
		if third[p] = j.apart(p.a, p.b, bad[p], bad[pair{p.b, p.a}]); third[p] >= 0 {
			found = append(found, p)
		}
	}
	if len(found) >= manyCut {
		j.add(idIsolation, verdict.Fail, verdict.Hint, "", fmt.Sprintf("%d pairs of %d nodes hear nothing of each other, though others hear both and both hear those", len(found), len(j.Nodes)), isolationParts...)
	} else {
		for _, p := range found {
			j.isolation(p.a, p.b, third[p])
		}
	}
	return slices.DeleteFunc(rest, func(x Direction) bool { return third[pair{min(x.From, x.To), max(x.From, x.To)}] >= 0 })
}

// apart returns a node that hears both a and b, where these two hear nothing of
// each other and unicast between them fails too as far as that is known; -1: none. The
// directions from a to b and back are still to be told where badThere and badBack.
func (j *judge) apart(a, b int, badThere, badBack bool) int {
	there, back := j.Direction(a, b), j.Direction(b, a)
	// Of a node that nothing comes from, it is not known what it hears.
	open := func(x Direction) bool { return x.State == Unknown && j.Nodes[x.To].State == Rumour }
	switch {
	case !badThere && !open(there), !badBack && !open(back):
		return -1
	case there.Unicast || back.Unicast, there.TCP == TCPOpen || back.TCP == TCPOpen, there.TCP == TCPRefused || back.TCP == TCPRefused:
		return -1
	case there.Reason == ReasonGroup || back.Reason == ReasonGroup:
		return -1
	}
	heard := func(from, to int) bool {
		s := j.Direction(from, to).State
		return s == Heard || s == Ended || s == Unknown && j.Nodes[to].State == Rumour
	}
	for c := range j.Nodes {
		if c != a && c != b && j.Nodes[c].took() && heard(a, c) && heard(c, a) && heard(b, c) && heard(c, b) {
			return c
		}
	}
	return -1
}

var isolationParts = []verdict.Part{
	verdict.Next("at the switch: whether their ports are isolated, protected, or of one private VLAN"),
	verdict.Fix("Linux bridge: bridge link set dev PORT isolated off"),
}

func (j *judge) isolation(a, b, third int) {
	conf := verdict.Hint
	parts := isolationParts
	saw := fmt.Sprintf("%s and %s hear nothing of each other, though %s hears both and both hear it", j.Label(a), j.Label(b), j.Label(third))
	if x := &j.Nodes[b]; j.Nodes[a].Self && x.Failed {
		conf = verdict.Likely
		saw += fmt.Sprintf("; %s does not answer ARP either: the two are cut at layer 2", j.Label(b))
		parts = append(parts[:len(parts):len(parts)], evidence("neighbour "+x.Addr.String(), "this host's neighbour table", "nobody answers"))
	} else if there, back := j.Direction(a, b).TCP, j.Direction(b, a).TCP; there >= TCPTimeout && back >= TCPTimeout {
		conf = verdict.Likely
		saw += "; TCP between them fails both ways"
	}
	j.add(idIsolation, verdict.Fail, conf, j.Label(a)+", "+j.Label(b), saw, parts...)
	for i := range j.out {
		if v := &j.out[i]; v.ID == idMissing && v.Status.Bad() && v.Subject == j.Nodes[b].Name {
			v.CausedBy = append(v.CausedBy, idIsolation)
		}
	}
}

// addresses tells of two hosts with one address: the announcements of a node come
// from another Ethernet address than the one that answers for it.
func (j *judge) addresses() {
	for i := range j.Nodes {
		n := &j.Nodes[i]
		if n.Self || n.MAC == "" || n.Neighbour == "" || n.MAC == n.Neighbour || !n.took() || n.Hops > 0 {
			continue
		}
		// A host with two cards in one network answers ARP for each address on both.
		j.add("addr.duplicate-ip", verdict.Warn, verdict.Hint, n.Addr.String(),
			fmt.Sprintf("%s announces itself from %s (%s), and %s answers for that address: two hosts have it, or one host has two network cards in one network", j.Label(i), n.Addr, n.MAC, n.Neighbour),
			evidence("announcements of "+j.Label(i), "this host's interface", "from %s", n.MAC),
			evidence("neighbour "+n.Addr.String(), "this host's neighbour table", "at %s", n.Neighbour),
			verdict.Next(fmt.Sprintf("arping -D -I %s %s", j.Device, n.Addr)))
	}
}
