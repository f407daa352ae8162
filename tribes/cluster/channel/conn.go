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
	r       *Receiver
	nc      net.Conn
	peer    netip.AddrPort
	in      inbox
	last    time.Time // that something came
	at      instant   // the same; zero once a message was handed on since
	wall    time.Time // the clock at wallAt: it is read again when a second is over
	wallAt  instant
	begun   time.Time     // when the frame in hand began to come
	touched time.Time     // when connSet was told
	place   *list.Element // in the connSet, guarded by its lock

	message Message // in hand

	readBy, ackBy instant // the deadlines that are set; zero is none
}

// touchEvery is how exactly connSet knows who is idle for longest.
const touchEvery = 100 * time.Millisecond

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
			c.begun = c.last
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
	idle := c.in.waiting() == 0
	if err := c.setDeadline(idle); err != nil {
		return err
	}
	n, err := c.in.fill(c.nc)
	switch {
	case n > 0:
		c.tick()
		if idle {
			c.begun = c.last
		}
		if c.last.Sub(c.touched) > touchEvery {
			c.touched = c.last
			c.r.conns.touch(c)
		}
		return nil
	case errors.Is(err, io.EOF) && !idle:
		return &brokenError{fmt.Errorf("closed in the middle of a frame, after %d bytes of it", c.in.waiting())}
	case errors.Is(err, os.ErrDeadlineExceeded) && idle:
		return c.in.shrink()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &brokenError{fmt.Errorf("the rest of a frame did not come in time, after %d bytes of it", c.in.waiting())}
	}
	return err
}

// tick notes that something came now. The wall clock is read once a second.
func (c *conn) tick() {
	c.at = monotonic()
	if c.wall.IsZero() || c.at-c.wallAt > instant(time.Second) {
		c.wall, c.wallAt = time.Now(), c.at
	}
	c.last = c.wall.Add(time.Duration(c.at - c.wallAt))
}

// setDeadline bounds the wait for the rest of a frame. Between frames there is
// no bound, since a peer may keep its connection; only a large buffer is given
// back after the same time.
func (c *conn) setDeadline(idle bool) error {
	var by instant
	if !idle || cap(c.in.buf) > inboxStart {
		by = far(c.readBy, monotonic(), frameSilence*4/5) // far adds the rest
		if end := instant(c.begun.Add(frameTimeout).Sub(epoch)); !idle && end < by {
			by = end
		}
	}
	switch by {
	case c.readBy:
		return nil
	case 0:
		c.readBy = 0
		return c.nc.SetReadDeadline(time.Time{})
	}
	c.readBy = by
	return c.nc.SetReadDeadline(by.time())
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
	if tribes.IsAck(data) || tribes.IsFailAck(data) {
		c.r.n.stray.Add(1)
		c.r.log.Debug(fmt.Sprintf("dropped an ack from %s: nothing waits for one on a connection that it opened", c.peer))
		return nil
	}
	m := &c.message
	*m = Message{Peer: c.peer, Received: c.last}
	var err error
	if m.ChannelData, err = tribes.ParseChannelData(data); err != nil {
		*m = Message{} // as below
		return &brokenError{err}
	}
	wanted := m.Options&tribes.UseAck != 0
	after := wanted && m.Options&tribes.SynchronizedAck != 0
	if wanted && !after {
		c.r.n.acks.Add(1)
		if err := c.ack(ackBytes); err != nil {
			return err
		}
	}
	c.at = 0 // that takes its time
	failed := c.r.deliver(ctx, m)
	*m = Message{} // or it would keep the buffer that it came in
	switch {
	case !after:
		return nil
	case failed != nil:
		c.r.n.failAcks.Add(1)
		return c.ack(failAckBytes)
	}
	c.r.n.acks.Add(1)
	return c.ack(ackBytes)
}

// The acks as they are written.
var ackBytes, failAckBytes = []byte(tribes.Ack), []byte(tribes.FailAck)

func (c *conn) ack(which []byte) error {
	now := c.at
	if now == 0 {
		now = monotonic()
	}
	if by := far(c.ackBy, now, ackTimeout); by != c.ackBy {
		c.ackBy = by
		if err := c.nc.SetWriteDeadline(by.time()); err != nil {
			return err
		}
	}
	_, err := c.nc.Write(which)
	return err
}

// deliver hands a message on. Probes and pings end here: they ask whether
// somebody listens, and nothing is to be learned from their address, in which
// Tomcat 7 puts the asked member itself.
func (r *Receiver) deliver(ctx context.Context, m *Message) error {
	switch {
	case string(m.Message) == tribes.FailureDetectorTest:
		r.n.probes.Add(1)
		r.log.Debug(fmt.Sprintf("%s asked whether we are there (TcpFailureDetector)", m.Peer))
		if r.cfg.Asked != nil {
			r.cfg.Asked(m.Peer, &m.Address)
		}
		return nil
	case string(m.Message) == tribes.TCPPing:
		r.n.pings.Add(1)
		r.log.Debug(fmt.Sprintf("%s pinged (TcpPingInterceptor)", m.Peer))
		return nil
	}
	r.n.messages.Add(1)
	if r.verbose {
		r.log.Debug(fmt.Sprintf("received %d bytes from %s, options %s", len(m.Message), m.Peer, m.Options))
	}
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
