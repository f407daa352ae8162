package mesh

import (
	"context"
	"net/netip"
	"time"

	"muster/mcast/querier"
)

// maxNodes bounds the nodes that one remembers; further ones are counted.
const maxNodes = 2048

// Config is what a node says of itself and how it goes on.
type Config struct {
	Name    string // as people know the host
	Version string // of the program
	Address string // that it sends from, for people
	MTU     int    // of the interface
	// TCPPort is the port that nodes try to reach on each other by TCP; 0: none.
	TCPPort uint16
	// Load bounds the announcements of all nodes together, in bits per second; 0
	// is DefaultLoad. It must be the same on all nodes.
	Load int
	// IPv6: the group is one of IPv6, whose headers are longer.
	IPv6 bool
	// Nodes is how many are expected, so that the first announcements are paced
	// for them; 0: not known.
	Nodes int

	// Dial tries a TCP connection; nil: a plain one.
	Dial func(context.Context, netip.AddrPort) TCP
	// View is what this host saw of IGMP or MLD; nil: nothing can be seen.
	View func() querier.View
	// TTL is that of the announcements; 0: not known.
	TTL uint8
	// PortClosed tells whether this host's own firewall drops the mesh's port, and not
	// the cluster's; it is asked now and then while the announcements of this node do
	// not come back to it. nil: not known.
	PortClosed func() bool
	// Drops is how many datagrams this host lost; nil: not known.
	Drops func() uint64
	// Note is what this node says of itself beside its announcements, MaxNote bytes at
	// most; the others have it in NodeInfo.Note. It goes by unicast, so that the group
	// carries no more. nil: nothing.
	Note func() []byte
	// Peers are addresses, with the port of the group, where other nodes may be that the
	// group does not reach: they get announcements by unicast. nil: none is known.
	Peers func() []netip.AddrPort
	// OnEvent is told of what happens; it may be nil. It must not block for long
	// nor call the Node.
	OnEvent func(Event)
}

// EventKind says what happened.
type EventKind string

const (
	NodeAdded        EventKind = "node_added"
	NodeLeft         EventKind = "node_left"      // it said goodbye
	NodeGone         EventKind = "node_gone"      // nothing comes from it any more, by no way
	NodeBack         EventKind = "node_back"      // after gone
	NodeRestarted    EventKind = "node_restarted" // a new process in place of one that is gone
	DirectionStopped EventKind = "arrow_stopped"
	DirectionResumed EventKind = "arrow_resumed"
	ClockJumped      EventKind = "clock_jumped"
	// MatrixComplete: of all nodes here (as many as Config.Nodes expects at least)
	// it is known whom they hear. It is told again after nodes came.
	MatrixComplete EventKind = "matrix_complete"
	Problem        EventKind = "problem"
)

// Event is something that happened. From and To are nodes: of a direction, or From
// alone; From is this node where its own clock jumped.
type Event struct {
	Time     time.Time // when it happened, as far as known; of a stop: the last announcement
	Kind     EventKind
	From, To NodeInfo
	Reason   Reason
	By       time.Duration // ClockJumped
	Text     string        // Problem
	Nodes    int           // MatrixComplete: how many, this one included
}

// Packet is one received datagram.
type Packet struct {
	Data  []byte // valid until the next Read
	From  netip.AddrPort
	Group bool  // it came by the group
	TTL   int   // as it arrived; 0 or less: not known
	At    int64 // when the kernel received it, Unix ns
}

// Transport carries datagrams. One goroutine reads; sending goes beside it.
type Transport interface {
	// Announce sends to the group.
	Announce(p []byte) error
	// Send sends to one node.
	Send(p []byte, to netip.AddrPort) error
	// Read waits for at least one datagram; after Close it returns net.ErrClosed.
	Read(ps []Packet) (int, error)
	// Port is where unicast is received.
	Port() uint16
	Close() error
}
