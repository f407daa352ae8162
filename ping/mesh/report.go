package mesh

import (
	"iter"
	"net/netip"
	"slices"
	"time"

	"muster/mcast/querier"
	"muster/ping/internal/neighbour"
)

// NodeState says whether a node takes part.
type NodeState string

const (
	Alive  NodeState = "alive"
	Left   NodeState = "left"   // said goodbye
	Gone   NodeState = "gone"   // nothing comes from it
	Rumour NodeState = "rumour" // others name it; it has not been reached
)

// NodeInfo is a node as this one knows it.
type NodeInfo struct {
	ID      ID
	Name    string
	Version string
	Addr    netip.Addr // where it sends from; invalid for this node's own
	Own     string     // this node: its address as others see it
	Port    uint16
	MTU     int
	TCPPort uint16
	State   NodeState
	Self    bool
	Word    time.Time // when anything last came from it
	Added   time.Time
	// Offset is how far its clock is ahead of this host's, within half of RTT, the
	// shortest round trip measured; OffsetKnown where an exchange was possible.
	Offset, RTT time.Duration
	OffsetKnown bool
	// Proven is when it last proved that it hears this node; Unproven: it claims
	// to, for long, and cannot.
	Proven   time.Time
	Unproven bool
	// Complete: its whole list is known.
	Complete bool
	// Late: it announces itself less than half as often as it says.
	Late bool
	// Note is what it says of itself beside its announcements: bytes from the network.
	Note    []byte
	Outages []Outage // of its direction to this node, ended ones
	// Queries is how many queries of IGMP or MLD about the group its interface saw;
	// -1: not known. Hearing is what it tells of itself.
	Queries int
	Hearing Hearing
	// Hops is how many routers are between it and this node, by the TTL of its
	// announcements; -1: not known.
	Hops int
	// MAC is the Ethernet address that its announcements come from, Neighbour the one
	// at which this host's neighbour table has its address; empty where not known.
	// Failed: that table says that nobody answers for the address.
	MAC, Neighbour string
	Failed         bool

	index int
}

// Report is what a node knows at one moment.
type Report struct {
	At, Start time.Time
	Nodes     []NodeInfo // this one first, then by name and address
	Counts    Counts
	Wanted    int // named by others and not known yet
	Jumps     []Jump
	// LoadPeak and LoadMean are the group's announcements in bits per second: in
	// the busiest second, and over all.
	LoadPeak, LoadMean float64
	View               querier.View
	IPv6               bool           // the group is one of IPv6
	Group              string         // with its port, for people
	Device             string         // the interface
	Prefixes           []netip.Prefix // its addresses
	Neighbours         []neighbour.Entry
	// Stood is how long this process stood still, in all. Overloaded: whom this node
	// does not hear is not known now.
	Stood      time.Duration
	Overloaded bool
	// Interval is the time between two announcements of a node.
	Interval time.Duration
	// Closed is the rule of this host's firewall that drops the mesh's port; nil:
	// none is known.
	Closed  *Closed
	Dropped uint64 // datagrams that this host lost because they were not read in time

	between func(from, to int) Direction // two of Nodes
	labels  []string                     // of Nodes, made when first needed
}

// Between makes between tell all directions of a report that no node made: how to hears from, two of
// its nodes.
func (r *Report) Between(between func(from, to int) Direction) { r.between = between }

// Direction is the direction between two nodes of the report.
func (r *Report) Direction(from, to int) Direction {
	a := Direction{State: Unknown}
	if from != to {
		a = r.between(from, to)
	}
	a.From, a.To = from, to
	return a
}

// Directions are all directions between different nodes.
func (r *Report) Directions() iter.Seq[Direction] {
	return func(yield func(Direction) bool) {
		for from := range r.Nodes {
			for to := range r.Nodes {
				if from != to && !yield(r.Direction(from, to)) {
					return
				}
			}
		}
	}
}

// Address is where the node sends from, as others see it; empty where that is not
// known.
func (n *NodeInfo) Address() string {
	switch {
	case n.Addr.IsValid():
		return n.Addr.String()
	case n.Self:
		return n.Own
	}
	return ""
}

// Label names a node for people: its name, with the address where the name alone
// does not tell it from others.
func (r *Report) Label(i int) string {
	if len(r.labels) != len(r.Nodes) {
		r.labels = labels(r.Nodes)
	}
	return r.labels[i]
}

func labels(nodes []NodeInfo) []string {
	type place struct{ name, address string }
	names, places := map[string]int{}, map[place]int{}
	for i := range nodes {
		n := &nodes[i]
		names[n.Name]++
		places[place{n.Name, n.Address()}]++
	}
	out := make([]string, len(nodes))
	for i := range nodes {
		n := &nodes[i]
		switch {
		case n.Name == "":
			out[i] = n.Address()
		case places[place{n.Name, n.Address()}] > 1:
			out[i] = n.Name + "/" + n.ID.String()[:4]
		case names[n.Name] > 1:
			out[i] = n.Name + "/" + n.Address()
		default:
			out[i] = n.Name
		}
	}
	return out
}

