package channel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"muster/tribes"
)

// defaultQueueLimit is how many bytes of asynchronous messages may wait, all
// members together (MessageDispatchInterceptor.maxQueueSize).
const defaultQueueLimit = 64 << 20

// chunkSize is how much is written at once. Messages that wait go out together;
// one that waits alone goes at once.
const chunkSize = 256 << 10

// queue holds the asynchronous messages of a Sender. For each member they leave
// in their order, over one connection. A queue that is full blocks whoever
// sends: nothing is dropped for lack of room. What cannot be delivered is.
type queue struct {
	mu     sync.Mutex
	boxes  map[netip.AddrPort]*outbox
	room   chan struct{} // closed when there is some; nil: nobody waits for it
	idle   chan struct{} // the same for an empty queue
	life   context.Context
	end    context.CancelFunc
	ended  bool
	bytes  int64
	count  int64
	warned limiter

	sent, dropped, blocked atomic.Uint64
}

// outbox is what waits for one member.
type outbox struct {
	to     netip.AddrPort
	chunks []*chunk // guarded by queue.mu, as is running
	active bool     // a goroutine sends
}

// chunk is frames that go out in one write, or one frame that wants an ack.
type chunk struct {
	buf   []byte
	count int64
	ack   bool
}

var chunks = sync.Pool{New: func() any { return &chunk{buf: make([]byte, 0, chunkSize)} }}

// QueueStats are what the queue of a Sender counted, in messages.
type QueueStats struct {
	Waiting, WaitingBytes int64
	Sent                  uint64
	Dropped               uint64 // not deliverable
	Blocked               uint64 // waited for room
}

// Queue returns what was counted so far.
func (s *Sender) Queue() QueueStats {
	q := &s.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	return QueueStats{Waiting: q.count, WaitingBytes: q.bytes, Sent: q.sent.Load(), Dropped: q.dropped.Load(), Blocked: q.blocked.Load()}
}

var errClosed = errors.New("the sender is closed")

// enqueue takes a copy of f for a member. It waits for room, until ctx ends.
func (s *Sender) enqueue(ctx context.Context, to netip.AddrPort, f *frame, ack bool) error {
	q := &s.queue
	q.mu.Lock()
	limit := int64(s.QueueLimit)
	if limit <= 0 {
		limit = defaultQueueLimit
	}
	for waited := false; q.bytes+int64(f.len()) > limit && q.bytes > 0 && !q.ended; waited = true {
		if !waited {
			q.blocked.Add(1)
			s.warn("more asynchronous messages are sent than the members take: senders wait", "queued_bytes", q.bytes)
		}
		if q.room == nil {
			q.room = make(chan struct{})
		}
		room := q.room
		q.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		}
		q.mu.Lock()
	}
	defer q.mu.Unlock()
	if q.ended {
		return errClosed
	}
	if q.boxes == nil {
		q.boxes = map[netip.AddrPort]*outbox{}
		q.life, q.end = context.WithCancel(context.Background())
	}
	o := q.boxes[to]
	if o == nil {
		o = &outbox{to: to}
		q.boxes[to] = o
	}
	o.put(f, ack)
	q.bytes += int64(f.len())
	q.count++
	if !o.active {
		o.active = true
		go s.drain(o)
	}
	return nil
}

func (o *outbox) put(f *frame, ack bool) {
	if n := len(o.chunks); n > 0 {
		if last := o.chunks[n-1]; !ack && !last.ack && len(last.buf)+f.len() <= chunkSize {
			last.buf = f.appendTo(last.buf)
			last.count++
			return
		}
	}
	c := chunks.Get().(*chunk)
	c.buf, c.count, c.ack = f.appendTo(c.buf[:0]), 1, ack
	o.chunks = append(o.chunks, c)
}

// drain sends what waits for a member, until nothing does.
func (s *Sender) drain(o *outbox) {
	defer s.guard()
	q := &s.queue
	for {
		q.mu.Lock()
		if len(o.chunks) == 0 {
			o.active = false
			delete(q.boxes, o.to)
			q.mu.Unlock()
			return
		}
		c := o.chunks[0]
		o.chunks[0] = nil
		o.chunks = o.chunks[1:]
		q.mu.Unlock()
		r, err := s.send(q.life, o.to, &frame{buf: c.buf}, c.ack)
		if err == nil {
			q.sent.Add(uint64(c.count))
			q.done(c)
			continue
		}
		s.drop(o, c, &r, err)
	}
}

// drop gives up what could not be delivered: the messages of one write, and all
// that wait behind it where no connection comes about.
func (s *Sender) drop(o *outbox, c *chunk, r *Receipt, err error) {
	q := &s.queue
	lost := []*chunk{c}
	if r.Outcome != FailAcked && r.Outcome != NoAck {
		q.mu.Lock()
		lost = append(lost, o.chunks...)
		o.chunks = nil
		q.mu.Unlock()
	}
	n := int64(0)
	for _, c := range lost {
		n += c.count
		q.done(c)
	}
	q.dropped.Add(uint64(n))
	if q.life.Err() != nil {
		return
	}
	s.warn(fmt.Sprintf("asynchronous messages to %s are lost: %v", o.to, err), "messages", n)
	if s.Dropped != nil && r.Outcome != FailAcked {
		s.Dropped(o.to, err)
	}
}

// done makes room.
func (q *queue) done(c *chunk) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.bytes -= int64(len(c.buf))
	q.count -= c.count
	if q.room != nil {
		close(q.room)
		q.room = nil
	}
	if q.count == 0 && q.idle != nil {
		close(q.idle)
		q.idle = nil
	}
	if cap(c.buf) <= 2*chunkSize {
		chunks.Put(c)
	}
}

// Flush waits until all asynchronous messages have left or are lost.
func (s *Sender) Flush(ctx context.Context) error {
	q := &s.queue
	q.mu.Lock()
	if q.count == 0 {
		q.mu.Unlock()
		return nil
	}
	if q.idle == nil {
		q.idle = make(chan struct{})
	}
	idle := q.idle
	q.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close ends the queue: what waits is lost.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	if q.end != nil {
		q.end()
	}
	if q.room != nil {
		close(q.room)
		q.room = nil
	}
}

func (s *Sender) guard() {
	if s.Guard != nil {
		s.Guard()
	}
}

// warn tells of trouble, not more often than a person can read.
func (s *Sender) warn(text string, args ...any) {
	if s.Logger != nil && s.queue.warned.allow(time.Now()) {
		s.Logger.Log(context.Background(), slog.LevelWarn, text, args...)
	}
}

// isAsync reports whether a message goes through the queue.
func isAsync(o tribes.Options) bool { return o&tribes.Asynchronous != 0 }
