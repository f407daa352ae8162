package products

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/product"
)

// fault is a cluster with something wrong, and what the summary of a capture says of it.
type fault struct {
	name string
	want string // the verdict's id
	saw  string // what it tells, a pattern
	dual bool   // a second network too
	// make starts the products and waits until they have said what is wrong.
	make func(t *testing.T, lab *netlab.Lab, c *capture)
}

var faults = []fault{
	{name: "JGroups, two clusters", want: "peer.two-clusters", saw: "orders.*billing|billing.*orders", make: func(t *testing.T, lab *netlab.Lab, c *capture) {
		jgroups(t, lab, c, [2]string{newJGroups, newJGroups}, [2]string{"orders", "billing"}, product.Member{})
	}},
	{name: "JGroups, two releases", want: "peer.release-mix", saw: `3\.6\.20.*4\.2\.30|4\.2\.30.*3\.6\.20`, make: func(t *testing.T, lab *netlab.Lab, c *capture) {
		jgroups(t, lab, c, [2]string{"3.6.20.Final", "4.2.30.Final"}, [2]string{"orders", "orders"}, product.Member{})
	}},
	{name: "JGroups, MPING of 5", want: "group.ssm-as-asm", saw: `232\.5\.6\.7`, make: func(t *testing.T, lab *netlab.Lab, c *capture) {
		jgroups(t, lab, c, [2]string{newJGroups, newJGroups}, [2]string{"orders", "orders"}, product.Member{Stack: "tcp.xml", Edits: []product.Edit{mping}})
	}},
	{name: "JGroups, two ports", want: "sock.port-mismatch", saw: "45588.*45589", make: func(t *testing.T, lab *netlab.Lab, c *capture) {
		other := product.Edit{Old: regexp.MustCompile(`mcast_port:45588`), New: "mcast_port:45589"}
		jgroups(t, lab, c, [2]string{plainJGroups, plainJGroups}, [2]string{"orders", "orders"}, product.Member{}, other)
	}},
	{name: "JGroups, unicast dropped", want: "peer.alone", saw: "anna.*berta|berta.*anna", make: jgroupsAlone},
	{name: "JGroups, another address", want: "peer.address", saw: `announces 10\.77\.0\.99:\d+ but sends from 10\.77\.0\.12`, make: func(t *testing.T, lab *netlab.Lab, c *capture) {
		jgroups(t, lab, c, [2]string{plainJGroups, plainJGroups}, [2]string{"orders", "orders"}, product.Member{Edits: []product.Edit{faster}}, transport(`external_addr="10.77.0.99"`))
	}},
	{name: "Hazelcast, two clusters", want: "peer.two-clusters", saw: "orders.*billing|billing.*orders", make: func(t *testing.T, lab *netlab.Lab, c *capture) {
		hazelcast(t, lab, c, [2]string{newHazelcast, newHazelcast}, [2]string{"orders", "billing"}, [2]product.Edit{})
	}},
	{name: "Hazelcast, two releases", want: "peer.release-mix", saw: `4\.2\.8.*5\.5\.0|5\.5\.0.*4\.2\.8`, make: func(t *testing.T, lab *netlab.Lab, c *capture) {
		hazelcast(t, lab, c, [2]string{"4.2.8", newHazelcast}, [2]string{"orders", "orders"}, [2]product.Edit{})
	}},
	{name: "Hazelcast, two ports", want: "sock.port-mismatch", saw: "54327.*54328", make: func(t *testing.T, lab *netlab.Lab, c *capture) {
		other := product.Edit{Old: regexp.MustCompile(`<multicast enabled="true">`), New: `<multicast enabled="true"><multicast-port>54328</multicast-port>`}
		hazelcast(t, lab, c, [2]string{newHazelcast, newHazelcast}, [2]string{"orders", "orders"}, [2]product.Edit{{}, other})
	}},
	{name: "Hazelcast, multicast dropped", want: "peer.alone", saw: `10\.77\.0\.11:5701.*10\.77\.0\.12:5701`, make: hazelcastAlone},
	{name: "Hazelcast, another address", want: "peer.address", saw: `announces 10\.77\.0\.99:5701 but sends from 10\.77\.0\.12`, make: func(t *testing.T, lab *netlab.Lab, c *capture) {
		hazelcast(t, lab, c, [2]string{newHazelcast, newHazelcast}, [2]string{"orders", "orders"}, [2]product.Edit{{}, network("<public-address>10.77.0.99:5701</public-address>")})
	}},
	{name: "Jini, the loopback's address", want: "peer.address", saw: `announces 127\.0\.0\.1:4160`, make: func(t *testing.T, lab *netlab.Lab, c *capture) {
		install(t, "river", "2.2.3").LookupService(t, lab.Host(1), "127.0.0.1", []string{"orders"}, "").Fact("started", 90*time.Second)
		c.spoke(lab.Host(1), "jini")
	}},
	{name: "Ehcache, a group that switches flood", want: "switch.mac-alias", saw: `230\.0\.0\.1`, make: func(t *testing.T, lab *netlab.Lab, c *capture) {
		ehcache(t, lab, c, "230.0.0.1", [2]int{5000, 5000})
	}},
	{name: "Ehcache, two ports", want: "sock.port-mismatch", saw: "4446.*4447", make: func(t *testing.T, lab *netlab.Lab, c *capture) {
		ehcache(t, lab, c, "239.1.2.3", [2]int{4446, 4447})
	}},
	{name: "ActiveMQ, one address for two", want: "peer.duplicate-address", saw: `tcp://broker\.test:61616`, make: func(t *testing.T, lab *netlab.Lab, c *capture) {
		activemq(t, lab, c, [2]string{"broker.test", "broker.test"})
	}},
	{name: "ActiveMQ, the loopback's address", want: "peer.address", saw: `127\.0\.0\.1:61616`, make: func(t *testing.T, lab *netlab.Lab, c *capture) {
		activemq(t, lab, c, [2]string{"10.77.0.11", "127.0.0.1"})
	}},
	{name: "ActiveMQ, the address of another network", want: "peer.address", saw: `announces tcp://10\.78\.0\.12:61616 but sends from 10\.77\.0\.12`, dual: true, make: func(t *testing.T, lab *netlab.Lab, c *capture) {
		activemq(t, lab, c, [2]string{"10.77.0.11", "10.78.0.12"})
	}},
}

// Verify that each fault, made with the real products, gets its verdict. It takes minutes:
// with -all.
func TestFaults(t *testing.T) {
	if !*all {
		return // the recordings of package cmd have most of them
	}
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			lab := netlab.New(t, netlab.Config{Hosts: 3, Dual: f.dual})
			c := sniff(t, lab.Host(3))
			f.make(t, lab, c)
			s := c.end()
			if !slices.ContainsFunc(s.Verdicts, func(v verdictSeen) bool {
				return v.ID == f.want && v.Status != "pass" && regexp.MustCompile(f.saw).MatchString(v.Saw)
			}) {
				t.Errorf("it has no %s that tells %q:\n%s", f.want, f.saw, strings.Join(s.troubles(), "\n"))
				t.Log(c.Tail())
			}
		})
	}
}
