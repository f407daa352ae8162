package analysis

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"muster/internal/escape"
	"muster/internal/verdict"
)

// Cluster is the members that share network, group, port and domain.
type Cluster struct {
	Link    Link // that stands for the network
	Group   netip.AddrPort
	Domain  string
	Members []*Member
}

// Clusters lists the clusters, by group, domain and network.
func (a *Analysis) Clusters() []*Cluster {
	type key struct {
		link   Link
		group  netip.AddrPort
		domain string
	}
	found := map[key]*Cluster{}
	for _, m := range a.HeardMembers() {
		for _, g := range m.Groups.List() {
			k := key{a.networkOf(m.link()), g, string(m.Record.Domain)}
			if found[k] == nil {
				found[k] = &Cluster{Link: k.link, Group: g, Domain: k.domain}
			}
			found[k].Members = append(found[k].Members, m)
		}
	}
	return slices.SortedFunc(maps.Values(found), func(x, y *Cluster) int {
		if c := x.Group.Compare(y.Group); c != 0 {
			return c
		}
		return cmp.Or(strings.Compare(x.Domain, y.Domain), compareLinks(x.Link, y.Link))
	})
}

func domainText(d string) string {
	if d == "" {
		return "no domain"
	}
	return `domain "` + escape.Text(d) + `"`
}

// twoClusters: clusters in each other's way, by domain on one group, or by group
// on one port. Domains that differ in case or blanks only are one cluster that
// does not find itself.
func (j *judge) twoClusters() {
	const id = "tribes.two-clusters"
	clusters := j.Clusters()
	for _, link := range j.clusterLinks(clusters) {
		j.clustersOn(slices.DeleteFunc(slices.Clone(clusters), func(c *Cluster) bool { return c.Link != link }))
	}
	if len(clusters) > 0 && !j.bad(id) {
		j.pass(id, "one cluster on %[2]s: %[1]s", some(len(j.heard), "member"), clusters[0].Group)
	}
}

// clusterLinks are the networks that have members: clusters on different ones are not
// in each other's way.
func (j *judge) clusterLinks(clusters []*Cluster) []Link {
	var out []Link
	for _, c := range clusters {
		if !slices.Contains(out, c.Link) {
			out = append(out, c.Link)
		}
	}
	return out
}

func (j *judge) clustersOn(clusters []*Cluster) {
	const id = "tribes.two-clusters"
	byGroup := map[netip.AddrPort][]*Cluster{}
	byPort := map[uint16][]netip.AddrPort{}
	for _, c := range clusters {
		if len(byGroup[c.Group]) == 0 {
			byPort[c.Group.Port()] = append(byPort[c.Group.Port()], c.Group)
		}
		byGroup[c.Group] = append(byGroup[c.Group], c)
	}
	ports := map[netip.Addr][]uint16{}
	for _, g := range slices.SortedFunc(maps.Keys(byGroup), netip.AddrPort.Compare) {
		ports[g.Addr()] = append(ports[g.Addr()], g.Port())
		list := byGroup[g]
		if len(list) < 2 {
			continue
		}
		var parts []string
		folded := map[string]bool{}
		for _, c := range list {
			parts = append(parts, fmt.Sprintf("%d with %s", len(c.Members), domainText(c.Domain)))
			folded[strings.ToLower(strings.TrimSpace(c.Domain))] = true
		}
		saw := fmt.Sprintf("members on %s: %s", g, strings.Join(parts, ", "))
		if len(folded) < len(list) {
			j.add("tribes.domain-filter", verdict.Warn, verdict.Likely, g.String(),
				saw+": with a DomainFilterInterceptor they refuse each other", verdict.Fix("the same domain on all nodes"))
		}
		if len(folded) > 1 {
			j.add(id, verdict.Warn, verdict.Definite, g.String(), saw,
				verdict.Fix("a group or port of its own for each cluster, or a DomainFilterInterceptor on all nodes"))
		}
	}
	for _, port := range slices.Sorted(maps.Keys(byPort)) {
		if groups := byPort[port]; len(groups) > 1 {
			j.add(id, verdict.Warn, verdict.Definite, fmt.Sprintf("port %d", port),
				fmt.Sprintf("members of %d groups share port %d: %s; on one host, sockets of the one hear the other (IP_MULTICAST_ALL)", len(groups), port, texts(groups)),
				verdict.Fix("a port of its own for each cluster"))
		}
	}
}

