package judge

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"muster/internal/verdict"
	"muster/routecheck/facts"
)

var wrongInterface = Check{
	ID: "route.wrong-interface",
	Judge: func(h *Host) []verdict.Verdict {
		if v := h.noAnswer(); v != nil {
			return v
		}
		a := h.ToGroup.Value
		out, ok := h.LinkAt(a.Link)
		switch {
		case a.Errno != "" || !ok:
			return skip("there is no route: see route.none and route.blocked")
		case out.Has(facts.FlagLoopback):
			return skip("the group is routed to the loopback: see route.to-lo")
		}
		ev := []verdict.Evidence{evidence("route to "+h.Query.Group.String(), describeAnswer(h, a), h.ToGroup.From)}
		if r, ok := h.ruleInto(a.Table); ok && a.Table != 254 && a.Table != 0 {
			ev = append(ev, evidence("ip rule", ruleText(r), h.Rules.From))
		}
		if want, why := h.wantedLink(); want.Index != 0 && want.Index != out.Index {
			if c := h.Query.Cluster; c != nil && c.Bind != "" {
				return pass(fmt.Sprintf("the route leaves by %s, and %s names %s itself, which wins", out.Name, c.From, want.Name), ev...)
			}
			return bad(verdict.Fail, verdict.Likely, fmt.Sprintf("%s leaves by %s, not by %s (%s)", h.Query.Group, out.Name, want.Name, why), h.reroute(want.Name), ev...)
		}
		if !isolated(out) {
			return pass(fmt.Sprintf("%s leaves by %s, where it is expected", h.Query.Group, out.Name), ev...)
		}
		other := h.otherLink()
		if h.Query.Interface != "" || other == "IF" || h.Platform.Value.Container != "" {
			return pass(fmt.Sprintf("%s leaves by %s, the only interface for it", h.Query.Group, out.Name), ev...)
		}
		return bad(verdict.Fail, verdict.Likely, fmt.Sprintf("%s leaves by %s, which leads to containers or virtual machines of this host, not to %s", h.Query.Group, out.Name, other), h.reroute(other), ev...)
	},
}

// wantedLink is the interface that the route ought to use, where something says
// so: the command line, the configuration, or the receiver's own address.
func (h *Host) wantedLink() (facts.Link, string) {
	if h.OK && h.Query.Interface != "" {
		return h.Link, "the interface asked for"
	}
	if c := h.Query.Cluster; c != nil && c.Bind != "" {
		if l, ok := h.findLink(c.Bind); ok {
			return l, "the bind address of " + c.From
		}
	}
	if c := h.Query.Cluster; c != nil && c.Receiver != "auto" {
		return facts.Link{}, "" // where replication goes is said there, and need not be where heartbeats go
	}
	for _, s := range h.memberListeners() {
		a := s.Local.Addr()
		if a.IsUnspecified() || a.IsLoopback() || a.Is6() != h.V6 {
			continue
		}
		if l, ok := h.findLink(a.String()); ok {
			return l, fmt.Sprintf("where the receiver listens, %s", s.Local)
		}
	}
	return facts.Link{}, ""
}

func (h *Host) reroute(link string) []string {
	return h.perOS(map[string][]string{
		"linux":   {h.routeTo(link)},
		"windows": {fmt.Sprintf("Set-NetIPInterface -InterfaceAlias %q -InterfaceMetric 5000   # the wrong one", h.LinkName(h.ToGroup.Value.Link))},
		"":        {"route change -net 224.0.0.0/4 -interface " + link},
	})
}

var multicastRouter = Check{
	ID: "route.multicast-router",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case h.notGroup() != nil:
			return h.notGroup()
		case !h.OK:
			return h.noLink()
		case !h.Addrs.Known():
			return unknown("the addresses are not known: " + h.Addrs.Reason())
		}
		peers := h.peers()
		if len(peers) == 0 {
			return skip("no other member is known whose network could be compared (--expect names them)")
		}
		var out []verdict.Verdict
		for _, p := range peers {
			if h.near(p) {
				continue
			}
			out = append(out, h.farPeer(p))
		}
		if len(out) > 0 {
			return out
		}
		var names []string
		for _, p := range peers {
			names = append(names, p.String())
		}
		return pass(fmt.Sprintf("%s: in the network of %s", list(names), h.Link.Name))
	},
}

// near: the address lies in a network of the judged interface, or is reached over
// it without a gateway, as in clouds where every address has a length of 32.
func (h *Host) near(a netip.Addr) bool {
	for _, x := range h.AddrsOf(h.Link.Index, h.V6) {
		if x.Prefix.Contains(a) {
			return true
		}
	}
	for _, r := range h.ToSources.Value {
		if r.To == a && r.Errno == "" && r.Link == h.Link.Index && !r.Gateway.IsValid() {
			return true
		}
	}
	return slices.ContainsFunc(h.Neighbours.Value, func(n facts.Neighbour) bool { return n.Addr == a && n.Link == h.Link.Index })
}

// namedPeer: the operator or server.xml named the member; others are known by what they do.
func (h *Host) namedPeer(a netip.Addr) bool {
	if slices.Contains(h.Query.Peers, a) {
		return true
	}
	c := h.Query.Cluster
	return c != nil && slices.ContainsFunc(c.Members, func(m netip.AddrPort) bool { return m.Addr() == a })
}

