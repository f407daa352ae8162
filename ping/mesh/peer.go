package mesh

import (
	"net/netip"
	"time"
)

// peer is what this node knows of another one.
type peer struct {
	id      ID
	index   int            // in slots and rows
	to      netip.AddrPort // unicast
	name    string
	version string
	mtu     uint16
	tcpPort uint16
	age     uint32 // of its process, in seconds, when last told

	added time.Time
	word  time.Time // anything came, by whatever way
	// unicast is when something last came that proves the way back: an answer, or
	// a copy of an announcement.
	unicast time.Time
	asks    int // time requests since word

	// rumour: another node named it; nothing came from it yet.
	rumour bool
	left   time.Time // when it said goodbye; zero: it did not
	gone   bool

	in incoming
	// Its announcements by whatever way: the first one's number and time, and the highest
	// number; copied is the highest of those that came by unicast.
	firstSeq, lastSeq, copied uint32
	firstAt                   time.Time
	told                      bool // it was in our list
	row                       row
	offset                    offset

	// proven is when it last returned a number of one of our announcements: it
	// does hear us. claimed is since when its list says so without proof.
	proven  time.Time
	claimed time.Time

	note []byte // what it says beside its announcements

	pending [underWay]int64 // t1 of time requests under way
	asking  int

	tcp   TCP
	tcpAt time.Time
	tries int // attempts that failed in a row, each in another second

	queries uint16    // that it saw
	hearing Hearing   // that it tells
	hops    int       // routers between, by the TTL of its announcements; -1: not known
	named   time.Time // when another node last named it
}

// silence is how long nothing may come from a node, by any way, before it is
// gone: long enough for several announcements and time requests.
func (p *peer) silence() time.Duration {
	return max(5*time.Second, 2*p.in.patience())
}

// announced notes an announcement, by whatever way it came.
func (p *peer) announced(a Announcement, now time.Time) {
	if p.firstAt.IsZero() {
		p.firstSeq, p.lastSeq, p.firstAt = a.Seq, a.Seq, now
	}
	p.lastSeq = max(p.lastSeq, a.Seq)
	if a.Unicast {
		p.copied = max(p.copied, a.Seq)
	}
}

// late: it announces itself less than half as often as it says, as far as is known
// here: it has no time for so many nodes, or this host has none.
func (p *peer) late(now time.Time) bool {
	return !p.firstAt.IsZero() && p.alive() &&
		now.Sub(p.firstAt) > 2*time.Duration(p.lastSeq-p.firstSeq+2)*max(p.in.interval, p.in.pace)
}

// alive: it takes part as far as anybody knows.
func (p *peer) alive() bool { return p.left.IsZero() && !p.gone && !p.rumour }

func (p *peer) hasLeft() bool { return !p.left.IsZero() }

// hearsUs reports what its list says of us, at index 0.
func (p *peer) hearsUs() uint8 {
	if len(p.row.cells) == 0 {
		return cellNone
	}
	return p.row.cells[0].state
}

// learn returns the peer with this id, a new one when there is room; nil when it
// is refused. The lock is held.
func (n *Node) learn(id ID, from netip.Addr, now time.Time) *peer {
	if p := n.peers[id.Short()]; p != nil {
		if p.id != id {
			n.counts.Impostors++
			return nil
		}
		return p
	}
	index := n.freeSlot(now)
	if index == 0 {
		n.counts.Refused++
		return nil
	}
	p := &peer{id: id, index: index, added: now, word: now, named: now, to: netip.AddrPortFrom(from, 0), queries: queriesUnseen, hops: -1}
	p.in.interval = fastest
	n.slots[index] = p
	n.peers[id.Short()] = p
	n.counted = 0
	delete(n.wanted, id.Short())
	return p
}

// freeSlot finds room; of those that left or are gone, the one silent for longest
// makes it.
func (n *Node) freeSlot(now time.Time) int {
	for i, p := range n.slots[1:] {
		if p == nil {
			return i + 1
		}
	}
	if len(n.slots) < maxNodes {
		n.slots = append(n.slots, nil)
		return len(n.slots) - 1
	}
	var oldest *peer
	for _, p := range n.slots[1:] {
		if !p.alive() && (oldest == nil || p.word.Before(oldest.word)) {
			oldest = p
		}
	}
	if oldest == nil {
		return 0
	}
	n.remove(oldest)
	return oldest.index
}

// remove forgets p and what the others say of it.
func (n *Node) remove(p *peer) {
	delete(n.peers, p.id.Short())
	n.slots[p.index] = nil
	n.counted = 0
	for _, other := range n.slots {
		if other != nil {
			other.row.forget(p.index)
		}
	}
	n.list = nil // the round begins anew
}

// count is how many nodes take part, this one included. It is counted anew after one
// came or went.
func (n *Node) count() int {
	if n.counted == 0 {
		n.counted = 1
		for _, p := range n.slots {
			if p != nil && !p.hasLeft() && !p.gone {
				n.counted++
			}
		}
	}
	return max(n.counted, n.cfg.Nodes)
}
