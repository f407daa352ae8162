package channel

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"muster/tribes"
)

// Tomcat's defaults (T/transport/AbstractSender, T/transport/PooledSender): the
// time for one step of a send, how often a failed one is tried again, and how
// many connections to one member there may be.
const (
	DefaultSendTimeout = 3 * time.Second
	DefaultRetries     = 1
	DefaultPoolSize    = 25
)

// Sender delivers messages over connections that it keeps. One caller's messages
// to a member go over one connection, in their order; callers that send side by
// side get connections of their own. Its zero value does as a Tomcat does with
// its defaults. It is safe for use by several goroutines.
type Sender struct {
	// Timeout bounds the connect, the write and the wait for the ack, each; a
	// second is added for each MiB of a large message.
	Timeout time.Duration
	// Retries is how often a message is sent again after an error of the
	// connection or a FAIL_ACK: the same message, with the same id. No ack in
	// time is not tried again. Negative means never.
	Retries int
	// PoolSize is how many connections to one member there may be.
	PoolSize int
	// Local is the address to connect from; the zero Addr leaves it to the system.
	Local netip.Addr
	// QueueLimit is how many bytes of asynchronous messages may wait, for all
	// members together; whoever sends more waits. 0 means DefaultQueueLimit.
	QueueLimit int
	// Dropped, where set, is told that asynchronous messages to a receiver could
	// not be delivered, and why.
	Dropped func(to netip.AddrPort, err error)
	// Guard is deferred in every goroutine of the Sender.
	Guard  func()
	Logger *slog.Logger

	pool  pool
	queue queue
}

// Receipt tells how a message was delivered.
type Receipt struct {
	Exchange
	Attempts int
	Took     time.Duration // over all attempts
}

// frames are buffers for what is sent; large ones are not kept.
var frames = sync.Pool{New: func() any { return new([]byte) }}

const largeFrame = 1 << 20

// Send delivers m to the receiver at to, and waits for the ack if its options
// ask for one; that they say asynchronous changes nothing here. The error is the
// *Exchange that failed.
func (s *Sender) Send(ctx context.Context, to netip.AddrPort, m *tribes.ChannelData) (Receipt, error) {
	buf := frames.Get().(*[]byte)
	frame, err := m.AppendFrameTo((*buf)[:0])
	if cap(frame) <= largeFrame {
		*buf = frame
		defer frames.Put(buf)
	}
	if err != nil {
		return Receipt{}, err
	}
	return s.send(ctx, to, frame, m.Options&tribes.UseAck != 0)
}

func (s *Sender) send(ctx context.Context, to netip.AddrPort, frame []byte, wantAck bool) (Receipt, error) {
	timeout, retries := s.Timeout, s.Retries
	if timeout <= 0 {
		timeout = DefaultSendTimeout
	}
	if retries == 0 {
		retries = DefaultRetries
	}
	lim := limits{timeout, timeout + writeTime(len(frame)), timeout + writeTime(len(frame))}
	start := time.Now()
	var r Receipt
	for {
		r.Attempts++
		s.try(ctx, &r.Exchange, to, frame, wantAck, lim)
		if r.OK() || r.Attempts > retries || r.Outcome == NoAck || ctx.Err() != nil {
			break
		}
	}
	r.Took = time.Since(start)
	if r.OK() {
		return r, nil
	}
	x := r.Exchange
	return r, &x
}

// writeTime is what a large frame may take on top: a second for each MiB.
func writeTime(size int) time.Duration { return time.Duration(size>>10) * time.Second / 1024 }

// try sends once: over a kept connection, or a new one where there is none or
// the kept one turns out to be closed.
func (s *Sender) try(ctx context.Context, x *Exchange, to netip.AddrPort, frame []byte, wantAck bool, lim limits) {
	*x = Exchange{Addr: to}
	p, l, err := s.pool.enter(ctx, to, s.PoolSize)
	if err != nil {
		x.Outcome, x.Err = Failed, err
		return
	}
	if l != nil {
		l.trade(ctx, x, frame, wantAck, lim)
		if x.Outcome != Closed {
			s.leave(p, l, x)
			return
		}
		l.close()
	}
	if l, *x = connect(ctx, dialer(s.Local), to, lim.connect); l != nil {
		l.trade(ctx, x, frame, wantAck, lim)
	}
	s.leave(p, l, x)
}

// leave keeps a connection after use, unless it may still say something.
func (s *Sender) leave(p *peer, l *link, x *Exchange) {
	if l != nil && (!x.OK() || x.more) {
		l.close()
		l = nil
	}
	s.pool.leave(p, l)
}

// Forget closes the connections to a member that is gone.
func (s *Sender) Forget(to netip.AddrPort) { s.pool.forget(to) }

// Close closes all connections that are kept; those in use close after it.
// Asynchronous messages that wait are lost: see Flush. A Sender that is used
// again opens new connections, and keeps none.
func (s *Sender) Close() {
	s.queue.close()
	s.pool.close()
}

func dialer(local netip.Addr) *net.Dialer {
	d := &net.Dialer{KeepAlive: -1}
	if local.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(local, 0))
	}
	return d
}
