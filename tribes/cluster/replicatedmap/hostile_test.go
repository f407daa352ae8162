package replicatedmap

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"muster/tribes"
	"muster/tribes/javaser"
	"muster/tribes/session"
)

func key(t *testing.T, text string) []byte {
	t.Helper()
	b, err := session.AppendMapKey(nil, text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func stranger(n byte) *session.Member {
	return &session.Member{
		Member: tribes.Member{Host: []byte{192, 0, 2, n}, Port: 4000, SecurePort: -1, UDPPort: -1, ID: tribes.UniqueID{n, 1}},
		Class:  session.MemberImplClass(0x2e21087915506d1c),
	}
}

// What makes no sense is refused with a word, and changes nothing.
func TestMessagesThatMakeNoSense(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t)
		a := w.join("A")
		w.join("B")
		w.ok(a.Create(t.Context(), "S0"))
		w.ok(a.Request(t.Context(), "S0", set("k", "v")))
		number, err := session.AppendMapValue(nil, (&javaser.Boxes{}).Integer(1))
		w.ok(err)
		whole, err := a.whole("S0")
		w.ok(err)
		delta, err := (&session.Delta{SessionID: "other"}).Append(nil)
		w.ok(err)
		many := make([]*session.Member, mostBackups+1)
		for i := range many {
			many[i] = stranger(1)
		}
		for name, m := range map[string]*session.MapMessage{
			"type 0":                    {},
			"type 99":                   {Type: 99, Key: key(t, "S0")},
			"a copy":                    {Type: session.MapCopy, Key: key(t, "S0"), Value: whole},
			"start of nobody":           {Type: session.MapStart},
			"stop of nobody":            {Type: session.MapStop},
			"no key":                    {Type: session.MapProxy},
			"a key that is a number":    {Type: session.MapRemove, Key: number},
			"a key that is no stream":   {Type: session.MapRemove, Key: []byte("S0")},
			"a key that is too long":    {Type: session.MapProxy, Key: key(t, strings.Repeat("x", longestKey+1))},
			"a value that is a number":  {Type: session.MapBackup, Key: key(t, "S0"), Value: number},
			"a value that is no stream": {Type: session.MapBackup, Key: key(t, "S0"), Value: []byte{1}},
			"another session's value":   {Type: session.MapBackup, Key: key(t, "S1"), Value: whole},
			"another session's diff":    {Type: session.MapBackup, Key: key(t, "S0"), Diff: true, DiffValue: delta},
			"a diff that is no stream":  {Type: session.MapBackup, Key: key(t, "S0"), Diff: true, DiffValue: []byte{1}},
			"a diff of nothing here":    {Type: session.MapBackup, Key: key(t, "S9"), Diff: true, DiffValue: delta},
			"access to nothing here":    {Type: session.MapAccess, Key: key(t, "S9")},
			"too many backups":          {Type: session.MapProxy, Key: key(t, "S0"), Nodes: many},
		} {
			invalid := a.Counts().Invalid
			if err := a.HandleMessage(m); err == nil || a.Counts().Invalid != invalid+1 {
				t.Errorf("%s: %v, %d are counted invalid", name, err, a.Counts().Invalid-invalid)
			}
			w.wants("S0", "A primary v A>B, B backup v A>B")
		}
		if a.Len() != 1 || a.Store.Len() != 1 {
			t.Errorf("%d entries, %d sessions are left", a.Len(), a.Store.Len())
		}
		// Requests that make no sense get null, or an error.
		for _, q := range []*session.MapMessage{
			{Type: session.MapRetrieveBackup}, {Type: session.MapRetrieveBackup, Key: number},
			{Type: session.MapRetrieveBackup, Key: key(t, "S9")}, {Type: session.MapStateCopy}, {Type: 99},
		} {
			if answer, _ := a.Answer(q, &stranger(1).Member); answer != nil {
				t.Errorf("%s is answered by %+v", q.Type, answer)
			}
		}
	})
}

// Who is no member of the channel becomes none of the map: it is sent no session.
func TestStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t)
		a := w.join("A")
		if _, err := a.Answer(&session.MapMessage{Type: session.MapStart}, &stranger(1).Member); err != nil {
			t.Fatal(err)
		}
		w.ok(a.HandleMessage(&session.MapMessage{Type: session.MapStart, Primary: stranger(2)}))
		w.ok(a.Create(t.Context(), "S0"))
		w.wants("S0", "A primary empty A>")
		if got := a.Map.Members(); len(got) != 0 {
			t.Errorf("members of the map: %+v", got)
		}
		// A proxy of a stranger's is not fetched from it.
		w.ok(a.HandleMessage(&session.MapMessage{Type: session.MapProxy, Key: key(t, "S1"), Primary: stranger(1), Nodes: []*session.Member{stranger(2), nil}}))
		if err := a.Request(t.Context(), "S1", nil); err == nil {
			t.Error("a session that only strangers have was served")
		}
		if got := w.take(); len(got) != 0 {
			t.Errorf("sent: %v", got)
		}
	})
}

// A flood of entries, or of members that they name, ends at a limit.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t)
		a := w.add("A", Config{Limit: 100})
		if _, err := a.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i := range 200 {
			a.HandleMessage(&session.MapMessage{Type: session.MapProxy, Key: key(t, fmt.Sprint(i)), Primary: stranger(1)})
		}
		if n, c := a.Len(), a.Counts(); n != 100 || c.Refused != 100 {
			t.Errorf("%d entries, %d refused", n, c.Refused)
		}
		// One entry after the other names another member: those before are forgotten.
		refused := a.Counts().Refused
		for i := range 3 * mostPeers {
			p := stranger(1)
			p.Port = int32(i)
			if err := a.HandleMessage(&session.MapMessage{Type: session.MapProxy, Key: key(t, "1"), Primary: p}); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(a.known); n > mostPeers+1 || a.Counts().Refused != refused {
			t.Errorf("%d members are kept, %d refused", n, a.Counts().Refused-refused)
		}
		// All at once they are too many.
		for i := 0; i < 2*mostPeers && a.Counts().Refused == refused; i += mostBackups {
			m := &session.MapMessage{Type: session.MapProxy, Key: key(t, fmt.Sprint(i/mostBackups%100))}
			for k := range mostBackups {
				p := stranger(2)
				p.Port = int32(i + k)
				m.Nodes = append(m.Nodes, p)
			}
			a.HandleMessage(m)
		}
		if len(a.known) > mostPeers+1 || a.Counts().Refused == refused {
			t.Errorf("%d members are kept, none refused", len(a.known))
		}
	})
}

// The class of MemberImpl is that of the peers; a made-up one is not taken.
func TestLearnsTheClassOfItsPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t)
		a := w.join("A")
		w.ok(a.HandleMessage(&session.MapMessage{Type: session.MapStart, Primary: stranger(1)}))
		reply, err := a.Answer(&session.MapMessage{Type: session.MapInit}, &stranger(1).Member)
		if err != nil || reply.Primary.Class.SUID != 0x2e21087915506d1c {
			t.Errorf("%+v, %v", reply, err)
		}
		p := stranger(1)
		p.Class = &javaser.Class{Name: p.Class.Name, SUID: 1, Flags: javaser.Serializable}
		w.ok(a.HandleMessage(&session.MapMessage{Type: session.MapStart, Primary: p}))
		if reply, err = a.Answer(&session.MapMessage{Type: session.MapInit}, &p.Member); err != nil || reply.Primary.Class.SUID != 0x2e21087915506d1c {
			t.Errorf("%+v, %v", reply, err)
		}
	})
}
