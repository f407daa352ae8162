package session

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"muster/internal/vectors"
	"muster/tribes/javaser"
)

const vectorFile = "../testdata/tribes-vectors.json"

func load(t testing.TB, prefixes ...string) []vectors.Vector {
	t.Helper()
	return vectors.Load(t, vectorFile, prefixes...)
}

func one(t testing.TB, name string) vectors.Vector {
	t.Helper()
	return vectors.One(t, vectorFile, name)
}

type appender interface{ Append([]byte) ([]byte, error) }

// Every object that a Tomcat wrote is read into its type and written again byte
// for byte, and says what the vector says.
func TestObjectVectors(t *testing.T) {
	for _, v := range load(t, "ser-") {
		t.Run(v.Name, func(t *testing.T) {
			got, err := Parse(v.Bytes, javaser.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			want := fieldsOf(t, got)
			for name, field := range v.Fields {
				if have, ok := want[name]; !ok || have != field {
					t.Errorf("%s = %v (%T), want %v", name, have, have, field)
				}
			}
			a, ok := got.(appender)
			if !ok {
				switch got.(type) {
				case *Member, ByteMessage, Session, javaser.Value:
					return // parts of others, written with them
				}
				t.Fatalf("a %T cannot be written", got)
			}
			if again, err := a.Append([]byte("x")); err != nil || !bytes.Equal(again[1:], v.Bytes) {
				t.Errorf("written again: %v\n got %x\nwant %x", err, again, v.Bytes)
			}
		})
	}
}

func suid(v uint64) float64 { return float64(int64(v)) }

func streamText(t *testing.T, b []byte) any {
	t.Helper()
	if b == nil {
		return nil
	}
	v, _, err := javaser.ParseFirst(b, javaser.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return v.(*javaser.String).Text()
}

func hexOrNil(b []byte) any {
	if b == nil {
		return nil
	}
	return hex.EncodeToString(b)
}

// fieldsOf puts an object into the words of the vectors.
func fieldsOf(t *testing.T, got any) map[string]any {
	t.Helper()
	switch m := got.(type) {
	case *Message:
		return map[string]any{
			"class": messageClass, "suid": suid(m.SUID()), "mEvtType": float64(m.Event), "eventTypeString": m.Event.String(),
			"mContextName": m.Context, "mSessionID": m.SessionID, "uniqueId": m.UniqueID, "mSession": hexOrNil(m.Data),
			"serializationTimestamp": float64(m.Timestamp), "timestampSet": m.TimestampSet, "toString": m.String(),
		}
	case *RPC:
		f := map[string]any{"class": m.class.Name, "suid": suid(m.class.SUID), "reply": m.Reply,
			"uuid": hex.EncodeToString(m.UUID), "rpcId": hex.EncodeToString(m.ID), "message": nil}
		if s, ok := m.Message.(*javaser.String); ok {
			f["message"] = s.Text()
		}
		return f
	case *MapMessage:
		f := map[string]any{
			"class": mapMessageClass, "suid": suid(m.class.SUID), "msgtype": float64(m.Type), "typeDesc": "MSG_" + m.Type.String(),
			"mapId": hex.EncodeToString(m.MapID), "key": streamText(t, m.Key), "value": streamText(t, m.Value), "diff": m.Diff,
			"primary": nil, "nodes": nil,
		}
		if m.Primary != nil {
			f["primary"] = m.Primary.ID.String()
		}
		if m.Nodes != nil {
			f["nodes"] = float64(len(m.Nodes))
		}
		return f
	case *StaticMember:
		return map[string]any{"class": staticMessageClass, "suid": suid(m.class.SUID), "msgtype": float64(m.Type),
			"membershipId": hex.EncodeToString(m.MembershipID)}
	case *File:
		return map[string]any{"class": fileClass, "suid": suid(m.class.SUID), "messageNumber": float64(m.Number),
			"dataLength": float64(m.Valid), "data": hex.EncodeToString(m.Data), "totalNrOfMsgs": float64(m.Total),
			"fileName": m.FileName, "contextName": m.Context}
	case *Undeploy:
		f := map[string]any{"class": undeployClass, "suid": suid(m.class.SUID), "timestamp": float64(m.Timestamp),
			"uniqueId": m.UniqueID, "contextName": m.Context, "address": nil}
		if m.Address != nil {
			f["address"] = m.Address.ID.String()
		}
		return f
	case *Member:
		return map[string]any{"class": m.Class.Name, "suid": suid(m.Class.SUID), "len": float64(m.Len())}
	case ByteMessage:
		return map[string]any{"class": byteMessageClass, "suid": suid(0x7f57970a7babe10d)}
	case Session:
		return map[string]any{"class": deltaSessionClass, "suid": suid(0x041d33b9b82ea975), "id": m.ID}
	case *javaser.Enum:
		return map[string]any{"enum": m.Class.Name, "constant": m.Name.Text()}
	}
	t.Fatalf("a %T", got)
	return nil
}

func TestByteMessage(t *testing.T) {
	if b, err := Parse(one(t, "ser-bytemessage").Bytes, javaser.Limits{}); err != nil || string(b.(ByteMessage)) != "abc" {
		t.Errorf("%v, %v", b, err)
	}
}

func TestParseNothing(t *testing.T) {
	if v, err := Parse(nil, javaser.Limits{}); v != nil || err != nil {
		t.Errorf("an empty message is null, not %v, %v", v, err)
	}
}

// FragmentationInterceptor puts bytes behind the object; Tomcat reads none.
func TestParseLeavesWhatFollows(t *testing.T) {
	b := append(bytes.Clone(one(t, "ser-session-GET_ALL_SESSIONS").Bytes), 0)
	if m, err := ParseMessage(b); err != nil || m.Event != GetAllSessions {
		t.Errorf("%v, %v", m, err)
	}
}

func TestParseOnly(t *testing.T) {
	rpc, msg := one(t, "ser-rpc-request").Bytes, one(t, "ser-session-SESSION_DELTA").Bytes
	if _, err := ParseMessage(rpc); err == nil {
		t.Error("an RPC message is no session message")
	}
	if _, err := ParseRPC(msg); err == nil {
		t.Error("a session message is no RPC message")
	}
	if _, err := ParseRPC(rpc[:50]); err == nil {
		t.Error("half a stream is no RPC message")
	}
	if _, err := ParseMessage(nil); err == nil {
		t.Error("null is no session message")
	}
}

// A class of the right name and the wrong shape is an error, never a message
// with zeros in it.
func TestWrongShapes(t *testing.T) {
	for _, c := range []struct{ vector, from, to string }{
		{"ser-session-GET_ALL_SESSIONS", "mEvtType", "mEvtTypo"},
		{"ser-session-GET_ALL_SESSIONS", "mSessionID", "mSessionIX"},
		{"ser-session-GET_ALL_SESSIONS", "J\x00\x16serializationTimestamp", "D\x00\x16serializationTimestamp"},
		{"ser-rpc-request", "\x77\x2b\x00\x00\x00\x00\x10", "\x77\x2b\x00\x00\x00\x00\x30"},
		{"ser-rpc-request", "\x77\x2b\x00\x00\x00\x00\x10", "\x77\x2b\x00\xff\xff\xff\xff"},
		{"ser-map-BACKUP", "msgtype", "msgtypo"},
		{"ser-map-BACKUP", "TRIBES-E", "TRIBES-X"},
		{"ser-map-BACKUP", "\x00\x00\x00\x4d", "\x00\x00\x00\x4c"},
		{"ser-static-member-message", "membershipId", "membershipIx"},
		{"ser-static-member-message", "TRIBES-B", "TRIBES-X"},
		{"ser-file-message", "dataLength", "dataLengtx"},
		{"ser-undeploy-message-noaddr", "address", "addresx"},
		{"ser-memberimpl", "\x00\x00\x00\x4d", "\x00\x00\x00\x40"},
		{"ser-bytemessage", "\x00\x00\x00\x03", "\x00\x00\x00\x02"},
	} {
		b := one(t, c.vector).Bytes
		if !bytes.Contains(b, []byte(c.from)) {
			t.Errorf("%s does not hold %q", c.vector, c.from)
			continue
		}
		b = bytes.Replace(b, []byte(c.from), []byte(c.to), 1)
		if v, err := Parse(b, javaser.Limits{}); err == nil {
			t.Errorf("%s with %q for %q: %+v", c.vector, c.to, c.from, v)
		} else if strings.Contains(err.Error(), "%!") {
			t.Errorf("%s: %v", c.vector, err)
		}
	}
}
