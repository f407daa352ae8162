package channel

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"muster/tribes"
)

// Tomcat's defaults (T/transport/AbstractSender, T/transport/PooledSender): the
// time for one step of a send, how often a failed one is tried again, and how
// many connections to one member there may be.
const (
	DefaultSendTimeout = 3 * time.Second
	DefaultRetries     = 1
	defaultPoolSize    = 25
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
	// members together; whoever sends more waits. 0 means defaultQueueLimit.
	QueueLimit int
	// Dropped, where set, is told that asynchronous messages to a receiver could
	// not be delivered, and why.
	Dropped func(to netip.AddrPort, err error)
	// Secure, where set, tells where a receiver takes TLS: messages to it go there.
	Secure func(to netip.AddrPort) Secure
	// Guard is deferred in every goroutine of the Sender.
	Guard  func()
	Logger *slog.Logger

	pool   pool
	queue  queue
	init   sync.Once
	strays atomic.Uint64
	active atomic.Int32 // messages under way
}

// Receipt tells how a message was delivered.
type Receipt struct {
	Exchange
	Attempts int
	Took     time.Duration // over all attempts
}

// frame is a message as it is written: in one piece, or a large one in three,
// of which the middle is the caller's.
type frame struct {
	buf  []byte // all of it, or what stands before body
	body []byte
}

// frames are kept for the next message; large ones are not.
var frames = sync.Pool{New: func() any { return new(frame) }}

const (
	largeFrame = 1 << 20
	// apart is the message from which a copy costs more than a second piece.
	apart = 16 << 10
)

var frameEnd = []byte(tribes.FrameEnd)

// newFrame is to be freed after use. m.Message must not change until then.
func newFrame(m *tribes.ChannelData) (*frame, error) {
	f := frames.Get().(*frame)
	var err error
	if len(m.Message) < apart {
		f.buf, err = m.AppendFrameTo(f.buf[:0])
	} else {
		f.buf, err = m.AppendHeadTo(f.buf[:0])
		f.body = m.Message
	}
	if err != nil {
		f.free()
		return nil, err
	}
	return f, nil
}

func (f *frame) free() {
	f.body = nil
	if cap(f.buf) <= largeFrame {
		frames.Put(f)
	}
}

func (f *frame) len() int {
	if f.body == nil {
		return len(f.buf)
	}
	return len(f.buf) + len(f.body) + len(frameEnd)
}

// appendTo appends the whole frame.
func (f *frame) appendTo(b []byte) []byte {
	b = append(b, f.buf...)
	if f.body != nil {
		b = append(append(b, f.body...), frameEnd...)
	}
	return b
}

// Send delivers m to the receiver at to, and waits for the ack if its options
// ask for one; that they say asynchronous changes nothing here. The error is the
// *Exchange that failed.
func (s *Sender) Send(ctx context.Context, to netip.AddrPort, m *tribes.ChannelData) (Receipt, error) {
	f, err := newFrame(m)
	if err != nil {
		return Receipt{}, err
	}
	defer f.free()
	return s.send(ctx, to, f, m.Options&tribes.UseAck != 0)
}

func (s *Sender) send(ctx context.Context, to netip.AddrPort, f *frame, wantAck bool) (Receipt, error) {
	s.init.Do(func() { s.pool.stray = s.stray })
	timeout, retries := s.Timeout, s.Retries
	if timeout <= 0 {
		timeout = DefaultSendTimeout
	}
	if retries == 0 {
		retries = DefaultRetries
	}
	lim := limits{timeout, timeout + writeTime(f.len()), timeout + writeTime(f.len())}
	s.active.Add(1)
	defer s.active.Add(-1)
	start := monotonic()
	var r Receipt
	for begun := start; ; begun = monotonic() {
		r.Attempts++
		s.try(ctx, &r.Exchange, to, f, wantAck, lim, begun)
		if r.OK() || r.Attempts > retries || r.Outcome == NoAck || ctx.Err() != nil {
			break
		}
	}
	if r.OK() {
		r.Took = time.Duration(r.ended - start)
		return r, nil
	}
	r.Took = time.Duration(monotonic() - start)
	x := r.Exchange
	return r, &x
}

// writeTime is what a large frame may take on top: a second for each MiB.
func writeTime(size int) time.Duration { return time.Duration(size>>10) * time.Second / 1024 }

// try sends once, from now on: over a kept connection, or a new one where there
// is none or the kept one turns out to be closed.
func (s *Sender) try(ctx context.Context, x *Exchange, to netip.AddrPort, f *frame, wantAck bool, lim limits, now instant) {
	*x = Exchange{Addr: to}
	p, l, waited, err := s.pool.enter(ctx, to, s.PoolSize, wantAck, now)
	if err != nil {
		x.Outcome, x.Err = Failed, err
		return
	}
	if l != nil {
		if waited {
			now = monotonic()
		}
		l.alone = s.active.Load() == 1
		l.trade(ctx, x, f, wantAck, lim, now)
		if x.Outcome != Closed {
			s.leave(p, l, x)
			return
		}
		l.close()
	}
	if l, *x = s.connect(ctx, to, lim.connect); l != nil {
		l.trade(ctx, x, f, wantAck, lim, monotonic())
	}
	s.leave(p, l, x)
}

// leave keeps a connection after use, unless it may still say something.
func (s *Sender) leave(p *peer, l *link, x *Exchange) {
	if l != nil && (!x.OK() || x.more || l.once) {
		if x.more {
			s.stray(p.addr)
		}
		l.close()
		l = nil
	}
	if l != nil {
		l.idle = x.ended
	}
	s.pool.leave(p, l)
}

// stray is told of an ack too many. Its connection is given up: the ack would be
// taken for that of a later message.
func (s *Sender) stray(to netip.AddrPort) {
	s.strays.Add(1)
	s.warn(fmt.Sprintf("%s acks what was not asked for, or twice: a message may count as delivered that was not", to))
}

// Strays is how many acks came that nobody had asked for.
func (s *Sender) Strays() uint64 { return s.strays.Load() }

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
