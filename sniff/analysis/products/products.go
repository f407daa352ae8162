// Package products gathers what other products than Tomcat say on a network: which
// clusters, rings, domains and virtual routers there are, who their members are by
// name, address and release, and what is wrong with them.
//
// A Table takes decoded messages, one after the other, and only counts and remembers;
// it is bounded, and for one goroutine. Verdicts judges what it holds.
package products

import (
	"cmp"
	"hash/maphash"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"muster/sniff/capture"
	"muster/sniff/frame"
	"muster/sniff/proto"
)

// The bounds of the tables.
const (
	maxMembers = 4096
	maxStreams = 256
	maxNotes   = 8
	maxPlaces  = 8
	maxRepeats = 4096
)

// Member is one who speaks a product's protocol.
type Member struct {
	// Product, Kind and Cluster are as in proto.Peer; Cluster is "" where no message told.
	Product, Kind, Cluster string
	// Name, Address, Release and Role are what it last said of itself.
	Name, Address, Release, Role string
	// Notes are its remarks, each once.
	Notes []string
	// Sources it sent from, and the groups that it sent to.
	Sources []netip.Addr
	Groups  []netip.AddrPort
	// TTLMin and TTLMax are those of what it sent to groups.
	TTLMin, TTLMax uint8
	Packets        uint64
	First, Last    int64 // ns
	// Gone is when it said that it leaves, 0 where it did not.
	Gone int64
	// Beats are its messages that come at regular intervals.
	Beats beats

	id   string
	mac  frame.MAC
	link link
	// jini is what a lookup service or a client last said.
	jini *proto.JiniMessage
	// view is the view (JGroups) or the cluster (Hazelcast's master) that the member last
	// said to be in, and when it said so.
	view string
	in   span
	// creator is the id of the member who made its view (JGroups).
	creator string
}

// link is where packets of the network's own protocols stay: they are never
// forwarded, so equal numbers on two links are two things.
type link struct {
	itf  int
	vlan uint16
}

// key tells members apart.
type key struct {
	product, id string
	link        link
}

// linkLocal are the products whose members and numbers belong to one link.
var linkLocal = map[string]bool{"VRRP": true, "CARP": true, "HSRP": true, "OSPF": true, "EIGRP": true, "RIP": true, "RIPng": true, "PIM": true}

// Table is all that was learnt so far.
type Table struct {
	First, Last int64
	Overflow    uint64 // members and streams that did not fit

	members map[key]*Member
	streams map[streamKey]*Stream
	// latest is the stream of the packet before, which most packets are of too.
	latest    *Stream
	latestKey streamKey
	vrrp      map[vrrpKey]*VirtualRouter
	ospf      map[link]map[netip.Addr]*ospfRouter
	rings     map[netip.AddrPort]map[uint32]*ringNode
	clocks    map[uint8]map[string]*clock
	asks      map[string]*asking // of Jini clients, by the member's id

	seed    maphash.Seed
	repeats map[repeat]*Member
}

// repeat is a message of which the same bytes were read before.
type repeat struct {
	source netip.Addr
	hash   uint64
}

// New returns a Table that has seen nothing.
func New() *Table {
	return &Table{
		members: map[key]*Member{}, streams: map[streamKey]*Stream{}, vrrp: map[vrrpKey]*VirtualRouter{},
		ospf: map[link]map[netip.Addr]*ospfRouter{}, rings: map[netip.AddrPort]map[uint32]*ringNode{},
		clocks: map[uint8]map[string]*clock{}, asks: map[string]*asking{},
		seed: maphash.MakeSeed(), repeats: map[repeat]*Member{},
	}
}

// Packet takes a whole packet that the decoder d claims (nil: nobody does). m is what
// it reads, nil where nobody read it yet; then Packet does, unless the same bytes told
// all that they tell before. The error is the decoder's.
func (t *Table) Packet(p *capture.Packet, f *frame.Frame, d *proto.Decoder, m *proto.Message) error {
	if t.First == 0 {
		t.First = p.Nanos
	}
	t.Last = max(t.Last, p.Nanos)
	if d == nil || d.Name == "rtp" {
		t.stream(p, f)
		return nil
	}
	var again repeat
	if d.Repeats {
		again = repeat{f.Src, maphash.Bytes(t.seed, f.Payload)}
		if seen := t.repeats[again]; seen != nil {
			seen.heard(p, f, seen.Beats.count > 0)
			return nil
		}
	}
	if m == nil {
		read, err := d.Decode(f)
		if err != nil {
			return err
		}
		m = &read
	}
	if m.Peer.Product == "" {
		return nil
	}
	seen := t.member(p, f, &m.Peer)
	if seen == nil {
		return nil
	}
	t.value(p, f, seen, m)
	if m.Peer.Role == "master" {
		seen.sees(seen.id, p.Nanos)
	}
	// What asks or says goodbye is read each time: its number and its time tell something.
	if d.Repeats && !m.Peer.Gone && m.Value == nil && m.Peer.Role != "master" && len(t.repeats) < maxRepeats {
		t.repeats[again] = seen
	}
	return nil
}

