package membership

import (
	"container/list"
	"encoding/binary"
	"net/netip"
	"time"

	"muster/tribes"
)

// state is how far the table believes in a member.
type state uint8

const (
	candidate state = iota // heard, not announced: its receiver has not answered yet
	present                // announced and heard
	suspect                // announced, silent for longer than the drop time
)

func (s state) String() string {
	switch s {
	case candidate:
		return "unconfirmed"
	case present:
		return "member"
	}
	return "suspect"
}

// entry is one identity: host, port and id.
type entry struct {
	member tribes.Member
	source netip.AddrPort
	origin netip.Addr // where its first heartbeat came from
	first  time.Time
	last   time.Time // of the last heartbeat
	beats  uint64
	gaps   gaps
	state  state
	since  time.Time // of a suspect: when it became one
	told   bool      // the suspicion was told
	forced bool      // a message to it failed: the next check decides
	failed error     // what the last TCP check said
	addr   *address
	links  [2]link
}

// address is one host and port, with all identities that claim it. A TCP check
// asks an address, not an identity: many made-up ids at one address cost one
// check at a time.
type address struct {
	key     string
	port    netip.AddrPort
	valid   bool  // port is one that can be connected to
	entries chain // the longest silent first
	count   int
	states  [3]int // how many of them are in each state
	// newcomer: an id has come that no check has judged.
	newcomer bool
	place    *list.Element // in a queue, waiting for a check
	level    level         // of that queue
	running  bool
	checked  time.Time // when the last check ended
}

func (a *address) queued() bool { return a.place != nil }

// minGap leaves out the heartbeats that a starting Tomcat sends 1 ms apart.
const minGap = 20 * time.Millisecond

// gaps measures the time between heartbeats.
type gaps struct {
	sum time.Duration
	n   int64
}

func (g *gaps) add(d time.Duration) {
	if d >= minGap {
		g.sum += d
		g.n++
	}
}

func (g gaps) mean() time.Duration {
	if g.n == 0 {
		return 0
	}
	return g.sum / time.Duration(g.n)
}

// appendKey appends the identity that MemberImpl.equals compares: id, port,
// host. The address alone is what follows the id.
func appendKey(b []byte, m *tribes.Member) []byte {
	b = append(b, m.ID[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(m.Port))
	return append(b, m.Host...)
}

const addressAt = len(tribes.UniqueID{})

// size is what an entry counts against the limit of bytes.
func size(m *tribes.Member) int {
	return len(m.Host) + len(m.Command) + len(m.Domain) + len(m.Payload)
}

// chain is a doubly linked list through the entries themselves: moving one to the
// back, once for each heartbeat, allocates nothing.
type chain struct {
	which       int // which of an entry's links
	front, back *entry
}

const (
	bySilence = 0 // all that are heard
	byAddress = 1 // those of one address
)

type link struct {
	prev, next *entry
	in         bool
}

func (l *chain) pushBack(e *entry) {
	e.links[l.which] = link{prev: l.back, in: true}
	if l.back != nil {
		l.back.links[l.which].next = e
	} else {
		l.front = e
	}
	l.back = e
}

func (l *chain) remove(e *entry) {
	k := e.links[l.which]
	if !k.in {
		return
	}
	if k.prev != nil {
		k.prev.links[l.which].next = k.next
	} else {
		l.front = k.next
	}
	if k.next != nil {
		k.next.links[l.which].prev = k.prev
	} else {
		l.back = k.prev
	}
	e.links[l.which] = link{}
}

func (l *chain) moveToBack(e *entry) {
	if l.back == e {
		return
	}
	l.remove(e)
	l.pushBack(e)
}

func (l *chain) next(e *entry) *entry { return e.links[l.which].next }
