package replication

import (
	"time"

	"muster/tribes"
	"muster/tribes/javaser"
	"muster/tribes/session"
)

// Kind is what happened; it is the type of the event's JSON line.
type Kind string

const (
	Created  Kind = "session_created"
	Changed  Kind = "session_changed"
	Accessed Kind = "session_accessed"
	Expired  Kind = "session_expired"
	Renamed  Kind = "session_renamed"
	// Moved: another node than before serves the session. It comes before the
	// event that shows it.
	Moved Kind = "session_moved"
	// Placed: a replicated map tells where a session lives; Fetched: a node asks
	// the one that has it for it, or is answered.
	Placed  Kind = "session_placed"
	Fetched Kind = "session_fetched"

	StateAsked    Kind = "state_asked"
	StateSent     Kind = "state_sent"
	StateComplete Kind = "state_complete"
	// StateNone: the asked node has no such context.
	StateNone Kind = "state_none"

	MapStarted Kind = "map_started" // a node takes part in a replicated map
	MapStopped Kind = "map_stopped"

	// Ack and FailAck are answers to a message about a session; only a capture
	// shows those of others.
	Ack     Kind = "ack"
	FailAck Kind = "fail_ack"
	// Unreadable: a message about sessions that is not what its class promises.
	Unreadable Kind = "unreadable"
)

// Manager is what replicates a context.
type Manager string

const (
	Delta  Manager = "delta"  // DeltaManager
	Backup Manager = "backup" // BackupManager, or another replicated map
)

// Event is one thing that happened to sessions.
type Event struct {
	Kind    Kind
	Time    time.Time // when it was seen
	Manager Manager
	// Context is the name of the manager, as localhost#/app; All tells that the
	// message is about every context.
	Context   string
	All       bool
	SessionID string
	NewID     string // of Renamed
	// Node sent the message, To got it: addresses of receivers. To is empty where
	// the message came to us.
	Node, To string
	Was      string   // of Moved: the node before
	Nodes    []string // of replicated maps: who holds a backup
	Options  tribes.Options
	Bytes    int // of the message
	// Latency is from the sender's timestamp to our sight of the message, by two
	// clocks; of answers the time since the question, of acks since the message,
	// by one. Timed tells whether it is known.
	Latency time.Duration
	Timed   bool
	// Attributes are what a change set and removed, or all of a session that came
	// as a whole.
	Attributes []Attribute
	Sessions   int // of StateSent
	// Late: the message overtook the one that created its session, or was
	// overtaken by a change. Unknown: the session was not known before, as it is
	// with those that are older than the view.
	Late, Unknown bool
	Err           error // of Unreadable
}

// Attribute is an attribute as a message carries it.
type Attribute struct {
	// Type is what was changed; Action is "set", "remove", or empty in a whole
	// session.
	Type   session.ActionType
	Action string
	Name   string
	Class  string
	Bytes  int // of the value as a Java stream of its own
	// Value is valid as long as the message is.
	Value javaser.Value
}

// size is how long v is as a Java stream; 0 where it cannot stand alone.
func size(v javaser.Value) int {
	if v == nil {
		return 0
	}
	b, err := javaser.Append(nil, v)
	if err != nil {
		return 0
	}
	return len(b)
}

func setAttribute(name string, v javaser.Value) Attribute {
	return Attribute{Name: name, Class: javaser.ClassName(v), Bytes: size(v), Value: v}
}

func actions(d *session.Delta) []Attribute {
	out := make([]Attribute, 0, len(d.Actions))
	for i := range d.Actions {
		a := &d.Actions[i]
		v := setAttribute(a.Name, a.Value)
		v.Type, v.Action = a.Type, "set"
		if a.Remove {
			v.Action = "remove"
		}
		out = append(out, v)
	}
	return out
}

func attributes(s *session.Session) []Attribute {
	out := make([]Attribute, 0, len(s.Attributes))
	for i := range s.Attributes {
		out = append(out, setAttribute(s.Attributes[i].Name, s.Attributes[i].Value))
	}
	return out
}
