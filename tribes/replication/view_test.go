package replication

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/verdict"
	"muster/tribes"
	"muster/tribes/decode"
	"muster/tribes/javaser"
	"muster/tribes/session"
)

const app = "localhost#/app"

// wire is a cluster on paper: each message takes a ms.
type wire struct {
	t    *testing.T
	v    *View
	now  time.Time
	opts tribes.Options
}

func newWire(t *testing.T) *wire {
	return &wire{t: t, v: New(Config{}), now: time.UnixMilli(1_800_000_000_000), opts: tribes.Asynchronous}
}

func member(n int) tribes.Member {
	return tribes.Member{Host: []byte{10, 77, 0, byte(10 + n)}, Port: 4000, SecurePort: -1, UDPPort: -1, ID: tribes.UniqueID{byte(n)}}
}

func name(n int) string { return fmt.Sprintf("10.77.0.%d:4000", 10+n) }

type appender interface {
	Append([]byte) ([]byte, error)
}

// send shows the view a message of node from to node to; to 0 is us.
func (w *wire) send(from, to int, m appender) []Event {
	w.t.Helper()
	b, err := m.Append(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	id := tribes.NewUniqueID()
	return w.data(from, to, &tribes.ChannelData{Options: w.opts, Timestamp: w.now.UnixMilli(), ID: id[:], Address: member(from), Message: b})
}

func (w *wire) data(from, to int, c *tribes.ChannelData) []Event {
	s := Seen{Time: w.now.Add(time.Millisecond), Data: c}
	if to > 0 {
		s.To = netip.MustParseAddrPort(name(to))
	}
	content := decode.Message(c)
	s.Content = &content
	w.now = s.Time
	return slices.Clone(w.v.Message(s))
}

func (w *wire) created(from, to int, id string) []Event {
	return w.send(from, to, session.NewCreated(session.Gen85, app, id, w.now.UnixMilli()))
}

func (w *wire) delta(from, to int, id string, actions ...session.Action) []Event {
	w.t.Helper()
	d := session.Delta{SessionID: id, Actions: actions}
	data, err := d.Append(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.send(from, to, session.NewDelta(session.Gen85, app, id, data, w.now.UnixMilli()))
}

func set(name, value string) session.Action {
	return session.Action{Name: name, Value: javaser.NewString(value)}
}

func remove(name string) session.Action { return session.Action{Name: name, Remove: true} }

// beat shows a heartbeat of each node, as often as they come until then.
func (w *wire) beat(d time.Duration, nodes ...int) {
	for end := w.now.Add(d); ; w.now = w.now.Add(500 * time.Millisecond) {
		for _, n := range nodes {
			m := member(n)
			w.v.Heartbeat(&m, w.now)
		}
		if !w.now.Before(end) {
			return
		}
	}
}

func kinds(all []Event) string {
	var out []string
	for _, e := range all {
		out = append(out, string(e.Kind))
	}
	return strings.Join(out, " ")
}

func wantKinds(t *testing.T, what string, all []Event, want string) {
	t.Helper()
	if got := kinds(all); got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func (w *wire) found(ids ...verdict.ID) []verdict.Verdict {
	w.t.Helper()
	all := w.v.Findings(w.now)
	var got []verdict.ID
	for _, v := range all {
		got = append(got, v.ID)
		if v.Saw == "" || len(v.Fix) == 0 || v.Title == "" || len(v.Evidence) == 0 {
			w.t.Errorf("incomplete: %+v", v)
		}
	}
	if !slices.Equal(got, ids) {
		w.t.Errorf("found %v, want %v: %+v", got, ids, all)
	}
	return all
}

func TestLifeOfASession(t *testing.T) {
	w := newWire(t)
	wantKinds(t, "made", w.created(1, 0, "S.n1"), "session_created")
	w.now = w.now.Add(time.Second)
	got := w.delta(1, 0, "S.n1", set("user", "ada"), set("lang", "en"), session.Action{
		Type: session.MaxInactiveInterval, Name: session.MaxInactiveInterval.FixedName(), Value: (&javaser.Boxes{}).Integer(60)})
	wantKinds(t, "changed", got, "session_changed")
	e := got[0]
	if e.Node != name(1) || e.To != "" || e.Context != app || e.SessionID != "S.n1" || !e.Timed || e.Latency != time.Millisecond || e.Unknown || e.Late {
		t.Errorf("%+v", e)
	}
	if len(e.Attributes) != 3 || e.Attributes[0].Class != "java.lang.String" || e.Attributes[0].Bytes != 10 || e.Attributes[0].Action != "set" {
		t.Errorf("%+v", e.Attributes)
	}
	wantKinds(t, "changed again", w.delta(1, 0, "S.n1", remove("lang"), set("user", "grace")), "session_changed")
	c := w.v.Contexts()[0]
	s := c.Find("S.n1")
	if s == nil || !s.Whole || s.Changes != 2 || s.Bytes != 12 || strings.Join(s.Names(), " ") != "user" || s.Node != name(1) {
		t.Fatalf("%+v", s)
	}

	// Another node takes it over.
	wantKinds(t, "taken over", w.send(2, 0, session.NewAccessed(session.Gen85, app, "S.n1", w.now.UnixMilli())), "session_moved session_accessed")
	change, err := session.NewChangeSessionID(session.Gen85, app, "S.n1", "S.n2", w.now.UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	got = w.send(2, 0, change)
	wantKinds(t, "renamed", got, "session_renamed")
	if got[0].NewID != "S.n2" || c.Find("S.n1") != nil || c.Find("S.n2") != s || s.Node != name(2) {
		t.Errorf("%+v", got[0])
	}
	if got := w.v.Holders(s); !slices.Equal(got, []string{name(2), name(1)}) {
		t.Errorf("on %v", got)
	}

	wantKinds(t, "gone", w.send(1, 0, session.NewExpired(session.Gen85, app, "S.n2", w.now.UnixMilli())), "session_expired")
	if w.v.Len() != 0 || w.v.bytes != 0 {
		t.Errorf("%d sessions and %d bytes are left", w.v.Len(), w.v.bytes)
	}
	// What comes late about it does not bring it back.
	got = w.delta(1, 0, "S.n2", set("user", "x"))
	if wantKinds(t, "late", got, "session_changed"); !got[0].Unknown || w.v.Len() != 0 {
		t.Errorf("%+v, %d sessions", got[0], w.v.Len())
	}
	if c.Created != 1 || c.Changed != 3 || c.Accessed != 1 || c.Renamed != 1 || c.Moved != 1 || c.Expired != 1 {
		t.Errorf("%+v", c)
	}
	w.found()
}

// A change that comes before the creation of its session is Tomcat's own race:
// it is named so, and nothing is lost here.
func TestOvertaken(t *testing.T) {
	w := newWire(t)
	w.beat(time.Second, 1, 2)
	got := w.delta(1, 0, "S", set("k", "v"))
	if wantKinds(t, "change", got, "session_changed"); !got[0].Unknown {
		t.Error("a change of no session is not told as one")
	}
	got = w.created(1, 0, "S")
	if wantKinds(t, "creation", got, "session_created"); !got[0].Late {
		t.Error("it is not told that the creation came late")
	}
	s := w.v.Contexts()[0].Find("S")
	if !s.Whole || s.Attributes["k"].Bytes == 0 {
		t.Errorf("the change is lost: %+v", s)
	}
	all := w.found(idRace)
	if v := all[0]; v.Status != verdict.Warn || v.Confidence != verdict.Definite || !strings.Contains(v.Saw, "replication works") {
		t.Errorf("%+v", v)
	}
}

// Made and changed in one request: with options 6 a Tomcat cannot mix them up.
func TestOneRequest(t *testing.T) {
	for _, c := range []struct {
		options tribes.Options
		apart   time.Duration
		changes session.Action
		want    []verdict.ID
	}{
		{tribes.Asynchronous, 0, set("k", "v"), []verdict.ID{idRace}},
		{tribes.UseAck, 0, set("k", "v"), []verdict.ID{idRace}},
		{0, 0, set("k", "v"), []verdict.ID{idRace}},
		{tribes.UseAck | tribes.SynchronizedAck, 0, set("k", "v"), nil},
		{tribes.Asynchronous, time.Second, set("k", "v"), nil},
		{tribes.Asynchronous, 0, session.Action{Type: session.AuthType, Name: session.AuthType.FixedName(), Value: javaser.NewString("BASIC")}, nil},
	} {
		w := newWire(t)
		w.opts = c.options
		w.created(1, 0, "S")
		w.now = w.now.Add(c.apart)
		w.delta(1, 0, "S", c.changes)
		w.found(c.want...)
	}
}

// A capture sees a message once for each receiver, and what they ack.
func TestCopiesAndAcks(t *testing.T) {
	w := newWire(t)
	w.beat(time.Second, 1, 2, 3)
	w.opts = tribes.UseAck | tribes.SynchronizedAck
	b, err := session.NewCreated(session.Gen85, app, "S", w.now.UnixMilli()).Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	id := tribes.NewUniqueID()
	c := &tribes.ChannelData{Options: w.opts, Timestamp: w.now.UnixMilli(), ID: id[:], Address: member(1), Message: b}
	wantKinds(t, "first", w.data(1, 2, c), "session_created")
	wantKinds(t, "copy", w.data(1, 3, c), "")
	s := w.v.Contexts()[0].Find("S")
	if got := w.v.Holders(s); !slices.Equal(got, []string{name(1)}) {
		t.Errorf("before the acks it is on %v", got)
	}
	got := w.v.Answer(Answer{Time: w.now.Add(3 * time.Millisecond), Message: id, Node: name(2), Latency: 4 * time.Millisecond})
	if wantKinds(t, "ack", got, "ack"); got[0].SessionID != "S" || got[0].Latency != 4*time.Millisecond {
		t.Errorf("%+v", got[0])
	}
	wantKinds(t, "fail ack", w.v.Answer(Answer{Time: w.now, Message: id, Node: name(3), Failed: true}), "fail_ack")
	wantKinds(t, "ack of something else", w.v.Answer(Answer{Time: w.now, Message: tribes.NewUniqueID(), Node: name(3)}), "")
	if got := w.v.Holders(s); !slices.Equal(got, []string{name(1), name(2)}) {
		t.Errorf("after them it is on %v", got)
	}
	if w.v.Counts.Messages != 1 || w.v.Counts.Copies != 1 || w.v.Counts.Acks != 1 || w.v.Counts.FailAcks != 1 {
		t.Errorf("%+v", w.v.Counts)
	}
	w.beat(10*time.Second, 1, 2, 3)
	if v := w.found(idMissing)[0]; v.Status != verdict.Warn || !strings.Contains(v.Evidence[0].Value, name(3)) {
		t.Errorf("%+v", v)
	}
}

// A node acks no longer: the session is on one node, and replication has stopped
// while the heartbeats go on.
func TestAcksNoLonger(t *testing.T) {
	for _, before := range []bool{true, false} {
		w := newWire(t)
		w.beat(time.Second, 1, 2)
		w.opts = tribes.UseAck
		b := mustAppend(t, session.NewCreated(session.Gen85, app, "first", w.now.UnixMilli()))
		id := tribes.NewUniqueID()
		w.data(1, 2, &tribes.ChannelData{Options: w.opts, Timestamp: w.now.UnixMilli(), ID: id[:], Address: member(1), Message: b})
		if before {
			w.v.Answer(Answer{Time: w.now, Message: id, Node: name(2)})
		}
		w.created(1, 2, "S")
		w.now = w.now.Add(time.Second)
		w.delta(1, 2, "S", set("k", "v"))
		w.found()
		w.beat(10*time.Second, 1, 2)
		if before {
			for _, v := range w.found(idMissing, idStopped) {
				if v.Status != verdict.Fail || strings.Contains(v.Saw, "first") {
					t.Errorf("%+v", v)
				}
			}
		} else if v := w.found(idStopped)[0]; v.Status != verdict.Warn || v.Confidence != verdict.Hint {
			t.Errorf("a capture of one direction: %+v", v)
		}
		// When its member is gone there is nothing to be missed.
		w.beat(10*time.Second, 1)
		w.found()
	}
}

// A node that was often heard about sessions is silent while it lives.
func TestStopped(t *testing.T) {
	w := newWire(t)
	for range 10 {
		w.beat(time.Second, 1, 2)
		w.created(1, 0, fmt.Sprint("a", w.now.UnixMilli()))
		w.created(2, 0, fmt.Sprint("b", w.now.UnixMilli()))
	}
	w.beat(20*time.Second, 1, 2)
	w.found()
	w.beat(20*time.Second, 1, 2)
	for _, v := range w.found(idStopped, idStopped) {
		if v.Status != verdict.Warn || v.Confidence != verdict.Hint {
			t.Errorf("nobody may be using it: %+v", v)
		}
	}
	w.created(2, 0, "again")
	if v := w.found(idStopped)[0]; v.Confidence != verdict.Likely || v.Subject != name(1) {
		t.Errorf("the other goes on: %+v", v)
	}
	m := member(1)
	w.v.Left(&m, w.now)
	w.found()
}

// A member without heartbeats that is kept for its receiver stands still, or is not
// heard; heard again, it is neither.
func TestSilent(t *testing.T) {
	w := newWire(t)
	w.beat(time.Second, 1, 2)
	w.beat(10*time.Second, 2)
	w.found() // nobody has said that its receiver answers
	m := member(1)
	w.v.Silent(&m, w.now)
	if v := w.found(idPaused)[0]; v.Status != verdict.Warn || v.Subject != name(1) || !strings.Contains(v.Saw, "for 10") {
		t.Errorf("a pause: %+v", v)
	}
	w.v.Heartbeat(&m, w.now.Add(-10*time.Second)) // what is known of it, told again
	w.found(idPaused)
	w.created(1, 0, "S.n1")
	if v := w.found(idOneWay)[0]; v.Status != verdict.Fail || v.Subject != name(1) {
		t.Errorf("it speaks: %+v", v)
	}
	w.beat(time.Second, 1, 2)
	w.found()
	w.beat(10*time.Second, 2)
	w.v.Silent(&m, w.now)
	w.v.Left(&m, w.now)
	w.found()
}

// list is what a node answers to who asks for all sessions.
func (w *wire) list(from, to int, all ...session.Session) (out []Event) {
	w.t.Helper()
	at := w.now.UnixMilli()
	data, err := session.AppendList(nil, all)
	if err != nil {
		w.t.Fatal(err)
	}
	out = append(out, w.send(from, to, session.NewAllSessionData(session.Gen85, app, data, at))...)
	return append(out, w.send(from, to, session.NewTransferComplete(session.Gen85, app, at))...)
}

func held(w *wire, id string, age time.Duration) session.Session {
	return session.Session{
		ID: id, CreationTime: w.now.Add(-age).UnixMilli(), MaxInactive: 60, IsValid: true, HasNotes: true,
		Attributes: []session.SessionAttribute{{Name: "k", Value: javaser.NewString("v")}},
	}
}

// Asked, the members tell what they have; one of them lacks a session.
func TestFetched(t *testing.T) {
	w := newWire(t)
	w.beat(time.Second, 1, 2)
	w.v.Asked(name(1), "", w.now)
	w.v.Asked(name(2), "", w.now)
	old := held(w, "old", time.Hour)
	got := w.list(1, 0, old, held(w, "both", time.Hour), held(w, "new", time.Second))
	if wantKinds(t, "answer", got, "state_sent state_complete"); got[0].Sessions != 3 || !got[1].Timed || got[1].Latency != 2*time.Millisecond {
		t.Errorf("%+v", got)
	}
	w.found()
	w.list(2, 0, held(w, "both", time.Hour))
	v := w.found(idMissing)[0]
	if v.Status != verdict.Fail || !strings.Contains(v.Saw, "old") || strings.Contains(v.Saw, "both") || strings.Contains(v.Saw, "new") {
		t.Errorf("%+v", v)
	}
	// It got it in the end: the next time it names it.
	w.beat(10*time.Second, 1, 2)
	for _, n := range []int{1, 2} {
		w.list(n, 0, old, held(w, "both", time.Hour), held(w, "new", time.Minute))
	}
	w.found()
	s := w.v.Contexts()[0].Find("old")
	if !s.Whole || s.Bytes != 8 || len(w.v.Holders(s)) != 2 {
		t.Errorf("%+v", s)
	}
}

// A state transfer between two others, as a capture shows it.
func TestStateTransfer(t *testing.T) {
	w := newWire(t)
	got := w.send(2, 1, session.NewGetAllSessions(session.Gen85, app, w.now.UnixMilli()))
	if wantKinds(t, "request", got, "state_asked"); got[0].Node != name(2) || got[0].To != name(1) {
		t.Errorf("%+v", got[0])
	}
	w.now = w.now.Add(50 * time.Millisecond)
	got = w.list(1, 2, held(w, "S", time.Minute))
	if got[0].Latency != 51*time.Millisecond || got[1].Latency != 52*time.Millisecond {
		t.Errorf("%v, %v", got[0].Latency, got[1].Latency)
	}
	if h := w.v.Holders(w.v.Contexts()[0].Find("S")); !slices.Equal(h, []string{name(1), name(2)}) {
		t.Errorf("it is on %v", h)
	}
	req, err := session.ParseMessage(mustAppend(t, session.NewGetAllSessions(session.Gen85, "/other", 1)))
	if err != nil {
		t.Fatal(err)
	}
	wantKinds(t, "no context", w.send(1, 2, session.AnswerNoContextManager(req)), "state_none")
}

// A member that says that it has no such context, while others replicate it; a list names a session
// before anybody serves it, which makes nobody move.
func TestAppMissing(t *testing.T) {
	w := newWire(t)
	beat := func(n int) { m := member(n); w.v.Heartbeat(&m, w.now) }
	w.list(1, 3, held(w, "S", time.Minute))
	w.send(3, 2, session.NewGetAllSessions(session.Gen85, app, w.now.UnixMilli()))
	req, err := session.ParseMessage(mustAppend(t, session.NewGetAllSessions(session.Gen85, app, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if got := w.v.NotAnswered(name(2)); !slices.Equal(got, []string{app}) {
		t.Errorf("not answered: %v", got)
	}
	w.send(4, 3, session.AnswerTransferComplete(req)) // a guest, which never has sessions
	beat(1)
	beat(2)
	if findings(w.v.Findings(w.now), idNoApp) != nil {
		t.Error("before it said so")
	}
	w.send(2, 3, session.AnswerNoContextManager(req))
	f := findings(w.v.Findings(w.now), idNoApp)
	if len(f) != 1 || !strings.HasPrefix(f[0].Saw, name(2)+" answered") || strings.Contains(f[0].Saw, name(4)) || w.v.NotAnswered(name(2)) != nil {
		t.Errorf("%+v", f)
	}
	if got := w.delta(3, 1, "S", set("k", "v")); slices.ContainsFunc(got, func(e Event) bool { return e.Kind == Moved }) {
		t.Error("a session moved that was only listed")
	}
	w.created(2, 3, "T") // it was deployed meanwhile
	if findings(w.v.Findings(w.now), idNoApp) != nil {
		t.Error("it has the application now")
	}
}

// aged shows a heartbeat of a node that started so long ago, and of others as they are.
func (w *wire) aged(n int, alive time.Duration) {
	m := member(n)
	m.Generation, m.Alive = tribes.V1, alive.Milliseconds()
	w.v.Heartbeat(&m, w.now)
}

// A node that itself waits for sessions puts the question for its own aside, and answers one for a context that
// nobody has.
func TestWaitingForOthers(t *testing.T) {
	none := func(w *wire, context string) appender {
		req, err := session.ParseMessage(mustAppend(t, session.NewGetAllSessions(session.Gen85, context, 1)))
		if err != nil {
			t.Fatal(err)
		}
		return session.AnswerNoContextManager(req)
	}
	for _, c := range []struct {
		name  string
		alive time.Duration // when it is asked
		play  func(w *wire)
		names []string
		saw   string
	}{
		{"it waits", 20 * time.Second, func(w *wire) { w.send(1, 0, none(w, noContext)) }, []string{noContext, rootContext}, `says nothing of its sessions of "localhost#"`},
		{"it answers nobody", 20 * time.Second, func(*wire) {}, []string{noContext, rootContext}, ""},
		{"it has no such context", 20 * time.Second, func(w *wire) {
			w.send(1, 0, none(w, noContext))
			w.send(1, 0, none(w, rootContext))
		}, []string{noContext, rootContext}, ""},
		{"it answers late", 20 * time.Second, func(w *wire) {
			w.send(1, 0, none(w, noContext))
			m := session.NewGetAllSessions(session.Gen85, rootContext, 1)
			req, err := session.ParseMessage(mustAppend(t, m))
			if err != nil {
				t.Fatal(err)
			}
			w.send(1, 0, session.AnswerTransferComplete(req))
		}, []string{noContext, rootContext}, ""},
		{"it has run for long", time.Hour, func(*wire) {}, nil, ""},
	} {
		w := newWire(t)
		w.aged(1, c.alive)
		w.v.Asked(name(1), "", w.now)
		names := w.v.NotAnswered(name(1))
		if !slices.Equal(names, c.names) {
			t.Errorf("%s: asked by name for %q", c.name, names)
		}
		for range 2 {
			for _, n := range names {
				w.v.Asked(name(1), n, w.now)
			}
		}
		c.play(w)
		w.now = w.now.Add(answerWithin)
		w.aged(1, c.alive+answerWithin)
		f := findings(w.v.Findings(w.now), idState)
		if c.saw == "" && len(f) > 0 || c.saw != "" && (len(f) != 1 || !strings.Contains(f[0].Saw, c.saw) || f[0].Confidence != verdict.Likely) {
			t.Errorf("%s: %+v", c.name, f)
		}
		if slices.ContainsFunc(w.v.Contexts(), func(c *Context) bool { return c.Name == noContext }) {
			t.Errorf("%s: a context that nobody has is listed", c.name)
		}
	}
}

// Two nodes that ask each other, as a capture shows it.
func TestWaitingForEachOther(t *testing.T) {
	for _, c := range []struct {
		name       string
		back, late bool // the second asks too; the first is answered in the end
		want       verdict.Confidence
	}{
		{"both ask", true, false, verdict.Likely},
		{"one asks", false, false, verdict.Hint},
		{"one asks and is answered", false, true, ""},
	} {
		w := newWire(t)
		w.beat(time.Second, 1, 2)
		w.send(2, 1, session.NewGetAllSessions(session.Gen85, app, w.now.UnixMilli()))
		if c.back {
			w.send(1, 2, session.NewGetAllSessions(session.Gen85, app, w.now.UnixMilli()))
		}
		if c.late {
			w.list(1, 2, held(w, "S", time.Minute))
		}
		w.beat(answerWithin, 1, 2)
		f := findings(w.v.Findings(w.now), idState)
		if c.want == "" && len(f) > 0 || c.want != "" && (len(f) != 1 || f[0].Confidence != c.want) {
			t.Errorf("%s: %+v", c.name, f)
		}
	}
}

func findings(all []verdict.Verdict, id verdict.ID) (out []verdict.Verdict) {
	for _, v := range all {
		if v.ID == id {
			out = append(out, v)
		}
	}
	return out
}

func mustAppend(t *testing.T, a appender) []byte {
	t.Helper()
	b, err := a.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Changes as large as all that their session holds.
func TestLargeChanges(t *testing.T) {
	for _, c := range []struct {
		what    string
		changes func(w *wire, i int)
		found   bool
	}{
		{"the same large attribute again and again", func(w *wire, _ int) { w.delta(1, 0, "S", set("all", strings.Repeat("x", 8<<10))) }, true},
		{"small ones of a large session", func(w *wire, i int) {
			if i == 0 {
				w.delta(1, 0, "S", set("all", strings.Repeat("x", 64<<10)))
			}
			w.delta(1, 0, "S", set("n", fmt.Sprint(i)))
		}, false},
		{"small sessions", func(w *wire, i int) { w.delta(1, 0, "S", set("n", fmt.Sprint(i))) }, false},
		{"set and removed", func(w *wire, i int) {
			w.delta(1, 0, "S", set(fmt.Sprint("t", i), strings.Repeat("x", 60<<10)), set("u", strings.Repeat("x", 20<<10)))
			w.delta(1, 0, "S", remove(fmt.Sprint("t", i)), remove("u"))
		}, true},
	} {
		w := newWire(t)
		w.created(1, 0, "S")
		w.now = w.now.Add(time.Second)
		for i := range 6 {
			c.changes(w, i)
		}
		var want []verdict.ID
		if c.found {
			want = []verdict.ID{idDelta}
		}
		t.Log(c.what)
		w.found(want...)
	}
}

// A clock that is off makes every latency wrong by as much.
func TestClock(t *testing.T) {
	for _, off := range []time.Duration{-30 * time.Second, 30 * time.Second, 100 * time.Millisecond} {
		w := newWire(t)
		for i := range 5 {
			m := session.NewCreated(session.Gen85, app, fmt.Sprint("S", i), w.now.UnixMilli())
			id := tribes.NewUniqueID()
			w.data(1, 0, &tribes.ChannelData{Timestamp: w.now.Add(-off).UnixMilli(), ID: id[:], Address: member(1), Message: mustAppend(t, m)})
		}
		if off < time.Second && off > -time.Second {
			w.found()
			continue
		}
		word := map[bool]string{true: "behind", false: "ahead of"}[off > 0]
		if v := w.found(idClock)[0]; !strings.Contains(v.Saw, word) || !strings.Contains(v.Saw, "30") {
			t.Errorf("%+v", v)
		}
	}
}

// What strangers can make a view hold is bounded.
func TestBounds(t *testing.T) {
	w := newWire(t)
	w.v = New(Config{Sessions: 10, Bytes: 2000})
	for i := range 20 {
		w.created(1, 0, fmt.Sprint("S", i))
	}
	if w.v.Len() != 10 || w.v.Counts.Dropped != 10 {
		t.Errorf("%d sessions, %d dropped", w.v.Len(), w.v.Counts.Dropped)
	}
	for i := range 100 {
		w.delta(1, 0, "S0", set(strings.Repeat("n", 50)+fmt.Sprint(i), "v"))
	}
	if w.v.bytes > 2000 {
		t.Errorf("%d bytes", w.v.bytes)
	}
	for i := range 2 * maxContexts {
		w.send(1, 0, session.NewCreated(session.Gen85, fmt.Sprint("/c", i), "S", 1))
	}
	for i := range 2 * maxNodes {
		m := member(1)
		m.Port = int32(5000 + i)
		w.v.Heartbeat(&m, w.now)
	}
	if len(w.v.contexts) > maxContexts || len(w.v.nodes) > maxNodes {
		t.Errorf("%d contexts, %d nodes", len(w.v.contexts), len(w.v.nodes))
	}
	m := newMemory[int, int](3)
	for i := range 10 {
		m.put(i, i)
		m.put(i, i+1)
	}
	m.drop(9)
	if _, ok := m.get(6); ok || len(m.values) != 2 {
		t.Errorf("%v", m.values)
	}
}

// A message that is not what its class promises is told, and dropped.
func TestUnreadable(t *testing.T) {
	w := newWire(t)
	for what, m := range map[string]*session.Message{
		"a delta that is none": session.NewDelta(session.Gen85, app, "S", []byte("xyz"), 1),
		"a delta without data": session.NewDelta(session.Gen85, app, "S", nil, 1),
		"a list that is none":  session.NewAllSessionData(session.Gen85, app, []byte{0xac, 0xed, 0, 5, 0x70}, 1),
		"an event that there is not": func() *session.Message {
			m := session.NewCreated(session.Gen85, app, "S", 1)
			m.Event = 99
			return m
		}(),
	} {
		got := w.send(1, 0, m)
		if wantKinds(t, what, got, "unreadable"); len(got) == 1 && got[0].Err == nil {
			t.Errorf("%s: no reason", what)
		}
	}
	whole := mustAppend(t, session.NewCreated(session.Gen85, app, "S", 1))
	for n := range whole {
		id := tribes.NewUniqueID()
		w.data(1, 0, &tribes.ChannelData{ID: id[:], Address: member(1), Message: whole[:n]})
	}
	if w.v.Len() != 0 {
		t.Errorf("%d sessions of nothing", w.v.Len())
	}
}
