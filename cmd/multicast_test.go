package cmd

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"muster/cmd/internal/term"
	"muster/mcast"
	"muster/mcast/traffic"
)

// A wrong command line ends with 2 and says what to write instead, before any
// interface is looked for.
func TestWrongMulticastCommandLines(t *testing.T) {
	for line, want := range map[string]string{
		"send":                                    "an argument is missing: write muster send GROUP [MESSAGE|-] (see 'muster send --help')",
		"send 10.0.0.1 x":                         "10.0.0.1 is not a multicast address",
		"send 239.1.1.1 a b":                      `one argument too many: "b"; write muster send GROUP [MESSAGE|-]`,
		"send 239.1.1.1 x --probe":                "leave the message out",
		"send 239.1.1.1 --probe --size 39":        "say 40 to 65507",
		"send [ff15::1]:5 --probe --size 65528":   "say 40 to 65527",
		"send 239.1.1.1 x --size 0":               "say 1 to 65507",
		"send 239.1.1.1 message --size 3":         "the message has 7 bytes",
		"send 239.1.1.1 x --rate 0":               "say datagrams a second",
		"send 239.1.1.1 x --rate -1":              "say datagrams a second",
		"send 239.1.1.1 x --rate NaN":             "say datagrams a second",
		"send 239.1.1.1 x --rate Inf":             "say datagrams a second",
		"send 239.1.1.1 x --rate 10G":             "say datagrams a second",
		"send 239.1.1.1 x --rate 1 --interval 1s": "give one",
		"send 239.1.1.1 x --interval 0s":          "--interval 0s: say a time longer than 0",
		"send 239.1.1.1 x -d -1s":                 "--duration -1s: say a time longer than 0",
		"send 239.1.1.1 x -c -1":                  `--count "-1": say a whole number from 0`,
		"send 239.1.1.1 x --ttl 256":              "--ttl 256: say 0 to 255",
		"send 239.1.1.1 x --dscp 64":              "none of 0 to 63",
		"listen":                                  "an argument is missing: write muster listen GROUP...",
		"listen 239.1.1.1 eth0":                   `"eth0" is no IP address`,
		"listen 239.255.255.255+2":                "pass the end",
		"listen 239.1.1.1 -d 0s":                  "--duration 0s",
		"listen 239.1.1.1 --expect 0":             "--expect 0",
		"listen 239.1.1.1 --expect 65537":         "say 1 to 10000 others",
		"listen 239.1.1.1 --hex --no-payload":     "exclude each other",
		"listen 239.1.1.1 --read-buffer 0":        "--read-buffer 0",
		"node a b":                                `one argument too many: "b"; write muster node [MESSAGE]`,
		"node --group 239.1.1.1+2":                "one group and one port",
		"node --port 0":                           "one group and one port",
		"node --ttl -1":                           "--ttl -1",
		"node -c -1":                              "--count -1",
		"node -d 0s":                              "--duration 0s",
		"node --group 239.1.1.1:99999":            "not a number from 1 to 65535",
	} {
		s, out, errOut := term.Test("")
		status := Run(t.Context(), strings.Fields(line), s)
		if status != exitUsage || !strings.Contains(errOut.String(), want) || out.Len() > 0 {
			t.Errorf("%s: status %d, stdout %q, stderr %q, want 2 and %q", line, status, out, errOut, want)
		}
	}
}

func TestSendPlan(t *testing.T) {
	for _, c := range []struct {
		line     string
		rate     float64
		count    uint64
		duration time.Duration
		to       int
	}{
		{"239.1.1.1", 1, 1, 0, 1},
		{"239.1.1.1 -c 5", 1, 5, 0, 1},
		{"239.1.1.1 -c 0", 1, 0, 0, 1}, // without end
		{"239.1.1.1 -c 5 --interval 100ms", 10, 5, 0, 1},
		{"239.1.1.1 --interval 2s", 0.5, 0, 0, 1},
		{"239.1.1.1 --rate 10k", 10000, 0, 0, 1},
		{"239.1.1.1 --rate max -d 3s", traffic.Unlimited, 0, 3 * time.Second, 1},
		{"239.1.1.1+4", 4, 1, 0, 4},
		{"239.1.1.1+4 --interval 1s -c 2", 4, 2, 0, 4},
		{"239.1.1.1+4 --rate 2", 2, 0, 0, 4},
	} {
		s, _, _ := term.Test("")
		cmd := newSendCmd(&app{Streams: s})
		if err := cmd.ParseFlags(strings.Fields(c.line)); err != nil {
			t.Fatal(err)
		}
		get := func(name string) string { return cmd.Flags().Lookup(name).Value.String() }
		interval, _ := time.ParseDuration(get("interval"))
		duration, _ := time.ParseDuration(get("duration"))
		count, _ := cmd.Flags().GetUint64("count")
		o := sendOptions{count: count, interval: interval, rate: get("rate"), duration: duration, ttl: 1}
		g, err := mcast.ParseGroup(cmd.Flags().Arg(0))
		if err != nil {
			t.Fatal(err)
		}
		p, err := o.plan(cmd, g, nil)
		if err != nil || p.Rate != c.rate || p.Count != c.count || p.Duration != c.duration || len(p.To) != c.to {
			t.Errorf("%s: %+v, %v", c.line, p, err)
		}
	}
}

