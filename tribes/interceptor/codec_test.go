package interceptor

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"muster/tribes"
)

func TestGzipVectors(t *testing.T) {
	for _, v := range load(t, "gzip-") {
		g := Gzip{Always: strings.Contains(v.Name, "@8.5")}
		after := tribes.Options(v.Int(t, "optionsAfter"))
		plain, err := g.Expand(after, v.Bytes, 1<<20)
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		want := ""
		switch {
		case v.Fields["plain"] != nil:
			want = v.Text(t, "plain")
		case strings.Contains(v.Name, "minsize"):
			g.MinSize = 100
			want = v.Hex
		}
		if hex.EncodeToString(plain) != want {
			t.Errorf("%s: %x, want %s", v.Name, plain, want)
		}
		o, sent, err := g.Compress(tribes.ByteMessage, plain)
		if err != nil || o != after {
			t.Errorf("%s: sent with options %v, want %v, %v", v.Name, o, after, err)
		}
		back, err := g.Expand(o, sent, 1<<20)
		if err != nil || !bytes.Equal(back, plain) || IsGzip(sent) != IsGzip(v.Bytes) {
			t.Errorf("%s: there and back %x, %v", v.Name, back, err)
		}
	}
}

func TestGunzipBounds(t *testing.T) {
	_, bomb, err := Gzip{}.Compress(0, make([]byte, 10<<20))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Gunzip(bomb, 1<<20); err == nil || !strings.Contains(err.Error(), "more than 1048576") {
		t.Errorf("10 MiB in 1 MiB: %v", err)
	}
	if b, err := Gunzip(bomb, 10<<20); err != nil || len(b) != 10<<20 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	good := one(t, "gzip-64a").Bytes
	for name, b := range map[string][]byte{"nothing": nil, "text": []byte("hello, world"), "half": good[:12],
		"a wrong checksum": append(bytes.Clone(good[:len(good)-8]), 1, 2, 3, 4, 64, 0, 0, 0)} {
		if _, err := Gunzip(b, 1<<20); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestOrderVectors(t *testing.T) {
	for _, v := range load(t, "order-") {
		m, n, err := ParseOrder(v.Bytes)
		if err != nil || int64(n) != v.Int(t, "counter") {
			t.Errorf("%s: %d, %v", v.Name, n, err)
		}
		if again := AppendOrder(m, n); !bytes.Equal(again, v.Bytes) {
			t.Errorf("%s again: %x", v.Name, again)
		}
	}
	if _, _, err := ParseOrder([]byte{1, 2, 3}); err == nil {
		t.Error("three bytes hold a counter")
	}
}

func TestTwoPhaseVectors(t *testing.T) {
	first, second := one(t, "twophase-0"), one(t, "twophase-1")
	id, ok := ParseConfirmation(second.Bytes)
	if !ok || !bytes.Equal(id, first.Unhex(t, "uniqueId")) {
		t.Errorf("confirms %x, %v", id, ok)
	}
	if b := AppendConfirmation(nil, id); !bytes.Equal(b, second.Bytes) {
		t.Errorf("again: %x", b)
	}
	for name, b := range map[string][]byte{"the first message": first.Bytes, "nothing": nil, "one byte less": second.Bytes[1:],
		"one byte more": append(bytes.Clone(second.Bytes), 0), "another end": append(bytes.Clone(second.Bytes[:47]), 0)} {
		if _, ok := ParseConfirmation(b); ok {
			t.Errorf("%s is a confirmation", name)
		}
	}
}

func TestCoordinationVector(t *testing.T) {
	v := one(t, "coordination-request")
	c, err := ParseCoordination(v.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.View) != int(v.Int(t, "members")) || c.ID.String() != v.Text(t, "id") || c.Type.String() != v.Text(t, "type") ||
		CoordinationType(c.Type) != "request" {
		t.Errorf("%+v", c)
	}
	if !c.Leader.Same(&c.View[0]) && !c.Leader.Same(&c.View[1]) {
		t.Errorf("the leader is not in its view: %+v", c)
	}
	if b, err := c.Append(nil); err != nil || !bytes.Equal(b, v.Bytes) {
		t.Errorf("again: %v\n got %x\nwant %x", err, b, v.Bytes)
	}
	if CoordinationType(tribes.UniqueID([]byte(tribes.CoordinationConfirm))) != "confirm" || CoordinationType(tribes.UniqueID{}) != "unknown" {
		t.Error("types are named wrongly")
	}
	c.View = append(c.View, tribes.Member{Host: make([]byte, 200)})
	if _, err := c.Append(nil); err == nil {
		t.Error("a member that has no form was written")
	}
}

// A view of many members in the shorter form of Tomcat 6.0 is read.
func TestCoordinationOfMany(t *testing.T) {
	c := Coordination{ID: tribes.NewUniqueID()}
	for i := range 40 {
		c.View = append(c.View, tribes.Member{Generation: tribes.V0, Host: []byte{10, 0, 0, byte(i)}, Port: 4000, ID: tribes.NewUniqueID()})
	}
	c.Leader, c.Source = c.View[0], c.View[1]
	b, err := c.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ParseCoordination(b); err != nil || len(got.View) != len(c.View) || got.View[39].Generation != tribes.V0 {
		t.Errorf("%d of %d members, %v", len(got.View), len(c.View), err)
	}
}

func TestCoordinationBad(t *testing.T) {
	good := one(t, "coordination-request").Bytes
	for n := range good {
		if _, err := ParseCoordination(good[:n]); err == nil {
			t.Fatalf("%d of %d bytes: no error", n, len(good))
		}
	}
	count := 16 + 2*(4+77)
	for name, change := range map[string]func(b []byte) []byte{
		"more after the end":       func(b []byte) []byte { return append(b, 0) },
		"2^31 members":             func(b []byte) []byte { copy(b[count:], "\x7f\xff\xff\xff"); return b },
		"-1 members":               func(b []byte) []byte { copy(b[count:], "\xff\xff\xff\xff"); return b },
		"a record of -1 bytes":     func(b []byte) []byte { copy(b[16:], "\xff\xff\xff\xff"); return b },
		"a record with a tail":     func(b []byte) []byte { b[19]++; return b },
		"a record that is no such": func(b []byte) []byte { b[20] = 'X'; return b },
		"another header":           func(b []byte) []byte { b[0]++; return b },
	} {
		if c, err := ParseCoordination(change(bytes.Clone(good))); err == nil {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func FuzzCoordination(f *testing.F) {
	f.Add(one(f, "coordination-request").Bytes)
	f.Fuzz(func(t *testing.T, b []byte) {
		var c Coordination
		c, err := ParseCoordination(b)
		if err != nil {
			return
		}
		if again, err := c.Append(nil); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("again: %v\n got %x\nwant %x", err, again, b)
		}
	})
}

func FuzzGunzip(f *testing.F) {
	for _, v := range load(f, "gzip-") {
		f.Add(v.Bytes)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		out, err := Gunzip(b, 1<<16)
		if err != nil {
			return
		}
		if len(out) > 1<<16 {
			t.Fatalf("%d bytes", len(out))
		}
		_, again, err := Gzip{Always: true}.Compress(0, out)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := Gunzip(again, 1<<16); err != nil || !bytes.Equal(back, out) {
			t.Fatalf("there and back: %v", err)
		}
	})
}
