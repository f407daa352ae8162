package replication

import (
	"time"

	"muster/tribes/decode"
	"muster/tribes/session"
)

// stateMessage takes what belongs to a state transfer. ctx is nil where the
// message is for every context.
func (v *View) stateMessage(m *message, ctx *Context, c *decode.SessionContent) {
	v.Counts.Messages++
	name := c.Context
	v.recent.put(messageID(m.Data), told{})
	switch c.Event {
	case session.GetAllSessions:
		v.asked.put(m.from.Address+" "+m.to+" "+name, m.Time)
		if m.to != "" { // what we are asked is answered where this view does not look
			v.ask(question{m.from.Address, m.to, name}, m.Time)
		}
		v.event(m, StateAsked, Delta, name).All = ctx == nil
	case session.AllSessionData:
		e := v.event(m, StateSent, Delta, name)
		e.Sessions, e.All = len(c.Sessions), ctx == nil
		v.answers(e, m, name)
		if ctx != nil {
			v.listed(m, ctx, c.Sessions)
		}
	case session.TransferComplete, session.NoContextManager:
		k := StateComplete
		if c.Event == session.NoContextManager {
			k = StateNone
		}
		e := v.event(m, k, Delta, name)
		e.All = ctx == nil
		v.answers(e, m, name)
		if l, ok := m.from.lists[name]; ok {
			l.complete = true
			m.from.lists[name] = l
		}
	}
}

// answers takes the latency of an answer from its question, where that was seen.
// Whoever asked for every context did not name this one.
func (v *View) answers(e *Event, m *message, context string) {
	v.answered(m, context)
	e.Timed = false
	for _, asked := range []string{context, ""} {
		if at, ok := v.asked.get(m.to + " " + m.from.Address + " " + asked); ok {
			e.Latency, e.Timed = m.Time.Sub(at), true
			return
		}
	}
}

// Asked tells that we asked the node for the state of a context, of all of them
// where it is empty.
func (v *View) Asked(node, context string, at time.Time) {
	v.tick(at)
	v.asked.put(" "+node+" "+context, at)
	v.ask(question{"", node, context}, at)
	v.node(node)
}

// listed takes the sessions that a node says it has.
func (v *View) listed(m *message, ctx *Context, all []session.Session) {
	n := m.from
	l, ok := n.lists[ctx.Name]
	if !ok || l.complete || m.Time.Sub(l.begun) > listTime {
		l = list{begun: m.Time}
	}
	if n.lists == nil {
		n.lists = map[string]list{}
	}
	n.lists[ctx.Name] = l
	for i := range all {
		s := &all[i]
		known := ctx.sessions[s.ID]
		if known == nil {
			if known = v.add(ctx, s.ID, n.Address, m.Time); known == nil {
				continue
			}
			known.listed = true
		}
		if !known.Whole {
			v.whole(known, s)
		}
		if h := known.holder(n.Address); h != nil {
			h.proxy, h.unacked, h.listed, h.attributes = false, false, l.begun, len(s.Attributes)
		}
		if h := known.holder(m.to); h != nil { // who is sent the state has it too
			h.proxy, h.unacked = false, false
		}
	}
}

// listTime is how long the blocks of one list may be apart from its first.
const listTime = 2 * time.Minute

// whole takes all attributes of a session as it came.
func (v *View) whole(known *Session, s *session.Session) {
	for name, a := range known.Attributes {
		v.weigh(known, -len(name)-len(a.Class))
	}
	clear(known.Attributes)
	known.Bytes = 0
	for _, a := range attributes(s) {
		v.hold(known, &a)
	}
	known.Whole, known.orphan = true, time.Time{}
	if at := time.UnixMilli(s.CreationTime); at.Before(known.born) {
		known.born = at
	}
}
