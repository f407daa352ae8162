package javaser

import (
	"encoding/binary"
	"math"
	"strings"
)

// Text is the class's name; of a proxy, what it stands for.
func (c *Class) Text() string {
	if c.Proxy {
		return "proxy of " + strings.Join(c.Interfaces, ", ")
	}
	return fromModified(c.Name)
}

// Is reports whether c is the class of that name or below it.
func (c *Class) Is(name string) bool {
	for ; c != nil; c = c.Super {
		if c.Name == name {
			return true
		}
	}
	return false
}

// Part returns the data of the class of that name in o's hierarchy.
func (o *Object) Part(class string) (*Part, bool) {
	for i := range o.Parts {
		if o.Parts[i].Class.Name == class {
			return &o.Parts[i], true
		}
	}
	return nil, false
}

// Prim is a primitive field: bool, int8, uint16 (a char), int16, int32, int64,
// float32 or float64; nil where there is none of that name.
func (p *Part) Prim(name string) any {
	at := 0
	for _, f := range p.Class.Fields {
		n := primSize(f.Type)
		if f.Name == name && n > 0 && at+n <= len(p.Prims) {
			return prim(f.Type, p.Prims[at:])
		}
		at += n
	}
	return nil
}

// Int32, Int64 and Bool read a primitive field; ok is false where there is none
// of that name and type.
func (p *Part) Int32(name string) (v int32, ok bool) { v, ok = p.Prim(name).(int32); return v, ok }
func (p *Part) Int64(name string) (v int64, ok bool) { v, ok = p.Prim(name).(int64); return v, ok }
func (p *Part) Bool(name string) (v, ok bool)        { v, ok = p.Prim(name).(bool); return v, ok }

// Ref is a reference field; ok is false where there is none of that name.
func (p *Part) Ref(name string) (v Value, ok bool) {
	i := 0
	for _, f := range p.Class.Fields {
		if primSize(f.Type) > 0 {
			continue
		}
		if f.Name == name && i < len(p.Refs) {
			return p.Refs[i], true
		}
		i++
	}
	return nil, false
}

// prim reads one primitive of type t.
func prim(t byte, b []byte) any {
	be := binary.BigEndian
	switch t {
	case 'Z':
		return b[0] != 0
	case 'B':
		return int8(b[0])
	case 'C':
		return be.Uint16(b)
	case 'S':
		return int16(be.Uint16(b))
	case 'I':
		return int32(be.Uint32(b))
	case 'J':
		return int64(be.Uint64(b))
	case 'F':
		return math.Float32frombits(be.Uint32(b))
	case 'D':
		return math.Float64frombits(be.Uint64(b))
	}
	return nil
}
