package stage

import (
	"context"
	"sync"
	"time"

	"muster/tribes"
	"muster/tribes/cluster/channel"
	"muster/tribes/interceptor"
)

// Fragment is FragmentationInterceptor: it cuts what is longer than MaxSize, and
// puts together what arrives in pieces, in whatever order.
type Fragment struct {
	maxSize int
	flag    tribes.Options

	mu       sync.Mutex
	assemble *interceptor.Assembler
	expired  int
}

// NewFragment takes maxSize, 0 for Tomcat's 102400, and optionFlag: a message
// without these bits is never cut, yet gets its last byte all the same.
func NewFragment(maxSize int, flag tribes.Options) *Fragment {
	if maxSize <= 0 {
		maxSize = interceptor.DefaultMaxFragment
	}
	return &Fragment{maxSize: maxSize, flag: flag, assemble: interceptor.NewAssembler()}
}

// Send sends the pieces one after the other, all under the message's id. After
// one that fails no further one goes to that member.
func (f *Fragment) Send(ctx context.Context, m *channel.Outgoing, down channel.Next) {
	size := f.maxSize
	if !acts(f.flag, m.Options) {
		size = max(len(m.Message), 1)
	}
	for _, piece := range interceptor.Fragments(m.Message, size) {
		out := *m
		out.Message = piece
		down(ctx, &out)
	}
}

// Receive hands a message up when it is whole.
func (f *Fragment) Receive(ctx context.Context, m *channel.Message, up channel.HandlerFunc) error {
	f.mu.Lock()
	whole, err := f.assemble.Add(string(m.Address.ID[:])+string(m.ID), m.Message, m.Received)
	f.mu.Unlock()
	if err != nil || whole == nil {
		return err
	}
	m.Message = whole
	return up(ctx, m)
}

// Tick forgets the messages whose rest did not come within a minute.
func (f *Fragment) Tick(_ context.Context, now time.Time, _ channel.HandlerFunc, _ channel.Next) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.expired += f.assemble.Drop(now)
}

// Incomplete is how many messages lack pieces now, and how many were given up.
func (f *Fragment) Incomplete() (pending, expired int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.assemble.Pending(), f.expired
}
