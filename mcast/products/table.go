package products

import "net/netip"

// groups parses addresses and prefixes of the table below.
func groups(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		if p, err := netip.ParsePrefix(s); err == nil {
			out[i] = p
			continue
		}
		a := netip.MustParseAddr(s)
		out[i] = netip.PrefixFrom(a, a.BitLen())
	}
	return out
}

func ports(list ...uint16) []uint16 { return list }

// table holds the defaults of the products' own manuals and of the IANA
// registries.
var table = []Product{
	{Key: "tribes", Name: "Apache Tomcat Tribes", Groups: groups("228.0.0.4"), Ports: ports(45564), Note: "replication over TCP 4000-4099"},
	{Key: "jgroups", Name: "JGroups", Groups: groups("228.8.8.8"), Ports: ports(45588, 7600), Note: "JGroups' own default up to 5.1; 7600 where the stack names no port"},
	{Key: "jgroups", Name: "JGroups", Groups: groups("239.8.8.8"), Ports: ports(45588), Note: "JGroups' own default since 5.2"},
	{Key: "jgroups", Name: "JGroups MPING", Groups: groups("230.5.6.7", "232.5.6.7"), Ports: ports(7555), Note: "how members with a TCP stack find each other; the talk is TCP 7800"},
	{Key: "jgroups-probe", Name: "JGroups Probe", Groups: groups("224.0.75.75"), Ports: ports(7500)},
	{Key: "jgroups-mcast", Name: "JGroups mcast test", Groups: groups("239.5.5.5"), Ports: ports(5555)},
	{Key: "jgroups", Name: "JGroups of WildFly or Keycloak", Groups: groups("230.0.0.4"), Ports: ports(45688)},
	{Key: "infinispan", Name: "JGroups of Infinispan", Groups: groups("228.6.7.8", "239.6.7.8"), Ports: ports(46655), Note: "239.6.7.8 since Infinispan 13"},
	{Key: "hazelcast", Name: "Hazelcast", Groups: groups("224.2.2.3"), Ports: ports(54327)},
	{Key: "coherence", Name: "Coherence", Groups: groups("239.192.0.0"), Ports: ports(7574)},
	{Key: "coherence", Name: "Coherence multicast test", Groups: groups("237.0.0.1"), Ports: ports(9000)},
	{Key: "weblogic", Name: "WebLogic", Groups: groups("237.0.0.1", "239.192.0.0"), Ports: ports(7001)},
	{Key: "oracle-rac", Name: "Oracle RAC interconnect", Groups: groups("230.0.1.0"), Note: "224.0.0.251 as well"},
	{Key: "corosync", Name: "corosync", Groups: groups("239.192.0.0/16"), Ports: ports(5404, 5405)},
	{Key: "ignite", Name: "Apache Ignite", Groups: groups("228.1.2.4"), Ports: ports(47400)},
	{Key: "elasticsearch", Name: "Elasticsearch before 2.0", Groups: groups("224.2.2.4"), Ports: ports(54328)},
	{Key: "rtps", Name: "DDS/RTPS (ROS 2)", Groups: groups("239.255.0.1"), Ports: ports(7400), Note: "the port moves with the domain: 7400 + 250 x domain"},
	{Key: "ros2-multicast", Name: "ros2 multicast", Groups: groups("225.0.0.1"), Ports: ports(49150)},
	{Key: "zenoh", Name: "zenoh", Groups: groups("224.0.0.224"), Ports: ports(7446)},
	{Key: "lcm", Name: "LCM", Groups: groups("239.255.76.67"), Ports: ports(7667)},
	{Key: "activemq", Name: "ActiveMQ", Groups: groups("239.255.2.3"), Ports: ports(6155)},
	{Key: "ehcache", Name: "Ehcache", Groups: groups("230.0.0.1"), Ports: ports(4446)},
	{Key: "jolokia", Name: "Jolokia", Groups: groups("239.192.48.84"), Ports: ports(24884)},
	{Key: "sacn", Name: "sACN (E1.31)", Groups: groups("239.255.0.0/16"), Ports: ports(5568)},
	{Key: "sap", Name: "SAP", Groups: groups("224.2.127.254", "239.255.255.255", "239.195.255.255", "ff0e::2:7ffe", "ff05::2:7ffe"), Ports: ports(9875), Note: "announces streams"},
	{Key: "syncthing", Name: "Syncthing", Groups: groups("ff12::8384"), Ports: ports(21027), Note: "by broadcast in IPv4"},
	{Key: "vxlan", Name: "VXLAN", Groups: groups("239.0.0.0/8", "ff05::100"), Ports: ports(4789, 8472), Note: "a tunnel; its group is configured"},
	{Key: "mdns", Name: "mDNS", Groups: groups("224.0.0.251", "ff02::fb"), Ports: ports(5353), Control: true},
	{Key: "llmnr", Name: "LLMNR", Groups: groups("224.0.0.252", "ff02::1:3"), Ports: ports(5355), Control: true},
	{Key: "ssdp", Name: "SSDP", Groups: groups("239.255.255.250", "ff02::c", "ff05::c"), Ports: ports(1900)},
	{Key: "ws-discovery", Name: "WS-Discovery", Groups: groups("239.255.255.250", "ff02::c"), Ports: ports(3702)},
	{Key: "jini", Name: "Jini multicast request", Groups: groups("224.0.1.85"), Ports: ports(4160), Note: "who looks for a lookup service"},
	{Key: "jini", Name: "Jini multicast announcement", Groups: groups("224.0.1.84"), Ports: ports(4160), Note: "a lookup service says where it is"},
	{Key: "jini", Name: "GigaSpaces lookup request", Groups: groups("224.0.1.187"), Ports: ports(4174)},
	{Key: "jini", Name: "GigaSpaces lookup announcement", Groups: groups("224.0.1.188"), Ports: ports(4174)},
	{Key: "ptp", Name: "PTP", Groups: groups("224.0.1.129", "224.0.0.107", "ff0e::181", "ff02::6b"), Ports: ports(319, 320), Control: true},
	{Key: "omping", Name: "omping or ssmping", Groups: groups("232.43.211.234", "ff3e::4321:1234"), Ports: ports(4321)},
	{Key: "mcjoin", Name: "mcjoin", Groups: groups("225.1.2.3"), Ports: ports(1234)},
	{Key: "mtools", Name: "mtools", Groups: groups("224.1.1.1", "ff2e::1"), Ports: ports(4444)},
	{Key: "ntp", Name: "NTP", Groups: groups("224.0.1.1", "ff0e::101"), Ports: ports(123), Control: true},
	{Key: "dhcpv6", Name: "DHCPv6", Groups: groups("ff02::1:2", "ff05::1:3"), Ports: ports(546, 547), Control: true},
	{Key: "rip", Name: "RIP", Groups: groups("224.0.0.9"), Ports: ports(520), Control: true},
	{Key: "ripng", Name: "RIPng", Groups: groups("ff02::9"), Ports: ports(521), Control: true},
	{Key: "hsrp", Name: "HSRP", Groups: groups("224.0.0.2", "224.0.0.102", "ff02::66"), Ports: ports(1985, 2029), Control: true},

	{Key: "all-hosts", Name: "all hosts", Groups: groups("224.0.0.1", "ff02::1", "ff01::1"), Control: true},
	{Key: "all-routers", Name: "all routers", Groups: groups("224.0.0.2", "ff02::2", "ff05::2"), Control: true},
	{Key: "igmpv3", Name: "IGMPv3 reports", Groups: groups("224.0.0.22"), Control: true},
	{Key: "mldv2", Name: "MLDv2 reports", Groups: groups("ff02::16"), Control: true},
	{Key: "mrd", Name: "multicast router discovery", Groups: groups("224.0.0.106", "ff02::6a"), Control: true},
	{Key: "ospf", Name: "OSPF", Groups: groups("224.0.0.5", "224.0.0.6", "ff02::5", "ff02::6"), Control: true},
	{Key: "eigrp", Name: "EIGRP", Groups: groups("224.0.0.10", "ff02::a"), Control: true},
	{Key: "pim", Name: "PIM", Groups: groups("224.0.0.13", "ff02::d"), Control: true},
	{Key: "vrrp", Name: "VRRP", Groups: groups("224.0.0.18", "ff02::12"), Control: true},
	{Key: "isis", Name: "IS-IS over IP", Groups: groups("224.0.0.19", "224.0.0.20", "224.0.0.21"), Control: true},
	{Key: "neighbour", Name: "IPv6 neighbour discovery", Groups: groups("ff02::1:ff00:0/104"), Control: true},
}
