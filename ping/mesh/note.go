package mesh

import (
	"bytes"
	"net/netip"
	"time"
)

// MaxNote bounds a note in bytes: with its header it fits into one datagram.
const MaxNote = MaxPacket - headerLen

// noteEvery is how often one node gets the note; with several they take turns.
const noteEvery = 250 * time.Millisecond

// passNote sends this node's note to the next of those that take part, by unicast: it
// is for nodes, not for the group, which carries as much as it carried without.
func (n *Node) passNote(now time.Time) {
	if n.cfg.Note == nil || n.seq == 0 || now.Sub(n.noted) < noteEvery {
		return
	}
	n.noted = now
	note := n.cfg.Note()
	if len(note) == 0 || len(note) > MaxNote {
		return
	}
	n.each(&n.turn[3], func(p *peer) bool {
		if !p.alive() || p.to.Port() == 0 {
			return true
		}
		n.sendTo(append(appendHeader(nil, kindNote, 0, n.id), note...), p.to)
		return false
	})
}

// note takes what a node says beside its announcements. One that is not known, or
// speaks from elsewhere, is not believed.
func (n *Node) note(from ID, addr netip.Addr, body []byte, now time.Time) {
	p := n.peers[from.Short()]
	if p == nil || p.id != from || !n.believe(p, addr, now) || p.hasLeft() {
		n.counts.Unasked++
		return
	}
	p.note = bytes.Clone(body)
	n.heardOf(p, now)
}

// invite sends a copy of the announcement to the addresses where others are supposed,
// and from where nothing came yet: the group may not reach them.
func (n *Node) invite(announcement func() []byte) {
	if n.cfg.Peers == nil {
		return
	}
	known := map[netip.Addr]bool{}
	for _, p := range n.slots {
		if p != nil && !p.rumour {
			known[p.to.Addr()] = true
		}
	}
	sent := 0
	for _, to := range n.cfg.Peers() {
		if known[to.Addr()] || sent == copiesAtOnce {
			continue
		}
		if n.sendTo(announcement(), to) {
			n.counts.Copies++
		}
		sent++
	}
}
