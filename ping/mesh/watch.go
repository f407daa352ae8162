package mesh

import (
	"bytes"
	"slices"
	"time"
)

// watchPeers finds the directions that stopped and the nodes that are gone, and why.
func (n *Node) watchPeers(now time.Time) {
	n.watchMatrix(now)
	interval, _ := pace(n.count(), n.cfg.Load, n.meter.overhead)
	for _, p := range n.slots {
		if p == nil || p.hasLeft() {
			continue
		}
		p.in.pace = interval
		if p.in.silent(now) {
			p.in.reason = n.why(p, now)
			n.tell(Event{Time: p.in.since, Kind: DirectionStopped, From: n.info(p), To: n.self(), Reason: p.in.reason})
		}
		if !p.gone && !p.rumour && now.Sub(p.word) > p.silence() && p.asks >= 3 {
			p.gone = true
			n.counted = 0
			n.tell(Event{Time: p.word, Kind: NodeGone, From: n.info(p)})
		}
		if p.rumour && now.Sub(p.named) > time.Minute {
			n.remove(p)
			continue
		}
		if p.in.stopped {
			p.in.reason = n.why(p, now)
		}
	}
}

// watchMatrix tells when all is known of all nodes here.
func (n *Node) watchMatrix(now time.Time) {
	alive := 1
	for _, p := range n.slots {
		if p == nil || p.hasLeft() || p.gone {
			continue
		}
		if p.rumour || !p.row.complete {
			return
		}
		alive++
	}
	if alive < 2 || alive < n.cfg.Nodes || alive <= n.told {
		n.told = min(n.told, alive) // who comes again is news again
		return
	}
	for _, p := range n.slots {
		if p == nil || !p.alive() {
			continue
		}
		for i, c := range p.row.cells[:min(len(p.row.cells), len(n.slots))] {
			other := n.slots[i]
			if i != p.index && c.state == cellNone && (other == nil && i == 0 || other != nil && other.alive() && now.Sub(other.added) < grace) {
				return // it may not have had the time
			}
		}
	}
	n.told = alive
	n.tell(Event{Time: now, Kind: MatrixComplete, Nodes: alive})
}

// why is the reason for the stopped direction from p, as far as it can be known now.
func (n *Node) why(p *peer, now time.Time) Reason {
	switch {
	case p.gone:
		return ReasonGone
	case !p.unicast.After(p.in.since.Add(p.in.interval)):
		return ReasonUnknown // not known yet whether it is there
	case !n.deaf(now) || n.cfg.View == nil:
		return ReasonGroup
	}
	v := n.cfg.View()
	switch {
	case !v.Able:
		return ReasonGroup
	case now.Sub(v.LastArrival) < p.in.patience()/2: // they go on
		return ReasonInputDrop
	case v.Queries == 0 || v.Overdue:
		return ReasonNoQuerier
	case v.Unanswered > 0:
		return ReasonIGMPDrop
	}
	return ReasonGroup
}

// deaf reports whether this host hears the group of nobody any more, though it
// did: that is how it looks when a switch has forgotten it.
func (n *Node) deaf(now time.Time) bool {
	stopped := 0
	for _, p := range n.slots {
		if p == nil || p.hasLeft() || p.gone || p.rumour {
			continue
		}
		if p.in.heard && !p.in.stopped && now.Sub(p.in.last) < p.in.patience()/2 {
			return false
		}
		if p.in.stopped {
			stopped++
		}
	}
	return stopped > 0
}

// sortForList orders what is left of a list for telling: first those never told
// of, then by how they are heard, since equal figures share their place.
func sortForList(ps []*peer) {
	type keyed struct {
		key [4]byte
		p   *peer
	}
	all := make([]keyed, len(ps))
	for i, p := range ps {
		s := entryOf(p).section()
		all[i] = keyed{[4]byte{0, s[0], s[1], s[2]}, p}
		if p.told {
			all[i].key[0] = 1
		}
	}
	slices.SortStableFunc(all, func(a, b keyed) int { return bytes.Compare(a.key[:], b.key[:]) })
	for i := range all {
		ps[i] = all[i].p
	}
}
