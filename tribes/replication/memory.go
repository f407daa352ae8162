package replication

import "muster/tribes"

// The bounds of what is remembered for a while.
const (
	maxRecent = 1 << 14 // messages
	maxGone   = 1 << 14 // sessions
	maxAsked  = 1 << 10 // questions
)

// memory remembers the latest few of what it is told.
type memory[K comparable, V any] struct {
	values map[K]V
	order  []K // a ring, once it is full
	next   int
	most   int
}

func newMemory[K comparable, V any](most int) *memory[K, V] {
	return &memory[K, V]{values: map[K]V{}, most: most}
}

func (m *memory[K, V]) get(k K) (V, bool) {
	v, ok := m.values[k]
	return v, ok
}

// put remembers v, and forgets the oldest where there is no room.
func (m *memory[K, V]) put(k K, v V) {
	if _, ok := m.values[k]; ok {
		m.values[k] = v
		return
	}
	if len(m.order) < m.most {
		m.order = append(m.order, k)
	} else {
		delete(m.values, m.order[m.next])
		m.order[m.next] = k
		m.next = (m.next + 1) % m.most
	}
	m.values[k] = v
}

// drop forgets k. Its place in the order stays until its turn comes.
func (m *memory[K, V]) drop(k K) { delete(m.values, k) }

// messageID is the id by which receivers tell copies of a message: 16 bytes of
// every sender.
func messageID(c *tribes.ChannelData) (id [16]byte) {
	copy(id[:], c.ID)
	return id
}
