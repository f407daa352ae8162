//go:build unix

package channel

import (
	"io"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/tribes"
)

// A peer that takes messages and never acks costs each its time, no more: it is
// sent once, and the outcome says it.
func TestPeerThatNeverAcks(t *testing.T) {
	at := scripted(t, func(_ int, nc net.Conn) {
		if readFrame(nc) {
			io.Copy(io.Discard, nc)
		}
	})
	s := Sender{Timeout: 100 * time.Millisecond}
	defer s.Close()
	for range 3 {
		r, err := s.Send(t.Context(), at, data(tribes.UseAck, "x"))
		if r.Outcome != NoAck || r.Attempts != 1 || err == nil || !strings.Contains(err.Error(), "sent no ack within the time") {
			t.Fatalf("%s after %d attempts: %v", r.Outcome, r.Attempts, err)
		}
	}
}

// A peer that acks each message twice is found out also by one who sends without
// a pause, and before many messages counted as delivered for it.
func TestPeerThatAlwaysAcksTwice(t *testing.T) {
	at := scripted(t, func(_ int, nc net.Conn) {
		for readFrame(nc) {
			if _, err := io.WriteString(nc, tribes.Ack); err != nil {
				return
			}
			if _, err := io.WriteString(nc, tribes.Ack); err != nil {
				return
			}
		}
	})
	s := Sender{Timeout: time.Second}
	defer s.Close()
	const all = 200
	for i := range all {
		if _, err := s.Send(t.Context(), at, data(tribes.UseAck, "x")); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	if n := s.Strays(); n < all/peekEach/2 {
		t.Errorf("%d of %d stray acks were seen", n, all)
	}
}

// A peer that hangs up after every possible part of a frame has said nothing.
func TestSenderThatClosesAtEveryByte(t *testing.T) {
	var b box
	r := start(t, ReceiverConfig{Handler: &b})
	frame := message(tribes.UseAck, "hello")
	for cut := range len(frame) {
		if got := say(t, r, frame[:cut]); len(got) != 0 {
			t.Fatalf("cut at %d: %q came back", cut, got)
		}
	}
	if st := r.Stats(); st.Messages != 0 || st.Acks != 0 || st.Broken != uint64(len(frame)-1) {
		t.Errorf("%+v", st)
	}
	if got := say(t, r, frame); string(got) != tribes.Ack || len(b.taken()) != 1 {
		t.Errorf("afterwards %q, %d messages", got, len(b.taken()))
	}
}

// Ten thousand connections that say nothing leave a receiver at work, within its
// own bound of connections and with little memory.
func TestTenThousandIdleConnections(t *testing.T) {
	all := 10_000
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if room := int(min(limit.Cur, 1<<20)) - defaultMaxConns - 200; room < all {
		all = max(room, 100)
		t.Logf("only %d: this process may open %d files", all, limit.Cur)
	}
	r := start(t, ReceiverConfig{Handler: &box{}})
	before, held := runtime.NumGoroutine(), heap()
	open := make([]net.Conn, 0, all)
	defer func() {
		for _, nc := range open {
			nc.Close()
		}
	}()
	d := net.Dialer{KeepAlive: -1}
	for range all {
		nc, err := d.DialContext(t.Context(), "tcp", r.AddrPort().String())
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, nc)
	}
	wait(t, func() bool { return r.Stats().Accepted == uint64(all) })
	if st := r.Stats(); st.Open > defaultMaxConns || st.Evicted != uint64(max(all-defaultMaxConns, 0)) {
		t.Errorf("%+v", st)
	}
	wait(t, func() bool { return runtime.NumGoroutine() <= before+defaultMaxConns+5 })
	if more := heap() - held; more > 64<<20 {
		t.Errorf("%d MB for connections that say nothing", more>>20)
	}
	if got := say(t, r, message(tribes.UseAck, "still there")); string(got) != tribes.Ack {
		t.Errorf("%q", got)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
