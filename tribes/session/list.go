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
	NoListeners   bool // not even their number is there: Tomcat 6.0
	// Standard: it came without version, principal and listeners, as 6.0.13 to 6.0.16
	// write the sessions of a state: there DeltaManager calls StandardSession's method.
	Standard bool

	// Of the stream that it was read from: what Java had as one object stays one.
	id    *javaser.String
	boxes *boxed
}

// boxed are the boxed values of a session.
type boxed [boxCount]javaser.Value

const (
	boxCreated = iota
	boxLast
	boxMaxInactive
	boxIsNew
	boxIsValid
	boxThis
	boxVersion
	boxAttributes
	boxListeners
	boxSessions // of the list
	boxCount
)

// SessionAttribute is a name and its value.
type SessionAttribute struct {
	Name  string
	Value javaser.Value

	name   *javaser.String
	weight int // bytes that it holds in a Store
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
	n, count := integer(d, "the number of sessions")
	var all []Session
	for i := int32(0); i < n && d.Err() == nil; i++ {
		s := readSession(d)
		s.boxes[boxSessions] = count
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
	s := Session{boxes: new(boxed)}
	s.CreationTime, s.boxes[boxCreated] = long(d, "the creation time")
	s.LastAccessedTime, s.boxes[boxLast] = long(d, "the last accessed time")
	s.MaxInactive, s.boxes[boxMaxInactive] = integer(d, "the inactive interval")
	s.IsNew, s.boxes[boxIsNew] = boolean(d, "isNew")
	s.IsValid, s.boxes[boxIsValid] = boolean(d, "isValid")
	s.ThisAccessedTime, s.boxes[boxThis] = long(d, "this accessed time")
	if s.Standard = peekText(d); !s.Standard {
		s.readOwner(d)
	}
	s.ID, s.id = text(d, "the session id")
	if _, count := peekInteger(d); !count {
		s.HasNotes = true
		s.SessionIDNote, s.FormRequest = d.Object(), d.Object()
	}
	var n int32
	n, s.boxes[boxAttributes] = integer(d, "the number of attributes")
	for ; n > 0 && d.Err() == nil; n-- {
		var a SessionAttribute
		a.Name, a.name = text(d, "the name of an attribute")
		a.Value = d.Object()
		s.Attributes = append(s.Attributes, a)
	}
	if _, count := peekInteger(d); !count {
		s.NoListeners = true
		return s
	}
	n, s.boxes[boxListeners] = integer(d, "the number of listeners")
	for ; n > 0 && d.Err() == nil; n-- {
		s.Listeners = append(s.Listeners, d.Object())
	}
	return s
}

// readOwner reads what DeltaSession has beside StandardSession.
func (s *Session) readOwner(d *javaser.Data) {
	s.Version, s.boxes[boxVersion] = long(d, "the version")
	if !d.Bool() {
		return
	}
	if _, object := d.Peek(); object {
		s.Principal = d.Object()
	} else {
		s.Principal70 = readPrincipal70(d)
	}
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

func peekText(d *javaser.Data) bool {
	v, _ := d.Peek()
	_, ok := v.(*javaser.String)
	return ok
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
func unboxed[T any](d *javaser.Data, what string) (T, javaser.Value) {
	v := d.Object()
	n, _ := javaser.Unbox(v)
	t, ok := n.(T)
	if !ok {
		d.Fail("%s is no %T", what, t)
	}
	return t, v
}

func integer(d *javaser.Data, what string) (int32, javaser.Value) { return unboxed[int32](d, what) }
func long(d *javaser.Data, what string) (int64, javaser.Value)    { return unboxed[int64](d, what) }
func boolean(d *javaser.Data, what string) (bool, javaser.Value)  { return unboxed[bool](d, what) }

func text(d *javaser.Data, what string) (string, *javaser.String) {
	s, ok := d.Object().(*javaser.String)
	if !ok {
		d.Fail("%s is no String", what)
		return "", nil
	}
	return s.Text(), s
}
