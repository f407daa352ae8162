package term

import (
	"io"
	"sync"
	"time"
)

// MaxPending is what a Tail holds for a slow reader.
const MaxPending = 8 << 20

// Tail writes lines that come faster than a terminal or a pipe may take them.
// The one who makes them never waits: what finds no room is not shown, and
// counted.
type Tail struct {
	// Patient lets the one who makes the lines wait for room: it reads a file.
	Patient bool

	mu      sync.Mutex
	more    sync.Cond
	room    sync.Cond
	w       io.Writer
	pending []byte
	skipped uint64
	closed  bool
	done    chan struct{}
	err     error
}

// NewTail writes to w until Close.
func NewTail(w io.Writer) *Tail {
	t := &Tail{w: w, done: make(chan struct{})}
	t.more.L, t.room.L = &t.mu, &t.mu
	go t.run()
	return t
}

// Put appends the line that add appends to its argument, if there is room.
func (t *Tail) Put(add func([]byte) []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.Patient && len(t.pending) >= MaxPending && t.err == nil {
		t.room.Wait()
	}
	if len(t.pending) >= MaxPending || t.err != nil {
		t.skipped++
		return
	}
	t.pending = add(t.pending)
	t.more.Signal()
}

// Close writes what is pending and returns how many lines were not shown, and
// the first error of the writer.
func (t *Tail) Close() (skipped uint64, err error) {
	t.mu.Lock()
	t.closed = true
	t.more.Signal()
	t.mu.Unlock()
	<-t.done
	return t.skipped, t.err
}

// CloseWithin is Close for a reader that may take nothing any more: it reports
// whether the pending lines were written within d.
func (t *Tail) CloseWithin(d time.Duration) (written bool, skipped uint64, err error) {
	t.mu.Lock()
	t.closed = true
	t.more.Signal()
	t.mu.Unlock()
	select {
	case <-t.done:
		written = true
	case <-time.After(d):
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return written, t.skipped, t.err
}

// Err is the first error of the writer: nobody reads any more.
func (t *Tail) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

func (t *Tail) run() {
	defer close(t.done)
	t.mu.Lock()
	defer t.mu.Unlock()
	var spare []byte
	for {
		for len(t.pending) == 0 && !t.closed {
			t.more.Wait()
		}
		if len(t.pending) == 0 {
			return
		}
		out := t.pending
		t.pending = spare[:0]
		t.room.Signal()
		t.mu.Unlock()
		_, err := t.w.Write(out)
		t.mu.Lock()
		if err != nil && t.err == nil {
			t.err, t.pending = err, nil
			t.room.Signal()
		}
		spare = out
	}
}
