package ping

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// fakeBox is an Inbox and Outbox of channels.
type fakeBox struct {
	in  chan Request
	out chan Echo
}

func (b *fakeBox) Read(rs []Request) (int, error) {
	r, ok := <-b.in
	if !ok {
		return 0, net.ErrClosed
	}
	rs[0] = r
	return 1, nil
}

func (b *fakeBox) Close() error { close(b.in); return nil }

func (b *fakeBox) SendSegments(p []byte, size int, _ netip.AddrPort) (sent int, err error) {
	for ; len(p) > 0; p = p[min(size, len(p)):] {
		e, err := ParseEcho(p[:min(size, len(p))])
		if err != nil {
			return sent, err
		}
		b.out <- e
		sent++
	}
	return sent, nil
}

var asker = netip.MustParseAddrPort("10.0.0.9:5000")

func ask(e Echo) Request {
	e.Kind = EchoRequest
	return Request{Data: e.AppendTo(nil), From: asker, TTL: 3, At: time.Now().UnixNano()}
}

// Verify that a responder waits no longer than it may, and says how long.
func TestRespond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := &fakeBox{make(chan Request, 100), make(chan Echo, 100)}
		var fresh []netip.Addr
		r := NewResponder(box)
		r.Asked = func(a netip.Addr) { fresh = append(fresh, a) }
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.Run(ctx, box) }()
		start := time.Now()
		for i := range 50 {
			box.in <- ask(Echo{Session: 5, Seq: uint32(i), TTL: 4, Spread: 100 * time.Millisecond})
		}
		var longest time.Duration
		for range 50 {
			e := <-box.out
			took := time.Since(start)
			if e.Held != took || took > 100*time.Millisecond {
				t.Errorf("answer to %d after %v says it was held %v", e.Seq, took, e.Held)
			}
			if e.Order != e.Seq+1 || e.TTL != 3 || e.SentTTL != 4 || e.Size != EchoLen || e.Responder != r.ID || e.Session != 5 {
				t.Errorf("%+v", e)
			}
			longest = max(longest, took)
		}
		if longest < 50*time.Millisecond {
			t.Errorf("50 answers within %v: no random wait", longest)
		}
		box.in <- ask(Echo{}) // may not wait
		if e := <-box.out; e.Held != 0 {
			t.Errorf("held %v", e.Held)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if c := r.Counts(); c.Requests != 51 || c.Answered != 51 || c.Askers != 1 || len(fresh) != 1 {
			t.Errorf("%+v, told of %v", c, fresh)
		}
	})
}

// Verify that what is no request is not answered: no loops, no reflection.
func TestRespondRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := &fakeBox{make(chan Request, maxReplyRate+100), make(chan Echo, maxReplyRate+100)}
		r := NewResponder(box)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.Run(ctx, box) }()
		reply := Request{Data: Echo{Kind: EchoReply}.AppendTo(nil), From: asker}
		fromGroup := ask(Echo{})
		fromGroup.From = netip.MustParseAddrPort("228.0.0.4:1")
		claims := ask(Echo{Unicast: true}) // says unicast, came by the group
		for _, q := range []Request{reply, fromGroup, claims, {Data: []byte("TRIBES-B"), From: asker}, {From: asker}} {
			box.in <- q
		}
		synctest.Wait()
		if c := r.Counts(); c.Invalid != 5 || c.Requests != 0 {
			t.Errorf("%+v", c)
		}
		time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second)))
		for range maxReplyRate + 50 {
			box.in <- ask(Echo{})
		}
		synctest.Wait()
		if c := r.Counts(); c.Answered != maxReplyRate || c.Refused != 50 {
			t.Errorf("%+v", c)
		}
		cancel()
		<-done
	})
}
