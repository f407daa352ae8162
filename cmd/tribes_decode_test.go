package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"muster/cmd/internal/term"
	"muster/internal/vectors"
)

const vectorFile = "../tribes/testdata/tribes-vectors.json"

// object is one JSON line.
type object map[string]any

func (o object) sub(names ...string) object {
	for _, n := range names {
		m, _ := o[n].(map[string]any)
		o = m
	}
	return o
}

// runDecode runs 'muster tribes decode' and returns its lines but the summary.
func runDecode(t *testing.T, in string, args ...string) (lines []object, summary object, status int) {
	t.Helper()
	s, out, errs := term.Test(in)
	status = Run(context.Background(), append([]string{"tribes", "decode"}, args...), s)
	if errs.Len() > 0 {
		t.Logf("stderr: %s", errs)
	}
	dec := json.NewDecoder(bytes.NewReader(out.Bytes()))
	for {
		var o object
		if err := dec.Decode(&o); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in %s", err, out)
		}
		lines = append(lines, o)
	}
	if len(lines) == 0 || lines[len(lines)-1]["type"] != "summary" {
		t.Fatalf("no summary at the end of %s", out)
	}
	return lines[:len(lines)-1], lines[len(lines)-1], status
}

func hexLines(vs []vectors.Vector) string {
	var b strings.Builder
	for _, v := range vs {
		b.WriteString(v.Hex + "\n")
	}
	return b.String()
}

// What 'tribes decode --hex' prints says all that the vectors say of every
// member, frame and ack.
func TestDecodeReproducesVectors(t *testing.T) {
	vs := vectors.Load(t, vectorFile, "member-", "live-", "ack", "fail-ack", "frame-", "channeldata-",
		"broadcast-datagram", "failure-detector-")
	lines, summary, status := runDecode(t, hexLines(vs), "--hex")
	if status != 0 || len(lines) != len(vs) || summary["inputs"] != float64(len(vs)) {
		t.Fatalf("status %d, %d lines for %d inputs, summary %v", status, len(lines), len(vs), summary)
	}
	for i, v := range vs {
		line := lines[i]
		if line["input"] != float64(i+1) {
			t.Fatalf("line %d is of input %v", i+1, line["input"])
		}
		got := fieldsOf(t, line)
		for name, want := range v.Fields {
			if name == "localName" || name == "localToString" || name == "addrIsTester" || name == "memberAliveResult" {
				continue // of the sender's configuration and of the probe's result, not of the bytes
			}
			if got[name] != want {
				t.Errorf("%s: %s = %v, want %v", v.Name, name, got[name], want)
			}
		}
	}
}

// fieldsOf puts a line into the words of the vectors.
func fieldsOf(t *testing.T, line object) map[string]any {
	t.Helper()
	switch line["type"] {
	case "heartbeat":
		m := line.sub("member")
		markers := map[any]float64{"v0": 8, "v1": 10}[m["generation"]]
		text := line["text"].(string)
		return map[string]any{
			"markerLen": markers, "total": m["bytes"], "bodyLen": m["bytes"].(float64) - 2*markers - 4,
			"alive": m["alive_ms"], "port": m["port"], "securePort": m["secure_port"], "udpPort": m["udp_port"],
			"host": m["host_hex"], "command": m["command_hex"], "domain": m["domain_hex"],
			"uniqueId": m["unique_id"], "payload": m["payload_hex"], "toString": text,
			"name": text[strings.Index(text, "tcp://"):strings.Index(text, ",{")],
		}
	case "frame", "message":
		m := line.sub("message")
		return map[string]any{
			"total": line["bytes"], "dataLen": line["data_bytes"], "options": m["options"],
			"timestamp": m["timestamp_ms"], "uniqueId": m["unique_id"], "addrLen": m.sub("sender")["bytes"],
			"msgLen": m["bytes"], "message": m["message_hex"],
		}
	case "ack":
		return map[string]any{"total": line["bytes"], "payload": "060203"}
	case "fail_ack":
		return map[string]any{"total": line["bytes"], "payload": "0b0005"}
	}
	t.Errorf("line %v", line)
	return nil
}

