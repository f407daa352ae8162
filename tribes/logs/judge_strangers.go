package logs

import (
	"fmt"
	"net/netip"

	"muster/internal/verdict"
)

// strangers judges members whose log is not here.
func (j *judge) strangers() {
	for _, x := range j.nodes {
		var order []netip.AddrPort
		seen := map[netip.AddrPort]bool{}
		for i := range x.events {
			a := x.events[i].Member.Addr
			if x.events[i].Kind == Bound || !a.IsValid() || seen[a] || j.nodeAt(a) != nil || a.Addr().IsLoopback() {
				continue
			}
			seen[a] = true
			order = append(order, a)
		}
		for _, a := range order {
			j.stranger(x, a)
		}
	}
}

// stranger judges what one log alone says of a member: nothing of it is sure.
func (j *judge) stranger(x *Node, a netip.AddrPort) {
	if j.explained[x] != "" {
		return
	}
	p := Pair{From: x}
	walk(x, func(m Member) bool { return m.Addr == a }, &p)
	for i := range p.Spells {
		s := &p.Spells[i]
		switch s.How {
		case Kept:
			j.add("tribes.drop-time", verdict.Warn, verdict.Hint, a.String(),
				fmt.Sprintf("%s missed the heartbeats of %s at %s, whose receiver answered: it stood still (tribes.gc-pause), multicast was lost (igmp.no-querier), or dropTime is short; the log of %s would tell", x.Name, a, clockText(s.From), a), []*Event{s.Event})
		case Lost:
			j.add("tribes.half-open", verdict.Fail, verdict.Hint, a.String(),
				fmt.Sprintf("%s lost %s at %s: it ended without a goodbye, its host or the network went away, or its TCP is blocked; the log of %s would tell", x.Name, a, clockText(s.From), a), []*Event{s.Event})
		case Expired:
			if !s.Back.IsZero() {
				break
			}
			continue
		default:
			continue
		}
		return
	}
}
