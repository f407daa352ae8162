package javaser

import (
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"testing"
)

const header = "\xac\xed\x00\x05"

// descA is a class "A" without fields; with it handle 0 is taken.
const descA = "\x72\x00\x01A\x00\x00\x00\x00\x00\x00\x00\x01\x02\x00\x00\x78\x70"

func TestBadStreams(t *testing.T) {
	for _, c := range []struct {
		name, stream string
		at           int
		want         error
		says         string
	}{
		{"nothing", "", 0, ErrIncomplete, "have 0"},
		{"half a header", "\xac\xed", 0, ErrIncomplete, ""},
		{"another version", "\xac\xed\x00\x06", 0, ErrMagic, ""},
		{"text", "hello", 0, ErrMagic, ""},
		{"an unknown type code", header + "\x7f", 4, nil, "type code 7f"},
		{"the end mark alone", header + "\x78", 4, nil, "type code 78"},
		{"a reference to nothing", header + "\x71\x00\x7e\x00\x00", 4, nil, "handle 0 of 0"},
		{"a reference below the first", header + "\x71\x00\x00\x00\x00", 4, nil, "handle -8257536"},
		{"a string past the end", header + "\x74\x00\x05abc", 7, ErrIncomplete, ""},
		{"a long string of 2^63 bytes", header + "\x7c\x80\x00\x00\x00\x00\x00\x00\x00", 5, ErrLimit, ""},
		{"broken UTF-8", header + "\x74\x00\x02\xc3(", 7, nil, "byte c3"},
		{"four-byte UTF-8, which Java does not write", header + "\x74\x00\x04\xf0\x9f\x98\x80", 7, nil, "byte f0"},
		{"an object without a class", header + "\x73\x70", 5, nil, "without a class"},
		{"an object whose class is a string", header + "\x74\x00\x00\x73\x71\x00\x7e\x00\x00", 8, nil, "no class"},
		{"an object whose class is a number", header + "\x73\x01", 5, nil, "type code 01"},
		{"an array of a class that is none", header + "\x75" + descA + "\x00\x00\x00\x00", 5, nil, "array of class A"},
		{"an array of negative length", header + "\x75" + strings.Replace(descA, "\x01A", "\x02[B", 1) + "\xff\xff\xff\xff", 5 + len(descA) + 1, nil, "negative length -1"},
		{"a byte array of 2 GB", header + "\x75" + strings.Replace(descA, "\x01A", "\x02[B", 1) + "\x7f\xff\xff\xff", 5 + len(descA) + 5, ErrIncomplete, ""},
		{"an array of 2^31 references", header + "\x75" + strings.Replace(descA, "\x01A", "\x02[[", 1) + "\x7f\xff\xff\xff", 5 + len(descA) + 5, ErrLimit, ""},
		{"an enum of a class that is none", header + "\x7e" + descA + "\x74\x00\x01X", 5, nil, "which is none"},
		{"an enum whose constant is null", header + "\x7e" + strings.Replace(descA, "\x02\x00\x00", "\x12\x00\x00", 1) + "\x70", 5 + len(descA), nil, "no string"},
		{"a field of type Q", header + "\x72\x00\x01A\x00\x00\x00\x00\x00\x00\x00\x01\x02\x00\x01Q\x00\x01f", 19, nil, "does not exist"},
		{"a primitive behind a reference", header + "\x72\x00\x01A\x00\x00\x00\x00\x00\x00\x00\x01\x02\x00\x02L\x00\x01f\x74\x00\x01XI\x00\x01g", 27, nil, "order"},
		{"a field whose type is a class", header + "\x72\x00\x01A\x00\x00\x00\x00\x00\x00\x00\x01\x02\x00\x01L\x00\x01f" + descA, 23, nil, "no string"},
		{"serializable and externalizable", header + strings.Replace(descA, "\x02\x00\x00", "\x06\x00\x00", 1), 19, nil, "both"},
		{"unframed external data", header + "\x73" + strings.Replace(descA, "\x02\x00\x00", "\x04\x00\x00", 1) + "xyz", 5 + len(descA), nil, "protocol 1"},
		{"a superclass that writes itself", header + "\x73" + strings.Replace(descA, "\x78\x70", "\x78"+strings.Replace(descA, "\x02\x00\x00", "\x0c\x00\x00", 1), 1), 5 + 2*len(descA) - 1, nil, "writes itself"},
		{"a class that is its own superclass", header + strings.Replace(descA, "\x78\x70", "\x78\x71\x00\x7e\x00\x00", 1), 4, ErrLimit, "superclasses"},
		{"65536 interfaces", header + "\x7d\x00\x01\x00\x00", 5, nil, "interfaces"},
		{"a reset in an annotation", header + "\x72\x00\x01A\x00\x00\x00\x00\x00\x00\x00\x01\x02\x00\x00\x79", 19, nil, "reset inside"},
		{"a block past the end", header + "\x77\x05abc", 6, ErrIncomplete, ""},
		{"a long block of negative length", header + "\x7a\x80\x00\x00\x00", 5, nil, "negative length"},
	} {
		_, err := Parse([]byte(c.stream), Limits{})
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: err = %v", c.name, err)
			continue
		}
		if e.Offset != c.at || e.Err != c.want || !strings.Contains(e.Reason, c.says) {
			t.Errorf("%s: %v (%v), want offset %d, %v, %q", c.name, e, e.Err, c.at, c.want, c.says)
		}
	}
}

