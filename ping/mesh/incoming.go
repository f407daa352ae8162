package mesh

import (
	"math"
	"time"
)

// incoming is the account of the direction from one node to this one: its
// announcements on the group.
type incoming struct {
	heard      bool   // ever
	first      uint32 // of the current stretch
	highest    uint32
	seen       uint64 // bit i: highest-i was received
	received   uint64 // in this stretch
	duplicates uint64
	old        uint64 // from further back than seen knows
	reordered  uint64 // came after a later one

	expectedBefore, receivedBefore uint64 // of stretches that ended with a stop

	last     time.Time     // when the latest one was received
	interval time.Duration // that its sender told with it
	pace     time.Duration // that so many nodes as this one knows have
	nonce    uint32

	stopped bool
	since   time.Time // stopped: when the last one was received
	reason  Reason
	outages []Outage // ended ones, the latest maxOutages

	delay time.Duration // smoothed; valid when measured
	known bool          // delay is measured
}

// Outage is a time without a direction.
type Outage struct {
	From, To time.Time // last announcement before, first after
	Reason   Reason
	// Missed is how many announcements were sent meanwhile; 0: its sender stood still.
	Missed uint32
}

const maxOutages = 16

// take enters announcement seq; fresh is false for one that was received before
// or comes from the past.
func (a *incoming) take(seq uint32, now time.Time) (fresh, resumed bool) {
	if a.stopped {
		resumed = true
		a.expectedBefore += a.expected()
		a.receivedBefore += a.received
		if len(a.outages) == maxOutages {
			a.outages = append(a.outages[:0], a.outages[1:]...)
		}
		a.outages = append(a.outages, Outage{a.since, now, a.reason, max(seq, a.highest+1) - a.highest - 1})
		a.stopped, a.reason = false, ReasonUnknown
		a.heard = false
	}
	switch ahead := int64(seq) - int64(a.highest); {
	case !a.heard:
		a.heard = true
		a.first, a.highest, a.seen, a.received = seq, seq, 1, 0
	case ahead > 0:
		a.highest = seq
		if ahead < 64 {
			a.seen = a.seen<<ahead | 1
		} else {
			a.seen = 1
		}
	case ahead <= -64:
		a.old++
		return false, resumed
	default:
		bit := uint64(1) << -ahead
		if a.seen&bit != 0 {
			a.duplicates++
			return false, resumed
		}
		a.seen |= bit
		a.reordered++
		if seq < a.first {
			a.first = seq
		}
	}
	a.received++
	a.last = now
	return true, resumed
}

func (a *incoming) expected() uint64 {
	if !a.heard {
		return 0
	}
	return uint64(a.highest-a.first) + 1
}

// loss is the share of announcements that did not come, of those between the
// first and the last one that did.
func (a *incoming) loss() float64 {
	expected := a.expectedBefore + a.expected()
	received := a.receivedBefore + a.received
	if expected == 0 || received >= expected {
		return 0
	}
	return float64(expected-received) / float64(expected)
}

// patience is how long the sender may be silent before the direction counts as
// stopped: so many announcements that with the loss so far fewer than one run in
// ten thousand is that long by chance. A sender that learns of many others takes
// longer than it told before.
func (a *incoming) patience() time.Duration {
	missing := 4.0
	if l := a.loss(); l > 0 {
		missing = min(max(math.Ceil(math.Log(1e-4)/math.Log(l)), 4), 20)
	}
	return time.Duration((missing*1.2)*float64(max(a.interval, a.pace))) + 300*time.Millisecond
}

// silent reports whether the direction has just stopped.
func (a *incoming) silent(now time.Time) bool {
	quiet := now.Sub(a.last)
	if !a.heard || a.stopped || quiet < 4*a.interval || quiet <= a.patience() {
		return false
	}
	a.stopped, a.since, a.reason = true, a.last, ReasonUnknown
	return true
}

// took enters how long an announcement was on its way.
func (a *incoming) took(d time.Duration) {
	d = max(d, time.Microsecond) // clocks are compared to some microseconds only
	if !a.known {
		a.delay, a.known = d, true
		return
	}
	a.delay += (d - a.delay) / 8
}
