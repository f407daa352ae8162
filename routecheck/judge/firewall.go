package judge

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"muster/internal/verdict"
	"muster/routecheck/facts"
	"muster/routecheck/firewall"
)

// flow is the host's part in the cluster's traffic, for the firewall.
func (h *Host) flow() firewall.Flow {
	f := firewall.Flow{Device: device(h.Link), Group: h.Query.Group.WithZone(""), Port: h.Query.Port, TCPPort: h.Query.TCPPort,
		TCPLast: h.Query.LastTCPPort(), Self: h.Src, Bridge: h.Link.Kind == "bridge", Back: h.nearBack(),
		Plain: h.Firewall.Known() && len(h.Firewall.Value.IPsec) == 0}
	f.Protocol = routingGroups[f.Group].protocol
	if h.Query.Source.IsValid() {
		f.Peers = netip.PrefixFrom(h.Query.Source, h.Query.Source.BitLen())
		f.Back = h.wayBack(h.Query.Source)
	}
	for _, a := range h.Addrs.Value {
		f.Locals = append(f.Locals, a.Prefix.Addr())
	}
	if p, ok := h.Member(); ok {
		f.UID = p.UID
	}
	var lo, hi uint16
	if n, _ := fmt.Sscan(h.Sysctls["net.ipv4.ip_local_port_range"].Value, &lo, &hi); n == 2 && lo < hi {
		f.Ephemeral = [2]uint16{lo, hi}
	}
	for _, l := range h.Links.Value {
		if l.Master == h.Link.Index || l.Index == h.Link.Parent {
			f.Lower = append(f.Lower, device(l))
		}
	}
	return f
}

func device(l facts.Link) firewall.Device {
	return firewall.Device{Index: l.Index, Name: l.Name, Type: l.Type, Kind: l.Kind, Group: l.Group}
}

// ask walks packets through the firewall and says it in verdicts: subject names
// the packets, good and lost are the sentences for the two ends.
func (h *Host) ask(packets []firewall.Packet, good, lost string) []verdict.Verdict {
	switch {
	case !h.OK:
		return h.noLink()
	case !h.Firewall.Known():
		return h.noFirewall()
	}
	a := firewall.EvaluateAll(&h.Firewall.Value, packets)
	h.answers[a.Packet] = a
	return h.answered(a, packets, good, lost)
}

func (h *Host) answered(a firewall.Answer, packets []firewall.Packet, good, lost string) []verdict.Verdict {
	ev := []verdict.Evidence{evidence("firewall", fmt.Sprintf("%d chains, %d rules looked at", a.Chains, a.Steps), h.Firewall.From)}
	for _, r := range a.Rules {
		value := r.String()
		if r.Packets != nil {
			value += fmt.Sprintf(", %d packets so far", *r.Packets)
		}
		ev = append(ev, evidence("rule", value, h.Firewall.From))
	}
	fix := firewall.Allow(&h.Firewall.Value, packets)
	switch a.Verdict {
	case firewall.Drop:
		rule := a.Rules[0]
		v := bad(verdict.Fail, verdict.Definite, fmt.Sprintf("%s: %s is stopped by %s", lost, a.Packet, rule), fix, ev...)
		return v
	case firewall.Unknown:
		saw := fmt.Sprintf("whether %s gets through cannot be told", a.Packet)
		switch {
		case len(a.Rules) > 0 && a.Rules[0].Why != "":
			saw += fmt.Sprintf(": %s: %s", a.Rules[0], a.Rules[0].Why)
		case len(a.Rules) > 0:
			saw += fmt.Sprintf(": it hangs on %s", a.Rules[0])
		case len(a.Unread) > 0:
			saw += ": " + strings.Join(a.Unread, "; ")
		}
		v := unknown(saw, ev...)
		v[0].Fix = fix
		return v
	}
	if h.Link.XDP && inward(packets) { // facts of before the rules named programs
		return unknown(fmt.Sprintf("the rules let %s through, but an XDP program on %s sees it first", a.Packet, h.Link.Name), ev...)
	}
	return pass(good, ev...)
}

