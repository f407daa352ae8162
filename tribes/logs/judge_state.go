package logs

import (
	"fmt"
	"time"

	"muster/internal/verdict"
)

const (
	// answered is how long the answer to a request for sessions may take: where it
	// takes longer, the application's start is seen to wait.
	answered = 5 * time.Second
	// stale is from when on a log without a further line is that of a process that
	// ended. Tomcat waits for 60 s by default (stateTransferTimeout).
	stale = 10 * time.Minute
)

// waiting judges a node whose log ends while it waits for the sessions of another
// (H/session/DeltaManager.getAllClusterSessions): its main thread stands there, so
// that the log says nothing more of any start.
func (j *judge) waiting(n *Node) {
	e := n.asking()
	if e == nil {
		return
	}
	waited := j.age(n, e.Time)
	if waited <= answered || waited > stale {
		return
	}
	for _, l := range n.Lives {
		if l.Up.After(e.Time) || l.Stop.After(e.Time) {
			return
		}
	}
	asked := "another member"
	if e.Member.Addr.IsValid() {
		asked = j.name(e.Member)
	}
	j.add("tribes.state-transfer", verdict.Warn, verdict.Likely, n.Name,
		fmt.Sprintf("%s asked %s for its sessions at %s and has waited %s for them: until they come or stateTransferTimeout has passed, the application does not start; two nodes that start at the same time wait for each other",
			n.Name, asked, clockText(e.Time), waited.Round(time.Second)), []*Event{e},
		verdict.Fix("start one node first, and the next when \"Server startup in\" is in its log; a smaller stateTransferTimeout of the Manager shortens the wait"),
		verdict.Next("the log of "+asked+": is it starting as well?"))
}

// asking is the request for sessions after which the log tells of no answer and of
// no further step of the start; nil where there is none.
func (n *Node) asking() *Event {
	var asked *Event
	for i := range n.events {
		switch e := n.events[i]; e.Kind {
		case StateAsked:
			asked = e
		case StateReceived, StateTimeout, StateNoApp, StateAlone, Manager, MapStarted, Deploying, Starting, Started, Stopping, StartFailed, Bound:
			asked = nil
		}
	}
	return asked
}

// age is how long ago t was: at the end of the log, or now where that is known. A log
// without a zone is written in that of its host, or in UTC.
func (j *judge) age(n *Node, t time.Time) time.Duration {
	age := n.Last.Sub(t)
	if j.now.IsZero() {
		return age
	}
	wall := time.Date(j.now.Year(), j.now.Month(), j.now.Day(), j.now.Hour(), j.now.Minute(), j.now.Second(), j.now.Nanosecond(), time.UTC)
	for _, now := range []time.Time{j.now, wall} {
		if d := now.Sub(t); d >= age && d <= stale {
			return d
		}
	}
	return age
}
