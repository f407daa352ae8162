package interceptor

import (
	"fmt"
	"time"
)

// Replay is the window in which the receivers of timestamped messages refuse
// what they had before (replayWindowTime, replayWindowMessageCount). Clocks must
// agree within it.
type Replay struct {
	Window time.Duration // 10 s in Tomcat
	Count  int           // IVs remembered: 8192 in Tomcat

	seen   map[string]struct{}
	ring   []entry // oldest at head
	head   int
	pushed int64 // the newest timestamp that was pushed out, Unix ms
	full   bool  // whether one was
}

type entry struct {
	iv string
	at int64
}

// NewReplay has Tomcat's values.
func NewReplay() *Replay { return &Replay{Window: 10 * time.Second, Count: 8192} }

// ReplayError tells why a message was refused.
type ReplayError struct{ Reason string }

func (e *ReplayError) Error() string { return "refused as a replay: " + e.Reason }

// Check takes a decrypted message of the timestamped form, or refuses it.
func (r *Replay) Check(s Sealed, now time.Time) error {
	at := time.UnixMilli(s.Timestamp)
	switch off := now.Sub(at); {
	case off > r.Window:
		return &ReplayError{fmt.Sprintf("sent %v before our clock, more than %v", off.Round(time.Millisecond), r.Window)}
	case off < -r.Window:
		return &ReplayError{fmt.Sprintf("sent %v after our clock, more than %v", at.Sub(now).Round(time.Millisecond), r.Window)}
	case r.full && s.Timestamp <= r.pushed:
		return &ReplayError{"as old as messages that are forgotten already"}
	}
	iv := string(s.IV)
	if _, known := r.seen[iv]; known {
		return &ReplayError{"the same bytes came before"}
	}
	if r.seen == nil {
		r.seen = map[string]struct{}{}
	}
	r.seen[iv] = struct{}{}
	if len(r.ring) < r.Count {
		r.ring = append(r.ring, entry{iv, s.Timestamp})
		return nil
	}
	out := r.ring[r.head]
	delete(r.seen, out.iv)
	if !r.full || out.at > r.pushed {
		r.full, r.pushed = true, out.at
	}
	r.ring[r.head] = entry{iv, s.Timestamp}
	r.head = (r.head + 1) % r.Count
	return nil
}
