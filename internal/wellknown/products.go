package wellknown

import "net/netip"

// Product is something that is known to use a group or a port.
type Product struct {
	Name string `json:"name"`
	// Groups are the groups it uses; without any, the ports alone say it.
	Groups []netip.Prefix `json:"groups"`
	// Ports are its UDP ports; none means that the group alone says it.
	Ports []uint16 `json:"ports"`
	Note  string   `json:"note,omitempty"`
	// Protocol: a control protocol of the network itself, not an application.
	Protocol bool `json:"protocol"`
}

// Tomcat is the name of the product whose defaults are muster's.
const Tomcat = "Apache Tomcat Tribes"

func groups(ss ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range ss {
		if p, err := netip.ParsePrefix(s); err == nil {
			out = append(out, p)
			continue
		}
		a := netip.MustParseAddr(s)
		out = append(out, netip.PrefixFrom(a, a.BitLen()))
	}
	return out
}

// Products is the table, from the products' manuals and sources.
var Products = []Product{
	{Name: Tomcat, Groups: groups("228.0.0.4"), Ports: []uint16{45564}, Note: "replication on 4000-4099/tcp"},
	{Name: "JGroups", Groups: groups("228.8.8.8"), Ports: []uint16{45588}, Note: "its default stack"},
	{Name: "JGroups Probe", Groups: groups("224.0.75.75"), Ports: []uint16{7500}},
	{Name: "JGroups mcast test", Groups: groups("239.5.5.5"), Ports: []uint16{5555}},
	{Name: "WildFly, Keycloak", Groups: groups("230.0.0.4"), Ports: []uint16{45688}},
	{Name: "Infinispan", Groups: groups("228.6.7.8"), Ports: []uint16{46655}},
	{Name: "Hazelcast", Groups: groups("224.2.2.3"), Ports: []uint16{54327}},
	{Name: "Oracle Coherence, multicast test", Groups: groups("237.0.0.1"), Ports: []uint16{9000}},
	{Name: "Oracle WebLogic", Groups: groups("237.0.0.1", "239.192.0.0"), Ports: []uint16{7001}},
	{Name: "Oracle RAC interconnect", Groups: groups("230.0.1.0"), Note: "it uses 224.0.0.251 too"},
	{Name: "corosync", Groups: groups("239.192.0.0/16"), Ports: []uint16{5404, 5405}},
	{Name: "Apache Ignite", Groups: groups("228.1.2.4"), Ports: []uint16{47400}},
	{Name: "Elasticsearch before 2.0", Groups: groups("224.2.2.4"), Ports: []uint16{54328}},
	{Name: "DDS, RTPS (ROS 2)", Groups: groups("239.255.0.1"), Ports: []uint16{7400}},
	{Name: "ros2 multicast", Groups: groups("225.0.0.1"), Ports: []uint16{49150}},
	{Name: "zenoh", Groups: groups("224.0.0.224"), Ports: []uint16{7446}},
	{Name: "LCM", Groups: groups("239.255.76.67"), Ports: []uint16{7667}},
	{Name: "Apache ActiveMQ", Groups: groups("239.255.2.3"), Ports: []uint16{6155}},
	{Name: "Ehcache", Groups: groups("230.0.0.1"), Ports: []uint16{4446}},
	{Name: "Jolokia", Groups: groups("239.192.48.84"), Ports: []uint16{24884}},
	{Name: "sACN (E1.31)", Groups: groups("239.255.0.0/16"), Ports: []uint16{5568}},
	{Name: "mDNS", Groups: groups("224.0.0.251", "ff02::fb"), Ports: []uint16{5353}, Protocol: true},
	{Name: "SSDP (UPnP)", Groups: groups("239.255.255.250", "ff02::c", "ff05::c"), Ports: []uint16{1900}},
	{Name: "LLMNR", Groups: groups("224.0.0.252", "ff02::1:3"), Ports: []uint16{5355}, Protocol: true},
	{Name: "SLP", Groups: groups("239.255.255.253"), Ports: []uint16{427}},
	{Name: "Jini discovery", Groups: groups("224.0.1.84", "224.0.1.85"), Ports: []uint16{4160}},
	{Name: "NTP", Groups: groups("224.0.1.1", "ff02::101"), Ports: []uint16{123}, Protocol: true},
	{Name: "PTP", Groups: groups("224.0.1.129", "224.0.0.107"), Ports: []uint16{319, 320}, Protocol: true},
	{Name: "omping", Groups: groups("232.43.211.234", "ff3e::4321:1234"), Ports: []uint16{4321}},
	{Name: "ssmping", Groups: groups("232.43.211.234", "ff3e::4321:1234"), Ports: []uint16{4321}},
	{Name: "mcjoin", Groups: groups("225.1.2.3"), Ports: []uint16{1234}},
	{Name: "mtools", Groups: groups("224.1.1.1", "ff2e::1"), Ports: []uint16{4444}},
	{Name: "all hosts", Groups: groups("224.0.0.1", "ff02::1"), Protocol: true},
	{Name: "all routers", Groups: groups("224.0.0.2", "ff02::2"), Protocol: true},
	{Name: "DVMRP routers", Groups: groups("224.0.0.4", "ff02::4"), Protocol: true},
	{Name: "OSPF", Groups: groups("224.0.0.5", "224.0.0.6", "ff02::5", "ff02::6"), Protocol: true},
	{Name: "RIP version 2", Groups: groups("224.0.0.9", "ff02::9"), Ports: []uint16{520}, Protocol: true},
	{Name: "EIGRP", Groups: groups("224.0.0.10", "ff02::a"), Protocol: true},
	{Name: "DHCP relays and servers", Groups: groups("224.0.0.12", "ff02::1:2"), Ports: []uint16{547}, Protocol: true},
	{Name: "PIM", Groups: groups("224.0.0.13", "ff02::d"), Protocol: true},
	{Name: "VRRP", Groups: groups("224.0.0.18", "ff02::12"), Protocol: true},
	{Name: "IGMPv3, MLDv2 reports", Groups: groups("224.0.0.22", "ff02::16"), Protocol: true},
	{Name: "HSRP version 2", Groups: groups("224.0.0.102", "ff02::66"), Ports: []uint16{1985}, Protocol: true},
	{Name: "multicast router discovery", Groups: groups("224.0.0.106", "ff02::6a"), Protocol: true},
}

// Lookup returns what is known to use the group and port. A port of 0 and an
// invalid address mean "not given". The first ones fit both; after them come
// those that only share the group, where the port is not given or unknown to
// them, and those that only share the port, where it is above 1023.
func Lookup(group netip.Addr, port uint16) []Product {
	var both, one []Product
	for _, p := range Products {
		g := p.hasGroup(group)
		o := p.hasPort(port)
		switch {
		case g && (o || len(p.Ports) == 0), g && port == 0, o && !group.IsValid():
			both = append(both, p)
		case g, o && port > 1023:
			one = append(one, p)
		}
	}
	return append(both, one...)
}

// Uses reports whether p is known for exactly this group and port: by the group
// alone where it has no ports.
func (p Product) Uses(group netip.Addr, port uint16) bool {
	return p.hasGroup(group) && (len(p.Ports) == 0 || p.hasPort(port))
}

func (p Product) hasGroup(a netip.Addr) bool {
	if !a.IsValid() {
		return false
	}
	a = a.WithZone("")
	for _, g := range p.Groups {
		if g.Contains(a) {
			return true
		}
	}
	return false
}

func (p Product) hasPort(port uint16) bool {
	for _, o := range p.Ports {
		if o == port && port != 0 {
			return true
		}
	}
	return false
}
