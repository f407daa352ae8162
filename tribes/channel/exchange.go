package channel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"time"

	"muster/tribes"
)

// Outcome is what became of a frame that was sent.
type Outcome string

const (
	Acked       Outcome = "acked"       // as asked
	Written     Outcome = "written"     // and no ack was asked for
	FailAcked   Outcome = "fail_acked"  // taken, and the processing failed
	NoAck       Outcome = "no_ack"      // taken, and nothing came back in time
	Refused     Outcome = "refused"     // nobody listens on the port
	Timeout     Outcome = "timeout"     // no answer to the connection request
	Unreachable Outcome = "unreachable" // no route, or the network says so
	Closed      Outcome = "closed"      // connected, and the other end hung up
	Foreign     Outcome = "foreign"     // something else than Tribes answered
	Failed      Outcome = "failed"      // any other error of this host
)

// Exchange is one frame sent over a connection of its own, and what came back.
type Exchange struct {
	Addr    netip.AddrPort
	Local   netip.AddrPort // our end, where it was connected
	Outcome Outcome
	// Connect is the time until the connection stood, Answer that from the first
	// byte written to the ack; 0 where there was none.
	Connect, Answer time.Duration
	// Foreign names the protocol that answered, where it is known.
	Foreign string
	// Err is what the system said; nil for Acked and Written.
	Err error

	more bool // came behind the ack: the connection is of no more use
}

// OK reports whether what was asked for came about.
func (x *Exchange) OK() bool { return x.Outcome == Acked || x.Outcome == Written }

// Error makes a failed Exchange an error; see Fail.
func (x *Exchange) Error() string {
	switch x.Outcome {
	case Acked, Written:
		return fmt.Sprintf("%s: %s", x.Addr, x.Outcome)
	case FailAcked:
		return fmt.Sprintf("%s took the message and failed to process it (FAIL_ACK)", x.Addr)
	case Foreign:
		what := x.Foreign
		if what == "" {
			what = "something else than Tribes"
		}
		return fmt.Sprintf("%s answers with %s: %v", x.Addr, what, x.Err)
	case NoAck:
		return fmt.Sprintf("%s took the message and sent no ack within the time", x.Addr)
	case Closed:
		return fmt.Sprintf("%s took the connection and closed it: %v", x.Addr, x.Err)
	}
	return fmt.Sprintf("connect to %s: %v", x.Addr, x.Err)
}

func (x *Exchange) Unwrap() error { return x.Err }

// Fail is nil where x is OK, else x as an error.
func (x *Exchange) Fail() error {
	if x.OK() {
		return nil
	}
	return x
}

// limits are the times that an exchange may take.
type limits struct {
	connect, write, answer time.Duration
}

// exchange connects, writes frame and, where wantAck, waits for the ack.
func exchange(ctx context.Context, d *net.Dialer, addr netip.AddrPort, frame []byte, wantAck bool, lim limits) Exchange {
	l, x := connect(ctx, d, addr, lim.connect)
	if l != nil {
		l.trade(ctx, &x, frame, wantAck, lim)
		l.nc.Close()
	}
	return x
}

// link is a connection to a receiver.
type link struct {
	nc    net.Conn
	local netip.AddrPort
	idle  time.Time // since when nobody uses it
}

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
	if la, ok := nc.LocalAddr().(*net.TCPAddr); ok {
		l.local = la.AddrPort()
	}
	return l, x
}

// trade writes frame and, where wantAck, waits for the ack. After anything but
// Acked and Written the link is of no more use: what still comes on it would be
// taken for the answer to another message.
func (l *link) trade(ctx context.Context, x *Exchange, frame []byte, wantAck bool, lim limits) {
	x.Local = l.local
	defer context.AfterFunc(ctx, func() { l.nc.SetDeadline(time.Unix(1, 0)) })()
	start := time.Now()
	err := l.nc.SetWriteDeadline(start.Add(lim.write))
	if err == nil {
		_, err = l.nc.Write(frame)
	}
	if err != nil {
		x.Outcome, x.Err = Closed, reason(err)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			x.Outcome = NoAck
		}
	} else {
		x.Outcome = Written
		if wantAck {
			x.readAck(l.nc, start, lim.answer)
		}
	}
	if ctx.Err() != nil && !x.OK() {
		x.Outcome, x.Err = Failed, ctx.Err()
	}
}

// answerMost is enough to see an ack, or what answered instead of one.
const answerMost = 256

func (x *Exchange) readAck(nc net.Conn, start time.Time, wait time.Duration) {
	nc.SetReadDeadline(start.Add(wait))
	var buf [answerMost]byte
	for n := 0; ; {
		more, err := nc.Read(buf[n:])
		n += more
		got := buf[:n]
		data, length, perr := tribes.ParseFrame(got, answerMost)
		x.more = n > length
		switch {
		case perr == nil && tribes.IsAck(data):
			x.Outcome, x.Answer = Acked, time.Since(start)
			return
		case perr == nil && tribes.IsFailAck(data):
			x.Outcome, x.Answer = FailAcked, time.Since(start)
			x.Err = errors.New("FAIL_ACK")
			return
		case perr == nil || !errors.Is(perr, tribes.ErrIncomplete) || n == len(buf):
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
	}
}

// printable is the first line of b, what cannot be shown as dots.
func printable(b []byte) string {
	b, _, _ = bytes.Cut(b[:min(len(b), 60)], []byte("\r\n"))
	b = bytes.Clone(b)
	for i, c := range b {
		if c < ' ' || c > '~' || c == '\\' || c == '"' {
			b[i] = '.'
		}
	}
	return string(b)
}

func connectOutcome(err error) Outcome {
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, errRefused):
		return Refused
	case slices.ContainsFunc(errUnreachable, func(e error) bool { return errors.Is(err, e) }):
		return Unreachable
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return Timeout
	}
	return Failed
}
