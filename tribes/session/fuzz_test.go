package session

import (
	"bytes"
	"testing"

	"muster/tribes/javaser"
)

var small = javaser.Limits{Values: 1 << 16}

// FuzzParse: whatever reads as one of Tomcat's objects is written again as one
// that reads the same.
func FuzzParse(f *testing.F) {
	for _, v := range load(f, "ser-") {
		f.Add(v.Bytes)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := Parse(b, small)
		if err != nil {
			return
		}
		a, ok := v.(appender)
		if !ok {
			return
		}
		first, err := a.Append(nil)
		if err != nil {
			return // a class of the right name that writes itself
		}
		again, err := Parse(first, small)
		if err != nil {
			t.Fatalf("written, it does not read: %v\n%x", err, first)
		}
		second, err := again.(appender).Append(nil)
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("written twice: %v\n%x\n%x", err, first, second)
		}
	})
}

// FuzzDelta: the same for the data of a SessionDelta.
func FuzzDelta(f *testing.F) {
	for _, v := range load(f, "delta-") {
		f.Add(v.Bytes)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var d *Delta
		d, err := ParseDelta(b)
		if err != nil {
			return
		}
		first, err := d.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseDelta(first)
		if err != nil || len(again.Actions) != len(d.Actions) || again.SessionID != d.SessionID {
			t.Fatalf("%v\n%+v\n%+v", err, d, again)
		}
	})
}

// FuzzList: the same for the data of an AllSessionData.
func FuzzList(f *testing.F) {
	for _, v := range load(f, "session-list-") {
		f.Add(v.Bytes)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var all []Session
		all, err := ParseList(b, small)
		if err != nil {
			return
		}
		first, err := AppendList(nil, all)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseList(first, small)
		if err != nil || len(again) != len(all) {
			t.Fatalf("%v: %d and %d sessions", err, len(all), len(again))
		}
	})
}
