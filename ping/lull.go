package ping

import (
	"time"

	"muster/ping/internal/sock"
)

const (
	// Packets that come faster than this are let gather: at 10,000 a second, waking
	// for each of them costs more than all the rest.
	lullRate = 500
	// lullPackets is how many the reader lets come, but it waits no longer than maxLull.
	lullPackets = 128
	maxLull     = 5 * time.Millisecond
)

// lull is the pause of a reader before it reads again. Since the times of
// packets are the kernel's, no figure suffers. The zero value is ready.
type lull struct {
	last time.Time
	next time.Duration
}

// wait pauses for as long as the latest reading said.
func (l *lull) wait() { time.Sleep(l.next) }

// read notes that n packets were read, and whether those were all that there were.
func (l *lull) read(n int, all bool) {
	now := time.Now()
	since := now.Sub(l.last)
	l.last, l.next = now, 0
	if sock.KernelTimes && n > 0 && all && since < time.Duration(n)*time.Second/lullRate {
		l.next = min(since*lullPackets/time.Duration(n), maxLull)
	}
}
