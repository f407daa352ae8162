package analysis

import (
	"time"

	"muster/sniff/capture"
)

// timeline is the time of the capture as it really passed: the clock of the
// capturing host may be set while it captures, and the capture may stand still.
type timeline struct {
	First, Last int64 // times of the first and the last packet, corrected, ns
	// shift is added to the times of packets: it undoes the steps of the host's clock.
	shift  int64
	Steps  []Step
	Quiet  []Quiet
	Backs  uint64 // packets more than a second before one that came earlier
	Back   Step   // the first of them
	asking *doubt
}

// Step is a place where the clock of the capturing host was set.
type Step struct {
	Packet uint64 // the first packet after it
	By     int64  // ns
}

// Quiet is a time in which no packet at all was captured.
type Quiet struct {
	From, To int64
	Packet   uint64 // the first after it
	// Witnesses are members that were heard before and after, and sent meanwhile, as their
	// alive times tell.
	Witnesses int
}

// doubt is a jump of time that one member's heartbeats show; others decide whether
// it is the capture's clock or that member's way.
type doubt struct {
	by     int64
	packet uint64
	m      *Member
	offset int64
	times  int
}

const (
	quietFrom = 5 * second // a shorter time without packets is nothing
	maxQuiet  = 64
	maxSteps  = 64
	jump      = second
	setBack   = 60 * second
)

// Tick notes the time of the next packet and returns it on the corrected clock.
func (a *Analysis) Tick(p *capture.Packet) int64 {
	now := p.Nanos + a.shift
	switch gap := now - a.Last; {
	case a.First == 0:
		a.First, a.Last = now, now
	case gap >= 0:
		if gap > quietFrom && len(a.Quiet) < maxQuiet {
			a.Quiet = append(a.Quiet, Quiet{From: a.Last, To: now, Packet: p.Number})
		}
		a.Last = now
	case gap < -setBack && len(a.Steps) < 3: // further than packets are out of order
		a.step(p.Number, gap)
		now = a.Last
	case gap > -jump:
		a.First = min(a.First, now)
	default:
		if a.Backs++; a.Backs == 1 {
			a.Back = Step{p.Number, gap}
		}
	}
	return now
}

// quiet returns the number, from 1, of the time without any packet that lies
// between the two, 0 for none, and counts that a member sent meanwhile.
func (a *Analysis) quiet(from, to, sent int64) uint8 {
	for i := len(a.Quiet) - 1; i >= 0; i-- {
		q := &a.Quiet[i]
		if q.From < from || q.To > to {
			continue
		}
		if sent*5 >= (q.To-q.From)*4 {
			q.Witnesses++
		}
		return uint8(i + 1)
	}
	return 0
}

// hole reports whether that quiet time is the capture's own: several members went on
// sending, and nothing of any was captured.
func (a *Analysis) hole(quiet uint8) bool { return a.Quiet[quiet-1].Witnesses > 1 }

// Hole is hole for the i-th of Quiet.
func (a *Analysis) Hole(i int) bool { return a.hole(uint8(i + 1)) }

// jumped decides about a heartbeat of m whose time of capture is off by that much from
// what m's alive times make it, although they go on as ever.
func (a *Analysis) jumped(p *capture.Packet, m *Member, by, offset int64) {
	d := a.asking
	switch {
	case d == nil:
	case d.m == m && d.times < enough:
		d.times++
		d.offset = offset
		return
	case a.agrees(by):
		return
	}
	for _, n := range a.Members {
		if n != m && n.Heard() && a.Last-max(by, 0)-n.Last < 3*int64(n.Beats.Interval()) && n.Goodbye == 0 {
			a.asking = &doubt{by: by, packet: p.Number, m: m, offset: offset}
			return // the next of its heartbeats tells
		}
	}
	a.asking = nil
	a.step(p.Number, by)
}

// agrees reports whether the jump that one member shows is in doubt and another's
// the same, which makes it one of the capture's clock.
func (a *Analysis) agrees(by int64) bool {
	d := a.asking
	if d == nil || max(d.by-by, by-d.by) > jump/2 {
		return false
	}
	a.asking = nil
	a.step(d.packet, d.by)
	return true
}

// regular: a heartbeat of m came when it should, so that a doubt about another's is
// one about that other's way.
func (a *Analysis) regular(m *Member) {
	if d := a.asking; d.m != m {
		d.m.offset = d.offset
		a.asking = nil
	}
}

// step corrects the clock.
func (a *Analysis) step(packet uint64, by int64) {
	a.shift -= by
	if by > 0 {
		a.Last -= by
	}
	for i := range a.Quiet {
		if q := &a.Quiet[i]; q.Packet == packet && by > 0 {
			*q = Quiet{} // it was the step; the others keep their numbers
		}
	}
	if n := len(a.Steps); n > 0 && packet-a.Steps[n-1].Packet < 64 {
		if a.Steps[n-1].By += by; max(a.Steps[n-1].By, -a.Steps[n-1].By) < jump {
			a.Steps = a.Steps[:n-1] // a delay, made good
		}
		return
	}
	if len(a.Steps) < maxSteps {
		a.Steps = append(a.Steps, Step{packet, by})
	}
}

// Span is the time between the first and the last packet, on the corrected clock.
func (a *Analysis) Span() time.Duration { return time.Duration(a.Last - a.First) }

// Watched is for how long the capture really saw: Span without its holes.
func (a *Analysis) Watched() time.Duration { return time.Duration(a.watched(a.First, a.Last)) }

// watched is how much of a time the capture saw.
func (a *Analysis) watched(from, to int64) int64 {
	sum := to - from
	for i := range a.Quiet {
		if q := &a.Quiet[i]; a.hole(uint8(i + 1)) {
			sum -= max(0, min(q.To, to)-max(q.From, from))
		}
	}
	return sum
}
