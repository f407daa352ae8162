package channel

import (
	"errors"
	"runtime/debug"
	"sync"
)

var errMemory = errors.New("the large frames of all connections together take as much memory as they may")

// budget is the memory that all inboxes share for what is beyond inboxFree: what they
// hold, and what they gave back and this process still has from the system. By itself
// the garbage collector would come only when both together are twice what is held, and
// return what it finds to the system later still. A quarter of the limit is for what was
// given back, so that it is called for a quarter at a time.
type budget struct {
	limit int64

	mu      sync.Mutex
	used    int64
	dropped int64 // since the last collection
	collect func()
}

func (b *budget) init(limit int) { b.limit, b.collect = int64(limit), debug.FreeOSMemory }

// cost is what a buffer of size bytes takes out of the budget.
func cost(size int) int64 { return int64(max(size-inboxFree, 0)) }

// take reserves a buffer of size bytes, which the caller makes afterwards. It reports
// false where there is no room for it.
func (b *budget) take(size int) bool {
	n := cost(size)
	if n == 0 {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used+n > b.limit-b.limit/4 {
		return false
	}
	if b.used+b.dropped+n > b.limit {
		b.collect() // whoever waits for the lock meanwhile makes nothing
		b.dropped = 0
	}
	b.used += n
	return true
}

// give gives back a buffer of size bytes that nobody refers to any more. What it took
// nothing for lies about all the same: connections that come again and again because
// there is no room leave as much as large frames.
func (b *budget) give(size int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= cost(size)
	b.dropped += int64(size)
}

// scarce: half of the budget is held.
func (b *budget) scarce() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used > b.limit/2
}
