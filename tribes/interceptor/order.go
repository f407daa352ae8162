package interceptor

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// AppendOrder returns the message with OrderInterceptor's counter behind it: one
// for each destination, the first message has 1.
func AppendOrder(message []byte, counter int32) []byte {
	return binary.BigEndian.AppendUint32(slices.Clip(message), uint32(counter))
}

// ParseOrder reads what AppendOrder wrote.
func ParseOrder(b []byte) (message []byte, counter int32, err error) {
	n := len(b) - 4
	if n < 0 {
		return nil, 0, fmt.Errorf("order: %d bytes, less than the counter", len(b))
	}
	return b[:n:n], int32(binary.BigEndian.Uint32(b[n:])), nil
}

// Orderer delivers the messages of one sender in the order of their counters.
type Orderer[M any] struct {
	Expire time.Duration // how long a gap is waited for: 3 s in Tomcat
	Max    int           // messages that may wait behind a gap
	next   int32         // less 1, so that the zero value awaits 1
	held   map[int32]M
	since  time.Time // that a gap is known
}

// NewOrderer has Tomcat's time, and a bound of 4096 messages.
func NewOrderer[M any]() *Orderer[M] { return &Orderer[M]{Expire: 3 * time.Second, Max: 4096} }

// Awaits is the counter that is delivered at once.
func (o *Orderer[M]) Awaits() int32 { return o.next + 1 }

// Add takes a message and returns those that are due, in order. Counters below
// the awaited one came before, or too late: they are dropped, as old says. When
// a gap was waited for long enough, or too much waits behind it, it is skipped.
func (o *Orderer[M]) Add(counter int32, m M, now time.Time) (due []M, old bool) {
	if counter <= o.next {
		return o.Due(now), true
	}
	if o.held == nil {
		o.held = map[int32]M{}
	}
	if len(o.held) == 0 {
		o.since = now
	}
	o.held[counter] = m
	return o.Due(now), false
}

// Due returns what may be delivered now without a new message: what a gap that
// expired held back.
func (o *Orderer[M]) Due(now time.Time) (due []M) {
	due = o.run(due)
	for len(o.held) > 0 && (len(o.held) > o.Max || now.Sub(o.since) >= o.Expire) {
		lowest := int32(0)
		for c := range o.held {
			if lowest == 0 || c < lowest {
				lowest = c
			}
		}
		o.next = lowest - 1
		due = o.run(due)
		o.since = now
	}
	return due
}

// run takes what follows without a gap.
func (o *Orderer[M]) run(due []M) []M {
	for {
		m, ok := o.held[o.next+1]
		if !ok {
			return due
		}
		o.next++
		delete(o.held, o.next)
		due = append(due, m)
	}
}

// Held is the number of messages behind a gap.
func (o *Orderer[M]) Held() int { return len(o.held) }
