package ping

import "time"

// clock notices when the wall clock is set: it compares how far it and the clock
// that never jumps went on.
type clock struct{ last time.Time }

// jumpSize is the smallest step that is told; what NTP slews stays far below.
const jumpSize = 10 * time.Millisecond

func newClock() *clock { return &clock{time.Now()} }

// jumped returns how far the wall clock was set since the last call, 0 for not
// at all.
func (c *clock) jumped() time.Duration {
	now := time.Now()
	by := jump(c.last.UnixNano(), now.UnixNano(), now.Sub(c.last))
	c.last = now
	return by
}

// jump is the step of a wall clock that went from one reading (Unix ns) to
// another while elapsed really passed.
func jump(from, to int64, elapsed time.Duration) time.Duration {
	by := time.Duration(to-from) - elapsed
	if by.Abs() < jumpSize {
		return 0
	}
	return by
}
