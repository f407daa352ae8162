package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/cmd/internal/term"
	"muster/sniff/capture"
)

const sniffCapture = "../sniff/testdata/captures/loss-30.pcap"

func runSniffCmd(t *testing.T, in string, args ...string) (out, errs string, status int) {
	t.Helper()
	s, o, e := term.Test(in)
	status = Run(context.Background(), append([]string{"sniff"}, args...), s)
	return o.String(), e.String(), status
}

// What -w writes holds the packets that the filter kept, and reads back from
// standard input to the same summary.
func TestSniffPipes(t *testing.T) {
	kept, errs, status := runSniffCmd(t, "", "-r", sniffCapture, "-w", "-", "--filter", "udp port 45564")
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	src, err := capture.NewReader(bytes.NewReader([]byte(kept)))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	var p capture.Packet
	for src.Next(&p) == nil {
		n++
	}
	out, errs, status := runSniffCmd(t, kept, "-r", "-", "--json")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var sum struct {
		Type       string `json:"type"`
		Packets    int    `json:"packets"`
		Heartbeats int    `json:"heartbeats"`
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &sum); err != nil {
		t.Fatal(err)
	}
	if status != 0 || sum.Type != "summary" || n == 0 || sum.Packets != n || sum.Heartbeats != n {
		t.Errorf("%d packets kept; status %d, %+v, %s", n, status, sum, errs)
	}
}

// A verdict that fails is exit status 1 where it was asked for, and only there.
func TestSniffStatus(t *testing.T) {
	for _, test := range []struct {
		args string
		want int
	}{
		{"-r ../sniff/testdata/captures/encrypt-mismatch.pcap", 0},
		{"-r ../sniff/testdata/captures/encrypt-mismatch.pcap --summary", 1},
		{"-r " + sniffCapture + " --summary", 0},
		{"-r " + sniffCapture + " --summary --strict", 1},
		{"-r " + sniffCapture + " --expect 2", 0},
		{"-r " + sniffCapture + " --expect 3", 1},
		{"-r " + sniffCapture + " --summary --top", 2},
		{"-r " + sniffCapture + " --filter (", 2},
		{"-r no-such-file", 3},
	} {
		if _, errs, got := runSniffCmd(t, "", strings.Fields(test.args)...); got != test.want {
			t.Errorf("sniff %s: status %d, want %d\n%s", test.args, got, test.want, errs)
		}
	}
}

// Values of session attributes are shown on demand only.
func TestSniffValues(t *testing.T) {
	if _, err := os.Stat("../sniff/testdata/captures/nine-step-delta.pcap"); err != nil {
		t.Fatal(err)
	}
	const file = "../sniff/testdata/captures/nine-step-delta.pcap"
	hidden, _, _ := runSniffCmd(t, "", "-r", file)
	shown, _, _ := runSniffCmd(t, "", "-r", file, "--values")
	if !strings.Contains(hidden, "set k (java.lang.String, ") || strings.Contains(hidden, "set k = ") {
		t.Error("without --values an attribute is not its name, type and size")
	}
	if !strings.Contains(shown, "set k = ") {
		t.Error("--values shows no value")
	}
}

// With the key of an encrypted cluster its sessions are read; with another that is said,
// and judged.
func TestSniffEncrypted(t *testing.T) {
	const file = "../sniff/testdata/captures/encrypted.pcap"
	key := filepath.Join(t.TempDir(), "key")
	for _, test := range []struct {
		key, want, never string
		status           int
	}{
		{"cafebabecafebabecafebabecafebabe", "message SESSION-DELTA", "message encrypted", 0},
		{"00febabecafebabecafebabecafebabe", "with the key given it does not decrypt", "SESSION", 1},
	} {
		if err := os.WriteFile(key, []byte(test.key+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		out, errs, status := runSniffCmd(t, "", "-r", file, "--encryption-key-file", key, "--strict")
		if !strings.Contains(out, test.want) || strings.Contains(out, test.never) || status != test.status {
			t.Errorf("status %d, want %d, and %q:\n%s%s", status, test.status, test.want, out, errs)
		}
	}
}
