package javaser

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/views.txt")

// What people and scripts see of every fixture: testdata/views.txt.
func TestViews(t *testing.T) {
	var b strings.Builder
	for _, f := range fixtures(t) {
		contents, err := Parse(f.bytes, Limits{})
		if err != nil {
			continue // TestRoundTrip knows which
		}
		fmt.Fprintf(&b, "%s", f.name)
		for _, v := range contents {
			view, err := json.Marshal(View(v, ViewOptions{}))
			if err != nil {
				t.Fatalf("%s: %v", f.name, err)
			}
			text := string(view)
			if len(text) > 600 {
				text = fmt.Sprintf("%s... (%d bytes)", text[:600], len(text))
			}
			fmt.Fprintf(&b, "\t%s %s", ClassName(v), text)
		}
		b.WriteByte('\n')
	}
	if *update {
		if err := os.WriteFile("testdata/views.txt", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/views.txt")
	if err != nil {
		t.Fatal(err)
	}
	got, wanted := strings.Split(b.String(), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(got), len(wanted)) {
		switch {
		case i >= len(got):
			t.Errorf("missing: %s", wanted[i])
		case i >= len(wanted):
			t.Errorf("new: %s", got[i])
		case got[i] != wanted[i]:
			t.Errorf("\n got %s\nwant %s", got[i], wanted[i])
		}
	}
}

// An externalizable class may name fields; their values are not in the stream.
func TestViewOfExternalizableWithFields(t *testing.T) {
	class := &Class{Name: "A", Flags: Externalizable | BlockData, Fields: []Field{{Type: 'B', Name: "b"}, {Type: 'L', Name: "l", Class: TypeString}}}
	stream, err := Append(nil, &Object{Class: class, Parts: []Part{{Class: class, Annotations: []Value{Block{Bytes: []byte("x")}}}}})
	if err != nil {
		t.Fatal(err)
	}
	contents, err := Parse(stream, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	view, err := json.Marshal(View(contents[0], ViewOptions{}))
	if err != nil || !strings.Contains(string(view), `"data"`) {
		t.Errorf("%s, %v", view, err)
	}
}
