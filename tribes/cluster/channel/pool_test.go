package channel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/tribes"
)

func data(o tribes.Options, text string) *tribes.ChannelData {
	m := NewMessage(tribes.Member{Host: []byte{127, 0, 0, 1}, Port: 1, SecurePort: -1, UDPPort: -1}, o|tribes.ByteMessage, []byte(text))
	return &m
}

func TestOneCallerKeepsTheOrder(t *testing.T) {
	for _, o := range []tribes.Options{0, tribes.UseAck, tribes.UseAck | tribes.SynchronizedAck, tribes.Asynchronous} {
		t.Run(o.String(), func(t *testing.T) {
			var b box
			r := start(t, ReceiverConfig{Handler: &b})
			var s Sender
			defer s.Close()
			var want []string
			for i := range 500 {
				want = append(want, fmt.Sprint(i))
				if _, err := s.Send(t.Context(), r.AddrPort(), data(o, want[i])); err != nil {
					t.Fatal(err)
				}
			}
			wait(t, func() bool { return len(b.taken()) == len(want) })
			if !slices.Equal(b.taken(), want) {
				t.Error("the messages came in another order")
			}
			if n := r.Stats().Accepted; n != 1 {
				t.Errorf("they came over %d connections", n)
			}
		})
	}
}

func TestCallersSendSideBySide(t *testing.T) {
	const callers = 8
	var inside sync.WaitGroup
	inside.Add(callers)
	r := start(t, ReceiverConfig{Handler: HandlerFunc(func(context.Context, *Message) error {
		inside.Done()
		inside.Wait() // all are in here at once, or this never ends
		return nil
	})})
	var s Sender
	defer s.Close()
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			if _, err := s.Send(t.Context(), r.AddrPort(), data(tribes.UseAck|tribes.SynchronizedAck, "x")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := r.Stats().Accepted; n != callers {
		t.Errorf("%d connections", n)
	}
}

func TestPoolSizeBoundsConnections(t *testing.T) {
	r := start(t, ReceiverConfig{Handler: &box{}})
	s := Sender{PoolSize: 2}
	defer s.Close()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := s.Send(t.Context(), r.AddrPort(), data(tribes.UseAck, "x")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	wait(t, func() bool { return r.Stats().Messages == 50 }) // a plain ack comes before the message is handed on
	if st := r.Stats(); st.Accepted > 2 {
		t.Errorf("%d connections", st.Accepted)
	}
}

// A receiver that restarts closes what was kept: the next message goes over a
// new connection, also one that nobody acks.
func TestKeptConnectionThatWasClosed(t *testing.T) {
	var b box
	r := start(t, ReceiverConfig{Handler: &b})
	var s Sender
	defer s.Close()
	if _, err := s.Send(t.Context(), r.AddrPort(), data(0, "first")); err != nil {
		t.Fatal(err)
	}
	wait(t, func() bool { return len(b.taken()) == 1 })
	at := r.AddrPort()
	r.Close()
	var ln net.Listener
	wait(t, func() bool { // until the closed connections are known here
		s.pool.mu.Lock()
		defer s.pool.mu.Unlock()
		return !s.pool.peers[at].idle[0].peek.quiet()
	})
	ln, err := net.Listen("tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	got := make(chan []byte, 1)
	go func() {
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		buf := make([]byte, 4096)
		n, _ := nc.Read(buf)
		got <- buf[:n]
	}()
	rc, err := s.Send(t.Context(), at, data(0, "second"))
	if err != nil || rc.Attempts != 1 {
		t.Fatalf("%+v, %v", rc, err)
	}
	if b := <-got; !strings.Contains(string(b), "second") {
		t.Errorf("the new receiver got %q", b)
	}
}

// scripted is a receiver that does with each connection, by number, what it is
// told.
func scripted(t *testing.T, serve func(n int, nc net.Conn)) netip.AddrPort {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for n := 0; ; n++ {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer nc.Close()
				serve(n, nc)
			}()
		}
	}()
	return ln.Addr().(*net.TCPAddr).AddrPort()
}

// readFrame reads one frame.
func readFrame(nc net.Conn) bool {
	var buf []byte
	for {
		if _, _, err := tribes.ParseFrame(buf, 1<<20); err == nil {
			return true
		} else if !errors.Is(err, tribes.ErrIncomplete) {
			return false
		}
		more := make([]byte, 4096)
		n, err := nc.Read(more)
		if err != nil {
			return false
		}
		buf = append(buf, more[:n]...)
	}
}

// An ack that nobody asked for, or a second one, must not be taken for that of
// the next message.
func TestStrayAcksSatisfyNothing(t *testing.T) {
	for name, o := range map[string]tribes.Options{"acked twice": tribes.UseAck, "acked unasked": 0} {
		t.Run(name, func(t *testing.T) {
			said := make(chan struct{}, 4)
			at := scripted(t, func(n int, nc net.Conn) {
				if !readFrame(nc) {
					return
				}
				if n == 0 {
					io.WriteString(nc, tribes.Ack)
					if o != 0 {
						io.WriteString(nc, tribes.Ack)
					}
					said <- struct{}{}
					readFrame(nc) // and never an ack again
				}
				io.Copy(io.Discard, nc)
			})
			s := Sender{Timeout: 300 * time.Millisecond}
			defer s.Close()
			if _, err := s.Send(t.Context(), at, data(o, "first")); err != nil {
				t.Fatal(err)
			}
			<-said
			wait(t, func() bool {
				s.pool.mu.Lock()
				defer s.pool.mu.Unlock()
				e := s.pool.peers[at]
				return e == nil || len(e.idle) == 0 || !e.idle[0].peek.quiet() && time.Duration(monotonic()-e.idle[0].idle) > peekAfter
			})
			rc, err := s.Send(t.Context(), at, data(tribes.UseAck, "second"))
			if err == nil || rc.Outcome != NoAck {
				t.Errorf("the second message, which nobody acked: %s, %v", rc.Outcome, err)
			}
		})
	}
}

// A message whose ack does not come is sent once; its connection is not used
// again, so that the late ack meets nobody.
func TestLateAckIsNotTheNextOne(t *testing.T) {
	release := make(chan struct{})
	at := scripted(t, func(n int, nc net.Conn) {
		if !readFrame(nc) {
			return
		}
		if n == 0 {
			<-release
			io.WriteString(nc, tribes.Ack)
			return
		}
		io.WriteString(nc, tribes.FailAck)
		io.Copy(io.Discard, nc)
	})
	s := Sender{Timeout: 200 * time.Millisecond, Retries: -1}
	defer s.Close()
	rc, _ := s.Send(t.Context(), at, data(tribes.UseAck, "first"))
	if rc.Outcome != NoAck || rc.Attempts != 1 {
		t.Errorf("first: %s after %d attempts", rc.Outcome, rc.Attempts)
	}
	close(release)
	if rc, _ = s.Send(t.Context(), at, data(tribes.UseAck, "second")); rc.Outcome != FailAcked {
		t.Errorf("second: %s", rc.Outcome)
	}
}

// A peer that hangs up at every possible byte of its ack loses no message that
// it acked, and gets one resend of any other.
func TestPeerThatClosesAtEveryByte(t *testing.T) {
	for cut := range len(tribes.Ack) + 1 {
		at := scripted(t, func(n int, nc net.Conn) {
			if readFrame(nc) {
				io.WriteString(nc, tribes.Ack[:cut])
			}
		})
		s := Sender{Timeout: time.Second}
		rc, err := s.Send(t.Context(), at, data(tribes.UseAck, "x"))
		s.Close()
		switch {
		case cut == len(tribes.Ack) && (err != nil || rc.Attempts != 1):
			t.Errorf("a whole ack: %+v, %v", rc, err)
		case cut < len(tribes.Ack) && (rc.Outcome != Closed || rc.Attempts != 2):
			t.Errorf("cut at %d: %s after %d attempts", cut, rc.Outcome, rc.Attempts)
		}
	}
}

func TestSenderStopsWithItsContext(t *testing.T) {
	at := scripted(t, func(_ int, nc net.Conn) { io.Copy(io.Discard, nc) })
	s := Sender{Timeout: time.Hour, PoolSize: 1}
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 2)
	for range 2 { // one waits for the ack, one for the connection
		go func() {
			_, err := s.Send(ctx, at, data(tribes.UseAck, "x"))
			done <- err
		}()
	}
	wait(t, func() bool {
		s.pool.mu.Lock()
		defer s.pool.mu.Unlock()
		e := s.pool.peers[at]
		return e != nil && e.users == 2
	})
	cancel()
	for range 2 {
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
}

func BenchmarkSend(b *testing.B) {
	for _, o := range []tribes.Options{0, tribes.UseAck, tribes.UseAck | tribes.SynchronizedAck} {
		for _, size := range []int{64, 1 << 10, 64 << 10} {
			b.Run(fmt.Sprintf("%s/%d", o, size), func(b *testing.B) {
				r := start(b, ReceiverConfig{Handler: HandlerFunc(func(context.Context, *Message) error { return nil })})
				var s Sender
				defer s.Close()
				m := data(o, strings.Repeat("x", size))
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := s.Send(b.Context(), r.AddrPort(), m); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
