package analysis

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"muster/internal/verdict"
	"muster/tribes"
)

// advertisesLoopback: a member gives the others an address that leads to
// themselves, or nowhere.
func (j *judge) advertisesLoopback() {
	const id = "tribes.advertises-loopback"
	for _, m := range j.heard {
		a, ok := m.Record.Addr()
		if !ok || !unreachable(a) {
			continue
		}
		j.add(id, verdict.Fail, verdict.Definite, m.Name(),
			fmt.Sprintf("the heartbeats from %s tell the others to connect to %s, which is %s", texts(m.Sources.List()), m.Name(), whatIs(a)),
			evidence("unique id", "%s", m.Record.ID), evidence("source", "%s", texts(m.Sources.List())),
			verdict.Fix(fmt.Sprintf("<Receiver address=\"%s\"/> on that node, or its host name in /etc/hosts on that address", m.source())))
	}
	if len(j.heard) > 0 && !j.bad(id) {
		j.pass(id, "the advertised address of %s can be reached by others", all(len(j.heard), "member"))
	}
}

func unreachable(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsLoopback() || a.IsUnspecified() || a.IsLinkLocalUnicast()
}

func whatIs(a netip.Addr) string {
	switch a = a.Unmap(); {
	case a.IsLoopback():
		return "each host's own loopback"
	case a.IsUnspecified():
		return "no address"
	}
	return "link-local, and the record carries no zone"
}

// sourceMismatch: the advertised address is another than the packets'.
func (j *judge) sourceMismatch() {
	const id = "tribes.source-mismatch"
	if net := j.replicationNet(); net.IsValid() {
		j.add(id, verdict.Pass, verdict.Likely, "",
			fmt.Sprintf("the heartbeats of %s come from other addresses than their receivers have, which are all in %s: a network of its own for replication", all(len(j.heard), "member"), net))
		return
	}
	same := 0
	for _, m := range j.heard {
		a, ok := m.Record.Addr()
		if !ok || unreachable(a) {
			continue
		}
		if m.Sources.has(a) || m.Sources.has(a.Unmap()) {
			same++
			continue
		}
		if a.Unmap().Is4() != m.source().Is4() || j.reached(m) {
			continue // of another family it has to be another one; and one that others connect to is right
		}
		j.add(id, verdict.Warn, verdict.Likely, m.Name(),
			fmt.Sprintf("the heartbeats of %s come from %s: replication takes another way than they do, which is right only if it is meant so", m.Name(), texts(m.Sources.List())),
			evidence("unique id", "%s", m.Record.ID), verdict.Fix("the same address in <Membership bind> and <Receiver address>"))
	}
	if same > 0 && !j.bad(id) {
		j.pass(id, "the heartbeats of %s come from the address that is advertised", all(same, "member"))
	}
}

// reached reports whether others talk with the receiver that m announces.
func (j *judge) reached(m *Member) bool {
	ap, _ := m.Record.AddrPort()
	r := j.Receivers[ap]
	return r != nil && (r.Answered > 0 || r.Acks > 0 || r.Waits.did > 0)
}

// replicationNet is the network in which the receivers of all members are, each with an address of its own, while
// their heartbeats come from another one: nobody sets several nodes so by mistake. It is invalid where that is not so.
func (j *judge) replicationNet() netip.Prefix {
	var net netip.Prefix
	seen := map[netip.Addr]bool{}
	for _, m := range j.heard {
		a, ok := m.Record.Addr()
		bits := 24
		if a = a.Unmap(); a.Is6() {
			bits = 64
		}
		p, err := a.Prefix(bits)
		if !ok || err != nil || unreachable(a) || seen[a] || net.IsValid() && p != net || slices.ContainsFunc(m.Sources.List(), p.Contains) {
			return netip.Prefix{}
		}
		net, seen[a] = p, true
	}
	if len(j.heard) < 2 {
		return netip.Prefix{}
	}
	return net
}

