package channel

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"muster/tribes"
)

// vector returns the bytes of an entry of the test vectors.
func vector(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("../../testdata/tribes-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct{ Name, Hex string }
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		if v.Name == name {
			b, err := hex.DecodeString(v.Hex)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
	}
	t.Fatalf("no vector %s", name)
	return nil
}

// box is a Handler that keeps what it is given.
type box struct {
	mu   sync.Mutex
	got  []string
	fail error
}

func (b *box) HandleMessage(_ context.Context, m *Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, string(m.Message))
	return b.fail
}

func (b *box) taken() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.got)
}

// start runs a Receiver on a loopback port of its own.
func start(t testing.TB, cfg ReceiverConfig) *Receiver {
	t.Helper()
	cfg.Addr = netip.MustParseAddr("127.0.0.1")
	r, err := Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if n := held(&r.memory); n != 0 {
			t.Errorf("%d bytes of the budget are held after the end", n)
		}
	})
	return r
}

// say sends p on a new connection, says that no more comes, and returns all
// that comes back until the receiver closes.
func say(t testing.TB, r *Receiver, p []byte) []byte {
	t.Helper()
	nc, err := net.Dial("tcp", r.AddrPort().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(10 * time.Second))
	nc.Write(p)
	nc.(*net.TCPConn).CloseWrite()
	back, err := io.ReadAll(nc)
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("the receiver did not close the connection")
	}
	return back
}

func message(o tribes.Options, text string) []byte {
	id := tribes.UniqueID{1}
	m := tribes.ChannelData{
		Options: o, ID: id[:], Message: []byte(text),
		Address: tribes.Member{Host: []byte{10, 77, 0, 11}, Port: 4000, SecurePort: -1, UDPPort: -1},
	}
	b, err := m.AppendFrameTo(nil)
	if err != nil {
		panic(err)
	}
	return b
}

func TestAckExactlyWhatAsks(t *testing.T) {
	for _, c := range []struct {
		options tribes.Options
		fail    error
		want    string
	}{
		{tribes.ByteMessage, nil, ""},
		{0, nil, ""},
		{tribes.Asynchronous, errors.New("no"), ""},
		{tribes.SynchronizedAck, nil, ""},
		{tribes.SynchronizedAck, errors.New("no"), ""},
		{tribes.UseAck, nil, tribes.Ack},
		{tribes.UseAck, errors.New("no"), tribes.Ack}, // before the processing
		{tribes.UseAck | tribes.SynchronizedAck, nil, tribes.Ack},
		{tribes.UseAck | tribes.SynchronizedAck, errors.New("no"), tribes.FailAck},
	} {
		h := &box{fail: c.fail}
		r := start(t, ReceiverConfig{Handler: h})
		if got := say(t, r, message(c.options, "hello")); string(got) != c.want {
			t.Errorf("options %s, handler says %v: %q came back, want %q", c.options, c.fail, got, c.want)
		}
		if got := h.taken(); !slices.Equal(got, []string{"hello"}) {
			t.Errorf("options %s: handler got %q", c.options, got)
		}
	}
}

