package products

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"muster/internal/verdict"
)

// exclusive are the products of which one group is for one cluster; the others keep
// several apart by design (discovery groups, domains).
var exclusive = map[string]bool{"JGroups": true, "Hazelcast": true}

// quiet is how long members of a product may say nothing while they are there:
// Hazelcast's ask when they start, and then speak only when somebody else asks.
var quiet = map[string]time.Duration{"Hazelcast": 10 * time.Minute}

// together tells whether two members were there at the same time: a file that was put
// together from two recordings has one after the other.
func (m *Member) together(o *Member) bool { return m.stay().overlap(o.stay()) > 0 }

// heardTogether is together by what was heard alone.
func (m *Member) heardTogether(o *Member) bool {
	return span{m.First, m.Last, 1}.overlap(span{o.First, o.Last, 1}) > 0
}

// stay is from the first to the last packet, and on for as long as members are quiet.
func (m *Member) stay() span {
	s := span{m.First, m.Last, 1}
	if m.Gone == 0 {
		s.last += int64(quiet[m.Product])
	}
	return s
}

// shared returns a group and port that both send to.
func (m *Member) shared(o *Member) (netip.AddrPort, bool) {
	for _, g := range m.Groups {
		if slices.Contains(o.Groups, g) {
			return g, true
		}
	}
	return netip.AddrPort{}, false
}

// pair finds two members of a and b that were there together and send to one place.
func pair(a, b *Cluster, fits func(x, y *Member) bool) (x, y *Member, place netip.AddrPort, ok bool) {
	for _, x := range a.Members {
		for _, y := range b.Members {
			if place, ok := x.shared(y); ok && x != y && x.together(y) && fits(x, y) {
				return x, y, place, true
			}
		}
	}
	return nil, nil, place, false
}

func (j *judge) twoClusters() {
	for i, a := range j.clusters {
		for _, b := range j.clusters[i+1:] {
			if a.Product != b.Product || !exclusive[a.Product] || a.Name == "" || b.Name == "" {
				continue
			}
			x, y, place, ok := pair(a, b, func(x, y *Member) bool { return x.Source() != y.Source() || x.heardTogether(y) })
			if !ok {
				continue
			}
			what := "every member reads the other cluster's packets only to throw them away"
			if a.Product == "JGroups" {
				what += " (its log says JGRP000012)"
			} else {
				what = "they do not meet, and neither logs a word about it; one that was meant for the other cluster stays alone"
			}
			sure := verdict.Definite
			if !x.heardTogether(y) {
				sure = verdict.Likely
			}
			j.add("peer.two-clusters", verdict.Warn, sure, place.String(),
				fmt.Sprintf("the %s clusters %s (%s) and %s (%s) share %s: %s", a.Product, a.Name, x.Title(), b.Name, y.Title(), place, what),
				verdict.Fix("a group or port of its own for each cluster; the same name if they were meant to be one"))
		}
	}
}

// series is the part of a release that has to be equal, and whether another one makes
// it impossible to talk or only unwise.
func series(release string) (major, minor string, ok bool) {
	parts := strings.Split(release, ".")
	if len(parts) < 2 || strings.HasPrefix(release, "build") {
		return "", "", false
	}
	return parts[0], parts[1], true
}

func (j *judge) releaseMix() {
	for _, c := range j.clusters {
		if !exclusive[c.Product] {
			continue
		}
		told := map[string]bool{}
		for i, x := range c.Members {
			for _, y := range c.Members[i+1:] {
				place, ok := x.shared(y)
				if ok && x.together(y) && x.Release != y.Release && (x.Source() != y.Source() || x.heardTogether(y)) {
					j.mixed(c, x, y, place, told)
				}
			}
		}
	}
}

func (j *judge) mixed(c *Cluster, x, y *Member, place netip.AddrPort, told map[string]bool) {
	xMajor, xMinor, ok1 := series(x.Release)
	yMajor, yMinor, ok2 := series(y.Release)
	old := strings.HasPrefix(x.Release, "build") != strings.HasPrefix(y.Release, "build")
	both := fmt.Sprintf("%s and %s", x.Release, y.Release)
	switch {
	case told[both] || !(ok1 && ok2 || old):
		return
	case xMajor == yMajor && xMinor == yMinor && !old:
		return
	}
	told[both] = true
	sure := verdict.Likely
	if !x.heardTogether(y) {
		sure = verdict.Hint // the first may have been stopped before the second was started
	}
	status, what := verdict.Fail, "neither reads the other's packets (JGRP000010 in its log)"
	if c.Product == "Hazelcast" {
		what = "the one that comes second is refused by the master and shuts down"
		if xMajor == yMajor && !old {
			status, what = verdict.Warn, "only a rolling upgrade of the enterprise edition may mix them"
		}
	}
	if sure == verdict.Hint {
		status = verdict.Warn
	}
	j.add("peer.release-mix", status, sure, place.String(),
		fmt.Sprintf("%s %s (%s) and %s (%s) are in the cluster %s on %s: %s", c.Product, x.Release, x.Title(), y.Release, y.Title(), c.Name, place, what),
		verdict.Fix("the same "+c.Product+" release on every member"))
}

// addressed are the products whose members connect to the address that one announces.
var addressed = map[string]bool{"JGroups": true, "Hazelcast": true, "Ehcache": true, "ActiveMQ": true, "Jini": true}

