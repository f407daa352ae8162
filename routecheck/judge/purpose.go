package judge

import (
	"fmt"
	"net/netip"

	"muster/internal/verdict"
	"muster/mcast/products"
)

// routingGroups are the groups whose packets are not UDP (IANA's registries of
// multicast addresses and protocol numbers).
var routingGroups = map[netip.Addr]struct {
	protocol byte
	name     string
}{
	netip.MustParseAddr("224.0.0.5"):  {89, "OSPF"},
	netip.MustParseAddr("224.0.0.6"):  {89, "OSPF"},
	netip.MustParseAddr("224.0.0.10"): {88, "EIGRP"},
	netip.MustParseAddr("224.0.0.13"): {103, "PIM"},
	netip.MustParseAddr("224.0.0.18"): {112, "VRRP"},
	netip.MustParseAddr("ff02::5"):    {89, "OSPF"},
	netip.MustParseAddr("ff02::6"):    {89, "OSPF"},
	netip.MustParseAddr("ff02::a"):    {88, "EIGRP"},
	netip.MustParseAddr("ff02::d"):    {103, "PIM"},
	netip.MustParseAddr("ff02::12"):   {112, "VRRP"},
}

// foreign names the product whose group was asked about, where that is not
// Tomcat's: then nobody here runs a Tomcat on it by mistake, and its own packets
// are no surprise.
func (h *Host) foreign() string {
	if h.Query.Cluster != nil {
		return ""
	}
	if h.Query.Product != "" {
		return h.Query.Product
	}
	if r, ok := routingGroups[h.Query.Group.WithZone("")]; ok {
		return r.name
	}
	if p, ok := products.Lookup(h.Query.Group, h.Query.Port); ok && p.Key != "tribes" {
		return p.Name
	}
	return ""
}

// noReceiver is the verdict of checks of Tomcat's receiver where the group is
// another product's, nil where it is not.
func (h *Host) noReceiver() []verdict.Verdict {
	if name := h.foreign(); name != "" {
		return skip(fmt.Sprintf("%s is a group of %s, which has no receiver of Tomcat's", h.Query.Group, name))
	}
	return nil
}
