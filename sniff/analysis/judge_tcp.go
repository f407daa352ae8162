package analysis

import (
	"fmt"

	"muster/internal/verdict"
)

// When retransmissions to a receiver are too many: so many, so often, and so much more than to others.
const (
	againLeast = 5
	againPart  = 20 // one in so many segments
	againRatio = 4
)

// tcpLoss: segments to one receiver are sent again and again, those to others are not.
func (j *judge) tcpLoss() {
	const id = "tcp.loss"
	var fine, finely uint64 // segments to receivers where hardly any was sent again
	list := j.SortedReceivers()
	for _, r := range list {
		if r.SentAgain*againPart*againRatio <= r.Segments {
			fine += r.Segments
			finely++
		}
	}
	for _, r := range list {
		if _, stands := j.stands(r); stands || r.SentAgain < againLeast || r.SentAgain*againPart < r.Segments || r.dropsBySize() {
			continue
		}
		sure, others := verdict.Hint, "the capture shows no other receiver to compare it with"
		if finely > 0 && fine >= againPart {
			sure, others = verdict.Likely, fmt.Sprintf("those to %s are not", some(int(finely), "other receiver"))
		}
		j.add(id, verdict.Warn, sure, r.Addr.String(),
			fmt.Sprintf("%d of %d TCP segments to %s were sent again (%.0f %%), %s: packets are lost on the way to it or back", r.SentAgain, r.Segments, r.Addr, 100*float64(r.SentAgain)/float64(r.Segments), others),
			verdict.Fix("look at the errors and drops of its interface, of the switch's port and of the cable: ip -s link; ethtool -S"),
			verdict.Next(fmt.Sprintf("muster mesh %s    # on every node: which direction loses", j.anyGroup())))
	}
	if len(list) > 1 && fine >= againPart && !j.bad(id) {
		j.pass(id, "hardly any of %d TCP segments had to be sent again", fine)
	}
}

// dropsBySize reports whether size alone decides which segments to r arrive.
func (r *Receiver) dropsBySize() bool {
	for _, w := range r.ways {
		if w.bySize() {
			return true
		}
	}
	return false
}

// anyGroup is the group of some heartbeats, Tomcat's default where there are none.
func (j *judge) anyGroup() string {
	for _, m := range j.heard {
		return j.groupOf(m)
	}
	return "228.0.0.4:45564"
}

// duplicates: datagrams to groups come twice at one place, and packets to single hosts do not, as they would
// from a mirror port.
func (j *judge) duplicates() {
	const few = 3
	if j.unicast < few {
		return
	}
	for _, p := range j.seats {
		if p.First != p.Again || p.Hops > 0 || p.Unicast > 0 || p.Multicast < few {
			continue
		}
		at := j.linkName(Link{p.First.Interface, p.First.VLAN})
		j.add("mesh.duplicates", verdict.Warn, verdict.Hint, at,
			fmt.Sprintf("%d datagrams to groups came twice (%s), and none of %d packets to single hosts did: something on the way copies what goes to groups", p.Multicast, at, j.unicast),
			verdict.Fix("look for a loop of switches without spanning tree, two routers that both pass the group on, an interface that is bridged twice"))
		return
	}
}
