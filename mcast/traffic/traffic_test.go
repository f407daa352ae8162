package traffic

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"muster/mcast"
)

var (
	groupA = netip.MustParseAddrPort("239.1.1.1:5000")
	groupB = netip.MustParseAddrPort("239.1.1.2:5000")
	hostA  = netip.MustParseAddrPort("10.0.0.1:40000")
	hostB  = netip.MustParseAddrPort("10.0.0.2:40000")
)

// wire is a Sender that notes what was sent, and when.
type wire struct {
	at    []time.Time
	to    []netip.AddrPort
	sent  [][]byte
	sizes []int // of the calls
	fail  func(n int) (int, error)
}

func (w *wire) SendBatch(ps [][]byte, to netip.AddrPort) (int, error) {
	w.sizes = append(w.sizes, len(ps))
	n := len(ps)
	var err error
	if w.fail != nil {
		n, err = w.fail(n)
	}
	for _, p := range ps[:n] {
		w.at = append(w.at, time.Now())
		w.to = append(w.to, to)
		w.sent = append(w.sent, append([]byte(nil), p...))
	}
	return n, err
}

func TestGenerateOnce(t *testing.T) {
	w := &wire{}
	sent, err := Generate(t.Context(), w, Plan{To: []netip.AddrPort{groupA}, Payload: []byte("hi"), Rate: 1, Count: 1})
	if err != nil || sent.Datagrams != 1 || sent.Bytes != 2 || len(w.sent) != 1 || string(w.sent[0]) != "hi" {
		t.Errorf("sent %+v, %v; on the wire %q", sent, err, w.sent)
	}
}

func TestGenerateRate(t *testing.T) {
	for _, rate := range []float64{4, 100, 25000} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &wire{}
				start := time.Now()
				sent, err := Generate(t.Context(), w, Plan{To: []netip.AddrPort{groupA}, Payload: []byte("x"), Rate: rate, Count: uint64(rate) + 1})
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took != time.Second || sent.Took != took {
					t.Errorf("%d datagrams took %v, reported %v, want 1s", sent.Datagrams, took, sent.Took)
				}
				if got := sent.Rate(); got < rate*0.999 || got > rate*1.001 {
					t.Errorf("rate %v, want %v", got, rate)
				}
			})
		})
	}
}

// A process that was held up does not send all it missed in one burst.
func TestGenerateBoundsTheBurstAfterAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		w.fail = func(n int) (int, error) {
			if len(w.sizes) == 2 {
				time.Sleep(10 * time.Second)
			}
			return n, nil
		}
		_, err := Generate(t.Context(), w, Plan{To: []netip.AddrPort{groupA}, Payload: []byte("x"), Rate: 100, Count: 100})
		if err != nil {
			t.Fatal(err)
		}
		burst := 0
		for _, at := range w.at {
			if at.Equal(w.at[2]) {
				burst++
			}
		}
		if burst > 12 { // 100 ms of 100 a second, the one due, and the one that was held up
			t.Errorf("%d datagrams at once after the pause", burst)
		}
	})
}

func TestGenerateProbesOfARange(t *testing.T) {
	w := &wire{}
	sent, err := Generate(t.Context(), w, Plan{To: []netip.AddrPort{groupA, groupB}, Probe: true, Size: 100, Rate: Unlimited, Count: 3})
	if err != nil || sent.Datagrams != 6 || sent.Bytes != 600 {
		t.Fatalf("sent %+v, %v", sent, err)
	}
	if want := []netip.AddrPort{groupA, groupB, groupA, groupB, groupA, groupB}; !slices.Equal(w.to, want) {
		t.Errorf("sent to %v", w.to)
	}
	for i, b := range w.sent {
		p, _, err := mcast.ParseProbe(b)
		if err != nil || p.Sequence != uint64(i/2) || p.Stream != sent.Stream || p.Size != 100 || p.Last != (i >= 4) {
			t.Errorf("datagram %d: %+v, %v", i, p, err)
		}
	}
}

func TestGenerateWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		w.fail = func(n int) (int, error) {
			if len(w.sizes)%2 == 1 {
				return n / 2, syscall.ENOBUFS
			}
			return n, nil
		}
		sent, err := Generate(t.Context(), w, Plan{To: []netip.AddrPort{groupA}, Probe: true, Rate: Unlimited, Count: 1000})
		if err != nil || sent.Datagrams != 1000 || sent.Stalls == 0 || len(w.sent) != 1000 {
			t.Errorf("sent %+v, %v, on the wire %d", sent, err, len(w.sent))
		}
	})
}

func TestGenerateTellsAnError(t *testing.T) {
	w := &wire{fail: func(int) (int, error) { return 0, os.ErrPermission }}
	if _, err := Generate(t.Context(), w, Plan{To: []netip.AddrPort{groupA}, Rate: 1, Count: 1}); !errors.Is(err, os.ErrPermission) {
		t.Errorf("got %v", err)
	}
}

func TestGenerateEndsWithItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		sent, err := Generate(t.Context(), &wire{}, Plan{To: []netip.AddrPort{groupA}, Rate: 10, Duration: 2 * time.Second})
		if err != nil || sent.Took != 1900*time.Millisecond || sent.Datagrams != 20 {
			t.Errorf("after %v: %+v, %v", time.Since(start), sent, err)
		}
	})
}

// from makes the datagram that a probe arrives as.
func from(source, group netip.AddrPort, stream, seq uint64, at time.Time) *mcast.Datagram {
	p := mcast.Probe{Kind: mcast.ProbeData, Size: mcast.ProbeSize, Stream: stream, Sequence: seq, Sent: at}
	return &mcast.Datagram{Payload: p.AppendTo(nil), Source: source, Destination: group.Addr(), Port: group.Port(), Interface: 2, TTL: 1, Time: at}
}

func TestTallyProbes(t *testing.T) {
	far := uint64(5 * window)
	for _, c := range []struct {
		name                      string
		seqs                      []uint64
		received, lost, dup, late uint64
		before                    uint64
	}{
		{"in order", []uint64{0, 1, 2, 3}, 4, 0, 0, 0, 0},
		{"joined late", []uint64{7, 8, 9}, 3, 0, 0, 0, 7},
		{"one lost", []uint64{0, 1, 3}, 3, 1, 0, 0, 0},
		{"one twice", []uint64{0, 1, 1, 2}, 3, 0, 1, 0, 0},
		{"two swapped", []uint64{0, 2, 1, 3}, 4, 0, 0, 1, 0},
		{"swapped at the start", []uint64{1, 0, 2}, 3, 0, 0, 1, 0},
		{"late and twice", []uint64{0, 2, 1, 1}, 3, 0, 1, 1, 0},
		{"a long gap", []uint64{0, far}, 2, far - 1, 0, 0, 0},
		{"a gap of a window", []uint64{0, window}, 2, window - 1, 0, 0, 0},
		{"twice across a window", []uint64{0, window - 1, 0}, 2, window - 2, 1, 0, 0},
		{"the highest number", []uint64{^uint64(0) - 1, ^uint64(0)}, 2, 0, 0, 0, ^uint64(0) - 1},
		{"all numbers lost", []uint64{0, ^uint64(0)}, 2, 0, 0, 0, 0}, // the span does not fit: nothing is claimed
	} {
		now := time.Unix(1000, 0)
		tally := NewTally(now, nobody)
		for _, q := range c.seqs {
			tally.Add(from(hostA, groupA, 1, q, now.Add(time.Second)))
		}
		r := tally.Report()
		got := *r.Senders[0].Probes
		want := ProbeAccount{Streams: 1, Received: c.received, Lost: c.lost, Duplicated: c.dup, Reordered: c.late, Before: c.before, AfterJoin: time.Second}
		if got != want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, want)
		}
	}
}

func TestTallyAccounts(t *testing.T) {
	now := time.Unix(1000, 0)
	tally := NewTally(now, nobody)
	for i := range 5 {
		at := now.Add(time.Duration(i) * time.Second)
		tally.Add(from(hostA, groupA, 1, uint64(i), at))
		tally.Add(from(hostA, groupB, 1, uint64(i), at))
	}
	d := from(hostB, groupA, 2, 3, now)
	d.TTL, d.Interface = 64, 3
	tally.Add(d)
	tally.Add(from(hostB, groupA, 9, 0, now)) // restarted
	tally.Add(from(hostB, groupA, 2, 4, now)) // a straggler of the first
	plain := *d
	plain.Payload = []byte("no probe")
	tally.Add(&plain)
	cut := *d
	cut.Payload = cut.Payload[:20]
	tally.Add(&cut)

	r := tally.Report()
	if r.Datagrams != 15 || r.Unlisted != 0 || r.BadProbes != 1 || len(r.Senders) != 2 {
		t.Fatalf("report %+v", r)
	}
	a, b := r.Senders[0], r.Senders[1]
	if a.Source != hostA || !slices.Equal(a.Groups, []netip.AddrPort{groupA, groupB}) || a.Datagrams != 10 || a.Probes.Streams != 2 || a.Probes.Lost != 0 {
		t.Errorf("first sender %+v, %+v", a, a.Probes)
	}
	if a.Rate() != 9.0/4 || a.BitRate() != 9.0/4*mcast.ProbeSize*8 {
		t.Errorf("rate %v, %v bit/s", a.Rate(), a.BitRate())
	}
	if b.Source != hostB || b.MinTTL != 1 || b.MaxTTL != 64 || !slices.Equal(b.Interfaces, []int{3, 2}) || b.Probes.Streams != 2 || b.Probes.Received != 3 {
		t.Errorf("second sender %+v, %+v", b, b.Probes)
	}
}