// noIPv4: heartbeats without a source address.
func (j *judge) noIPv4() {
	for _, m := range j.heard {
		if m.Sources.has(netip.IPv4Unspecified()) {
			j.add("iface.no-ipv4", verdict.Warn, verdict.Definite, m.Name(),
				fmt.Sprintf("the heartbeats of %s carry the source 0.0.0.0: their interface has no IPv4 address", m.Name()))
		}
	}
}

// duplicateID: one id in two places, or two ids that take turns in one.
func (j *judge) duplicateID() {
	const id = "tribes.duplicate-id"
	ids := map[tribes.UniqueID]*Member{}
	places := map[string][]*Member{}
	for _, m := range j.heard {
		if m.twice() {
			j.add(id, verdict.Fail, verdict.Definite, m.Record.ID.String(),
				fmt.Sprintf("heartbeats of the id %s come from %s in turns, with alive times of two processes", m.Record.ID, texts(m.Sources.List())),
				verdict.Fix("give each node a unique id of its own (do not clone one with a fixed uniqueId)"))
		} else if first := ids[m.Record.ID]; first != nil && m.Record.ID != (tribes.UniqueID{}) { // Tomcat 5.5 has none
			j.add(id, verdict.Fail, verdict.Definite, m.Record.ID.String(),
				fmt.Sprintf("the id %s belongs to %s and to %s", m.Record.ID, first.Name(), m.Name()),
				verdict.Fix("give each node a unique id of its own (do not clone one with a fixed uniqueId)"))
		}
		ids[m.Record.ID] = m
		places[m.Name()] = append(places[m.Name()], m)
	}
	for _, m := range j.heard {
		list := places[m.Name()]
		if list[0] != m {
			continue
		}
		for _, n := range list[1:] {
			if n.First >= m.Last || n.Beats.count < 2 || m.Record.ID == n.Record.ID {
				continue // a restart
			}
			more := []verdict.Part{evidence("unique ids", "%s, %s", m.Record.ID, n.Record.ID)}
			if a, ok := m.Record.Addr(); ok && unreachable(a) {
				more = append(more, verdict.ID("tribes.advertises-loopback"))
			}
			j.add(id, verdict.Fail, verdict.Definite, m.Name(),
				fmt.Sprintf("two members advertise %s at the same time, from %s and %s", m.Name(), texts(m.Sources.List()), texts(n.Sources.List())), more...)
			break
		}
	}
	if len(j.heard) > 0 && !j.bad(id) {
		j.pass(id, "%s with an id and an address of its own", all(len(j.heard), "member"))
	}
}

// clockStep: a sender's clock jumped.
func (j *judge) clockStep() {
	const id = "tribes.clock-step"
	for _, m := range j.heard {
		if m.Steps > 0 && !m.twice() && !j.stepShared(m) {
			j.add(id, verdict.Warn, verdict.Likely, m.Name(),
				fmt.Sprintf("the alive time of %s went %+d ms beside the capture's clock from one heartbeat to the next: its clock, or that of the capturing host, was set", m.Name(), m.LargestStep),
				evidence("jumps", "%d", m.Steps), verdict.Fix("let chrony or ntpd slew the clock instead of stepping it"))
		}
	}
	if len(j.heard) > 0 && !j.bad(id) {
		j.pass(id, "the alive times of %s run with the capture's clock", all(len(j.heard), "member"))
	}
}

// sameStep is by how much, in ms, the same step may differ between two members.
const sameStep = 250

// stepShared: another member's clock went by as much. Two that are set alike at the same
// time are one clock: that of the capturing host, or of the machine that both run on.
func (j *judge) stepShared(m *Member) bool {
	for _, n := range j.heard {
		if d := n.LargestStep - m.LargestStep; n != m && n.Steps > 0 && max(d, -d) < sameStep {
			return true
		}
	}
	return false
}

// recovered: the membership service of a member has been through its recovery.
func (j *judge) recovered() {
	for _, m := range j.heard {
		if m.Recovered {
			j.add("tribes.not-joined", verdict.Warn, verdict.Likely, m.Name(),
				fmt.Sprintf("the alive time of %s counts from 1970: after ten errors its membership stopped and joined again", m.Name()),
				evidence("alive", "%d ms", m.Record.Alive))
		}
	}
}

