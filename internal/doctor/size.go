package doctor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"muster/internal/verdict"
	"muster/routecheck/facts"
	"muster/tribes/cluster/channel"
)

// sizeWait is how long a large segment may take to be acknowledged: the kernel has then
// sent it four times.
const sizeWait = 2500 * time.Millisecond

// trySize finds out whether large packets get to a receiver, where this host has a
// connection to that host in which nothing gets through; elsewhere nobody is asked.
func (w *watcher) trySize(ctx context.Context, m *Member) {
	if !slices.ContainsFunc(w.r.Facts.Connections.Value, func(c facts.Connection) bool { return c.Stuck() && c.Remote.Addr().Unmap() == m.Addr.Addr() }) {
		return
	}
	s, err := channel.LargeSegment(ctx, m.Addr, sizeWait)
	if err != nil {
		return // the run ended, or the connection broke, which tells nothing of sizes
	}
	if !s.Large {
		again, err := channel.LargeSegment(ctx, m.Addr, sizeWait) // small ones still pass?
		if err != nil {
			return
		}
		again.Repeats += s.Repeats
		s = again
	}
	w.mu.Lock()
	m.Segment = &s
	w.mu.Unlock()
}

// judgeSize: small segments that pass twice beside large ones that never do are no loss
// and no firewall that goes by ports.
func (d *doctor) judgeSize(m Member) {
	if m.Segment == nil || !m.Segment.Small || m.Segment.Large {
		return
	}
	addr := m.Addr.Addr().String()
	d.add(verdict.New("mtu.mismatch", verdict.Fail, verdict.Likely, m.Addr.String(),
		fmt.Sprintf("small packets get to it, and segments of %d bytes never do: something on the way to %s drops large packets, so sessions do not arrive there", m.Segment.Size, addr),
		verdict.Evidence{What: "small segments in two connections", Value: "acknowledged", ReadFrom: "TCP_INFO"},
		verdict.Evidence{What: fmt.Sprintf("segments of %d bytes in the same connections", m.Segment.Size), Value: fmt.Sprintf("not acknowledged, sent again %d times", m.Segment.Repeats), ReadFrom: "TCP_INFO"},
		verdict.Next(fmt.Sprintf("ping -M do -s 1472 %s   # then smaller ones: which size gets there? compare the MTU of the nodes and of each switch port, tunnel and firewall between them", addr))))
}
