package javaser

import (
	"bytes"
	"strings"
	"testing"
)

// What Outside.writeExternal of Fixtures.java writes crosses segments.
func TestDataJoinsSegments(t *testing.T) {
	v, _, err := ParseFirst(fixtureOf(t, "externalizable"), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	d := NewData(v.(*Object).Parts[0].Annotations)
	if n := d.Int32(); n != 1 {
		t.Errorf("first = %d", n)
	}
	if d.Left() != 2500 {
		t.Errorf("%d bytes left", d.Left())
	}
	much := d.Bytes(2500)
	for i, b := range much {
		if b != byte(i) {
			t.Fatalf("byte %d is %d", i, b)
		}
	}
	if _, ok := d.Peek(); !ok {
		t.Error("no object is next")
	}
	if name := ClassName(d.Object()); name != "java.util.CollSer" {
		t.Errorf("class %s", name)
	}
	if n := d.Int32(); n != 2 || d.More() || d.Err() != nil {
		t.Errorf("last = %d, more %v, %v", n, d.More(), d.Err())
	}
}

// The Builder segments as Java does, byte for byte.
func TestBuilderSegments(t *testing.T) {
	v, _, err := ParseFirst(fixtureOf(t, "externalizable"), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	o := v.(*Object)
	var b Builder
	b.Int32(1)
	for i := range 2500 {
		b.Byte(byte(i))
	}
	b.Object(o.Parts[0].Annotations[3])
	b.Int32(2)
	contents, err := b.Contents()
	if err != nil {
		t.Fatal(err)
	}
	built := &Object{Class: o.Class, Parts: []Part{{Class: o.Class, Annotations: contents}}}
	if got, err := Append(nil, built); err != nil || !bytes.Equal(got, fixtureOf(t, "externalizable")) {
		t.Errorf("%v\n got %x", err, got)
	}
}

func TestBuilderMany(t *testing.T) {
	var b Builder
	b.Int32(7)
	b.Object(NewString("a"))
	b.Bool(true)
	b.UTF("end")
	contents, err := b.Contents()
	if err != nil {
		t.Fatal(err)
	}
	contents = append(contents[:2:2], append([]Value{contents[1]}, contents[2:]...)...)
	if got, err := Append(nil, contents...); err != nil || !bytes.Equal(got, fixtureOf(t, "many")) {
		t.Errorf("%v\n got %x\nwant %x", err, got, fixtureOf(t, "many"))
	}
	b.UTF(strings.Repeat("x", 65536))
	if _, err := b.Contents(); err == nil {
		t.Error("writeUTF took 65536 bytes")
	}
}

func TestBoxes(t *testing.T) {
	var boxes Boxes
	for name, v := range map[string]Value{
		"Integer-70000": boxes.Integer(70000), "Long-1099511627776": boxes.Long(1 << 40), "Boolean-true": boxes.Boolean(true),
		"bytes": Bytes([]byte{0, 1, 255}), "string-modified": func() Value {
			s, _, _ := ParseFirst(fixtureOf(t, "string-modified"), Limits{})
			return s
		}(),
		"string": NewString("hello"), "string-long": NewString(strings.Repeat("0123456789abcdef", 4096) + "!"),
	} {
		if got, err := Append(nil, v); err != nil || !bytes.Equal(got, fixtureOf(t, name)) {
			t.Errorf("%s: %v\n got %.100x\nwant %.100x", name, err, got, fixtureOf(t, name))
		}
	}
	if boxes.Integer(127) != boxes.Integer(127) || boxes.Long(-128) != boxes.Long(-128) || boxes.Boolean(false) != boxes.Boolean(false) {
		t.Error("small values are one object in Java")
	}
	if boxes.Integer(128) == boxes.Integer(128) || boxes.Long(-129) == boxes.Long(-129) {
		t.Error("large values are not")
	}
	for _, v := range []any{true, int32(-5), int64(6)} {
		var o *Object
		switch v := v.(type) {
		case bool:
			o = boxes.Boolean(v)
		case int32:
			o = boxes.Integer(v)
		case int64:
			o = boxes.Long(v)
		}
		if got, ok := Unbox(o); !ok || got != v {
			t.Errorf("unboxed %v, %v, want %v", got, ok, v)
		}
	}
	if v, ok := Unbox(NewString("x")); ok {
		t.Errorf("unboxed a string to %v", v)
	}
}

func TestDataFaults(t *testing.T) {
	block := Block{Bytes: []byte{0, 0, 0, 9, 1}}
	for name, read := range map[string]func(d *Data){
		"more than there is":         func(d *Data) { d.Bytes(6) },
		"a length past the end":      func(d *Data) { d.Sized() },
		"an object over unread data": func(d *Data) { d.Object() },
		"an object at the end":       func(d *Data) { d.Bytes(5); d.Object() },
		"a text past the end":        func(d *Data) { d.Uint16(); d.UTF() },
		"a negative length":          func(d *Data) { d.Bytes(-1) },
		"a number past the end":      func(d *Data) { d.Int64() },
	} {
		d := NewData([]Value{block})
		read(d)
		first := d.Err()
		if first == nil {
			t.Errorf("%s: no fault", name)
		}
		if v := d.Int32(); v != 0 || d.Err() != first || d.More() || d.Object() != nil || d.Bool() || d.Byte() != 0 {
			t.Errorf("%s: reading went on", name)
		}
	}
	d := NewData([]Value{Block{Bytes: []byte{0, 1, 0xff}}})
	if s := d.UTF(); s != "" || d.Err() == nil {
		t.Errorf("broken text read as %q", s)
	}
}

func TestModifiedUTF8(t *testing.T) {
	for _, s := range []string{"", "plain", "nul\x00", "é€", "𝄞", "\uffff", "mixed \x00 € 𝄞 end"} {
		m := toModified(s)
		if at, ok := validModified([]byte(m)); !ok || fromModified(m) != s {
			t.Errorf("%q became %x, valid up to %d, read as %q", s, m, at, fromModified(m))
		}
	}
	if got := toModified("bad \xff"); got != "bad \ufffd" {
		t.Errorf("invalid UTF-8 became %x", got)
	}
	if got := toModified("\x00𝄞"); got != "\xc0\x80\xed\xa0\xb4\xed\xb4\x9e" {
		t.Errorf("U+0000 U+1D11E became %x", got)
	}
}

func TestFieldAccess(t *testing.T) {
	v, _, err := ParseFirst(fixtureOf(t, "primitives"), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	o := v.(*Object)
	if !o.Class.Is("Fixtures$Base") || o.Class.Is("Fixtures") {
		t.Error("Is does not follow the hierarchy")
	}
	p, ok := o.Part("Fixtures$Primitives")
	if !ok {
		t.Fatal("no part of the class itself")
	}
	for name, want := range map[string]any{
		"z": true, "b": int8(-1), "c": uint16('é'), "s": int16(-2), "i": int32(-1 << 31), "j": int64(1<<63 - 1),
		"f": float32(1.5), "d": -0.1, "text": nil, "missing": nil,
	} {
		if got := p.Prim(name); got != want {
			t.Errorf("%s = %v (%T), want %v", name, got, got, want)
		}
	}
	if v, ok := p.Ref("text"); !ok || v.(*String).Text() != "text" {
		t.Errorf("text = %v, %v", v, ok)
	}
	if v, ok := p.Ref("nothing"); !ok || v != nil {
		t.Errorf("nothing = %v, %v", v, ok)
	}
	if _, ok := p.Ref("i"); ok {
		t.Error("a primitive is no reference")
	}
	if _, ok := p.Int64("i"); ok {
		t.Error("an int is no long")
	}
	if _, ok := o.Part("Other"); ok {
		t.Error("a part of a class that is not there")
	}
}

func TestAppendRefuses(t *testing.T) {
	long := strings.Repeat("x", 1<<16)
	class := &Class{Name: "A", Flags: Serializable}
	for name, v := range map[string]Value{
		"a class name without short form": &Object{Class: &Class{Name: long}},
		"a field name without short form": &Object{Class: &Class{Name: "A", Fields: []Field{{Type: 'I', Name: long}}}},
		"a field without a type":          &Object{Class: &Class{Name: "A", Fields: []Field{{Type: 'L', Name: "f"}}}},
		"a block in a field":              &Object{Class: class, Parts: []Part{{Class: class, Refs: []Value{Block{}}}}},
		"a reset in an array":             &Array{Class: class, Refs: []Value{Reset{}}},
		"an enum constant without a name": &Enum{Class: class},
		"a short block of 256 bytes":      Block{Bytes: make([]byte, 256)},
		"a short string of 65536 bytes":   &String{utf: long},
		"an interface without short form": &Object{Class: &Class{Proxy: true, Interfaces: []string{long}}},
	} {
		if b, err := Append([]byte("x"), v); err == nil || string(b) != "x" {
			t.Errorf("%s: %v, %d bytes", name, err, len(b))
		}
	}
}