func TestLimits(t *testing.T) {
	deep := header + strings.Repeat("\x75"+strings.Replace(descA, "\x01A", "\x02[[", 1)+"\x00\x00\x00\x01", 50) + "\x70"
	for _, c := range []struct {
		name   string
		stream string
		limits Limits
		ok     bool
	}{
		{"50 deep, 50 allowed", deep, Limits{Depth: 51}, true},
		{"50 deep, 49 allowed", deep, Limits{Depth: 49}, false},
		{"100 nulls, 100 allowed", header + strings.Repeat("\x70", 100), Limits{Values: 100}, true},
		{"101 nulls, 100 allowed", header + strings.Repeat("\x70", 101), Limits{Values: 100}, false},
		{"5 bytes, 5 allowed", header + "\x70", Limits{Bytes: 5}, true},
		{"5 bytes, 4 allowed", header + "\x70", Limits{Bytes: 4}, false},
	} {
		_, err := Parse([]byte(c.stream), c.limits)
		if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrLimit) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// The deepest nesting that is allowed overflows no stack, neither when it is
// read nor when it is viewed.
func TestDeepestNesting(t *testing.T) {
	one := "\x75" + strings.Replace(descA, "\x01A", "\x02[[", 1) + "\x00\x00\x00\x01"
	stream := header + strings.Repeat(one, 3999) + "\x70"
	contents, err := Parse([]byte(stream), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(View(contents[0], ViewOptions{}))
	if err != nil || !strings.Contains(string(b), "nested too deep") {
		t.Errorf("%.200s, %v", b, err)
	}
}

// Six bytes make an object: what it takes in memory must not grow with the
// number of its class's superclasses.
func TestMemoryOfManySmallObjects(t *testing.T) {
	const objects = 100_000
	var b strings.Builder
	b.WriteString(header + "\x73")
	for range maxHierarchy {
		b.WriteString(descA[:len(descA)-1])
	}
	b.WriteString("\x70" + strings.Repeat("\x73\x71\x00\x7e\x00\x00", objects))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	contents, err := Parse([]byte(b.String()), Limits{})
	runtime.ReadMemStats(&after)
	if err != nil || len(contents) != objects+1 {
		t.Fatalf("%d objects, %v", len(contents), err)
	}
	if each := (after.TotalAlloc - before.TotalAlloc) / objects; each > 300 {
		t.Errorf("%d bytes for each object", each)
	}
}

// An array of references takes memory as its elements come, not as it says.
func TestMemoryOfAnArrayThatLies(t *testing.T) {
	stream := []byte(header + "\x75" + strings.Replace(descA, "\x01A", "\x02[[", 1) + "\x00\x3f\xff\xff")
	n := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if _, err := Parse(stream, Limits{}); !errors.Is(err, ErrIncomplete) {
				b.Fatal(err)
			}
		}
	}).AllocedBytesPerOp()
	if n > 4096 {
		t.Errorf("%d bytes for an array that is not there", n)
	}
}

// A list of the same list, twelve times nested, has 10^12 elements: the view
// ends, and says that it did.
func TestViewOfSharedLists(t *testing.T) {
	class := &Class{Name: "[Ljava.lang.Object;", Flags: Serializable}
	var v Value = NewString("x")
	for range 12 {
		a := &Array{Class: class, Len: 10, Refs: make([]Value, 10)}
		for i := range a.Refs {
			a.Refs[i] = v
		}
		v = a
	}
	b, err := json.Marshal(View(v, ViewOptions{Values: 10_000}))
	if err != nil || len(b) > 400_000 || !strings.Contains(string(b), `{"cut":`) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	long := NewString(strings.Repeat("y", 1<<16))
	a := &Array{Class: class, Len: 1000, Refs: make([]Value, 1000)}
	for i := range a.Refs {
		a.Refs[i] = long
	}
	if b, err = json.Marshal(View(a, ViewOptions{Values: 10_000})); err != nil || len(b) > 2<<20 {
		t.Errorf("one text a thousand times: %d bytes, %v", len(b), err)
	}
}
