package analysis

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	"muster/sniff/capture"
	"muster/sniff/copies"
	"muster/sniff/frame"
)

// Link is a network as the capture sees it: an interface and a VLAN. Messages of
// IGMP and MLD are never forwarded, so queriers and memberships are judged for
// each.
type Link struct {
	Interface int
	VLAN      uint16
}

// LinkView is what was seen of memberships on one link.
type LinkView struct {
	Link
	IGMP, MLD Membership
	Joined    map[netip.Addr]*Joined
}

// link returns the view of the link that a packet came by, nil where the table is
// full.
func (a *Analysis) link(p *capture.Packet, f *frame.Frame) *LinkView {
	k := Link{p.Interface, f.VLAN()}
	if l := a.lastLink; l != nil && l.Link == k {
		return l
	}
	l := a.Links[k]
	if l == nil {
		if len(a.Links) >= maxLinks {
			a.Overflow++
			return nil
		}
		l = &LinkView{Link: k, Joined: map[netip.Addr]*Joined{}}
		a.Links[k] = l
	}
	a.lastLink = l
	return l
}

// SortedLinks lists the links that memberships were seen on.
func (a *Analysis) SortedLinks() []*LinkView {
	return slices.SortedFunc(maps.Values(a.Links), func(x, y *LinkView) int { return compareLinks(x.Link, y.Link) })
}

func compareLinks(x, y Link) int {
	return cmp.Or(cmp.Compare(x.Interface, y.Interface), cmp.Compare(x.VLAN, y.VLAN))
}

// Listeners is who joined each group, on all links together.
func (a *Analysis) Listeners() map[netip.Addr]*Joined {
	out := map[netip.Addr]*Joined{}
	for _, l := range a.SortedLinks() {
		for g, j := range l.Joined {
			if out[g] == nil {
				out[g] = &Joined{Group: g}
			}
			out[g].merge(j)
		}
	}
	return out
}

// QueryAgain notes that a query that was counted on another link is on this one
// too.
func (a *Analysis) QueryAgain(p *capture.Packet, f *frame.Frame) {
	l := a.Links[Link{p.Interface, f.VLAN()}]
	switch {
	case l == nil:
	case f.IP == 4:
		l.IGMP.LastQuery = p.Nanos
	default:
		l.MLD.LastQuery = p.Nanos
	}
}

// Seats takes where packets were seen again: links that show the same datagrams are
// one network seen at several places.
func (a *Analysis) Seats(pairs []copies.Pair, unicast uint64) {
	a.seats, a.unicast = pairs, unicast
	a.network = map[Link]Link{}
	for i := range pairs {
		p := &pairs[i]
		x, y := a.networkOf(Link{p.First.Interface, p.First.VLAN}), a.networkOf(Link{p.Again.Interface, p.Again.VLAN})
		if x != y && p.Hops == 0 && p.Multicast+p.Unicast > 0 {
			if compareLinks(y, x) < 0 {
				x, y = y, x
			}
			a.network[y] = x
		}
	}
}

// networkOf is the link that stands for all those that are one network with l.
func (a *Analysis) networkOf(l Link) Link {
	for {
		next, ok := a.network[l]
		if !ok {
			return l
		}
		l = next
	}
}