// portMismatch: heartbeats to one group on two ports.
func (j *judge) portMismatch() {
	type place struct {
		link  Link
		group netip.Addr
	}
	ports := map[place][]uint16{}
	for _, m := range j.heard {
		for _, g := range m.Groups.List() {
			k := place{j.networkOf(m.link()), g.Addr()}
			if !slices.Contains(ports[k], g.Port()) {
				ports[k] = append(ports[k], g.Port())
			}
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(ports), func(x, y place) int {
		return cmp.Or(x.group.Compare(y.group), compareLinks(x.link, y.link))
	}) {
		if p := ports[k]; len(p) > 1 {
			slices.Sort(p)
			j.add("sock.port-mismatch", verdict.Fail, verdict.Definite, k.group.String(),
				fmt.Sprintf("heartbeats go to %s on the ports %s: these members do not hear each other", k.group, strings.Trim(fmt.Sprint(p), "[]")),
				verdict.Fix("the same address and port in every server.xml"))
		}
	}
}

// vlanMismatch: members of one cluster in two VLANs. That they are one cluster is
// known where one sends messages to another; a single one in a VLAN makes one ask.
func (j *judge) vlanMismatch() {
	const id = "iface.vlan-mismatch"
	fix := verdict.Fix("put all nodes into one VLAN")
	type key struct {
		group  netip.AddrPort
		domain string
	}
	byKey := map[key][]*Cluster{}
	for _, c := range j.Clusters() {
		k := key{c.Group, c.Domain}
		byKey[k] = append(byKey[k], c)
	}
	for _, k := range slices.SortedFunc(maps.Keys(byKey), func(x, y key) int {
		return cmp.Or(x.group.Compare(y.group), strings.Compare(x.domain, y.domain))
	}) {
		list := byKey[k]
		var names []string
		alone := false
		for _, c := range list {
			name := "untagged"
			if c.Link.VLAN != 0 {
				name = fmt.Sprint(c.Link.VLAN)
			}
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
			alone = alone || len(c.Members) == 1
		}
		if len(names) < 2 {
			continue
		}
		if x, y := j.talkAcross(list); x != nil {
			j.add(id, verdict.Fail, verdict.Likely, k.group.String(),
				fmt.Sprintf("heartbeats to %s come in the VLANs %s, and %s sends messages to %s: they are one cluster", k.group, strings.Join(names, ", "), x.Name(), y.Name()), fix)
		} else if alone {
			j.add(id, verdict.Warn, verdict.Hint, k.group.String(),
				fmt.Sprintf("heartbeats to %s come in the VLANs %s, in one of them of a single member: it sits in the wrong VLAN, or these are two clusters", k.group, strings.Join(names, ", ")), fix)
		}
	}
}

// talkAcross finds a member that sends messages to one on another network.
func (j *judge) talkAcross(list []*Cluster) (from, to *Member) {
	for _, c := range list {
		for _, m := range c.Members {
			ap, _ := m.Record.AddrPort()
			r := j.Receivers[ap]
			if r == nil {
				continue
			}
			for _, other := range list {
				for _, n := range other.Members {
					if other.Link.VLAN != c.Link.VLAN && slices.ContainsFunc(n.Sources.List(), r.From.has) {
						return n, m
					}
				}
			}
		}
	}
	return nil, nil
}

// keyMismatch: some encrypt and others do not, or keys or algorithms differ.
func (j *judge) keyMismatch() {
	const id = "tribes.key-mismatch"
	var secret, plain, locked []string
	ciphers := map[string][]string{}
	for _, m := range append(append([]*Member{}, j.heard...), j.silent...) {
		k := m.Talk.Kinds
		var opened uint64
		own := map[string]bool{}
		for s, n := range m.Talk.Sealed {
			opened += n
			own[s.Algorithm] = true
		}
		for name := range own {
			ciphers[name] = append(ciphers[name], m.Name())
		}
		if k["encrypted"] > 0 || opened > 0 {
			secret = append(secret, m.Name())
		}
		if k["java"]+k["session"]+k["rpc"]+k["map"]+k["static_member"]+k["file"]+k["undeploy"] > opened {
			plain = append(plain, m.Name())
		}
		if m.Talk.Undecrypted > 0 {
			locked = append(locked, m.Name())
		}
	}
	fix := verdict.Fix("the same EncryptInterceptor with the same encryptionKey and encryptionAlgorithm on all nodes, changed while the cluster is stopped")
	switch {
	case len(secret) > 0 && len(plain) > 0:
		j.add(id, verdict.Fail, verdict.Likely, strings.Join(append(append([]string{}, secret...), plain...), ", "),
			fmt.Sprintf("%s sends encrypted messages, %s sends readable ones: they list each other as members and replicate nothing", strings.Join(secret, ", "), strings.Join(plain, ", ")), fix)
	case len(locked) > 0:
		j.add(id, verdict.Fail, verdict.Likely, strings.Join(locked, ", "),
			fmt.Sprintf("the given key does not open messages of %s", strings.Join(locked, ", ")), fix)
	case len(ciphers) > 1:
		var parts []string
		for name, members := range ciphers {
			parts = append(parts, fmt.Sprintf("%s encrypts with %s", strings.Join(members, ", "), name))
		}
		slices.Sort(parts)
		j.add(id, verdict.Fail, verdict.Definite, strings.Join(secret, ", "), strings.Join(parts, ", ")+": neither can read the other's messages", fix)
	case len(secret) > 0:
		if blocks, stream := j.blockwise(); blocks != "" {
			j.add(id, verdict.Fail, verdict.Likely, blocks+", "+stream,
				fmt.Sprintf("the encrypted messages of %s are whole blocks, as with AES/CBC, those of %s are not, as with AES/GCM: neither can read the other's", blocks, stream), fix)
			return
		}
		j.pass(id, "every member that sent messages encrypts them")
	case len(plain) > 0:
		j.pass(id, "no member that sent messages encrypts them")
	}
}

// enoughBlocks is of how many lengths a member's encrypted messages must be, all of
// them whole blocks: by chance one in 65536 would be so.
const enoughBlocks = 4

// blockwise finds, without a key, members that encrypt in whole blocks and members that
// do not.
func (j *judge) blockwise() (blocks, stream string) {
	for _, m := range append(append([]*Member{}, j.heard...), j.silent...) {
		switch t := &m.Talk; {
		case t.odd > 0:
			stream = cmp.Or(stream, m.Name())
		case len(t.blocks.list) >= enoughBlocks:
			blocks = cmp.Or(blocks, m.Name())
		}
	}
	if blocks == "" || stream == "" {
		return "", ""
	}
	return blocks, stream
}

// malformed: what no Tomcat can read comes to the place of heartbeats.
func (j *judge) malformed() {
	const id = "tribes.malformed"
	if j.MalformedTotal > 0 {
		x := j.Malformed[0]
		j.add(id, verdict.Warn, verdict.Definite, x.Destination.String(),
			fmt.Sprintf("%d datagrams begin as heartbeats and cannot be read; the first is packet %d from %s: %s", j.MalformedTotal, x.Packet, x.Source, x.Reason),
			evidence("first bytes", "%x", x.First))
	}
	for _, g := range j.SortedGroups() {
		if n := g.Foreign(); g.Heartbeats > 0 && n > 0 {
			j.add(id, verdict.Warn, verdict.Definite, g.Addr.String(),
				fmt.Sprintf("%d datagrams of something else (%s) come to %s, where heartbeats go", n, strings.Join(others(g.Protocols.List()), ", "), g.Addr),
				verdict.Fix("a group and port of its own for the other sender"))
		}
	}
	if len(j.heard) > 0 && !j.bad(id) {
		j.pass(id, "all that came to the members' group are heartbeats that can be read")
	}
}

func others(protocols []string) []string {
	var out []string
	for _, p := range protocols {
		if !strings.HasPrefix(p, "tribes.") && p != "fragment" {
			out = append(out, p)
		}
	}
	return out
}

// exposedPort: somebody who speaks no Tribes talks to a receiver.
func (j *judge) exposedPort() {
	for _, r := range j.SortedReceivers() {
		if r.Foreign > 0 {
			j.add("tribes.exposed-port", verdict.Warn, verdict.Hint, r.Addr.String(),
				fmt.Sprintf("%d connections to %s, the last from %s, speak something other than Tribes", r.Foreign, r.Addr, r.ForeignFrom),
				verdict.Fix("let only the members' addresses reach the receiver's port"))
		}
	}
}

// load: acks come late, or never.
func (j *judge) load() {
	const id = "tribes.load"
	due := uint64(0)
	for _, r := range j.SortedReceivers() {
		due += r.AcksDue
		if bad := r.AcksLate + r.AcksMissing; bad >= 3 && 20*bad >= r.AcksDue {
			j.add(id, verdict.Warn, verdict.Hint, r.Addr.String(),
				fmt.Sprintf("of %d messages that asked %s for an ack, %d got it later than 3 s and %d never", r.AcksDue, r.Addr, r.AcksLate, r.AcksMissing),
				evidence("slowest ack", "%s", span(int64(r.Latency.Longest))), verdict.Fix("maxThreads of the Receiver, smaller sessions, BackupManager"))
		}
	}
	if due > 0 && !j.bad(id) {
		j.pass(id, "%s asked for an ack and got it", some(int(due), "message"))
	}
}