// Tomcat's own verdict of malformed bytes is that of the exit status.
func TestDecodeBadVectors(t *testing.T) {
	for _, v := range vectors.Load(t, vectorFile, "bad-") {
		lines, _, status := runDecode(t, v.Hex, "--hex")
		wantStatus, wantType := 1, "invalid"
		if v.Fields["valid"].(bool) {
			wantStatus, wantType = 0, "heartbeat"
		}
		if status != wantStatus || len(lines) != 1 || lines[0]["type"] != wantType {
			t.Errorf("%s: status %d, %v; Tomcat: %s", v.Name, status, lines, v.Fields["tomcat"])
		}
		if wantType == "invalid" && lines[0]["error"] == "" {
			t.Errorf("%s: no reason", v.Name)
		}
	}
}

func TestDecodeInputs(t *testing.T) {
	two := vectors.One(t, vectorFile, "two-frames")
	ack := vectors.One(t, vectorFile, "ack")
	beat := vectors.One(t, vectorFile, "member-v1-ipv4-min")
	for _, c := range []struct {
		name   string
		in     string
		args   []string
		want   string // type@offset of each line
		status int
	}{
		{"two frames in one stream", string(two.Bytes), nil, "frame@0 frame@140", 0},
		{"a stream that ends early", string(two.Bytes[:200]), nil, "frame@0 incomplete@140", 0},
		{"frames, acks and heartbeats in one file", string(two.Bytes) + string(ack.Bytes) + string(beat.Bytes), nil,
			"frame@0 frame@140 ack@275 heartbeat@296", 0},
		{"a heartbeat with a tail", string(beat.Bytes) + "JUNK", nil, "heartbeat@0", 0},
		{"nothing", "", nil, "", 0},
		{"text", "GET / HTTP/1.1\r\n", nil, "invalid@0", 1},
		{"a heartbeat is no frame", string(beat.Bytes), []string{"--as", "frames"}, "invalid@0", 1},
		{"a frame is no heartbeat", string(two.Bytes), []string{"--as", "heartbeat"}, "invalid@0", 1},
		{"a message alone", string(two.Bytes[11:133]), []string{"--as", "message"}, "message@0", 0},
		{"a message alone, unasked", string(two.Bytes[11:133]), nil, "message@0", 0},
		{"a message that ends early", string(two.Bytes[11:130]), nil, "incomplete@0", 0},
		{"a frame over the limit", string(two.Bytes), []string{"--max-bytes", "121"}, "invalid@7", 1},
		{"a message over the limit", string(two.Bytes[11:133]), []string{"--max-bytes", "100"}, "invalid@100", 1},
		{"hex with colons, blanks, an empty line and a bad one", "46:4C:54 32\n\n" + ack.Hex + "\r\n0g\n123\n" + ack.Hex, []string{"--hex"},
			"incomplete@0 ack@0 invalid@0 invalid@0 ack@0", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			lines, _, status := runDecode(t, c.in, c.args...)
			var got []string
			for _, l := range lines {
				offset, _ := json.Marshal(l["offset"])
				got = append(got, l["type"].(string)+"@"+string(offset))
			}
			if s := strings.Join(got, " "); s != c.want || status != c.status {
				t.Errorf("status %d, %s, want %d, %s", status, s, c.status, c.want)
			}
		})
	}
}

func TestDecodeUsage(t *testing.T) {
	for _, args := range [][]string{
		{"--as", "xml"}, {"--max-bytes", "0"}, {"--text", "--json"}, {"a", "b"}, {"--nope"},
	} {
		s, _, errs := term.Test("")
		if status := Run(context.Background(), append([]string{"tribes", "decode"}, args...), s); status != 2 {
			t.Errorf("%v: status %d, %s", args, status, errs)
		}
	}
	s, _, errs := term.Test("")
	if status := Run(context.Background(), []string{"tribes", "decode", "/nonexistent/file"}, s); status != 3 {
		t.Errorf("a file that is not there: status %d, %s", status, errs)
	}
}

// Text for people holds no byte that a terminal would obey.
func TestDecodeTextIsSafe(t *testing.T) {
	v := vectors.One(t, vectorFile, "frame-bytes-sync")
	b := bytes.Replace(bytes.Clone(v.Bytes), []byte("sync"), []byte("\x1b[2J"), 1)
	s, out, _ := term.Test(string(b))
	if status := Run(context.Background(), []string{"tribes", "decode", "--text"}, s); status != 0 {
		t.Fatalf("status %d: %s", status, out)
	}
	if strings.Contains(out.String(), "\x1b") || !strings.Contains(out.String(), `\x1b[2J`) {
		t.Errorf("%q", out)
	}
}
