package ping

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEchoRoundTrip(t *testing.T) {
	for _, e := range []Echo{
		{Kind: EchoRequest, TTL: 1, Spread: 200 * time.Millisecond, Session: 1<<63 + 5, Seq: 7},
		{Kind: EchoRequest, Unicast: true, Session: 1, Seq: 1<<32 - 1},
		{Kind: EchoReply, TTL: 3, SentTTL: 4, Size: 1472, Session: 9, Seq: 8, Order: 6, Responder: 77, Held: 123456789},
	} {
		b := e.AppendTo([]byte("before"))[6:]
		if len(b) != EchoLen {
			t.Fatalf("%+v takes %d bytes", e, len(b))
		}
		got, err := ParseEcho(append(b, "padding"...))
		if err != nil || got != e {
			t.Errorf("%+v came back as %+v, %v", e, got, err)
		}
	}
}

func TestEchoInvalid(t *testing.T) {
	good := Echo{Kind: EchoReply, Held: time.Second}.AppendTo(nil)
	for name, spoil := range map[string]func(b []byte) []byte{
		"want 48 bytes": func(b []byte) []byte { return b[:47] },
		"begin with":    func(b []byte) []byte { return append([]byte("TRIBES-B"), b[8:]...) },
		"version 2":     func(b []byte) []byte { b[8] = 2; return b },
		"kind 3":        func(b []byte) []byte { b[9] = 3; return b },
		"held":          func(b []byte) []byte { b[40] = 0xff; return b },
	} {
		if e, err := ParseEcho(spoil(bytes.Clone(good))); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
}

func FuzzEcho(f *testing.F) {
	f.Add(Echo{Kind: EchoRequest, Spread: time.Second}.AppendTo(nil))
	f.Add(Echo{Kind: EchoReply, Held: time.Second}.AppendTo(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := ParseEcho(b)
		if err != nil {
			return
		}
		again, err := ParseEcho(e.AppendTo(nil))
		if e.Kind == EchoRequest {
			e.Spread = min(e.Spread, MaxSpread)
		}
		if err != nil || again != e {
			t.Fatalf("%+v became %+v, %v", e, again, err)
		}
	})
}

func TestICMP(t *testing.T) {
	b := appendICMP(nil, false, 0x1234, 42, 70000, true, 64)
	if len(b) != 72 || b[0] != icmp4Request || checksum(b) != 0 {
		t.Fatalf("% x", b)
	}
	b[0] = icmp4Reply
	if a := parseICMP(b, false, 42); a.Stray != Fine || a.Seq != 70000 || !a.Unicast || a.Asked != 64 || a.Size != 64 {
		t.Errorf("%+v", a)
	}
	if a := parseICMP(b, false, 43); a.Stray != Foreign {
		t.Errorf("another session's: %+v", a)
	}
	if a := parseICMP(b[:20], false, 42); a.Stray != Foreign {
		t.Errorf("another ping's: %+v", a)
	}
	for _, bad := range [][]byte{nil, b[:7], append([]byte{3}, b[1:]...), append([]byte{0, 1}, b[2:]...)} {
		if a := parseICMP(bad, false, 42); a.Stray != Invalid {
			t.Errorf("% x: %+v", bad, a)
		}
	}
	if a := parseICMP(b, true, 42); a.Stray != Invalid {
		t.Errorf("ICMPv4 as ICMPv6: %+v", a)
	}
}

func TestStripIPv4(t *testing.T) {
	p := append([]byte{0x46}, make([]byte, 23)...)
	p = append(p, "rest"...)
	if got := stripIPv4(p); string(got) != "rest" {
		t.Errorf("%q", got)
	}
	for _, bad := range [][]byte{nil, p[:19], {0x60, 19: 0}, {0x4f, 30: 0}, {0x41, 30: 0}} {
		if got := stripIPv4(bad); got != nil {
			t.Errorf("% x gives %q", bad, got)
		}
	}
}

// Verify that percentiles are within 1 % of those of the exact list.
func TestHistogram(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var h histogram
	var all []time.Duration
	for range 20000 {
		d := time.Duration(r.ExpFloat64() * float64(3*time.Millisecond))
		all = append(all, d)
		h.add(d)
	}
	slices.Sort(all)
	for _, q := range []float64{0.01, 0.5, 0.9, 0.99, 1} {
		want := all[min(int(q*float64(len(all))), len(all)-1)]
		if got := h.quantile(q); (got - want).Abs() > want/100+1 {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	for _, d := range []time.Duration{0, 1, 127, 128, 255, 256, 1<<63 - 1, -5} {
		row, sub := bucket(d)
		if got := value(row, sub); (got - max(d, 0)).Abs() > max(d, 0)/100 {
			t.Errorf("%d falls into the bucket of %d", d, got)
		}
	}
}

// Verify that the window knows the latest answers, over its end and after gaps.
func TestWindow(t *testing.T) {
	var w window
	for _, seq := range []uint32{0, 5, 3, windowSize - 1, windowSize + 2, 4*windowSize + 7, 4*windowSize + 6} {
		if w.mark(seq) {
			t.Errorf("%d is said to be there already", seq)
		}
		if !w.mark(seq) {
			t.Errorf("%d is not remembered", seq)
		}
	}
	if w.mark(4*windowSize + 5) {
		t.Error("a bit of the last round was left")
	}
}

// Verify that a probe's stamp is kept as long as it may be answered, and that
// what was never sent has none.
func TestRing(t *testing.T) {
	var r ring
	if _, known := r.get(0); known != neverAsked {
		t.Error("an empty ring knows 0")
	}
	r.put(0, stamp{wall: 1})
	r.put(3, stamp{wall: 4, mono: 3})
	if _, known := r.get(1); known != neverAsked {
		t.Error("1 was left out")
	}
	if s, known := r.get(3); known != askedFor || s.wall != 4 {
		t.Error("3 is not known")
	}
	r.refine(3, 5)
	if s, _ := r.get(3); s.left != 5 || s.whole(7) != 2 || s.whole(4) != 0 {
		t.Error("3 is not refined")
	}
	r.put(3+windowSize, stamp{wall: 9})
	if _, known := r.get(3); known != longAgo {
		t.Error("3 is not forgotten")
	}
	if r.sent != 3 {
		t.Errorf("%d sent, want 3", r.sent)
	}
}

// Verify that answers which cross a set clock are measured by the other one.
func TestClockJump(t *testing.T) {
	start := time.Now()
	tr := NewTracker(start)
	tr.Sent(0, netip.Addr{}, start)
	tr.Jumped()
	later := start.Add(30 * time.Millisecond)
	a := Answer{From: addr(1), Seq: 0, At: start.Add(time.Hour).UnixNano(), TTL: -1, Hops: -1}
	if v, rtt := tr.Take(a, later); v != Counted || rtt != 30*time.Millisecond {
		t.Errorf("%v after %v, want 30ms", v, rtt)
	}
	if tr.Strays().Clock != 1 {
		t.Errorf("%+v", tr.Strays())
	}
	if got := jump(1000, 1000+int64(5*time.Second), time.Second); got != 4*time.Second {
		t.Errorf("a clock set forward by 4 s jumped %v", got)
	}
	if got := jump(0, int64(time.Second+time.Millisecond), time.Second); got != 0 {
		t.Errorf("a slewed clock jumped %v", got)
	}
}

// Verify that a flood of made-up responders does not grow the account without
// bound.
func TestManyResponders(t *testing.T) {
	start := time.Now()
	tr := NewTracker(start)
	tr.Sent(0, netip.Addr{}, start)
	for i := range maxResponders + 10 {
		a := Answer{From: addr(1), Responder: uint64(i + 1), At: start.UnixNano() + 5, TTL: -1, Hops: -1}
		tr.Take(a, start.Add(time.Millisecond))
	}
	if tr.Len() != maxResponders || tr.Strays().Ignored != 10 {
		t.Errorf("%d rows, %d ignored", tr.Len(), tr.Strays().Ignored)
	}
}

// Verify that an answer of this host, which the probe reaches some microseconds
// before the kernel notes its leaving, is no lie.
func TestHeldFromBeforeTheStamp(t *testing.T) {
	start := time.Now()
	tr := NewTracker(start)
	tr.Sent(0, netip.Addr{}, start)
	tr.Stamped(0, netip.Addr{}, start.Add(40*time.Microsecond).UnixNano())
	a := Answer{From: addr(1), Responder: 7, Seq: 0, At: start.Add(20 * time.Millisecond).UnixNano(), Held: 20*time.Millisecond - 20*time.Microsecond, TTL: -1, Hops: -1}
	if v, rtt := tr.Take(a, start.Add(20*time.Millisecond)); v != Counted || rtt != 0 || tr.Strays().Clock != 0 {
		t.Errorf("%v after %v, %+v", v, rtt, tr.Strays())
	}
}
