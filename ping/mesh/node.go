package mesh

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Node takes part in a mesh. Make one with New; Run runs it, and Report says at
// any time what it knows.
type Node struct {
	cfg   Config
	t     Transport
	start time.Time

	mu      sync.Mutex
	id      ID
	peers   map[Short]*peer
	slots   []*peer // by index; nil where free; 0 is this node's own, nil
	seq     uint32  // of the latest announcement
	counted int     // nodes that take part; 0: to be counted
	over    bool    // what comes changes nothing any more: the last report was made
	told    int     // nodes of the matrix when it was last told to be complete
	spread  bool    // the second one waits for a random time of its own
	nonces  [32]uint32
	meter   meter
	counts  Counts

	round      uint8
	cursor     int             // where the list goes on
	list       []*peer         // of the current round
	turn       [4]int          // where the copies, the time requests, the TCP connections and the notes go on
	noted      time.Time       // when a note last went out
	dialing    int             // under way
	wanted     map[Short]*want // who was named by others and is not known
	jumps      []Jump
	echoed     bool                 // an announcement of ours came back
	unechoed   int                  // announcements since the last one that did
	settle     time.Time            // until then it is not known who is silent: this process stood still
	stood      time.Duration        // how long it stood still, in all
	lost       uint64               // datagrams that this host lost, when last looked at
	lostAt     time.Time            // when there were more of them, or some were read late
	rulesAt    time.Time            // when PortClosed was last asked
	portClosed bool                 // and what it said
	problems   map[string]time.Time // told, and when
	hears      []Hears              // room to read a list into
	events     []Event              // to be told when the lock is free

	replaced     [64]Short // the last processes that others followed
	replacements int       // so many there were
}

// want is a node that was named and is not known: who named it can be asked.
type want struct {
	from  netip.AddrPort
	tries int
}

// Jump is a step of this host's clock.
type Jump struct {
	At time.Time
	By time.Duration
}

// Counts is what a node did and what it could make nothing of.
type Counts struct {
	Announced   uint64 `json:"announced"` // sent to the group
	Copies      uint64 `json:"copies"`    // announcements sent by unicast
	Received    uint64 `json:"received"`  // announcements by the group
	SendFailed  uint64 `json:"send_failed"`
	Invalid     uint64 `json:"invalid"` // not of muster's mesh, or broken
	Old         uint64 `json:"old"`     // announcements from the past
	Duplicates  uint64 `json:"duplicates"`
	Unasked     uint64 `json:"unasked"`      // answers to questions never asked
	Impostors   uint64 `json:"impostors"`    // under the identity of another node
	Refused     uint64 `json:"refused"`      // of more nodes than are remembered
	UnknownSaid uint64 `json:"unknown_said"` // entries about nodes that nobody introduced
	HeldBack    uint64 `json:"held_back"`    // announcements put off for the group's load
	ClockJumps  uint64 `json:"clock_jumps"`
}

// New returns a node; nothing is sent before Run.
func New(t Transport, cfg Config) *Node {
	if cfg.Load <= 0 {
		cfg.Load = DefaultLoad
	}
	if cfg.Dial == nil {
		cfg.Dial = DialTCP
	}
	overhead := overhead4
	if cfg.IPv6 {
		overhead = overhead6
	}
	return &Node{
		meter: meter{overhead: overhead},
		cfg:   cfg, t: t, start: time.Now(), id: newID(), peers: map[Short]*peer{}, slots: make([]*peer, 1),
		wanted: map[Short]*want{}, problems: map[string]time.Time{},
	}
}

func newID() ID {
	for {
		if id := ID(rand.Uint64()); id.Short() != 0 {
			return id
		}
	}
}

// Run takes part until ctx ends, says goodbye, and closes the transport. The
// error is nil unless the transport broke.
func (n *Node) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	all.Go(func() {
		if err := n.read(); err != nil {
			cancel(err)
		}
	})
	n.loop(ctx, &all)
	n.goodbye()
	n.t.Close()
	all.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

func (n *Node) read() error {
	packets := make([]Packet, 64)
	for failures := 0; ; {
		k, err := n.t.Read(packets)
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil:
			if failures++; failures == 100 { // a transport that is broken for good
				return err
			}
			continue
		}
		failures = 0
		now := time.Now()
		n.mu.Lock()
		for _, p := range packets[:k] {
			n.handle(p, now)
		}
		n.unlock()
	}
}

// unlock frees the lock and tells what happened under it.
func (n *Node) unlock() {
	events := n.events
	n.events = nil
	n.mu.Unlock()
	if n.cfg.OnEvent != nil {
		for _, e := range events {
			n.cfg.OnEvent(e)
		}
	}
}

func (n *Node) tell(e Event) {
	if n.cfg.OnEvent != nil {
		n.events = append(n.events, e)
	}
}

// sendTo sends by unicast and counts what fails; the lock is held.
func (n *Node) sendTo(p []byte, to netip.AddrPort) bool {
	if err := n.t.Send(p, to); err != nil {
		n.failed(fmt.Errorf("send to single nodes: %w", err))
		return false
	}
	return true
}

const maxProblems = 100

// failed counts what could not be sent, and tells why, the same reason once a
// minute.
func (n *Node) failed(err error) {
	if errors.Is(err, net.ErrClosed) { // at the end
		return
	}
	n.counts.SendFailed++
	text, now := err.Error(), time.Now()
	if at, told := n.problems[text]; told && now.Sub(at) < time.Minute || !told && len(n.problems) >= maxProblems {
		return
	}
	n.problems[text] = now
	n.tell(Event{Time: now, Kind: Problem, Text: text})
}
