package ping

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// Verify that two responders of one group have a row each, and nobody is called
// a duplicate.
func TestTwoResponders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		link := newFakeLink(func(p Probe) []fakeAnswer {
			return []fakeAnswer{{10 * time.Millisecond, from(1, p)}, {20 * time.Millisecond, from(2, p)}}
		})
		res, err := Run(t.Context(), link, Options{Count: 5, Interval: 100 * time.Millisecond, Size: 56})
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Responders) != 2 {
			t.Fatalf("%d rows, want 2", len(res.Responders))
		}
		for i, want := range []time.Duration{10 * time.Millisecond, 20 * time.Millisecond} {
			r := res.Responders[i]
			if r.Addr != addr(byte(i+1)) || r.Sent != 5 || r.Received != 5 || r.Lost != 0 || r.Duplicates != 0 || r.Reordered != 0 {
				t.Errorf("row %d: %+v", i, r)
			}
			if r.Min != want || r.Max != want || r.P50 != want || r.Jitter != 0 {
				t.Errorf("times of row %d: min %v max %v p50 %v jitter %v, want %v", i, r.Min, r.Max, r.P50, r.Jitter, want)
			}
			if r.FirstSeq != 0 || r.FirstAfter != want || r.Hops != 0 || !r.HopsGuessed {
				t.Errorf("row %d: first answer to %d after %v, hops %d", i, r.FirstSeq, r.FirstAfter, r.Hops)
			}
		}
		// 400 ms of probes, the answer 20 ms later, a second of nothing.
		if want := 1420 * time.Millisecond; res.Took != want {
			t.Errorf("took %v, want %v", res.Took, want)
		}
	})
}

// Verify that what is lost, doubled, out of order and late is counted in its row.
func TestAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		link := newFakeLink(func(p Probe) []fakeAnswer {
			a := from(1, p)
			switch p.Seq {
			case 2: // lost
				return nil
			case 3: // doubled
				return []fakeAnswer{{time.Millisecond, a}, {2 * time.Millisecond, a}}
			case 5: // overtaken by 6
				return []fakeAnswer{{150 * time.Millisecond, a}}
			}
			return []fakeAnswer{{time.Millisecond, a}}
		})
		res, err := Run(t.Context(), link, Options{Count: 10, Interval: 100 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		r := res.Responders[0]
		if r.Received != 9 || r.Lost != 1 || r.Duplicates != 1 || r.Reordered != 1 || r.LossPercent() != 10 {
			t.Errorf("%+v", r.Series)
		}
		if r.Max != 150*time.Millisecond || (r.P50-time.Millisecond).Abs() > 10*time.Microsecond {
			t.Errorf("max %v, p50 %v", r.Max, r.P50)
		}
	})
}

// Verify that a responder's wait is not in the figure, and makes no reordering.
func TestHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := []time.Duration{300, 10, 200, 1, 50}
		link := newFakeLink(func(p Probe) []fakeAnswer {
			a := from(1, p)
			a.Held = held[p.Seq] * time.Millisecond
			a.Order = p.Seq + 1
			return []fakeAnswer{{a.Held + 2*time.Millisecond, a}}
		})
		res, err := Run(t.Context(), link, Options{Count: 5, Interval: 100 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		r := res.Responders[0]
		if r.Received != 5 || r.Reordered != 0 || r.Min != 2*time.Millisecond || r.Max != 2*time.Millisecond {
			t.Errorf("%+v", r.Series)
		}
	})
}

// Verify that answers nobody asked for, others' answers, too large ones and lies
// about the wait are counted and change no row.
func TestStrays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		link := newFakeLink(func(p Probe) []fakeAnswer {
			good := from(1, p)
			unasked := from(2, p)
			unasked.Seq += 1000
			unicast := from(3, p)
			unicast.Unicast = true
			foreign := Answer{From: addr(4), Stray: Foreign}
			invalid := Answer{From: addr(4), Stray: Invalid}
			large := from(1, p)
			large.Size, large.Seq = 9000, p.Seq
			liar := from(5, p)
			liar.Held = time.Hour
			return []fakeAnswer{{1, good}, {2, unasked}, {3, unicast}, {4, foreign}, {5, invalid}, {6, large}, {7, liar}}
		})
		res, err := Run(t.Context(), link, Options{Count: 3, Interval: 10 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		want := Strays{Foreign: 3, Invalid: 3, Unasked: 6, Oversize: 3, Clock: 3}
		if res.Strays != want {
			t.Errorf("strays %+v, want %+v", res.Strays, want)
		}
		if len(res.Responders) != 2 || res.Responders[0].Received != 3 || res.Responders[0].Duplicates != 3 {
			t.Errorf("rows %+v", res.Responders)
		}
		if r := res.Responders[1]; r.Received != 3 || r.Max != 0 {
			t.Errorf("the liar's answers count, its times do not: %+v", r.Series)
		}
	})
}

