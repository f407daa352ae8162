package analysis

import (
	"fmt"
	"net/netip"
	"slices"

	"muster/internal/verdict"
)

// From how many members of one address on they are told as one crowd: no host has so many
// Tomcats, and from crowdSure on no address translation in front of a cluster either.
const (
	crowdOfOne = 32
	crowdSure  = 256
)

// crowdID is of members that are made up.
const crowdID = verdict.ID("tribes.member-flood")

// crowds tells of addresses that announce more members than a host has. What is said of
// each of them would hide everything else, and they are not judged one by one.
func (j *judge) crowds() {
	from := map[netip.Addr][]*Member{}
	var order []netip.Addr
	for _, m := range j.heard {
		if len(m.Sources.List()) != 1 {
			continue
		}
		a := m.source()
		if len(from[a]) == 0 {
			order = append(order, a)
		}
		from[a] = append(from[a], m)
	}
	crowded := map[*Member]bool{}
	for _, a := range order {
		crowd := from[a]
		if len(crowd) < crowdOfOne {
			continue
		}
		conf := verdict.Hint
		if len(crowd) >= crowdSure {
			conf = verdict.Likely
		}
		for _, m := range crowd {
			crowded[m] = true
		}
		j.add(crowdID, verdict.Warn, conf, a.String(),
			fmt.Sprintf("%s announces %d members, the first of them %s: no host has so many Tomcats; a program makes them up, or hides many hosts behind one address", a, len(crowd), crowd[0].Name()),
			evidence("heartbeats that had no room in the tables", "%d", j.Overflow),
			verdict.Next(fmt.Sprintf("on %s: which program sends to the group? sudo ss -uap", a)))
	}
	j.heard = slices.DeleteFunc(j.heard, func(m *Member) bool { return crowded[m] })
}
