package mesh

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

const (
	dialsAtOnce = 8
	dialEvery   = 30 * time.Second // a node's port that is open, at most so often
	// dialAgain is the time after a failed attempt; dialTries attempts that fail in a
	// row are judged, since a single one may have met a loss.
	dialAgain = 2 * time.Second
	dialTries = 3
	// detectorTime is how long TcpFailureDetector waits for a connection; what takes
	// longer is TCPSlow. An attempt is given up dialGrace and two round trips later.
	detectorTime = time.Second
	dialGrace    = 500 * time.Millisecond
)

// dialNext tries the TCP ports that are due.
func (n *Node) dialNext(ctx context.Context, all *sync.WaitGroup, now time.Time) {
	for range dialsAtOnce {
		var p *peer
		n.each(&n.turn[2], func(x *peer) bool {
			again := dialEvery
			if x.tries > 0 || x.tcp.Bad() {
				again = dialAgain
			}
			if x.tcpPort == 0 || !x.alive() || !x.tcpAt.IsZero() && now.Sub(x.tcpAt) < again {
				return true
			}
			p = x
			return false
		})
		if p == nil || n.dialing >= dialsAtOnce {
			return
		}
		n.dialing++
		p.tcpAt = now
		to := netip.AddrPortFrom(p.to.Addr(), p.tcpPort)
		limit := detectorTime + dialGrace
		if s, ok := p.offset.best(); ok {
			limit += 2 * s.rtt
		}
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, limit)
			defer cancel()
			began := time.Now()
			state := n.cfg.Dial(ctx, to)
			if state == TCPOpen && time.Since(began) > detectorTime {
				state = TCPSlow
			}
			n.mu.Lock()
			defer n.unlock()
			n.dialing--
			if ctx.Err() == nil || state == TCPTimeout {
				p.tried(state)
			}
		})
	}
}

// tried takes what became of an attempt. One that failed is no answer yet.
func (p *peer) tried(state TCP) {
	if !state.Bad() {
		p.tcp, p.tries = state, 0
		return
	}
	if p.tries++; p.tries >= dialTries {
		p.tcp = state
	}
}
