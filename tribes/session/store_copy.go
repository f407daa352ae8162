package session

import (
	"bytes"
	"fmt"
	"time"
)

// What a BackupManager does with the sessions of a store: they come and go one by
// one, as entries of a replicated map.

// Put takes a whole session from another node, in place of the one with its id
// that may be here. It is not used here, until Accessed says so.
func (s *Store) Put(c Session) error {
	size, err := c.size()
	if err != nil {
		return err
	}
	now := milliseconds(time.Now())
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.hold(c, size, now); err != nil {
		return err
	}
	s.cfg.Notify(Change{Event: AllSessionData, SessionID: c.ID})
	return nil
}

// size is what a session takes, written.
func (c *Session) size() (int, error) {
	b, err := AppendList(nil, []Session{*c})
	return len(b), err
}

// hold keeps a session that came whole and took size bytes; the caller holds the
// lock. The sender's clock may differ: idleness counts from now on, as access and
// endAccess make it.
func (s *Store) hold(c Session, size int, now int64) error {
	h, err := s.add(c.ID, now, false)
	if err != nil {
		return err
	}
	if err := s.fits(h, size); err != nil {
		s.remove(h)
		return err
	}
	h.Session = c
	h.id, h.boxes = nil, nil // of a stream that is not written again
	each := size / max(len(h.Attributes), 1)
	for k := range h.Attributes {
		h.Attributes[k].weight, h.Attributes[k].name = each, nil
	}
	h.index = nil
	h.bytes = each * len(h.Attributes)
	s.bytes += h.bytes
	h.LastAccessedTime, h.ThisAccessedTime = now, now
	return nil
}

// ApplyDiff takes a change of a session: the data of a SessionDelta.
func (s *Store) ApplyDiff(id string, diff []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.applyDiff(id, diff)
}

func (s *Store) applyDiff(id string, diff []byte) error {
	h := s.sessions[id]
	if h == nil {
		s.counts.Unknown++
		return fmt.Errorf("session %q: %w", id, ErrNoSession)
	}
	d, err := ParseDelta(bytes.Clone(diff))
	if err == nil && d.SessionID != id {
		err = fmt.Errorf("a delta of session %q in a message about %q", d.SessionID, id)
	}
	if err != nil {
		s.counts.Invalid++
		return err
	}
	if err := s.fits(h, len(diff)); err != nil {
		return err
	}
	s.execute(h, d.Actions, len(diff))
	h.access(milliseconds(time.Now()))
	h.primary = false
	s.cfg.Notify(Change{Event: SessionDelta, SessionID: id, Actions: d.Actions})
	return nil
}

// Accessed notes that a session was used, and whether that is here from now on:
// then this node expires it.
func (s *Store) Accessed(id string, here bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.sessions[id]; h != nil {
		h.access(milliseconds(time.Now()))
		h.primary = here
		s.cfg.Notify(Change{Event: Accessed, SessionID: id, Local: here})
	}
}

// Drop forgets a session without a word to others.
func (s *Store) Drop(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.sessions[id]; h != nil {
		s.remove(h)
		s.cfg.Notify(Change{Event: Expired, SessionID: id})
	}
}

// Idle are the ids of the sessions that were idle for too long, as ExpireIdle
// finds them. They stay.
func (s *Store) Idle() []string {
	now := milliseconds(time.Now())
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for id, h := range s.sessions {
		if h.expiredAt(now) {
			ids = append(ids, id)
		}
	}
	return ids
}
