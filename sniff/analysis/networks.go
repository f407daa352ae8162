package analysis

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// network is what was seen of memberships on one network: on one link, or on several
// that show the same packets.
type network struct {
	Link      // that stands for all of them
	name      string
	igmp, mld Membership
	joined    map[netip.Addr]*Joined
	queriers  []*Querier
}

// networks are those that memberships were seen on.
func (j *judge) networks() []*network {
	if j.nets != nil {
		return j.nets
	}
	byLink := map[Link]*network{}
	for _, l := range j.SortedLinks() {
		k := j.networkOf(l.Link)
		n := byLink[k]
		if n == nil {
			n = &network{Link: k, joined: map[netip.Addr]*Joined{}}
			byLink[k] = n
		}
		n.igmp.merge(&l.IGMP)
		n.mld.merge(&l.MLD)
		for g, x := range l.Joined {
			if n.joined[g] == nil {
				n.joined[g] = &Joined{Group: g}
			}
			n.joined[g].merge(x)
		}
	}
	for _, q := range j.SortedQueriers() {
		if n := byLink[j.networkOf(Link{q.Interface, q.VLAN})]; n != nil {
			n.queriers = append(n.queriers, q)
		}
	}
	j.nets = slices.SortedFunc(maps.Values(byLink), func(x, y *network) int { return compareLinks(x.Link, y.Link) })
	if len(j.nets) > 1 {
		for _, n := range j.nets {
			n.name = j.linkName(n.Link)
		}
	}
	return j.nets
}

// linkName names a link for people.
func (j *judge) linkName(l Link) string {
	var parts []string
	if j.name != nil && j.name(l.Interface) != "" {
		parts = append(parts, j.name(l.Interface))
	} else if l.Interface > 0 {
		parts = append(parts, fmt.Sprintf("interface %d", l.Interface))
	}
	if l.VLAN != 0 {
		parts = append(parts, fmt.Sprintf("VLAN %d", l.VLAN))
	} else if len(parts) == 0 {
		parts = append(parts, "untagged")
	}
	return strings.Join(parts, " ")
}

// on is " on NAME" where there are several networks.
func (n *network) on() string {
	if n.name == "" {
		return ""
	}
	return " on " + n.name
}

// merge adds what another link of the same network shows.
func (s *Membership) merge(o *Membership) {
	if o.Packets > 0 && (s.Packets == 0 || o.First < s.First) {
		s.First = o.First
	}
	s.Packets += o.Packets
	s.Queries += o.Queries
	s.Reports += o.Reports
	s.LastQuery = max(s.LastQuery, o.LastQuery)
	s.OldQueries += o.OldQueries
	for i, n := range o.Versions {
		s.Versions[i] += n
	}
	for name, n := range o.Anomalies {
		if s.Anomalies == nil {
			s.Anomalies, s.Example = map[string]uint64{}, map[string]string{}
		}
		s.Anomalies[name] += n
		s.Example[name] = o.Example[name]
	}
	s.asked = append(s.asked, o.asked...)
	slices.SortFunc(s.asked, func(x, y asking) int { return int(max(-1, min(1, x.at-y.at))) })
}
