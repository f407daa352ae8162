package cmd

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"muster/cmd/internal/term"
	"muster/internal/vectors"
	"muster/tribes"
)

// Every Java stream of the vectors says in JSON what the vector says it holds.
func TestDecodeReproducesObjects(t *testing.T) {
	vs := vectors.Load(t, vectorFile, "ser-", "delta-", "session-")
	lines, summary, status := runDecode(t, hexLines(vs), "--hex")
	if status != 0 || len(lines) != len(vs) || summary["java"] != float64(len(vs)) {
		t.Fatalf("status %d, %d lines, %v", status, len(lines), summary)
	}
	for i, v := range vs {
		got := objectFields(lines[i])
		for name, want := range v.Fields {
			have, told := got[name]
			if !told && (name == "toString" || name == "data") {
				continue // put together below; in the plain view
			}
			if !reflect.DeepEqual(have, want) {
				t.Errorf("%s: %s = %v, want %v in %v", v.Name, name, have, want, lines[i])
			}
		}
		if s := lines[i].sub("session"); s != nil && v.Fields["toString"] != nil {
			if text := fmt.Sprintf("%s#%s#%s", s["event_name"], s["context"], s["session_id"]); text != v.Fields["toString"] {
				t.Errorf("%s: %s", v.Name, text)
			}
		}
	}
}

// objectFields puts a java line into the words of the vectors.
func objectFields(l object) map[string]any {
	f := map[string]any{"class": l["class"], "suid": l["serial_version_uid"]}
	if s := l.sub("session"); s != nil {
		f["mEvtType"], f["eventTypeString"], f["mContextName"] = s["event"], s["event_name"], s["context"]
		f["mSessionID"], f["sessionId"], f["uniqueId"] = s["session_id"], s["session_id"], s["unique_id"]
		f["recordAllActions"] = s["record_all_actions"]
		f["timestampSet"] = s["timestamp_ms"] != nil
		f["serializationTimestamp"] = s["timestamp_ms"]
		if s["timestamp_ms"] == nil {
			f["serializationTimestamp"] = 0.0
		}
		f["value"] = s["new_session_id"]
		f["mSession"] = nil
		if data, ok := l.sub("value", "fields")["mSession"].(map[string]any); ok {
			f["mSession"] = data["hex"]
		}
		var actions []any
		for _, list := range []string{"attributes", "changes"} {
			all, _ := s[list].([]any)
			for _, a := range all {
				a := object(a.(map[string]any))
				types := map[any]float64{nil: 0, "is_new": 2, "max_inactive_interval": 3, "auth_type": 4}
				action := 0.0
				if a["action"] == "remove" {
					action = 1
				}
				actions = append(actions, map[string]any{"type": types[a["type"]], "action": action, "name": a["name"], "value": a["value"]})
			}
		}
		f["count"] = float64(len(actions))
		f["actions"] = actions
	}
	if r := l.sub("rpc"); r != nil {
		f["reply"], f["uuid"], f["rpcId"] = r["reply"], r["uuid"], r["id_hex"]
		f["message"] = r.orNil("message", "java", "value")
	}
	if m := l.sub("map"); m != nil {
		f["msgtype"], f["mapId"], f["diff"] = m["type"], m["map_hex"], m["diff"]
		f["typeDesc"] = "MSG_" + fmt.Sprint(m["type_name"])
		f["key"], f["value"] = m.orNil("key", "value"), m.orNil("value", "value")
		f["primary"] = m.orNil("primary", "unique_id")
		f["nodes"] = nil
		if nodes, ok := m["nodes"].([]any); ok {
			f["nodes"] = float64(len(nodes))
		}
	}
	if m := l.sub("member"); m != nil {
		f["len"] = m["bytes"]
	}
	if m := l.sub("static_member"); m != nil {
		f["msgtype"], f["membershipId"] = m["type"], m["membership_id_hex"]
	}
	if m := l.sub("file"); m != nil {
		f["messageNumber"], f["dataLength"], f["totalNrOfMsgs"] = m["number"], m["bytes"], m["total"]
		f["fileName"], f["contextName"] = m["file_name"], m["context"]
	}
	if m := l.sub("undeploy"); m != nil {
		f["timestamp"], f["uniqueId"], f["contextName"], f["address"] = m["timestamp_ms"], m["unique_id"], m["context"], m["address"]
	}
	if all, ok := l["sessions"].([]any); ok {
		s := object(all[0].(map[string]any))
		f["count"], f["id"], f["maxInactiveInterval"] = float64(len(all)), s["id"], s["max_inactive_interval_s"]
		if s["created"] == "2023-11-14T22:13:20Z" {
			f["creationTime"] = 1700000000000.0
		}
		attributes := map[string]any{}
		for _, a := range s["attributes"].([]any) {
			a := object(a.(map[string]any))
			attributes[a["name"].(string)] = a["value"]
		}
		f["attributes"] = attributes
	} else if l["class"] == "java.lang.Integer" { // session-list-empty
		f["count"] = l["value"]
	}
	if strings.HasSuffix(fmt.Sprint(l["class"]), "$State") {
		f["enum"], f["constant"] = l["class"], l["value"]
	}
	return f
}

func (o object) orNil(names ...string) any {
	last := len(names) - 1
	return o.sub(names[:last]...)[names[last]]
}

