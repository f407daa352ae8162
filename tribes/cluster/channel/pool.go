package channel

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

// pool keeps connections by receiver. The one that was used last is taken first,
// so that one caller goes on with the same one.
type pool struct {
	mu     sync.Mutex
	peers  map[netip.AddrPort]*peer
	closed bool
	stray  func(to netip.AddrPort) // told of a receiver that says what it was not asked
}

// peer is the connections to one receiver.
type peer struct {
	addr    netip.AddrPort
	users   int             // that hold a connection, or wait for their turn
	busy    int             // connections in use, at most as many as the pool allows
	waiting []chan struct{} // for a turn, the first come in front
	idle    []*link
}

const (
	// idleMost is how long a connection is kept that nobody uses. Tomcat keeps
	// its own for ever; a receiver that goes away in silence would leave ours open.
	idleMost = 5 * time.Minute
	// peekAfter is how long a connection is trusted to be as it was; in a row
	// without pauses each peekEach-th message looks all the same, so that a peer
	// that acks twice is found out.
	peekAfter = 20 * time.Microsecond
	peekEach  = 16
	// peersMost is how many receivers have connections that are kept.
	peersMost = 1024
)

// enter waits for a turn to use a connection to addr, and returns one that is
// kept and still stands, or nil. It must be followed by leave. For a message that
// wants an ack, which tells whether it arrived, a connection that was used a
// moment ago is not looked at: that would cost a tenth of the round trip.
func (p *pool) enter(ctx context.Context, addr netip.AddrPort, size int, ack bool, now instant) (e *peer, l *link, waited bool, err error) {
	if size <= 0 {
		size = defaultPoolSize
	}
	p.mu.Lock()
	e = p.peers[addr]
	if e == nil {
		e = p.add(addr)
	}
	e.users++
	if e.busy < size {
		e.busy++
	} else {
		waited = true
		turn := make(chan struct{})
		e.waiting = append(e.waiting, turn)
		p.mu.Unlock()
		select {
		case <-turn:
			p.mu.Lock()
		case <-ctx.Done():
			p.mu.Lock()
			p.giveUp(e, turn)
			p.mu.Unlock()
			return nil, nil, true, ctx.Err()
		}
	}
	if waited {
		now = monotonic()
	}
	l = e.take()
	p.mu.Unlock()
	for l != nil && !l.good(ack, now) {
		if l.peek.said && p.stray != nil {
			p.stray(addr)
		}
		l.close()
		p.mu.Lock()
		l = e.take()
		p.mu.Unlock()
	}
	return e, l, waited, nil
}

func (p *pool) add(addr netip.AddrPort) *peer {
	if p.peers == nil {
		p.peers = map[netip.AddrPort]*peer{}
	}
	if len(p.peers) >= peersMost {
		p.dropIdle()
	}
	e := &peer{addr: addr}
	p.peers[addr] = e
	return e
}

// giveUp takes back a wish for a turn. It may have been granted meanwhile: the
// turn is passed on then.
func (p *pool) giveUp(e *peer, turn chan struct{}) {
	for i, w := range e.waiting {
		if w == turn {
			e.waiting = append(e.waiting[:i], e.waiting[i+1:]...)
			p.done(e)
			return
		}
	}
	e.pass()
	p.done(e)
}

// pass gives a turn to the next that waits.
func (e *peer) pass() {
	if len(e.waiting) == 0 {
		e.busy--
		return
	}
	close(e.waiting[0])
	e.waiting = e.waiting[1:]
}

// good reports whether a kept connection can be used.
func (l *link) good(ack bool, now instant) bool {
	idle := time.Duration(now - l.idle)
	if l.uses++; ack && idle < peekAfter && l.uses%peekEach != 0 {
		return true
	}
	return idle < idleMost && l.peek.quiet()
}

func (e *peer) take() *link {
	last := len(e.idle) - 1
	if last < 0 {
		return nil
	}
	l := e.idle[last]
	e.idle[last] = nil
	e.idle = e.idle[:last]
	return l
}

// leave ends a turn, and keeps its connection unless that is nil.
func (p *pool) leave(e *peer, l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l != nil {
		p.keep(e, l)
	}
	e.pass()
	p.done(e)
}

func (p *pool) keep(e *peer, l *link) {
	if p.closed || p.peers[e.addr] != e {
		l.close()
		return
	}
	e.idle = append(e.idle, l)
	// Those at the front have been idle for longest.
	for time.Duration(l.idle-e.idle[0].idle) > idleMost {
		e.idle[0].close()
		e.idle = append(e.idle[:0], e.idle[1:]...)
	}
}

func (p *pool) done(e *peer) {
	if e.users--; e.users == 0 && len(e.idle) == 0 && p.peers[e.addr] == e {
		delete(p.peers, e.addr)
	}
}

// dropIdle makes room: the receivers that nobody sends to are forgotten.
func (p *pool) dropIdle() {
	for addr, e := range p.peers {
		if e.users == 0 {
			e.closeIdle()
			delete(p.peers, addr)
		}
	}
}

func (p *pool) forget(addr netip.AddrPort) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.peers[addr]; e != nil {
		e.closeIdle()
		delete(p.peers, addr)
	}
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, e := range p.peers {
		e.closeIdle()
	}
	clear(p.peers)
}

func (e *peer) closeIdle() {
	for _, l := range e.idle {
		l.close()
	}
	e.idle = nil
}
