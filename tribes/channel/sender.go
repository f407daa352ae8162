package channel

import (
	"context"
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
	// Timeout bounds the connect, the write and the wait for the ack, each.
	Timeout time.Duration
	// Retries is how often a message is sent again after an error of the
	// connection or a FAIL_ACK: the same message, with the same id. No ack in
	// time is not tried again. Negative means never.
	Retries int
	// PoolSize is how many connections to one member there may be.
	PoolSize int
	// Local is the address to connect from; the zero Addr leaves it to the system.
	Local netip.Addr

	pool pool
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
// ask for one. The error is the *Exchange that failed.
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
	lim := limits{timeout, timeout, timeout}
	start := time.Now()
	var r Receipt
	for {
		r.Attempts++
		r.Exchange = s.try(ctx, to, frame, wantAck, lim)
		if r.OK() || r.Attempts > retries || r.Outcome == NoAck || ctx.Err() != nil {
			break
		}
	}
	r.Took = time.Since(start)
	x := r.Exchange
	return r, x.Fail()
}

// try sends once: over a kept connection, or a new one where there is none or
// the kept one turns out to be closed.
func (s *Sender) try(ctx context.Context, to netip.AddrPort, frame []byte, wantAck bool, lim limits) Exchange {
	p, err := s.pool.enter(ctx, to, s.PoolSize)
	if err != nil {
		return Exchange{Addr: to, Outcome: Failed, Err: err}
	}
	defer s.pool.leave(p)
	if l := s.pool.take(p); l != nil {
		x := Exchange{Addr: to}
		l.trade(ctx, &x, frame, wantAck, lim)
		if s.pool.keep(ctx, p, l, x.OK() && !x.more); x.Outcome != Closed {
			return x
		}
	}
	l, x := connect(ctx, dialer(s.Local), to, lim.connect)
	if l == nil {
		return x
	}
	l.trade(ctx, &x, frame, wantAck, lim)
	s.pool.keep(ctx, p, l, x.OK() && !x.more)
	return x
}

// Forget closes the connections to a member that is gone.
func (s *Sender) Forget(to netip.AddrPort) { s.pool.forget(to) }

// Close closes all connections that are kept; those in use close after it. A
// Sender that is used again opens new ones, and keeps none.
func (s *Sender) Close() { s.pool.close() }

func dialer(local netip.Addr) *net.Dialer {
	d := &net.Dialer{KeepAlive: -1}
	if local.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(local, 0))
	}
	return d
}
