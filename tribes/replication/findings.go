package replication

import (
	"fmt"
	"strings"
	"time"

	"muster/internal/verdict"
)

// The ids of what is found.
const (
	idMissing verdict.ID = "tribes.session-missing"
	idNoApp   verdict.ID = "tribes.app-missing"
	idContent verdict.ID = "tribes.session-content"
	idStopped verdict.ID = "tribes.session-stopped"
	idPaused  verdict.ID = "tribes.gc-pause"
	idOneWay  verdict.ID = "tribes.one-way"
	idDelta   verdict.ID = "tribes.session-delta"
	idRace    verdict.ID = "tribes.session-race"
	idClock   verdict.ID = "tribes.clock-skew"
)

// When something is found.
const (
	// settled is how old a session must be to be missed on a node.
	settled = 5 * time.Second
	// A node that spoke of sessions so often is missed when it has been silent
	// about them for so long, and for so many times its usual pause.
	stoppedAfter    = 30 * time.Second
	stoppedPauses   = 20
	stoppedMessages = 5
	// unackedAfter is Tomcat's timeout of an ack.
	unackedAfter = 3 * time.Second
	unackedLeast = 2
	// Changes are large where so many of them are as large as all that their
	// session holds, and that is not small.
	largeChanges = 5
	largeSession = 4 << 10
	// clockOff is how far two clocks may be apart unmentioned.
	clockOff      = time.Second
	clockMessages = 3

	maxNamed = 3 // sessions named in one finding
)

// Findings judges what was seen until now.
func (v *View) Findings(now time.Time) []verdict.Verdict {
	v.tick(now)
	var out []verdict.Verdict
	for _, c := range v.order {
		out = append(out, v.appMissing(c)...)
		out = append(out, v.missing(c)...)
		out = append(out, v.race(c)...)
		out = append(out, v.large(c)...)
	}
	out = append(out, v.unread()...)
	out = append(out, v.waiting()...)
	for _, n := range v.Nodes() {
		out = append(out, v.silent(n)...)
		out = append(out, v.stopped(n)...)
		out = append(out, v.unacked(n)...)
		out = append(out, v.clock(n)...)
	}
	return out
}

func newVerdict(id verdict.ID, s verdict.Status, subject, saw string, c verdict.Confidence, evidence []verdict.Evidence, fix ...string) verdict.Verdict {
	v := verdict.New(id, s, c, subject, saw)
	v.Evidence, v.Fix = append(v.Evidence, evidence...), append(v.Fix, fix...)
	return v
}

// missing finds sessions that are on one node only, or not on all of those that
// should have them.
func (v *View) missing(c *Context) []verdict.Verdict {
	var alone, partly []string
	var evidence []verdict.Evidence
	for _, s := range c.Sessions() {
		if v.now.Sub(s.born) < settled {
			continue
		}
		lack, why := v.lacks(c, s)
		if len(lack) == 0 {
			continue
		}
		list := &partly
		if len(v.Holders(s)) <= 1 {
			list = &alone
		}
		*list = append(*list, s.ID)
		if len(evidence) < maxNamed {
			evidence = append(evidence, verdict.Evidence{
				What:  fmt.Sprintf("session %s, served by %s", s.ID, s.Node),
				Value: "not on " + strings.Join(lack, ", ") + ": " + why, ReadFrom: "messages about it",
			})
		}
	}
	fix := "muster tribes probe of each node named, from the node that serves the session"
	switch {
	case len(alone) > 0:
		return []verdict.Verdict{newVerdict(idMissing, verdict.Fail, c.Name,
			fmt.Sprintf("%s on one node only, and lost with it: %s", count(len(alone), "session is", "sessions are"), some(alone)),
			verdict.Likely, evidence, fix)}
	case len(partly) > 0:
		return []verdict.Verdict{newVerdict(idMissing, verdict.Warn, c.Name,
			fmt.Sprintf("%s not on every node: %s", count(len(partly), "session is", "sessions are"), some(partly)),
			verdict.Likely, evidence, fix)}
	}
	return nil
}

// appMissing finds members that say that they have no such context, while others replicate it.
func (v *View) appMissing(c *Context) []verdict.Verdict {
	var with, without []string
	for _, n := range v.Nodes() {
		has, known := c.nodes[n.Address]
		switch {
		case !known || n.Gone:
		case has:
			with = append(with, n.Address)
		case v.alive(n) || n.Last.IsZero(): // a capture may show no heartbeats
			without = append(without, n.Address)
		}
	}
	if len(with) == 0 || len(without) == 0 {
		return nil
	}
	return []verdict.Verdict{newVerdict(idNoApp, verdict.Warn, c.Name,
		fmt.Sprintf("%s answered that it has no application %q that replicates its sessions, while %s has: its users lose their sessions there",
			strings.Join(without, ", "), c.Name, strings.Join(with, ", ")), verdict.Definite,
		[]verdict.Evidence{{What: "answer of " + without[0], Value: "EVT_ALL_SESSION_NOCONTEXTMANAGER", ReadFrom: "messages"}},
		"deploy the application on each node of the cluster, on a host of the same name, with <distributable/> in its web.xml")}
}

// unread finds senders whose messages about sessions could not be read.
func (v *View) unread() []verdict.Verdict {
	if v.Counts.Unreadable == 0 {
		return nil
	}
	return []verdict.Verdict{newVerdict(idContent, verdict.Warn, v.broken.node,
		fmt.Sprintf("%s about sessions could not be read, the last from %s: %v", count(int(v.Counts.Unreadable), "message", "messages"), v.broken.node, v.broken.err),
		verdict.Hint, nil, "look at its log and at the release of both nodes; muster tribes sessions --json shows each")}
}

