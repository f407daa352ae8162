package serverxml

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"muster/internal/verdict"
)

// receiverAddress judges what this member tells others to connect to.
func (l lint) receiverAddress() {
	v, ok := l.Receiver.Attribute("address")
	if !ok || !v.Known() {
		return
	}
	if v.Text == "auto" {
		l.auto(v)
		return
	}
	x := finding{id: "tribes.advertises-loopback", status: verdict.Fail, at: l.at(&l.Receiver, "address"), in: &l.Receiver,
		evidence: []Value{v}, fix: []string{`address="ADDRESS", the one that the others reach this host by`}}
	a, literal := address(v.Text)
	switch {
	case strings.TrimSpace(v.Text) == "":
		x.saw = "the receiver's address is empty, which Java takes for the loopback address: the others are told to connect to themselves"
	case !literal && isLocalhost(v.Text):
		x.saw = fmt.Sprintf("the receiver tells the others to connect to %s, which is a loopback address: each takes it for itself, and this works among Tomcats of one host only", cut(v.Text))
	case !literal && deviceName(v.Text):
		x.id, x.confidence = "config.address", verdict.Likely
		x.saw = fmt.Sprintf("the receiver's address %q looks like an interface; Tomcat wants an address or a host's name%s", cut(v.Text),
			noStart(l.version, "UnknownHostException: "+cut(v.Text)))
	case !literal:
		l.resolved(x, v)
		return
	case a.IsUnspecified():
		x.saw = fmt.Sprintf("the receiver listens on every address and tells the others to connect to %s, which is nobody", v.Text)
	case a.IsLoopback():
		if l.oneHost() {
			return
		}
		x.saw = fmt.Sprintf("the receiver tells the others to connect to %s, which each takes for itself: this works among Tomcats of one host only", v.Text)
	case a.IsLinkLocalUnicast():
		x.status = verdict.Warn
		x.saw = fmt.Sprintf("%s is valid on one link only, and heartbeats do not say on which", v.Text)
	case a.IsMulticast():
		x.id = "config.address"
		x.saw = fmt.Sprintf("%s is a multicast group: Tomcat binds its TCP port to it and tells the others to connect there, and nobody can", v.Text)
	default:
		l.local(&l.Receiver, "address", a)
		return
	}
	l.report(x)
}

// auto resolves as InetAddress.getLocalHost does.
func (l lint) auto(v Value) {
	h := l.given.Host
	if h == nil {
		return
	}
	x := finding{id: "addr.hostname-loopback", at: l.at(&l.Receiver, "address"), in: &l.Receiver,
		fix: []string{`address="ADDRESS" on <Receiver>`, fmt.Sprintf("or in /etc/hosts: ADDRESS %s, and no 127.x for it", h.Name)}}
	switch {
	case h.Err != "":
		x.status, x.confidence = verdict.Unknown, verdict.Likely
		x.saw = fmt.Sprintf("the receiver takes the address of this host's name %q, which does not resolve here: %s", h.Name, h.Err)
	case len(h.Addrs) > 0 && h.Addrs[0].IsLoopback():
		x.status = verdict.Fail
		x.saw = fmt.Sprintf("the receiver takes the address of this host's name %q, which is %s: the others are told to connect to themselves", h.Name, h.Addrs[0])
	default:
		return
	}
	x.evidence = []Value{v}
	x.more = []verdict.Evidence{{What: "addresses of " + h.Name, Value: orText(h.Err, fmt.Sprint(h.Addrs)), ReadFrom: "the resolver"}}
	l.report(x)
}

// local checks that an address to bind is one of this host's.
func (l lint) local(c *Component, name string, a netip.Addr) {
	h := l.given.Host
	if h == nil || h.Local == nil || slices.Contains(h.Local, a) {
		return
	}
	l.report(finding{id: "config.address", status: verdict.Warn, confidence: verdict.Likely, at: l.at(c, name), in: c,
		evidence: attributes(c, name),
		saw:      fmt.Sprintf("no interface of this host has the address %s; Tomcat does not start here with it (\"Cannot assign requested address\")", a),
		fix:      []string{"ip -br address", "muster tribes config --elsewhere FILE, if the file is another host's"}})
}

// receiverPort judges the port and how it is found.
func (l lint) receiverPort() {
	p, ok := l.Receiver.num("port")
	if !ok {
		return
	}
	x := finding{id: "tribes.receiver-port", at: l.at(&l.Receiver, "port"), in: &l.Receiver,
		evidence: attributes(&l.Receiver, "port", "autoBind"), fix: []string{`port="4000"`}}
	switch {
	case p < 0 || p > 65535:
		x.status, x.saw = verdict.Fail, fmt.Sprintf("port %d does not exist; Tomcat does not start (\"port out of range\")", p)
	case p == 0:
		x.status, x.saw = verdict.Warn, "port 0 takes any free port, another one at each start: no firewall rule can name it"
	default:
		return
	}
	l.report(x)
}

