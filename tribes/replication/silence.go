package replication

import (
	"fmt"
	"time"

	"muster/internal/verdict"
)

// silent finds a member without heartbeats that is kept because its receiver takes
// connections, as TcpFailureDetector keeps it. Who goes on talking of sessions is
// only not heard.
func (v *View) silent(n *Node) []verdict.Verdict {
	since := v.now.Sub(n.Last)
	if !n.Kept || n.Gone || since <= v.cfg.DropTime {
		return nil
	}
	evidence := []verdict.Evidence{{What: "last heartbeat", Value: n.Last.Format(time.RFC3339Nano), ReadFrom: "heartbeats"}}
	saw := fmt.Sprintf("no heartbeat of it for %s, while its receiver takes connections: who checks that goes on listing it", short(since))
	if spoke := v.now.Sub(n.Spoke); n.Spoke.After(n.Last.Add(v.cfg.DropTime)) {
		evidence = append(evidence, verdict.Evidence{What: "last message about a session", Value: n.Spoke.Format(time.RFC3339Nano), ReadFrom: "messages"})
		return []verdict.Verdict{newVerdict(idOneWay, verdict.Fail, n.Address,
			saw+fmt.Sprintf("; the last of its messages over TCP came %s ago, so it runs, and its multicast gets lost", short(spoke)),
			verdict.Likely, evidence, "muster mesh, on it and here; muster check on both")}
	}
	return []verdict.Verdict{newVerdict(idPaused, verdict.Warn, n.Address,
		saw+" and sending to it; its process stands still (garbage collection, a stopped process or machine), or its multicast gets lost",
		verdict.Likely, evidence, "muster tribes probe "+n.Address+" (a process that stands still does not ack); its garbage collector's log and a thread dump")}
}

// stopped finds a node that was often heard about sessions and is silent while it
// lives.
func (v *View) stopped(n *Node) []verdict.Verdict {
	silent := v.now.Sub(n.Spoke)
	if n.Messages < stoppedMessages || !v.alive(n) || silent < stoppedAfter {
		return nil
	}
	pause := n.Spoke.Sub(n.Began) / time.Duration(n.Messages-1)
	if silent < stoppedPauses*pause {
		return nil
	}
	saw := fmt.Sprintf("it sent %d messages about sessions, one each %s, and none for %s, while its heartbeats go on", n.Messages, short(pause), short(silent))
	confidence, others := verdict.Hint, 0
	for _, o := range v.nodes {
		if o != n && o.Spoke.After(n.Spoke.Add(stoppedAfter)) {
			others++
		}
	}
	if others > 0 {
		confidence = verdict.Likely
		saw += "; " + count(others, "other node goes on", "other nodes go on")
	} else {
		saw += "; nobody may be using its applications"
	}
	return []verdict.Verdict{newVerdict(idStopped, verdict.Warn, n.Address, saw, confidence,
		[]verdict.Evidence{{What: "last message about a session", Value: n.Spoke.Format(time.RFC3339Nano), ReadFrom: "messages"}},
		"muster tribes probe of every other member, from this node; its log for \"Unable to send message\"")}
}

// acks reports whether its acks are seen at all: a capture may show one direction.
func (n *Node) acks() bool { return n.Acks+n.Failed > 0 }

func (v *View) unacked(n *Node) []verdict.Verdict {
	if n.Unacked < unackedLeast || v.now.Sub(n.UnackedSince) < unackedAfter || !v.alive(n) {
		return nil
	}
	status, confidence := verdict.Fail, verdict.Likely
	saw := fmt.Sprintf("it was sent %d messages about sessions that ask for an ack, the last by %s, and acked none of them, while its heartbeats go on", n.Unacked, n.UnackedFrom)
	if !n.acks() {
		status, confidence = verdict.Warn, verdict.Hint
		saw += "; no ack of it was ever seen, so this capture may show one direction only"
	}
	return []verdict.Verdict{newVerdict(idStopped, status, n.Address, saw, confidence,
		[]verdict.Evidence{{What: "first message without an ack", Value: n.UnackedSince.Format(time.RFC3339Nano), ReadFrom: "messages"}},
		"muster tribes probe "+n.Address)}
}
