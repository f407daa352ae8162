package session

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"muster/tribes/javaser"
	"muster/tribes/release"
)

// Store holds the sessions of one context on one node with the semantics of
// DeltaManager (H/session/DeltaManager): what is done here returns the message
// that tells the other nodes, what they tell is taken by Apply. It sends nothing
// itself, and is safe for use by several goroutines.
type Store struct {
	cfg        StoreConfig
	generation Generation
	form       Session // of sessions made here: HasNotes, NoListeners, Standard

	mu       sync.Mutex
	sessions map[string]*held
	bytes    int
	counts   StoreCounts
	transfer *transfer // while the state is awaited
}

// StoreConfig is what a Store goes by. Zero values mean the defaults.
type StoreConfig struct {
	Context string
	// Release is that of the other nodes: how messages and whole sessions are
	// written. The zero Release is the newest.
	Release release.Release
	// Like, where it is not nil, is a session that another node wrote: those made
	// here have what it has beside their attributes.
	Like *Session
	// MaxInactive is the interval of a session that says none, in seconds; 1800.
	MaxInactive int32
	// Limit and LimitBytes bound what others can make the store hold: sessions,
	// and bytes of messages that carried their attributes.
	Limit      int
	LimitBytes int
	// Notify is told of every change in the order in which it took effect. It
	// must not call the Store.
	Notify func(Change)
}

// Change is what happened to one session.
type Change struct {
	Event     Event
	SessionID string
	NewID     string // of ChangeSessionID
	Local     bool   // done here, not told by another node
	Actions   []Action
}

// StoreCounts are what a Store counted.
type StoreCounts struct {
	Applied uint64 // messages of others that took effect
	// Unknown are messages about sessions that are not here. A delta that
	// overtakes the creation of its session is one: DeltaManager drops it too.
	Unknown uint64
	Invalid uint64 // messages that could not be read
	Refused uint64 // for the limits
	Old     uint64 // dropped after a state transfer as older than the state
}

// The errors that callers tell apart.
var (
	ErrNoSession = errors.New("no such session")
	ErrFull      = errors.New("the store is full")
)

const (
	defaultMaxInactive = 1800
	defaultLimit       = 1 << 20
	defaultLimitBytes  = 1 << 30
)

// held is a session as the store keeps it.
type held struct {
	Session
	// index has the attributes' places in Session.Attributes; nil while there are
	// few.
	index map[string]int
	// primary: the last request to it was served here. Only the primary node
	// expires a session for all; the others wait twice as long.
	primary    bool
	replicated int64 // ms, the last message about it that went out
	bytes      int
}

// fewAttributes are as quickly looked through as looked up.
const fewAttributes = 16

// find returns the place of an attribute, -1 where there is none.
func (h *held) find(name string) int {
	if h.index == nil && len(h.Attributes) > fewAttributes {
		h.index = make(map[string]int, 2*len(h.Attributes))
		for i := range h.Attributes {
			h.index[h.Attributes[i].Name] = i
		}
	}
	if h.index != nil {
		if i, ok := h.index[name]; ok {
			return i
		}
		return -1
	}
	return slices.IndexFunc(h.Attributes, func(a SessionAttribute) bool { return a.Name == name })
}

// NewStore returns an empty store.
func NewStore(cfg StoreConfig) *Store {
	if cfg.MaxInactive == 0 {
		cfg.MaxInactive = defaultMaxInactive
	}
	if cfg.Limit <= 0 {
		cfg.Limit = defaultLimit
	}
	if cfg.LimitBytes <= 0 {
		cfg.LimitBytes = defaultLimitBytes
	}
	if cfg.Notify == nil {
		cfg.Notify = func(Change) {}
	}
	s := &Store{cfg: cfg, generation: GenerationOf(cfg.Release), sessions: map[string]*held{}}
	s.form = Session{HasNotes: cfg.Release.IsZero() || cfg.Release.AtLeast("10.1"), NoListeners: cfg.Release.Line == "6.0"}
	s.form.Standard = s.form.NoListeners && !cfg.Release.Has("6.0.18")
	if cfg.Like != nil {
		s.form = Session{HasNotes: cfg.Like.HasNotes, NoListeners: cfg.Like.NoListeners, Standard: cfg.Like.Standard}
	}
	return s
}

// Context is the name of the store's context.
func (s *Store) Context() string { return s.cfg.Context }

// Len is how many sessions there are.
func (s *Store) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}

// Counts returns what was counted so far.
func (s *Store) Counts() StoreCounts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// IDs returns the ids of all sessions, in no order.
func (s *Store) IDs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]string, 0, len(s.sessions))
	for id := range s.sessions {
		ids = append(ids, id)
	}
	return ids
}

