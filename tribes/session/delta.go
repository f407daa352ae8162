package session

import (
	"fmt"

	"muster/tribes/javaser"
)

// Delta is what a request changed in a session (H/session/DeltaRequest): the
// data of a SessionDelta.
type Delta struct {
	SessionID string
	// RecordAll keeps every action; otherwise a later action of a name replaces
	// the earlier one.
	RecordAll bool
	Actions   []Action
}

// Action is one change.
type Action struct {
	Type   ActionType
	Remove bool
	Name   string        // of the attribute or note; a fixed word for the other types
	Value  javaser.Value // nil where there is none
}

// ActionType is what an action changes.
type ActionType int32

const (
	Attribute           ActionType = 0
	Principal           ActionType = 1
	IsNew               ActionType = 2
	MaxInactiveInterval ActionType = 3 // an Integer, in seconds
	AuthType            ActionType = 4 // since 7.0.9
	Listener            ActionType = 5 // since 7.0.62
	Note                ActionType = 6 // since 8.5.83, 9.0.66, 10.1
)

var actionTypes = [...]struct{ text, name string }{
	Attribute:           {"attribute", ""},
	Principal:           {"principal", "__SET__PRINCIPAL__"},
	IsNew:               {"is_new", "__SET__ISNEW__"},
	MaxInactiveInterval: {"max_inactive_interval", "__SET__MAXINTERVAL__"},
	AuthType:            {"auth_type", "__SET__AUTHTYPE__"},
	Listener:            {"listener", "__SET__LISTENER__"},
	Note:                {"note", ""},
}

func (t ActionType) String() string {
	if t >= 0 && int(t) < len(actionTypes) {
		return actionTypes[t].text
	}
	return fmt.Sprintf("type %d", int32(t))
}

// FixedName is the name that an action of this type has; empty for attributes
// and notes, which have their own.
func (t ActionType) FixedName() string {
	if t >= 0 && int(t) < len(actionTypes) {
		return actionTypes[t].name
	}
	return ""
}

const (
	actionSet    = 0
	actionRemove = 1
)

// minAction is the fewest bytes that an action takes: type, action, an empty
// name, no value.
const minAction = 4 + 4 + 2 + 1

// ParseDelta reads the data of a SessionDelta: what DeltaRequest.writeExternal
// writes, without an object around it. Values share memory with b.
func ParseDelta(b []byte) (*Delta, error) {
	contents, err := javaser.Parse(b, javaser.Limits{})
	if err != nil {
		return nil, fmt.Errorf("delta request: %w", err)
	}
	d := javaser.NewData(contents)
	delta := &Delta{SessionID: d.UTF(), RecordAll: d.Bool()}
	n := int(d.Int32())
	if n < 0 || n > len(b)/minAction {
		d.Fail("%d actions in %d bytes", n, len(b))
	}
	for i := 0; i < n && d.Err() == nil; i++ {
		a := Action{Type: ActionType(d.Int32())}
		switch action := d.Int32(); action {
		case actionSet:
		case actionRemove:
			a.Remove = true
		default:
			d.Fail("action %d of a delta request is neither set nor remove", action)
		}
		a.Name = d.UTF()
		if d.Bool() {
			if a.Value = d.Object(); a.Value == nil {
				d.Fail("a value that is null where one was announced")
			}
		}
		delta.Actions = append(delta.Actions, a)
	}
	if err := end("delta request", d); err != nil {
		return nil, err
	}
	return delta, nil
}

// Append writes the data of a SessionDelta.
func (x *Delta) Append(b []byte) ([]byte, error) {
	var d javaser.Builder
	d.UTF(x.SessionID)
	d.Bool(x.RecordAll)
	d.Int32(int32(len(x.Actions)))
	for i := range x.Actions {
		a := &x.Actions[i]
		d.Int32(int32(a.Type))
		if a.Remove {
			d.Int32(actionRemove)
		} else {
			d.Int32(actionSet)
		}
		d.UTF(a.Name)
		d.Bool(a.Value != nil)
		if a.Value != nil {
			d.Object(a.Value)
		}
	}
	return appendData(b, &d)
}