// versionMix: Tomcat 6 and later ones do not understand each other, nor do those of 2026
// that encrypt a time stamp and those before them.
func (j *judge) versionMix() {
	const id = "tribes.version-mix"
	byGroup := map[netip.AddrPort]map[tribes.Generation]*Member{}
	for _, m := range j.heard {
		for _, g := range m.Groups.List() {
			if byGroup[g] == nil {
				byGroup[g] = map[tribes.Generation]*Member{}
			}
			byGroup[g][m.Record.Generation] = m
		}
	}
	for _, g := range j.SortedGroups() {
		forms := byGroup[g.Addr]
		if len(forms) < 2 {
			continue
		}
		var parts []string
		for _, f := range slices.Sorted(maps.Keys(forms)) {
			parts = append(parts, fmt.Sprintf("%s sends the heartbeats of %s", forms[f].Name(), f.Tomcat()))
		}
		j.add(id, verdict.Warn, verdict.Definite, g.Addr.String(),
			strings.Join(parts, ", ")+": neither takes the other's",
			verdict.Fix("one Tomcat generation in a cluster, or a group of its own for each"))
	}
	j.sealingMix(id)
	if len(j.heard) > 0 && !j.bad(id) {
		j.pass(id, "the heartbeats of %s are of one generation", all(len(j.heard), "member"))
	}
}

// sealingMix: the two forms of EncryptInterceptor, told by a key that opens both.
func (j *judge) sealingMix(id verdict.ID) {
	var parts, subject []string
	forms := map[bool]bool{}
	for _, m := range append(append([]*Member{}, j.heard...), j.silent...) {
		for s := range m.Talk.Sealed {
			forms[s.Stamped] = true
			parts = append(parts, fmt.Sprintf("%s encrypts with %s", m.Name(), s))
			subject = append(subject, m.Name())
		}
	}
	if len(forms) < 2 {
		return
	}
	slices.Sort(parts)
	slices.Sort(subject)
	j.add(id, verdict.Fail, verdict.Definite, strings.Join(slices.Compact(subject), ", "), strings.Join(parts, "; ")+": neither can read the other's messages",
		verdict.Fix("releases of one side of 9.0.119, 10.1.56 and 11.0.23 on all nodes; until then no EncryptInterceptor, all stopped before"))
}

// clockSkew compares the times that messages carry.
func (j *judge) clockSkew() {
	const id = "tribes.clock-skew"
	var low, high *Member
	encrypted := false
	for _, m := range j.latestSpeakers() {
		t := &m.Talk
		if t.timed == 0 {
			continue
		}
		encrypted = encrypted || t.Kinds["encrypted"] > 0 || len(t.Sealed) > 0
		if low == nil || t.Offset < low.Talk.Offset {
			low = m
		}
		if high == nil || t.Offset > high.Talk.Offset {
			high = m
		}
	}
	if low == nil || low == high {
		return
	}
	skew := high.Talk.Offset - low.Talk.Offset
	confidence := verdict.Likely
	if min(low.Talk.timed, high.Talk.timed) < 3 {
		confidence = verdict.Hint // a message carries the time when it was made, and may have waited
	}
	if skew <= sameClock {
		j.pass(id, "the times in the members' messages differ by %d ms at most", skew)
		return
	}
	if !j.sameTime(low, high) || j.late() {
		return
	}
	status := verdict.Warn
	if skew > 5000 && encrypted {
		status = verdict.Fail
	}
	j.add(id, status, confidence, low.Name()+", "+high.Name(),
		fmt.Sprintf("the clock of %s is %d ms behind that of %s, by the times in their messages", high.Name(), skew, low.Name()),
		evidence("messages", "%d and %d", high.Talk.timed, low.Talk.timed), verdict.Fix("run NTP or chrony on all nodes"))
}