func TestTallyIsBounded(t *testing.T) {
	tally := NewTally(time.Unix(0, 0), nobody)
	tally.limit = 3
	for i := range 100 {
		source := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 1, byte(i)}), 1)
		tally.Add(from(source, groupA, uint64(i), 0, time.Unix(1, 0)))
	}
	r := tally.Report()
	if r.Datagrams != 100 || r.Unlisted != 97 || len(r.Senders) != 3 || r.Senders[0].Source.Addr() != netip.MustParseAddr("10.0.1.0") {
		t.Errorf("report %+v", r)
	}
	f := tally.flows[flowKey{r.Senders[0].Source, groupA}]
	for i := range 100 {
		tally.Add(from(f.key.source, groupA, uint64(1000+i), 0, time.Unix(1, 0)))
	}
	if len(f.ended) != maxEnded {
		t.Errorf("%d ended streams are kept", len(f.ended))
	}
}

// A flood of made-up senders, each with a stream of probes, cannot grow the
// table without bound.
func TestTallyMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	tally := NewTally(time.Unix(0, 0), nobody)
	d := from(hostA, groupA, 1, 0, time.Unix(1, 0))
	for i := range uint32(4 * MaxFlows) {
		binary.BigEndian.PutUint32(d.Payload[16:], i)
		d.Source = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 1)
		tally.Add(d)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 64<<20 {
		t.Errorf("%d flows take %d MB", len(tally.flows), grown>>20)
	}
	t.Logf("%d flows take %d MB", len(tally.flows), (int64(after.HeapAlloc)-int64(before.HeapAlloc))>>20)
	if got := tally.Report().Unlisted; got != 3*MaxFlows {
		t.Errorf("%d datagrams are not listed, want %d", got, 3*MaxFlows)
	}
}

// inbox is a Receiver made of a channel.
type inbox struct {
	ds       chan mcast.Datagram
	deadline chan time.Time
	timer    <-chan time.Time
}

func newInbox() *inbox {
	return &inbox{ds: make(chan mcast.Datagram, 100), deadline: make(chan time.Time, 10)}
}

func (b *inbox) SetReadDeadline(t time.Time) error { b.deadline <- t; return nil }

func (b *inbox) ReadBatch(ds []mcast.Datagram) (int, error) {
	for {
		select {
		case t := <-b.deadline:
			b.timer = nil
			if !t.IsZero() {
				b.timer = time.After(time.Until(t))
			}
		case <-b.timer:
			return 0, os.ErrDeadlineExceeded
		case d, ok := <-b.ds:
			if !ok {
				return 0, os.ErrClosed
			}
			ds[0] = d
			return 1, nil
		}
	}
}

func TestReceiveEnds(t *testing.T) {
	for _, c := range []struct {
		name  string
		until Until
		want  End
		read  uint64
	}{
		{"datagrams", Until{Datagrams: 2}, Reached, 2},
		{"senders", Until{Enough: func(t *Tally) bool { return len(t.Others()) == 2 }}, Reached, 3},
		{"time", Until{Duration: time.Minute, Datagrams: 10}, Elapsed, 4},
		{"stop", Until{}, Stopped, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newInbox()
				for _, d := range []*mcast.Datagram{from(hostA, groupA, 1, 0, time.Now()), from(hostA, groupA, 1, 1, time.Now()),
					from(hostB, groupA, 2, 0, time.Now()), from(hostB, groupA, 2, 1, time.Now())} {
					b.ds <- *d
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				tally, seen := NewTally(time.Now(), nobody), uint64(0)
				end, err := Receive(ctx, b, tally, c.until, func(*mcast.Datagram) { seen++ })
				if err != nil || end != c.want || tally.Datagrams() != c.read || seen != c.read {
					t.Errorf("end %v, %v, after %d datagrams, %d seen", end, err, tally.Datagrams(), seen)
				}
			})
		})
	}
}

// Verify that what this host sends is counted and marked, and makes no other sender of it.
func TestOwnSenders(t *testing.T) {
	tally := NewTally(time.Unix(0, 0), func(a netip.Addr) bool { return a == hostA.Addr() })
	tally.Add(from(hostA, groupA, 1, 0, time.Unix(1, 0)))
	tally.Add(from(hostB, groupA, 2, 0, time.Unix(1, 0)))
	if others := tally.Others(); len(others) != 1 || others[0] != hostB.Addr() {
		t.Errorf("others: %v", others)
	}
	for _, a := range tally.Report().Senders {
		if a.Own != (a.Source == hostA) {
			t.Errorf("%v is of this host: %v", a.Source, a.Own)
		}
	}
}

// nobody is of this host.
func nobody(netip.Addr) bool { return false }

func TestReceiveTellsAnError(t *testing.T) {
	b := newInbox()
	close(b.ds)
	if _, err := Receive(t.Context(), b, NewTally(time.Now(), nobody), Until{}, nil); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func BenchmarkTallyAdd(b *testing.B) {
	d := from(hostA, groupA, 1, 0, time.Now())
	tally := NewTally(time.Now(), nobody)
	seq := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		seq++
		for i := range 8 {
			d.Payload[24+i] = byte(seq >> (56 - 8*i))
		}
		tally.Add(d)
	}
}
