package judge

import (
	"fmt"
	"net/netip"
	"strings"

	"muster/internal/verdict"
	"muster/routecheck/firewall"
)

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
