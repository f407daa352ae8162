package session

import (
	"fmt"
	"time"

	"muster/tribes/javaser"
)

// Create makes a session here and returns the message about it.
func (s *Store) Create(id string) (*Message, error) {
	now := milliseconds(time.Now())
	s.mu.Lock()
	defer s.mu.Unlock()
	h, err := s.add(id, now, true)
	if err != nil {
		return nil, err
	}
	h.replicated = now
	s.cfg.Notify(Change{Event: Created, SessionID: id, Local: true})
	return NewCreated(s.generation, s.cfg.Context, id, now), nil
}

// Edit collects what one request changes. Values must not be changed afterwards.
type Edit struct {
	s     *Store
	h     *held
	delta Delta
	boxes javaser.Boxes
}

// Session is the session as it is, with what the request has changed so far.
func (e *Edit) Session() *Session { return &e.h.Session }

// Set sets an attribute.
func (e *Edit) Set(name string, v javaser.Value) {
	e.add(Action{Type: Attribute, Name: name, Value: v})
}

// Remove removes an attribute.
func (e *Edit) Remove(name string) { e.add(Action{Type: Attribute, Remove: true, Name: name}) }

// SetMaxInactive sets how long the session may be idle, in seconds; 0 or less
// means for ever.
func (e *Edit) SetMaxInactive(seconds int32) {
	e.add(Action{Type: MaxInactiveInterval, Name: MaxInactiveInterval.FixedName(), Value: e.boxes.Integer(seconds)})
}

// add notes an action; a later one of the same name replaces an earlier one, as
// DeltaRequest does without recordAllActions.
func (e *Edit) add(a Action) {
	for i := range e.delta.Actions {
		if e.delta.Actions[i].Name == a.Name {
			e.delta.Actions = append(e.delta.Actions[:i], e.delta.Actions[i+1:]...)
			break
		}
	}
	e.delta.Actions = append(e.delta.Actions, a)
	e.s.execute(e.h, []Action{a}, 0) // the size is known when the delta is written
}

// Request serves a request to a session: it is touched, edit may look at it and
// change it, and the message about that is returned (DeltaManager.requestCompleted):
// a SessionDelta where something changed, an Accessed where this node takes the
// session over or has been silent about it for longer than it may be idle, else
// nil.
func (s *Store) Request(id string, edit func(*Edit)) (*Message, error) {
	now := milliseconds(time.Now())
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.sessions[id]
	if h == nil || h.expiredAt(now) {
		return nil, fmt.Errorf("session %q: %w", id, ErrNoSession)
	}
	h.access(now)
	e := Edit{s: s, h: h, delta: Delta{SessionID: id}}
	if edit != nil {
		edit(&e)
	}
	took := !h.primary
	h.primary = true
	var m *Message
	switch silent := now - h.replicated; {
	case len(e.delta.Actions) > 0:
		data, err := e.delta.Append(nil)
		if err != nil {
			return nil, err
		}
		s.weigh(h, e.delta.Actions, len(data))
		m = NewDelta(s.generation, s.cfg.Context, id, data, now)
	case took, h.MaxInactive >= 0 && silent > int64(h.MaxInactive)*1000:
		m = NewAccessed(s.generation, s.cfg.Context, id, now)
	}
	if m != nil {
		h.replicated = now
		s.cfg.Notify(Change{Event: m.Event, SessionID: id, Local: true, Actions: e.delta.Actions})
	}
	return m, nil
}

// Invalidate ends a session and returns the message about it.
func (s *Store) Invalidate(id string) (*Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.sessions[id]
	if h == nil {
		return nil, fmt.Errorf("session %q: %w", id, ErrNoSession)
	}
	return s.expire(h, milliseconds(time.Now())), nil
}

func (s *Store) expire(h *held, now int64) *Message {
	s.remove(h)
	s.cfg.Notify(Change{Event: Expired, SessionID: h.ID, Local: true})
	return NewExpired(s.generation, s.cfg.Context, h.ID, now)
}

// Rename gives a session another id, as JvmRouteBinderValve does when another
// node serves it, and returns the message about it.
func (s *Store) Rename(id, to string) (*Message, error) {
	now := milliseconds(time.Now())
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.sessions[id]
	if h == nil {
		return nil, fmt.Errorf("session %q: %w", id, ErrNoSession)
	}
	m, err := NewChangeSessionID(s.generation, s.cfg.Context, id, to, now)
	if err != nil {
		return nil, err
	}
	s.rename(h, to)
	s.cfg.Notify(Change{Event: ChangeSessionID, SessionID: id, NewID: to, Local: true})
	return m, nil
}

func (s *Store) rename(h *held, to string) {
	if old := s.sessions[to]; old != nil && old != h {
		s.remove(old)
	}
	delete(s.sessions, h.ID)
	h.ID, h.id = to, nil
	s.sessions[to] = h
}

// ExpireIdle ends the sessions that were idle for too long and returns the
// messages about those of which this is the primary node. The others are ended
// in silence after twice their interval: their primary node is gone
// (DeltaSession.isValid).
func (s *Store) ExpireIdle() []*Message {
	now := milliseconds(time.Now())
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*Message
	for _, h := range s.sessions {
		if !h.expiredAt(now) {
			continue
		}
		if m := s.expire(h, now); h.primary {
			out = append(out, m)
		}
	}
	return out
}

// expiredAt reports whether the session has been idle for too long.
func (h *held) expiredAt(now int64) bool {
	if h.MaxInactive <= 0 {
		return false
	}
	idle := (now - h.ThisAccessedTime) / 1000
	if h.primary {
		return idle >= int64(h.MaxInactive)
	}
	return idle >= 2*int64(h.MaxInactive)
}
