package session

import (
	"errors"

	"muster/tribes/javaser"
)

// AppendList writes the data of an AllSessionData.
func AppendList(b []byte, all []Session) ([]byte, error) {
	var d javaser.Builder
	boxes := &javaser.Boxes{}
	for i := range all {
		all[i].adopt(boxes)
	}
	count := boxes.Integer(int32(len(all)))
	if len(all) > 0 {
		all[0].object(&d, boxSessions, count)
	} else {
		d.Object(count)
	}
	for i := range all {
		if err := all[i].write(&d, boxes, all[i].Standard); err != nil {
			return b, err
		}
	}
	return appendData(b, &d)
}

// DeltaSessionClass is the descriptor of H/session/DeltaSession, whose
// serialVersionUID is computed: 041d33b9b82ea975 in 8.5, 9.0.70 and 10.1.60,
// 2b73754c3e577621 at the end of 7.0. Better copy the class of a peer's session.
func DeltaSessionClass(suid uint64) *javaser.Class {
	return &javaser.Class{
		Name: deltaSessionClass, SUID: suid, Flags: javaser.Externalizable | javaser.BlockData,
		Super: &javaser.Class{
			Name: "org.apache.catalina.session.StandardSession", SUID: 1, Flags: javaser.Serializable,
			Fields: []javaser.Field{
				{Type: 'J', Name: "creationTime"}, {Type: 'Z', Name: "isNew"}, {Type: 'Z', Name: "isValid"},
				{Type: 'J', Name: "lastAccessedTime"}, {Type: 'I', Name: "maxInactiveInterval"},
				{Type: 'J', Name: "thisAccessedTime"},
				{Type: 'L', Name: "attributes", Class: javaser.NewString("Ljava/util/concurrent/ConcurrentMap;")},
				{Type: 'L', Name: "id", Class: javaser.TypeString},
			},
		},
	}
}

// Object is s as an object of the given class, a DeltaSession's.
func (s *Session) Object(class *javaser.Class) (*javaser.Object, error) {
	if class.Flags&javaser.Externalizable == 0 {
		return nil, errors.New("a session object is of a class that writes itself")
	}
	var d javaser.Builder
	boxes := &javaser.Boxes{}
	s.adopt(boxes)
	if err := s.write(&d, boxes, false); err != nil {
		return nil, err
	}
	data, err := d.Contents()
	if err != nil {
		return nil, err
	}
	return &javaser.Object{Class: class, Parts: []javaser.Part{{Class: class, Annotations: data}}}, nil
}

// adopt makes equal small numbers one object, as Java's valueOf does: those of
// the stream that s was read from, or, for a session that was made here, those
// among its attributes.
func (s *Session) adopt(boxes *javaser.Boxes) {
	if s.boxes != nil {
		for _, v := range s.boxes {
			boxes.Adopt(v)
		}
		return
	}
	for i := range s.Attributes {
		boxes.Adopt(s.Attributes[i].Value)
	}
}

// write writes s as DeltaSession does, or as its superclass: see Standard.
func (s *Session) write(d *javaser.Builder, boxes *javaser.Boxes, standard bool) error {
	object := func(box int, v *javaser.Object) { s.object(d, box, v) }
	object(boxCreated, boxes.Long(s.CreationTime))
	object(boxLast, boxes.Long(s.LastAccessedTime))
	object(boxMaxInactive, boxes.Integer(s.MaxInactive))
	object(boxIsNew, boxes.Boolean(s.IsNew))
	object(boxIsValid, boxes.Boolean(s.IsValid))
	object(boxThis, boxes.Long(s.ThisAccessedTime))
	if !standard {
		object(boxVersion, boxes.Long(s.Version))
		d.Bool(s.Principal != nil || s.Principal70 != nil)
		switch {
		case s.Principal != nil:
			d.Object(s.Principal)
		case s.Principal70 != nil:
			s.Principal70.write(d)
		}
	}
	d.Object(same(s.id, s.ID))
	if s.HasNotes {
		if _, count := javaser.Unbox(s.SessionIDNote); count {
			return errors.New("a saved session id that is a number would be read as the number of attributes")
		}
		d.Object(s.SessionIDNote)
		d.Object(s.FormRequest)
	}
	object(boxAttributes, boxes.Integer(int32(len(s.Attributes))))
	for i := range s.Attributes {
		d.Object(same(s.Attributes[i].name, s.Attributes[i].Name))
		d.Object(s.Attributes[i].Value)
	}
	if s.NoListeners {
		return nil
	}
	object(boxListeners, boxes.Integer(int32(len(s.Listeners))))
	for _, l := range s.Listeners {
		d.Object(l)
	}
	return nil
}

// object writes a boxed value: the one that was read, if it is still that.
func (s *Session) object(d *javaser.Builder, box int, v *javaser.Object) {
	if s.boxes != nil {
		was, ok := javaser.Unbox(s.boxes[box])
		now, _ := javaser.Unbox(v)
		if ok && was == now {
			d.Object(s.boxes[box])
			return
		}
	}
	d.Object(v)
}

func (p *Principal70) write(d *javaser.Builder) {
	d.UTF(p.Name)
	d.Bool(p.Password != nil)
	if p.Password != nil {
		d.UTF(*p.Password)
	}
	d.Int32(int32(len(p.Roles)))
	for _, role := range p.Roles {
		d.UTF(role)
	}
	d.Bool(p.UserPrincipal != nil)
	if p.UserPrincipal != nil {
		d.Object(p.UserPrincipal)
	}
}

// same is the String that s was read from, if it is still that text: Java wrote
// one object for what may occur again.
func same(was *javaser.String, s string) *javaser.String {
	if was != nil && was.Text() == s {
		return was
	}
	return javaser.NewString(s)
}
