package firewall

import (
	"bytes"
	"net/netip"
	"strings"
)

// IPSet is a set of ipset(8): what iptables' match "set" asks for.
type IPSet struct {
	Name string `json:"name"`
	// Type is hash:ip, hash:net, bitmap:port, hash:ip,port, list:set, ...
	Type  string        `json:"type"`
	Elems []IPSetMember `json:"members"`
	// Unread: there are more members than were read, or some of a form that is not
	// known.
	Unread bool `json:"unread,omitempty"`
}

// IPSetMember is one entry; fields that its type does not have stay empty.
type IPSetMember struct {
	From netip.Addr `json:"from,omitzero"`
	To   netip.Addr `json:"to,omitzero"`
	// Protocol is an IP protocol's number.
	Protocol byte   `json:"protocol,omitempty"`
	Port     uint16 `json:"port,omitempty"`
	PortTo   uint16 `json:"port_to,omitempty"`
	// Set is a member of a list:set.
	Set string `json:"set,omitempty"`
	// NoMatch makes an exception of a network.
	NoMatch bool `json:"nomatch,omitempty"`
}

// ipset judges --match-set NAME src,dst,...: the words say which of the packet's
// addresses and ports each part of the type is compared with.
func (m *machine) ipset(name string, sides []string, depth int) tri {
	var set *IPSet
	for i := range m.rules.IPSets {
		if m.rules.IPSets[i].Name == name {
			set = &m.rules.IPSets[i]
		}
	}
	if set == nil || depth > 2 {
		return maybe
	}
	_, parts, _ := strings.Cut(set.Type, ":")
	found, sure := no, yes
	for _, e := range set.Elems {
		var t tri
		if parts == "set" {
			t = m.ipset(e.Set, sides, depth+1)
		} else {
			t = m.ipsetMember(e, strings.Split(parts, ","), sides)
		}
		if e.NoMatch && t != no {
			sure = maybe // the longest prefix wins, and this one turns the answer around
			continue
		}
		found = found.or(t)
	}
	switch {
	case found == yes && sure == maybe:
		return maybe
	case found != yes && set.Unread:
		m.doubt = notAll(name)
		return maybe
	}
	return found
}

func (m *machine) ipsetMember(e IPSetMember, parts, sides []string) tri {
	out := yes
	for i, part := range parts {
		side := "src"
		if i < len(sides) {
			side = sides[i]
		}
		switch part {
		case "ip", "net":
			x, ok := m.address(side == "src")
			if !ok || !e.From.IsValid() || len(e.From.AsSlice()) != len(x.v) {
				return no
			}
			out = out.and(x.between(e.From.AsSlice(), e.To.AsSlice()))
		case "port":
			if e.Protocol != 0 && e.Protocol != m.pkt.l4 || m.pkt.l4 != protoTCP && m.pkt.l4 != protoUDP {
				return no
			}
			x, _ := m.pkt.trans.cut(map[bool]int{true: 0, false: 2}[side == "src"], 2)
			out = out.and(x.between([]byte{byte(e.Port >> 8), byte(e.Port)}, []byte{byte(e.PortTo >> 8), byte(e.PortTo)}))
		default: // mac, iface, mark: not compared here
			return maybe
		}
	}
	return out
}

// lastOf is the last address of a network.
func lastOf(p netip.Prefix) netip.Addr {
	b := bytes.Clone(p.Masked().Addr().AsSlice())
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
