package javaser

import "encoding/binary"

// Type strings that many descriptors share. Java writes one String object for
// each, and references to it: so must we.
var (
	TypeString = NewString("Ljava/lang/String;")
	TypeBytes  = NewString("[B")
)

// The descriptors of the classes that Tomcat's own objects are made of.
var (
	numberClass  = &Class{Name: "java.lang.Number", SUID: 0x86ac951d0b94e08b, Flags: Serializable}
	integerClass = &Class{Name: "java.lang.Integer", SUID: 0x12e2a0a4f7818738, Flags: Serializable,
		Fields: []Field{{Type: 'I', Name: "value"}}, Super: numberClass}
	longClass = &Class{Name: "java.lang.Long", SUID: 0x3b8be490cc8f23df, Flags: Serializable,
		Fields: []Field{{Type: 'J', Name: "value"}}, Super: numberClass}
	booleanClass = &Class{Name: "java.lang.Boolean", SUID: 0xcd207280d59cfaee, Flags: Serializable,
		Fields: []Field{{Type: 'Z', Name: "value"}}}
	bytesClass = &Class{Name: "[B", SUID: 0xacf317f8060854e0, Flags: Serializable}
)

// Bytes is a byte[]; it shares p's memory.
func Bytes(p []byte) *Array { return &Array{Class: bytesClass, Len: len(p), Prims: p} }

// Boxes makes the boxed values of one stream. Equal small ones are one object,
// as those of Java's valueOf are (-128 to 127, and both Booleans), so that they
// become references where Java writes references. The zero value is ready.
type Boxes struct {
	ints  map[int32]*Object
	longs map[int64]*Object
	bools map[bool]*Object
}

func small(v int64) bool { return v >= -128 && v <= 127 }

func box(c *Class, prims []byte) *Object {
	return &Object{Class: c, Parts: []Part{{Class: c, Prims: prims}}}
}

// Integer is v as a java.lang.Integer.
func (b *Boxes) Integer(v int32) *Object {
	if o := b.ints[v]; o != nil {
		return o
	}
	o := box(integerClass, binary.BigEndian.AppendUint32(nil, uint32(v)))
	if small(int64(v)) {
		if b.ints == nil {
			b.ints = map[int32]*Object{}
		}
		b.ints[v] = o
	}
	return o
}

// Long is v as a java.lang.Long.
func (b *Boxes) Long(v int64) *Object {
	if o := b.longs[v]; o != nil {
		return o
	}
	o := box(longClass, binary.BigEndian.AppendUint64(nil, uint64(v)))
	if small(v) {
		if b.longs == nil {
			b.longs = map[int64]*Object{}
		}
		b.longs[v] = o
	}
	return o
}

// Boolean is v as a java.lang.Boolean.
func (b *Boxes) Boolean(v bool) *Object {
	if o := b.bools[v]; o != nil {
		return o
	}
	p := []byte{0}
	if v {
		p[0] = 1
	}
	o := box(booleanClass, p)
	if b.bools == nil {
		b.bools = map[bool]*Object{}
	}
	b.bools[v] = o
	return o
}

// Unbox reads a boxed primitive: bool, int8, uint16 (a Character), int16, int32,
// int64, float32 or float64.
func Unbox(v Value) (any, bool) {
	o, ok := v.(*Object)
	if !ok {
		return nil, false
	}
	switch o.Class.Name {
	case "java.lang.Boolean", "java.lang.Byte", "java.lang.Character", "java.lang.Short",
		"java.lang.Integer", "java.lang.Long", "java.lang.Float", "java.lang.Double":
	default:
		return nil, false
	}
	if p, ok := o.Part(o.Class.Name); ok {
		if x := p.Prim("value"); x != nil {
			return x, true
		}
	}
	return nil, false
}

// Adopt makes v, if it is a boxed value that Java would share, the one that the
// methods above return for its value.
func (b *Boxes) Adopt(v Value) {
	o, _ := v.(*Object)
	switch n, _ := Unbox(v); n := n.(type) {
	case bool:
		if b.bools == nil {
			b.bools = map[bool]*Object{}
		}
		b.bools[n] = o
	case int32:
		if small(int64(n)) {
			if b.ints == nil {
				b.ints = map[int32]*Object{}
			}
			b.ints[n] = o
		}
	case int64:
		if small(n) {
			if b.longs == nil {
				b.longs = map[int64]*Object{}
			}
			b.longs[n] = o
		}
	}
}
