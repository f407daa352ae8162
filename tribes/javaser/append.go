package javaser

import (
	"encoding/binary"
	"fmt"
)

// Append writes a stream that holds contents. A value that occurs again is
// written as a reference, as Java does.
func Append(b []byte, contents ...Value) ([]byte, error) {
	return appendStream(b, contents, nil)
}

// AppendMerged is Append for values that were read from several streams or made
// here: descriptors that say the same become one, as one Java writer would have
// written them.
func AppendMerged(b []byte, contents ...Value) ([]byte, error) {
	return appendStream(b, contents, newMerger())
}

func appendStream(b []byte, contents []Value, m *merger) ([]byte, error) {
	w := &writer{b: append(b, streamHeader...), handles: map[Value]uint32{}, merger: m}
	for _, v := range contents {
		if err := w.content(v); err != nil {
			return b, err
		}
	}
	return w.b, nil
}

type writer struct {
	b       []byte
	handles map[Value]uint32
	merger  *merger // nil: every descriptor is written as it is
}

func (w *writer) content(v Value) error {
	switch v := v.(type) {
	case Block:
		if v.Long {
			w.b = binary.BigEndian.AppendUint32(append(w.b, tcBlockDataLong), uint32(len(v.Bytes)))
		} else if len(v.Bytes) > 0xff {
			return fmt.Errorf("a short block of %d bytes", len(v.Bytes))
		} else {
			w.b = append(w.b, tcBlockData, byte(len(v.Bytes)))
		}
		w.b = append(w.b, v.Bytes...)
		return nil
	case Reset:
		w.b = append(w.b, tcReset)
		clear(w.handles)
		return nil
	case *Exception:
		w.b = append(w.b, tcException)
		clear(w.handles)
		err := w.object(v.Thrown)
		clear(w.handles)
		return err
	}
	return w.object(v)
}

func (w *writer) object(v Value) error {
	switch v.(type) {
	case nil:
		w.b = append(w.b, tcNull)
		return nil
	case Block, Reset, *Exception:
		return fmt.Errorf("a %T where an object must be", v)
	}
	if c, ok := v.(*Class); ok {
		return w.optionalClass(c)
	}
	if w.reference(v) {
		return nil
	}
	switch v := v.(type) {
	case *String:
		return w.string(v)
	case *Object:
		return w.instance(v)
	case *Array:
		return w.array(v)
	case *Enum:
		w.b = append(w.b, tcEnum)
		if err := w.optionalClass(v.Class); err != nil {
			return err
		}
		w.hold(v)
		if v.Name == nil {
			return fmt.Errorf("a constant of enum %s has no name", v.Class.Name)
		}
		return w.object(v.Name)
	case *ClassObject:
		w.b = append(w.b, tcClass)
		if err := w.optionalClass(v.Class); err != nil {
			return err
		}
		w.hold(v)
		return nil
	}
	return fmt.Errorf("a value of unknown type %T", v)
}

func (w *writer) hold(v Value) { w.handles[v] = uint32(len(w.handles)) }

func (w *writer) reference(v Value) bool {
	h, ok := w.handles[v]
	if ok {
		w.b = binary.BigEndian.AppendUint32(append(w.b, tcReference), baseHandle+h)
	}
	return ok
}

func (w *writer) string(s *String) error {
	if s.Long {
		w.b = binary.BigEndian.AppendUint64(append(w.b, tcLongString), uint64(len(s.utf)))
		w.b = append(w.b, s.utf...)
	} else {
		w.b = append(w.b, tcString)
		if err := w.utf(s.utf); err != nil {
			return err
		}
	}
	w.hold(s)
	return nil
}

func (w *writer) utf(s string) error {
	if len(s) > maxUTF {
		return fmt.Errorf("a text of %d bytes has no short form", len(s))
	}
	w.b = binary.BigEndian.AppendUint16(w.b, uint16(len(s)))
	w.b = append(w.b, s...)
	return nil
}

func (w *writer) optionalClass(c *Class) error {
	if w.merger != nil && c != nil {
		c = w.merger.class(c)
	}
	switch {
	case c == nil:
		w.b = append(w.b, tcNull)
		return nil
	case w.reference(c):
		return nil
	}
	return w.class(c)
}

func (w *writer) class(c *Class) error {
	if c.Proxy {
		w.b = append(w.b, tcProxyDesc)
		w.hold(c)
		w.b = binary.BigEndian.AppendUint32(w.b, uint32(len(c.Interfaces)))
		for _, name := range c.Interfaces {
			if err := w.utf(name); err != nil {
				return err
			}
		}
	} else {
		w.b = append(w.b, tcClassDesc)
		if err := w.utf(c.Name); err != nil {
			return err
		}
		w.b = binary.BigEndian.AppendUint64(w.b, c.SUID)
		w.hold(c)
		w.b = append(w.b, c.Flags)
		w.b = binary.BigEndian.AppendUint16(w.b, uint16(len(c.Fields)))
		for _, f := range c.Fields {
			w.b = append(w.b, f.Type)
			if err := w.utf(f.Name); err != nil {
				return err
			}
			if primSize(f.Type) > 0 {
				continue
			}
			if f.Class == nil {
				return fmt.Errorf("field %s of class %s has no type", f.Name, c.Name)
			}
			t := f.Class
			if w.merger != nil {
				t = w.merger.typeString(t)
			}
			if err := w.object(t); err != nil {
				return err
			}
		}
	}
	if err := w.annotations(c.Annotations); err != nil {
		return err
	}
	return w.optionalClass(c.Super)
}

func (w *writer) annotations(all []Value) error {
	for _, v := range all {
		if err := w.content(v); err != nil {
			return err
		}
	}
	w.b = append(w.b, tcEndBlockData)
	return nil
}

func (w *writer) instance(o *Object) error {
	w.b = append(w.b, tcObject)
	if err := w.optionalClass(o.Class); err != nil {
		return err
	}
	w.hold(o)
	for i := range o.Parts {
		p := &o.Parts[i]
		if p.Class.Flags&Externalizable == 0 {
			w.b = append(w.b, p.Prims...)
			for _, v := range p.Refs {
				if err := w.object(v); err != nil {
					return err
				}
			}
		}
		if p.Class.Flags&(Externalizable|WriteMethod) != 0 {
			if err := w.annotations(p.Annotations); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *writer) array(a *Array) error {
	w.b = append(w.b, tcArray)
	if err := w.optionalClass(a.Class); err != nil {
		return err
	}
	w.hold(a)
	w.b = binary.BigEndian.AppendUint32(w.b, uint32(a.Len))
	w.b = append(w.b, a.Prims...)
	for _, v := range a.Refs {
		if err := w.object(v); err != nil {
			return err
		}
	}
	return nil
}
