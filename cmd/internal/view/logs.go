package view

import (
	"time"

	"muster/internal/verdict"
	"muster/tribes/logs"
)

// LogNode is the JSON line of a node whose log was read.
type LogNode struct {
	Type     string   `json:"type"`                      // "node"
	Name     string   `json:"name"`                      // as --node, the container's runtime or the file's name calls it
	Address  string   `json:"address,omitempty"`         // of its receiver
	Guessed  bool     `json:"address_guessed,omitempty"` // no line says it: it follows from whom the others saw
	Release  string   `json:"release,omitempty"`         // of Tomcat
	Files    []string `json:"files"`                     // that it was read from
	First    string   `json:"first,omitempty"`           // time of its first line about the cluster
	Last     string   `json:"last,omitempty"`            // time of its last line
	Starts   int      `json:"starts"`                    // how often the cluster was started
	OffsetMS *int64   `json:"offset_ms,omitempty"`       // by how much its clock is ahead of the first node's
	Shifted  bool     `json:"shifted,omitempty"`         // its times were moved by that
	// FrequencyMS is the time between its heartbeats, by what it says at its start.
	FrequencyMS int64 `json:"frequency_ms,omitempty"`
}

// LogEvent is the JSON line of an event.
type LogEvent struct {
	Type    string     `json:"type"`               // "event"
	Time    string     `json:"time,omitempty"`     // on the clock of the timeline
	Written string     `json:"written,omitempty"`  // as the log has it, where the timeline moved it
	Node    string     `json:"node"`               // who logged it
	Event   logs.Kind  `json:"event"`              // what happened
	Member  string     `json:"member,omitempty"`   // whom it is about: address and port
	Peer    string     `json:"peer,omitempty"`     // that member's node, where its log was read
	AliveMS int64      `json:"alive_ms,omitempty"` // since when the member said it lives
	App     string     `json:"app,omitempty"`      // the application, as its manager is called
	Detail  string     `json:"detail,omitempty"`   // what matters of the line: a class, an attribute, a release, why a send failed
	Level   logs.Level `json:"level,omitempty"`    // error, warn, info or debug
	Key     string     `json:"key,omitempty"`      // of Tomcat's message
	Text    string     `json:"text"`               // the line without what stands before it
	Cause   string     `json:"cause,omitempty"`    // the innermost exception
	Count   int        `json:"count"`              // how often in a row
	Until   string     `json:"until,omitempty"`    // the last of them
	File    string     `json:"file"`               // where it was read
	Line    int        `json:"line"`               // where it begins in the file
}

// LogPair is the JSON line of what one node's log says of another.
type LogPair struct {
	Type         string `json:"type"`          // "pair"
	From         string `json:"from"`          // whose log says it
	Of           string `json:"of"`            // of whom
	Added        int    `json:"added"`         // how often it came
	Lost         int    `json:"lost"`          // how often it was lost
	Kept         int    `json:"kept"`          // how often it was missed and its receiver answered
	SendFailures int    `json:"send_failures"` // messages to it that failed
	Present      bool   `json:"present"`       // it is a member at the end of the log
}

// LogSummary is the last JSON line of tribes logs.
type LogSummary struct {
	Type string `json:"type"` // "summary"
	verdict.Summary
	Files  []logs.FileStats `json:"files"`  // what was read
	Nodes  int              `json:"nodes"`  // how many nodes
	Events int              `json:"events"` // how many events
	Notes  []string         `json:"notes"`  // sentences about the logs themselves
	// Silent are questions that no log answers, with the command that does.
	Silent []logs.Question `json:"silent"`
	TookMS int64           `json:"took_ms"` // reading and judging
}

// NewLogNode gives a node its line.
func NewLogNode(n *logs.Node) LogNode {
	l := LogNode{
		Type: "node", Name: n.Name, Guessed: n.AddrGuessed, Release: n.Release, Files: n.Files, First: logTime(n.First),
		Last: logTime(n.Last), Starts: len(n.Lives), Shifted: n.Shifted, FrequencyMS: n.Frequency.Milliseconds(),
	}
	if n.Addr.IsValid() {
		l.Address = n.Addr.String()
	}
	if n.OffsetKnown {
		ms := n.Offset.Milliseconds()
		l.OffsetMS = &ms
	}
	return l
}

// NewLogEvent gives an event its line.
func NewLogEvent(e *logs.Event) LogEvent {
	l := LogEvent{
		Type: "event", Time: logTime(e.Time), Node: e.Node, Event: e.Kind, Member: e.Member.String(), Peer: e.Peer, AliveMS: e.Member.Alive.Milliseconds(),
		App: e.App, Detail: e.Detail, Level: e.Level, Key: e.Key, Text: e.Text, Cause: e.Cause, Count: e.Count, File: e.File, Line: e.Line,
	}
	if !e.Written.Equal(e.Time) {
		l.Written = logTime(e.Written)
	}
	if e.Count > 1 {
		l.Until = logTime(e.Until)
	}
	return l
}

// NewLogPair gives a pair its line.
func NewLogPair(p *logs.Pair) LogPair {
	return LogPair{"pair", p.From.Name, p.Of.Name, p.Added, p.Lost, p.Kept, p.SendFailures, p.Present}
}

// NewLogSummary gives the summary its line.
func NewLogSummary(r *logs.Result, took time.Duration) LogSummary {
	s := LogSummary{
		Type: "summary", Summary: verdict.Summarize(r.Verdicts), Files: r.Files, Nodes: len(r.Nodes), Events: len(r.Events),
		Notes: r.Notes, Silent: r.Silent, TookMS: took.Milliseconds(),
	}
	if s.Files == nil {
		s.Files = []logs.FileStats{}
	}
	if s.Notes == nil {
		s.Notes = []string{}
	}
	if s.Silent == nil {
		s.Silent = []logs.Question{}
	}
	return s
}

func logTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}
