package replication

import (
	"fmt"
	"slices"
	"time"

	"muster/tribes"
	"muster/tribes/decode"
	"muster/tribes/session"
)

// Two messages belong to one request where the second follows this closely.
const oneRequest = 50 * time.Millisecond

// overtakes is how long after a session's first change its creation may come to
// be one that was overtaken.
const overtakes = 10 * time.Second

// session takes a message of DeltaManager.
func (v *View) session(m *message) {
	c := m.Content.Session
	if c.Context == "" && c.AllContexts() {
		v.stateMessage(m, nil, c)
		return
	}
	if c.Context == noContext {
		if c.Event == session.NoContextManager {
			v.answered(m, noContext)
		}
		return
	}
	ctx := v.context(c.Context, Delta)
	if ctx == nil {
		return
	}
	ctx.Bytes += uint64(len(m.Data.Message))
	ctx.told(m.from.Address, c.Event)
	switch c.Event {
	case session.GetAllSessions, session.AllSessionData, session.TransferComplete, session.NoContextManager:
		v.stateMessage(m, ctx, c)
		return
	}
	v.Counts.Messages++
	v.spoke(m)
	switch c.Event {
	case session.Created:
		v.created(m, ctx, c)
	case session.SessionDelta:
		v.delta(m, ctx, c)
	case session.Accessed:
		s := v.known(m, ctx, c.SessionID)
		e := v.event(m, Accessed, Delta, ctx.Name)
		e.SessionID, e.Unknown = c.SessionID, s == nil
		ctx.Accessed++
	case session.Expired:
		s := ctx.sessions[c.SessionID]
		e := v.event(m, Expired, Delta, ctx.Name)
		e.SessionID, e.Unknown = c.SessionID, s == nil
		v.expired(ctx, c.SessionID, m.Time)
	case session.ChangeSessionID:
		v.renamed(m, ctx, c)
	default:
		v.out = append(v.out, Event{
			Kind: Unreadable, Time: m.Time, Manager: Delta, Context: ctx.Name, Node: m.from.Address, To: m.to,
			Options: m.Data.Options, Bytes: len(m.Data.Message), Err: fmt.Errorf("no such session message: %s", c.Event),
		})
		v.Counts.Unreadable++
		return
	}
	id := c.SessionID
	if c.Event == session.ChangeSessionID {
		id = c.NewID
	}
	v.placed(m, ctx, id)
}

// spoke notes that a node sent a message about a session.
func (v *View) spoke(m *message) {
	n := m.from
	if n.Messages == 0 {
		n.Began = m.Time
	}
	n.Messages++
	n.Spoke = m.Time
	if m.Data.Timestamp > 0 {
		n.Latency.add(m.Time.Sub(time.UnixMilli(m.Data.Timestamp)))
	}
}

func (v *View) created(m *message, ctx *Context, c *decode.SessionContent) {
	ctx.Created++
	e := v.event(m, Created, Delta, ctx.Name)
	e.SessionID = c.SessionID
	s := ctx.sessions[c.SessionID]
	if s != nil && !s.orphan.IsZero() && s.Node == m.from.Address && m.Time.Sub(s.orphan) < overtakes {
		// Its change came first. A Tomcat that takes them so has a session without
		// attributes; here it keeps them.
		ctx.Overtaken++
		ctx.OvertakenID = s.ID
		e.Late = true
		s.Whole, s.orphan = true, time.Time{}
		s.made, s.maker, s.Last = m.Time, m.from.Address, m.Time
		return
	}
	v.gone.drop(grave(ctx, c.SessionID))
	if s = v.add(ctx, c.SessionID, m.from.Address, m.Time); s != nil {
		s.Whole, s.made, s.maker = true, m.Time, m.from.Address
	}
}

