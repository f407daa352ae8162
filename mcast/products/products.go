// Package products names the groups and ports that well-known protocols and
// products use by default, so that a stranger on the wire gets a name and a
// group that one plans to use is known to be taken.
package products

import "net/netip"

// Product is one default: a group, or a range of groups, with its ports.
type Product struct {
	// Key is a short stable name in lower case, for example "hazelcast".
	Key  string `json:"key"`
	Name string `json:"name"`
	// Groups are the addresses; none where the product is known by its port alone.
	Groups []netip.Prefix `json:"groups,omitempty"`
	// Ports are the UDP ports; none where any will do (routing protocols, and
	// products whose port is configured each time).
	Ports []uint16 `json:"ports,omitempty"`
	// Note says what else helps to recognise it, or "".
	Note string `json:"note,omitempty"`
	// Control marks protocols of the network itself, for which 224.0.0.0/24 and
	// ff02::/16 are the right place.
	Control bool `json:"control,omitempty"`
}

// All returns the table, in its order.
func All() []Product { return table }

// Lookup returns the product that a datagram to group and port most likely
// belongs to: one whose group and port both fit, else one whose group fits and
// which names no port. The narrowest range of groups wins.
func Lookup(group netip.Addr, port uint16) (Product, bool) {
	best, bits := -1, -1
	group = group.WithZone("").Unmap()
	for i := range table {
		p := &table[i]
		if !p.hasPort(port) {
			continue
		}
		b := p.bits(group)
		if len(p.Ports) > 0 && b >= 0 {
			b += 256 // a port that fits says more than any range of groups
		}
		if b > bits {
			best, bits = i, b
		}
	}
	if best < 0 {
		return Product{}, false
	}
	return table[best], true
}

// ByGroup returns the products that use group by default, on any port.
func ByGroup(group netip.Addr) []Product {
	group = group.WithZone("").Unmap()
	var out []Product
	for i := range table {
		if table[i].bits(group) >= 0 {
			out = append(out, table[i])
		}
	}
	return out
}

// byPort returns the products that use the UDP port by default, in any group.
func byPort(port uint16) []Product {
	var out []Product
	for i := range table {
		if len(table[i].Ports) > 0 && table[i].hasPort(port) {
			out = append(out, table[i])
		}
	}
	return out
}

// UsesGroup reports whether group is one of p's own.
func (p Product) UsesGroup(group netip.Addr) bool {
	return p.bits(group.WithZone("").Unmap()) >= 0
}

// UsesPort reports whether port is one that p names.
func (p Product) UsesPort(port uint16) bool { return len(p.Ports) > 0 && p.hasPort(port) }

func (p *Product) hasPort(port uint16) bool {
	for _, x := range p.Ports {
		if x == port {
			return true
		}
	}
	return len(p.Ports) == 0
}

// bits is the length of the narrowest range that holds group, -1 for none.
func (p *Product) bits(group netip.Addr) int {
	best := -1
	for _, g := range p.Groups {
		if g.Contains(group) {
			best = max(best, g.Bits())
		}
	}
	return best
}
