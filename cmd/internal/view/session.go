package view

import (
	"time"

	"muster/tribes/decode"
	"muster/tribes/javaser"
	"muster/tribes/session"
)

// Session is a session message in JSON.
type Session struct {
	Event       int32  `json:"event"`
	EventName   string `json:"event_name"`
	Context     string `json:"context"`
	AllContexts bool   `json:"all_contexts,omitempty"`
	SessionID   string `json:"session_id"`
	UniqueID    string `json:"unique_id"`
	// TimestampMS is null where it was never set.
	TimestampMS  *int64 `json:"timestamp_ms"`
	ClassVersion int64  `json:"class_version"` // the serialVersionUID
	DataBytes    int    `json:"data_bytes"`
	NewSessionID string `json:"new_session_id,omitempty"` // of event 15
	SessionDelta
	Sessions []SessionState `json:"sessions,omitempty"` // of event 12
}

// SessionDelta is what a request changed.
type SessionDelta struct {
	// RecordAll tells that every action was kept, not only the last of a name.
	RecordAll  *bool       `json:"record_all_actions,omitempty"`
	Attributes []Attribute `json:"attributes,omitempty"`
	Changes    []Attribute `json:"changes,omitempty"` // of what is no attribute
}

// Attribute is an attribute of a session or a change to one.
type Attribute struct {
	Type   string `json:"type,omitempty"`   // of a change that is to no attribute
	Action string `json:"action,omitempty"` // of a change: set or remove
	Name   string `json:"name"`
	Class  string `json:"class,omitempty"`
	// Bytes is the size of the value as a Java stream of its own.
	Bytes int `json:"bytes"`
	Value any `json:"value"`

	hidden bool // the value is left out on purpose
}

// SessionState is a whole session.
type SessionState struct {
	ID                  string      `json:"id"`
	Created             time.Time   `json:"created"`
	LastAccessed        time.Time   `json:"last_accessed"`
	ThisAccessed        time.Time   `json:"this_accessed"`
	MaxInactiveInterval int32       `json:"max_inactive_interval_s"`
	IsNew               bool        `json:"is_new"`
	IsValid             bool        `json:"is_valid"`
	Version             int64       `json:"version"`
	HasPrincipal        bool        `json:"has_principal"`
	Attributes          []Attribute `json:"attributes"`
	Listeners           []string    `json:"listeners,omitempty"` // their classes
	SavedSessionID      any         `json:"saved_session_id,omitempty"`
	HasSavedRequest     bool        `json:"has_saved_request,omitempty"`
}

func newSession(c *decode.SessionContent) *Session {
	s := &Session{NewSessionID: c.NewID, Sessions: newSessions(c.Sessions)}
	if c.Delta != nil {
		s.SessionDelta = newDelta(c.Delta)
		s.SessionID = c.Delta.SessionID
	}
	m := c.Message
	if m == nil { // the data alone
		return s
	}
	s.Event, s.EventName = int32(m.Event), m.Event.String()
	s.Context, s.AllContexts = m.Context, m.AllContexts()
	s.SessionID, s.UniqueID = m.SessionID, m.UniqueID
	s.ClassVersion, s.DataBytes = int64(m.SUID()), len(m.Data)
	if m.TimestampSet {
		s.TimestampMS = &m.Timestamp
	}
	return s
}

func newDelta(d *session.Delta) SessionDelta {
	out := SessionDelta{RecordAll: &d.RecordAll}
	for i := range d.Actions {
		a := &d.Actions[i]
		v := attribute(a.Name, a.Value)
		v.Action = "set"
		if a.Remove {
			v.Action = "remove"
		}
		if a.Type == session.Attribute {
			out.Attributes = append(out.Attributes, v)
			continue
		}
		v.Type = a.Type.String()
		out.Changes = append(out.Changes, v)
	}
	return out
}

func attribute(name string, v javaser.Value) Attribute {
	j := newJava(v)
	return Attribute{Name: name, Class: j.Class, Value: j.Value, Bytes: streamSize(v)}
}

func newSessions(all []session.Session) []SessionState {
	var out []SessionState
	for i := range all {
		out = append(out, newSessionState(&all[i]))
	}
	return out
}

func newSessionState(s *session.Session) SessionState {
	out := SessionState{
		ID: s.ID, Created: jsonTime(s.CreationTime), LastAccessed: jsonTime(s.LastAccessedTime), ThisAccessed: jsonTime(s.ThisAccessedTime),
		MaxInactiveInterval: s.MaxInactive, IsNew: s.IsNew, IsValid: s.IsValid, Version: s.Version,
		HasPrincipal: s.Principal != nil || s.Principal70 != nil, HasSavedRequest: s.FormRequest != nil,
		Attributes: []Attribute{},
	}
	for _, a := range s.Attributes {
		out.Attributes = append(out.Attributes, attribute(a.Name, a.Value))
	}
	for _, l := range s.Listeners {
		out.Listeners = append(out.Listeners, javaser.ClassName(l))
	}
	if s.SessionIDNote != nil {
		out.SavedSessionID = newJava(s.SessionIDNote).Value
	}
	return out
}

// jsonTime is a time of Java's that JSON can hold: its year has four digits.
func jsonTime(ms int64) time.Time {
	const least, most = -62135596800000, 253402300799999 // years 1 and 9999
	return time.UnixMilli(min(max(ms, least), most)).UTC()
}

// streamSize is how long v is as a Java stream; 0 where it cannot stand alone.
func streamSize(v javaser.Value) int {
	b, err := javaser.Append(nil, v)
	if err != nil {
		return 0
	}
	return len(b)
}
