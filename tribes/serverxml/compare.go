package serverxml

import (
	"cmp"
	"fmt"
	"strings"

	"muster/internal/verdict"
)

// aspect is something in which the nodes of one cluster are compared.
type aspect struct {
	id     verdict.ID
	status verdict.Status
	what   string
	// value is what is compared, as it is shown; false where it is not known or
	// does not apply.
	value func(*Cluster) (string, bool)
	// part is the element, and attrs the attributes, that a finding points at.
	part  func(*Cluster) *Component
	attrs []string
	why   string // what comes of a difference
}

func self(c *Cluster) *Component { return &c.Self }

func manager(c *Cluster) *Component { return &c.Manager }

func membership(c *Cluster) *Component { return &c.Membership }

func filterOf(c *Cluster) *Component { f, _ := c.interceptor(domainFilter); return f }

func encrypter(c *Cluster) *Component { e, _ := c.interceptor(encryptInterceptor); return e }

// attribute of a component, where c has one of that class.
func valueOf(part func(*Cluster) *Component, name string) func(*Cluster) (string, bool) {
	return func(c *Cluster) (string, bool) {
		v, ok := part(c).Attribute(name)
		return orText(v.Text, "none"), ok && v.Known()
	}
}

// ofMulticast is an attribute that only McastService has.
func ofMulticast(name string) func(*Cluster) (string, bool) {
	get := valueOf(membership, name)
	return func(c *Cluster) (string, bool) {
		v, ok := get(c)
		return v, ok && c.multicast()
	}
}

// aspects are those that must be equal on all nodes.
var aspects = []aspect{
	{id: "tribes.static-mix", status: verdict.Fail, what: "membership", part: membership, attrs: []string{"className"},
		value: func(c *Cluster) (string, bool) {
			if s, _ := c.interceptor(staticInterceptor); s != nil && len(s.Members) > 0 && c.Membership.is(mcastService) && !c.multicast() {
				return short(staticInterceptor), true
			}
			return short(c.Membership.Class), c.Membership.class != nil
		}, why: "they do not find each other"},
	{id: "sock.port-mismatch", status: verdict.Fail, what: "multicast group", part: membership, attrs: []string{"address"},
		value: ofMulticast("address"), why: "they do not hear each other"},
	{id: "sock.port-mismatch", status: verdict.Fail, what: "multicast port", part: membership, attrs: []string{"port"},
		value: ofMulticast("port"), why: "they do not hear each other"},
	{id: "tribes.domain-filter", status: verdict.Fail, what: "domain that is let in", part: filterOf, attrs: []string{"domain"},
		value: valueOf(filterOf, "domain"), why: "they refuse each other"},
	{id: "config.differs", status: verdict.Warn, what: "membership domain", part: membership, attrs: []string{"domain"},
		value: ofMulticast("domain"), why: "a DomainFilterInterceptor lets only one of them in"},
	{id: "tribes.key-mismatch", status: verdict.Fail, what: "encryption", part: encrypter, attrs: []string{"encryptionKey"},
		value: func(c *Cluster) (string, bool) {
			if encrypter(c) != nil {
				return "with EncryptInterceptor", true
			}
			return "without EncryptInterceptor", true
		}, why: "they see each other and cannot read each other's messages"},
	{id: "tribes.key-mismatch", status: verdict.Fail, what: "encryption algorithm", part: encrypter, attrs: []string{"encryptionAlgorithm"},
		value: valueOf(encrypter, "encryptionAlgorithm"), why: "they see each other and cannot read each other's messages"},
	{id: "tribes.key-mismatch", status: verdict.Fail, what: "TLS", part: channel, attrs: []string{"secure", "pskKey"}, value: wayOfTLS,
		why: "those without TLS cannot send to those with secure=\"true\" at all"},
	{id: "tribes.key-mismatch", status: verdict.Fail, what: "TLS identity", part: channel, attrs: []string{"pskIdentity"}, value: ofTLS("pskIdentity"),
		why: "a connection ends with an alert (handshake failure)"},
	{id: "tribes.key-mismatch", status: verdict.Fail, what: "TLS protocol", part: channel, attrs: []string{"pskProtocol"}, value: ofTLS("pskProtocol"),
		why: "a connection ends with an alert (protocol version)"},
	{id: "tribes.key-mismatch", status: verdict.Fail, what: "TLS digest", part: channel, attrs: []string{"pskDigest"}, value: ofTLS("pskDigest"),
		why: "a connection ends with an alert"},
	{id: "tribes.receiver-port", status: verdict.Fail, what: "receiver's port", part: func(c *Cluster) *Component { return &c.Receiver }, attrs: []string{"port"},
		value: func(c *Cluster) (string, bool) {
			v, ok := c.Receiver.Attribute("port")
			return v.Text, ok && v.Known() && c.Membership.is(cloudService)
		}, why: "with CloudMembershipService each looks for the others at its own port, and they do not meet"},
	{id: "tribes.interceptor-order", status: verdict.Fail, what: "interceptors that change the bytes", part: firstInterceptor,
		value: transforming, why: "messages arrive unreadable"},
	{id: "tribes.interceptor-order", status: verdict.Warn, what: "interceptors", part: firstInterceptor,
		value: func(c *Cluster) (string, bool) {
			var names []string
			for _, i := range c.Interceptors {
				names = append(names, short(cmp.Or(i.canon, i.Class))) // another release may call it otherwise
			}
			return strings.Join(names, ", "), true
		}, why: "they judge members and messages by different rules"},
	{id: "config.differs", status: verdict.Fail, what: "manager", part: manager,
		value: func(c *Cluster) (string, bool) { return short(c.Manager.Class), true },
		why:   "their managers do not understand each other's messages"},
	{id: "config.differs", status: verdict.Fail, what: "place of the cluster", part: self,
		value: func(c *Cluster) (string, bool) { return "in <" + c.Container + ">", true },
		why:   "in an Engine the managers are named with their Host, in a Host without: sessions of one are unknown to the other"},
	{id: "config.differs", status: verdict.Warn, what: "send options", part: self, attrs: []string{"channelSendOptions"},
		value: valueOf(self, "channelSendOptions"), why: "a change reaches the others differently, by the node that makes it"},
	{id: "config.differs", status: verdict.Warn, what: "mapSendOptions", part: manager, attrs: []string{"mapSendOptions"},
		value: valueOf(manager, "mapSendOptions"), why: "a backup is made differently, by the node that makes it"},
	{id: "config.differs", status: verdict.Warn, what: "frequency", part: membership, attrs: []string{"frequency"},
		value: ofMulticast("frequency"), why: "they are heard of at different intervals"},
	{id: "config.differs", status: verdict.Warn, what: "dropTime", part: membership, attrs: []string{"dropTime"},
		value: ofMulticast("dropTime"), why: "one gives a silent member up while another still counts on it"},
	{id: "config.differs", status: verdict.Warn, what: "ttl", part: membership, attrs: []string{"ttl"},
		value: ofMulticast("ttl"), why: "the heartbeats of one reach further than those of another"},
	{id: "config.differs", status: verdict.Fail, what: "cluster name", part: self, attrs: []string{"clusterName"},
		value: clusterName, why: "static membership and single sign-on address their messages by it"},
	{id: "config.differs", status: verdict.Fail, what: "hosts", part: self, value: hostNames,
		why: "the cluster knows an application by its Host's name: sessions of one are unknown to the other"},
}

