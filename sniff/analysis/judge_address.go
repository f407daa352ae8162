package analysis

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"muster/internal/verdict"
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
