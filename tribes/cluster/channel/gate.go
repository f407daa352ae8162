package channel

import (
	"context"
	"fmt"
	"net"
	"sync"
)

// gate is the listener of a Receiver, which may be closed for a while.
type gate struct {
	mu     sync.Mutex
	ln     *net.TCPListener // nil while it is closed
	opened chan struct{}    // is closed when there is one again
}

// wait returns the listener, when there is one.
func (g *gate) wait(ctx context.Context) (*net.TCPListener, error) {
	for {
		g.mu.Lock()
		ln, opened := g.ln, g.opened
		g.mu.Unlock()
		if ln != nil {
			return ln, nil
		}
		select {
		case <-opened:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// moved reports whether ln is not the listener any more.
func (g *gate) moved(ln *net.TCPListener) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ln != ln
}

// shut closes the listener for good, if there is one.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ln != nil {
		g.ln.Close()
	}
}

// pause closes the listener until resume.
func (g *gate) pause() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ln == nil {
		return
	}
	g.ln.Close()
	g.ln, g.opened = nil, make(chan struct{})
}

// resume listens again at the same address.
func (g *gate) resume(at *net.TCPAddr) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ln != nil {
		return nil
	}
	ln, err := net.ListenTCP("tcp", at)
	if err != nil {
		return fmt.Errorf("listen for the cluster's messages on %s again: %w", at, reason(err))
	}
	g.ln = ln
	close(g.opened)
	return nil
}

// Pause closes the port and every connection, so that who wants to send finds out
// at once. Resume opens the same port again.
func (r *Receiver) Pause() {
	r.gate.pause()
	r.conns.closeAll()
}

// Resume undoes Pause.
func (r *Receiver) Resume() error {
	if r.closed.Load() {
		return net.ErrClosed
	}
	r.conns.open()
	return r.gate.resume(net.TCPAddrFromAddrPort(r.at))
}
