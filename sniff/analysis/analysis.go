// Package analysis turns decoded packets into what an operator asks about: who
// is a member and how its heartbeats come, which clusters and queriers there
// are, what happens in each group, how the TCP side does. Verdicts judges it by
// the catalogue of failures.
//
// It only counts and remembers, and every table is bounded: what does not fit is
// counted (Analysis.Overflow), so that a flood of made-up members or groups costs
// nothing but their names. It is for one goroutine.
package analysis

import (
	"net/netip"
	"time"

	"muster/sniff/analysis/products"
	"muster/sniff/copies"
	"muster/tribes"
)

// Options say what to judge by.
type Options struct {
	// DropTime is after how long a silent member is dropped: Tomcat's default of
	// 3 s where it is zero.
	DropTime time.Duration
	// Live: the packets come from interfaces of this host now.
	Live bool
	// InterfaceName names the interfaces of the capture; it may be nil.
	InterfaceName func(int) string
}

// The bounds of the tables.
const (
	maxMembers   = 4096
	maxGroups    = 2048
	maxReceivers = 4096
	maxQueriers  = 256
	maxHosts     = 4096
	maxLinks     = 4096
	maxPerRow    = 64 // sources of a group, reporters, ...
	maxAliases   = 8  // sources, groups, interfaces of one member
)

// Analysis is all that was learnt so far.
type Analysis struct {
	timeline
	drop int64 // ns
	live bool
	name func(int) string

	Members   map[MemberKey]*Member
	Groups    map[netip.AddrPort]*Group
	Links     map[Link]*LinkView
	Queriers  map[QuerierKey]*Querier
	Receivers map[netip.AddrPort]*Receiver
	TLS       map[netip.AddrPort]*TLSReceiver
	// Products are the members of other products than Tomcat.
	Products *products.Table
	hosts    map[netip.Addr]*host

	// Malformed are the latest datagrams that should have been heartbeats.
	Malformed      []Malformed
	MalformedTotal uint64

	Fragments Fragments
	ARP       addressClaims
	Overflow  uint64 // rows that did not fit
	asks      asks
	seats     []copies.Pair
	unicast   uint64        // packets to one host, without copies
	network   map[Link]Link // of links that are one network, the one that stands for it
	lastGroup *Group
	latest    [2]knownHost
	lastLink  *LinkView
	groups    int // joined, on all links
}

// New returns an empty analysis.
func New(o Options) *Analysis {
	if o.DropTime <= 0 {
		o.DropTime = 3 * time.Second
	}
	return &Analysis{
		drop:      int64(o.DropTime),
		live:      o.Live,
		name:      o.InterfaceName,
		Members:   map[MemberKey]*Member{},
		Groups:    map[netip.AddrPort]*Group{},
		Links:     map[Link]*LinkView{},
		Queriers:  map[QuerierKey]*Querier{},
		Receivers: map[netip.AddrPort]*Receiver{},
		TLS:       map[netip.AddrPort]*TLSReceiver{},
		Products:  products.New(),
		hosts:     map[netip.Addr]*host{},
	}
}

// MemberKey is what makes two records one member (MemberImpl.equals): host, port
// and unique id.
type MemberKey struct {
	ID   tribes.UniqueID
	Host [16]byte
	Size uint8 // of the host
	Port int32
}

func keyOf(m *tribes.Member) MemberKey {
	k := MemberKey{ID: m.ID, Size: uint8(len(m.Host)), Port: m.Port}
	copy(k.Host[:], m.Host)
	return k
}

// Fragments tells how datagrams that came in pieces fared. Of those that never became
// whole, Incomplete are the ones of which the capture explains nothing.
type Fragments struct {
	Complete, Incomplete uint64
}

// set is a small bounded set; full is set when something did not fit.
type set[T comparable] struct {
	list []T
	full bool
}

func (s *set[T]) add(v T, most int) bool {
	for i := range s.list {
		if s.list[i] == v {
			return false
		}
	}
	if len(s.list) >= most {
		s.full = true
		return false
	}
	s.list = append(s.list, v)
	return true
}

// has reports whether v is the last one added, or among the others.
func (s *set[T]) has(v T) bool {
	for i := range s.list {
		if s.list[i] == v {
			return true
		}
	}
	return false
}