func (l lint) threads() {
	most, ok1 := l.Receiver.num("maxThreads")
	least, ok2 := l.Receiver.num("minThreads")
	if !ok1 || !ok2 || most >= least && most > 0 && least >= 0 {
		return
	}
	l.report(finding{id: "config.threads", status: verdict.Fail, at: l.at(&l.Receiver, "maxThreads", "minThreads"), in: &l.Receiver,
		evidence: attributes(&l.Receiver, "maxThreads", "minThreads"), fix: []string{fmt.Sprintf(`minThreads="%d"`, max(most, 1))},
		saw: fmt.Sprintf("at most %d threads and at least %d; Tomcat does not start (IllegalArgumentException)", most, least)})
}

// together judges several clusters of one file.
func (f *File) together() {
	for i, c := range f.Clusters {
		for _, d := range f.Clusters[:i] {
			x := finding{id: "config.two-clusters", status: verdict.Warn, at: c.Self.at()}
			same := c.Membership.text("address") == d.Membership.text("address") && c.Membership.text("port") == d.Membership.text("port") &&
				c.Membership.is(mcastService) && d.Membership.is(mcastService)
			switch {
			case c.engine == d.engine && c.Container == d.Container && c.Name == d.Name:
				x.id, x.status = "config.duplicate-element", verdict.Fail
				x.saw = fmt.Sprintf("a second <Cluster> in <%s>: it takes the place of the one at line %d", c.Container, d.Self.at().Line)
				x.fix = []string{"leave one of them"}
			case same:
				x.status = verdict.Fail
				x.saw = fmt.Sprintf("this cluster and the one at line %d both run, with one group and port: each takes the other for a member (\"Context manager doesn't exist\")", d.Self.at().Line)
				x.fix = []string{"leave one of them, or give each a group of its own"}
			default:
				x.saw = fmt.Sprintf("this cluster and the one at line %d both run in one Tomcat", d.Self.at().Line)
			}
			f.report(x)
		}
	}
}

// ports finds TCP ports that two parts of one Tomcat want. Connectors bind
// first, then the receivers; the shutdown port last.
func (f *File) ports() {
	for i, p := range f.Ports {
		for _, q := range f.Ports[:i] {
			if p.Number == q.Number && overlap(p.Address, q.Address) {
				f.report(finding{id: "config.port-conflict", status: verdict.Fail, at: p.Position,
					saw: fmt.Sprintf("%s and %s (line %d) both want port %d; the one that comes second does not get it (\"Address already in use\")", p.What, q.What, q.Line, p.Number),
					fix: []string{"give one of them another port"}})
			}
		}
	}
	for i, c := range f.Clusters {
		port, ok := c.Receiver.num("port")
		if !ok || port <= 0 {
			continue
		}
		tries, ok := c.Receiver.num("autoBind")
		tries = max(tries, 1)
		if !ok {
			continue
		}
		at := (lint{File: f, Cluster: c}).at(&c.Receiver, "port")
		for _, p := range f.Ports {
			if p.Number == port && p.What != "shutdown" && overlap(p.Address, receiverHost(c)) {
				f.report(receiverConflict(c, at, port, tries, fmt.Sprintf("%s (line %d)", p.What, p.Line)))
			}
		}
		for _, d := range f.Clusters[:i] {
			if q, ok := d.Receiver.num("port"); ok && q == port && tries == 1 && overlap(receiverHost(c), receiverHost(d)) {
				f.report(receiverConflict(c, at, port, tries, fmt.Sprintf("the receiver of the cluster at line %d", d.Self.at().Line)))
			}
		}
	}
}

func receiverHost(c *Cluster) string {
	if a := c.Receiver.text("address"); a != "auto" {
		return a
	}
	return ""
}

func receiverConflict(c *Cluster, at Position, port, tries int64, with string) finding {
	x := finding{id: "config.port-conflict", status: verdict.Fail, at: at, in: &c.Receiver,
		evidence: attributes(&c.Receiver, "port", "autoBind"), fix: []string{`port="4000"`},
		saw: fmt.Sprintf("the receiver wants port %d, which %s has; Tomcat does not start (\"Address already in use\")", port, with)}
	if tries > 1 {
		x.id, x.status = "tribes.receiver-port", verdict.Warn
		x.saw = fmt.Sprintf("the receiver wants port %d, which %s has; it goes on to the next free one up to %d, and no firewall rule for %d fits", port, with, port+tries-1, port)
	}
	return x
}

// overlap reports whether sockets on a and b ("" is every address) can collide.
func overlap(a, b string) bool {
	every := func(s string) bool {
		ip, ok := address(s)
		return s == "" || ok && ip.IsUnspecified()
	}
	loop := func(s string) bool {
		ip, ok := address(s)
		return strings.EqualFold(s, "localhost") || ok && ip.IsLoopback()
	}
	return every(a) || every(b) || a == b || loop(a) && loop(b)
}