// Report tells what the node knows.
func (n *Node) Report() *Report {
	n.mu.Lock()
	defer n.mu.Unlock()
	slots := make([]*peer, len(n.slots))
	for i, p := range n.slots {
		if p != nil {
			c := *p
			c.row.cells, c.row.round = slices.Clone(p.row.cells), nil
			slots[i] = &c
		}
	}
	return n.report(slots)
}

// last is the report of a node that takes in nothing more, and which needs no copy of
// what it knows.
func (n *Node) last() *Report {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.over = true
	return n.report(n.slots)
}

// report is what is known of slots, which do not change any more. The lock is held.
func (n *Node) report(slots []*peer) *Report {
	now := time.Now()
	r := &Report{At: now, Start: n.start, Counts: n.counts, Wanted: len(n.wanted), Jumps: slices.Clone(n.jumps), IPv6: n.cfg.IPv6, Stood: n.stood, Overloaded: n.overloaded(now)}
	r.Interval, _ = pace(n.count(), n.cfg.Load, n.meter.overhead)
	if took := now.Sub(n.start).Seconds(); took > 0 {
		r.LoadMean = 8 * float64(n.meter.total) / took
	}
	r.LoadPeak = 8 * float64(n.meter.peak)
	if n.cfg.View != nil {
		r.View = n.cfg.View()
	}
	for _, p := range slots {
		if p != nil {
			r.Nodes = append(r.Nodes, n.info(p))
		}
	}
	slices.SortFunc(r.Nodes, compareNodes)
	r.Nodes = slices.Insert(r.Nodes, 0, n.self())
	s := &snapshot{slots: slots, start: n.start, now: now, margin: marginOf(r.Interval), overloaded: r.Overloaded}
	r.between = func(from, to int) Direction {
		a := s.direction(&r.Nodes[from], &r.Nodes[to])
		if a.Cut() && r.Nodes[to].Hearing&PortClosed != 0 {
			return Direction{State: Unknown, TCP: a.TCP} // its firewall keeps all from it, the cluster's port is open
		}
		return a
	}
	return r
}

func compareNodes(a, b NodeInfo) int {
	for _, c := range []int{compareNames(a.Name, b.Name), a.Addr.Compare(b.Addr), int(a.Port) - int(b.Port)} {
		if c != 0 {
			return c
		}
	}
	return 0
}

func (n *Node) self() NodeInfo {
	i := NodeInfo{
		ID: n.id, Name: n.cfg.Name, Version: n.cfg.Version, Port: n.t.Port(), Own: n.cfg.Address, MTU: min(n.cfg.MTU, 0xffff), TCPPort: n.cfg.TCPPort,
		State: Alive, Self: true, Word: time.Now(), Added: n.start, OffsetKnown: true, Complete: true, Hops: -1,
	}
	queries, hearing, _ := n.hearing(time.Now())
	i.Queries, i.Hearing = queriesOf(queries), hearing
	return i
}

func queriesOf(told uint16) int {
	if told == queriesUnseen {
		return -1
	}
	return int(told)
}

func (n *Node) infoAt(index int) NodeInfo {
	if index == 0 {
		return n.self()
	}
	return n.info(n.slots[index])
}

// claimTime is how long a node may claim to hear us without proof.
const claimTime = 2 * time.Minute

func (n *Node) info(p *peer) NodeInfo {
	i := NodeInfo{
		ID: p.id, Name: p.name, Version: p.version, Addr: p.to.Addr(), Port: p.to.Port(), MTU: int(p.mtu), TCPPort: p.tcpPort,
		State: Alive, Word: p.word, Added: p.added, Proven: p.proven, Complete: p.row.complete, Note: p.note,
		Outages: slices.Clone(p.in.outages), Queries: queriesOf(p.queries), Hearing: p.hearing, Hops: p.hops, index: p.index,
		Late: p.late(time.Now()),
	}
	switch {
	case p.hasLeft():
		i.State = Left
	case p.gone:
		i.State = Gone
	case p.rumour:
		i.State = Rumour
	}
	if s, ok := p.offset.best(); ok {
		i.Offset, i.RTT, i.OffsetKnown = s.offset, s.rtt, true
	}
	i.Unproven = i.State == Alive && !p.claimed.IsZero() && p.proven.Before(p.claimed) &&
		time.Since(p.claimed) > claimTime && p.unicast.After(p.claimed.Add(claimTime/2))
	return i
}
