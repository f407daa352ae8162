package traffic

import (
	"context"
	"errors"
	"os"
	"time"

	"muster/mcast"
)

// Receiver is what Receive needs of an mcast.Conn.
type Receiver interface {
	ReadBatch(ds []mcast.Datagram) (int, error)
	SetReadDeadline(t time.Time) error
}

// Until says when Receive stops. Zero fields set no bound.
type Until struct {
	Datagrams uint64
	Duration  time.Duration
	// Enough is asked each time that a sender of another host was heard for the first time.
	Enough func(t *Tally) bool
}

// End is why Receive stopped.
type End int

const (
	Stopped End = iota // ctx ended
	Elapsed            // the duration is over
	Reached            // the datagrams asked for were there, or enough senders
)

// Receive counts what arrives in t until one of the bounds is reached or ctx
// ends, and hands every datagram to seen, where that is not nil. Payloads are
// valid during the call only.
func Receive(ctx context.Context, r Receiver, t *Tally, until Until, seen func(*mcast.Datagram)) (End, error) {
	var deadline time.Time
	if until.Duration > 0 {
		deadline = time.Now().Add(until.Duration)
	}
	if err := r.SetReadDeadline(deadline); err != nil {
		return Stopped, err
	}
	stop := context.AfterFunc(ctx, func() { _ = r.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	ds := make([]mcast.Datagram, batchSize)
	for {
		n, err := r.ReadBatch(ds)
		for i := range n {
			others := len(t.others)
			t.Add(&ds[i])
			if seen != nil {
				seen(&ds[i])
			}
			if until.reached(t, len(t.others) > others) {
				return Reached, nil
			}
		}
		switch {
		case err == nil && ctx.Err() == nil && (deadline.IsZero() || time.Now().Before(deadline)):
		case ctx.Err() != nil:
			return Stopped, nil
		case err == nil, errors.Is(err, os.ErrDeadlineExceeded):
			return Elapsed, nil
		default:
			return Stopped, err
		}
	}
}

func (u Until) reached(t *Tally, another bool) bool {
	return u.Datagrams > 0 && t.Datagrams() >= u.Datagrams || another && u.Enough != nil && u.Enough(t)
}
