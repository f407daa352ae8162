package view

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/tribes/replication"
	"muster/tribes/session"
)

// SessionEventText is e as a line for people.
func SessionEventText(s *term.Stream, e *replication.Event, values bool) string {
	word := sessionWord(s, e.Kind)
	line := fmt.Sprintf("%s  %s  %s", s.Dim(term.Clock(e.Time)), word, contextText(e.Context, e.All))
	if e.SessionID != "" {
		line += "  " + escape.Text(e.SessionID)
	}
	if e.NewID != "" {
		line += " is now " + escape.Text(e.NewID)
	}
	line += "  " + escape.Text(e.Node)
	if e.To != "" {
		line += " > " + escape.Text(e.To)
	}
	if e.Was != "" {
		line += " instead of " + escape.Text(e.Was)
	}
	for _, d := range sessionDetails(e, values) {
		line += "; " + d
	}
	return s.Hang(line)
}

// sessionWords are what happened, and how much it is to be noticed.
var sessionWords = map[replication.Kind]struct {
	word  string
	paint func(*term.Stream, string) string
}{
	replication.Created:       {"created", (*term.Stream).Good},
	replication.Changed:       {"changed", (*term.Stream).Good},
	replication.Accessed:      {"accessed", nil},
	replication.Expired:       {"expired", nil},
	replication.Renamed:       {"renamed", (*term.Stream).Doubt},
	replication.Moved:         {"moved", (*term.Stream).Doubt},
	replication.Placed:        {"placed", nil},
	replication.Fetched:       {"fetched", nil},
	replication.StateAsked:    {"asks", nil},
	replication.StateSent:     {"state", nil},
	replication.StateComplete: {"complete", nil},
	replication.StateNone:     {"unknown", (*term.Stream).Doubt},
	replication.MapStarted:    {"map up", nil},
	replication.MapStopped:    {"map down", nil},
	replication.Ack:           {"ack", (*term.Stream).Dim},
	replication.FailAck:       {"fail ack", (*term.Stream).Bad},
	replication.Unreadable:    {"invalid", (*term.Stream).Bad},
}

// sessionWord is the word for k, eight wide.
func sessionWord(s *term.Stream, k replication.Kind) string {
	w := sessionWords[k]
	text := fmt.Sprintf("%-8s", w.word)
	if w.paint == nil {
		return text
	}
	return w.paint(s, text)
}

// maxDetails is how many attributes one line names.
const maxDetails = 8

func sessionDetails(e *replication.Event, values bool) []string {
	var out []string
	for i := range e.Attributes {
		if i == maxDetails {
			out = append(out, fmt.Sprintf("%d more", len(e.Attributes)-i))
			break
		}
		a := sessionAttribute(&e.Attributes[i], values)
		name := escape.Text(a.Name)
		if t := e.Attributes[i].Type; t.FixedName() != "" || t != session.Attribute && t != session.Note {
			name = strings.ReplaceAll(t.String(), "_", " ")
		}
		if a.Action == "remove" {
			out = append(out, "removed "+name)
			continue
		}
		out = append(out, strings.TrimSpace(strings.TrimSuffix(a.Action, "set")+" "+name)+valueOf(&a))
	}
	switch e.Kind {
	case replication.StateSent:
		out = append(out, term.Count(e.Sessions, "session"))
	case replication.StateAsked:
		out = append(out, "for its sessions")
	case replication.StateNone:
		out = append(out, "it has no such context")
	case replication.Unreadable:
		out = append(out, escape.Text(e.Err.Error()))
	}
	if len(e.Nodes) > 0 {
		out = append(out, "backup on "+escape.Text(strings.Join(e.Nodes, ", ")))
	}
	switch {
	case e.Late && e.Kind == replication.Created:
		out = append(out, "after its first change")
	case e.Unknown && e.Kind != replication.Placed:
		out = append(out, "not seen before")
	}
	if e.Bytes > 0 {
		out = append(out, fmt.Sprintf("%d bytes", e.Bytes))
	}
	if e.Timed {
		out = append(out, "after "+term.Seconds(e.Latency))
	}
	return out
}

// contextText is a context's name, which may be empty.
func contextText(name string, all bool) string {
	switch {
	case all:
		return "every context"
	case name == "":
		return `""`
	}
	return escape.Text(name)
}

