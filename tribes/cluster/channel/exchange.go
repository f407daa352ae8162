package channel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"muster/tribes/tlspsk"
)

// Outcome is what became of a frame that was sent.
type Outcome string

const (
	Acked       Outcome = "acked"       // as asked
	Written     Outcome = "written"     // and no ack was asked for
	Queued      Outcome = "queued"      // asynchronous: it will leave when it can
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
	// TLS is what a handshake agreed on; its Version is 0 where there was none.
	TLS tlspsk.Info
	// Foreign names the protocol that answered, where it is known.
	Foreign string
	// Err is what the system said; nil where OK.
	Err error

	ended instant // where OK
	more  bool    // came behind the ack: the connection is of no more use
}

// OK reports whether what was asked for came about.
func (x *Exchange) OK() bool {
	return x.Outcome == Acked || x.Outcome == Written || x.Outcome == Queued
}

// Error makes a failed Exchange an error; see Fail.
func (x *Exchange) Error() string {
	switch x.Outcome {
	case Acked, Written, Queued:
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

// exchange connects, writes f and, where wantAck, waits for the ack.
func exchange(ctx context.Context, d *net.Dialer, addr netip.AddrPort, f *frame, wantAck bool, lim limits) Exchange {
	l, x := connect(ctx, d, addr, lim.connect)
	if l != nil {
		l.trade(ctx, &x, f, wantAck, lim, monotonic())
		l.close()
	}
	return x
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