func (v *View) delta(m *message, ctx *Context, c *decode.SessionContent) {
	if c.Delta == nil {
		v.unreadable(&m.Seen, fmt.Errorf("a delta of session %q without data", c.SessionID))
		return
	}
	ctx.Changed++
	unknown := ctx.sessions[c.SessionID] == nil
	s := v.known(m, ctx, c.SessionID)
	e := v.event(m, Changed, Delta, ctx.Name)
	e.SessionID, e.Attributes, e.Unknown = c.SessionID, actions(c.Delta), unknown
	if s == nil {
		return
	}
	if unknown {
		s.orphan = m.Time
	}
	v.changed(m, ctx, s, e.Attributes, len(c.Data))
}

// changed notes a change of s by so many bytes.
func (v *View) changed(m *message, ctx *Context, s *Session, changes []Attribute, bytes int) {
	if s.Changes == 0 && s.maker == m.from.Address && m.Time.Sub(s.made) < oneRequest {
		ctx.Quick++
		if o := m.Data.Options; o&inOrder != inOrder && setsAttribute(changes) {
			ctx.Risked++
			ctx.RiskOptions = o
		}
	}
	s.Changes++
	s.DeltaBytes += uint64(bytes)
	s.Largest = max(s.Largest, bytes)
	for i := range changes {
		if changes[i].Type == session.Attribute {
			v.hold(s, &changes[i])
		}
	}
}

// setsAttribute tells a change of attributes from one of the fields that Tomcat
// sets in every new session.
func setsAttribute(changes []Attribute) bool {
	return slices.ContainsFunc(changes, func(a Attribute) bool { return a.Type == session.Attribute })
}

// inOrder are the options with which a sender waits until a message has been
// processed before it sends the next.
const inOrder = tribes.UseAck | tribes.SynchronizedAck

// known returns the session that m is about, and notes that its sender serves
// it. One that was not known begins here, but for one that is no more.
func (v *View) known(m *message, ctx *Context, id string) *Session {
	s := ctx.sessions[id]
	if s == nil {
		if at, ok := v.gone.get(grave(ctx, id)); ok && m.Time.Sub(at) < overtakes {
			return nil
		}
		return v.add(ctx, id, m.from.Address, m.Time)
	}
	v.served(m, ctx, s, m.from.Address)
	return s
}

// served notes that a node serves s now.
func (v *View) served(m *message, ctx *Context, s *Session, node string) {
	if s.listed {
		// Until now only a list named it, which does not tell who serves it. But who asked for the list
		// had no sessions then.
		s.listed = false
		if _, asked := v.asked.get(node + " " + s.Node + " " + ctx.Name); !asked {
			s.Node = node
		}
	}
	if node != s.Node {
		e := v.event(m, Moved, ctx.Manager, ctx.Name)
		e.SessionID, e.Was, e.Node = s.ID, s.Node, node
		ctx.Moved++
		s.Node = node
	}
	s.Last = m.Time
}

func (v *View) renamed(m *message, ctx *Context, c *decode.SessionContent) {
	s := v.known(m, ctx, c.SessionID)
	e := v.event(m, Renamed, Delta, ctx.Name)
	e.SessionID, e.NewID, e.Unknown = c.SessionID, c.NewID, s == nil
	ctx.Renamed++
	v.gone.put(grave(ctx, c.SessionID), m.Time)
	if s == nil || s.ID == c.NewID {
		return
	}
	if old := ctx.sessions[c.NewID]; old != nil {
		v.remove(ctx, old)
	}
	delete(ctx.sessions, s.ID)
	v.weigh(s, len(c.NewID)-len(s.ID))
	s.ID = c.NewID
	ctx.sessions[s.ID] = s
}

func (v *View) expired(ctx *Context, id string, at time.Time) {
	ctx.Expired++
	v.gone.put(grave(ctx, id), at)
	if s := ctx.sessions[id]; s != nil {
		v.remove(ctx, s)
	}
}

func grave(ctx *Context, id string) string { return ctx.Name + "\x00" + id }
