package stage

import (
	"context"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"muster/tribes/cluster/channel"
)

// Dedup hands each message up once. A sender that loses a connection sends its
// last message again under the same id, and cannot know whether it had arrived
// (tribes-wire 2.5): the channel delivers at least once. A message that was not
// processed because its handler failed may come again.
//
// It belongs at the top: all pieces of a cut message have its id.
type Dedup struct {
	plain
	repeated atomic.Uint64

	mu   sync.Mutex
	seen []idSet
}

// idSet is the latest ids that fell into one set, the newest first: one line of the
// processor's cache, which is all that a message costs.
type idSet [8]uint64

// dedupSets times the length of a set is how many ids are remembered, those of half
// a minute or more in any cluster of sessions; what is resent comes within seconds.
// A set forgets its oldest when it is full.
const dedupSets = 1 << 13

var dedupSeed = maphash.MakeSeed()

// idOf is a hash of the message's id and its sender's, with a seed that nobody
// knows. Two of the messages remembered share one by chance once in 10^14 messages.
// It is never 0.
func idOf(m *channel.Message) (id uint64, ok bool) {
	if len(m.ID) != 16 {
		return 0, false
	}
	var key [32]byte
	copy(key[:16], m.ID)
	copy(key[16:], m.Address.ID[:])
	return max(maphash.Bytes(dedupSeed, key[:]), 1), true
}

// Receive drops what was handed up before. Ids that are not of 16 bytes tell
// nothing, and pass.
func (d *Dedup) Receive(ctx context.Context, m *channel.Message, up channel.HandlerFunc) error {
	id, ok := idOf(m)
	if !ok {
		return up(ctx, m)
	}
	if !d.enter(id) {
		d.repeated.Add(1)
		return nil
	}
	err := up(ctx, m)
	if err != nil {
		d.forget(id)
	}
	return err
}

// enter remembers id; false: it is known already.
func (d *Dedup) enter(id uint64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.seen == nil {
		d.seen = make([]idSet, dedupSets)
	}
	set := &d.seen[id%dedupSets]
	for _, known := range set {
		if known == id {
			return false
		}
	}
	copy(set[1:], set[:])
	set[0] = id
	return true
}

func (d *Dedup) forget(id uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	set := &d.seen[id%dedupSets]
	for i, known := range set {
		if known == id {
			set[i] = 0
		}
	}
}

// Repeated is how many messages came again.
func (d *Dedup) Repeated() uint64 { return d.repeated.Load() }
