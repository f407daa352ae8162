package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/cmd/internal/term"
	"muster/tribes"
	"muster/tribes/cluster/channel"
	"muster/tribes/javaser"
	"muster/tribes/session"
)

const captures = "../sniff/testdata/captures/"

// The nine steps of a session's life, as a capture shows them: the same lines
// for ever.
func TestSessionsOfCapture(t *testing.T) {
	t.Setenv("TZ", "UTC")
	defer func(l *time.Location) { time.Local = l }(time.Local)
	time.Local = time.UTC
	for _, c := range []struct {
		name string
		args []string
	}{
		{"sessions-delta", []string{captures + "nine-step-delta.pcap"}},
		{"sessions-sync", []string{captures + "nine-step-delta-sync.pcap", "-v"}},
		{"sessions-backup", []string{captures + "nine-step-backup.pcap", "--values"}},
		{"sessions-large", []string{captures + "large-session.pcap"}},
		{"sessions-json", []string{captures + "nine-step-delta.pcap", "--json"}},
	} {
		out, errs, status := runConfigLine(t, "", append([]string{"tribes", "sessions", "--read"}, c.args...)...)
		if status != 0 {
			t.Errorf("%s: status %d: %s", c.name, status, errs)
		}
		configGolden(t, c.name, untimed(out))
	}
}

// untimed takes out of JSON how long it took.
func untimed(out string) string {
	at := strings.LastIndex(out, `"took_ms":`)
	if at < 0 {
		return out
	}
	return out[:at] + "\"took_ms\":0}\n"
}

func TestSessionsUsage(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--watch-only --fetch", "give one of them"},
		{"--fetch-every 10s", "goes with --fetch"},
		{"--fetch --fetch-every 1s", "say 5s or more"},
		{"--expect 0", "say 1 or more"},
		{"--read x -i lo", "--interface is for live captures"},
		{"-d -1s", "say a time longer than 0"},
		{"more", `muster tribes sessions takes no arguments; unexpected: "more"`},
	} {
		_, errs, status := runConfigLine(t, "", append([]string{"tribes", "sessions"}, strings.Fields(c.args)...)...)
		if status != exitUsage || !strings.Contains(errs, c.want) {
			t.Errorf("%s: status %d, %s", c.args, status, errs)
		}
	}
	_, _, status := runConfigLine(t, "", "tribes", "sessions", "--read", captures+"nine-step-delta.pcap", "--expect", "3")
	if status != exitNo {
		t.Errorf("two sessions where three were expected: status %d", status)
	}
}

// stuck is an output that nobody reads: the first write never returns. Only what
// was written before the guest had joined is let through.
type stuck struct {
	mu    sync.Mutex
	first bytes.Buffer
	begun chan struct{}
	once  sync.Once
	until chan struct{}
}

func (s *stuck) Write(b []byte) (int, error) {
	s.once.Do(func() {
		s.mu.Lock()
		s.first.Write(b)
		s.mu.Unlock()
		close(s.begun)
	})
	<-s.until
	return len(b), nil
}

// A guest acks at once, whoever reads its output: here nobody does.
func TestSessionsAckWhileNobodyReads(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	out := &stuck{begun: make(chan struct{}), until: make(chan struct{})}
	defer close(out.until)
	s, _, errs := term.Test("")
	s.Out = &term.Stream{Writer: out, Width: 80}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan int, 1)
	go func() {
		ended <- Run(ctx, []string{"tribes", "sessions", "--json", "-i", "127.0.0.1", "--group", "239.255.77.9", "--port", "45599", "--tcp-port", "0"}, s)
	}()
	select {
	case <-out.begun:
	case status := <-ended:
		t.Fatalf("it ended with %d: %s", status, errs)
	case <-time.After(10 * time.Second):
		t.Fatal("it does not begin")
	}
	out.mu.Lock()
	var first struct{ Receiver string }
	line, _, _ := bytes.Cut(out.first.Bytes(), []byte("\n"))
	err := json.Unmarshal(line, &first)
	out.mu.Unlock()
	to, perr := netip.ParseAddrPort(first.Receiver)
	if err != nil || perr != nil {
		t.Fatalf("%s: %v, %v", line, err, perr)
	}
	// More than the line that is stuck and all that waits behind it can hold.
	var sender channel.Sender
	defer sender.Close()
	local := tribes.Member{Host: []byte{127, 0, 0, 1}, Port: 1, SecurePort: -1, UDPPort: -1, ID: tribes.NewUniqueID()}
	d := session.Delta{SessionID: "S", Actions: []session.Action{{Name: "text", Value: javaser.NewString(strings.Repeat("x", 20<<10))}}}
	data, err := d.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	const messages = 2000
	slowest := time.Duration(0)
	for i := range messages {
		b, err := session.NewDelta(session.Gen85, "localhost#/app", "S", data, int64(i)).Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		m := channel.NewMessage(local, tribes.UseAck|tribes.SynchronizedAck, b)
		r, err := sender.Send(t.Context(), to, &m)
		if err != nil || r.Outcome != channel.Acked {
			t.Fatalf("message %d: %v, %v", i, r, err)
		}
		slowest = max(slowest, r.Answer)
	}
	if slowest > 2*time.Second {
		t.Errorf("one ack took %v", slowest)
	}
	stop()
	select {
	case status := <-ended:
		if status != exitUnknown || !strings.Contains(errs.String(), "nobody reads the output") {
			t.Errorf("status %d: %s", status, errs)
		}
	case <-time.After(20 * time.Second):
		t.Error("it does not end when it is told to")
	}
	t.Logf("%d messages acked, the slowest after %v", messages, slowest)
}
