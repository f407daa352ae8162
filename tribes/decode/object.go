package decode

import (
	"errors"

	"muster/tribes/javaser"
	"muster/tribes/session"
)

func (d *Decoder) object(out *Content) {
	v, n, err := javaser.ParseFirst(out.Message, d.Java)
	if err != nil {
		out.Kind, out.Err = JavaObject, err
		return
	}
	out.Trailing = out.Message[n:]
	out.Object, out.Err = d.read(v, 0)
	out.Kind = out.Object.Kind
}

// maxInner is how deep one of Tomcat's objects is looked for inside another.
const maxInner = 4

// read finds out what an object is. An object of Tomcat's that is not what its
// class promises is shown as plain data, beside the error.
func (d *Decoder) read(v javaser.Value, depth int) (Object, error) {
	o := Object{Java: v, Kind: JavaObject}
	known, err := session.Read(v)
	if err != nil || depth > maxInner {
		return o, err
	}
	switch k := known.(type) {
	case *session.Message:
		o.Kind = Session
		o.Session, err = d.session(k)
	case *session.RPC:
		o.Kind, o.RPC = RPC, k
		if k.Message != nil {
			inner, innerErr := d.read(k.Message, depth+1)
			o.Inner, err = &inner, innerErr
		}
	case *session.MapMessage:
		o.Kind = Map
		o.Map, err = d.mapMessage(k)
	case *session.StaticMember:
		o.Kind, o.Static = StaticMember, k
	case *session.File:
		o.Kind, o.File = File, k
	case *session.Undeploy:
		o.Kind, o.Gone = Undeploy, k
	case *session.Member:
		o.Member = k
	case session.ByteMessage:
		o.Bytes = k
	case session.Session:
		o.Sessions = []session.Session{k}
	}
	return o, err
}

func (d *Decoder) session(m *session.Message) (*SessionContent, error) {
	s := &SessionContent{Message: m}
	var err error
	switch {
	case m.Data == nil:
	case m.Event == session.SessionDelta:
		s.Delta, err = session.ParseDelta(m.Data)
	case m.Event == session.AllSessionData:
		s.Sessions, err = session.ParseList(m.Data, d.Java)
	case m.Event == session.ChangeSessionID:
		s.NewID, err = session.ParseID(m.Data)
	}
	if m.Source != nil {
		err = nil // 5.5 has forms of its own for what its messages carry
	}
	return s, err
}

func (d *Decoder) mapMessage(m *session.MapMessage) (*MapContent, error) {
	c := &MapContent{MapMessage: m}
	var errs []error
	stream := func(b []byte) javaser.Value {
		if len(b) == 0 {
			return nil
		}
		v, _, err := javaser.ParseFirst(b, d.Java)
		errs = append(errs, err)
		return v
	}
	c.KeyValue, c.ValueValue = stream(m.Key), stream(m.Value)
	if known, err := session.Read(c.ValueValue); err != nil {
		errs = append(errs, err)
	} else if s, ok := known.(session.Session); ok {
		c.Session = &s
	}
	if m.Diff && len(m.DiffValue) > 0 { // only a session has diffs: its DeltaRequest
		delta, err := session.ParseDelta(m.DiffValue)
		c.Delta = delta
		errs = append(errs, err)
	}
	return c, errors.Join(errs...)
}

// Stream tells what a Java stream is: a single object, or the data that a
// session message carries, which has none around it.
func (d *Decoder) Stream(contents []javaser.Value, b []byte) (Object, error) {
	if len(contents) == 1 {
		if _, block := contents[0].(javaser.Block); !block {
			return d.read(contents[0], 0)
		}
	}
	o := Object{Kind: JavaObject}
	if delta, err := session.ParseDelta(b); err == nil {
		o.Kind, o.Session = Session, &SessionContent{Delta: delta}
	} else if all, err := session.ParseList(b, d.Java); err == nil {
		o.Kind, o.Sessions = Session, all
	} else if id, err := session.ParseID(b); err == nil {
		o.Kind, o.Session = Session, &SessionContent{NewID: id}
	}
	return o, nil
}
