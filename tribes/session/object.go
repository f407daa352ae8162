package session

import (
	"encoding/binary"
	"fmt"

	"muster/tribes/javaser"
)

// assemble makes an object of class whose fields are what value says: a bool,
// int32 or int64 for a primitive (nil is zero), a javaser.Value for the rest.
func assemble(class *javaser.Class, value func(c *javaser.Class, field string) any) (*javaser.Object, error) {
	o := &javaser.Object{Class: class}
	var hierarchy []*javaser.Class
	for c := class; c != nil; c = c.Super {
		hierarchy = append(hierarchy, c)
	}
	for i := len(hierarchy) - 1; i >= 0; i-- {
		c := hierarchy[i]
		if c.Flags&(javaser.WriteMethod|javaser.Externalizable) != 0 {
			return nil, fmt.Errorf("class %s writes itself", c.Text())
		}
		if len(c.Fields) == 0 {
			continue
		}
		p := javaser.Part{Class: c}
		for _, f := range c.Fields {
			if err := setField(&p, f, value(c, f.Name)); err != nil {
				return nil, err
			}
		}
		o.Parts = append(o.Parts, p)
	}
	return o, nil
}

func setField(p *javaser.Part, f javaser.Field, v any) error {
	be := binary.BigEndian
	switch f.Type {
	case 'Z':
		b, ok := v.(bool)
		if v != nil && !ok {
			return mismatch(p, f, v)
		}
		p.Prims = append(p.Prims, 0)
		if b {
			p.Prims[len(p.Prims)-1] = 1
		}
	case 'I':
		n, ok := v.(int32)
		if v != nil && !ok {
			return mismatch(p, f, v)
		}
		p.Prims = be.AppendUint32(p.Prims, uint32(n))
	case 'J':
		n, ok := v.(int64)
		if v != nil && !ok {
			return mismatch(p, f, v)
		}
		p.Prims = be.AppendUint64(p.Prims, uint64(n))
	case 'L', '[':
		ref, ok := v.(javaser.Value)
		if v != nil && !ok {
			return mismatch(p, f, v)
		}
		p.Refs = append(p.Refs, ref)
	default:
		if v != nil {
			return mismatch(p, f, v)
		}
		size := map[byte]int{'B': 1, 'C': 2, 'S': 2, 'F': 4, 'D': 8}[f.Type]
		p.Prims = append(p.Prims, make([]byte, size)...)
	}
	return nil
}

func mismatch(p *javaser.Part, f javaser.Field, v any) error {
	return fmt.Errorf("field %s of class %s is of type %c, the value a %T", f.Name, p.Class.Text(), f.Type, v)
}

// reader reads the fields of one class of an object, and remembers the first
// that is not there or of another type.
type reader struct {
	part *javaser.Part
	err  error
}

func read(o *javaser.Object, class string) *reader {
	p, ok := o.Part(class)
	if !ok {
		return &reader{err: fmt.Errorf("an object of class %s without data of %s", o.Class.Text(), class)}
	}
	return &reader{part: p}
}

func (r *reader) fail(field, want string) {
	if r.err == nil {
		r.err = fmt.Errorf("class %s has no field %s that is %s", r.part.Class.Text(), field, want)
	}
}

func (r *reader) int32(field string) int32 {
	if r.err != nil {
		return 0
	}
	v, ok := r.part.Int32(field)
	if !ok {
		r.fail(field, "an int")
	}
	return v
}

func (r *reader) int64(field string) int64 {
	if r.err != nil {
		return 0
	}
	v, ok := r.part.Int64(field)
	if !ok {
		r.fail(field, "a long")
	}
	return v
}

func (r *reader) bool(field string) bool {
	if r.err != nil {
		return false
	}
	v, ok := r.part.Bool(field)
	if !ok {
		r.fail(field, "a boolean")
	}
	return v
}

func (r *reader) ref(field string) javaser.Value {
	if r.err != nil {
		return nil
	}
	v, ok := r.part.Ref(field)
	if !ok {
		r.fail(field, "a reference")
	}
	return v
}

// text reads a String; null is reported beside the empty text.
func (r *reader) text(field string) (s string, null bool) {
	v := r.ref(field)
	if v == nil {
		return "", true
	}
	j, ok := v.(*javaser.String)
	if !ok {
		r.fail(field, "a String")
		return "", true
	}
	return j.Text(), false
}

// bytes reads a byte[]; null is nil.
func (r *reader) bytes(field string) []byte {
	v := r.ref(field)
	if v == nil {
		return nil
	}
	a, ok := v.(*javaser.Array)
	if !ok || a.Class.Elem() != 'B' {
		r.fail(field, "a byte[]")
		return nil
	}
	if a.Prims == nil {
		return []byte{}
	}
	return a.Prims
}

// textValue and bytesValue are the other way.
func textValue(s string, null bool) any {
	if null {
		return nil
	}
	return javaser.NewString(s)
}

func bytesValue(b []byte) any {
	if b == nil {
		return nil
	}
	return javaser.Bytes(b)
}
