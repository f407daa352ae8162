package channel

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"time"

	"muster/tribes"
)

// conn is one connection that a peer opened.
type conn struct {
	r     *Receiver
	nc    net.Conn
	peer  netip.AddrPort
	in    inbox
	begun time.Time     // when the frame in hand began to come
	place *list.Element // in the connSet, guarded by its lock
}

func newConn(r *Receiver, nc net.Conn, peer netip.AddrPort) *conn {
	return &conn{r: r, nc: nc, peer: peer, in: inbox{budget: &r.memory, limit: r.cfg.FrameLimit}}
}

// serve takes frames until the peer closes, sends what is none, or leaves one
// unfinished. There is no way to find the next frame in a broken stream, and a
// Tomcat does not either.
func (c *conn) serve(ctx context.Context) {
	defer c.in.release()
	defer c.nc.Close()
	defer c.r.conns.remove(c)
	for {
		data, err := c.in.next()
		switch {
		case err == nil:
			err = c.take(ctx, data)
			c.begun = time.Now()
		case errors.Is(err, tribes.ErrIncomplete):
			err = c.read()
		default:
			err = &brokenError{err}
		}
		if err != nil {
			c.ended(err)
			return
		}
	}
}

// brokenError is the peer's fault.
type brokenError struct{ error }

func (e *brokenError) Unwrap() error { return e.error }

func (c *conn) read() error {
	var deadline time.Time // none between frames: a peer may keep its connection
	idle := c.in.waiting() == 0
	switch now := time.Now(); {
	case idle:
	case now.Add(frameSilence).Before(c.begun.Add(frameTimeout)):
		deadline = now.Add(frameSilence)
	default:
		deadline = c.begun.Add(frameTimeout)
	}
	if err := c.nc.SetReadDeadline(deadline); err != nil {
		return err
	}
	n, err := c.in.fill(c.nc)
	switch {
	case n > 0:
		if idle {
			c.begun = time.Now()
		}
		c.r.conns.touch(c)
		return nil
	case errors.Is(err, io.EOF) && c.in.waiting() > 0:
		return &brokenError{fmt.Errorf("closed in the middle of a frame, after %d bytes of it", c.in.waiting())}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &brokenError{fmt.Errorf("the rest of a frame did not come in time, after %d bytes of it", c.in.waiting())}
	}
	return err
}

func (c *conn) ended(err error) {
	var broken *brokenError
	switch {
	case errors.As(err, &broken), errors.Is(err, errMemory):
		c.r.n.broken.Add(1)
		c.r.warn("closed the connection from %s: %s", c.peer, c.explain(err))
	case errors.Is(err, io.EOF):
		c.r.log.Debug(fmt.Sprintf("%s closed its connection", c.peer))
	case errors.Is(err, net.ErrClosed):
	default:
		c.r.log.Debug(fmt.Sprintf("connection from %s: %v", c.peer, reason(err)))
	}
}

// explain says what came instead of a frame, where its first bytes tell.
func (c *conn) explain(err error) string {
	if errors.Is(err, tribes.ErrMarker) {
		rest := c.in.buf[c.in.at:]
		if what := foreign(rest); what != "" {
			return "it speaks " + what + ", not Tribes"
		}
		return fmt.Sprintf("%v (it begins with %q)", err, printable(rest[:min(len(rest), 16)]))
	}
	return err.Error()
}

// take handles the data of one frame and acks it if it asks for that
// (NioReplicationTask): before the processing, or after it.
func (c *conn) take(ctx context.Context, data []byte) error {
	n := &c.r.n
	if tribes.IsAck(data) || tribes.IsFailAck(data) {
		n.stray.Add(1)
		c.r.log.Debug(fmt.Sprintf("dropped an ack from %s: nothing waits for one on a connection that it opened", c.peer))
		return nil
	}
	m := Message{Peer: c.peer, Received: time.Now()}
	var err error
	if m.ChannelData, err = tribes.ParseChannelData(data); err != nil {
		return &brokenError{err}
	}
	wanted := m.Options&tribes.UseAck != 0
	after := wanted && m.Options&tribes.SynchronizedAck != 0
	if wanted && !after {
		if err := c.ack(tribes.Ack); err != nil {
			return err
		}
	}
	failed := c.r.deliver(ctx, &m)
	switch {
	case !after:
		return nil
	case failed != nil:
		return c.ack(tribes.FailAck)
	}
	return c.ack(tribes.Ack)
}

func (c *conn) ack(which string) error {
	if err := c.nc.SetWriteDeadline(time.Now().Add(ackTimeout)); err != nil {
		return err
	}
	if _, err := io.WriteString(c.nc, which); err != nil {
		return err
	}
	if which == tribes.Ack {
		c.r.n.acks.Add(1)
	} else {
		c.r.n.failAcks.Add(1)
	}
	return nil
}

// deliver hands a message on. Probes and pings end here: they ask whether
// somebody listens, and nothing is to be learned from their address, in which
// Tomcat 7 puts the asked member itself.
func (r *Receiver) deliver(ctx context.Context, m *Message) error {
	switch string(m.Message) {
	case tribes.FailureDetectorTest:
		r.n.probes.Add(1)
		r.log.Debug(fmt.Sprintf("%s asked whether we are there (TcpFailureDetector)", m.Peer))
		if r.cfg.Asked != nil {
			r.cfg.Asked(m.Peer)
		}
		return nil
	case tribes.TCPPing:
		r.n.pings.Add(1)
		r.log.Debug(fmt.Sprintf("%s pinged (TcpPingInterceptor)", m.Peer))
		return nil
	}
	r.n.messages.Add(1)
	r.log.Debug(fmt.Sprintf("received %d bytes from %s, options %s", len(m.Message), m.Peer, m.Options))
	if r.cfg.Handler == nil {
		return nil
	}
	err := r.cfg.Handler.HandleMessage(ctx, m)
	if err != nil {
		r.n.failed.Add(1)
		r.warn("message from %s: %v", m.Peer, err)
	}
	return err
}