// The plain ack comes before the processing, so it comes also while that takes
// for ever.
func TestPlainAckDoesNotWait(t *testing.T) {
	release := make(chan struct{})
	r := start(t, ReceiverConfig{Handler: HandlerFunc(func(context.Context, *Message) error { <-release; return nil })})
	nc, err := net.Dial("tcp", r.AddrPort().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	defer close(release)
	nc.SetDeadline(time.Now().Add(10 * time.Second))
	nc.Write(message(tribes.UseAck, "x"))
	got := make([]byte, len(tribes.Ack))
	if _, err := io.ReadFull(nc, got); err != nil || string(got) != tribes.Ack {
		t.Fatalf("%q, %v", got, err)
	}
}

func TestRealFrames(t *testing.T) {
	for _, c := range []struct {
		name, want string
		taken      int
	}{
		{"failure-detector-live", "", 0},
		{"failure-detector-live-readtest", tribes.Ack, 0},
		{"failure-detector-live@7.0", "", 0},
		{"frame-tcp-ping", "", 0},
		{"frame-bytes-ack", tribes.Ack, 1},
		{"two-frames", tribes.Ack, 2},
		{"frame-get-all-sessions", "", 1},
		{"frame-norpcchannel", "", 1},
		{"frame-static-MEMBER_START", "", 1},
		{"ack", "", 0},
		{"fail-ack", "", 0},
	} {
		h := &box{}
		r := start(t, ReceiverConfig{Handler: h})
		if got := say(t, r, vector(t, c.name)); string(got) != c.want {
			t.Errorf("%s: %q came back, want %q", c.name, got, c.want)
		}
		if n := len(h.taken()); n != c.taken {
			t.Errorf("%s: the handler got %d messages, want %d", c.name, n, c.taken)
		}
		if n := r.Stats().Broken; n != 0 {
			t.Errorf("%s: counted as broken", c.name)
		}
	}
}

func TestBrokenBytesCloseTheConnection(t *testing.T) {
	huge := append([]byte("FLT2002"), 0x7f, 0xff, 0xff, 0xff)
	for _, c := range []struct {
		name, says string
		bytes      []byte
	}{
		{"wrong end", "not TLF2003", vector(t, "bad-frame-bad-end-marker")},
		{"no address", "begin marker", vector(t, "bad-frame-address-length-0")},
		{"junk before", "not FLT2002", vector(t, "bad-frame-garbage-prefix")},
		{"huge length", "more than the limit", huge},
		{"negative length", "negative", append([]byte("FLT2002"), 0xff, 0xff, 0xff, 0xf0)},
		{"empty frame", "options", vector(t, "frame-empty-data")},
		{"half a frame", "middle of a frame", vector(t, "frame-bytes-ack")[:60]},
		{"TLS", "it speaks TLS", []byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")},
		{"HTTP", "it speaks HTTP", []byte("GET / HTTP/1.1\r\n\r\n")},
		{"a heartbeat", "heartbeats", vector(t, "member-v1-ipv4-min")},
		{"escape sequences", ".[2J.[31m", []byte("\x1b[2J\x1b[31m")},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log syncBuffer
			r := start(t, ReceiverConfig{Handler: &box{}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if got := say(t, r, c.bytes); len(got) != 0 {
				t.Errorf("%q came back", got)
			}
			if n := r.Stats().Broken; n != 1 {
				t.Errorf("%d connections counted as broken", n)
			}
			if !strings.Contains(log.String(), c.says) {
				t.Errorf("the log does not say %q:\n%s", c.says, log.String())
			}
		})
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// piped serves one end of an in-memory connection.
func piped(t testing.TB, cfg ReceiverConfig) (net.Conn, *Receiver, chan struct{}) {
	r := newReceiver(cfg)
	ours, theirs := net.Pipe()
	c := newConn(r, theirs, netip.MustParseAddrPort("10.0.0.1:1000"))
	r.conns.add(c)
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.serve(context.Background())
	}()
	return ours, r, done
}

func TestSplitAnywhere(t *testing.T) {
	h := &box{}
	nc, _, done := piped(t, ReceiverConfig{Handler: h})
	all := slices.Concat(message(1, "one"), message(1, strings.Repeat("x", 10000)), message(1, "three"))
	for _, b := range all {
		nc.Write([]byte{b})
	}
	nc.Close()
	<-done
	got := h.taken()
	if len(got) != 3 || got[0] != "one" || len(got[1]) != 10000 || got[2] != "three" {
		t.Errorf("got %d messages", len(got))
	}
}

func TestSlowPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nc, r, done := piped(t, ReceiverConfig{})
		frame := message(1, strings.Repeat("x", 1000))
		nc.Write(frame) // then idle, which is allowed
		time.Sleep(24 * time.Hour)
		nc.Write(frame[:20])
		begun := time.Now()
		<-done
		if took := time.Since(begun); took != frameSilence {
			t.Errorf("half a frame was kept for %s, want %s", took, frameSilence)
		}
		if r.Stats().Broken != 1 {
			t.Error("not counted")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		nc, _, done := piped(t, ReceiverConfig{})
		frame := message(1, strings.Repeat("x", 1000))
		begun := time.Now()
		for i := range frame { // a byte each 20 s
			if _, err := nc.Write(frame[i : i+1]); err != nil {
				break
			}
			time.Sleep(20 * time.Second)
		}
		<-done
		if took := time.Since(begun); took > frameTimeout+20*time.Second {
			t.Errorf("a dribbled frame was kept for %s", took)
		}
	})
}

// A peer that never reads its acks must not hold the goroutine.
func TestPeerThatDoesNotReadAcks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nc, _, done := piped(t, ReceiverConfig{})
		defer nc.Close()
		nc.Write(message(tribes.UseAck, "x"))
		<-done
	})
}

func TestMemoryIsBounded(t *testing.T) {
	const limit = 1 << 20
	r := start(t, ReceiverConfig{Handler: &box{}, MemoryLimit: limit})
	var open []net.Conn
	defer func() {
		for _, nc := range open {
			nc.Close()
		}
	}()
	part := message(1, strings.Repeat("x", 400<<10))
	part = part[:len(part)-1]
	var over atomic.Bool
	for range 10 { // each holds its frame open
		nc, err := net.Dial("tcp", r.AddrPort().String())
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, nc)
		nc.Write(part)
		if held(&r.memory) > limit {
			over.Store(true)
		}
	}
	wait(t, func() bool { return r.Stats().Broken >= 7 })
	if over.Load() {
		t.Error("more than the limit was held")
	}
	// Small messages still come through.
	if got := say(t, r, message(tribes.UseAck, "small")); string(got) != tribes.Ack {
		t.Errorf("%q", got)
	}
}