func (h *Host) noFirewall() []verdict.Verdict {
	switch {
	case h.OS == "windows":
		return skip("see fw.windows")
	case !h.linux():
		return unknown(fmt.Sprintf("muster does not walk the packet filter of %s (pfctl -sr shows its rules)", facts.OSName(h.OS)))
	}
	v := unknown("the firewall is not known: " + h.Firewall.Reason())
	v[0].Fix = []string{"run it as root, or: setcap cap_net_admin,cap_net_raw+ep $(command -v muster)"}
	return v
}

// inward: some of the packets come in.
func inward(ps []firewall.Packet) bool {
	return slices.ContainsFunc(ps, func(p firewall.Packet) bool { return p.Way == firewall.In })
}

// queries asks for IGMP queries. They come from a router or a switch, whose
// address is not known, or from 0.0.0.0, as bridges and many switches send them.
func (h *Host) queries(good, lost string) []verdict.Verdict {
	f := h.flow()
	first := h.ask([]firewall.Packet{f.QueryIn()}, good, lost)
	if !h.OK || !h.Firewall.Known() || first[0].Status == verdict.Fail {
		return first
	}
	f.Queriers, f.Whose = netip.PrefixFrom(netip.IPv4Unspecified(), 32), " from 0.0.0.0"
	zero := h.ask([]firewall.Packet{f.QueryIn()}, good, lost)
	if first[0].Status == verdict.Pass && zero[0].Status != verdict.Fail {
		return first
	}
	if !h.nearby() {
		if zero[0].Status == verdict.Fail {
			zero[0].Status, zero[0].Confidence = verdict.Warn, verdict.Likely
			return zero
		}
		return first
	}
	f.Queriers, f.Whose = h.Peers, " from this interface's own network"
	near := h.ask([]firewall.Packet{f.QueryIn()}, good+" from "+h.Peers.String()+" and from 0.0.0.0", lost)
	switch {
	case near[0].Status == verdict.Fail:
		near[0].Confidence = verdict.Likely
		return near
	case zero[0].Status == verdict.Fail && near[0].Status == verdict.Pass:
		zero[0].Status, zero[0].Confidence = verdict.Warn, verdict.Likely
		zero[0].Saw = fmt.Sprintf("the firewall lets IGMP queries from %s in, and none from 0.0.0.0, as bridges and many switches send them: where such a one asks, reception ends some minutes after each start", h.Peers)
		return zero
	case zero[0].Status == verdict.Pass && near[0].Status == verdict.Pass:
		near[0].Confidence = verdict.Likely
		return near
	}
	return first
}

// sameRule points a verdict at an earlier one where the same rule stops both: one
// rule to change, not two.
func (h *Host) sameRule(vs []verdict.Verdict, a string, id verdict.ID, b string) []verdict.Verdict {
	x, okx := h.answer(a)
	y, oky := h.answer(b)
	if okx && oky && x.Verdict == firewall.Drop && y.Verdict == firewall.Drop && x.Rules[0].String() == y.Rules[0].String() && vs[0].Status == verdict.Fail {
		vs[0].CausedBy = append(vs[0].CausedBy, id)
	}
	return vs
}

// answer is what was said of a packet, whoever's it is: a drop where there is one.
func (h *Host) answer(what string) (firewall.Answer, bool) {
	best, found := firewall.Answer{}, false
	for name, a := range h.answers {
		if strings.HasPrefix(name, what) && (!found || a.Verdict == firewall.Drop) {
			best, found = a, true
		}
	}
	return best, found
}

// traffic names what is sent to the group.
func (h *Host) traffic() string {
	if r, ok := routingGroups[h.Query.Group.WithZone("")]; ok {
		return fmt.Sprintf("%s's packets (protocol %d) to %s", r.name, r.protocol, h.Query.Group)
	}
	if h.foreign() != "" {
		return fmt.Sprintf("datagrams to %s port %d", h.Query.Group, h.Query.Port)
	}
	return fmt.Sprintf("heartbeats to %s port %d", h.Query.Group, h.Query.Port)
}

