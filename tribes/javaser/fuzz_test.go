package javaser

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
)

func addStreams(f *testing.F) {
	for _, s := range append(fixtures(f), tomcatStreams(f)...) {
		if len(s.bytes) < 3000 {
			f.Add(s.bytes)
		}
	}
}

// FuzzParse: whatever parses is written again to the same bytes, and what does
// not says where.
func FuzzParse(f *testing.F) {
	addStreams(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		contents, err := Parse(b, Limits{Values: 1 << 16})
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(b) {
				t.Fatalf("error %v of %d bytes", err, len(b))
			}
			return
		}
		again, err := Append(nil, contents...)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("written again: %v\n got %x\nwant %x", err, again, b)
		}
	})
}

// FuzzView: whatever parses has a view that is JSON and within its bounds.
func FuzzView(f *testing.F) {
	addStreams(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		contents, err := Parse(b, Limits{Values: 1 << 16})
		if err != nil {
			return
		}
		for _, v := range contents {
			ClassName(v)
			view, err := json.Marshal(View(v, ViewOptions{Values: 1000, Depth: 20, Bytes: 100}))
			if err != nil {
				t.Fatal(err)
			}
			if len(view) > 64*1000+200*len(b) {
				t.Fatalf("a view of %d bytes of a stream of %d", len(view), len(b))
			}
		}
	})
}

// FuzzData: reading block data in any order never goes wrong twice.
func FuzzData(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 2, 3}, []byte{4, 0, 5}, "\x04\x05\x06\x07")
	f.Fuzz(func(t *testing.T, one, two []byte, reads string) {
		d := NewData([]Value{Block{Bytes: one}, Block{Bytes: two}, NewString("o"), Block{Bytes: one}})
		for _, r := range []byte(reads) {
			failed := d.Err()
			switch r % 9 {
			case 0:
				d.Bool()
			case 1:
				d.Byte()
			case 2:
				d.Int32()
			case 3:
				d.Int64()
			case 4:
				d.UTF()
			case 5:
				d.Sized()
			case 6:
				d.Object()
			case 7:
				d.Peek()
			case 8:
				d.More()
			}
			if failed != nil && d.Err() != failed {
				t.Fatalf("fault %v became %v", failed, d.Err())
			}
			if d.Left() > len(one)+len(two)+len(one) {
				t.Fatalf("%d bytes left", d.Left())
			}
		}
	})
}