func wait(t testing.TB, until func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !until(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not come about within 20 s")
		}
	}
}

func TestIdleConnectionsAreBounded(t *testing.T) {
	const most, all = 50, 1000
	r := start(t, ReceiverConfig{Handler: &box{}, MaxConns: most})
	before := runtime.NumGoroutine()
	var open []net.Conn
	defer func() {
		for _, nc := range open {
			nc.Close()
		}
	}()
	for range all {
		nc, err := net.Dial("tcp", r.AddrPort().String())
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, nc)
	}
	wait(t, func() bool { return r.Stats().Accepted == all })
	if n := r.Stats().Open; n > most {
		t.Errorf("%d connections are open, want %d at most", n, most)
	}
	wait(t, func() bool { return runtime.NumGoroutine() <= before+most+5 })
	if got := say(t, r, message(tribes.UseAck, "still there")); string(got) != tribes.Ack {
		t.Errorf("%q", got)
	}
}

func TestConnSetSparesOtherHosts(t *testing.T) {
	var s connSet
	s.init(10)
	host := func(n byte, port uint16) *conn {
		return &conn{peer: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, n}), port)}
	}
	good := host(1, 1)
	s.add(good)
	for port := range uint16(1000) {
		if out := s.add(host(2, port)); out != nil && out.peer.Addr() == good.peer.Addr() {
			t.Fatal("the host with one connection lost it to the host with many")
		}
	}
	if s.len() != 10 {
		t.Errorf("%d connections", s.len())
	}
	for n := range byte(100) { // one each: whoever was there first stays
		if out := s.add(host(100+n, 1)); out == good {
			t.Fatal("the first one lost its connection")
		}
	}
}

func TestAutoBind(t *testing.T) {
	loop := netip.MustParseAddr("127.0.0.1")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).AddrPort().Port()
	r, err := Listen(ReceiverConfig{Addr: loop, Port: port, AutoBind: 100})
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	if got := r.AddrPort().Port(); got <= port || int(got) >= int(port)+100 {
		t.Errorf("port %d for one that begins at %d", got, port)
	}
	_, err = Listen(ReceiverConfig{Addr: loop, Port: port, AutoBind: 1})
	if err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("a taken port: %v", err)
	}
	if me := fmt.Sprintf("(pid %d)", os.Getpid()); runtime.GOOS == "linux" && !strings.Contains(err.Error(), me) {
		t.Errorf("it does not name the process that has it, %s: %v", me, err)
	}
	_, err = Listen(ReceiverConfig{Addr: netip.MustParseAddr("192.0.2.1"), Port: port, AutoBind: 100})
	if err == nil || !strings.Contains(err.Error(), "192.0.2.1") {
		t.Errorf("an address that is not ours: %v", err)
	}
}

func TestDatagram(t *testing.T) {
	cast := vector(t, "broadcast-datagram")
	for _, c := range []struct {
		name  string
		bytes []byte
		own   bool
		want  int
	}{
		{"one frame", cast, false, 1},
		{"two frames", slices.Concat(cast, cast), false, 2},
		{"a frame and a heartbeat", slices.Concat(cast, vector(t, "member-v1-ipv4-min")), false, 1},
		{"half a frame", cast[:50], false, 0},
		{"our own", cast, true, 0},
		{"an ack", []byte(tribes.Ack), false, 0},
	} {
		h := &box{}
		r := newReceiver(ReceiverConfig{Handler: h, Own: func(*tribes.Member) bool { return c.own }})
		r.Datagram(t.Context(), c.bytes, netip.AddrPort{})
		if n := len(h.taken()); n != c.want {
			t.Errorf("%s: %d messages, want %d", c.name, n, c.want)
		}
	}
}

func FuzzReceiver(f *testing.F) {
	for _, name := range []string{"two-frames", "frame-bytes-ack", "ack", "bad-frame-garbage-prefix", "frame-get-all-sessions"} {
		f.Add(vector(f, name))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		nc, r, done := piped(t, ReceiverConfig{Handler: &box{}, FrameLimit: 1 << 16})
		go func() {
			nc.SetWriteDeadline(time.Now().Add(5 * time.Second))
			nc.Write(p)
			nc.Close()
		}()
		io.Copy(io.Discard, nc)
		<-done
		if n := held(&r.memory); n != 0 {
			t.Fatalf("%d bytes are held after the end", n)
		}
	})
}
