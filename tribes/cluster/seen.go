package cluster

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"muster/tribes"
	"muster/tribes/cluster/channel"
	"muster/tribes/release"
	"muster/tribes/session"
)

// seen is what members' bytes told of their releases.
type seen struct {
	mu   sync.Mutex
	byID map[tribes.UniqueID]release.Seen
	// strangers: a question came from where no member is.
	strangers bool
}

// mostSeen bounds it: ids are not ours to choose.
const mostSeen = 4096

func (s *seen) note(id tribes.UniqueID, change func(*release.Seen)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, known := s.byID[id]
	if !known && len(s.byID) >= mostSeen {
		return
	}
	change(&v)
	if s.byID == nil {
		s.byID = map[tribes.UniqueID]release.Seen{}
	}
	s.byID[id] = v
}

// message notes what the classes in a message tell.
func (s *seen) message(m *channel.Message) {
	var told release.Seen
	if session.Tells(m.Options, m.Message, &told) {
		s.note(m.Address.ID, func(v *release.Seen) { v.Add(told) })
	}
}

// asked notes whom a question named: who asks, or us.
func (n *Node) asked(peer netip.AddrPort, named *tribes.Member) {
	switch {
	case !n.record.Same(named):
		n.seen.note(named.ID, func(v *release.Seen) { v.Asks = release.NamesAsker })
	default:
		n.seen.askedBy(peer.Addr().Unmap().WithZone(""), n.Members())
	}
	if n.cfg.Asked != nil {
		n.cfg.Asked(peer)
	}
}

// Seen is what the bytes of m told of its release.
func (n *Node) Seen(m *tribes.Member) release.Seen {
	n.seen.mu.Lock()
	defer n.seen.mu.Unlock()
	v := n.seen.byID[m.ID]
	v.Form = m.Generation
	return v
}

// ReleaseOf is the release whose Java objects m takes, as far as that is known.
func (n *Node) ReleaseOf(m *tribes.Member) release.Release { return n.Seen(m).Release(n.cfg.Release) }

// SessionForm is how session messages to m are written: as its own are, else as
// its release writes them.
func (n *Node) SessionForm(m *tribes.Member) session.Generation {
	return session.GenerationOf(n.ReleaseOf(m))
}

// Await waits until the bytes of m have told how its Java objects are written, for
// a while: a member that takes us for one asks our receiver, and that tells it.
func (n *Node) Await(ctx context.Context, m *tribes.Member) {
	deadline := time.NewTimer(awaitTime)
	defer deadline.Stop()
	tick := time.NewTicker(awaitTime / 30)
	defer tick.Stop()
	for {
		if s := n.Seen(m); s.Form != tribes.V1 || s.Asks != release.NotAsked || s.Message != 0 || !n.cfg.Release.IsZero() {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

const awaitTime = 1500 * time.Millisecond
