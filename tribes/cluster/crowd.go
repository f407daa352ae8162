package cluster

import (
	"fmt"
	"net/netip"

	"muster/internal/verdict"
	"muster/tribes/cluster/membership"
)

// From how many identities on they are told as made up: as many of one address as no
// host has Tomcats, or in all so many that no cluster restarts in a minute.
const (
	crowdOfOne = 32
	crowdOfAll = 256
)

// crowdVerdicts tells of members that look made up. refused is how many heartbeats of
// further ones the table had no room for.
func crowdVerdicts(group string, c membership.Crowd, refused uint64) []verdict.Verdict {
	const id = verdict.ID("tribes.member-flood")
	tell := func(conf verdict.Confidence, from netip.Addr, saw string) []verdict.Verdict {
		subject, parts := group, []verdict.Part{verdict.Next("sudo muster sniff --summary -d 30s: from which Ethernet addresses the members come")}
		if from.IsValid() {
			subject = from.String()
			parts = append(parts, verdict.Next("on "+subject+": which program sends to "+group+"? sudo ss -uap"))
		}
		if refused > 0 {
			parts = append(parts, verdict.Evidence{What: "heartbeats without room in the table", Value: fmt.Sprint(refused), ReadFrom: group})
		}
		return []verdict.Verdict{verdict.New(id, verdict.Warn, conf, subject, saw, parts...)}
	}
	switch {
	case c.MostVanished >= crowdOfOne:
		return tell(verdict.Likely, c.Source, fmt.Sprintf("%d members were announced from %s in a minute and fell silent at once, and none was ever confirmed: they are made up", c.MostVanished, c.Source))
	case c.Vanished >= crowdOfAll:
		return tell(verdict.Hint, netip.Addr{}, fmt.Sprintf("%d members were announced in a minute from many addresses and fell silent at once, and none was ever confirmed", c.Vanished))
	case c.Unanswered >= crowdOfOne:
		return tell(verdict.Hint, c.UnansweredSource, fmt.Sprintf("%d members are announced from %s whose receivers do not answer: they are made up, or TCP to that host is dropped", c.Unanswered, c.UnansweredSource))
	case refused > 0:
		return tell(verdict.Hint, netip.Addr{}, fmt.Sprintf("%d heartbeats are of more members than the table has room for", refused))
	}
	return nil
}