func TestSendPayload(t *testing.T) {
	g := mcast.Group{Addr: mcast.NodeGroup, Count: 1}
	for _, c := range []struct {
		name string
		o    sendOptions
		args []string
		in   string
		want string // "" for an error
	}{
		{"none", sendOptions{}, nil, "", "muster"},
		{"argument", sendOptions{}, []string{"hi"}, "", "hi"},
		{"standard input", sendOptions{}, []string{"-"}, "a\nb\x00", "a\nb\x00"},
		{"repeated", sendOptions{size: 5}, []string{"ab"}, "", "ababa"},
		{"too long", sendOptions{}, []string{"-"}, strings.Repeat("x", 65508), ""},
		{"nothing to repeat", sendOptions{size: 5}, []string{""}, "", ""},
	} {
		got, err := c.o.payload(c.args, bytes.NewBufferString(c.in), g)
		if string(got) != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
}

func TestListenVerdict(t *testing.T) {
	for _, c := range []struct {
		name      string
		o         listenOptions
		end       traffic.End
		datagrams uint64
		expecting bool
		met       bool
		want      int
	}{
		{"Ctrl-C without a bound", listenOptions{}, traffic.Stopped, 0, false, true, exitOK},
		{"Ctrl-C before the count", listenOptions{count: 5}, traffic.Stopped, 4, false, true, exitInterrupted},
		{"Ctrl-C before the time", listenOptions{duration: 1}, traffic.Stopped, 4, false, true, exitInterrupted},
		{"Ctrl-C before the senders", listenOptions{}, traffic.Stopped, 4, true, false, exitInterrupted},
		{"Ctrl-C when all senders were heard", listenOptions{duration: 1}, traffic.Stopped, 4, true, true, exitOK},
		{"Ctrl-C when all senders were heard, before the count", listenOptions{count: 5}, traffic.Stopped, 4, true, true, exitInterrupted},
		{"count", listenOptions{count: 5}, traffic.Reached, 5, false, true, exitOK},
		{"time, nothing asked for", listenOptions{duration: 1}, traffic.Elapsed, 0, false, true, exitOK},
		{"time, too few datagrams", listenOptions{duration: 1, count: 5}, traffic.Elapsed, 4, false, true, exitNo},
		{"time, too few senders", listenOptions{duration: 1}, traffic.Elapsed, 4, true, false, exitNo},
		{"time, enough senders", listenOptions{duration: 1}, traffic.Elapsed, 4, true, true, exitOK},
		{"count of too few senders", listenOptions{count: 4}, traffic.Reached, 4, true, false, exitNo},
	} {
		if got := exitStatus(c.o.verdict(c.end, traffic.Report{Datagrams: c.datagrams}, c.expecting, c.met)); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// The host's own name is the message of a node that was given none.
func TestNodeStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, out, errOut := term.Test("")
	cancel() // Ctrl-C before it began: it still says its word, and leaves
	if status := Run(ctx, []string{"node", "-i", loopbackName(t), "--group", "239.77.3.1", "--port", "34345", "--ttl", "0"}, s); status != exitOK {
		t.Errorf("status %d, stderr %q", status, errOut)
	}
	if !strings.HasPrefix(out.String(), "Sending message: ") {
		t.Errorf("stdout %q", out)
	}
}

func loopbackName(t *testing.T) string {
	i, err := mcast.FindInterface("127.0.0.1", mcast.NodeGroup)
	if err != nil {
		t.Skipf("no loopback: %v", err)
	}
	return i.Name
}
