package view

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"muster/cmd/internal/term"
	"muster/mcast"
	"muster/mcast/traffic"
)

var (
	eth0  = mcast.Interface{Index: 2, Name: "eth0"}
	noon  = time.Date(2026, 11, 21, 12, 0, 0, 123456789, time.Local)
	group = netip.MustParseAddr("239.1.1.1")
)

// datagram is one that n1 sent to the group.
func datagram(payload []byte) *mcast.Datagram {
	return &mcast.Datagram{Payload: payload, Source: netip.MustParseAddrPort("10.77.0.11:4000"), Destination: group, Port: 5000, Interface: 2, TTL: 1, Time: noon}
}

func show(t *testing.T, o DatagramOptions, d *mcast.Datagram) string {
	t.Helper()
	s, out, _ := term.Test("")
	o.Interface = eth0
	p := NewDatagrams(s.Out, o)
	p.Show(d)
	if skipped, err := p.Close(); skipped != 0 || err != nil {
		t.Errorf("%d not shown, %v", skipped, err)
	}
	return out.String()
}

func TestDatagramText(t *testing.T) {
	probe := mcast.Probe{Kind: mcast.ProbeData, Size: mcast.ProbeSize, Stream: 0xabc, Sequence: 7, Sent: noon}.AppendTo(nil)
	const head = "12:00:00.123456 10.77.0.11:4000 > 239.1.1.1:5000 eth0 ttl 1 "
	for _, c := range []struct {
		name    string
		o       DatagramOptions
		payload []byte
		want    string
	}{
		{"text", DatagramOptions{}, []byte("hello"), head + "5 bytes: hello\n"},
		{"empty", DatagramOptions{}, nil, head + "0 bytes\n"},
		{"control characters", DatagramOptions{}, []byte("\x1b[2J\r\x9b"), head + "6 bytes: \\x1b[2J\\r\\x9b\n"},
		{"right to left", DatagramOptions{}, []byte("\u202eabc"), head + "6 bytes: \\u202eabc\n"},
		{"hex", DatagramOptions{Hex: true}, []byte("\x1b"), head + "1 byte: 1b\n"},
		{"none", DatagramOptions{NoPayload: true}, []byte("hello"), head + "5 bytes\n"},
		{"probe", DatagramOptions{}, probe, head + "40 bytes: probe 0000000000000abc 7\n"},
		{"long", DatagramOptions{}, []byte(strings.Repeat("x", 1000)), head + "1000 bytes: " + strings.Repeat("x", 512) + " ... and 488 bytes more\n"},
	} {
		if got := show(t, c.o, datagram(c.payload)); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
	bare := datagram([]byte("x"))
	bare.TTL, bare.Interface, bare.Truncated = -1, 0, true
	if got, want := show(t, DatagramOptions{}, bare), "12:00:00.123456 10.77.0.11:4000 > 239.1.1.1:5000 1 byte (cut): x\n"; got != want {
		t.Errorf("what the system does not tell:\n got %q\nwant %q", got, want)
	}
	zone := datagram([]byte("x"))
	zone.Source = netip.MustParseAddrPort("[fe80::1%eth\x1b]:1")
	if got := show(t, DatagramOptions{}, zone); strings.Contains(got, "\x1b") {
		t.Errorf("a zone moves the cursor: %q", got)
	}
}

func TestDatagramJSON(t *testing.T) {
	var got Datagram
	if err := json.Unmarshal([]byte(show(t, DatagramOptions{JSON: true}, datagram([]byte("\x1bx")))), &got); err != nil {
		t.Fatal(err)
	}
	if got.Type != "datagram" || !got.Time.Equal(noon) || got.Interface != "eth0" || got.Source != "10.77.0.11:4000" ||
		got.Destination != "239.1.1.1:5000" || got.TTL != 1 || got.Bytes != 2 || *got.Payload != `\x1bx` || *got.PayloadHex != "1b78" || got.Probe != nil {
		t.Errorf("got %+v", got)
	}
	probe := mcast.Probe{Kind: mcast.ProbeData, Size: mcast.ProbeSize, Stream: 0xabc, Sequence: 7, Last: true, Sent: noon}.AppendTo(nil)
	line := show(t, DatagramOptions{JSON: true, NoPayload: true}, datagram(probe))
	if !strings.Contains(line, `"probe":{"stream":"0000000000000abc","sequence":7,`) || !strings.Contains(line, `"last":true`) || strings.Contains(line, "payload") {
		t.Errorf("got %s", line)
	}
}

// blocked is a writer that takes nothing until it is let go.
type blocked struct {
	entered, release chan struct{}
	got              int
}

func (b *blocked) Write(p []byte) (int, error) {
	if b.got == 0 {
		close(b.entered)
		<-b.release
	}
	b.got += len(p)
	return len(p), nil
}

// A slow reader holds nobody up: what finds no room is counted.
func TestTailDoesNotWait(t *testing.T) {
	w := &blocked{entered: make(chan struct{}), release: make(chan struct{})}
	tail := term.NewTail(w)
	line := make([]byte, 1<<20)
	add := func(b []byte) []byte { return append(b, line...) }
	tail.Put(add)
	<-w.entered
	for range 20 {
		tail.Put(add)
	}
	close(w.release)
	skipped, err := tail.Close()
	if want := uint64(20 - term.MaxPending/len(line)); skipped != want || err != nil || w.got != (21-int(want))*len(line) {
		t.Errorf("%d not shown, want %d; %d bytes written, %v", skipped, want, w.got, err)
	}
}

func TestRenderTraffic(t *testing.T) {
	tally := traffic.NewTally(noon.Add(-2*time.Second), func(a netip.Addr) bool { return a.Is6() })
	for i := range 3 {
		p := mcast.Probe{Kind: mcast.ProbeData, Size: mcast.ProbeSize, Stream: 1, Sequence: uint64(i * i), Sent: noon}
		d := datagram(p.AppendTo(nil))
		d.Time = noon.Add(time.Duration(i) * time.Second)
		tally.Add(d)
	}
	d := datagram([]byte("hello"))
	d.Source, d.TTL, d.Interface = netip.MustParseAddrPort("[fe80::1%eth0]:1"), -1, 9
	tally.Add(d)
	s, out, _ := term.Test("")
	if err := RenderTraffic(s.Out, false, tally.Report(), TrafficExtra{Interface: eth0, Drops: 7, NotShown: 1, Expected: 3, Seen: 1}); err != nil {
		t.Fatal(err)
	}
	want := "SENDER\tGROUP\tDATAGRAMS\tBYTES\tRATE\tTTL\tINTERFACE\tFIRST\tLAST\tLOST\tLOSS\tDUP\tREORD\tAFTER JOIN\n" +
		"10.77.0.11:4000\t239.1.1.1:5000\t3\t120\t1.00/s\t1\teth0\t12:00:00.123\t12:00:02.123\t2\t40.0%\t0\t0\t2.0s\n" +
		"[fe80::1%eth0]:1 (this host)\t239.1.1.1:5000\t1\t5\t0/s\t-\t9\t12:00:00.123\t12:00:00.123\t-\t-\t-\t-\t-\n" +
		"4 datagrams, 125 bytes, from 2 senders, 1 of them on this host; 3 of other hosts were expected\n" +
		"1 datagram counted but not shown: the output was too slow (-q shows only the rows)\n" +
		"the kernel dropped 7 datagrams that were not read in time\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}

	s, out, _ = term.Test("")
	if err := RenderTraffic(s.Out, true, tally.Report(), TrafficExtra{Interface: eth0, Drops: 7}); err != nil {
		t.Fatal(err)
	}
	var sum TrafficSummary
	if err := json.Unmarshal(out.Bytes(), &sum); err != nil {
		t.Fatal(err)
	}
	if sum.Type != "summary" || sum.Datagrams != 4 || sum.Dropped != 7 || len(sum.Senders) != 2 || sum.Senders[0].Probes.Lost != 2 || sum.Senders[1].Probes != nil {
		t.Errorf("got %+v", sum)
	}
}

func TestNumbers(t *testing.T) {
	for got, want := range map[string]string{
		term.Count(1, "byte"):                 "1 byte",
		term.Count(uint64(0), "byte"):         "0 bytes",
		term.PerSecond(0.5):                   "0.50/s",
		term.PerSecond(12.34):                 "12.3/s",
		term.PerSecond(123456.7):              "123457/s",
		term.Percent(0):                       "0%",
		term.Percent(1):                       "100%",
		term.Percent(0.00001):                 "0.001%",
		term.Percent(0.054):                   "5.40%",
		term.Seconds(350 * time.Microsecond):  "350us",
		term.Seconds(4200 * time.Microsecond): "4.2ms",
		term.Seconds(12 * time.Second):        "12.0s",
		term.Seconds(125 * time.Second):       "2m5s",
		term.Seconds(-350 * time.Microsecond): "-350us",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
