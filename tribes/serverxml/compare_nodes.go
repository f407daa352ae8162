package serverxml

import (
	"bytes"
	"fmt"

	"muster/internal/verdict"
)

// What two nodes must not have in common, and what only shows between them.

// keys compares the keys themselves, which are never shown: nothing is derived
// from them either, since a short one could be guessed by it.
func keys(nodes []member) []Finding {
	return append(sameKey(nodes, encrypter, "encryptionKey"), sameKey(nodes, channel, "pskKey")...)
}

func sameKey(nodes []member, part func(*Cluster) *Component, name string) []Finding {
	var out []Finding
	var first member
	var want []byte
	for _, n := range nodes {
		k, ok := part(n.Cluster).Attribute(name)
		if !ok || !k.Known() || k.secret == "" {
			continue
		}
		key, err := parseKey(k.secret)
		switch {
		case err != nil:
		case want == nil:
			want, first = key, n
		case !bytes.Equal(key, want):
			at := (lint{File: n.File, Cluster: n.Cluster}).at(part(n.Cluster), name)
			out = append(out, n.File.finding(finding{id: "tribes.key-mismatch", status: verdict.Fail, at: at,
				saw: fmt.Sprintf("%s is another one than in %s: they see each other and cannot read each other's messages", name, first.File.Name),
				fix: []string{"the same " + name + " on every node"}}))
		}
	}
	return out
}

// silence compares how often one is heard of with how long another waits.
func silence(nodes []member) []Finding {
	var out []Finding
	for _, n := range nodes {
		drop, ok := n.Membership.num("dropTime")
		if !ok || !n.Membership.is(mcastService) {
			continue
		}
		for _, m := range nodes {
			f, ok := m.Membership.num("frequency")
			own, _ := n.Membership.num("frequency")
			if ok && m.Membership.is(mcastService) && f >= drop && own < drop {
				at := (lint{File: n.File, Cluster: n.Cluster}).at(&n.Membership, "dropTime")
				out = append(out, n.File.finding(finding{id: "tribes.drop-time", status: verdict.Fail, at: at,
					saw: fmt.Sprintf("members may be silent for %d ms here, and %s sends a heartbeat every %d ms: it expires between any two", drop, m.File.Name, f),
					fix: []string{"the same frequency and dropTime on every node"}}))
			}
		}
	}
	return out
}

// same finds what must be another on each node and is not.
func same(nodes []member) []Finding {
	var out []Finding
	for i, n := range nodes {
		for _, m := range nodes[:i] {
			out = append(out, n.twin(m)...)
		}
	}
	return out
}

func (n member) twin(m member) []Finding {
	var out []Finding
	l := lint{File: n.File, Cluster: n.Cluster}
	if r, q := n.engine.JvmRoute, m.engine.JvmRoute; r.Text != "" && r.Text == q.Text && r.Known() && q.Known() {
		at := n.engine.Position
		if r.Position != nil {
			at = *r.Position
		}
		out = append(out, n.File.finding(finding{id: "config.same", status: verdict.Fail, at: at,
			saw: fmt.Sprintf("jvmRoute %q is that of %s too: a balancer cannot tell the two apart", cut(r.Text), m.File.Name),
			fix: []string{"another jvmRoute on each node"}}))
	}
	a, ok := address(n.Receiver.text("address"))
	b, _ := address(m.Receiver.text("address"))
	if ok && a == b && n.Receiver.text("port") == m.Receiver.text("port") && !a.IsUnspecified() {
		x := finding{id: "tribes.duplicate-id", status: verdict.Fail, at: l.at(&n.Receiver, "address"), in: &n.Receiver,
			evidence: attributes(&n.Receiver, "address", "port"), fix: []string{"the node's own address on each"},
			saw: fmt.Sprintf("the receiver has the address and port of the one in %s: one of the two cannot be right", m.File.Name)}
		if tries, ok := n.Receiver.num("autoBind"); ok && tries > 1 {
			x.status, x.confidence = verdict.Warn, verdict.Likely
			x.saw = fmt.Sprintf("the receiver has the address and port of the one in %s: right only for two Tomcats of one host, where the second goes on to the next port", m.File.Name)
		}
		out = append(out, n.File.finding(x))
	}
	if p, q := n.local(), m.local(); p != nil && q != nil {
		if id := idOf(p); id != zeroes && id == idOf(q) && !heals(&n.Membership) {
			out = append(out, n.File.finding(finding{id: "tribes.duplicate-id", status: verdict.Warn, at: l.at(p, "uniqueId"), in: p, evidence: attributes(p, "uniqueId"),
				saw: fmt.Sprintf("the <LocalMember> has the uniqueId of the one in %s: address and port alone tell them apart", m.File.Name),
				fix: []string{"another uniqueId for each node"}}))
		}
	}
	return append(append(out, n.lists(m)...), m.lists(n)...)
}

// local is the node's own member, where members are listed.
func (n member) local() *Component {
	lists := []*Component{&n.Membership}
	if s, _ := n.interceptor(staticInterceptor); s != nil {
		lists = append(lists, s)
	}
	for _, list := range lists {
		for i := range list.Members {
			if list.Members[i].Element == "LocalMember" {
				return &list.Members[i]
			}
		}
	}
	return nil
}

// lists checks that n's list of members has m in it, as m describes itself.
func (n member) lists(m member) []Finding {
	list := &n.Membership
	if s, _ := n.interceptor(staticInterceptor); s != nil {
		list = s
	}
	host, ok := address(m.Receiver.text("address"))
	if len(list.Members) == 0 || !ok {
		return nil
	}
	for i := range list.Members {
		e := &list.Members[i]
		a, literal := address(e.text("host"))
		if !literal || e.Element == "LocalMember" {
			if !literal && e.Element != "LocalMember" {
				return nil // a name: it may be m
			}
			continue
		}
		if a != host || e.text("port") != m.Receiver.text("port") {
			continue
		}
		own := m.local()
		if own == nil || idOf(own) == idOf(e) || heals(list) {
			return nil
		}
		return []Finding{n.File.finding(finding{id: "config.static-member", status: verdict.Warn, at: (lint{File: n.File, Cluster: n.Cluster}).at(e, "uniqueId"),
			in: e, evidence: attributes(e, "uniqueId"),
			saw: fmt.Sprintf("this member has another uniqueId here than in its own file %s: it is not recognised when it speaks, and taken in some seconds later, after a look at its receiver", m.File.Name),
			fix: []string{fmt.Sprintf("uniqueId=%q", own.text("uniqueId"))}})}
	}
	status, effect := verdict.Fail, "sessions go one way only"
	if heals(list) {
		status, effect = verdict.Warn, "it is taken in when it asks, some seconds later; until then a start gets no sessions from it"
	}
	return []Finding{n.File.finding(finding{id: "config.static-member", status: status, at: list.at(),
		saw: fmt.Sprintf("no <Member> with the address and port of %s (%s port %s): %s", m.File.Name, host, m.Receiver.text("port"), effect),
		fix: []string{fmt.Sprintf("<Member className=%q host=%q port=%q uniqueId=.../>", staticMember, host, m.Receiver.text("port"))}})}
}
