package session

import (
	"bytes"
	"testing"

	"muster/tribes"
	"muster/tribes/javaser"
)

const (
	app = "localhost#/app"
	id  = "5E55102A.node1"
	at  = int64(1700000000000)
)

// What is made from nothing is what Tomcat makes, byte for byte.
func TestMadeMessages(t *testing.T) {
	changed, err := NewChangeSessionID(Gen85, app, id, "NEW1D.node2", at)
	if err != nil {
		t.Fatal(err)
	}
	rootCreated := NewCreated(Gen85, "", "ROOTSESS", at)
	rootCreated.UniqueID = "ROOTSESS-1"
	request := NewGetAllSessions(Gen85, app, at)
	request70, err := ParseMessage(one(t, "ser-session70-4").Bytes)
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]*Message{
		"ser-session-SESSION_CREATED":              NewCreated(Gen85, app, id, at),
		"ser-session-SESSION_CREATED-root":         rootCreated,
		"ser-session-SESSION_EXPIRED":              NewExpired(Gen85, app, id, at),
		"ser-session-SESSION_ACCESSED":             NewAccessed(Gen85, app, id, at),
		"ser-session-GET_ALL_SESSIONS":             request,
		"ser-session-SESSION_DELTA":                NewDelta(Gen85, app, id, one(t, "delta-request").Bytes, at),
		"ser-session-ALL_SESSION_DATA":             NewAllSessionData(Gen85, app, one(t, "session-list-one").Bytes, at),
		"ser-session-ALL_SESSION_TRANSFERCOMPLETE": AnswerTransferComplete(request),
		"ser-session-ALL_SESSION_NOCONTEXTMANAGER": AnswerNoContextManager(request),
		"ser-session-CHANGE_SESSION_ID":            changed,
		"ser-session70-4":                          NewGetAllSessions(Gen70, app, at),
		"ser-session70-14":                         AnswerTransferComplete(request70),
		"ser-session70-16":                         AnswerNoContextManager(request70),
	} {
		if b, err := m.Append(nil); err != nil || !bytes.Equal(b, one(t, name).Bytes) {
			t.Errorf("%s: %v\n got %x\nwant %x", name, err, b, one(t, name).Bytes)
		}
	}
	complete := NewTransferComplete(Gen85, app, at)
	if b, err := complete.Append(nil); err != nil || !bytes.Equal(b, one(t, "ser-session-ALL_SESSION_TRANSFERCOMPLETE").Bytes) {
		t.Errorf("NewTransferComplete: %v, %x", err, b)
	}
}

// An answer is of the request's class whatever that class is: a computed
// serialVersionUID of an early version, fields that nobody knows.
func TestAnswerCopiesTheClass(t *testing.T) {
	b := bytes.Replace(one(t, "ser-session70-4").Bytes, []byte("SessionMessageImpl\x00\x00\x00\x00\x00\x00\x00\x01"),
		[]byte("SessionMessageImpl\xf8\x70\x70\xcd\x07\xc3\xe3\xb3"), 1)
	req, err := ParseMessage(b)
	if err != nil || req.SUID() != 0xf87070cd07c3e3b3 {
		t.Fatalf("%x, %v", req.SUID(), err)
	}
	answer, err := AnswerTransferComplete(req).Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := ParseMessage(answer)
	if err != nil || m.SUID() != req.SUID() || m.Timestamp != req.Timestamp || !m.TimestampSet || m.Context != app ||
		m.Data != nil || m.UniqueID != "SESSION-STATE-TRANSFERRED"+app {
		t.Errorf("%+v, %v", m, err)
	}
}

// A request for all contexts, its name null, is answered for all of them.
func TestAnswerToNullContext(t *testing.T) {
	req := NewGetAllSessions(Gen85, "", at)
	req.nulls[0] = true
	b, err := req.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	if req, err = ParseMessage(b); err != nil || !req.AllContexts() {
		t.Fatalf("%+v, %v", req, err)
	}
	if !AnswerTransferComplete(req).AllContexts() || !AnswerNoContextManager(req).AllContexts() {
		t.Error("the answer names a context")
	}
}

func TestMadeRPC(t *testing.T) {
	req, err := ParseRPC(one(t, "ser-rpc-request").Bytes)
	if err != nil {
		t.Fatal(err)
	}
	fresh := &RPC{UUID: req.UUID, ID: req.ID, Message: javaser.NewString("ping")}
	for name, r := range map[string]*RPC{
		"ser-rpc-request":      fresh,
		"ser-rpc-reply":        AnswerRPC(req, javaser.NewString("pong")),
		"ser-rpc-reply-null":   AnswerRPC(req, nil),
		"ser-rpc-norpcchannel": NoRpcChannelReply(req),
	} {
		if b, err := r.Append(nil); err != nil || !bytes.Equal(b, one(t, name).Bytes) {
			t.Errorf("%s: %v\n got %x\nwant %x", name, err, b, one(t, name).Bytes)
		}
	}
}

func TestMadeMapMessages(t *testing.T) {
	for _, name := range []string{"ser-map-INIT", "ser-map-BACKUP", "ser-map-REMOVE", "ser-map-PROXY"} {
		v, err := Parse(one(t, name).Bytes, javaser.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		was := v.(*MapMessage)
		fresh := func(m *Member) *Member {
			if m == nil {
				return nil
			}
			return &Member{Member: m.Member, Class: MemberImplClass(0x8476f37b32953667)}
		}
		m := &MapMessage{Type: was.Type, MapID: was.MapID, Key: was.Key, Value: was.Value, Diff: was.Diff,
			DiffValue: was.DiffValue, Primary: fresh(was.Primary)}
		for _, n := range was.Nodes {
			m.Nodes = append(m.Nodes, fresh(n))
		}
		if m.Primary != nil && len(m.Nodes) > 0 && m.Primary.Same(&m.Nodes[0].Member) {
			t.Fatal("the vector does not tell one object from two")
		}
		if len(m.Nodes) > 0 { // the classes of both are one descriptor
			m.Nodes[0].Class = m.Primary.Class
		}
		if b, err := m.Append(nil); err != nil || !bytes.Equal(b, one(t, name).Bytes) {
			t.Errorf("%s: %v\n got %x\nwant %x", name, err, b, one(t, name).Bytes)
		}
	}
}

// One member that is primary and node is one object, before and after.
func TestMapMessageKeepsIdentity(t *testing.T) {
	m := &Member{Member: tribes.Member{Host: []byte{10, 0, 0, 7}, Port: 4000}, Class: MemberImplClass(1)}
	b, err := (&MapMessage{Type: MapBackup, Primary: m, Nodes: []*Member{m, nil}}).Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := Parse(b, javaser.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	got := v.(*MapMessage)
	if got.Nodes[0] != got.Primary || got.Nodes[1] != nil || bytes.Count(b, []byte("TRIBES-B")) != 1 {
		t.Errorf("%+v", got)
	}
	if _, err := (&MapMessage{Primary: &Member{}}).Append(nil); err == nil {
		t.Error("a member without a class was written")
	}
}

func TestMadeStaticMember(t *testing.T) {
	v, err := Parse(one(t, "ser-static-member-message").Bytes, javaser.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	was := v.(*StaticMember)
	fresh := &StaticMember{Type: StaticStart, MembershipID: was.MembershipID,
		Member: &Member{Member: was.Member.Member, Class: MemberImplClass(was.Member.Class.SUID)}}
	if b, err := fresh.Append(nil); err != nil || !bytes.Equal(b, one(t, "ser-static-member-message").Bytes) {
		t.Errorf("%v\n got %x", err, b)
	}
}
