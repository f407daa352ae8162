package products

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/product"
)

// spoke waits for a packet of a host that is decoded as a protocol.
func (c *capture) spoke(h *netlab.Host, protocol string) {
	c.t.Helper()
	c.WaitLog(fmt.Sprintf(`"source":"%s:.*"protocol":"%s"`, regexp.QuoteMeta(h.Addr().String()), protocol), 2*time.Minute)
}

// stay waits until each of two hosts has sent messages of a kind for that long, both at the
// same time.
func (c *capture) stay(lab *netlab.Lab, message string, least time.Duration) {
	c.t.Helper()
	from := func(n int) netlab.Line {
		return c.WaitLog(fmt.Sprintf(`"source":"%s:.*"message":"%s"`, regexp.QuoteMeta(lab.Host(n).Addr().String()), message), 3*time.Minute)
	}
	first := from(1).Time
	if second := from(2).Time; second.After(first) {
		first = second
	}
	for n := 1; n <= 2; {
		c.Mark()
		if from(n).Time.Sub(first) >= least {
			n++
		}
	}
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

// jgroups starts members of releases in clusters, one a host; m is what they have in
// common, second what the second has beside it.
func jgroups(t *testing.T, lab *netlab.Lab, c *capture, releases, clusters [2]string, m product.Member, second ...product.Edit) {
	t.Helper()
	for n := range 2 {
		m.Cluster, m.Name = clusters[n], []string{"anna", "berta"}[n]
		if n == 1 {
			m.Edits = append(m.Edits, second...)
		}
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

// jgroupsAlone starts two members of JGroups whose unicast port the second one's firewall
// closes, and waits until they have told of unlike views for longer than a merge takes.
func jgroupsAlone(t *testing.T, lab *netlab.Lab, c *capture) {
	t.Helper()
	lab.Host(2).Firewall(netlab.Traffic{Protocol: "udp", Port: 45599})
	m := product.Member{Edits: []product.Edit{faster, transport(`bind_port="45599"`)}}
	jgroups(t, lab, c, [2]string{plainJGroups, plainJGroups}, [2]string{"orders", "orders"}, m)
	c.stay(lab, "merge", 95*time.Second)
}

// hazelcastAlone starts two members of Hazelcast, whose firewalls let no multicast in: each
// becomes the master of a cluster of its own. A master looks for others of its name every two
// minutes; here it does every five seconds.
func hazelcastAlone(t *testing.T, lab *netlab.Lab, c *capture) {
	t.Helper()
	i := install(t, "hazelcast", newHazelcast)
	for n := range 2 {
		lab.Host(n + 1).Firewall(netlab.Traffic{Protocol: "udp", Port: 54327})
		i.Hazelcast(t, lab.Host(n+1), product.Member{Cluster: "orders", Name: fmt.Sprintf("member%d", n), JVM: []string{
			"-Dhazelcast.merge.first.run.delay.seconds=5", "-Dhazelcast.merge.next.run.delay.seconds=5",
		}}).Fact("members", 2*time.Minute)
	}
	c.stay(lab, "search", 15*time.Second)
}

// ehcache starts cache managers on a group and ports.
func ehcache(t *testing.T, lab *netlab.Lab, c *capture, group string, ports [2]int) {
	t.Helper()
	i := install(t, "ehcache", "2.10.9.2")
	for n := range 2 {
		i.Ehcache(t, lab.Host(n+1), lab.Host(n+1).Addr().String(), group, ports[n]).Fact("address", 2*time.Minute)
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

// The releases that most faults are made with; plainJGroups has its transport's attributes in
// the file of the stack itself.
const newJGroups, plainJGroups, newHazelcast = "5.5.7.Final", "5.2.29.Final", "5.5.0"

var mping = product.Edit{Old: regexp.MustCompile(`(?s)<TCPPING.*?/>`), New: `<MPING/>`}

// transport is an edit that gives JGroups' transport an attribute.
func transport(attribute string) product.Edit {
	return product.Edit{Old: regexp.MustCompile(`<UDP\s`), New: "${0}" + attribute + " "}
}

// network is an edit that has Hazelcast's network begin with more.
func network(more string) product.Edit {
	return product.Edit{Old: regexp.MustCompile(`<network>`), New: "<network>" + more}
}
