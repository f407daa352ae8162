package session

import (
	"bytes"
	"errors"
	"iter"
	"time"
)

// transfer is a state that is being fetched: until its end is told, messages of
// other nodes wait, and then those older than the state are dropped
// (DeltaManager.getAllClusterSessions, stateTimestampDrop).
type transfer struct {
	asked int64 // the time of the request, replaced by that of the state
	queue []*Message
	bytes int
	done  bool
	empty bool // the asked node has no such context
	ended chan struct{}
}

// What waits during a transfer is bounded: the rest is refused, and told.
const (
	queueLimit      = 1 << 16
	queueLimitBytes = 256 << 20
)

var errQueueFull = errors.New("too many messages while the state is transferred")

func (t *transfer) keep(m *Message) error {
	if len(t.queue) >= queueLimit || t.bytes+len(m.Data) > queueLimitBytes {
		return errQueueFull
	}
	c := *m
	c.Data = bytes.Clone(m.Data)
	t.queue = append(t.queue, &c)
	t.bytes += len(m.Data)
	return nil
}

// BeginTransfer returns the request for the state of the context, to be sent to
// one member, and a channel that is closed when that has told the end of it.
// Messages of other members wait until then or until EndTransfer.
func (s *Store) BeginTransfer() (request *Message, ended <-chan struct{}) {
	now := milliseconds(time.Now())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.transfer = &transfer{asked: now, ended: make(chan struct{})}
	return NewGetAllSessions(s.generation, s.cfg.Context, now), s.transfer.ended
}

func (s *Store) transferEnds(m *Message) {
	t := s.transfer
	if t == nil || t.done {
		return
	}
	t.done, t.empty = true, m.Event == NoContextManager
	if m.TimestampSet {
		t.asked = m.Timestamp
	}
	s.replay(t)
	close(t.ended)
}

// EndTransfer stops waiting, when the asked member did not answer in time, and
// takes what has come meanwhile. It reports whether the state had come.
func (s *Store) EndTransfer() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.transfer
	s.transfer = nil
	if t == nil {
		return false
	}
	if !t.done {
		t.done = true
		s.replay(t)
		return false
	}
	return !t.empty
}

func (s *Store) replay(t *transfer) {
	for _, m := range t.queue {
		if m.TimestampSet && m.Timestamp < t.asked {
			s.counts.Old++
			continue
		}
		s.apply(m) //nolint:errcheck // counted; its sender waits for nothing
	}
	t.queue, t.bytes = nil, 0
}

// State gives the messages that answer a GetAllSessions, one after the other: the
// sessions in blocks of at most block sessions (0 means all in one, Tomcat's
// sendAllSessions), then the end. They carry the time at which it began; what
// changes while they are sent is told to the asker anyway, and it takes that
// after them. It stops at an error.
func (s *Store) State(block int) iter.Seq2[*Message, error] {
	return func(yield func(*Message, error) bool) {
		now, ids := milliseconds(time.Now()), s.IDs()
		if block <= 0 {
			block = max(len(ids), 1)
		}
		for first := true; first || len(ids) > 0; first = false {
			n := min(block, len(ids))
			m, err := s.block(ids[:n], now)
			if !yield(m, err) || err != nil {
				return
			}
			ids = ids[n:]
		}
		yield(NewTransferComplete(s.generation, s.cfg.Context, now), nil)
	}
}

// block is the message with those of the sessions that are still here.
func (s *Store) block(ids []string, now int64) (*Message, error) {
	all := make([]Session, 0, len(ids))
	for _, id := range ids {
		if c, ok := s.View(id); ok {
			all = append(all, c)
		}
	}
	list, err := AppendList(nil, all)
	if err != nil {
		return nil, err
	}
	return NewAllSessionData(s.generation, s.cfg.Context, list, now), nil
}
