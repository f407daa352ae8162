package logs

import (
	"fmt"
	"net/netip"
	"time"

	"muster/internal/verdict"
)

// sends judges messages that did not get to a node that was not missed.
func (j *judge) sends() {
	for _, x := range j.nodes {
		byMember := map[netip.AddrPort][]*Event{}
		var order []netip.AddrPort
		for _, e := range eventsOf(x, SendFailed, SendFailing) {
			if len(byMember[e.Member.Addr]) == 0 {
				order = append(order, e.Member.Addr)
			}
			byMember[e.Member.Addr] = append(byMember[e.Member.Addr], e)
		}
		for _, a := range order {
			j.sendsTo(x, a, byMember[a])
		}
	}
}

// sendsTo judges what x could not send to one member.
func (j *judge) sendsTo(x *Node, a netip.AddrPort, list []*Event) {
	y := j.nodeAt(a)
	who := Member{Addr: a}.String()
	if !a.IsValid() {
		who = "another member"
	}
	if y != nil {
		who = y.Name
		if j.explained[y] != "" || j.explained[x] == "addr.duplicate-ip" {
			return
		}
		for _, p := range j.res.Pairs { // judged with the spells of the pair
			if p.From == x && p.Of == y && len(p.missed()) > 0 {
				for _, s := range p.missed() {
					if len(j.failuresNear(x, y, s)) > 0 {
						return
					}
				}
			}
		}
	}
	if a.Addr().IsLoopback() && j.bad("tribes.advertises-loopback") {
		return
	}
	var left []*Event // not those to one that was stopping
	for _, e := range list {
		if y == nil || !y.stoppedNear(e.Time) && !y.startedBetween(e.Time.Add(-2*time.Second), e.Time.Add(15*time.Second)) {
			left = append(left, e)
		}
	}
	if len(left) == 0 || x.stoppedNear(left[0].Time) {
		return
	}
	e := left[0]
	switch e.Detail {
	case "closed", "failed at the receiver":
		j.slow(x, who, e.Time, left)
	case "timeout":
		if y == nil || oldGeneration(x) {
			j.add("tribes.half-open", verdict.Fail, verdict.Hint, who,
				fmt.Sprintf("%s waited in vain for %s at %s (%s): its TCP is blocked, it stood still (tribes.gc-pause) or had no thread left (tribes.load)", x.Name, who, clockText(e.Time), times(total(left))), left)
			return
		}
		j.halfOpen(x, who, e.Time, fmt.Sprintf("%s could not send to %s at %s (%s)", x.Name, who, clockText(e.Time), times(total(left))), left)
	case "":
		if y != nil && total(left) == 1 && e.Kind == SendFailing {
			j.add("tribes.half-open", verdict.Fail, verdict.Hint, who,
				fmt.Sprintf("a message of %s to %s failed once, at %s, and was tried again: a connection was cut, the receiver took none, or another host has its address (addr.duplicate-ip); the log does not say whether it got there then", x.Name, who, clockText(e.Time)), left,
				verdict.Next("muster tribes probe "+Member{Addr: a}.String()+" asks the receiver"))
			return
		}
		fallthrough
	default:
		j.halfOpen(x, who, e.Time, fmt.Sprintf("%s could not send to %s at %s (%s): nothing takes connections at its receiver, while its heartbeats kept it in the cluster", x.Name, who, clockText(e.Time), times(total(left))), left)
	}
}

// states judges sessions that were asked for and did not come, where nothing else
// explains it.
func (j *judge) states() {
	for _, x := range j.nodes {
		list := eventsOf(x, StateTimeout)
		if len(list) == 0 {
			continue
		}
		for _, id := range []verdict.ID{"tribes.half-open", "tribes.advertises-loopback", "tribes.key-mismatch", "tribes.domain-filter", "tribes.load", "mesh.cut", "tribes.session-content", "config.differs", "config.distributable", "config.address", "tribes.not-joined"} {
			if j.bad(id) {
				return
			}
		}
		asked := "another member"
		for _, e := range eventsOf(x, StateAsked) {
			asked = j.name(e.Member)
		}
		j.add("tribes.half-open", verdict.Fail, verdict.Hint, x.Name,
			fmt.Sprintf("%s asked %s for its sessions and got none in time (%s): its own receiver cannot be reached from there, the keys or applications differ (tribes.key-mismatch, config.differs), or there is too much to send (tribes.load)", x.Name, asked, times(total(list))), list)
	}
}