var inputDrop = Check{
	ID: "fw.input-drop",
	Judge: func(h *Host) []verdict.Verdict {
		return h.askPeers(func(f firewall.Flow) []firewall.Packet { return []firewall.Packet{f.HeartbeatIn()} },
			fmt.Sprintf("the firewall lets %s in on %s", h.traffic(), h.Link.Name),
			"the firewall keeps "+h.traffic()+" out")
	},
}

var outputDrop = Check{
	ID: "fw.output-drop",
	Judge: func(h *Host) []verdict.Verdict {
		return h.ask([]firewall.Packet{h.flow().HeartbeatOut()},
			fmt.Sprintf("the firewall lets %s out by %s", h.traffic(), h.Link.Name),
			"the firewall keeps what this host sends to the group in (sending fails with \"Operation not permitted\")")
	},
}

var igmpDrop = Check{
	ID: "fw.igmp-drop",
	Judge: func(h *Host) []verdict.Verdict {
		if h.V6 {
			return skip("the group is an IPv6 one: see mld.snooping")
		}
		v := h.queries("the firewall lets IGMP queries in", "the firewall keeps IGMP queries out: reception works, and ends some minutes after each start")
		return h.sameRule(v, h.flow().QueryIn().What, "fw.input-drop", h.flow().HeartbeatIn().What)
	},
}

var halfOpen = Check{
	ID: "tribes.half-open",
	Judge: func(h *Host) []verdict.Verdict {
		if v := h.noReceiver(); v != nil {
			return v
		}
		if v := h.receiverRoute(); v != nil {
			return v
		}
		ports := fmt.Sprintf("%d-%d", h.Query.TCPPort, h.Query.LastTCPPort())
		in := h.askPeers(func(f firewall.Flow) []firewall.Packet { return append(f.ARP(), f.ConnectIn()...) }, fmt.Sprintf("the firewall lets connections to the receiver's ports %s in and members' connections out", ports),
			"members appear and vanish, and nothing replicates")
		out := h.askPeers(func(f firewall.Flow) []firewall.Packet {
			if port, ok := h.memberPort(f.Peers.Addr()); ok {
				f.TCPPort, f.TCPLast = port, port
			}
			return f.ConnectOut()
		}, in[0].Saw, "members appear and vanish, and nothing replicates")
		if in[0].Status == verdict.Fail || out[0].Status != verdict.Fail && in[0].Status != verdict.Pass {
			in[0].Fix = firewall.Together(in[0].Fix, out[0].Fix)
			return h.sameRule(in, h.flow().ConnectIn()[0].What, "fw.input-drop", h.flow().HeartbeatIn().What)
		}
		out[0].Fix = firewall.Together(in[0].Fix, out[0].Fix)
		return h.sameRule(out, h.flow().ConnectOut()[0].What, "fw.output-drop", h.flow().HeartbeatOut().What)
	},
}

var pingReplyInvalid = Check{
	ID: "fw.ping-reply-invalid",
	Judge: func(h *Host) []verdict.Verdict {
		v := h.askPeers(func(f firewall.Flow) []firewall.Packet { return []firewall.Packet{f.PingReplyIn()} }, "the firewall lets the answers to a multicast ping in",
			"a multicast ping gets no answers here, although hosts do answer")
		if v[0].Status == verdict.Fail {
			v[0].Status, v[0].Confidence = verdict.Warn, verdict.Likely
		}
		return h.sameRuleWarn(v)
	},
}

// sameRuleWarn: a firewall that keeps heartbeats out is a finding of its own, and
// that it keeps answers to pings out as well only follows.
func (h *Host) sameRuleWarn(vs []verdict.Verdict) []verdict.Verdict {
	x, okx := h.answer(h.flow().PingReplyIn().What)
	y, oky := h.answer(h.flow().HeartbeatIn().What)
	if okx && oky && x.Verdict == firewall.Drop && vs[0].Status == verdict.Warn && y.Verdict == firewall.Drop && x.Rules[0].String() == y.Rules[0].String() {
		vs[0].CausedBy = append(vs[0].CausedBy, "fw.input-drop")
	}
	return vs
}

