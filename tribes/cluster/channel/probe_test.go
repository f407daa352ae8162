package channel

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"muster/tribes"
)

// answering is a server that reads something, then says what it is told.
func answering(t *testing.T, says string, hold bool) netip.AddrPort {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer nc.Close()
				nc.Read(make([]byte, 1000))
				io.WriteString(nc, says)
				if hold {
					io.Copy(io.Discard, nc)
				}
			}()
		}
	}()
	return ln.Addr().(*net.TCPAddr).AddrPort()
}

func TestProbeIsTheFrameOfTomcat(t *testing.T) {
	got := make(chan []byte, 1)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		b, _ := io.ReadAll(nc)
		got <- b
	}()
	x := Probe(context.Background(), ln.Addr().(*net.TCPAddr).AddrPort(), ProbeConfig{})
	if x.Outcome != Written {
		t.Fatalf("%+v", x)
	}
	b, want := <-got, vector(t, "failure-detector-live")
	if len(b) != 199 || len(want) != 199 {
		t.Fatalf("%d bytes, Tomcat's has %d", len(b), len(want))
	}
	data, _, err := tribes.ParseFrame(b, 1000)
	if err != nil {
		t.Fatal(err)
	}
	m, err := tribes.ParseChannelData(data)
	if err != nil {
		t.Fatal(err)
	}
	if m.Options != tribes.ByteMessage || !bytes.Equal(m.Message, []byte(tribes.FailureDetectorTest)) || len(m.ID) != 16 {
		t.Errorf("%+v", m)
	}
}

func TestProbeOutcomes(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing := closed.Addr().(*net.TCPAddr).AddrPort()
	closed.Close()
	for _, c := range []struct {
		name    string
		addr    netip.AddrPort
		want    Outcome
		foreign string
	}{
		{"a receiver", start(t, ReceiverConfig{}).AddrPort(), Acked, ""},
		{"nobody", refusing, Refused, ""},
		{"one that fails", answering(t, tribes.FailAck, true), FailAcked, ""},
		{"one that is silent", answering(t, "", true), NoAck, ""},
		{"one that stops in the middle", answering(t, tribes.Ack[:10], true), NoAck, ""},
		{"one that closes", answering(t, "", false), Closed, ""},
		{"a web server", answering(t, "HTTP/1.1 400 \r\n\r\n", false), Foreign, "HTTP"},
		{"TLS", answering(t, "\x15\x03\x01\x00\x02\x02\x46", false), Foreign, "TLS"},
		{"ssh", answering(t, "SSH-2.0-OpenSSH_9.2\r\n", true), Foreign, "SSH"},
		{"something", answering(t, "\x1b[2J", true), Foreign, ""},
		{"a frame that is no ack", answering(t, string(tribes.AppendFrame(nil, []byte("x"))), true), Foreign, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := Probe(context.Background(), c.addr, ProbeConfig{ReadTest: true, ReadTimeout: 300 * time.Millisecond})
			if x.Outcome != c.want || x.Foreign != c.foreign {
				t.Errorf("%s (%s), want %s (%s): %v", x.Outcome, x.Foreign, c.want, c.foreign, x.Err)
			}
			if x.OK() != (c.want == Acked) || (x.Fail() == nil) != x.OK() {
				t.Errorf("OK %v, Fail %v", x.OK(), x.Fail())
			}
			if c.want != Refused && x.Connect <= 0 {
				t.Error("no connect time")
			}
		})
	}
}

func TestProbeStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	addr := answering(t, "", true)
	done := make(chan Exchange)
	go func() { done <- Probe(ctx, addr, ProbeConfig{ReadTest: true, ReadTimeout: time.Hour}) }()
	select {
	case x := <-done:
		if x.Outcome != Failed || x.Err != context.DeadlineExceeded {
			t.Errorf("%+v", x)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it waits on")
	}
}

func TestSender(t *testing.T) {
	h := &box{}
	r := start(t, ReceiverConfig{Handler: h})
	local := tribes.Member{Host: []byte{127, 0, 0, 1}, Port: 4000, SecurePort: -1, UDPPort: -1}
	var s Sender
	for _, o := range []tribes.Options{1, 3, 7} {
		m := NewMessage(local, o, []byte(o.String()))
		got, err := s.Send(t.Context(), r.AddrPort(), &m)
		if err != nil {
			t.Fatal(err)
		}
		if want := map[bool]Outcome{true: Acked, false: Written}[o&tribes.UseAck != 0]; got.Outcome != want || got.Attempts != 1 {
			t.Errorf("options %s: %+v", o, got)
		}
	}
	wait(t, func() bool { return len(h.taken()) == 3 })

	// A failed one is sent once more, with the same id.
	h.fail = context.DeadlineExceeded
	m := NewMessage(local, 7, []byte("again"))
	got, err := s.Send(t.Context(), r.AddrPort(), &m)
	if err == nil || got.Outcome != FailAcked || got.Attempts != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if n := len(h.taken()); n != 5 {
		t.Errorf("the receiver saw %d messages, want 5", n)
	}

	// One without an ack in time is not: it may have been taken.
	silent := answering(t, "", true)
	s.Timeout = 100 * time.Millisecond
	got, err = s.Send(t.Context(), silent, &m)
	if err == nil || got.Outcome != NoAck || got.Attempts != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}
