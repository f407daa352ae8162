package mesh

import "time"

// cell is one entry of a node's list, in eight bytes: a thousand nodes make a
// million of them.
type cell struct {
	state uint8 // 0: not in the list
	code  uint8 // heard: delay; stopped: reason
	loss  uint8
	tcp   uint8
	since uint32 // stopped: tenths of a second since the node began
}

const (
	cellNone = iota
	cellHeard
	cellStopped
)

// row is whom a node says that it hears, by the index of the other in this
// node's table.
type row struct {
	cells []cell
	round []uint8 // in which round of the list each entry was last told

	current  uint8     // the round that is being told
	got      int       // entries of it
	whole    bool      // its first announcement came
	complete bool      // some whole round was received
	began    time.Time // of the round that is being told
	told     time.Time // when the latest whole round began
	at       time.Time // when anything of it was received
}

func (r *row) grow(n int) {
	if n <= len(r.cells) {
		return
	}
	n = max(n, 2*len(r.cells), 8)
	r.cells = append(r.cells, make([]cell, n-len(r.cells))...)
	r.round = append(r.round, make([]uint8, n-len(r.round))...)
}

// forget removes the entry about the node at index.
func (r *row) forget(index int) {
	if index < len(r.cells) {
		r.cells[index] = cell{}
	}
}
