package session

import (
	"fmt"

	"muster/tribes"
	"muster/tribes/javaser"
	"muster/tribes/release"
)

// Generation is the form of a class that a line of Tomcat versions has.
type Generation uint8

const (
	// Gen85 is 8.0 and all since: serialVersionUID 2.
	Gen85 Generation = iota
	// Gen70 is 7.0: serialVersionUID 1, and a uniqueId in the base class.
	Gen70
	// Gen60 is 6.0: the fields of 7.0 and computed numbers.
	Gen60
)

// GenerationOf is the form of the session messages of a release.
func GenerationOf(r release.Release) Generation {
	switch r.Line {
	case "6.0":
		return Gen60
	case "7.0":
		return Gen70
	}
	return Gen85
}

// Message is a session message (H/session/SessionMessageImpl).
type Message struct {
	Event Event
	// Context is the name of the manager: localhost#/app where the cluster belongs
	// to the Engine, /app where it belongs to the Host.
	Context   string
	SessionID string
	UniqueID  string // a label
	// Timestamp is in Unix ms. It can be set once; NoContextManager leaves it.
	Timestamp    int64
	TimestampSet bool
	// Data depends on the event: a Delta, a List, an id; nil for most.
	Data []byte
	// Source is the sender, which the messages of Tomcat 5.5 name; nil in others.
	Source *tribes.Member

	class      *javaser.Class
	nulls      [3]bool // Context, SessionID, UniqueID are null
	base       int64   // the base class's timestamp, which stays 0
	baseUnique javaser.Value
}

const (
	messageClass = "org.apache.catalina.ha.session.SessionMessageImpl"
	baseClass    = "org.apache.catalina.ha.ClusterMessageBase"
)

// NewMessage returns a message of the given generation without content.
func NewMessage(g Generation) *Message {
	return &Message{class: messageClasses[g]}
}

var messageClasses = [...]*javaser.Class{
	Gen85: sessionMessage("11.0", []javaser.Field{{Type: 'J', Name: "timestamp"}}),
	Gen70: sessionMessage("7.0", []javaser.Field{{Type: 'J', Name: "timestamp"}, {Type: 'L', Name: "uniqueId", Class: javaser.TypeString}}),
	Gen60: sessionMessage("6.0", []javaser.Field{{Type: 'J', Name: "timestamp"}, {Type: 'L', Name: "uniqueId", Class: javaser.TypeString}}),
}

func sessionMessage(line string, base []javaser.Field) *javaser.Class {
	uids, _ := release.Release{Line: line, Patch: -1}.SerialUIDs()
	return &javaser.Class{
		Name: messageClass, SUID: uint64(uids.Message), Flags: javaser.Serializable,
		Fields: []javaser.Field{
			{Type: 'I', Name: "mEvtType"},
			{Type: 'J', Name: "serializationTimestamp"},
			{Type: 'Z', Name: "timestampSet"},
			{Type: 'L', Name: "mContextName", Class: javaser.TypeString},
			{Type: '[', Name: "mSession", Class: javaser.TypeBytes},
			{Type: 'L', Name: "mSessionID", Class: javaser.TypeString},
			{Type: 'L', Name: "uniqueId", Class: javaser.TypeString},
		},
		Super: &javaser.Class{Name: baseClass, SUID: uint64(uids.Base), Flags: javaser.Serializable, Fields: base},
	}
}

// SUID is the serialVersionUID of the class that m is of.
func (m *Message) SUID() uint64 { return m.class.SUID }

// AllContexts reports whether m's context name is null: every manager takes it.
func (m *Message) AllContexts() bool { return m.nulls[0] }

// String is what Tomcat's log says of m: event#context#session.
func (m *Message) String() string {
	return fmt.Sprintf("%s#%s#%s", m.Event, m.Context, m.SessionID)
}

func readMessage(o *javaser.Object) (*Message, error) {
	m, err := readFields(o, messageClass)
	if base, ok := o.Part(baseClass); ok {
		m.base, _ = base.Int64("timestamp")
		m.baseUnique, _ = base.Ref("uniqueId")
	}
	return m, err
}

// readFields reads what the class of each generation has.
func readFields(o *javaser.Object, class string) (*Message, error) {
	r := read(o, class)
	m := &Message{
		Event:        Event(r.int32("mEvtType")),
		Timestamp:    r.int64("serializationTimestamp"),
		TimestampSet: r.bool("timestampSet"),
		Data:         r.bytes("mSession"),
		class:        o.Class,
	}
	m.Context, m.nulls[0] = r.text("mContextName")
	m.SessionID, m.nulls[1] = r.text("mSessionID")
	m.UniqueID, m.nulls[2] = r.text("uniqueId")
	return m, r.err
}

// Append writes m as a whole stream: the message of a frame.
func (m *Message) Append(b []byte) ([]byte, error) {
	o, err := assemble(m.class, func(c *javaser.Class, field string) any {
		switch c.Name + " " + field {
		case messageClass + " mEvtType":
			return int32(m.Event)
		case messageClass + " serializationTimestamp":
			return m.Timestamp
		case messageClass + " timestampSet":
			return m.TimestampSet
		case messageClass + " mContextName":
			return textValue(m.Context, m.nulls[0])
		case messageClass + " mSession":
			return bytesValue(m.Data)
		case messageClass + " mSessionID":
			return textValue(m.SessionID, m.nulls[1])
		case messageClass + " uniqueId":
			return textValue(m.UniqueID, m.nulls[2])
		case baseClass + " timestamp":
			return m.base
		case baseClass + " uniqueId":
			return m.baseUnique
		}
		return nil
	})
	if err != nil {
		return b, fmt.Errorf("session message: %w", err)
	}
	return javaser.AppendMerged(b, o)
}
