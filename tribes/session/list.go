package session

import (
	"fmt"

	"muster/tribes/javaser"
)

// Session is a whole session, as state transfer and replicated maps carry it
// (H/session/DeltaSession.writeObject). Times are Unix ms.
type Session struct {
	ID               string
	CreationTime     int64
	LastAccessedTime int64
	ThisAccessedTime int64
	MaxInactive      int32 // s
	IsNew, IsValid   bool
	Version          int64
	Principal        javaser.Value // nil where there is none
	Principal70      *Principal70  // instead of it in 7.0
	// HasNotes tells whether the two values that follow the id are there: always in
	// 10.1 and later, by configuration in 8.5.83 and 9.0.66 and later.
	HasNotes      bool
	SessionIDNote javaser.Value
	FormRequest   javaser.Value
	Attributes    []SessionAttribute
	Listeners     []javaser.Value

	id *javaser.String // of the stream that it was read from
}

// SessionAttribute is a name and its value.
type SessionAttribute struct {
	Name  string
	Value javaser.Value

	name *javaser.String
}

// Principal70 is the form of a principal in Tomcat 7.0, field by field
// (H/session/SerializablePrincipal.writePrincipal).
type Principal70 struct {
	Name          string
	Password      *string
	Roles         []string
	UserPrincipal javaser.Value
}

// ParseList reads the data of an AllSessionData, which may be as large as the
// state of a context: within l. Values share memory with b.
func ParseList(b []byte, l javaser.Limits) ([]Session, error) {
	contents, err := javaser.Parse(b, l)
	if err != nil {
		return nil, fmt.Errorf("session list: %w", err)
	}
	d := javaser.NewData(contents)
	n := integer(d, "the number of sessions")
	var all []Session
	for i := int32(0); i < n && d.Err() == nil; i++ {
		s := readSession(d)
		all = append(all, s)
	}
	if err := end("session list", d); err != nil {
		return nil, err
	}
	return all, nil
}

const deltaSessionClass = "org.apache.catalina.ha.session.DeltaSession"

// ReadSession reads a DeltaSession that is an object: the value of a replicated
// map.
func ReadSession(o *javaser.Object) (Session, error) {
	if !o.Class.Is(deltaSessionClass) || len(o.Parts) != 1 {
		return Session{}, fmt.Errorf("an object of class %s is no session", o.Class.Text())
	}
	d := javaser.NewData(o.Parts[0].Annotations)
	s := readSession(d)
	return s, end("session", d)
}

func readSession(d *javaser.Data) Session {
	s := Session{
		CreationTime:     long(d, "the creation time"),
		LastAccessedTime: long(d, "the last accessed time"),
		MaxInactive:      integer(d, "the inactive interval"),
		IsNew:            boolean(d, "isNew"),
		IsValid:          boolean(d, "isValid"),
		ThisAccessedTime: long(d, "this accessed time"),
		Version:          long(d, "the version"),
	}
	if d.Bool() {
		if _, object := d.Peek(); object {
			s.Principal = d.Object()
		} else {
			s.Principal70 = readPrincipal70(d)
		}
	}
	s.ID, s.id = text(d, "the session id")
	if _, count := peekInteger(d); !count {
		s.HasNotes = true
		s.SessionIDNote, s.FormRequest = d.Object(), d.Object()
	}
	for n := integer(d, "the number of attributes"); n > 0 && d.Err() == nil; n-- {
		var a SessionAttribute
		a.Name, a.name = text(d, "the name of an attribute")
		a.Value = d.Object()
		s.Attributes = append(s.Attributes, a)
	}
	for n := integer(d, "the number of listeners"); n > 0 && d.Err() == nil; n-- {
		s.Listeners = append(s.Listeners, d.Object())
	}
	return s
}

func readPrincipal70(d *javaser.Data) *Principal70 {
	p := &Principal70{Name: d.UTF()}
	if d.Bool() {
		password := d.UTF()
		p.Password = &password
	}
	for n := d.Int32(); n > 0 && d.Err() == nil; n-- {
		p.Roles = append(p.Roles, d.UTF())
	}
	if d.Bool() {
		p.UserPrincipal = d.Object()
	}
	return p
}

func peekInteger(d *javaser.Data) (int32, bool) {
	v, ok := d.Peek()
	if !ok {
		return 0, false
	}
	n, ok := javaser.Unbox(v)
	i, isInt := n.(int32)
	return i, ok && isInt
}

// unboxed reads a boxed value of type T.
func unboxed[T any](d *javaser.Data, what string) T {
	v := d.Object()
	n, _ := javaser.Unbox(v)
	t, ok := n.(T)
	if !ok {
		d.Fail("%s is no %T", what, t)
	}
	return t
}

func integer(d *javaser.Data, what string) int32 { return unboxed[int32](d, what) }
func long(d *javaser.Data, what string) int64    { return unboxed[int64](d, what) }
func boolean(d *javaser.Data, what string) bool  { return unboxed[bool](d, what) }

func text(d *javaser.Data, what string) (string, *javaser.String) {
	s, ok := d.Object().(*javaser.String)
	if !ok {
		d.Fail("%s is no String", what)
		return "", nil
	}
	return s.Text(), s
}
