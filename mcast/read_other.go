//go:build !linux

package mcast

import (
	"os"
	"sync"
	"time"
)

// received is a datagram on its way from a socket's reader to ReadBatch.
type received struct {
	d   Datagram
	err error
}

// queueLength bounds what is read ahead of ReadBatch.
const queueLength = 256

func (s *system) setReadDeadline(t time.Time) error {
	s.deadline.set(t)
	return nil
}

func (s *system) read(ds []Datagram) (int, error) {
	select {
	case <-s.done:
		return 0, errClosed
	case <-s.deadline.passed():
		return 0, os.ErrDeadlineExceeded
	case r := <-s.received:
		n := 0
		for {
			if r.err != nil {
				return n, r.err
			}
			ds[n] = r.d
			n++
			if n == len(ds) {
				return n, nil
			}
			select {
			case r = <-s.received:
			default:
				return n, nil
			}
		}
	}
}

// receive hands the datagrams of so to ReadBatch until so is closed.
func (s *system) receive(so *socket) {
	buf := make([]byte, 65536)
	for {
		d, n, err := so.read(buf)
		if s.isClosed() {
			return
		}
		r := received{err: err}
		if err == nil {
			if !s.wanted(so, &d) {
				continue
			}
			d.Payload = append([]byte(nil), buf[:n]...)
			d.Time, d.Port = time.Now(), so.port
			r.d = d
		}
		select {
		case s.received <- r:
		case <-s.done:
			return
		}
		if err != nil {
			return
		}
	}
}

// wanted reports whether d went to a group that we joined, as far as the system
// tells its destination.
func (s *system) wanted(so *socket, d *Datagram) bool {
	if s.cfg.SendOnly || !d.Destination.IsValid() {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return has(s.joined, membership{addr: d.Destination, port: so.port}) ||
		has(s.joined, membership{source: d.Source.Addr().WithZone(""), addr: d.Destination, port: so.port})
}

// deadline is a point in time that a reader waits for beside other things.
type deadline struct {
	mu    sync.Mutex
	timer *time.Timer
	done  chan struct{}
}

func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil && !d.timer.Stop() {
		d.done = nil // it has passed; the next reader waits for the new one
	}
	d.timer = nil
	if d.done == nil {
		d.done = make(chan struct{})
	}
	if t.IsZero() {
		return
	}
	done := d.done
	d.timer = time.AfterFunc(time.Until(t), func() { close(done) })
}

func (d *deadline) passed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.done == nil {
		d.done = make(chan struct{})
	}
	return d.done
}