func firstInterceptor(c *Cluster) *Component {
	if len(c.Interceptors) > 0 && !c.Interceptors[0].Default {
		return &c.Interceptors[0]
	}
	return nil
}

// transforming lists the interceptors that both ends must have in one order:
// they change the bytes of messages.
func transforming(c *Cluster) (string, bool) {
	var names []string
	for _, i := range c.Interceptors {
		switch i.Class {
		case gzipInterceptor, fragmentation, orderInterceptor, encryptInterceptor, interceptorPackage + "TwoPhaseCommitInterceptor":
			if i.is(encryptInterceptor) && len(names) == 0 {
				continue // by itself it is compared as the encryption
			}
			names = append(names, short(i.Class))
		}
	}
	return orText(strings.Join(names, ", "), "none"), true
}

func clusterName(c *Cluster) (string, bool) {
	if !c.Membership.is(staticService) && c.valve(clusterSingleSignOn) == nil {
		return "", false
	}
	return orText(c.Self.text("clusterName"), c.Name), true
}

func hostNames(c *Cluster) (string, bool) {
	if c.Container == "Host" {
		return c.Name, true
	}
	return strings.Join(c.engine.Hosts, ", "), true
}

// node is one file's cluster among those that are compared.
type member struct {
	*File
	*Cluster
}

// Compare judges several files as the nodes of one cluster.
func Compare(files []*File) []Finding {
	var nodes []member
	for _, f := range files {
		if len(f.Clusters) > 0 {
			nodes = append(nodes, member{f, f.Clusters[0]})
		}
	}
	if len(nodes) < 2 {
		return nil
	}
	var out []Finding
	reported := map[string]bool{} // a difference explained by an earlier one
	for _, a := range aspects {
		for _, d := range differing(a, nodes) {
			key := d.who.File.Name + " " + string(a.id)
			if a.id == "tribes.interceptor-order" && (reported[key] || reported[d.who.File.Name+" tribes.key-mismatch"]) {
				continue
			}
			reported[key] = true
			out = append(out, d.finding(a))
		}
	}
	out = append(out, keys(nodes)...)
	out = append(out, silence(nodes)...)
	return append(out, same(nodes)...)
}

type difference struct {
	who         member
	value       string
	others      member
	othersValue string
}

// differing returns the nodes that are not like most; of two, the second.
func differing(a aspect, nodes []member) []difference {
	count := map[string]int{}
	most, usual, usualNode := 0, "", member{}
	for _, n := range nodes {
		if v, ok := a.value(n.Cluster); ok {
			count[v]++
		}
	}
	for _, n := range nodes {
		if v, ok := a.value(n.Cluster); ok && count[v] > most {
			most, usual, usualNode = count[v], v, n
		}
	}
	var out []difference
	for _, n := range nodes {
		if v, ok := a.value(n.Cluster); ok && v != usual {
			out = append(out, difference{n, v, usualNode, usual})
		}
	}
	return out
}

func (d difference) finding(a aspect) Finding {
	here, there := a.part(d.who.Cluster), a.part(d.others.Cluster)
	at := (lint{File: d.who.File, Cluster: d.who.Cluster}).at(here, a.attrs...)
	other := (lint{File: d.others.File, Cluster: d.others.Cluster}).at(there, a.attrs...)
	return d.who.File.finding(finding{id: a.id, status: a.status, at: at,
		saw: fmt.Sprintf("%s: %s here, %s in %s; %s", a.what, cut(d.value), cut(d.othersValue), d.others.File.place(other), a.why),
		fix: []string{"make them equal"}})
}
