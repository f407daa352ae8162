package stage

import (
	"bytes"
	"context"
	"sync"
	"time"

	"muster/tribes"
	"muster/tribes/cluster/channel"
	"muster/tribes/interceptor"
)

// TwoPhase is TwoPhaseCommitInterceptor: each message is followed by one that
// confirms it, and is handed up only then.
type TwoPhase struct {
	flag tribes.Options

	mu      sync.Mutex
	held    map[string]*channel.Message
	bytes   int
	expired int
}

const (
	// twoPhaseExpire is how long a message waits for its confirmation.
	twoPhaseExpire = time.Minute
	// twoPhaseBytes bounds what waits; beyond it messages are dropped.
	twoPhaseBytes = 64 << 20
	// twoPhaseCost is what a message takes beside its bytes.
	twoPhaseCost = 256
)

// NewTwoPhase acts on messages that have the bits of flag (optionFlag).
func NewTwoPhase(flag tribes.Options) *TwoPhase {
	return &TwoPhase{flag: flag, held: map[string]*channel.Message{}}
}

// Send sends the message, and where that went well its confirmation.
func (t *TwoPhase) Send(ctx context.Context, m *channel.Outgoing, down channel.Next) {
	id, address := m.ID, m.Address
	confirm := acts(t.flag, m.Options)
	down(ctx, m)
	if !confirm {
		return
	}
	second := channel.Outgoing{ChannelData: channel.NewMessage(address, m.Options, interceptor.AppendConfirmation(nil, id)), To: m.To}
	down(ctx, &second)
}

// Receive holds a message back until it is confirmed.
func (t *TwoPhase) Receive(ctx context.Context, m *channel.Message, up channel.HandlerFunc) error {
	if !acts(t.flag, m.Options) {
		return up(ctx, m)
	}
	if id, ok := interceptor.ParseConfirmation(m.Message); ok {
		first := t.take(string(m.Address.ID[:]) + string(id))
		if first == nil {
			return nil
		}
		return up(ctx, first)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	key := string(m.Address.ID[:]) + string(m.ID)
	if t.held[key] != nil || t.bytes+len(m.Message)+twoPhaseCost > twoPhaseBytes {
		return nil
	}
	t.held[key] = m.Clone()
	t.bytes += len(m.Message) + twoPhaseCost
	return nil
}

func (t *TwoPhase) take(key string) *channel.Message {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.held[key]
	if m != nil {
		t.drop(key)
	}
	return m
}

func (t *TwoPhase) drop(key string) {
	t.bytes -= len(t.held[key].Message) + twoPhaseCost
	delete(t.held, key)
}

// Tick forgets what was not confirmed in time.
func (t *TwoPhase) Tick(_ context.Context, now time.Time, _ channel.HandlerFunc, _ channel.Next) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, m := range t.held {
		if now.Sub(m.Received) > twoPhaseExpire {
			t.drop(key)
			t.expired++
		}
	}
}

// Unconfirmed is how many messages wait now, and how many were given up.
func (t *TwoPhase) Unconfirmed() (waiting, expired int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.held), t.expired
}

// Forget drops what a member that is gone did not confirm.
func (t *TwoPhase) Forget(m *tribes.Member) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key := range t.held {
		if bytes.HasPrefix([]byte(key), m.ID[:]) {
			t.drop(key)
		}
	}
}
