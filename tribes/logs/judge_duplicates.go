package logs

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"muster/internal/verdict"
)

// duplicates judges two members with one address, or with one unique id, at the same
// time.
func (j *judge) duplicates() {
	told := map[netip.AddrPort]bool{}
	for _, n := range j.nodes {
		here := map[netip.AddrPort]*Event{} // whose coming was told and whose going was not
		last := map[netip.AddrPort]*Event{}
		for i := range n.events {
			e := n.events[i]
			a := e.Member.Addr
			switch e.Kind {
			case Starting:
				clear(here)
				clear(last)
			case Gone, Dead:
				if s := here[a]; s != nil && (e.Member.ID == "" || e.Member.ID == s.Member.ID) {
					delete(here, a)
				}
			case Added:
				if !told[a] {
					told[a] = j.sameAddress(n, e, here[a], last[a]) || j.sameID(n, e, here)
				}
				here[a], last[a] = e, e
			}
		}
	}
}

// sameAddress judges a member that came at an address where another is: here, or the
// node itself; last is who was there before.
func (j *judge) sameAddress(n *Node, e, here, last *Event) bool {
	a := e.Member.Addr
	own := a == n.Addr && !n.AddrGuessed
	twice := here != nil && here.Member.ID != "" && e.Member.ID != "" && here.Member.ID != e.Member.ID
	if twice && !own {
		// A node that died and came back within the drop time looks the same.
		if o := j.nodeAt(a); o == nil || o.startedBetween(here.Time.Add(-time.Second), e.Time) {
			twice = o == nil && e.Member.Alive > 30*time.Second
		}
	}
	if !own && !twice {
		return false
	}
	if own && n.withoutMulticast() {
		j.itself(n, e)
		return true
	}
	id, confidence, lines := verdict.ID("tribes.duplicate-id"), verdict.Likely, []*Event{e}
	saw := fmt.Sprintf("%s sees two members at %s with different unique ids", n.Name, a)
	if own {
		confidence, saw = verdict.Definite, fmt.Sprintf("%s hears another member that says it is at %s, its own address", n.Name, a)
	}
	if last != nil {
		lines = []*Event{last, e}
	}
	if broken := j.failuresAround(a, e.Time); len(broken) > 0 {
		// A member that only says so leaves the TCP of the true one alone.
		id, confidence = "addr.duplicate-ip", verdict.Likely
		saw += ", and messages to it began to fail: two hosts have this IP address"
		lines = append(lines, broken...)
	}
	if o := j.nodeAt(a); o != nil {
		j.explained[o] = id
	}
	j.add(id, verdict.Fail, confidence, a.String(), saw, lines,
		verdict.Next("muster sniff --summary shows from where the heartbeats of "+a.String()+" come"),
		verdict.Fix("give each node an address and port of its own"))
	return true
}

// failuresAround are the messages to or from the node at an address that failed
// shortly before or after t.
func (j *judge) failuresAround(a netip.AddrPort, t time.Time) []*Event {
	const near = 30 * time.Second
	var out []*Event
	for _, n := range j.nodes {
		for _, e := range eventsOf(n, SendFailed, SendFailing) {
			if (e.Member.Addr == a || n.Addr == a) && e.Until.Sub(t) > -near && e.Time.Sub(t) < near {
				out = append(out, e)
			}
		}
	}
	return out
}

// sameID judges a member whose unique id one at another address has.
func (j *judge) sameID(n *Node, e *Event, here map[netip.AddrPort]*Event) bool {
	if strings.Trim(e.Member.ID, "0 ") == "" { // a static member's before it was heard
		return false
	}
	var o *Event // of several the first that came
	for a, x := range here {
		if a != e.Member.Addr && x.Member.ID == e.Member.ID && (o == nil || x.Time.Before(o.Time)) {
			o = x
		}
	}
	if o == nil {
		return false
	}
	j.add("tribes.duplicate-id", verdict.Fail, verdict.Likely, o.Member.String()+", "+e.Member.String(),
		fmt.Sprintf("%s has two members with one unique id, %s and %s: messages to the one reach the other, and what one of them sends may be taken for the other's", n.Name, o.Member, e.Member), []*Event{o, e},
		verdict.Fix("give each member a uniqueId of its own, or leave it out: Tomcat then makes one"))
	return true
}
