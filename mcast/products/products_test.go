package products

import (
	"net/netip"
	"testing"
)

func TestLookup(t *testing.T) {
	for _, test := range []struct {
		group string
		port  uint16
		want  string
	}{
		{"228.0.0.4", 45564, "Apache Tomcat Tribes"},
		{"228.0.0.4", 45565, ""},
		{"::ffff:228.0.0.4", 45564, "Apache Tomcat Tribes"},
		{"230.0.0.4", 45688, "JGroups of WildFly or Keycloak"},
		{"239.192.0.0", 7001, "WebLogic"},
		{"239.192.7.8", 5405, "corosync"},
		{"239.255.1.2", 5568, "sACN (E1.31)"},
		{"239.255.0.1", 7400, "DDS/RTPS (ROS 2)"},
		{"ff02::fb", 5353, "mDNS"},
		{"ff02::fb%eth0", 5353, "mDNS"},
		{"224.0.0.2", 1985, "HSRP"},
		{"224.0.0.2", 9, "all routers"},
		{"224.0.0.1", 0, "all hosts"},
		{"224.0.1.85", 4160, "Jini multicast request"},
		{"230.0.1.0", 42424, "Oracle RAC interconnect"},
		{"ff02::1:ff12:3456", 0, "IPv6 neighbour discovery"},
		{"10.0.0.1", 45564, ""},
	} {
		p, ok := Lookup(netip.MustParseAddr(test.group), test.port)
		if p.Name != test.want || ok != (test.want != "") {
			t.Errorf("%s:%d is %q, want %q", test.group, test.port, p.Name, test.want)
		}
	}
}

func TestTable(t *testing.T) {
	for _, p := range All() {
		if p.Key == "" || p.Name == "" || len(p.Groups) == 0 {
			t.Errorf("%+v lacks a key, a name or a group", p)
		}
		for _, g := range p.Groups {
			if !g.Addr().IsMulticast() || g != g.Masked() {
				t.Errorf("%s: %s is no range of groups", p.Name, g)
			}
		}
	}
}

func TestByGroupAndPort(t *testing.T) {
	if got := ByGroup(netip.MustParseAddr("237.0.0.1")); len(got) != 2 {
		t.Errorf("237.0.0.1 belongs to %d products, want Coherence and WebLogic", len(got))
	}
	if got := byPort(4160); len(got) != 2 || got[0].Key != "jini" {
		t.Errorf("port 4160: %v, want the two of Jini", got)
	}
	if got := byPort(0); len(got) != 0 {
		t.Errorf("port 0 belongs to %v", got)
	}
}