// SessionReport prints what is known of sessions: they themselves by context,
// the contexts and the nodes. It ends with a word on what is left out.
func SessionReport(s *term.Stream, v *replication.View) error {
	text, err := sessionTables(s, v, true)
	if err != nil {
		return err
	}
	_, err = io.WriteString(s, text)
	return err
}

// SessionBlock is the part of the report that fits below a running list.
func SessionBlock(s *term.Stream, v *replication.View) string {
	text, err := sessionTables(s, v, false)
	if err != nil {
		return ""
	}
	return text
}

// maxListed is how many sessions of a context a report names.
const maxListed = 50

func sessionTables(s *term.Stream, v *replication.View, all bool) (string, error) {
	var b bytes.Buffer
	to := *s
	to.Writer = &b
	var left int
	if all {
		left = sessionTable(&to, v)
		if left > 0 {
			fmt.Fprintf(&b, "... and %s; --json lists all\n", term.Count(left, "more session"))
		}
	}
	if err := contextTable(&to, v); err != nil {
		return "", err
	}
	err := nodeTable(&to, v)
	return b.String(), err
}

func sessionTable(s *term.Stream, v *replication.View) (left int) {
	t := term.Table{
		Header: []string{"CONTEXT", "SESSION", "NODE", "ALSO SEEN ON", "BYTES", "CHANGES", "LAST", "ATTRIBUTES"},
		Right:  map[int]bool{4: true, 5: true},
	}
	for _, c := range v.Contexts() {
		for i, x := range c.Sessions() {
			if i == maxListed {
				left += c.Len() - i
				break
			}
			t.Add(contextText(c.Name, false), escape.Text(x.ID), escape.Text(x.Node), dash(escape.Text(strings.Join(others(v, x), ", "))),
				x.Bytes, x.Changes, term.Clock(x.Last), dash(heldText(x)))
		}
	}
	if len(t.Rows) > 0 {
		_ = t.Render(s) // into a buffer
		fmt.Fprintln(s)
	}
	return left
}

// others are the nodes beside the one that serves x that have it.
func others(v *replication.View, x *replication.Session) []string {
	var out []string
	for _, n := range v.Holders(x) {
		if n != x.Node {
			out = append(out, n)
		}
	}
	return out
}

func heldText(x *replication.Session) string {
	var out []string
	for i, name := range x.Names() {
		if i == maxDetails {
			out = append(out, fmt.Sprintf("%d more", len(x.Attributes)-i))
			break
		}
		a := x.Attributes[name]
		out = append(out, fmt.Sprintf("%s (%s, %d bytes)", escape.Text(name), escape.Text(a.Class), a.Bytes))
	}
	if !x.Whole {
		out = append(out, "older ones are not known")
	}
	return strings.Join(out, ", ")
}

func contextTable(s *term.Stream, v *replication.View) error {
	t := term.Table{
		Header: []string{"CONTEXT", "MANAGER", "SESSIONS", "CREATED", "CHANGED", "ACCESSED", "EXPIRED", "RENAMED", "MOVED"},
		Right:  map[int]bool{2: true, 3: true, 4: true, 5: true, 6: true, 7: true, 8: true},
	}
	for _, c := range v.Contexts() {
		t.Add(contextText(c.Name, false), c.Manager, c.Len(), c.Created, c.Changed, c.Accessed, c.Expired, c.Renamed, c.Moved)
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return t.Render(s)
}

func nodeTable(s *term.Stream, v *replication.View) error {
	t := term.Table{
		Header: []string{"NODE", "TOMCAT", "MESSAGES", "LATENCY", "ACKS", "FAILED", "ACK LATENCY"},
		Right:  map[int]bool{2: true, 4: true, 5: true},
	}
	for _, n := range v.Nodes() {
		if n.Messages > 0 || n.Acks > 0 || n.Failed > 0 {
			t.Add(escape.Text(n.Address), cmp.Or(strings.TrimPrefix(n.Tomcat(), "Tomcat "), "-"), n.Messages, spanText(&n.Latency), n.Acks, n.Failed, spanText(&n.AckLatency))
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	fmt.Fprintln(s)
	return t.Render(s)
}

// spanText is the mean of some times and the most.
func spanText(l *replication.Latencies) string {
	if l.N == 0 {
		return "-"
	}
	return fmt.Sprintf("%s, %s at most", term.Seconds(l.Mean().Round(time.Microsecond)), term.Seconds(l.Most))
}
