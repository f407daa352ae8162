package analysis

import (
	"slices"
	"time"
)

// Beats measures a member's heartbeats on the sender's own scale: the alive time,
// in ms, that it writes into each. Its frequency, what was lost and how long it was
// silent are read from there, so that neither copies nor the order of packets nor
// the clock of the capturing host change them.
type Beats struct {
	count uint64
	// The latest marks, oldest first, beginning at start.
	marks  [marks]mark
	start  int
	filled int
	// before is what the marks that were pushed out told.
	before struct {
		lost, bursts uint64
		longest      int64 // ms
		quiet        []quietStep
	}
	period   int64  // us, as last computed
	measured uint64 // the count at that time
}

// mark is a heartbeat that came: its alive time, and when it was captured.
type mark struct {
	alive, at int64
	// set: the sender's clock was set before it, so that the step to it is no time.
	// broken: the step tells nothing of losses, for that reason or since the record
	// changed or the process stood still.
	set, broken bool
	// quiet is the number, from 1, of a time in which nothing at all was captured.
	quiet uint8
}

// quietStep is a step in which nothing at all was captured: whether what it left out was lost is
// known at the end.
type quietStep struct {
	quiet  uint8
	lost   uint64
	length int64 // ms
}

const (
	marks = 64 // a power of two
	// enough steps show a period.
	enough = 4
	// sameBeat is the time in ns within which one alive time means one heartbeat, also of
	// a sender of which no more is known.
	sameBeat = int64(450e6)
)

// nth is the i-th of the marks, 0 being the oldest.
func (b *Beats) nth(i int) *mark { return &b.marks[(b.start+i)&(marks-1)] }

// newest is the mark with the largest alive time, nil without any.
func (b *Beats) newest() *mark {
	if b.filled == 0 {
		return nil
	}
	return b.nth(b.filled - 1)
}

// known reports whether the heartbeat with that alive time was counted already.
func (b *Beats) known(alive, at int64) bool {
	last := b.newest()
	switch {
	case last == nil || alive > last.alive:
		return false
	case alive == last.alive:
		return max(at-last.at, last.at-at) < sameBeat || b.measure() > 0
	}
	for i := b.filled - 2; i >= 0 && b.nth(i).alive >= alive; i-- {
		if b.nth(i).alive == alive {
			return true
		}
	}
	return false
}

// add counts a heartbeat.
func (b *Beats) add(m mark) {
	b.count++
	last := b.newest()
	switch {
	case last == nil || m.alive > last.alive:
		b.push(m)
	case m.at < last.at || last.alive-m.alive < 1000: // it was overtaken
		b.insert(m)
	default: // the sender's clock went back: begin again
		for b.filled > 1 {
			b.retire()
		}
		b.filled = 0
		m.set, m.broken = true, true
		b.push(m)
	}
}

func (b *Beats) push(m mark) {
	if b.filled == marks {
		b.retire()
	}
	b.filled++
	*b.nth(b.filled - 1) = m
}

// insert puts a late heartbeat where it belongs.
func (b *Beats) insert(m mark) {
	if b.filled == marks {
		b.retire()
	}
	b.filled++
	i := b.filled - 1
	for ; i > 0 && b.nth(i-1).alive > m.alive; i-- {
		*b.nth(i) = *b.nth(i - 1)
	}
	*b.nth(i) = m
}

// retire drops the oldest mark and keeps what the step behind it tells.
func (b *Beats) retire() {
	lost := uint64(0)
	if s := b.step(1); s >= 0 && !b.usual(s) {
		if b.period == 0 || b.count-b.measured >= marks {
			b.period, b.measured = b.measure(), b.count
		}
		lost = missing(s, b.period)
	}
	if q := b.nth(1).quiet; q != 0 {
		b.before.quiet = append(b.before.quiet, quietStep{q, lost, b.length(1)})
	} else {
		if b.before.lost += lost; lost > 0 {
			b.before.bursts++
		}
		b.before.longest = max(b.before.longest, b.length(1))
	}
	b.start = (b.start + 1) & (marks - 1)
	b.filled--
}

// usual reports whether a step of that many ms is one of the period as last computed, so that nothing is missing in it.
func (b *Beats) usual(step int64) bool {
	off := step*1000 - b.period
	return max(off, -off) < b.period/4
}

// step is the time in ms from the mark before the i-th to it, -1 where that tells
// nothing.
func (b *Beats) step(i int) int64 {
	if m := b.nth(i); !m.broken {
		return m.alive - b.nth(i-1).alive
	}
	return -1
}

// length is how long nothing came before the i-th mark, in ms, 0 where the clock does
// not tell.
func (b *Beats) length(i int) int64 {
	if b.nth(i).set {
		return 0
	}
	return b.nth(i).alive - b.nth(i-1).alive
}

// missing is how many heartbeats of that period (in us) a step (in ms) left out. A step that is no
// multiple of the period is a pause of the sender: nothing was sent meanwhile.
func missing(step, period int64) uint64 {
	if step *= 1000; period == 0 || step < period*3/2 {
		return 0
	}
	n := (step + period/2) / period
	if outOfStep(step/1000, period) {
		return 0
	}
	return uint64(n - 1)
}

