package logs

import (
	"fmt"
	"time"

	"muster/internal/verdict"
)

const (
	// together is how far apart two nodes notice that they lost each other when the
	// network was cut: each looks at its own heartbeats, which come every half second,
	// and asks TCP for up to a second.
	together = 2500 * time.Millisecond
	// sendNear is how close a failed message must be to a loss to belong to it.
	sendNear = 8 * time.Second
)

// losses judges who missed whom, both directions of each pair together.
func (j *judge) losses() {
	for i := range j.res.Pairs {
		p := &j.res.Pairs[i]
		var q *Pair
		for k := range j.res.Pairs {
			if j.res.Pairs[k].From == p.Of && j.res.Pairs[k].Of == p.From {
				q = &j.res.Pairs[k]
			}
		}
		if p.From.Name < p.Of.Name || q == nil {
			j.dropTime(p)
			j.dropTime(q)
			j.pair(p, q)
		}
	}
}

// missed are the spells of p that were no orderly leave, nor a restart.
func (p *Pair) missed() []*Spell {
	var out []*Spell
	y := p.Of
	for i := range p.Spells {
		s := &p.Spells[i]
		switch {
		case s.How == Left:
		case y.stoppedNear(s.From):
		case s.How == Expired && y.startedBetween(s.From.Add(-15*time.Second), endOf(s, y)):
		default:
			out = append(out, s)
		}
	}
	return out
}

func endOf(s *Spell, n *Node) time.Time {
	if s.Back.IsZero() {
		return n.Last.Add(time.Hour)
	}
	return s.Back
}

// pair judges the spells of two nodes that have both their logs here.
func (j *judge) pair(p, q *Pair) {
	if j.explained[p.From] != "" || j.explained[p.Of] != "" {
		return // what each sees of the other follows from that
	}
	mine, theirs := p.missed(), q.missed()
	used := map[*Spell]bool{}
	for _, s := range mine {
		if t := nearest(theirs, s, used); t != nil {
			used[s], used[t] = true, true
			j.both(p, q, s, t)
		}
	}
	for _, s := range mine {
		if !used[s] {
			j.oneSided(p, s)
		}
	}
	for _, s := range theirs {
		if !used[s] {
			j.oneSided(q, s)
		}
	}
}

// nearest is the spell of the other side that belongs to s: the one that overlaps
// it, or begins soon after it ended (a node that was paused notices when it wakes).
func nearest(list []*Spell, s *Spell, used map[*Spell]bool) *Spell {
	var best *Spell
	for _, t := range list {
		if used[t] {
			continue
		}
		d := t.From.Sub(s.From).Abs()
		if d < 5*time.Minute && (best == nil || d < best.From.Sub(s.From).Abs()) {
			best = t
		}
	}
	return best
}