// farPeer is the verdict about a member that is in no network of the judged
// interface: it is on another of this host's, or behind a router.
func (h *Host) farPeer(a netip.Addr) verdict.Verdict {
	nets := []string{}
	for _, x := range h.AddrsOf(h.Link.Index, h.V6) {
		nets = append(nets, x.Prefix.Masked().String())
	}
	ev := evidence("networks of "+h.Link.Name, orWord(list(nets), "none"), h.Addrs.From)
	for _, x := range h.Addrs.Value {
		other, ok := h.LinkAt(x.Link)
		if ok && x.Link != h.Link.Index && !x.Prefix.IsSingleIP() && x.Prefix.Contains(a) {
			if !h.namedPeer(a) { // replication by a network of its own, as some set it up on purpose
				v := unknown(fmt.Sprintf("%s is known by a replication connection on %s, and the group leaves by %s: whether the heartbeats of its host come there cannot be told from here", a, other.Name, h.Link.Name), ev)[0]
				v.Subject = a.String()
				v.Next = append(v.Next, "on both nodes: muster mesh "+h.Query.Group.String())
				return v
			}
			v := bad(verdict.Fail, verdict.Likely, fmt.Sprintf("%s does not go to %s from here: the group leaves by %s, and %s is on %s", h.Query.Group, x.Prefix.Masked(), h.Link.Name, a, other.Name),
				h.reroute(other.Name), ev, evidence("address of "+other.Name, x.Prefix, h.Addrs.From))[0]
			v.Subject = a.String()
			v.Next = append(v.Next, "muster check --interface "+other.Name)
			return v
		}
	}
	single := true
	for _, x := range h.AddrsOf(h.Link.Index, h.V6) {
		single = single && x.Prefix.IsSingleIP()
	}
	if single { // such an address says nothing about who is near
		v := unknown(fmt.Sprintf("whether %s is in one network with %s cannot be told from an address without a network", a, h.Link.Name), ev)[0]
		v.Subject = a.String()
		return v
	}
	v := bad(verdict.Fail, verdict.Likely, fmt.Sprintf("%s is not in %s: multicast reaches it only if a router forwards the group, which few do, and with a ttl above 1", a, list(nets)),
		[]string{"use a membership without multicast for members of several networks: StaticMembershipInterceptor"}, ev)[0]
	v.Subject = a.String()
	return v
}

var joinSendSplit = Check{
	ID: "route.join-send-split",
	Judge: func(h *Host) []verdict.Verdict {
		if v := h.noAnswer(); v != nil {
			return v
		}
		if !h.Memberships.Known() {
			return unknown("the joined groups are not known: " + h.Memberships.Reason())
		}
		joined := h.joinedLinks()
		out, ok := h.LinkAt(h.ToGroup.Value.Link)
		switch {
		case len(joined) == 0:
			return skip(fmt.Sprintf("nobody on this host has joined %s", h.Query.Group))
		case h.ToGroup.Value.Errno != "" || !ok:
			return skip("there is no route to compare with: see route.none and route.blocked")
		case h.joinedOn(out.Index):
			return pass(fmt.Sprintf("%s is joined on %s, by which it is sent", h.Query.Group, out.Name))
		case h.Query.Cluster != nil && h.Query.Cluster.Bind != "":
			return pass(fmt.Sprintf("%s names the interface for joins and sends alike", h.Query.Cluster.From))
		}
		ev := []verdict.Evidence{
			evidence("joined on", linkNames(joined), h.Memberships.From),
			evidence("route to "+h.Query.Group.String(), describeAnswer(h, h.ToGroup.Value), h.ToGroup.From),
		}
		// A program that names its interface sends there whatever the route says, and
		// nobody can ask a socket for it: so a warning, where the catalogue says fail.
		return bad(verdict.Warn, verdict.Likely, fmt.Sprintf("%s is joined on %s, but the route to it leaves by %s: one-way, unless the program names its interface for sending too", h.Query.Group, linkNames(joined), out.Name),
			h.reroute(joined[0].Name), ev...)
	},
}

func linkNames(ls []facts.Link) string {
	var names []string
	for _, l := range ls {
		names = append(names, l.Name)
	}
	return strings.Join(names, ", ")
}

// receiverRoute finds policy routing that refuses connections to a receiver and lets
// other packets to the same host pass.
func (h *Host) receiverRoute() []verdict.Verdict {
	for _, r := range h.ToReceivers.Value {
		i := slices.IndexFunc(h.ToSources.Value, func(x facts.RouteAnswer) bool { return x.To == r.To })
		if r.Errno == "" || i < 0 || h.ToSources.Value[i].Errno != "" {
			continue
		}
		v := bad(verdict.Fail, verdict.Definite,
			fmt.Sprintf("the kernel refuses connections to TCP port %d of %s (%s), though there is a route to that host: a rule of policy routing asks for the user, the protocol or the port", h.Query.TCPPort, r.To, r.Errno),
			nil, evidence(fmt.Sprintf("route to %s for TCP port %d", r.To, h.Query.TCPPort), r.Errno, h.ToReceivers.From))
		v[0].Next = append(v[0].Next, fmt.Sprintf("ip rule show; ip route get %s ipproto tcp dport %d   # which rule it is", r.To, h.Query.TCPPort))
		return v
	}
	return nil
}