var noReport = Check{
	ID: "igmp.no-report",
	Judge: func(h *Host) []verdict.Verdict {
		if h.OS == "windows" {
			return h.windowsIGMP()
		}
		if n, ok, _ := h.sysctl("net.ipv4.igmp_link_local_mcast_reports"); ok && n == 0 && !h.V6 && h.Query.Group.Is4() && h.Query.Group.IsLinkLocalMulticast() {
			return bad(verdict.Fail, verdict.Definite, fmt.Sprintf("this host reports no groups of 224.0.0.0/24, and %s is one", h.Query.Group),
				[]string{"sysctl -w net.ipv4.igmp_link_local_mcast_reports=1"}, evidence("net.ipv4.igmp_link_local_mcast_reports", n, h.Sysctls["net.ipv4.igmp_link_local_mcast_reports"].From))
		}
		v := h.ask([]firewall.Packet{h.flow().ReportOut()}, "the firewall lets this host's membership reports out",
			"switches that snoop never learn that this host is a member")
		return h.sameRule(v, h.flow().ReportOut().What, "fw.output-drop", h.flow().HeartbeatOut().What)
	},
}

var mldSnooping = Check{
	ID: "mld.snooping",
	Judge: func(h *Host) []verdict.Verdict {
		if !h.V6 {
			return skip("the group is an IPv4 one")
		}
		v := h.ask([]firewall.Packet{h.flow().QueryIn(), h.flow().ReportOut()}, "the firewall lets MLD through; whether there is a querier, only listening tells (muster querier)",
			"a snooping switch forgets this host, for its groups and for neighbour discovery alike")
		return h.sameRule(v, h.flow().QueryIn().What, "fw.input-drop", h.flow().HeartbeatIn().What)
	},
}

var bridgeNF = Check{
	ID: "fw.bridge-nf",
	Judge: func(h *Host) []verdict.Verdict {
		if !h.linux() {
			return h.onlyLinux("br_netfilter")
		}
		bridges := h.busyBridges()
		if len(bridges) == 0 {
			return skip("no bridge with two ports is here")
		}
		name := h.bridgeNFSetting()
		n, _, _ := h.sysctl(name)
		var out []verdict.Verdict
		for _, l := range bridges {
			v := h.bridged(l, h.callsIPTables(l), name, n)
			v.Subject = l.Name
			out = append(out, v)
		}
		// One line for many bridges that are well.
		if i := slices.IndexFunc(out, func(v verdict.Verdict) bool { return v.Status != verdict.Pass }); i < 0 {
			return out[:1]
		}
		return slices.DeleteFunc(out, func(v verdict.Verdict) bool { return v.Status == verdict.Pass })
	},
}

func (h *Host) bridgeNFSetting() string {
	if h.V6 {
		return "net.bridge.bridge-nf-call-ip6tables"
	}
	return "net.bridge.bridge-nf-call-iptables"
}

// callsIPTables: br_netfilter sends the frames of a bridge through iptables, by the
// host's setting or the bridge's own.
func (h *Host) callsIPTables(l facts.Link) bool {
	n, ok, _ := h.sysctl(h.bridgeNFSetting())
	b, _ := h.BridgeAt(l.Index)
	return ok && n != 0 || b.CallsIPTables && !h.V6 || b.CallsIP6Tables && h.V6
}

// busyBridges have two ports or more: frames pass between them.
func (h *Host) busyBridges() []facts.Link {
	var out []facts.Link
	for _, l := range h.Links.Value {
		if l.Kind == "bridge" && l.Has(facts.FlagUp) && len(h.Ports(l.Index)) > 1 {
			out = append(out, l)
		}
	}
	return out
}

