package analysis

import (
	"fmt"

	"muster/internal/verdict"
	"muster/tribes"
)

// duplicateID: one id in two places, or two ids that take turns in one.
func (j *judge) duplicateID() {
	const id = "tribes.duplicate-id"
	ids := map[tribes.UniqueID]*Member{}
	places := map[string][]*Member{}
	for _, m := range j.heard {
		if m.twice() {
			j.add(id, verdict.Fail, verdict.Definite, m.Record.ID.String(),
				fmt.Sprintf("heartbeats of the id %s come from %s in turns, with alive times of two processes", m.Record.ID, texts(m.Sources.List())),
				verdict.Fix("give each node a unique id of its own (do not clone one with a fixed uniqueId)"))
		} else if first := ids[m.Record.ID]; first != nil && m.Record.ID != (tribes.UniqueID{}) { // Tomcat 5.5 has none
			j.add(id, verdict.Fail, verdict.Definite, m.Record.ID.String(),
				fmt.Sprintf("the id %s belongs to %s and to %s", m.Record.ID, first.Name(), m.Name()),
				verdict.Fix("give each node a unique id of its own (do not clone one with a fixed uniqueId)"))
		}
		ids[m.Record.ID] = m
		places[m.Name()] = append(places[m.Name()], m)
	}
	for _, m := range j.heard {
		list := places[m.Name()]
		if list[0] != m {
			continue
		}
		for _, n := range list[1:] {
			if n.First >= m.Last || n.Beats.count < 2 || m.Record.ID == n.Record.ID {
				continue // a restart
			}
			more := []verdict.Part{evidence("unique ids", "%s, %s", m.Record.ID, n.Record.ID)}
			if a, ok := m.Record.Addr(); ok && unreachable(a) {
				more = append(more, verdict.ID("tribes.advertises-loopback"))
			}
			j.add(id, verdict.Fail, verdict.Definite, m.Name(),
				fmt.Sprintf("two members advertise %s at the same time, from %s and %s", m.Name(), texts(m.Sources.List()), texts(n.Sources.List())), more...)
			break
		}
	}
	if len(j.heard) > 0 && !j.bad(id) {
		j.pass(id, "%s with an id and an address of its own", all(len(j.heard), "member"))
	}
}
