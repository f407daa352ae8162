package ping

import (
	"net/netip"
	"time"
)

// Options say how a run goes. The zero value of a field means what its comment
// says.
type Options struct {
	Count    int           // probes; 0: until the context ends
	Interval time.Duration // between two probes; 0: one second
	Idle     time.Duration // how long nothing may come after the last probe; 0: one second
	Spread   time.Duration // how long responders may wait at random (UDP)
	Size     int           // data bytes of a probe
	TTL      int           // of the probes to the group; 0 or -1: the link's

	// Hosts are asked by unicast beside the group; with Both every responder is,
	// from its first answer on.
	Hosts []netip.Addr
	Both  bool

	// Enough ends a run early: it is asked after the last probe, when answers
	// came, whether all that was hoped for is there.
	Enough func([]Row) bool

	// What happens meanwhile; each may be nil. They are called from one goroutine
	// at a time and must not block for long.
	OnReply   func(Reply)
	OnProblem func(error)
}

// Reply is one answer, as a run tells of it.
type Reply struct {
	Answer
	Verdict Verdict
	RTT     time.Duration // round trip without the responder's wait
	First   bool          // of this responder
}

// Result is what a run found.
type Result struct {
	Responders []Row
	Sent       uint64 // probes to the group
	// Failed probes were never sent: LastError says why the last of them was not.
	Failed      uint64
	LastError   error
	Strays      Strays
	Drops       uint64          // answers that this host's kernel threw away unread
	ClockJumps  []time.Duration // how far the clock was set during the run
	Interrupted bool            // the context ended before the last probe was sent
	Took        time.Duration
}

// maxProblems bounds what a Result keeps of the same kind.
const maxProblems = 100
