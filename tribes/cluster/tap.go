package cluster

import (
	"bytes"
	"context"
	"sync"

	"muster/tribes"
	"muster/tribes/cluster/channel"
)

// Tap is a Guest that lets somebody look on: the objects that it is sent it also
// keeps for Next, as far as there is room; messages of bytes are none. It never waits for whoever looks on, so that it
// acks and answers as quickly as a Guest does.
type Tap struct {
	*Guest

	mu     sync.Mutex
	queue  []channel.Message
	bytes  int
	missed uint64
	more   chan struct{} // holds a token while there may be some
}

// The bounds of what a Tap keeps.
const (
	tapMessages = 1 << 16
	tapBytes    = 128 << 20
)

// NewTap returns the handler for n. It belongs into Config.Handler.
func NewTap(n *Node) *Tap {
	return &Tap{Guest: NewGuest(n), more: make(chan struct{}, 1)}
}

// HandleMessage keeps a copy of m, and then does what a Guest does.
func (t *Tap) HandleMessage(ctx context.Context, m *channel.Message) error {
	if m.Options&tribes.ByteMessage == 0 {
		t.keep(m)
	}
	return t.Guest.HandleMessage(ctx, m)
}

func (t *Tap) keep(m *channel.Message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) >= tapMessages || t.bytes+len(m.Message) > tapBytes {
		t.missed++
		return
	}
	c := *m
	c.Message, c.ID, c.Address = bytes.Clone(m.Message), bytes.Clone(m.ID), m.Address.Clone()
	t.queue = append(t.queue, c)
	t.bytes += len(c.Message)
	select {
	case t.more <- struct{}{}:
	default:
	}
}

// Next returns all messages that came since the last call, in their order; it
// waits for one until ctx ends.
func (t *Tap) Next(ctx context.Context) ([]channel.Message, error) {
	for {
		t.mu.Lock()
		all := t.queue
		t.queue, t.bytes = nil, 0
		t.mu.Unlock()
		if len(all) > 0 {
			return all, nil
		}
		select {
		case <-t.more:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Missed counts the messages for which there was no room.
func (t *Tap) Missed() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.missed
}
