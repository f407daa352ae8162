package netlab

import (
	"container/heap"
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"time"
)

// Delay puts a relay between the host's cable and the bridge. It forwards some
// 100,000 frames a second. Set it up before other faults of the host.
func (s *Switch) Delay(h *Host, how Impairment) (heal func()) {
	s.lab.tb.Helper()
	fault := "the delay of " + h.Name()
	if s.relays[h] != nil {
		return s.lab.healer(fault, nil, errors.New("it has one already"))
	}
	r, err := s.startRelay(h, how)
	if err == nil {
		s.relays[h] = r
	}
	return s.lab.healer(fault, func() error {
		delete(s.relays, h)
		r.stop()
		return s.direct(h)
	}, err)
}

func relayPort(h *Host) string { return h.port(0) + "t" } // on the bridge
func relayTail(h *Host) string { return h.port(0) + "r" } // its other end, the relay's

// startRelay takes the host's port off the bridge and copies frames between it
// and a veth pair that is plugged in instead.
func (s *Switch) startRelay(h *Host, how Impairment) (*relay, error) {
	c, err := dial(s.ns)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	port, tail := relayPort(h), relayTail(h)
	if err := c.addVeth(port, tail, nil, nil); err != nil {
		return nil, err
	}
	err = errors.Join(c.master(h.port(0), ""), c.master(port, bridge(0)), c.up(port), c.up(tail))
	if err == nil {
		err = errors.Join(c.waitUp(tail), s.waitForwarding(c, port))
	}
	if err != nil {
		return nil, err
	}
	r := &relay{}
	err = s.ns.do(func() error {
		for i, name := range []string{h.port(0), tail} {
			if r.ends[i], err = relaySocket(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		r.close()
		return nil, err
	}
	r.run(how)
	return r, nil
}

// direct plugs the host's cable into the bridge again.
func (s *Switch) direct(h *Host) error {
	c, err := dial(s.ns)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := errors.Join(c.delete(relayPort(h)), c.master(h.port(0), bridge(0))); err != nil {
		return err
	}
	return s.waitForwarding(c, h.port(0))
}

func (s *Switch) stopRelays() {
	for _, r := range s.relays {
		r.stop()
	}
}

// relay copies frames between its two ends, each with a header that keeps
// checksum and segmentation offload intact.
type relay struct {
	ends [2]*os.File
	wg   sync.WaitGroup
}

func (r *relay) run(how Impairment) {
	for i := range r.ends {
		q := &delayLine{wake: make(chan struct{}, 1)}
		r.wg.Go(func() { q.fill(r.ends[i], how) })
		r.wg.Go(func() { q.drain(r.ends[1-i]) })
	}
}

func (r *relay) stop() {
	r.close()
	r.wg.Wait()
}

func (r *relay) close() {
	for _, f := range r.ends {
		if f != nil {
			f.Close()
		}
	}
}

// delayLine holds frames until they are due.
type delayLine struct {
	mu     sync.Mutex
	frames frames
	wake   chan struct{}
	closed bool
	serial int
}

type frame struct {
	due    time.Time
	serial int // keeps the order of those due at once
	bytes  []byte
}

type frames []frame

func (f frames) Len() int { return len(f) }
func (f frames) Less(i, j int) bool {
	if f[i].due.Equal(f[j].due) {
		return f[i].serial < f[j].serial
	}
	return f[i].due.Before(f[j].due)
}
func (f frames) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *frames) Push(x any)   { *f = append(*f, x.(frame)) }
func (f *frames) Pop() any {
	last := len(*f) - 1
	x := (*f)[last]
	*f = (*f)[:last]
	return x
}

func (q *delayLine) fill(from *os.File, how Impairment) {
	buf := make([]byte, 1<<17) // a frame of the largest segment and its header
	for {
		n, err := from.Read(buf)
		if errors.Is(err, os.ErrClosed) {
			q.put(nil)
			return
		}
		if err != nil { // the interface is down
			time.Sleep(time.Millisecond)
			continue
		}
		now := time.Now()
		for copies := 1 + hit(how.Duplicate); copies > 0; copies-- {
			due := now.Add(how.Delay)
			if how.Jitter > 0 {
				due = due.Add(rand.N(2*how.Jitter) - how.Jitter)
			}
			q.put(&frame{due: due, bytes: append([]byte(nil), buf[:n]...)})
		}
	}
}

func hit(percent float64) int {
	if rand.Float64()*100 < percent {
		return 1
	}
	return 0
}

// put adds a frame; nil is the last.
func (q *delayLine) put(f *frame) {
	q.mu.Lock()
	if f == nil {
		q.closed = true
	} else {
		q.serial++
		f.serial = q.serial
		heap.Push(&q.frames, *f)
	}
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *delayLine) drain(to *os.File) {
	for {
		q.mu.Lock()
		if q.closed {
			q.mu.Unlock()
			return
		}
		var next *frame
		wait := time.Hour
		if len(q.frames) > 0 {
			if wait = time.Until(q.frames[0].due); wait <= 0 {
				f := heap.Pop(&q.frames).(frame)
				next = &f
			}
		}
		q.mu.Unlock()
		if next != nil {
			_, _ = to.Write(next.bytes) // lost where the link is down
			continue
		}
		select {
		case <-time.After(wait):
		case <-q.wake:
		}
	}
}
