package view

import (
	"time"

	"muster/internal/escape"
	"muster/tribes/replication"
	"muster/tribes/session"
)

// SessionEvent is what happened to sessions, in JSON.
type SessionEvent struct {
	Type        string    `json:"type"` // session_created, session_changed, ..., state_asked, ..., ack
	Time        time.Time `json:"time"`
	Manager     string    `json:"manager,omitempty"` // delta or backup
	Context     string    `json:"context"`
	AllContexts bool      `json:"all_contexts,omitempty"`
	SessionID   string    `json:"session_id,omitempty"`
	NewID       string    `json:"new_session_id,omitempty"`
	Node        string    `json:"node"`
	To          string    `json:"to,omitempty"`        // left out where the message came to us
	Was         string    `json:"from_node,omitempty"` // of session_moved
	Nodes       []string  `json:"nodes,omitempty"`     // that hold a backup
	Options     int32     `json:"options"`
	OptionsText string    `json:"options_text"`
	Bytes       int       `json:"bytes"` // of the message
	// LatencyMS is from the sender's timestamp to our sight of it; of answers
	// and acks, from the question. null where it is not known.
	LatencyMS  *float64    `json:"latency_ms"`
	Attributes []Attribute `json:"attributes,omitempty"`
	Changes    []Attribute `json:"changes,omitempty"`  // of what is no attribute
	Sessions   *int        `json:"sessions,omitempty"` // of state_sent
	Late       bool        `json:"late,omitempty"`
	Unknown    bool        `json:"unknown,omitempty"`
	Error      string      `json:"error,omitempty"`
}

// NewSessionEvent shares no memory with e; values are viewed where they are
// wanted.
func NewSessionEvent(e *replication.Event, values bool) SessionEvent {
	v := SessionEvent{
		Type: string(e.Kind), Time: e.Time, Manager: string(e.Manager), Context: e.Context, AllContexts: e.All,
		SessionID: e.SessionID, NewID: e.NewID, Node: e.Node, To: e.To, Was: e.Was, Nodes: e.Nodes,
		Options: int32(e.Options), OptionsText: e.Options.String(), Bytes: e.Bytes, Late: e.Late, Unknown: e.Unknown,
	}
	if e.Timed {
		v.LatencyMS = fractionMS(e.Latency)
	}
	if e.Kind == replication.StateSent {
		v.Sessions = &e.Sessions
	}
	if e.Err != nil {
		v.Error = escape.Text(e.Err.Error())
	}
	for i := range e.Attributes {
		a := sessionAttribute(&e.Attributes[i], values)
		if e.Attributes[i].Type == session.Attribute {
			v.Attributes = append(v.Attributes, a)
			continue
		}
		a.Type = e.Attributes[i].Type.String()
		v.Changes = append(v.Changes, a)
	}
	return v
}

func sessionAttribute(a *replication.Attribute, values bool) Attribute {
	out := Attribute{Action: a.Action, Name: a.Name, Class: a.Class, Bytes: a.Bytes, hidden: !values}
	if values {
		out.Value = newJava(a.Value).Value
	}
	return out
}

func fractionMS(d time.Duration) *float64 {
	ms := float64(d.Microseconds()) / 1000
	return &ms
}

// SessionRow is a session as it stands, in JSON.
type SessionRow struct {
	Type      string   `json:"type"` // session
	Context   string   `json:"context"`
	Manager   string   `json:"manager"`
	SessionID string   `json:"session_id"`
	Node      string   `json:"node"`  // that serves it
	Nodes     []string `json:"nodes"` // that have it, as far as was seen
	// Complete: it was seen from its creation, or came as a whole.
	Complete   bool        `json:"complete"`
	FirstSeen  time.Time   `json:"first_seen"`
	LastSeen   time.Time   `json:"last_seen"`
	Changes    uint64      `json:"changes"`
	DeltaBytes uint64      `json:"delta_bytes"`
	Bytes      int         `json:"bytes"` // of its attributes
	Attributes []Attribute `json:"attributes"`
}

// NewSessionRow is s in the context c of v.
func NewSessionRow(v *replication.View, c *replication.Context, s *replication.Session) SessionRow {
	row := SessionRow{
		Type: "session", Context: c.Name, Manager: string(c.Manager), SessionID: s.ID, Node: s.Node,
		Nodes: append([]string{}, v.Holders(s)...), Complete: s.Whole, FirstSeen: s.Since, LastSeen: s.Last,
		Changes: s.Changes, DeltaBytes: s.DeltaBytes, Bytes: s.Bytes, Attributes: []Attribute{},
	}
	for _, name := range s.Names() {
		a := s.Attributes[name]
		row.Attributes = append(row.Attributes, Attribute{Name: name, Class: a.Class, Bytes: a.Bytes, hidden: true})
	}
	return row
}

// ContextRow is the sessions of one manager, counted, in JSON.
type ContextRow struct {
	Type         string `json:"type"` // context
	Context      string `json:"context"`
	Manager      string `json:"manager"`
	Sessions     int    `json:"sessions"`
	Created      uint64 `json:"created"`
	Changed      uint64 `json:"changed"`
	Accessed     uint64 `json:"accessed"`
	Expired      uint64 `json:"expired"`
	Renamed      uint64 `json:"renamed"`
	Moved        uint64 `json:"moved"`
	Overtaken    uint64 `json:"overtaken"`
	MessageBytes uint64 `json:"message_bytes"`
}

// NewContextRow is c, counted.
func NewContextRow(c *replication.Context) ContextRow {
	return ContextRow{
		Type: "context", Context: c.Name, Manager: string(c.Manager), Sessions: c.Len(), Created: c.Created, Changed: c.Changed,
		Accessed: c.Accessed, Expired: c.Expired, Renamed: c.Renamed, Moved: c.Moved, Overtaken: c.Overtaken, MessageBytes: c.Bytes,
	}
}

// NodeRow is a node that replicates, in JSON.
type NodeRow struct {
	Type       string   `json:"type"` // node
	Node       string   `json:"node"`
	UniqueID   string   `json:"unique_id"`
	Tomcat     string   `json:"tomcat"`   // the releases that its bytes tell, empty where it sent none
	Messages   uint64   `json:"messages"` // about sessions
	Latency    *SpanRow `json:"latency_ms"`
	Acks       uint64   `json:"acks"`
	FailAcks   uint64   `json:"fail_acks"`
	AckLatency *SpanRow `json:"ack_latency_ms"`
}

// SpanRow is the span of some times, in ms.
type SpanRow struct {
	Least float64 `json:"least"`
	Mean  float64 `json:"mean"`
	Most  float64 `json:"most"`
}

// NewNodeRow is n, counted.
func NewNodeRow(n *replication.Node) NodeRow {
	return NodeRow{
		Type: "node", Node: n.Address, UniqueID: n.ID.String(), Tomcat: n.Tomcat(), Messages: n.Messages, Latency: newSpan(&n.Latency),
		Acks: n.Acks, FailAcks: n.Failed, AckLatency: newSpan(&n.AckLatency),
	}
}

func newSpan(l *replication.Latencies) *SpanRow {
	if l.N == 0 {
		return nil
	}
	return &SpanRow{*fractionMS(l.Least), *fractionMS(l.Mean()), *fractionMS(l.Most)}
}