// sameTime reports whether the messages by which the clock of low is ahead and those of high were
// captured by one clock: at the same time, or while the heartbeats of a member show that it was not set.
func (j *judge) sameTime(low, high *Member) bool {
	x, y := &low.Talk, &high.Talk
	if x.lowFirst <= y.lowLast && y.lowFirst <= x.lowLast {
		return true
	}
	from, to := min(x.lowFirst, y.lowFirst), max(x.lowLast, y.lowLast)
	return slices.ContainsFunc(j.heard, func(m *Member) bool {
		return m.Beats.filled > enough && m.Steps == 0 && m.First <= from && m.Last >= to
	})
}

// late reports whether so many segments had to be sent again that messages come late for it.
func (j *judge) late() bool {
	var again, all uint64
	for _, r := range j.SortedReceivers() {
		again += r.SentAgain + r.Gaps
		all += r.Segments
	}
	return again*againPart > all
}

// latestSpeakers are the members that sent messages, of each place the one that did last: the
// process before a restart says nothing of another host's clock that its successor does not.
func (j *judge) latestSpeakers() []*Member {
	byName := map[string]*Member{}
	for _, m := range append(append([]*Member{}, j.heard...), j.silent...) {
		if last := byName[m.Name()]; m.Talk.Messages > 0 && (last == nil || m.Talk.First > last.Talk.First) {
			byName[m.Name()] = m
		}
	}
	return slices.SortedFunc(maps.Values(byName), func(x, y *Member) int { return strings.Compare(x.Name(), y.Name()) })
}

// dualHomed: what goes to groups comes by two interfaces, and what goes to single hosts by
// one. A bridge and its ports, or a mirror port, show both twice.
func (j *judge) dualHomed() {
	const id = "iface.dual-homed"
	const few = 3
	if j.unicast < few {
		return // nothing tells the one from the other
	}
	for _, p := range j.seats {
		if p.First.Interface == p.Again.Interface || p.Hops > 0 || p.Unicast > 0 || p.Multicast < few {
			continue
		}
		x, y := j.linkName(Link{p.First.Interface, p.First.VLAN}), j.linkName(Link{p.Again.Interface, p.Again.VLAN})
		j.add(id, verdict.Warn, verdict.Likely, x+", "+y,
			fmt.Sprintf("%d datagrams to groups came by two interfaces, %s and %s, and none of %d packets to single hosts did: both are on one network", p.Multicast, x, y, j.unicast),
			verdict.Fix("join on one interface only"))
		return
	}
}

// redundant reports whether routers share addresses here: then those move by design.
// The groups are those of VRRP, of HSRP in its two versions, and of GLBP.
func (j *judge) redundant() bool {
	for k := range j.Groups {
		switch k.Addr().String() {
		case "224.0.0.18", "ff02::12", "224.0.0.102", "ff02::66":
			return true
		case "224.0.0.2":
			if k.Port() == 1985 {
				return true
			}
		}
	}
	return false
}

// duplicateIP: two hosts use one address. ARP says so where two hardware addresses
// claim it in turns; else two members with one source address and hardware
// addresses of their own do. Packets of one host with several hardware addresses, as bonding, a second
// interface or a router makes them, are no sign.
func (j *judge) duplicateIP() {
	const id = "addr.duplicate-ip"
	fix := verdict.Fix("change one of the two addresses, then: ip neigh flush all")
	for _, addr := range slices.SortedFunc(maps.Keys(j.ARP), netip.Addr.Compare) {
		if c := j.ARP[addr]; c.turns >= 3 && !j.redundant() {
			j.add(id, verdict.Fail, verdict.Likely, addr.String(),
				fmt.Sprintf("%s and %s claim %s in ARP in turns", c.macs[0], c.macs[1], addr), fix)
		}
	}
	for i, m := range j.heard {
		for _, n := range j.heard[i+1:] {
			if x, y := m.MACs.List(), n.MACs.List(); m.source() == n.source() && m.source().IsValid() && len(x) == 1 && len(y) == 1 && x[0] != y[0] &&
				min(m.Last, n.Last) > max(m.First, n.First)+second && !j.bad(id) {
				j.add(id, verdict.Fail, verdict.Likely, m.source().String(),
					fmt.Sprintf("two members send from %s at the same time, one always with the hardware address %s, the other with %s", m.source(), x[0], y[0]), fix)
			}
		}
	}
}
