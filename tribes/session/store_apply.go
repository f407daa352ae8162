package session

import (
	"bytes"
	"fmt"
	"time"

	"muster/tribes/javaser"
)

// Apply takes a message of another node (DeltaManager.messageDataReceived). m
// may alias a buffer; what is kept is copied. GetAllSessions is not Apply's: see
// State.
func (s *Store) Apply(m *Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.transfer; t != nil && !t.done {
		if m.Event != AllSessionData && m.Event != TransferComplete && m.Event != NoContextManager {
			return t.keep(m)
		}
	}
	return s.apply(m)
}

func (s *Store) apply(m *Message) error {
	var err error
	switch m.Event {
	case Created:
		err = s.created(m)
	case SessionDelta:
		err = s.delta(m)
	case Expired, Accessed, ChangeSessionID:
		err = s.touched(m)
	case AllSessionData:
		err = s.allSessions(m)
	case TransferComplete, NoContextManager:
		s.transferEnds(m)
	default:
		err = fmt.Errorf("a session message of type %s has no place here", m.Event)
	}
	if err == nil {
		s.counts.Applied++
	}
	return err
}

func (s *Store) created(m *Message) error {
	h, err := s.add(m.SessionID, m.Timestamp, false)
	if err != nil {
		return err
	}
	h.IsNew = false
	s.cfg.Notify(Change{Event: Created, SessionID: h.ID})
	return nil
}

// delta applies the changes of a request. One of an unknown session is dropped.
func (s *Store) delta(m *Message) error {
	if s.sessions[m.SessionID] == nil {
		return s.unknown(m)
	}
	return s.applyDiff(m.SessionID, m.Data)
}

// touched takes the messages that need a session and carry no values.
func (s *Store) touched(m *Message) error {
	h := s.sessions[m.SessionID]
	if h == nil {
		return s.unknown(m)
	}
	c := Change{Event: m.Event, SessionID: h.ID}
	switch m.Event {
	case Expired:
		s.remove(h)
	case Accessed:
		h.access(milliseconds(time.Now()))
		h.primary = false
	case ChangeSessionID:
		to, err := ParseID(m.Data)
		if err != nil {
			s.counts.Invalid++
			return err
		}
		c.NewID = to
		s.rename(h, to)
		h.primary = false
	}
	s.cfg.Notify(c)
	return nil
}

func (s *Store) unknown(m *Message) error {
	s.counts.Unknown++
	return fmt.Errorf("%s: session %q: %w", m.Event, m.SessionID, ErrNoSession)
}

// allSessions takes a block of a state transfer. What it says replaces what is
// here.
func (s *Store) allSessions(m *Message) error {
	all, err := ParseList(bytes.Clone(m.Data), javaser.Limits{Bytes: s.cfg.LimitBytes, Values: listValues})
	if err != nil {
		s.counts.Invalid++
		return err
	}
	share := 0
	if len(all) > 0 {
		share = len(m.Data) / len(all)
	}
	now := milliseconds(time.Now())
	for i := range all {
		if err := s.hold(all[i], share, now); err != nil {
			return err
		}
		s.cfg.Notify(Change{Event: AllSessionData, SessionID: all[i].ID})
	}
	return nil
}

// listValues bounds the values of one block of a state transfer: a million
// sessions of some attributes.
const listValues = 64 << 20
