package channel

import (
	"encoding/binary"
	"net"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"muster/tribes"
)

// held is what the inboxes hold of a budget.
func held(b *budget) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

// What is held and what was given back stay within the limit together, and the
// collector is called no more often than for a quarter of it.
func TestBudgetCollects(t *testing.T) {
	const mib = 1 << 20
	collections := 0
	b := budget{limit: 64 * mib, collect: func() { collections++ }}
	buffers := []int{}
	total := int64(0) // all that was ever taken
	for i := range 1000 {
		size := inboxFree + (1+i%7)*mib
		for !b.take(size) {
			if len(buffers) == 0 {
				t.Fatalf("no room for %d bytes where nothing is held", size)
			}
			b.give(buffers[0])
			buffers = buffers[1:]
		}
		buffers = append(buffers, size)
		total += cost(size)
		if b.used+b.dropped > b.limit || b.used > b.limit*3/4 {
			t.Fatalf("%d bytes are held, %d more wait for the collector, of %d", b.used, b.dropped, b.limit)
		}
	}
	if most := int(total / (b.limit / 4)); collections == 0 || collections > most {
		t.Errorf("%d collections for %d bytes, want %d at most", collections, total, most)
	}
}

// Peers that begin large frames and never end them, again and again, get no more
// memory than all connections together may have.
func TestLargeFramesStayWithinTheirMemory(t *testing.T) {
	const limit, slack, frame = 32 << 20, 16 << 20, 12 << 20
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // the collector by itself would come late
	r := start(t, ReceiverConfig{MemoryLimit: limit})
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	var sent atomic.Int64
	done := make(chan struct{})
	var peers sync.WaitGroup
	for range 16 {
		peers.Go(func() {
			part := make([]byte, 256<<10)
			for {
				select {
				case <-done:
					return
				default:
				}
				nc, err := net.Dial("tcp", r.AddrPort().String())
				if err != nil {
					continue // too many at once
				}
				head := binary.BigEndian.AppendUint32([]byte(tribes.Ack[:7]), frame)
				for n := 0; n < frame-len(part) && err == nil; n += len(part) {
					if n == 0 {
						_, err = nc.Write(head)
					}
					if err == nil {
						_, err = nc.Write(part)
					}
				}
				sent.Add(1)
				nc.Close()
			}
		})
	}
	most := uint64(0)
	for start := time.Now(); sent.Load() < 40 && time.Since(start) < 20*time.Second; time.Sleep(time.Millisecond) {
		runtime.ReadMemStats(&now)
		most = max(most, now.HeapAlloc)
	}
	close(done)
	peers.Wait()
	if sent.Load() == 0 {
		t.Fatal("no peer could send")
	}
	if grown := int64(most) - int64(before.HeapAlloc); grown > limit+slack {
		t.Errorf("the heap grew by %d MiB, want %d MiB at most", grown>>20, (limit+slack)>>20)
	}
}