// The key is read from a file, and only from a file.
func TestDecodeEncrypted(t *testing.T) {
	v := vectors.One(t, vectorFile, "encrypt-gcm128")
	address, _, err := tribes.ParseMember(vectors.One(t, vectorFile, "member-v1-ipv4-min").Bytes)
	if err != nil {
		t.Fatal(err)
	}
	c := tribes.ChannelData{Options: tribes.ByteMessage, Timestamp: v.Int(t, "timestamp"), ID: make([]byte, 16), Address: address, Message: v.Bytes}
	frame, err := c.AppendFrameTo(nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key := file("key", v.Text(t, "key")+"\n")
	lines, _, status := runDecode(t, string(frame), "--encryption-key-file", key)
	m := lines[0].sub("message")
	if status != 0 || m["text"] != "attack at dawn" || m.sub("encryption")["algorithm"] != "AES/GCM/NoPadding" || m.sub("encryption")["timestamped"] != true {
		t.Errorf("status %d, %v", status, m)
	}
	lines, summary, status := runDecode(t, string(frame), "--encryption-key-file", file("other", strings.Repeat("00", 16)))
	if m = lines[0].sub("message"); status != 1 || m["kind"] != "encrypted" || m["error"] == nil || summary["errors"] != 1.0 {
		t.Errorf("another key: status %d, %v", status, lines)
	}
	for name, c := range map[string]struct {
		args   []string
		status int
	}{
		"no file":            {[]string{"--encryption-key-file", filepath.Join(dir, "none")}, 3},
		"no hex":             {[]string{"--encryption-key-file", file("text", "sesame")}, 3},
		"a key too short":    {[]string{"--encryption-key-file", file("short", "0011")}, 3},
		"a refused mode":     {[]string{"--encryption-key-file", key, "--encryption-algorithm", "AES/ECB/PKCS5Padding"}, 2},
		"an algorithm alone": {[]string{"--encryption-algorithm", "AES/GCM/NoPadding"}, 2},
	} {
		s, _, errs := term.Test(string(frame))
		if status := Run(context.Background(), append([]string{"tribes", "decode"}, c.args...), s); status != c.status || strings.Contains(errs.String(), "sesame") {
			t.Errorf("%s: status %d, %s", name, status, errs)
		}
	}
}

// Text for people, line by line.
func TestDecodeText(t *testing.T) {
	for name, want := range map[string]string{
		"frame-get-all-sessions": `offset 0: frame, 484 bytes: session, message of 349 bytes, options async
  from 192.168.0.101:4000, id 000102030405060708090a0b0c0d0e0f, alive 10035 ms
  message id aaabacadaeaf40b1b2b3b4b5b6b7b8b9
  event 4 SESSION-GET-ALL, context localhost#/app, session GET-ALL, at 2023-11-14T22:13:20Z, class version 2
0 heartbeats, 1 frames, 0 acks, 0 failure acks, 0 Java streams, 0 incomplete, 0 invalid
`,
		"delta-request": `offset 0: java, 311 bytes
  changes of session 5E55102A.node1
    set user = "alíce" (java.lang.String)
    set count = 7 (java.lang.Integer)
    remove old
    set max inactive interval = 1800 (java.lang.Integer)
    set is new = false (java.lang.Boolean)
    set auth type = "BASIC" (java.lang.String)
0 heartbeats, 0 frames, 0 acks, 0 failure acks, 1 Java streams, 0 incomplete, 0 invalid
`,
		"ser-map-REMOVE": `offset 0: java, 341 bytes: org.apache.catalina.tribes.tipis.AbstractReplicatedMap$MapMessage
  map localhost#/app-map, message 4 REMOVE
    key "5E55102A.node1"
0 heartbeats, 0 frames, 0 acks, 0 failure acks, 1 Java streams, 0 incomplete, 0 invalid
`,
	} {
		s, out, _ := term.Test(string(vectors.One(t, vectorFile, name).Bytes))
		if status := Run(context.Background(), []string{"tribes", "decode", "--text"}, s); status != 0 || out.String() != want {
			t.Errorf("%s: status %d\n got %s\nwant %s", name, status, out, want)
		}
	}
}

// Names and values of a session may be anything: no byte of them reaches a
// terminal as it came, in either form.
func TestDecodeObjectsAreSafe(t *testing.T) {
	v := vectors.One(t, vectorFile, "delta-request")
	hostile := strings.Replace(v.Hex, hex.EncodeToString([]byte("BASIC")), hex.EncodeToString([]byte("\x1b[2J\x07")), 1)
	hostile = strings.Replace(hostile, hex.EncodeToString([]byte("\x00\x05count")), hex.EncodeToString([]byte("\x00\x05\xe2\x80\xaeco")), 1)
	for _, args := range [][]string{{"--hex"}, {"--hex", "--text"}} {
		s, out, _ := term.Test(hostile)
		if status := Run(context.Background(), append([]string{"tribes", "decode"}, args...), s); status != 0 {
			t.Errorf("status %d: %s", status, out)
		}
		if strings.ContainsAny(out.String(), "\x1b\x07\u202e") || !strings.Contains(out.String(), `\u202e`) {
			t.Errorf("%q", out)
		}
	}
}
