package session

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"muster/tribes/javaser"
)

func TestDeltaVector(t *testing.T) {
	v := one(t, "delta-request")
	d, err := ParseDelta(v.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if d.SessionID != v.Text(t, "sessionId") || d.RecordAll || len(d.Actions) != int(v.Int(t, "count")) {
		t.Errorf("%+v", d)
	}
	for i, want := range v.Fields["actions"].([]any) {
		w := want.(map[string]any)
		a := d.Actions[i]
		value := javaser.View(a.Value, javaser.ViewOptions{})
		if n, ok := value.(int32); ok {
			value = float64(n)
		}
		if float64(a.Type) != w["type"] || a.Remove != (w["action"] == 1.0) || a.Name != w["name"] || value != w["value"] {
			t.Errorf("action %d = %+v (%v), want %v", i, a, value, w)
		}
		if fixed := a.Type.FixedName(); fixed != "" && fixed != a.Name {
			t.Errorf("action %d is named %s, its type %s", i, a.Name, fixed)
		}
	}
	if again, err := d.Append(nil); err != nil || !bytes.Equal(again, v.Bytes) {
		t.Errorf("written again: %v\n got %x\nwant %x", err, again, v.Bytes)
	}
}

func TestDeltaFromNothing(t *testing.T) {
	var boxes javaser.Boxes
	for name, d := range map[string]*Delta{
		"delta-request-empty": {SessionID: "X", RecordAll: true},
		"delta-request": {SessionID: id, Actions: []Action{
			{Type: Attribute, Name: "user", Value: javaser.NewString("alíce")},
			{Type: Attribute, Name: "count", Value: boxes.Integer(7)},
			{Type: Attribute, Name: "old", Remove: true},
			{Type: MaxInactiveInterval, Name: MaxInactiveInterval.FixedName(), Value: boxes.Integer(1800)},
			{Type: IsNew, Name: IsNew.FixedName(), Value: boxes.Boolean(false)},
			{Type: AuthType, Name: AuthType.FixedName(), Value: javaser.NewString("BASIC")},
		}},
	} {
		if b, err := d.Append(nil); err != nil || !bytes.Equal(b, one(t, name).Bytes) {
			t.Errorf("%s: %v\n got %x\nwant %x", name, err, b, one(t, name).Bytes)
		}
	}
}

func TestDeltaBad(t *testing.T) {
	build := func(f func(b *javaser.Builder)) []byte {
		var b javaser.Builder
		b.UTF("id")
		b.Bool(false)
		f(&b)
		out, err := appendData(nil, &b)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for name, b := range map[string][]byte{
		"no stream":           []byte("hello"),
		"nothing in it":       []byte("\xac\xed\x00\x05"),
		"an object instead":   one(t, "ser-session-SESSION_DELTA").Bytes,
		"a negative count":    build(func(b *javaser.Builder) { b.Int32(-1) }),
		"2^31 actions":        build(func(b *javaser.Builder) { b.Int32(1<<31 - 1) }),
		"an action that ends": build(func(b *javaser.Builder) { b.Int32(1); b.Int32(0) }),
		"an unknown action":   build(func(b *javaser.Builder) { b.Int32(1); b.Int32(0); b.Int32(2); b.UTF("n"); b.Bool(false) }),
		"a value that is null": build(func(b *javaser.Builder) {
			b.Int32(1)
			b.Int32(0)
			b.Int32(0)
			b.UTF("n")
			b.Bool(true)
			b.Object(nil)
		}),
		"a value that is not":   build(func(b *javaser.Builder) { b.Int32(1); b.Int32(0); b.Int32(0); b.UTF("n"); b.Bool(true) }),
		"more than was counted": build(func(b *javaser.Builder) { b.Int32(0); b.Byte(1) }),
	} {
		if d, err := ParseDelta(b); err == nil {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// What a later version adds is told by its number.
func TestUnknownNames(t *testing.T) {
	for got, want := range map[string]string{
		ActionType(7).String(): "type 7", ActionType(-1).String(): "type -1", Note.String(): "note", ActionType(9).FixedName(): "",
		Event(99).String(): "event 99", MapType(14).String(): "type 14", MapType(0).String(): "type 0", StaticType(9).String(): "unknown",
		StaticStop.String() + StaticPing.String(): "STOPPING",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestSessionListVectors(t *testing.T) {
	for _, v := range load(t, "session-list-") {
		all, err := ParseList(v.Bytes, javaser.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if len(all) != int(v.Int(t, "count")) {
			t.Errorf("%s: %d sessions", v.Name, len(all))
		}
		for _, s := range all {
			attributes := map[string]any{}
			for _, a := range s.Attributes {
				attributes[a.Name] = javaser.View(a.Value, javaser.ViewOptions{})
			}
			want := v.Fields["attributes"].(map[string]any)
			if s.ID != v.Text(t, "id") || s.CreationTime != v.Int(t, "creationTime") || !s.IsValid || s.IsNew ||
				s.MaxInactive != int32(v.Int(t, "maxInactiveInterval")) || len(attributes) != len(want) || attributes["user"] != want["user"] {
				t.Errorf("%s: %+v %v", v.Name, s, attributes)
			}
		}
		if again, err := AppendList(nil, all); err != nil || !bytes.Equal(again, v.Bytes) {
			t.Errorf("%s again: %v\n got %x\nwant %x", v.Name, err, again, v.Bytes)
		}
	}
}

func madeSession() Session {
	return Session{ID: id, CreationTime: at, LastAccessedTime: at, ThisAccessedTime: at, MaxInactive: 1800, IsValid: true, HasNotes: true,
		Attributes: []SessionAttribute{{Name: "user", Value: javaser.NewString("alice")}}}
}

func TestSessionListFromNothing(t *testing.T) {
	if b, err := AppendList(nil, []Session{madeSession()}); err != nil || !bytes.Equal(b, one(t, "session-list-one").Bytes) {
		t.Errorf("%v\n got %x\nwant %x", err, b, one(t, "session-list-one").Bytes)
	}
	made := madeSession()
	o, err := made.Object(DeltaSessionClass(0x041d33b9b82ea975))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := javaser.Append(nil, o); err != nil || !bytes.Equal(b, one(t, "ser-delta-session").Bytes) {
		t.Errorf("%v\n got %x\nwant %x", err, b, one(t, "ser-delta-session").Bytes)
	}
}

// Every optional part, there and not there, comes back as it was written.
func TestSessionOptions(t *testing.T) {
	var boxes javaser.Boxes
	secret := "secret"
	for name, change := range map[string]func(*Session){
		"no notes":    func(s *Session) { s.HasNotes = false },
		"notes":       func(s *Session) { s.SessionIDNote, s.FormRequest = javaser.NewString("n"), javaser.NewString("r") },
		"a principal": func(s *Session) { s.Principal = javaser.NewString("stands for an object") },
		"a 7.0 principal": func(s *Session) {
			s.Principal70 = &Principal70{Name: "joe", Password: &secret, Roles: []string{"a", "b"}}
		},
		"a 7.0 principal, 2":  func(s *Session) { s.Principal70 = &Principal70{Name: "joe", UserPrincipal: javaser.NewString("p")} },
		"as 6.0.13 writes it": func(s *Session) { s.HasNotes, s.NoListeners, s.Standard = false, true, true },
		"listeners":           func(s *Session) { s.Listeners = []javaser.Value{javaser.NewString("l"), nil} },
		"a null attribute":    func(s *Session) { s.Attributes = append(s.Attributes, SessionAttribute{Name: "none"}) },
		"a number that is also a count": func(s *Session) {
			s.Attributes = append(s.Attributes, SessionAttribute{Name: "two", Value: boxes.Integer(2)}, SessionAttribute{Name: "three", Value: boxes.Integer(3)})
		},
	} {
		s := madeSession()
		change(&s)
		b, err := AppendList(nil, []Session{s, s})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := ParseList(b, javaser.Limits{})
		if err != nil || len(got) != 2 {
			t.Errorf("%s: %d sessions, %v", name, len(got), err)
			continue
		}
		if len(got[1].Attributes) != len(s.Attributes) || len(got[1].Listeners) != len(s.Listeners) || got[1].HasNotes != s.HasNotes ||
			got[1].Standard != s.Standard || got[1].NoListeners != s.NoListeners ||
			(got[1].Principal == nil) != (s.Principal == nil) || (got[1].Principal70 == nil) != (s.Principal70 == nil) {
			t.Errorf("%s: %+v", name, got[1])
		}
		if p, w := got[1].Principal70, s.Principal70; p != nil && (p.Name != w.Name || strings.Join(p.Roles, ",") != strings.Join(w.Roles, ",") ||
			(p.Password == nil) != (w.Password == nil) || (p.UserPrincipal == nil) != (w.UserPrincipal == nil)) {
			t.Errorf("%s: %+v", name, p)
		}
		if again, err := AppendList(nil, got); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%s again: %v\n got %x\nwant %x", name, err, again, b)
		}
	}
	s := madeSession()
	s.SessionIDNote = boxes.Integer(1)
	if _, err := AppendList(nil, []Session{s}); err == nil {
		t.Error("a note that reads as a count was written")
	}
	if _, err := s.Object(&javaser.Class{Name: deltaSessionClass, Flags: javaser.Serializable}); err == nil {
		t.Error("a session was made of a class that does not write itself")
	}
}

func TestSessionListBad(t *testing.T) {
	good := one(t, "session-list-one").Bytes
	more := append(bytes.Clone(good), 0x70)
	two := bytes.Replace(good, []byte("\x78\x70\x00\x00\x00\x01"), []byte("\x78\x70\x00\x00\x00\x02"), 1)
	for name, b := range map[string][]byte{
		"no stream":              []byte("x"),
		"no count":               []byte("\xac\xed\x00\x05"),
		"a text for the count":   []byte("\xac\xed\x00\x05\x74\x00\x01x"),
		"more than was counted":  more,
		"less than was counted":  two,
		"the data of a delta":    one(t, "delta-request").Bytes,
		"a session id that is 0": bytes.Replace(good, []byte("\x74\x00\x0e5E55102A.node1"), []byte("\x70"), 1),
	} {
		if all, err := ParseList(b, javaser.Limits{}); err == nil {
			t.Errorf("%s: %+v", name, all)
		}
	}
	if s, err := ReadSession(&javaser.Object{Class: &javaser.Class{Name: "Other"}}); err == nil {
		t.Errorf("an object of another class: %+v", s)
	}
}

func TestSessionID(t *testing.T) {
	v := one(t, "session-id-blob")
	got, err := ParseID(v.Bytes)
	if err != nil || got != v.Text(t, "value") {
		t.Errorf("%q, %v", got, err)
	}
	if b, err := appendID(nil, got); err != nil || !bytes.Equal(b, v.Bytes) {
		t.Errorf("%x, %v", b, err)
	}
	for name, b := range map[string][]byte{"no stream": nil, "too short": v.Bytes[:10], "an object": one(t, "session-list-empty").Bytes,
		"more than an id": append(bytes.Clone(v.Bytes), 0x70)} {
		if got, err := ParseID(b); err == nil {
			t.Errorf("%s: %q", name, got)
		}
	}
	if _, err := appendID(nil, strings.Repeat("x", 70000)); err == nil {
		t.Error("an id of 70000 bytes")
	}
	if _, err := NewChangeSessionID(Gen85, app, id, strings.Repeat("x", 70000), at); err == nil {
		t.Error("a change to an id of 70000 bytes")
	}
}

// A Tomcat 10.1.60 that took a session over sends it on: the small number among
// its attributes came out of a stream, and is not the object that counts them.
// testdata/map-backup-reread.hex is its message, as it was captured.
func TestSessionThatWasReadBefore(t *testing.T) {
	raw, err := os.ReadFile("testdata/map-backup-reread.hex")
	if err != nil {
		t.Fatal(err)
	}
	b, err := hex.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	v, err := Parse(b, javaser.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	m := v.(*MapMessage)
	value, _, err := javaser.ParseFirst(m.Value, javaser.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := ReadSession(value.(*javaser.Object))
	if err != nil || len(s.Attributes) != 2 {
		t.Fatalf("%+v, %v", s, err)
	}
	o, err := s.Object(value.(*javaser.Object).Class)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := javaser.AppendMerged(nil, o); err != nil || !bytes.Equal(again, m.Value) {
		t.Errorf("%v\n got %x\nwant %x", err, again, m.Value)
	}
	if again, err := m.Append(nil); err != nil || !bytes.Equal(again, b) {
		t.Errorf("the message: %v\n got %x\nwant %x", err, again, b)
	}
	// What changed is written as it is now.
	s.Attributes, s.MaxInactive = s.Attributes[:1], 60
	if o, err = s.Object(o.Class); err != nil {
		t.Fatal(err)
	}
	if s, err = ReadSession(o); err != nil || len(s.Attributes) != 1 || s.MaxInactive != 60 {
		t.Errorf("changed: %+v, %v", s, err)
	}
}
