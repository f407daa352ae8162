package ping

import (
	"net/netip"
	"time"
)

// Probe is one question.
type Probe struct {
	Seq  uint32
	Host netip.Addr    // valid: ask this host by unicast; else the group
	TTL  int           // of a probe to the group; -1: the one the link was opened with
	Size int           // data bytes: of the ICMP message, or of the UDP datagram
	Wait time.Duration // how long responders may wait at random (UDP)
}

// Link carries probes to a group and answers back. One goroutine reads; sending
// goes beside it.
type Link interface {
	// Send sends one probe.
	Send(Probe) error
	// Read waits for at least one answer and fills as with those that are there.
	// After Close it returns net.ErrClosed.
	Read(as []Answer) (int, error)
	// Stamps calls fn with the kernel's own times (Unix ns) of probes sent since
	// the last call.
	Stamps(fn func(seq uint32, host netip.Addr, at int64))
	// Drops is the number of answers that this host's kernel threw away because
	// they were not read in time; with UDP, those that one responder sent together
	// count as one.
	Drops() uint64
	Close() error
}