// View returns a copy of a session without touching it. Its values are shared
// and must not be changed.
func (s *Store) View(id string) (Session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.sessions[id]
	if h == nil {
		return Session{}, false
	}
	c := h.Session
	c.Attributes = append([]SessionAttribute(nil), h.Attributes...)
	return c, true
}

// Get returns the value of an attribute of c; nil where there is none.
func (c *Session) Get(name string) javaser.Value {
	for i := range c.Attributes {
		if c.Attributes[i].Name == name {
			return c.Attributes[i].Value
		}
	}
	return nil
}

// add makes an empty session; the caller holds the lock.
func (s *Store) add(id string, at int64, primary bool) (*held, error) {
	if old := s.sessions[id]; old != nil {
		s.remove(old)
	}
	if len(s.sessions) >= s.cfg.Limit {
		s.counts.Refused++
		return nil, fmt.Errorf("session %q: %w: %d sessions", id, ErrFull, s.cfg.Limit)
	}
	h := &held{
		Session: Session{
			ID: id, CreationTime: at, LastAccessedTime: at, ThisAccessedTime: at,
			MaxInactive: s.cfg.MaxInactive, IsNew: true, IsValid: true,
			HasNotes: s.form.HasNotes, NoListeners: s.form.NoListeners, Standard: s.form.Standard,
		},
		primary: primary,
	}
	s.sessions[id] = h
	return h, nil
}

func (s *Store) remove(h *held) {
	delete(s.sessions, h.ID)
	s.bytes -= h.bytes
}

// fits reports an error where there is no room for n more bytes.
func (s *Store) fits(h *held, n int) error {
	if s.bytes+n > s.cfg.LimitBytes {
		s.counts.Refused++
		return fmt.Errorf("session %q: %w: %d bytes", h.ID, ErrFull, s.cfg.LimitBytes)
	}
	return nil
}

// execute applies the actions of a delta of the given size
// (DeltaRequest.execute).
func (s *Store) execute(h *held, actions []Action, size int) {
	before := h.bytes
	h.execute(actions, size/max(len(actions), 1))
	s.bytes += h.bytes - before
}

// weigh sets what the attributes that actions left behind hold in memory.
func (s *Store) weigh(h *held, actions []Action, size int) {
	before := h.bytes
	for _, a := range actions {
		if i := h.find(a.Name); i >= 0 && a.Type == Attribute {
			h.bytes -= h.Attributes[i].weight
			h.Attributes[i].weight = size / len(actions)
			h.bytes += h.Attributes[i].weight
		}
	}
	s.bytes += h.bytes - before
}

func (h *held) execute(actions []Action, share int) {
	for _, a := range actions {
		switch a.Type {
		case Attribute:
			if a.Remove {
				h.drop(a.Name)
			} else {
				h.set(a.Name, a.Value, share)
			}
		case MaxInactiveInterval:
			if n, ok := javaser.Unbox(a.Value); ok && !a.Remove {
				if v, ok := n.(int32); ok {
					h.MaxInactive = v
				}
			}
		case IsNew:
			if n, ok := javaser.Unbox(a.Value); ok && !a.Remove {
				h.IsNew, _ = n.(bool)
			}
		case Principal:
			h.Principal = a.Value
			if a.Remove {
				h.Principal = nil
			}
		case Listener:
			if !a.Remove && a.Value != nil {
				h.Listeners = append(h.Listeners, a.Value)
			}
		}
	}
}

func (h *held) set(name string, v javaser.Value, bytes int) {
	i := h.find(name)
	if i < 0 {
		i = len(h.Attributes)
		h.Attributes = append(h.Attributes, SessionAttribute{Name: name})
		if h.index != nil {
			h.index[name] = i
		}
	}
	a := &h.Attributes[i]
	h.bytes += bytes - a.weight
	a.Value, a.weight = v, bytes
}

func (h *held) drop(name string) {
	i := h.find(name)
	if i < 0 {
		return
	}
	h.bytes -= h.Attributes[i].weight
	last := len(h.Attributes) - 1
	h.Attributes[i] = h.Attributes[last]
	if h.index != nil {
		h.index[h.Attributes[i].Name] = i
		delete(h.index, name)
	}
	h.Attributes[last] = SessionAttribute{}
	h.Attributes = h.Attributes[:last]
}

func (h *held) access(at int64) {
	h.LastAccessedTime = h.ThisAccessedTime
	h.ThisAccessedTime = at
	h.IsNew = false
}

func milliseconds(t time.Time) int64 { return t.UnixMilli() }
