package mesh

import "time"

const (
	// standstill is the shortest time without a turn of the loop after which this
	// process does not know who was silent; settling is how long it then reads what
	// waits before it looks again.
	standstill = time.Second
	settling   = 2 * time.Second
	// echoAfter is how many announcements in a row do not come back where something on
	// this host drops them; arriveTime is how long ago one of others came in of late.
	echoAfter  = 4
	arriveTime = 3 * time.Second
	// lossTime is how long datagrams that this host lost spoil its hearing, or that lay
	// in its kernel for longer than late before it read them.
	lossTime = 10 * time.Second
	late     = time.Second
	// rulesEvery is how often the rules of a firewall are asked while nothing comes
	// back.
	rulesEvery = 5 * time.Second
)

// watchSelf notices what this node itself does badly: it stood still, or did not
// read in time.
func (n *Node) watchSelf(before, now time.Time) {
	if gap := now.Sub(before); gap > standstill {
		n.stood += gap
		n.settle = now.Add(settling)
	}
	if n.cfg.Drops != nil {
		if lost := n.cfg.Drops(); lost > n.lost {
			n.lost, n.lostAt = lost, now
		}
	}
}

// overloaded: whom this node does not hear is not known.
func (n *Node) overloaded(now time.Time) bool {
	return now.Before(n.settle) || !n.lostAt.IsZero() && now.Sub(n.lostAt) < lossTime
}

// hearing is what the announcements tell of this node's own hearing: queries
// seen, the bits, and the TTL that they are sent with.
func (n *Node) hearing(now time.Time) (queries uint16, h Hearing, ttl uint8) {
	queries = queriesUnseen
	if n.cfg.View != nil {
		if v := n.cfg.View(); v.Able {
			queries = uint16(min(v.Queries, queriesUnseen-1))
			h |= Sees
			if interval, _ := pace(n.count(), n.cfg.Load, n.meter.overhead); now.Sub(v.LastArrival) < max(arriveTime, 4*interval) {
				h |= Arrives
			}
		}
	}
	switch {
	case n.overloaded(now): // it may not have read its own
	case n.unechoed >= echoAfter:
		h |= EchoKnown
	case n.echoed:
		h |= EchoKnown | Echo
	}
	if n.overloaded(now) {
		h |= Overloaded
	}
	if h.NoEcho() && n.cfg.PortClosed != nil {
		if n.rulesAt.IsZero() || now.Sub(n.rulesAt) > rulesEvery {
			n.rulesAt, n.portClosed = now, n.cfg.PortClosed()
		}
		if n.portClosed {
			h |= PortClosed
		}
	}
	return queries, h, n.cfg.TTL
}
