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
	// Witnesses are members that were heard before and after, and sent several heartbeats
	// meanwhile, as their alive times tell.
	Witnesses int
}

// doubt is a jump of time that one member's heartbeats show; others decide whether
// it is the capture's clock or that member's way.
type doubt struct {
	by     int64
	packet uint64
	m      *Member
	offset int64
	taken  bool // offset is the member's already
	times  int
}

const (
	quietFrom = 5 * second / 2 // a shorter time without packets is nothing
	quietLong = 5 * second     // in it not even the heartbeats of one member alone are lost by chance
	longQuiet = 20 * second
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
// between the two, 0 for none, and counts that the member with these heartbeats sent meanwhile.
func (a *Analysis) quiet(from, to, sent int64, b *Beats) uint8 {
	for i := len(a.Quiet) - 1; i >= 0; i-- {
		q := &a.Quiet[i]
		if q.From < from || q.To > to {
			continue
		}
		if period := b.measure() * 1000; period > 0 && sent > 2*period-period/4 && sent*5 >= (q.To-q.From)*4 {
			q.Witnesses++
		}
		return uint8(i + 1)
	}
	return 0
}

// hole reports whether that quiet time is the capture's own: members went on sending, and nothing
// of anybody was captured. A live capture knows what it missed, and has none.
func (a *Analysis) hole(quiet uint8) bool {
	q := &a.Quiet[quiet-1]
	return !a.live && (q.Witnesses > 1 || q.Witnesses == 1 && (q.To-q.From > quietLong || len(a.Quiet) == 1))
}

// deaf reports whether nothing was captured for a while from within a second of t on.
func (a *Analysis) deaf(t int64) bool {
	for i := range a.Quiet {
		if q := &a.Quiet[i]; q.From >= t && q.From < t+second && a.hole(uint8(i+1)) {
			return true
		}
	}
	return false
}

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
	if a.steady(m, by) {
		a.asking = &doubt{by: by, packet: p.Number, m: m, offset: offset}
		return // the next of its heartbeats tells
	}
	a.asking = nil
	a.step(p.Number, by)
}

// suspect notes a jump that a member shows whose period is not known yet, where another one
// may show the same next.
func (a *Analysis) suspect(p *capture.Packet, m *Member, by, offset int64) {
	if a.asking == nil && a.steady(m, by) {
		a.asking = &doubt{by: by, packet: p.Number, m: m, offset: offset, taken: true}
	}
}

// steady reports whether a member other than m was heard until just before a jump.
func (a *Analysis) steady(m *Member, by int64) bool {
	for _, n := range a.Members {
		if n != m && n.Heard() && a.Last-max(by, 0)-n.Last < 3*int64(n.Beats.Interval()) && n.Goodbye == 0 {
			return true
		}
	}
	return false
}

// agrees reports whether the jump that one member shows is in doubt and another's
// the same, which makes it one of the capture's clock.
func (a *Analysis) agrees(by int64) bool {
	d := a.asking
	if d == nil || max(d.by-by, by-d.by) > jump/2 {
		return false
	}
	a.asking = nil
	if d.taken {
		d.m.offset -= d.by
	}
	a.step(d.packet, d.by)
	return true
}

// regular: a heartbeat of m came when it should. Where the one before it came before the doubt, that is
// one about another's way.
func (a *Analysis) regular(m *Member) {
	if d := a.asking; d.m != m && m.packet < d.packet {
		d.m.offset = d.offset
		a.asking = nil
	}
}

// step corrects the clock.
func (a *Analysis) step(packet uint64, by int64) {
	a.shift -= by
	for _, m := range a.Members {
		m.Talk.timed = 0 // some messages were timed before the step was known
	}
	if by > 0 {
		a.Last -= by
		a.rebase(by)
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

// rebase corrects the times that were noted after a step forward and before it was known:
// they lie after the last packet.
func (a *Analysis) rebase(by int64) {
	correct := func(times ...*int64) {
		for _, t := range times {
			if *t > a.Last {
				*t -= by
			}
		}
	}
	for _, m := range a.Members {
		correct(&m.First, &m.Last, &m.Goodbye, &m.Talk.First, &m.Talk.Last)
		for i := range m.Beats.marks {
			correct(&m.Beats.marks[i].at)
		}
	}
	for _, r := range a.Receivers {
		correct(&r.LastAnswered, &r.LastFailed)
	}
	for _, h := range a.hosts {
		correct(&h.last, &h.since, &h.replies.latest, &h.starts.latest)
		for i := range h.replies.at {
			correct(&h.replies.at[i], &h.starts.at[i])
		}
	}
}

// Span is the time between the first and the last packet, on the corrected clock.
func (a *Analysis) Span() time.Duration { return time.Duration(a.Last - a.First) }

// Watched is for how long the capture really saw: Span without its holes.
func (a *Analysis) Watched() time.Duration { return time.Duration(a.watched(a.First, a.Last)) }

// alive is watched, without the times in which nothing of anybody came although there are members,
// which send all the time: whether the capture stood still, its clock was set or nobody was there
// yet, nothing tells.
func (j *judge) alive(from, to int64) int64 {
	sum := j.watched(from, to)
	for i, q := range j.Quiet {
		if len(j.heard) > 0 && q.To-q.From > longQuiet && !j.hole(uint8(i+1)) {
			sum -= max(0, min(q.To, to)-max(q.From, from))
		}
	}
	return sum
}

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
