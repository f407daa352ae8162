package channel

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"muster/tribes"
)

// deliver sends through Deliver to one address.
func deliver(ctx context.Context, s *Sender, to netip.AddrPort, o tribes.Options, text string) *Delivery {
	m := Outgoing{ChannelData: *data(o, text), To: []*Delivery{{Addr: to}}}
	s.Deliver(ctx, &m)
	return m.To[0]
}

func TestQueueKeepsTheOrder(t *testing.T) {
	for _, o := range []tribes.Options{tribes.Asynchronous, tribes.Asynchronous | tribes.UseAck} {
		var b box
		r := start(t, ReceiverConfig{Handler: &b})
		s := Sender{}
		defer s.Close()
		var want []string
		for i := range 2000 {
			want = append(want, fmt.Sprint(i))
			if d := deliver(t.Context(), &s, r.AddrPort(), o, want[i]); d.Err != nil || d.Outcome != Queued {
				t.Fatal(d.Outcome, d.Err)
			}
		}
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		wait(t, func() bool { return len(b.taken()) == len(want) })
		if !slices.Equal(b.taken(), want) {
			t.Errorf("%s: the messages came in another order", o)
		}
		if st := s.Queue(); st.Sent != 2000 || st.Waiting != 0 || st.WaitingBytes != 0 || st.Dropped != 0 {
			t.Errorf("%s: %+v", o, st)
		}
		if o == tribes.Asynchronous && r.Stats().Accepted != 1 {
			t.Errorf("over %d connections", r.Stats().Accepted)
		}
	}
}

// A full queue makes senders wait, and loses nothing.
func TestQueueIsBounded(t *testing.T) {
	release := make(chan struct{})
	var taken atomic.Int64
	r := start(t, ReceiverConfig{Handler: HandlerFunc(func(context.Context, *Message) error {
		<-release
		taken.Add(1)
		return nil
	})})
	const limit, all = 1 << 20, 64
	s := Sender{QueueLimit: limit, Timeout: time.Minute}
	defer s.Close()
	text := strings.Repeat("x", 256<<10)
	over := make(chan struct{})
	go func() {
		defer close(over)
		for range all { // 16 MiB: more than the queue, a chunk under way, and what the kernel holds
			deliver(context.Background(), &s, r.AddrPort(), tribes.Asynchronous, text)
		}
	}()
	wait(t, func() bool { return s.Queue().Blocked > 0 })
	if st := s.Queue(); st.WaitingBytes > limit {
		t.Errorf("%d bytes wait", st.WaitingBytes)
	}
	// One whose time is over does not wait for room, once the kernel's buffers are
	// full too.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	more := int64(0)
	wait(t, func() bool {
		full := deliver(ctx, &s, r.AddrPort(), tribes.Asynchronous, text).Err != nil
		if !full {
			more++
		}
		return full
	})
	close(release)
	<-over
	wait(t, func() bool { return taken.Load() == all+more })
}

// Where nobody listens, what waits is dropped at once and told; other members
// get theirs.
func TestQueueDropsWhatCannotLeave(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := ln.Addr().(*net.TCPAddr).AddrPort()
	ln.Close()
	var b box
	r := start(t, ReceiverConfig{Handler: &b})
	told := make(chan netip.AddrPort, 1000)
	s := Sender{Dropped: func(to netip.AddrPort, err error) {
		if err == nil {
			t.Error("dropped for no reason")
		}
		told <- to
	}}
	defer s.Close()
	for range 100 {
		deliver(t.Context(), &s, dead, tribes.Asynchronous, "x")
		deliver(t.Context(), &s, r.AddrPort(), tribes.Asynchronous, "y")
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if to := <-told; to != dead {
		t.Errorf("told of %s", to)
	}
	wait(t, func() bool { return len(b.taken()) == 100 })
	if st := s.Queue(); st.Dropped != 100 || st.Sent != 100 || st.Waiting != 0 {
		t.Errorf("%+v", st)
	}
}

func TestQueueEndsWithItsSender(t *testing.T) {
	at := scripted(t, func(_ int, nc net.Conn) { <-t.Context().Done() })
	s := Sender{Timeout: time.Hour, QueueLimit: 1 << 20}
	text := strings.Repeat("x", 512<<10)
	blocked := make(chan *Delivery, 1)
	go func() {
		var d *Delivery
		for range 100 {
			if d = deliver(context.Background(), &s, at, tribes.Asynchronous, text); d.Err != nil {
				break
			}
		}
		blocked <- d
	}()
	wait(t, func() bool { return s.Queue().Blocked > 0 })
	s.Close()
	if d := <-blocked; d.Err == nil {
		t.Error("a sender went on")
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := deliver(t.Context(), &s, at, tribes.Asynchronous, "x"); d.Err == nil {
		t.Error("a closed sender queued a message")
	}
}

// A connection that breaks costs no message that had not left.
func TestQueueResends(t *testing.T) {
	got := make(chan string, 1)
	at := scripted(t, func(n int, nc net.Conn) {
		if n == 0 {
			nc.(*net.TCPConn).SetLinger(0)
			readFrame(nc)
			return // and resets the connection
		}
		b, _ := io.ReadAll(nc)
		got <- string(b)
	})
	s := Sender{}
	if d := deliver(t.Context(), &s, at, tribes.Asynchronous, "first"); d.Err != nil {
		t.Fatal(d.Err)
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	wait(t, func() bool {
		s.pool.mu.Lock()
		defer s.pool.mu.Unlock()
		e := s.pool.peers[at]
		return e == nil || len(e.idle) == 1 && !e.idle[0].peek.quiet()
	})
	deliver(t.Context(), &s, at, tribes.Asynchronous, "second")
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if b := <-got; !strings.Contains(b, "second") {
		t.Errorf("got %q", b)
	}
}

func BenchmarkQueue(b *testing.B) {
	for _, size := range []int{64, 1 << 10, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			var taken atomic.Int64
			r := start(b, ReceiverConfig{Handler: HandlerFunc(func(context.Context, *Message) error { taken.Add(1); return nil })})
			var s Sender
			defer s.Close()
			m := Outgoing{ChannelData: *data(tribes.Asynchronous, strings.Repeat("x", size)), To: []*Delivery{{Addr: r.AddrPort()}}}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			n := int64(0)
			for b.Loop() {
				s.Deliver(b.Context(), &m)
				n++
			}
			if err := s.Flush(b.Context()); err != nil {
				b.Fatal(err)
			}
			wait(b, func() bool { return taken.Load() == n })
		})
	}
}
