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
	// longer is TCPSlow. dialTimeout is when an attempt is given up.
	detectorTime = time.Second
	dialTimeout  = 3 * time.Second
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
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, dialTimeout)
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
				p.tried(state, time.Now())
			}
		})
	}
}

// tried takes what became of an attempt. One that failed is no answer yet, unless
// the host itself said no.
func (p *peer) tried(state TCP, now time.Time) {
	p.tcpAt = now
	if !state.Bad() {
		p.tcp, p.tries = state, 0
		return
	}
	if p.tries++; p.tries >= dialTries {
		p.tcp = state
	}
}
