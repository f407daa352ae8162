package replicatedmap

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/tribes/javaser"
	"muster/tribes/session"
)

// Sessions are the sessions of one context as a BackupManager has them
// (H/session/BackupManager): a Map whose values are in a Store.
type Sessions struct {
	*Map
	// Store holds the sessions of which this node is the primary or the backup. It is
	// for looking; change sessions by the methods of Sessions.
	Store *session.Store
	class *javaser.Class
}

// expireEvery is how often idle sessions are looked for, as quick as it can be
// configured (backgroundProcessorDelay times processExpiresFrequency).
const expireEvery = time.Second

// deltaSession is the serialVersionUID of DeltaSession in 8.5, 9.0 and 10.1.
const deltaSession = 0x041d33b9b82ea975

// NewSessions returns the sessions of the context that the store is for; cfg.Name
// becomes that of its map.
func NewSessions(ch Channel, store *session.Store, cfg Config) *Sessions {
	cfg.Name = store.Context() + "-map"
	s := &Sessions{Store: store, class: cfg.SessionClass}
	if s.class == nil {
		uid := int64(deltaSession)
		if uids, ok := cfg.Release.SerialUIDs(); ok {
			uid = uids.DeltaSession
		}
		s.class = session.DeltaSessionClass(uint64(uid))
	}
	s.Map = New(ch, (*values)(s), cfg)
	return s
}

// Create makes a session here and gives it a backup.
func (s *Sessions) Create(ctx context.Context, id string) error {
	defer s.lock(id)()
	if s.State() == StateDestroyed {
		return errStopped
	}
	if _, err := s.Store.Create(id); err != nil {
		return err
	}
	return s.put(ctx, id)
}

// Request serves a request to a session, wherever it is: this node becomes its
// primary, and what edit changes goes to the backup.
func (s *Sessions) Request(ctx context.Context, id string, edit func(*session.Edit)) error {
	defer s.lock(id)()
	if err := s.find(ctx, id); err != nil {
		return err
	}
	m, err := s.Store.Request(id, edit)
	if err != nil || m == nil {
		return err
	}
	if m.Event == session.SessionDelta {
		return s.replicate(ctx, id, m.Data)
	}
	return s.replicate(ctx, id, nil)
}

// Invalidate finds a session, as a request does, and ends it everywhere. look is
// called with it before; it may be nil.
func (s *Sessions) Invalidate(ctx context.Context, id string, look func(*session.Session)) error {
	defer s.lock(id)()
	if err := s.find(ctx, id); err != nil {
		return err
	}
	if look != nil {
		if v, ok := s.Store.View(id); ok {
			look(&v)
		}
	}
	_, err := s.remove(ctx, id)
	return err
}

func (s *Sessions) find(ctx context.Context, id string) error {
	if s.State() == StateDestroyed {
		return errStopped
	}
	err := s.claim(ctx, id)
	if errors.Is(err, ErrNoEntry) {
		err = session.ErrNoSession
	}
	if err != nil {
		return fmt.Errorf("session %q: %w", id, err)
	}
	return nil
}

// Run keeps the map, and expires idle sessions, until ctx ends. The primary ends
// a session for all; a backup of which nobody is the primary any more waits twice
// as long.
func (s *Sessions) Run(ctx context.Context) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Map.Run(ctx)
	}()
	defer func() { <-done }()
	tick := time.NewTicker(expireEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			for _, id := range s.Store.Idle() {
				if err := s.expire(ctx, id); err != nil && ctx.Err() == nil {
					s.log.Warn("a session expired and not every member was told", "err", err)
				}
			}
		}
	}
}

func (s *Sessions) expire(ctx context.Context, id string) error {
	defer s.lock(id)()
	_, err := s.remove(ctx, id)
	return err
}

// values is Sessions as the map sees it.
type values Sessions

func (v *values) Whole(id string) (javaser.Value, error) {
	c, ok := v.Store.View(id)
	if !ok {
		return nil, session.ErrNoSession
	}
	return c.Object(v.sessionClass(nil))
}

func (v *values) Put(id string, value javaser.Value) error {
	read, err := session.Read(value)
	if err != nil {
		return err
	}
	c, ok := read.(session.Session)
	if !ok {
		return fmt.Errorf("a %s where a session must be", javaser.ClassName(value))
	}
	if c.ID != id {
		return fmt.Errorf("the session %q under the key %q", c.ID, id)
	}
	if o, ok := value.(*javaser.Object); ok {
		v.sessionClass(o.Class)
	}
	return v.Store.Put(c)
}

// sessionClass is the class of the sessions that are written: that of the last
// one that came, since its serialVersionUID is computed.
func (v *values) sessionClass(seen *javaser.Class) *javaser.Class {
	v.mu.Lock()
	defer v.mu.Unlock()
	if seen != nil {
		v.class = seen
	}
	return v.class
}

func (v *values) Apply(id string, diff []byte) error { return v.Store.ApplyDiff(id, diff) }
func (v *values) Accessed(id string)                 { v.Store.Accessed(id, false) }
func (v *values) MadePrimary(id string)              { v.Store.Accessed(id, true) }
func (v *values) Drop(id string)                     { v.Store.Drop(id) }
