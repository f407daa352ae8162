package stage

import (
	"context"
	"encoding/binary"
	"math/bits"
	"sync"
	"sync/atomic"

	"muster/tribes/channel"
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
	seen map[messageID]struct{}
	ring []messageID // the oldest at head once it is full
	head int
}

// messageID is the message's id and its sender's in one: both are random.
type messageID [2]uint64

func idOf(m *channel.Message) (id messageID, ok bool) {
	if len(m.ID) != 16 {
		return id, false
	}
	from := m.Address.ID[:]
	for i := range id {
		id[i] = binary.NativeEndian.Uint64(m.ID[8*i:]) ^ bits.RotateLeft64(binary.NativeEndian.Uint64(from[8*i:]), 1)
	}
	return id, true
}

// dedupMost is how many ids are remembered: the messages of a minute or more in
// any cluster of sessions; what is resent comes within seconds.
const dedupMost = 1 << 14

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
		d.mu.Lock()
		delete(d.seen, id)
		d.mu.Unlock()
	}
	return err
}

// enter remembers id; false: it is known already.
func (d *Dedup) enter(id messageID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, known := d.seen[id]; known {
		return false
	}
	if d.seen == nil {
		d.seen = make(map[messageID]struct{}, dedupMost)
		d.ring = make([]messageID, 0, dedupMost)
	}
	d.seen[id] = struct{}{}
	if len(d.ring) < dedupMost {
		d.ring = append(d.ring, id)
		return true
	}
	delete(d.seen, d.ring[d.head])
	d.ring[d.head] = id
	d.head = (d.head + 1) % dedupMost
	return true
}

// Repeated is how many messages came again.
func (d *Dedup) Repeated() uint64 { return d.repeated.Load() }