// both judges a time in which two nodes missed each other.
func (j *judge) both(p, q *Pair, s, t *Spell) {
	apart := t.From.Sub(s.From)
	lines := []*Event{s.Event, t.Event}
	a, b := p.From.Name, p.Of.Name
	slack := together
	if p.From.coarse || p.Of.coarse {
		slack += time.Second
	}
	failed := s.How == Lost || t.How == Lost || s.How == Expired || t.How == Expired
	switch {
	case apart.Abs() <= slack && failed:
		after := "and did not find each other again"
		if !s.Back.IsZero() && !t.Back.IsZero() {
			after = fmt.Sprintf("and found each other again at %s", clockText(later(s.Back, t.Back)))
		}
		j.add("mesh.cut", verdict.Fail, verdict.Likely, a+", "+b,
			fmt.Sprintf("%s and %s lost each other at the same time, %s, %s: neither multicast nor TCP got through between them: a cable or a port of a switch, its isolation (switch.isolation) or VLAN (iface.vlan-mismatch), or a filter", a, b, clockText(s.From), after), lines)
	case apart.Abs() <= slack:
		j.add("igmp.no-querier", verdict.Warn, verdict.Hint, a+", "+b,
			fmt.Sprintf("%s and %s stopped hearing each other's heartbeats at the same time, %s, while TCP went on: the network between them lost multicast (a missing querier, a switch, a radio link: igmp.no-querier, switch.unregistered-drop, iface.wifi), or both hosts stood still together", a, b, clockText(s.From)), lines)
	default:
		paused, first, last := p.Of, s, t
		if apart < 0 {
			paused, first, last = p.From, t, s
		}
		j.add("tribes.gc-pause", verdict.Warn, verdict.Likely, paused.Name,
			fmt.Sprintf("%s was missed at %s and itself missed the others at %s, %s later: that is how it looks when its process or host stood still and woke up then", paused.Name, clockText(first.From), clockText(last.From), last.From.Sub(first.From).Round(100*time.Millisecond)), []*Event{first.Event, last.Event},
			verdict.Next("look at the garbage collector's log of "+paused.Name+" and at its host (a suspended VM, swapping) at that time"), verdict.Fix("raise dropTime of Membership above the longest pause"))
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// oneSided judges a time in which x missed y and y never missed x.
func (j *judge) oneSided(p *Pair, s *Spell) {
	x, y := p.From, p.Of
	lines := []*Event{s.Event}
	failures := j.failuresNear(x, y, s)
	lines = append(lines, failures...)
	// A log without further lines may be one of a node to which nothing happened: that a
	// message to it timed out does not tell it from one that ended; its heartbeats that
	// stopped, or a receiver that refuses, do.
	quiet := s.BySend && !refused(failures) || p.livesSilently(s)
	died := !quiet && (s.How != Dropped && s.Back.IsZero() && !y.Last.After(s.From.Add(2*time.Second)) || s.How != Dropped && restartedUnclean(y, s))
	switch {
	case died && (s.How == Lost || s.How == Expired):
		j.add("tribes.not-joined", verdict.Fail, verdict.Likely, y.Name,
			fmt.Sprintf("%s lost %s at %s; the log of %s ends before, without a stop: its process was killed or crashed, or its host went away", x.Name, y.Name, clockText(s.From), y.Name), lines)
	case s.How == Lost && quiet && s.Back.IsZero() && !y.Last.After(s.From):
		j.add("tribes.half-open", verdict.Fail, verdict.Hint, y.Name,
			fmt.Sprintf("%s could not reach the receiver of %s at %s, whose log says nothing after that: its TCP is blocked (a firewall drops what comes to its port), or its host went away (tribes.not-joined)", x.Name, y.Name, clockText(s.From)), lines,
			verdict.Next("muster tribes probe "+y.Addr.String()+", on "+x.Name+", asks the receiver"))
	case s.How == Lost || s.How == Dropped:
		j.halfOpen(x, y.Name, s.From, fmt.Sprintf("%s could not reach the receiver of %s at %s, while %s went on and missed nobody", x.Name, y.Name, clockText(s.From), y.Name), lines)
	case len(failures) > 0:
		j.slow(x, y.Name, s.From, lines)
	case s.How == Kept:
		j.heartbeats(x, y, s, p)
	case s.How == Expired:
		j.add("tribes.one-way", verdict.Warn, verdict.Hint, x.Name+", "+y.Name,
			fmt.Sprintf("%s did not hear %s at %s, which missed nobody: its heartbeats did not get there, or it stood still", x.Name, y.Name, clockText(s.From)), lines)
	}
}

// refused reports whether a message failed since nothing listens.
func refused(list []*Event) bool {
	for _, e := range list {
		if e.Detail == "refused" || e.Detail == "closed" {
			return true
		}
	}
	return false
}

// heartbeats judges one that was missed, answered by TCP, and missed nobody itself.
func (j *judge) heartbeats(x, y *Node, s *Spell, p *Pair) {
	if j.bad("tribes.drop-time") {
		return
	}
	j.add("tribes.one-way", verdict.Warn, verdict.Hint, x.Name+", "+y.Name,
		fmt.Sprintf("%s did not hear the heartbeats of %s at %s, whose receiver answered and which heard %s all the time: multicast from %s to %s was lost (a filter or a port of a switch on %s's side: fw.input-drop, igmp.no-querier), or %s stood still for that long",
			x.Name, y.Name, clockText(s.From), x.Name, y.Name, x.Name, x.Name, y.Name), []*Event{s.Event})
}

// failuresNear are x's failed messages to y around the spell.
func (j *judge) failuresNear(x, y *Node, s *Spell) []*Event {
	var out []*Event
	for _, e := range eventsOf(x, SendFailed, SendFailing) {
		if y.has(e.Member) && e.Until.Sub(s.From) > -sendNear && e.Time.Sub(s.From) < sendNear {
			out = append(out, e)
		}
	}
	return out
}

// restartedUnclean reports whether y began a new run without having stopped, around
// the time that it was lost.
func restartedUnclean(y *Node, s *Spell) bool {
	if y.stoppedNear(s.From) {
		return false
	}
	from := s.From.Add(-20 * time.Second)
	if s.Since.After(from) {
		from = s.Since // the run that it had been added in
	}
	return y.startedBetween(from, endOf(s, y))
}

func (j *judge) halfOpen(x *Node, who string, at time.Time, saw string, lines []*Event) {
	if j.bad("tribes.advertises-loopback") || j.bad("tribes.key-mismatch") {
		return
	}
	for _, v := range j.verdicts {
		if v.ID == "tribes.half-open" && v.Subject == who {
			return
		}
	}
	j.add("tribes.half-open", verdict.Fail, verdict.Likely, who, saw, lines,
		verdict.Fix("let TCP to the receiver of "+who+" through, from every node"), verdict.Next("muster tribes probe, from each of the other nodes, asks it"))
}

// slow judges a receiver that takes connections and does not answer messages.
func (j *judge) slow(x *Node, who string, at time.Time, lines []*Event) {
	j.add("tribes.load", verdict.Warn, verdict.Hint, who,
		fmt.Sprintf("%s waited in vain for %s to acknowledge a message at %s, whose receiver still took connections: it stood still (tribes.gc-pause), all its threads were busy, or what it read took long; the log does not say which", x.Name, who, clockText(at)), lines)
}

// dropTime judges members that are suspected although no more than one heartbeat
// is missing.
func (j *judge) dropTime(p *Pair) {
	if p == nil || p.Kept < 2 {
		return
	}
	x, y := p.From, p.Of
	frequency := max(x.Frequency, y.Frequency)
	if frequency < time.Second {
		return
	}
	early := 0
	var lines []*Event
	for i := range p.Spells {
		s := &p.Spells[i]
		if s.How != Kept {
			continue
		}
		early++
		lines = append(lines, s.Event)
	}
	// A heartbeat that is missed once in a while is a loss; one that is missed each
	// time it is due never had a chance.
	first, last := p.Spells[0].From, p.Spells[len(p.Spells)-1].From
	span := last.Sub(first)
	if early < 2 || span > time.Duration(early+1)*2*frequency {
		return
	}
	j.add("tribes.drop-time", verdict.Warn, verdict.Likely, x.Name,
		fmt.Sprintf("%s misses %s %s within %s although its receiver answers: a heartbeat comes each %s only, and dropTime is over before the next one", x.Name, y.Name, times(early), span.Round(time.Second), frequency), lines,
		verdict.Fix("set dropTime of Membership to at least three times its frequency"))
}
