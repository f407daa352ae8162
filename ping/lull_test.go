package ping

import (
	"testing"
	"testing/synctest"
	"time"

	"muster/ping/internal/sock"
)

// Verify that a reader pauses only where packets come fast, and for no longer than
// so many of them take; and never where the times of packets are those of reading.
func TestLull(t *testing.T) {
	for _, c := range []struct {
		name  string
		n     int
		since time.Duration
		all   bool
		want  time.Duration
	}{
		{"one a second", 1, time.Second, true, 0},
		{"one in 2 ms", 1, 2 * time.Millisecond, true, 0},
		{"10,000 a second", 1, 100 * time.Microsecond, true, maxLull},
		{"10,000 a second, after a pause", 50, 5 * time.Millisecond, true, maxLull},
		{"200,000 a second", 20, 100 * time.Microsecond, true, 640 * time.Microsecond},
		{"more are there", 64, 100 * time.Microsecond, false, 0},
		{"nothing", 0, time.Microsecond, true, 0},
		{"no time at all", 64, 0, true, 0},
	} {
		if !sock.KernelTimes {
			c.want = 0
		}
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := lull{last: time.Now()}
				time.Sleep(c.since)
				l.read(c.n, c.all)
				start := time.Now()
				l.wait()
				if got := time.Since(start); got != c.want {
					t.Errorf("pauses %v, want %v", got, c.want)
				}
			})
		})
	}
}