// value hands a decoded message to those who judge its protocol.
func (t *Table) value(p *capture.Packet, f *frame.Frame, m *Member, msg *proto.Message) {
	if msg.Value == nil {
		return
	}
	switch v := msg.Value.(type) {
	case *proto.JGroups:
		if v.View != "" {
			m.creator = v.Creator
			m.sees(v.Creator+"|"+v.View, p.Nanos)
		}
	case *proto.VRRP:
		t.advertisement(p, f, m, v)
	case *proto.OSPFHello:
		t.hello(p, f, m, v)
	case *proto.Corosync:
		t.ring(p, f, v)
	case *proto.PTPAnnounce:
		t.announce(p, f, v)
	case *proto.JiniMessage:
		m.jini = v
		t.jini(p, m, v)
	case *proto.McjoinCount:
		t.numbered(p, f, "mcjoin", uint16(v.Number))
	}
}

// member finds or makes the sender's row and notes what it says.
func (t *Table) member(p *capture.Packet, f *frame.Frame, peer *proto.Peer) *Member {
	k := key{product: peer.Product, id: peer.ID}
	if k.id == "" {
		k.id = f.Src.String()
	}
	if linkLocal[peer.Product] {
		k.id += " " + peer.Cluster
		k.link = link{p.Interface, f.VLAN()}
	}
	m := t.members[k]
	if m == nil {
		if len(t.members) >= maxMembers {
			t.Overflow++
			return nil
		}
		m = &Member{Product: peer.Product, First: p.Nanos, TTLMin: 255, id: k.id, mac: f.SrcMAC, link: link{p.Interface, f.VLAN()}}
		t.members[k] = m
	}
	m.heard(p, f, peer.Beat)
	m.says(peer)
	if peer.Gone {
		m.Gone = p.Nanos
	} else {
		m.Gone = 0
	}
	return m
}

// heard counts a packet.
func (m *Member) heard(p *capture.Packet, f *frame.Frame, beat bool) {
	m.Packets++
	m.Last = max(m.Last, p.Nanos)
	if beat {
		m.Beats.add(p.Nanos)
	}
	m.Sources = addTo(m.Sources, f.Src, maxPlaces)
	if f.Multicast() {
		m.Groups = addTo(m.Groups, f.Destination(), maxPlaces)
		m.TTLMin, m.TTLMax = min(m.TTLMin, f.TTL), max(m.TTLMax, f.TTL)
	}
}

// sees notes which view the member says to be in.
func (m *Member) sees(view string, now int64) {
	if view == "" {
		return
	}
	if m.view != view {
		m.view, m.in = view, span{}
	}
	m.in.add(now)
}

// says takes over what a message tells; what it does not tell stays as it was.
func (m *Member) says(peer *proto.Peer) {
	set := func(to *string, text string) {
		if text != "" {
			*to = text
		}
	}
	set(&m.Kind, peer.Kind)
	set(&m.Cluster, peer.Cluster)
	set(&m.Name, peer.Name)
	set(&m.Address, peer.Address)
	set(&m.Release, peer.Release)
	set(&m.Role, peer.Role)
	for _, n := range peer.Notes {
		m.Notes = addTo(m.Notes, n, maxNotes)
	}
}

func addTo[T comparable](list []T, v T, most int) []T {
	if len(list) >= most || slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}

// Source is where the member was first seen to send from.
func (m *Member) Source() netip.Addr {
	if len(m.Sources) == 0 {
		return netip.Addr{}
	}
	return m.Sources[0]
}

// Title is how to call the member: its name, else its address, else its source.
func (m *Member) Title() string {
	return cmp.Or(m.Name, m.Address, m.Source().String())
}

// View is the JGroups view that a member last said to be in, CREATOR|NUMBER as the
// product writes it; "" where it told none.
func (t *Table) View(m *Member) string {
	if m.creator == "" {
		return ""
	}
	_, number, _ := strings.Cut(m.view, "|")
	name := m.creator[:min(8, len(m.creator))]
	if c := t.members[key{product: m.Product, id: m.creator}]; c != nil && c.Name != "" {
		name = c.Name
	}
	return name + "|" + number
}

// Cluster is the members of one product that belong together.
type Cluster struct {
	Product, Kind, Name string
	Members             []*Member
	Groups              []netip.AddrPort
}

// Clusters lists what was seen, by product and name, members in the order of their
// addresses.
func (t *Table) Clusters() []*Cluster {
	type id struct{ product, kind, name string }
	found := map[id]*Cluster{}
	for _, m := range t.members {
		k := id{m.Product, m.Kind, m.Cluster}
		c := found[k]
		if c == nil {
			c = &Cluster{Product: m.Product, Kind: m.Kind, Name: m.Cluster}
			found[k] = c
		}
		c.Members = append(c.Members, m)
	}
	list := slices.SortedFunc(maps.Values(found), func(x, y *Cluster) int {
		return cmp.Or(strings.Compare(x.Product, y.Product), strings.Compare(x.Name, y.Name), strings.Compare(x.Kind, y.Kind))
	})
	for _, c := range list {
		slices.SortFunc(c.Members, func(x, y *Member) int {
			return cmp.Or(x.Source().Compare(y.Source()), strings.Compare(x.id, y.id), cmp.Compare(x.First, y.First))
		})
		for _, m := range c.Members {
			for _, g := range m.Groups {
				c.Groups = addTo(c.Groups, g, maxPlaces)
			}
		}
		slices.SortFunc(c.Groups, netip.AddrPort.Compare)
	}
	return list
}

// On returns the members that sent to a group and port, as Clusters orders them.
func (t *Table) On(group netip.AddrPort) (list []*Member) {
	for _, c := range t.Clusters() {
		for _, m := range c.Members {
			if slices.Contains(m.Groups, group) {
				list = append(list, m)
			}
		}
	}
	return list
}