// lacks returns the members that should have s and do not, as far as that was
// seen, and how.
func (v *View) lacks(c *Context, s *Session) (nodes []string, why string) {
	for i := range s.holders {
		h := &s.holders[i]
		n := v.nodes[h.node]
		if n == nil || !v.alive(n) {
			continue
		}
		if h.unacked && n.acks() && v.now.Sub(s.Last) > settled {
			nodes, why = append(nodes, h.node), "it did not ack what it was sent about it"
		}
	}
	switch c.Manager {
	case Delta:
		if len(v.listers(c, s)) < 2 {
			break
		}
		for _, n := range v.listers(c, s) {
			h := s.find(n.Address)
			if h == nil || h.listed.Before(n.lists[c.Name].begun) {
				nodes, why = append(nodes, n.Address), "it does not name it among its sessions"
			}
		}
	case Backup:
		if len(nodes) == 0 && len(v.Holders(s)) == 1 && v.now.Sub(s.Last) > settled {
			for _, n := range v.Nodes() {
				if n.Address != s.Node && v.alive(n) && n.mapped[c.Name] {
					nodes, why = append(nodes, n.Address), "the map names no backup node"
				}
			}
		}
	}
	return nodes, why
}

// listers are the nodes that told all their sessions when s had long been there.
func (v *View) listers(c *Context, s *Session) (out []*Node) {
	for _, n := range v.Nodes() {
		if l, ok := n.lists[c.Name]; ok && l.complete && l.begun.Sub(s.born) > settled && v.alive(n) {
			out = append(out, n)
		}
	}
	return out
}

// alive reports whether a node is a member that is heard.
func (v *View) alive(n *Node) bool {
	return !n.Last.IsZero() && !n.Gone && v.now.Sub(n.Last) <= v.cfg.DropTime
}

func (v *View) race(c *Context) []verdict.Verdict {
	const why = "a Tomcat that takes the change first drops it, and has the session without these attributes until they are set again"
	fix := `channelSendOptions="6" on <Cluster> (a sender then waits until each message has been processed), or first set attributes in a request after the one that makes the session`
	evidence := []verdict.Evidence{{
		What: "sessions made and changed in one request", Value: fmt.Sprintf("%d of %d", c.Quick, c.Created), ReadFrom: "messages",
	}}
	switch {
	case c.Overtaken > 0:
		return []verdict.Verdict{newVerdict(idRace, verdict.Warn, c.Name,
			fmt.Sprintf("%s came before the creation of their session, the last for %s: replication works, but %s",
				count(int(c.Overtaken), "change", "changes"), c.OvertakenID, why), verdict.Definite, evidence, fix)}
	case c.Risked > 0:
		return []verdict.Verdict{newVerdict(idRace, verdict.Warn, c.Name,
			fmt.Sprintf("%s made and given attributes in one request, with options %s: replication works, but two threads of a receiving Tomcat may take the two messages in the wrong order, and %s",
				count(int(c.Risked), "session was", "sessions were"), c.RiskOptions, why), verdict.Likely, evidence, fix)}
	}
	return nil
}

// large finds sessions of which each change sends as much as they hold.
func (v *View) large(c *Context) []verdict.Verdict {
	var ids []string
	var evidence []verdict.Evidence
	for _, s := range c.Sessions() {
		if !s.outgrown() {
			continue
		}
		ids = append(ids, s.ID)
		if len(evidence) < maxNamed {
			evidence = append(evidence, verdict.Evidence{
				What:  "session " + s.ID,
				Value: fmt.Sprintf("%d changes of %d bytes on average, %d at most; it holds %d bytes", s.Changes, s.DeltaBytes/s.Changes, s.Largest, s.Bytes), ReadFrom: "messages",
			})
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return []verdict.Verdict{newVerdict(idDelta, verdict.Warn, c.Name,
		fmt.Sprintf("each change of %s replicates as much as the session holds, or more: %s", count(len(ids), "session", "sessions"), some(ids)),
		verdict.Definite, evidence, "set only the attributes that a request changed; several small attributes instead of one large object; BackupManager sends to one node instead of all")}
}

// outgrown: its changes are as large as all that it holds.
func (s *Session) outgrown() bool {
	if s.Changes == 0 || !s.Whole {
		return false
	}
	mean := int(s.DeltaBytes / s.Changes)
	if s.Changes >= largeChanges && mean >= largeSession && mean >= s.Bytes*9/10 {
		return true
	}
	return s.Largest >= 16*largeSession && s.Largest > 4*s.Bytes // what one request set and removed
}

func (v *View) clock(n *Node) []verdict.Verdict {
	l := n.Latency
	if l.N < clockMessages || l.Least < clockOff && l.Most > -clockOff {
		return nil
	}
	way := "behind"
	by := l.Least
	if l.Most <= -clockOff {
		way, by = "ahead of", -l.Most
	}
	return []verdict.Verdict{newVerdict(idClock, verdict.Warn, n.Address,
		fmt.Sprintf("its clock is %s ours by about %s, by the times in %d of its messages", way, short(by), l.N), verdict.Likely,
		[]verdict.Evidence{{What: "time between its timestamp and our sight of the message", Value: fmt.Sprintf("%s to %s", short(l.Least), short(l.Most)), ReadFrom: "messages"}},
		"chronyc tracking, on both")}
}

func short(d time.Duration) string {
	if d < time.Second && d > -time.Second {
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(100 * time.Millisecond).String()
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// some names the first few.
func some(ids []string) string {
	if len(ids) <= maxNamed {
		return strings.Join(ids, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(ids[:maxNamed], ", "), len(ids)-maxNamed)
}
