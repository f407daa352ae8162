package term

import (
	"fmt"
	"os"
	"sync"
	"time"
)

// outlet writes to a standard stream whose reader may have stopped reading: a
// pager that nobody scrolls, a terminal stopped with Ctrl-S. A write that would
// block is left to a goroutine, so that the one who writes can be let go.
//
// There are two kinds. An outlet that waits (stdout) holds its writers until the
// reader takes their text, or until giveUp. One that drops (stderr) never holds
// them: it keeps up to outletRoom bytes, drops and counts what comes beyond, and
// says so when the reader goes on. A member of a cluster must not wait for the
// reader of its log.
type outlet struct {
	f      *os.File
	drops  bool
	ready  func(n int) bool // n bytes can be written without blocking
	before *outlet          // on the same terminal, whose text comes first; or nil

	mu      sync.Mutex
	changed sync.Cond // pending, err, gaveUp
	pending []byte
	lost    int // writes that found no room
	err     error
	gaveUp  bool
	started bool
	moved   time.Time // when pending last became shorter, or began
}

// outletRoom is what an outlet that drops keeps for its reader; outletChunk is
// how much of it is written at once, so that a slow reader is told from one that
// is gone.
const (
	outletRoom  = 256 << 10
	outletChunk = 16 << 10
)

// errBlocked is a write given up because nobody reads.
var errBlocked = fmt.Errorf("nobody reads the output: %w", os.ErrDeadlineExceeded)

func newOutlet(f *os.File, drops bool) *outlet {
	o := &outlet{f: f, drops: drops, ready: readiness(f)}
	o.changed.L = &o.mu
	return o
}

// Write implements io.Writer.
func (o *outlet) Write(p []byte) (int, error) {
	if o.before != nil {
		o.before.settle()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.err != nil:
		return 0, o.err
	case len(o.pending) == 0 && o.ready(len(p)):
		return o.f.Write(p) // in order: the lock is held
	case o.gaveUp && !o.drops:
		return 0, errBlocked
	case o.drops && len(o.pending)+len(p) > outletRoom:
		o.lost++
		return len(p), nil
	}
	if len(o.pending) == 0 {
		o.moved = time.Now()
	}
	o.pending = append(o.pending, p...)
	if !o.started {
		o.started = true
		go o.run()
	}
	o.changed.Broadcast()
	if o.drops {
		return len(p), nil
	}
	for len(o.pending) > 0 && o.err == nil && !o.gaveUp {
		o.changed.Wait()
	}
	switch {
	case o.err != nil:
		return 0, o.err
	case len(o.pending) > 0:
		return 0, errBlocked
	}
	return len(p), nil
}

// run writes what is pending, for as long as the process lives.
func (o *outlet) run() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		for len(o.pending) == 0 || o.err != nil {
			o.changed.Wait()
		}
		chunk := o.pending[:min(len(o.pending), outletChunk)] // nobody changes what was appended
		o.mu.Unlock()
		_, err := o.f.Write(chunk)
		o.mu.Lock()
		o.moved = time.Now()
		o.pending = o.pending[len(chunk):]
		if len(o.pending) == 0 {
			o.pending = nil
			if o.lost > 0 && err == nil {
				o.pending = fmt.Appendf(nil, "note: %d messages are not shown: nobody read them in time\n", o.lost)
				o.lost = 0
			}
		}
		if err != nil && o.err == nil {
			o.err, o.pending = err, nil
		}
		o.changed.Broadcast()
	}
}

// giveUp lets all writers go, now and later, if the reader has taken nothing for
// as long as patience. It reports false where a write could not be let go.
func (o *outlet) giveUp(patience time.Duration) bool {
	if !o.mu.TryLock() {
		return false // a write that was to be short blocks all the same
	}
	defer o.mu.Unlock()
	if len(o.pending) > 0 && time.Since(o.moved) >= patience {
		o.gaveUp = true
		o.changed.Broadcast()
	}
	return true
}

// flush waits until all is written, the reader is gone, or giveUp.
func (o *outlet) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.pending) > 0 && o.err == nil && !o.gaveUp {
		o.changed.Wait()
	}
}

// settle gives what is pending a moment, so that two streams on one terminal keep
// their order while somebody reads.
func (o *outlet) settle() {
	const moment = 100 * time.Millisecond
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.pending) == 0 || time.Since(o.moved) >= moment {
		return
	}
	wake := time.AfterFunc(moment, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.changed.Broadcast()
	})
	defer wake.Stop()
	for len(o.pending) > 0 && o.err == nil && !o.gaveUp && time.Since(o.moved) < moment {
		o.changed.Wait()
	}
}
