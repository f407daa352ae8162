package ping_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"muster/ping"
)

// wire is a Link without a network: one host answers every probe but the second.
type wire struct {
	answers chan ping.Answer
	close   func()
}

func (w *wire) Send(p ping.Probe) error {
	if p.Seq != 1 {
		w.answers <- ping.Answer{From: netip.MustParseAddr("10.77.0.12"), Seq: p.Seq, TTL: 64, At: time.Now().UnixNano()}
	}
	return nil
}

func (w *wire) Read(as []ping.Answer) (int, error) {
	a, open := <-w.answers
	if !open {
		return 0, net.ErrClosed
	}
	as[0] = a
	return 1, nil
}

func (w *wire) Stamps(func(uint32, netip.Addr, int64)) {}
func (w *wire) Drops() uint64                          { return 0 }
func (w *wire) Close() error                           { w.close(); return nil }

// A run sends its probes and returns one row a responder.
func ExampleRun() {
	answers := make(chan ping.Answer, 8)
	link := &wire{answers, sync.OnceFunc(func() { close(answers) })}
	res, err := ping.Run(context.Background(), link, ping.Options{Count: 4, Interval: time.Millisecond, Idle: 50 * time.Millisecond})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(res.Sent, "probes")
	for _, r := range res.Responders {
		fmt.Printf("%s answered %d of %d, %d lost\n", r.Addr, r.Received, r.Sent, r.Lost)
	}
	// Output:
	// 4 probes
	// 10.77.0.12 answered 3 of 4, 1 lost
}
