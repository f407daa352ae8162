package ping

import (
	"fmt"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// Verify that the smallest TTL that reaches each responder is found.
func TestSweepTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		needs := map[byte]int{1: 1, 2: 3, 3: 4}
		link := newFakeLink(func(p Probe) (out []fakeAnswer) {
			for n, ttl := range needs {
				if p.TTL >= ttl {
					out = append(out, fakeAnswer{time.Millisecond, from(n, p)})
				}
			}
			return out
		})
		res, err := SweepTTL(t.Context(), link, Options{Count: 2, Interval: 10 * time.Millisecond}, 6)
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Rows) != 3 {
			t.Fatalf("%+v", res.Rows)
		}
		for _, row := range res.Rows {
			if n := row.Addr.As4()[3]; row.Reached != needs[n] || row.Answered != 2 {
				t.Errorf("%+v, want TTL %d", row, needs[n])
			}
		}
	})
}

type limitedLink struct {
	*fakeLink
	limit int
}

func (l limitedLink) Send(p Probe) error {
	if p.Size > l.limit {
		return fmt.Errorf("send %d bytes: %w", p.Size, syscall.EMSGSIZE)
	}
	return l.fakeLink.Send(p)
}

// Verify that each responder's largest size is found to the byte, also where
// this host itself sends no more.
func TestSweepSize(t *testing.T) {
	for _, limit := range []int{9000, 3000} {
		synctest.Test(t, func(t *testing.T) {
			passes := map[byte]int{1: 1472, 2: 9000, 3: 48}
			link := newFakeLink(func(p Probe) (out []fakeAnswer) {
				for n, size := range passes {
					if p.Size <= size {
						out = append(out, fakeAnswer{time.Millisecond, from(n, p)})
					}
				}
				return out
			})
			told := 0
			o := Options{Count: 2, Interval: time.Millisecond, Idle: 50 * time.Millisecond, OnProblem: func(error) { told++ }}
			res, err := SweepSize(t.Context(), limitedLink{link, limit}, o, 48, 9000)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range res.Rows {
				want := min(passes[row.Addr.As4()[3]], limit)
				failed := want + 1
				if want == 9000 {
					failed = -1
				}
				if row.Reached != want || row.Failed != failed {
					t.Errorf("%+v, want %d", row, want)
				}
			}
			if limit == 3000 && res.TooBig != 3001 || limit == 9000 && res.TooBig != 0 || told != 0 {
				t.Errorf("this host refuses %d, told %d times", res.TooBig, told)
			}
		})
	}
}
