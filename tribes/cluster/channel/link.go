package channel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"time"

	"muster/tribes"
)

// link is a connection to a receiver. One caller at a time uses it. What it
// needs for a message it keeps for the next one: a system call more or less is
// what makes the time of an acked message.
type link struct {
	nc    net.Conn
	local netip.AddrPort
	idle  instant // since when nobody uses it
	uses  int     // after the first
	peek  peeker
	asks  asker
	alone bool // no other message of the Sender is under way
	once  bool // for one message: with TLS each has a connection of its own, as a Tomcat's has
	wait  patience

	readBy, writeBy instant // the deadlines that are set
	answer          [answerMost]byte
	parts           [3][]byte // of a large message, while it is written
	vector          net.Buffers

	ctx  context.Context // whose end ends what is under way
	stop func() bool
}

// answerMost is enough to see an ack, or what answered instead of one.
const answerMost = 256

// connect returns a link, or nil and why there is none.
func connect(ctx context.Context, d *net.Dialer, addr netip.AddrPort, timeout time.Duration) (*link, Exchange) {
	x := Exchange{Addr: addr}
	dial, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	start := time.Now()
	nc, err := d.DialContext(dial, "tcp", addr.String())
	if err != nil {
		x.Outcome, x.Err = connectOutcome(err), reason(err)
		if ctx.Err() != nil {
			x.Outcome, x.Err = Failed, ctx.Err()
		}
		return nil, x
	}
	x.Connect = time.Since(start)
	l := &link{nc: nc}
	l.peek.init(nc)
	l.asks.init(nc)
	l.wait.single = runtime.GOMAXPROCS(0) == 1
	if la, ok := nc.LocalAddr().(*net.TCPAddr); ok {
		l.local = la.AddrPort()
	}
	return l, x
}

// close ends the connection.
func (l *link) close() {
	if l.stop != nil {
		l.stop()
	}
	l.nc.Close()
}

// until has the end of ctx end what is under way. Callers mostly come with the
// ctx of the time before: then nothing is to do. False: an earlier ctx ended,
// and the link with it.
func (l *link) until(ctx context.Context) bool {
	if ctx == l.ctx {
		return true
	}
	if l.stop != nil && !l.stop() {
		return false
	}
	l.ctx, l.stop = ctx, nil
	if ctx.Done() != nil {
		l.stop = context.AfterFunc(ctx, func() { l.nc.SetDeadline(time.Unix(1, 0)) })
	}
	return true
}

// far is a deadline at least wait from now: the one that is set, as long as it
// serves, so that most messages need not set one. The time is exact to a quarter.
func far(set, now instant, wait time.Duration) instant {
	if earliest := now + instant(wait); set < earliest || set > earliest+instant(wait/4) {
		return earliest + instant(wait/4)
	}
	return set
}

func (l *link) setWrite(now instant, wait time.Duration) error {
	by := far(l.writeBy, now, wait)
	if by == l.writeBy {
		return nil
	}
	l.writeBy = by
	return l.nc.SetWriteDeadline(by.time())
}

func (l *link) setRead(now instant, wait time.Duration) error {
	by := far(l.readBy, now, wait)
	if by == l.readBy {
		return nil
	}
	l.readBy = by
	return l.nc.SetReadDeadline(by.time())
}

// trade writes f at start, which is now, and where wantAck waits for the ack.
// After anything but
// Acked and Written the link is of no more use: what still comes on it would be
// taken for the answer to another message.
func (l *link) trade(ctx context.Context, x *Exchange, f *frame, wantAck bool, lim limits, start instant) {
	x.Local = l.local
	if !l.until(ctx) {
		x.Outcome, x.Err = Closed, net.ErrClosed
		return
	}
	if wantAck {
		l.ask(x, f, lim, start)
	} else if l.put(x, f, 0, lim, start) {
		x.ended = monotonic()
	}
	if !x.OK() && ctx.Err() != nil {
		x.Outcome, x.Err = Failed, ctx.Err()
	}
}

// ask writes f and waits for its ack.
func (l *link) ask(x *Exchange, f *frame, lim limits, start instant) {
	if err := l.setRead(start, lim.answer); err != nil {
		x.Outcome, x.Err = Closed, reason(err)
		return
	}
	var look instant
	if l.alone {
		look = l.wait.look()
	}
	wrote, n, err := l.asks.ask(f, l.answer[:], look)
	if wrote == f.len() {
		x.Outcome = Written
	} else {
		if !l.put(x, f, wrote, lim, start) {
			return
		}
		n, err = l.nc.Read(l.answer[:])
	}
	if l.readAck(x, start, n, err); x.Outcome == Acked && l.alone {
		l.wait.took(instant(x.Answer), look > 0)
	}
}

// put writes what stands behind the first bytes of f, and reports whether it
// could.
func (l *link) put(x *Exchange, f *frame, written int, lim limits, start instant) bool {
	err := l.setWrite(start, lim.write)
	if err == nil {
		err = l.write(f, written)
	}
	if err != nil {
		x.Outcome, x.Err = Closed, reason(err)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			x.Outcome = NoAck
		}
		return false
	}
	x.Outcome = Written
	return true
}

func (l *link) write(f *frame, written int) error {
	if f.body == nil {
		_, err := l.nc.Write(f.buf[written:])
		return err
	}
	l.parts = [...][]byte{f.buf, f.body, frameEnd}
	for i, part := range l.parts {
		n := min(written, len(part))
		l.parts[i] = part[n:]
		written -= n
	}
	l.vector = l.parts[:]
	_, err := l.vector.WriteTo(l.nc)
	clear(l.parts[:])
	return err
}

func (x *Exchange) acked(start instant) {
	x.ended = monotonic()
	x.Outcome, x.Answer = Acked, time.Duration(x.ended-start)
}

// readAck judges what answered: n bytes of l.answer, before err, and what follows.
func (l *link) readAck(x *Exchange, start instant, n int, err error) {
	for {
		got := l.answer[:n]
		if string(got) == tribes.Ack {
			x.acked(start)
			return
		}
		data, length, perr := tribes.ParseFrame(got, answerMost)
		x.more = n > length
		switch {
		case perr == nil && tribes.IsAck(data):
			x.acked(start)
			return
		case perr == nil && tribes.IsFailAck(data):
			x.Outcome, x.Answer = FailAcked, time.Duration(monotonic()-start)
			x.Err = errors.New("FAIL_ACK")
			return
		case perr == nil || !errors.Is(perr, tribes.ErrIncomplete) || n == len(l.answer):
			x.Outcome, x.Foreign = Foreign, foreign(got)
			x.Err = fmt.Errorf("it says %q", printable(got))
			return
		case errors.Is(err, os.ErrDeadlineExceeded):
			x.Outcome, x.Err = NoAck, err
			return
		case err != nil:
			x.Outcome, x.Err = Closed, reason(err)
			if errors.Is(err, io.EOF) {
				x.Err = errors.New("end of stream")
			}
			return
		}
		var more int
		more, err = l.nc.Read(l.answer[n:])
		n += more
	}
}