func (h *Host) bridged(l facts.Link, calls bool, sysctl string, value int64) verdict.Verdict {
	ev := evidence(sysctl, value, h.Sysctls[sysctl].From)
	if !h.Firewall.Known() {
		return h.noFirewall()[0]
	}
	packet := h.passedOn(l, calls)
	a := firewall.Evaluate(&h.Firewall.Value, packet)
	good, lost := fmt.Sprintf("frames that %s passes on do not go through iptables, and no rule of a bridge table stops heartbeats", l.Name),
		fmt.Sprintf("frames that %s passes on are lost", l.Name)
	if calls {
		good = fmt.Sprintf("frames that %s passes on go through iptables, which lets heartbeats through", l.Name)
		if len(a.Rules) > 0 && a.Rules[0].Family != "bridge" {
			lost = fmt.Sprintf("bridge-nf sends the frames that %s passes on through iptables", l.Name)
		}
	}
	v := h.answered(a, []firewall.Packet{packet}, good, lost)[0]
	v.Evidence = append([]verdict.Evidence{ev}, v.Evidence...)
	if v.Status == verdict.Fail {
		if calls && !h.Platform.Value.Kubernetes && !isolatedNeighbour(h) && a.Rules[0].Family != "bridge" {
			v.Fix = []string{"sysctl -w net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0"}
		}
	}
	return v
}

// passedOn is a heartbeat between two ports of a bridge, which with br_netfilter
// goes through iptables too.
func (h *Host) passedOn(l facts.Link, calls bool) firewall.Packet {
	f := h.flow()
	f.Device, f.Bridge, f.Lower, f.Self, f.Peers = device(l), true, nil, netip.Addr{}, netip.Prefix{}
	for _, p := range h.Ports(l.Index) {
		f.Lower = append(f.Lower, device(p))
	}
	if as := h.AddrsOf(l.Index, h.V6); len(as) > 0 {
		f.Peers = as[0].Prefix.Masked()
	}
	p := f.Bridged()
	p.BridgeOnly = !calls
	return p
}

// questions are all packets that the checks ask the firewall about.
func (h *Host) questions() []firewall.Packet {
	f := h.flow()
	flows := []firewall.Flow{f}
	if h.nearby() {
		near := f
		near.Peers, near.Whose = h.Peers, " of this interface's own network"
		flows = append(flows, near)
	}
	for _, p := range h.peers() {
		one := f
		one.Peers, one.Whose, one.Back = netip.PrefixFrom(p, p.BitLen()), " "+p.String(), h.wayBack(p)
		flows = append(flows, one)
	}
	var out []firewall.Packet
	for _, f := range flows {
		out = append(out, f.HeartbeatIn(), f.HeartbeatOut(), f.ReportOut(), f.PingReplyIn())
		out = append(append(append(out, f.ARP()...), f.ConnectIn()...), f.ConnectOut()...)
	}
	out = append(out, f.QueryIn())
	if !h.V6 {
		f.Queriers, f.Whose = netip.PrefixFrom(netip.IPv4Unspecified(), 32), " from 0.0.0.0"
		out = append(out, f.QueryIn())
		f.Queriers, f.Whose = h.Peers, " from this interface's own network"
		out = append(out, f.QueryIn())
	}
	for _, l := range h.busyBridges() {
		out = append(out, h.passedOn(l, h.callsIPTables(l)))
	}
	for _, s := range h.memberListeners() {
		for _, a := range h.Addrs.Value {
			if public(a.Prefix.Addr()) {
				out = append(out, h.fromAnywhere(s, a))
			}
		}
	}
	return out
}

// isolatedNeighbour: interfaces of a container network are here, so the setting
// may be theirs.
func isolatedNeighbour(h *Host) bool {
	return slices.ContainsFunc(h.Links.Value, func(l facts.Link) bool {
		return strings.HasPrefix(l.Name, "cni") || strings.HasPrefix(l.Name, "cali") || strings.HasPrefix(l.Name, "flannel") || strings.HasPrefix(l.Name, "cilium") || strings.HasPrefix(l.Name, "kube-")
	})
}