// Verify that a host that answers by unicast only shows as just that.
func TestBoth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		link := newFakeLink(func(p Probe) []fakeAnswer {
			if !p.Host.IsValid() {
				return []fakeAnswer{{time.Millisecond, from(1, p)}}
			}
			return []fakeAnswer{{time.Millisecond, Answer{From: p.Host, Seq: p.Seq, Unicast: true, TTL: 64, Hops: -1}}}
		})
		res, err := Run(t.Context(), link, Options{Count: 4, Interval: 10 * time.Millisecond, Both: true, Hosts: []netip.Addr{addr(2)}})
		if err != nil {
			t.Fatal(err)
		}
		one, two := res.Responders[0], res.Responders[1]
		if one.Received != 4 || one.Unicast.Sent != 3 || one.Unicast.Received != 3 {
			t.Errorf("n1: %+v, unicast %+v", one.Series, one.Unicast)
		}
		if two.Addr != addr(2) || two.Received != 0 || two.Lost != 4 || two.Unicast.Received != 4 {
			t.Errorf("n2: %+v, unicast %+v", two.Series, two.Unicast)
		}
	})
}

// Verify that a run stops as soon as those expected have answered everything,
// and that a missing one is named.
func TestExpect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		link := newFakeLink(func(p Probe) []fakeAnswer { return []fakeAnswer{{time.Millisecond, from(1, p)}} })
		e, err := ParseExpectation(t.Context(), "10.0.0.1", false)
		if err != nil {
			t.Fatal(err)
		}
		res, err := Run(t.Context(), link, Options{Count: 2, Interval: 10 * time.Millisecond, Enough: e.Complete})
		if err != nil || res.Took != 11*time.Millisecond || !e.Met(res.Responders) {
			t.Errorf("took %v, %v", res.Took, err)
		}
		e, err = ParseExpectation(t.Context(), "10.0.0.1,10.0.0.7", false)
		if err != nil {
			t.Fatal(err)
		}
		if missing := e.Missing(res.Responders); len(missing) != 1 || missing[0].Name != "10.0.0.7" || e.Met(res.Responders) {
			t.Errorf("missing %v", missing)
		}
	})
	for _, bad := range []string{"0", "-1", "a,,b", "10.0.0.1,ff02::1"} {
		if e, err := ParseExpectation(context.Background(), bad, false); err == nil {
			t.Errorf("%q is taken as %+v", bad, e)
		}
	}
}

// Verify that Ctrl-C ends a run without end at once, with its account.
func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 950*time.Millisecond)
		defer cancel()
		link := newFakeLink(func(p Probe) []fakeAnswer { return []fakeAnswer{{80 * time.Millisecond, from(1, p)}} })
		res, err := Run(ctx, link, Options{Interval: 100 * time.Millisecond})
		if err != nil || !res.Interrupted || res.Took != 950*time.Millisecond {
			t.Fatalf("%+v, %v", res, err)
		}
		// The last probe may still be answered: it is neither lost nor received.
		if r := res.Responders[0]; res.Sent != 10 || r.Received != 9 || r.Lost != 0 || r.InFlight != 1 {
			t.Errorf("sent %d: %+v", res.Sent, r.Series)
		}
	})
}

// deafLink cannot send.
type deafLink struct{ *fakeLink }

var errGone = errors.New("network is unreachable")

func (deafLink) Send(p Probe) error {
	if p.Seq < 3 {
		return errGone
	}
	return nil
}

// Verify that probes which could not be sent are counted as that, not as lost.
func TestSendFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told int
		res, err := Run(t.Context(), deafLink{newFakeLink(nil)}, Options{Count: 5, OnProblem: func(error) { told++ }})
		if err != nil || res.Sent != 2 || res.Failed != 3 || told != 3 || res.LastError != errGone {
			t.Errorf("%+v, %v, told %d", res, err, told)
		}
		if _, err := Run(t.Context(), deafLink{newFakeLink(nil)}, Options{Count: 2}); err != errGone {
			t.Errorf("a run that sent nothing: %v", err)
		}
	})
}
