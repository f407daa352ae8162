package replication

import (
	"time"

	"muster/tribes"
	"muster/tribes/release"
)

// told is what is remembered of a message about a session, for its copies and
// for the acks of them.
type told struct {
	context, session string
}

// Answer is an ack as a capture shows it.
type Answer struct {
	Time    time.Time
	Message [16]byte // the id of the message that it answers
	Node    string   // the receiver that acked
	To      string   // the sender of the message, where it is known
	Failed  bool
	Latency time.Duration
}

// placed notes that the sender of m has the session, and that its receiver has
// it, if it acks what asks for that.
func (v *View) placed(m *message, ctx *Context, id string) {
	t := told{ctx.Name, id}
	v.recent.put(messageID(m.Data), t)
	v.spread(&t, m)
}

// copied notes a further receiver of a message.
func (v *View) copied(t told, m *message) { v.spread(&t, m) }

func (v *View) spread(t *told, m *message) {
	if m.to != "" && m.Data.Options&tribes.UseAck != 0 {
		v.due(m)
	}
	ctx := v.contexts[t.context]
	if ctx == nil || t.session == "" {
		return
	}
	s := ctx.sessions[t.session]
	if s == nil {
		return
	}
	if ctx.Manager == Delta {
		if h := s.holder(m.from.Address); h != nil {
			h.proxy, h.unacked = false, false
		}
	}
	fresh := len(s.holders)
	h := s.holder(m.to)
	switch {
	case h == nil:
	case ctx.Manager == Backup: // the message said who holds it
	case len(s.holders) > fresh:
		h.unacked = m.Data.Options&tribes.UseAck != 0
	}
}

// due notes that the receiver of m is to ack it.
func (v *View) due(m *message) {
	n := v.node(m.to)
	if n.Unacked == 0 {
		n.UnackedSince = m.Time
	}
	n.Unacked++
	n.UnackedFrom = m.from.Address
}

// Answer takes an ack, and returns what it tells: nothing where the message that
// it answers was about no session.
func (v *View) Answer(a Answer) []Event {
	v.tick(a.Time)
	v.out = v.out[:0]
	t, ok := v.recent.get(a.Message)
	if !ok {
		return nil
	}
	n := v.node(a.Node)
	n.Unacked = 0
	k := Ack
	if a.Failed {
		k = FailAck
		n.Failed++
		v.Counts.FailAcks++
	} else {
		n.Acks++
		n.AckLatency.add(a.Latency)
		v.Counts.Acks++
	}
	mgr := Delta
	if ctx := v.contexts[t.context]; ctx != nil {
		mgr = ctx.Manager
		if s := ctx.sessions[t.session]; s != nil && !a.Failed {
			if h := s.holder(a.Node); h != nil {
				h.unacked = false
			}
		}
	}
	v.out = append(v.out, Event{
		Kind: k, Time: a.Time, Manager: mgr, Context: t.context, SessionID: t.session, Node: a.Node, To: a.To,
		Latency: a.Latency, Timed: true,
	})
	return v.out
}

// Heartbeat tells that a member was heard.
func (v *View) Heartbeat(m *tribes.Member, at time.Time) {
	v.tick(at)
	n := v.node(address(m))
	if n.First.IsZero() || n.Gone {
		n.First = at
	}
	if at.After(n.Last) {
		n.Kept = false
	}
	n.ID, n.Last, n.Gone = m.ID, at, m.Shutdown()
	n.Told.Form = m.Generation
	n.born = at.Add(-m.AliveTime())
}

// Told tells what else was seen of a member's release.
func (v *View) Told(m *tribes.Member, s release.Seen) {
	if n := v.nodes[address(m)]; n != nil {
		n.Told.Add(s)
	}
}

// Silent tells that a member's heartbeats stopped, and that it stays one because
// its receiver answers.
func (v *View) Silent(m *tribes.Member, at time.Time) {
	v.tick(at)
	if n := v.nodes[address(m)]; n != nil {
		n.Kept = true
	}
}

// Left tells that a member is one no longer.
func (v *View) Left(m *tribes.Member, at time.Time) {
	v.tick(at)
	if n := v.nodes[address(m)]; n != nil {
		n.Gone = true
	}
}
