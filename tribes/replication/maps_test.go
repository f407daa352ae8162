package replication

import (
	"slices"
	"testing"
	"time"

	"muster/internal/verdict"
	"muster/tribes"
	"muster/tribes/decode"
	"muster/tribes/javaser"
	"muster/tribes/session"
)

var implClass = session.MemberImplClass(0x8476f37b32953667)

func mapMember(n int) *session.Member {
	return &session.Member{Member: member(n), Class: implClass}
}

// entry is a message of the map of app about the session id.
func entry(t *testing.T, typ session.MapType, id string, primary int, backups ...int) *session.MapMessage {
	t.Helper()
	key, err := javaser.Append(nil, javaser.NewString(id))
	if err != nil {
		t.Fatal(err)
	}
	m := &session.MapMessage{Type: typ, MapID: []byte(app + "-map"), Key: key, Primary: mapMember(primary), Nodes: []*session.Member{}}
	for _, n := range backups {
		m.Nodes = append(m.Nodes, mapMember(n))
	}
	return m
}

func (w *wire) whole(m *session.MapMessage, s session.Session) *session.MapMessage {
	w.t.Helper()
	o, err := s.Object(session.DeltaSessionClass(0x041d33b9b82ea975))
	if err != nil {
		w.t.Fatal(err)
	}
	if m.Value, err = javaser.Append(nil, o); err != nil {
		w.t.Fatal(err)
	}
	return m
}

func (w *wire) rpc(from, to int, m *session.MapMessage, reply bool, uuid byte) []Event {
	w.t.Helper()
	o, err := m.Object()
	if err != nil {
		w.t.Fatal(err)
	}
	return w.send(from, to, &session.RPC{Reply: reply, UUID: slices.Repeat([]byte{uuid}, 16), ID: m.MapID, Message: o})
}

// A session of a replicated map: made on one node with its backup on a second,
// a third is told where it lives, and serves it later.
func TestMapSession(t *testing.T) {
	w := newWire(t)
	w.beat(time.Second, 1, 2, 3)
	got := w.send(1, 2, w.whole(entry(t, session.MapBackup, "S", 1, 2), held(w, "S", 0)))
	if wantKinds(t, "backup", got, "session_created"); got[0].Manager != Backup || got[0].Context != app || !slices.Equal(got[0].Nodes, []string{name(2)}) || len(got[0].Attributes) != 1 {
		t.Errorf("%+v", got[0])
	}
	wantKinds(t, "proxy", w.send(1, 3, entry(t, session.MapProxy, "S", 1, 2)), "session_placed")
	s := w.v.Contexts()[0].Find("S")
	if got := w.v.Holders(s); !slices.Equal(got, []string{name(1), name(2)}) {
		t.Errorf("on %v", got)
	}
	d := session.Delta{SessionID: "S", Actions: []session.Action{set("more", "x")}}
	diff := entry(t, session.MapBackup, "S", 1, 2)
	diff.Diff = true
	var err error
	if diff.DiffValue, err = d.Append(nil); err != nil {
		t.Fatal(err)
	}
	if got = w.send(1, 2, diff); got[0].Kind != Changed || len(s.Attributes) != 2 {
		t.Errorf("%+v, %v", got, s.Attributes)
	}

	// The third serves it: it asks for it, and is its primary from then on.
	wantKinds(t, "fetch", w.rpc(3, 1, entry(t, session.MapRetrieveBackup, "S", 1), false, 7), "session_fetched")
	got = w.rpc(1, 3, w.whole(entry(t, session.MapRetrieveBackup, "S", 1), held(w, "S", 0)), true, 7)
	if wantKinds(t, "answer", got, "session_fetched"); got[0].Latency != time.Millisecond || !got[0].Timed {
		t.Errorf("%+v", got[0])
	}
	wantKinds(t, "moved", w.send(3, 1, w.whole(entry(t, session.MapBackup, "S", 3, 1), held(w, "S", 0))), "session_moved session_changed")
	if got := w.v.Holders(s); !slices.Equal(got, []string{name(3), name(1)}) {
		t.Errorf("on %v", got)
	}
	wantKinds(t, "used", w.send(3, 1, entry(t, session.MapAccess, "S", 3, 1)), "session_accessed")
	w.found()

	// Its backup is lost, and no other node is named.
	wantKinds(t, "placed", w.send(3, 2, entry(t, session.MapProxy, "S", 3)), "session_placed")
	w.beat(10*time.Second, 1, 2, 3)
	if v := w.found(idMissing)[0]; v.Status != verdict.Fail {
		t.Errorf("%+v", v)
	}
	wantKinds(t, "end", w.send(3, 1, entry(t, session.MapRemove, "S", 3)), "session_expired")
	w.found()
}

// Nodes that come and go, and the state of a map.
func TestMapState(t *testing.T) {
	w := newWire(t)
	if w.rpc(1, 0, &session.MapMessage{Type: session.MapPing, MapID: []byte(app + "-map")}, false, 1); w.v.Counts.Pings != 1 || len(w.v.Contexts()) != 1 {
		t.Errorf("%+v", w.v.Counts)
	}
	start := &session.MapMessage{Type: session.MapStart, MapID: []byte(app + "-map"), Primary: mapMember(2)}
	wantKinds(t, "start", w.rpc(2, 1, start, false, 2), "map_started")
	wantKinds(t, "its answer", w.rpc(1, 2, start, true, 2), "")
	state := &session.MapMessage{Type: session.MapState, MapID: []byte(app + "-map")}
	wantKinds(t, "question", w.rpc(2, 1, state, false, 3), "state_asked")
	var err error
	if state.Value, err = session.AppendMapList(nil, []*session.MapMessage{entry(t, session.MapProxy, "S1", 1, 2), entry(t, session.MapProxy, "S2", 1, 2)}); err != nil {
		t.Fatal(err)
	}
	got := w.rpc(1, 2, state, true, 3)
	if wantKinds(t, "answer", got, "state_sent"); got[0].Sessions != 2 || !got[0].Timed || w.v.Len() != 2 {
		t.Errorf("%+v, %d sessions", got[0], w.v.Len())
	}
	wantKinds(t, "stop", w.send(2, 1, &session.MapMessage{Type: session.MapStop, MapID: []byte(app + "-map"), Primary: mapMember(2)}), "map_stopped")
}

// FuzzMessage: whatever a message says, the view stays within its bounds and its
// counts agree.
func FuzzMessage(f *testing.F) {
	w := newWire(nil)
	for _, a := range []appender{
		session.NewCreated(session.Gen85, app, "S", 1), session.NewGetEverySession(session.Gen70, 1), session.NewExpired(session.Gen85, app, "S", 1),
		&session.MapMessage{Type: session.MapStop, MapID: []byte(app + "-map"), Primary: mapMember(2)},
	} {
		b, err := a.Append(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, byte(1))
	}
	f.Fuzz(func(t *testing.T, b []byte, from byte) {
		v := New(Config{Sessions: 10, Bytes: 1000})
		for i := range byte(3) {
			c := &tribes.ChannelData{Timestamp: 1, ID: []byte{i}, Address: member(int(from%4) + 1), Message: b}
			content := decode.Message(c)
			for _, e := range v.Message(Seen{Time: w.now, Data: c, Content: &content}) {
				if e.Kind == "" || e.Node == "" {
					t.Fatalf("%+v", e)
				}
			}
		}
		if v.Len() > 10 || v.bytes > 1000 || v.bytes < 0 {
			t.Fatalf("%d sessions, %d bytes", v.Len(), v.bytes)
		}
		v.Findings(w.now)
	})
}
