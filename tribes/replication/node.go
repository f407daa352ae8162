package replication

import (
	"cmp"
	"slices"
	"time"

	"muster/tribes"
	"muster/tribes/release"
)

// Node is one that sends messages about sessions or gets them.
type Node struct {
	Address string
	ID      tribes.UniqueID
	// Told is what its bytes said of its release.
	Told release.Seen
	// First and Last are the times of its heartbeats.
	First, Last time.Time
	Gone        bool // said goodbye, or was given up
	Kept        bool // silent, and a member only because its receiver answers
	// Messages about sessions that it sent; Spoke is the last, Began the first.
	Messages     uint64
	Began, Spoke time.Time
	// Latencies of its messages, by two clocks.
	Latency Latencies
	// AckLatency is how quickly it acks what it is sent; Unacked, what it was sent
	// and did not ack; UnackedFrom, the last node that waits for it, since when.
	AckLatency   Latencies
	Acks, Failed uint64
	Unacked      uint64
	UnackedSince time.Time
	UnackedFrom  string
	born         time.Time       // when its alive time began; zero while unknown
	answered     time.Time       // when it last answered a question of ours for sessions
	lists        map[string]list // by context
	mapped       map[string]bool // the contexts of which it takes part in the map
}

// Tomcat names the releases that send what n sent, "" where it sent nothing.
func (n *Node) Tomcat() string {
	if n.ID == (tribes.UniqueID{}) && n.Told.Form != tribes.V55 {
		return ""
	}
	return n.Told.Tomcat()
}

// list is what a node tells of all its sessions in one context.
type list struct {
	begun    time.Time
	complete bool
}

// Latencies are times, summed.
type Latencies struct {
	N                uint64
	Least, Most, Sum time.Duration
}

func (l *Latencies) add(d time.Duration) {
	if l.N == 0 || d < l.Least {
		l.Least = d
	}
	if l.N == 0 || d > l.Most {
		l.Most = d
	}
	l.N++
	l.Sum += d
}

// Mean is their mean; 0 where there are none.
func (l *Latencies) Mean() time.Duration {
	if l.N == 0 {
		return 0
	}
	return l.Sum / time.Duration(l.N)
}

// Nodes are all that are known, by their address.
func (v *View) Nodes() []*Node {
	out := make([]*Node, 0, len(v.nodes))
	for _, n := range v.nodes {
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b *Node) int { return cmp.Compare(a.Address, b.Address) })
	return out
}

// node returns the one at the address. Where there is no room it is one that is
// forgotten at once.
func (v *View) node(address string) *Node {
	n := v.nodes[address]
	if n == nil {
		n = &Node{Address: address}
		if len(v.nodes) >= maxNodes {
			v.Counts.Dropped++
			return n
		}
		v.nodes[address] = n
	}
	return n
}
