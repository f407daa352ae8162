package javaser

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strconv"
)

// ViewOptions bound what View shows. The zero value means the defaults.
type ViewOptions struct {
	// Values is how many values a view may have, 1 Mi by default; 64 bytes of text
	// count as one. A stream may refer to one list a thousand times from each of a
	// thousand others: the view, which has no references, must end.
	Values int
	// Depth is how deep a view may be nested, 100 by default.
	Depth int
	// Bytes is how much of a byte array is shown, 64 KiB by default.
	Bytes int
}

func (o ViewOptions) withDefaults() ViewOptions {
	if o.Values <= 0 {
		o.Values = 1 << 20
	}
	if o.Depth <= 0 {
		o.Depth = 100
	}
	if o.Bytes <= 0 {
		o.Bytes = 64 << 10
	}
	return o
}

// Fields is a JSON object that keeps its order.
type Fields []FieldView

// FieldView is one name of it.
type FieldView struct {
	Name  string
	Value any
}

// MarshalJSON writes the object.
func (f Fields) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for i, e := range f {
		b.WriteByte("{,"[min(i, 1)])
		if err := enc.Encode(e.Name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := enc.Encode(e.Value); err != nil {
			return nil, err
		}
	}
	if len(f) == 0 {
		b.WriteByte('{')
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// View turns v into what encoding/json can write and a person can read: nil,
// bool, integers, floats, strings, []any and Fields.
//
//   - Text, numbers, booleans, collections and maps are what they are in JSON; a
//     map whose keys are not all texts is {"entries":[[key,value],...]}.
//   - Dates and times are ISO 8601, big numbers, UUIDs, URIs and enum constants
//     text, NaN and infinities too.
//   - Bytes are {"bytes":N,"hex":"..."}.
//   - Any other object is {"class":...,"fields":{...},"data":[...]}, data being
//     what its own method wrote.
//   - {"cycle":CLASS} stands for an object inside itself, {"cut":WHY} for what the
//     options leave out.
func View(v Value, o ViewOptions) any {
	w := viewer{o: o.withDefaults()}
	w.left = w.o.Values
	return w.view(v)
}

type viewer struct {
	o    ViewOptions
	left int     // values that may still be shown
	path []Value // objects that the one at hand is inside of
}

func cut(why string) any { return Fields{{"cut", why}} }

// spend takes n from what may be shown, and reports whether it was there.
func (w *viewer) spend(n int) bool {
	w.left -= n
	return w.left >= 0
}

func (w *viewer) view(v Value) any {
	if !w.spend(1) {
		return cut("too many values")
	}
	switch v := v.(type) {
	case nil:
		return nil
	case *String:
		return w.text(v)
	case Block:
		return w.bytes(v.Bytes)
	case *Enum:
		return w.text(v.Name)
	case *ClassObject:
		return v.Class.JavaName()
	case *Class:
		return Fields{{"descriptor", v.JavaName()}, {"serial_version_uid", suidText(v.SUID)}}
	case Reset:
		return Fields{{"reset", true}}
	}
	if len(w.path) >= w.o.Depth {
		return cut("nested too deep")
	}
	for _, outer := range w.path {
		if outer == v {
			return Fields{{"cycle", ClassName(v)}}
		}
	}
	w.path = append(w.path, v)
	defer func() { w.path = w.path[:len(w.path)-1] }()
	switch v := v.(type) {
	case *Array:
		return w.array(v)
	case *Object:
		return w.object(v)
	case *Exception:
		return Fields{{"exception", w.view(v.Thrown)}}
	}
	return nil
}

func (w *viewer) text(s *String) any {
	if !w.spend(len(s.utf) / 64) {
		return cut("a text of " + strconv.Itoa(len(s.utf)) + " bytes")
	}
	return s.Text()
}

func (w *viewer) bytes(p []byte) any {
	f := Fields{{"bytes", len(p)}}
	shown := min(len(p), w.o.Bytes)
	if !w.spend(shown / 32) {
		return cut("an array of " + strconv.Itoa(len(p)) + " bytes")
	}
	f = append(f, FieldView{"hex", hex.EncodeToString(p[:shown])})
	if shown < len(p) {
		f = append(f, FieldView{"cut", "after " + strconv.Itoa(shown) + " bytes"})
	}
	return f
}

func (w *viewer) array(a *Array) any {
	elem := a.Class.Elem()
	size := primSize(elem)
	switch {
	case elem == 'B':
		return w.bytes(a.Prims)
	case elem == 'C':
		if !w.spend(len(a.Prims) / 64) {
			return cut("a text of " + strconv.Itoa(a.Len) + " characters")
		}
		return charsText(a.Prims)
	case size == 0:
		return w.list(a.Refs)
	case !w.spend(a.Len):
		return cut("an array of " + strconv.Itoa(a.Len) + " elements")
	}
	all := make([]any, a.Len)
	for i := range all {
		all[i] = number(prim(elem, a.Prims[i*size:]))
	}
	return all
}

// list views elements; where they are too many it says how many it leaves out.
func (w *viewer) list(vs []Value) any {
	all := make([]any, 0, min(len(vs), max(w.left, 0)))
	for i, v := range vs {
		if w.left <= 0 {
			return append(all, cut(strconv.Itoa(len(vs)-i)+" more"))
		}
		all = append(all, w.view(v))
	}
	return all
}

// object finds the nearest class of the hierarchy that has a view of its own.
func (w *viewer) object(o *Object) any {
	for c := o.Class; c != nil; c = c.Super {
		readable := views[c.Name]
		if readable == nil {
			continue
		}
		v, ok := readable(w, o)
		switch {
		case !ok:
			return w.plain(o)
		case c == o.Class:
			return v
		}
		f := Fields{{"class", o.Class.JavaName()}, {"value", v}}
		if own := w.fields(o, c); len(own) > 0 {
			f = append(f, FieldView{"fields", own})
		}
		return f
	}
	return w.plain(o)
}

// plain views an object of no known class.
func (w *viewer) plain(o *Object) any {
	f := Fields{{"class", o.Class.JavaName()}}
	if fields := w.fields(o, nil); len(fields) > 0 {
		f = append(f, FieldView{"fields", fields})
	}
	for i := range o.Parts {
		if data := o.Parts[i].Annotations; len(data) > 0 {
			name := "data"
			if o.Parts[i].Class != o.Class {
				name += " of " + o.Parts[i].Class.JavaName()
			}
			f = append(f, FieldView{name, w.list(data)})
		}
	}
	return f
}

// fields views the fields of o's classes below top, superclass first.
func (w *viewer) fields(o *Object, top *Class) Fields {
	var f Fields
	seen := map[string]bool{}
	for i := range o.Parts {
		p := &o.Parts[i]
		if top != nil && top.isOrIsBelow(p.Class) || p.Class.Flags&Externalizable != 0 {
			continue // or it wrote itself: its fields are not in the stream
		}
		at, ref := 0, 0
		for _, field := range p.Class.Fields {
			name := fromModified(field.Name)
			if seen[name] {
				name = p.Class.JavaName() + "." + name
			}
			seen[name] = true
			if n := primSize(field.Type); n > 0 {
				f = append(f, FieldView{name, number(prim(field.Type, p.Prims[at:]))})
				at += n
				continue
			}
			f = append(f, FieldView{name, w.view(p.Refs[ref])})
			ref++
		}
	}
	return f
}

// isOrIsBelow reports whether other is c or one of its superclasses.
func (c *Class) isOrIsBelow(other *Class) bool {
	for ; c != nil; c = c.Super {
		if c == other {
			return true
		}
	}
	return false
}
