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
}

// peer is the connections to one receiver.
type peer struct {
	addr  netip.AddrPort
	slots chan struct{} // one for each connection in use
	users int           // that are in or wait for a slot
	idle  []*link
}

const (
	// idleMost is how long a connection is kept that nobody uses. Tomcat keeps
	// its own for ever; a receiver that goes away in silence would leave ours open.
	idleMost = 5 * time.Minute
	// peersMost is how many receivers have connections that are kept.
	peersMost = 1024
)

// enter waits for leave to use a connection to addr.
func (p *pool) enter(ctx context.Context, addr netip.AddrPort, size int) (*peer, error) {
	if size <= 0 {
		size = DefaultPoolSize
	}
	p.mu.Lock()
	if p.peers == nil {
		p.peers = map[netip.AddrPort]*peer{}
	}
	e := p.peers[addr]
	if e == nil {
		e = &peer{addr: addr, slots: make(chan struct{}, size)}
		if len(p.peers) >= peersMost {
			p.dropIdle()
		}
		p.peers[addr] = e
	}
	e.users++
	p.mu.Unlock()
	select {
	case e.slots <- struct{}{}:
		return e, nil
	default:
	}
	select {
	case e.slots <- struct{}{}:
		return e, nil
	case <-ctx.Done():
		p.done(e)
		return nil, ctx.Err()
	}
}

func (p *pool) leave(e *peer) {
	<-e.slots
	p.done(e)
}

func (p *pool) done(e *peer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.users--; e.users == 0 && len(e.idle) == 0 && p.peers[e.addr] == e {
		delete(p.peers, e.addr)
	}
}

// take returns a kept connection that still stands, or nil.
func (p *pool) take(e *peer) *link {
	for {
		p.mu.Lock()
		last := len(e.idle) - 1
		if last < 0 {
			p.mu.Unlock()
			return nil
		}
		l := e.idle[last]
		e.idle[last] = nil
		e.idle = e.idle[:last]
		p.mu.Unlock()
		if time.Since(l.idle) < idleMost && quiet(l.nc) {
			return l
		}
		l.nc.Close()
	}
}

// keep takes a connection back after use. One that may still say something, or
// whose deadlines an ended ctx has set, is closed.
func (p *pool) keep(ctx context.Context, e *peer, l *link, ok bool) {
	if !ok || ctx.Err() != nil {
		l.nc.Close()
		return
	}
	l.idle = time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.peers[e.addr] != e {
		l.nc.Close()
		return
	}
	e.idle = append(e.idle, l)
	// Those at the front have been idle for longest.
	for len(e.idle) > 0 && l.idle.Sub(e.idle[0].idle) > idleMost {
		e.idle[0].nc.Close()
		e.idle = append(e.idle[:0], e.idle[1:]...)
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
		l.nc.Close()
	}
	e.idle = nil
}