// outOfStep reports whether a silence of that many ms ended with a heartbeat that does not fit into the rhythm of
// those before it. Heartbeats that are lost on the way leave the rhythm as it is; a process that stood still sends
// at once when it goes on, and begins a new one.
func outOfStep(step, period int64) bool {
	if step *= 1000; period == 0 || step > longestRhythm*period {
		return false
	}
	off := step - (step+period/2)/period*period
	return max(off, -off) > period/5
}

// longestRhythm is for how many periods the rhythm is known well enough.
const longestRhythm = 40

// regular reports whether a step of that many ns is one of a few periods.
func (b *Beats) regular(step int64) bool {
	period := b.measure()
	step /= 1e3
	if period == 0 || step <= 0 || step > 10*period {
		return false
	}
	n := max(1, (step+period/2)/period)
	off := step - n*period
	return max(off, -off) <= period/5
}

// measure finds the period, in us: the smallest step of which nearly all others are
// multiples, and which is not rarer than a sender's would be.
func (b *Beats) measure() int64 {
	var room [marks]int64
	steps := room[:0]
	for i := 1; i < b.filled; i++ {
		if s := b.step(i); s > 0 {
			steps = append(steps, s)
		}
	}
	if len(steps) == 0 {
		return 0
	}
	slices.Sort(steps)
	for i, s := range steps {
		if i > 0 && s <= steps[i-1]+steps[i-1]/10 {
			continue // of the same kind as the one before
		}
		if p, ok := tryPeriod(s, steps); ok {
			return p
		}
	}
	return steps[len(steps)/2] * 1000
}

// tryPeriod reports whether a sender with the period s, some of whose heartbeats were
// lost, makes these steps, and returns the mean of those that are one period long.
// The more heartbeats in a row are lost, the rarer it happens: so the single step is
// about as frequent as a longer one, or more.
func tryPeriod(s int64, steps []int64) (period int64, ok bool) {
	const kinds = 12
	var of [kinds]int
	sum, fit := int64(0), 0
	for _, x := range steps {
		n := (x + s/2) / s
		if off := x - n*s; max(off, -off)*8 > s {
			continue
		}
		fit++
		of[min(n, kinds-1)]++
		if n == 1 {
			sum += x
		}
	}
	if of[1] == 0 || fit*5 < len(steps)*4 || len(steps) >= 20 && of[1]*10 < len(steps) {
		return 0, false
	}
	for n := 2; n < kinds; n++ {
		if n < 4 && of[n] > 3*of[1]+4 || n >= 4 && of[n] >= of[1] {
			return 0, false
		}
	}
	return sum * 1000 / int64(of[1]), true
}

// Interval is the sender's frequency, 0 while unknown. Where its alive times are no clock, it is how often
// heartbeats came.
func (b *Beats) Interval() time.Duration {
	if period := b.measure(); period > 0 || b.filled <= enough {
		return time.Duration(period) * time.Microsecond
	}
	return time.Duration((b.newest().at - b.nth(0).at) / int64(b.filled-1))
}

// Count is the number of heartbeats.
func (b *Beats) Count() uint64 { return b.count }

// losses is how many heartbeats are missing and in how many places; those in the times that skip names
// are not counted.
func (b *Beats) losses(skip func(quiet uint8) bool) (lost, bursts uint64) {
	lost, bursts = b.before.lost, b.before.bursts
	for _, q := range b.before.quiet {
		if q.lost > 0 && !skip(q.quiet) {
			lost += q.lost
			bursts++
		}
	}
	if b.filled <= enough {
		return lost, bursts
	}
	period := b.measure()
	for i := 1; i < b.filled; i++ {
		if q := b.nth(i).quiet; q != 0 && skip(q) {
			continue
		}
		if n := missing(b.step(i), period); n > 0 {
			lost += n
			bursts++
		}
	}
	return lost, bursts
}

// Jitter is the mean distance of the steps from the period, where none is missing.
func (b *Beats) Jitter() time.Duration {
	period := b.measure()
	sum, n := int64(0), int64(0)
	for i := 1; i < b.filled; i++ {
		if s := b.step(i) * 1000; s > 0 && s <= period*3/2 {
			sum += max(s-period, period-s)
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return time.Duration(sum/n) * time.Microsecond
}

// longest is the longest time between two heartbeats that came; the times that skip names are not
// counted.
func (b *Beats) longest(skip func(quiet uint8) bool) time.Duration {
	longest := b.before.longest
	for _, q := range b.before.quiet {
		if !skip(q.quiet) {
			longest = max(longest, q.length)
		}
	}
	for i := 1; i < b.filled; i++ {
		if q := b.nth(i).quiet; q == 0 || !skip(q) {
			longest = max(longest, b.length(i))
		}
	}
	return time.Duration(longest) * time.Millisecond
}

// shortest is the shortest time between two of the latest heartbeats in ms, 0 while unknown.
func (b *Beats) shortest() (least int64) {
	for i := 1; i < b.filled; i++ {
		if n := b.length(i); n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	return least
}

// apart is longest by when heartbeats were captured.
func (b *Beats) apart() time.Duration {
	longest := int64(0)
	for i := 1; i < b.filled; i++ {
		longest = max(longest, b.nth(i).at-b.nth(i-1).at)
	}
	return time.Duration(longest)
}

// Recent returns the latest steps in ms, oldest first: what a sparkline shows.
func (b *Beats) Recent(n int) []float64 {
	out := []float64{}
	for i := max(1, b.filled-n); i < b.filled; i++ {
		out = append(out, float64(b.nth(i).alive-b.nth(i-1).alive))
	}
	return out
}
