package products

import (
	"fmt"
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
	// make starts the products and waits until they have said what is wrong.
	make func(t *testing.T, lab *netlab.Lab, c *capture)
}

// spoke waits for a packet of a host that is decoded as a protocol.
func (c *capture) spoke(h *netlab.Host, protocol string) {
	c.t.Helper()
	c.WaitLog(fmt.Sprintf(`"source":"%s:.*"protocol":"%s"`, regexp.QuoteMeta(h.Addr().String()), protocol), 2*time.Minute)
}

// both waits until each of two hosts spoke after the other one did: they are there at
// the same time then.
func (c *capture) both(lab *netlab.Lab, protocol string) {
	c.t.Helper()
	for _, n := range []int{1, 2, 1, 2} {
		c.Mark()
		c.spoke(lab.Host(n), protocol)
	}
}

func install(t *testing.T, name, release string) *product.Installed {
	t.Helper()
	return product.Install(t, product.Product{Name: name, Release: release})
}

// jgroups starts members of releases in clusters, one a host.
func jgroups(t *testing.T, lab *netlab.Lab, c *capture, releases, clusters [2]string, m product.Member) {
	t.Helper()
	for n := range 2 {
		m.Cluster, m.Name = clusters[n], []string{"anna", "berta"}[n]
		install(t, "jgroups", releases[n]).JGroups(t, lab.Host(n+1), m).Fact("view", 2*time.Minute)
	}
	if m.Stack != "" { // MPING speaks at the start alone
		c.spoke(lab.Host(1), "jgroups")
		c.spoke(lab.Host(2), "jgroups")
		return
	}
	c.both(lab, "jgroups")
}

// hazelcast starts members, each with an edit of its configuration.
func hazelcast(t *testing.T, lab *netlab.Lab, c *capture, releases, clusters [2]string, edits [2]product.Edit) {
	t.Helper()
	for n := range 2 {
		m := product.Member{Cluster: clusters[n], Name: fmt.Sprintf("member%d", n)}
		if edits[n].Old != nil {
			m.Edits = []product.Edit{edits[n]}
		}
		p := install(t, "hazelcast", releases[n]).Hazelcast(t, lab.Host(n+1), m)
		c.spoke(lab.Host(n+1), "hazelcast")
		if n == 0 {
			p.Fact("members", 2*time.Minute)
		}
	}
}

// ehcache starts cache managers on a group and port.
func ehcache(t *testing.T, lab *netlab.Lab, c *capture, group string, port int) {
	t.Helper()
	i := install(t, "ehcache", "2.10.9.2")
	for n := range 2 {
		i.Ehcache(t, lab.Host(n+1), lab.Host(n+1).Addr().String(), group, port).Fact("address", 2*time.Minute)
	}
	c.both(lab, "ehcache")
}

// activemq starts brokers that announce these addresses; broker.test is on each host the
// host's own.
func activemq(t *testing.T, lab *netlab.Lab, c *capture, addresses [2]string) {
	t.Helper()
	i := install(t, "activemq", "5.18.6")
	for n, name := range []string{"anna", "berta"} {
		h := lab.Host(n + 1)
		i.ActiveMQ(t, h, name, addresses[n], "orders", product.Resolve(t, h, "broker.test")).Fact("address", 2*time.Minute)
	}
	c.both(lab, "activemq")
}

const newJGroups, newHazelcast = "5.5.7.Final", "5.5.0"

var mping = product.Edit{Old: regexp.MustCompile(`(?s)<TCPPING.*?/>`), New: `<MPING/>`}

var faults = []fault{
	{"JGroups, two clusters", "peer.two-clusters", func(t *testing.T, lab *netlab.Lab, c *capture) {
		jgroups(t, lab, c, [2]string{newJGroups, newJGroups}, [2]string{"orders", "billing"}, product.Member{})
	}},
	{"JGroups, two releases", "peer.release-mix", func(t *testing.T, lab *netlab.Lab, c *capture) {
		jgroups(t, lab, c, [2]string{"3.6.20.Final", "4.2.30.Final"}, [2]string{"orders", "orders"}, product.Member{})
	}},
	{"JGroups, MPING of 5", "group.ssm-as-asm", func(t *testing.T, lab *netlab.Lab, c *capture) {
		jgroups(t, lab, c, [2]string{newJGroups, newJGroups}, [2]string{"orders", "orders"}, product.Member{Stack: "tcp.xml", Edits: []product.Edit{mping}})
	}},
	{"Hazelcast, two clusters", "peer.two-clusters", func(t *testing.T, lab *netlab.Lab, c *capture) {
		hazelcast(t, lab, c, [2]string{newHazelcast, newHazelcast}, [2]string{"orders", "billing"}, [2]product.Edit{})
	}},
	{"Hazelcast, two releases", "peer.release-mix", func(t *testing.T, lab *netlab.Lab, c *capture) {
		hazelcast(t, lab, c, [2]string{"4.2.8", newHazelcast}, [2]string{"orders", "orders"}, [2]product.Edit{})
	}},
	{"Hazelcast, two ports", "sock.port-mismatch", func(t *testing.T, lab *netlab.Lab, c *capture) {
		other := product.Edit{Old: regexp.MustCompile(`<multicast enabled="true">`), New: `<multicast enabled="true"><multicast-port>54328</multicast-port>`}
		hazelcast(t, lab, c, [2]string{newHazelcast, newHazelcast}, [2]string{"orders", "orders"}, [2]product.Edit{{}, other})
	}},
	{"Ehcache, a group that switches flood", "switch.mac-alias", func(t *testing.T, lab *netlab.Lab, c *capture) {
		ehcache(t, lab, c, "230.0.0.1", 5000)
	}},
	{"ActiveMQ, one address for two", "peer.duplicate-address", func(t *testing.T, lab *netlab.Lab, c *capture) {
		activemq(t, lab, c, [2]string{"broker.test", "broker.test"})
	}},
	{"ActiveMQ, the loopback's address", "peer.address", func(t *testing.T, lab *netlab.Lab, c *capture) {
		activemq(t, lab, c, [2]string{"10.77.0.11", "127.0.0.1"})
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
			lab := netlab.New(t, netlab.Config{Hosts: 3})
			c := sniff(t, lab.Host(3))
			f.make(t, lab, c)
			s := c.end()
			if !slices.ContainsFunc(s.Verdicts, func(v verdictSeen) bool { return v.ID == f.want && v.Status != "pass" }) {
				t.Errorf("it has no %s:\n%s", f.want, strings.Join(s.troubles(), "\n"))
				t.Log(c.Tail())
			}
		})
	}
}
