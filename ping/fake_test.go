package ping

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// fakeLink is a Link without a network: respond decides what comes back.
type fakeLink struct {
	respond func(Probe) []fakeAnswer

	mu     sync.Mutex
	sent   []Probe
	inbox  chan Answer
	closed chan struct{}
	once   sync.Once
}

// fakeAnswer arrives after a time.
type fakeAnswer struct {
	after time.Duration
	Answer
}

func newFakeLink(respond func(Probe) []fakeAnswer) *fakeLink {
	return &fakeLink{respond: respond, inbox: make(chan Answer, 1024), closed: make(chan struct{})}
}

func (l *fakeLink) Send(p Probe) error {
	l.mu.Lock()
	l.sent = append(l.sent, p)
	l.mu.Unlock()
	for _, a := range l.respond(p) {
		time.AfterFunc(a.after, func() {
			a.At += time.Now().UnixNano()
			select {
			case l.inbox <- a.Answer:
			case <-l.closed:
			}
		})
	}
	return nil
}

func (l *fakeLink) Read(as []Answer) (int, error) {
	select {
	case a := <-l.inbox:
		as[0] = a
		return 1, nil
	case <-l.closed:
		return 0, net.ErrClosed
	}
}

func (l *fakeLink) Stamps(func(uint32, netip.Addr, int64)) {}
func (l *fakeLink) Drops() uint64                          { return 0 }
func (l *fakeLink) Close() error {
	err := os.ErrClosed
	l.once.Do(func() { close(l.closed); err = nil })
	return err
}

// from answers probe p from host n of 10.0.0.0/24.
func from(n byte, p Probe) Answer {
	return Answer{From: addr(n), Seq: p.Seq, Unicast: p.Host.IsValid(), TTL: 64, Hops: -1, Size: p.Size, Asked: p.Size}
}

func addr(n byte) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, n}) }
