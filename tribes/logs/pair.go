package logs

import (
	"time"
)

// Pair is what one node's log says of another: a direction of who hears whom.
type Pair struct {
	From, Of *Node // From logged it, Of is the one it is about
	// Added and Lost are how often it came and went, Kept how often it was missed
	// and its receiver answered.
	Added, Lost, Kept int
	// Present is the state at the end of the log.
	Present bool
	Spells  []Spell
	// SendFailures are messages that did not get there.
	SendFailures int
}

// livesSilently reports whether the other node had been lost before and came back while
// its own log said nothing at all: that the log ends early proves no death then.
func (p *Pair) livesSilently(now *Spell) bool {
	for i := range p.Spells {
		if s := &p.Spells[i]; s.From.Before(now.From) && !s.Back.IsZero() && p.Of.Last.Before(s.From) {
			return true
		}
	}
	return false
}

// Spell is a time during which a node missed another, or lost it.
type Spell struct {
	From time.Time
	// Since is when it had been added; zero where the log does not have it.
	Since time.Time
	// Back is when it was added again or found alive; zero where it was not.
	Back time.Time
	How  How
	// Asked is how long the question to its receiver took before it was given up.
	Asked time.Duration
	// BySend: not a heartbeat that failed to come, but a message that could not be
	// sent made the node ask.
	BySend bool
	Event  *Event
}

// How is how a member was lost.
type How string

const (
	Kept    How = "kept"    // heartbeats did not come, its receiver answered
	Lost    How = "lost"    // and its receiver did not answer
	Left    How = "left"    // it said goodbye
	Expired How = "expired" // heartbeats did not come; 5.5 asks nobody
	Dropped How = "dropped" // it could not be reached before it was ever added
)

// pairs reads who saw whom.
func pairs(nodes []*Node) []Pair {
	var out []Pair
	for _, x := range nodes {
		for _, y := range nodes {
			if x != y {
				out = append(out, pairOf(x, y))
			}
		}
	}
	return out
}

func pairOf(x, y *Node) Pair {
	p := Pair{From: x, Of: y}
	walk(x, func(m Member) bool { return y.has(m) }, &p)
	return p
}

// walk reads x's events about a member into p.
func walk(x *Node, about func(Member) bool, p *Pair) {
	var asking *Spell // a Suspect without its answer
	var sendFailed, since time.Time
	spell := func(e *Event, how How) *Spell {
		p.Spells = append(p.Spells, Spell{From: e.Time, Since: since, How: how, Event: e})
		return &p.Spells[len(p.Spells)-1]
	}
	back := func(t time.Time) {
		for i := range p.Spells {
			if p.Spells[i].Back.IsZero() {
				p.Spells[i].Back = t
			}
		}
	}
	detector := !oldGeneration(x)
	for i := range x.events {
		e := x.events[i]
		switch e.Kind {
		case Starting:
			p.Present, asking = false, nil
			continue
		}
		if !about(e.Member) {
			continue
		}
		switch e.Kind {
		case Added:
			p.Added++
			p.Present = true
			since = e.Time
			back(e.Time)
		case SendFailed, SendFailing:
			p.SendFailures += e.Count
			sendFailed = e.Until
		case Suspect:
			asking = &Spell{From: e.Time, Event: e, BySend: e.Time.Sub(sendFailed) < 200*time.Millisecond && !sendFailed.IsZero() || !heartbeatThread(e.thread)}
		case Alive:
			s := spell(e, Kept)
			if asking != nil {
				s.From, s.BySend, s.Event = asking.From, asking.BySend, asking.Event
			}
			s.Back = e.Time
			p.Kept++
			asking = nil
		case Dead, AlreadyGone:
			if asking == nil {
				break // the end of one that said goodbye: Gone follows
			}
			s := spell(e, Lost)
			s.From, s.BySend, s.Event, s.Asked = asking.From, asking.BySend, asking.Event, e.Time.Sub(asking.From)
			if e.Kind == AlreadyGone { // it was no member: never added, or gone before this log begins
				s.How = Dropped
			}
			p.Lost++
			p.Present = false
			asking = nil
		case Gone:
			p.Present = false
			if n := len(p.Spells); n > 0 && p.Spells[n-1].How == Lost && e.Time.Sub(p.Spells[n-1].From) < 15*time.Second && p.Spells[n-1].Back.IsZero() {
				break // what was lost is now reported
			}
			if n := len(p.Spells); n > 0 && p.Spells[n-1].How == Kept && e.Time.Sub(p.Spells[n-1].From) < 5*time.Second && p.Spells[n-1].Event.thread != e.thread {
				// It said goodbye while it was asked: a restart of its membership service.
				spell(e, Left)
				break
			}
			if detector {
				spell(e, Left)
			} else {
				spell(e, Expired)
				p.Lost++
			}
		}
	}
}

// oldGeneration: 5.5 has no failure detector and no goodbye that its log tells from
// a loss.
func oldGeneration(n *Node) bool {
	if len(n.Release) > 1 {
		return n.Release[0] == '5' && n.Release[1] == '.'
	}
	for i := range n.events {
		if n.events[i].Key == "mcastService.sleepingFor0Secs" || n.events[i].Key == "mcastService.membershipMbeanRegistered0" {
			return true
		}
	}
	return false
}

// heartbeatThread reports whether a thread is the one that looks for members whose
// heartbeats do not come; without a name nothing is known.
func heartbeatThread(name string) bool {
	return name == "" || len(name) >= 10 && name[:10] == "Membership"
}
