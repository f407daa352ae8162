// Package wellknown knows what group addresses mean by themselves: the blocks of
// IANA's registries, scopes, Ethernet addresses. It is a leaf of plain tables and
// arithmetic; which products use a group by default is in mcast/products.
package wellknown

import "net/netip"

// Block is a range of the multicast address space with its purpose.
type Block struct {
	Range string `json:"range"`
	Name  string `json:"name"`
	RFC   string `json:"rfc"`
	// Use says who may use it: "control" (protocols of the network), "assigned"
	// (by IANA, on request), "reserved" (nobody yet), "ssm" (source-specific only),
	// "derived" (by one's AS number or prefix), "private" (everybody, inside a
	// boundary), "documentation", "transient" (everybody, IPv6 flag T).
	Use string `json:"use"`
	// Advice in a sentence, for the one who picks a group.
	Advice string `json:"advice"`

	first, last netip.Addr
}

func block(first, last, name, rfc, use, advice string) Block {
	f, l := netip.MustParseAddr(first), netip.MustParseAddr(last)
	return Block{first + "-" + last, name, rfc, use, advice, f, l}
}

// blocks4 is IANA's registry of IPv4 multicast addresses; where ranges nest, the
// narrower one comes first.
var blocks4 = []Block{
	block("224.0.0.0", "224.0.0.255", "local network control block", "RFC 5771", "control",
		"never forwarded by routers, flooded by switches; leave it to the network's own protocols"),
	block("224.0.1.0", "224.0.1.255", "internetwork control block", "RFC 5771", "control", "assigned one by one by IANA"),
	block("224.0.2.0", "224.0.255.255", "ad-hoc block I", "RFC 5771", "assigned", "assigned by IANA"),
	block("224.1.0.0", "224.1.255.255", "reserved (once ST multicast)", "RFC 5771", "reserved", "not for use"),
	block("224.2.0.0", "224.2.255.255", "SDP/SAP block", "RFC 5771", "assigned", "for announced sessions"),
	block("224.3.0.0", "224.4.255.255", "ad-hoc block II", "RFC 5771", "assigned", "assigned by IANA"),
	block("224.5.0.0", "224.251.255.255", "reserved", "RFC 5771", "reserved", "not for use"),
	block("224.252.0.0", "224.255.255.255", "DIS transient groups", "RFC 2365", "assigned", "for distributed simulation"),
	block("225.0.0.0", "231.255.255.255", "reserved", "RFC 5771", "reserved",
		"IANA assigns nothing here, yet many products' defaults lie in it, Tomcat's 228.0.0.4 among them; keep it inside one VLAN"),
	block("232.0.0.0", "232.255.255.255", "source-specific multicast", "RFC 4607", "ssm",
		"joins must name the source: routers ignore any-source joins"),
	block("233.252.0.0", "233.252.0.255", "MCAST-TEST-NET", "RFC 6676", "documentation", "for examples in documents"),
	block("233.252.1.0", "233.255.255.255", "ad-hoc block III", "RFC 5771", "assigned", "assigned by IANA"),
	block("233.0.0.0", "233.251.255.255", "GLOP block", "RFC 3180", "derived", "belongs to the owner of the AS number in its middle two bytes"),
	block("234.0.0.0", "234.255.255.255", "unicast-prefix-based", "RFC 6034", "derived", "belongs to the owner of the /24 in its middle bytes"),
	block("235.0.0.0", "238.255.255.255", "reserved", "RFC 5771", "reserved", "not for use"),
	block("239.255.0.0", "239.255.255.255", "administratively scoped, local", "RFC 2365", "private", "yours to use inside a site"),
	block("239.192.0.0", "239.195.255.255", "administratively scoped, organization-local", "RFC 2365", "private", "yours to use inside an organization: the best place for a new cluster"),
	block("239.0.0.0", "239.255.255.255", "administratively scoped", "RFC 2365", "private", "yours to use inside a boundary"),
}

// BlockOf returns the block of a multicast address; false for an address that
// is not multicast.
func BlockOf(a netip.Addr) (Block, bool) {
	a = a.Unmap().WithZone("")
	if !a.IsMulticast() {
		return Block{}, false
	}
	if a.Is6() {
		return block6(a), true
	}
	for _, b := range blocks4 {
		if a.Compare(b.first) >= 0 && a.Compare(b.last) <= 0 {
			return b, true
		}
	}
	return Block{}, false
}

// block6 tells by the flags nibble (RFC 4291, 3306, 3956): T transient, P by
// prefix, R with the rendezvous point inside.
func block6(a netip.Addr) Block {
	b := a.As16()
	switch flags := b[1] >> 4; {
	case flags&3 == 3 && b[2] == 0 && b[3] == 0:
		return Block{Range: "ff3x::/32", Name: "source-specific multicast", RFC: "RFC 4607", Use: "ssm", Advice: "joins must name the source"}
	case flags&4 != 0:
		return Block{Range: "ff70::/12", Name: "with an embedded rendezvous point", RFC: "RFC 3956", Use: "derived", Advice: "belongs to the owner of the prefix inside"}
	case flags&2 != 0:
		return Block{Range: "ff30::/12", Name: "unicast-prefix-based", RFC: "RFC 3306", Use: "derived", Advice: "belongs to the owner of the prefix inside"}
	case flags&1 != 0:
		return Block{Range: "ff10::/12", Name: "transient", RFC: "RFC 4291", Use: "transient", Advice: "yours to use; ff15:: reaches a site, ff18:: an organization"}
	}
	return Block{Range: "ff00::/12", Name: "well-known", RFC: "RFC 4291", Use: "control", Advice: "assigned by IANA"}
}

// Scope names how far packets to the group may go (RFC 7346 for IPv6; RFC 2365
// and 5771 for IPv4), and "" for an address that is not multicast.
func Scope(a netip.Addr) string {
	a = a.Unmap()
	if !a.IsMulticast() {
		return ""
	}
	if a.Is4() {
		b := a.As4()
		switch {
		case b[0] == 224 && b[1] == 0 && b[2] == 0:
			return "link: routers never forward it"
		case b[0] == 239 && b[1] == 255:
			return "site (administratively scoped)"
		case b[0] == 239 && b[1]&0xfc == 192:
			return "organization (administratively scoped)"
		case b[0] == 239:
			return "administratively scoped"
		}
		return "as far as the TTL and the routers let it"
	}
	switch a.As16()[1] & 0xf {
	case 1:
		return "interface: it never leaves the host"
	case 2:
		return "link: routers never forward it, and it needs a zone (%interface)"
	case 3:
		return "realm"
	case 4:
		return "admin"
	case 5:
		return "site"
	case 8:
		return "organization"
	case 0xe:
		return "global"
	case 0, 0xf:
		return "reserved: not usable"
	}
	return "not assigned"
}
