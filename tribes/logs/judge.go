package logs

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"muster/internal/lazyregexp"
	"muster/internal/verdict"
)

// judge reads the nodes and the pairs and gives verdicts. What it is sure of follows
// one rule: a line that names its cause is definite, two nodes' logs that fit each
// other are likely, one log's line that several causes write is a hint.
type judge struct {
	res      *Result
	nodes    []*Node
	verdicts []verdict.Verdict
	now      time.Time // zero where nobody knows
	// explained are the nodes whose own cause is found: what others see of them
	// follows from it.
	explained map[*Node]verdict.ID
}

func (j *judge) run() {
	j.explained = map[*Node]verdict.ID{}
	for _, n := range j.nodes {
		j.start(n)
		j.settings(n)
		j.multicast(n)
		j.content(n)
		j.contexts(n)
		j.foreign(n)
		j.load(n)
		j.waiting(n)
		j.provided(n)
		j.advisories(n)
	}
	j.keys()
	j.domains()
	j.loopback()
	j.duplicates()
	j.ports()
	j.managers()
	j.membershipOff()
	j.clocks()
	j.losses()
	j.sends()
	j.states()
	j.strangers()
	j.pass()
}

// add gives a verdict with the lines that it rests on.
func (j *judge) add(id verdict.ID, s verdict.Status, c verdict.Confidence, subject, saw string, lines []*Event, parts ...verdict.Part) {
	for _, e := range lines[:min(len(lines), 3)] {
		parts = append(parts, evidenceOf(e))
	}
	j.verdicts = append(j.verdicts, verdict.New(id, s, c, subject, saw, parts...))
}

func (j *judge) bad(id verdict.ID) bool {
	return slices.ContainsFunc(j.verdicts, func(v verdict.Verdict) bool { return v.ID == id && v.Status.Bad() })
}

// memberText is a member as Tomcat writes it, with all that it knows of it.
var memberText = lazyregexp.New(`org\.apache\.catalina\.[A-Za-z.]*Mem(?:ber|berImpl)\[tcp://[^\]]*\]`)

// evidenceOf quotes a line, its members by their addresses alone.
func evidenceOf(e *Event) verdict.Evidence {
	text := memberText().ReplaceAllStringFunc(e.Text, func(s string) string {
		if m, ok := parseMember(s); ok {
			return m.String()
		}
		return s
	})
	if e.Cause != "" {
		text += " / " + e.Cause
	}
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "..."
	}
	if e.Count > 1 {
		text = fmt.Sprintf("%s (%s)", text, times(e.Count))
	}
	return verdict.Evidence{What: e.Node, Value: text, ReadFrom: fmt.Sprintf("%s:%d", e.File, e.Line)}
}

// eventsOf are the node's events of these kinds.
func eventsOf(n *Node, want ...Kind) []*Event {
	var out []*Event
	for i := range n.events {
		if slices.Contains(want, n.events[i].Kind) {
			out = append(out, n.events[i])
		}
	}
	return out
}

func total(list []*Event) (n int) {
	for _, e := range list {
		n += e.Count
	}
	return n
}

// clockText is a time of the timeline for a sentence.
func clockText(t time.Time) string { return t.Format("15:04:05.000") }

// nodeAt is the node with that address.
func (j *judge) nodeAt(a netip.AddrPort) *Node {
	for _, n := range j.nodes {
		if n.has(Member{Addr: a}) {
			return n
		}
	}
	return nil
}

// name is what a member is called: its node's name where its log is here.
func (j *judge) name(m Member) string {
	if n := j.nodeAt(m.Addr); n != nil {
		return n.Name
	}
	return m.String()
}