// host is the host of an announced address: "10.0.0.1:5701" or "tcp://host1:61616".
func host(address string) string {
	if strings.Contains(address, "://") {
		if u, err := url.Parse(address); err == nil {
			return u.Hostname()
		}
	}
	if ap, err := netip.ParseAddrPort(address); err == nil {
		return ap.Addr().String()
	}
	if i := strings.LastIndexByte(address, ':'); i > 0 {
		return address[:i]
	}
	return address
}

func (j *judge) addresses() {
	for _, c := range j.clusters {
		for _, m := range c.Members {
			if !addressed[m.Product] || m.Address == "" || m.Source().IsLoopback() {
				continue
			}
			h := host(m.Address)
			a, err := netip.ParseAddr(h)
			switch {
			case h == "localhost" || err == nil && a.IsLoopback():
				j.add("peer.address", verdict.Fail, verdict.Definite, m.Title(),
					fmt.Sprintf("%s at %s announces %s: whoever is told so connects to itself", m.Product, m.Source(), m.Address),
					verdict.Fix("bind the member to the address of its network interface, and check what its host name means in /etc/hosts"))
			case err == nil && !a.IsUnspecified() && !slices.Contains(m.Sources, a):
				j.add("peer.address", verdict.Warn, verdict.Hint, m.Title(),
					fmt.Sprintf("%s announces %s but sends from %s: others connect to the announced one", m.Product, m.Address, m.Source()),
					verdict.Fix("bind the member to one address; with address translation between them, set the external address on purpose"))
			}
		}
	}
}

// duplicates: several senders, several hardware addresses, one announced address.
func (j *judge) duplicates() {
	for _, c := range j.clusters {
		if !addressed[c.Product] {
			continue
		}
		for i, x := range c.Members {
			for _, y := range c.Members[i+1:] {
				if x.Address == "" || x.Address != y.Address || x.Source() == y.Source() || x.mac == y.mac || !x.together(y) || x.Role != y.Role {
					continue
				}
				j.add("peer.duplicate-address", verdict.Fail, verdict.Likely, x.Address,
					fmt.Sprintf("%s and %s both announce %s as their address: whoever connects reaches one of them", x.Source(), y.Source(), x.Address),
					verdict.Fix("an address of its own in each configuration: a host name that every host resolves to itself is none"))
			}
		}
	}
}

// apart is how long members that see each other need at most to become one view:
// MERGE3 speaks every 10 to 30 s, and a merge follows.
const apart = 90 * time.Second

// alone: members of one JGroups cluster whose views stay different, or two masters of
// one Hazelcast cluster.
func (j *judge) alone() {
	for _, c := range j.clusters {
		least := apart
		if c.Product == "Hazelcast" {
			least = 5 * time.Second
		}
		x, y, _, ok := pair(c, c, func(x, y *Member) bool {
			return x.view != "" && y.view != "" && x.view != y.view && x.in.overlap(y.in) >= least
		})
		if !ok {
			continue
		}
		j.add("peer.alone", verdict.Warn, verdict.Likely, c.Name,
			fmt.Sprintf("%s and %s of the %s cluster %s both speak and do not become one: each has a view of its own", x.Title(), y.Title(), c.Product, c.Name),
			verdict.Next("muster mesh "+groupOf(x)+" on both hosts; then whether each reaches the other's announced port"))
	}
}

// ports: one cluster, one group, unlike ports.
func (j *judge) ports() {
	for _, c := range j.clusters {
		if !addressed[c.Product] || c.Product == "Jini" {
			continue
		}
		for i, x := range c.Members {
			k := slices.IndexFunc(c.Members[i+1:], func(y *Member) bool {
				_, same := x.shared(y)
				return !same && x.together(y) && len(x.Groups) > 0 && len(y.Groups) > 0 && x.Groups[0].Addr() == y.Groups[0].Addr()
			})
			if k < 0 {
				continue
			}
			y := c.Members[i+1+k]
			j.add("sock.port-mismatch", verdict.Warn, verdict.Likely, x.Groups[0].Addr().String(),
				fmt.Sprintf("%s of %s sends to %s, %s to %s: with unlike ports they do not hear each other", x.Title(), c.Product, x.Groups[0], y.Title(), y.Groups[0]),
				verdict.Fix("the same group and port in every member's configuration"))
			break
		}
	}
}

// domains: participants of DDS each alone in a domain.
func (j *judge) domains() {
	var lonely []string
	var first *Member
	for _, c := range j.clusters {
		if c.Product != "DDS/RTPS" || c.Name == "" {
			continue
		}
		if len(c.Members) > 1 {
			return // somebody meets somebody
		}
		m := c.Members[0]
		if first == nil {
			first = m
		} else if !first.together(m) {
			continue
		}
		lonely = append(lonely, fmt.Sprintf("%s (%s) in domain %s", m.Title(), m.Source(), c.Name))
	}
	if len(lonely) < 2 {
		return
	}
	j.add("dds.domains", verdict.Warn, verdict.Hint, "",
		fmt.Sprintf("each participant is alone in its domain: %s; who is in another domain is never found", strings.Join(lonely, ", ")),
		verdict.Fix("the same domain id in each (ROS 2: ROS_DOMAIN_ID), unless they are kept apart on purpose"))
}
