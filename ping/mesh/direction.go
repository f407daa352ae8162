package mesh

import (
	"slices"
	"time"
)

// DirectionState says what is known of the direction from one node to another.
type DirectionState string

const (
	Heard   DirectionState = "heard"
	Stopped DirectionState = "stopped" // was heard, and is not any more
	Never   DirectionState = "never"   // was never heard
	Ended   DirectionState = "left"    // was heard until one of the two said goodbye
	Unknown DirectionState = "unknown" // its head did not tell
)

// Direction is how To hears From.
type Direction struct {
	From, To  int // in Report.Nodes
	State     DirectionState
	Loss      float64 // share, 0 to 1
	Delay     time.Duration
	DelayOK   bool // Delay is known
	StoppedAt time.Time
	Reason    Reason
	// TCP is what became of To's connection to From's port.
	TCP TCP
	// Unicast: datagrams to single hosts get through as well; it is known of directions
	// to this node only.
	Unicast bool
	// Received, Lost, Duplicates and Reordered count announcements; of directions to this
	// node only.
	Received, Lost, Duplicates, Reordered uint64
	// Missed: announcements that came by unicast, later ones than by the group, prove
	// that the group does not get there; of directions to this node only.
	Missed bool
}

// Cut: the group's datagrams do not get there.
func (a Direction) Cut() bool { return a.State == Stopped || a.State == Never }

// snapshot is what a node knew at one moment. Directions are made of it when they are
// asked for: a thousand nodes have a million.
type snapshot struct {
	slots      []*peer // as in Node
	start, now time.Time
	margin     time.Duration // see marginOf
	overloaded bool
}

// direction is what this node measured, or what the direction's head says.
func (s *snapshot) direction(from, to *NodeInfo) Direction {
	var tail, head *peer
	if !from.Self {
		tail = s.slots[from.index]
	}
	if to.Self {
		return s.directionHere(tail)
	}
	head = s.slots[to.index]
	a := Direction{State: Unknown}
	if head.rumour {
		return a
	}
	var c cell
	if from.index < len(head.row.cells) {
		c = head.row.cells[from.index]
	}
	a.TCP = TCP(c.tcp)
	gone, over := ends(head, tail)
	switch {
	case c.state == cellStopped && Reason(c.code) != ReasonLeft:
		a.State, a.Reason = Stopped, Reason(c.code)
		a.StoppedAt = s.start.Add(time.Duration(c.since) * 100 * time.Millisecond)
	case gone != nil && (tail == nil || head.gone != tail.gone):
		// Nothing gets there, or nobody is there to send: since the last word.
		a.State, a.Reason, a.StoppedAt = Stopped, ReasonGone, gone.word
	case gone != nil: // what two who are gone hear of each other is not known
	case over && c.state != cellNone:
		a.State, a.Reason, a.Loss = Ended, ReasonLeft, lossOf(c.loss)
		a.Delay, a.DelayOK = delayOf(c.code), c.state == cellHeard && c.code != 0
	case c.state == cellHeard:
		a.State, a.Loss = Heard, lossOf(c.loss)
		a.Delay, a.DelayOK = delayOf(c.code), c.code != 0
	case neverHeard(head, tail, from.Added, s.margin):
		a.State = Never
	}
	return a
}

// neverHeard: the list of head, told from its first entry on when both had long
// been there, does not have tail (nil: this node). It stays so when one of the two
// has left since. What an overloaded node does not have says nothing.
func neverHeard(head, tail *peer, added time.Time, margin time.Duration) bool {
	if head.hearing&Overloaded != 0 || tail != nil && tail.rumour || !head.row.complete {
		return false
	}
	since := head.added
	if added.After(since) {
		since = added
	}
	since = since.Add(margin)
	if tail != nil && tail.hasLeft() && tail.left.Before(since) {
		return false
	}
	return head.row.told.After(since)
}

// marginOf is how long nodes may take to hear each other, that announce themselves
// each interval.
func marginOf(interval time.Duration) time.Duration { return max(grace-fastest, 5*interval) }

// ends returns the end of a direction that is gone, and whether a goodbye ended the
// direction: one that came before the other end was gone. A nil tail is this node.
func ends(head, tail *peer) (gone *peer, over bool) {
	left := head.left
	if tail != nil && tail.hasLeft() && (left.IsZero() || tail.left.Before(left)) {
		left = tail.left
	}
	switch {
	case head.gone:
		gone = head
	case tail != nil && tail.gone:
		gone = tail
	}
	if !left.IsZero() && (gone == nil || left.Before(gone.word.Add(gone.silence()))) {
		return nil, true
	}
	return gone, false
}

// grace is how long nodes may take to hear each other and to say so.
const grace = 4 * time.Second

func (s *snapshot) directionHere(p *peer) Direction {
	in := &p.in
	a := Direction{State: Unknown, TCP: p.tcp, Received: in.receivedBefore + in.received, Duplicates: in.duplicates, Reordered: in.reordered}
	if expected := in.expectedBefore + in.expected(); expected > a.Received {
		a.Lost = expected - a.Received
	}
	a.Missed = p.copied > 0 && (!in.heard && !in.stopped || p.copied > in.highest)
	a.Unicast = !p.unicast.IsZero() && s.now.Sub(p.unicast) < p.silence()
	switch {
	case in.heard && !in.stopped:
		a.State, a.Loss, a.Delay, a.DelayOK = Heard, in.loss(), in.delay, in.known
	case in.stopped && in.reason == ReasonLeft:
		a.State, a.Reason, a.Loss = Ended, in.reason, in.loss()
		a.Delay, a.DelayOK = in.delay, in.known
	case in.stopped:
		a.State, a.StoppedAt, a.Reason = Stopped, in.since, in.reason
	case s.overloaded:
	case p.hasLeft() && p.left.Sub(p.added) > s.margin:
		a.State = Never
	case p.hasLeft():
	case p.gone:
		a.State, a.StoppedAt, a.Reason = Stopped, p.word, ReasonGone
	case p.rumour && s.othersHear(p) && s.now.Sub(p.added) > 2*s.margin:
		a.State = Never
	case !p.rumour && s.now.Sub(p.added) > s.margin:
		a.State = Never
	}
	return a
}

// othersHear: another node says that it hears p.
func (s *snapshot) othersHear(p *peer) bool {
	return slices.ContainsFunc(s.slots, func(x *peer) bool {
		return x != nil && x != p && !x.rumour && !x.gone && p.index < len(x.row.cells) && x.row.cells[p.index].state == cellHeard
	})
}
