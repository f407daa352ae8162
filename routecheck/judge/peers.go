package judge

import (
	"net/netip"
	"slices"
	"strings"

	"muster/internal/verdict"
	"muster/routecheck/facts"
	"muster/routecheck/firewall"
)

// maxPeers bounds for how many peers the firewall is asked one by one.
const maxPeers = 32

// peers are the other members whose addresses are known, in the group's family:
// those that were named, those that the configuration names, and those with a
// connection to or from the receiver here.
func (h *Host) peers() []netip.Addr {
	var out []netip.Addr
	add := func(a netip.Addr) {
		if a.IsValid() && a.Is6() == h.V6 && !a.IsLoopback() && !h.own(a) && !slices.Contains(out, a) && len(out) < maxPeers {
			out = append(out, a)
		}
	}
	for _, a := range h.Query.Peers {
		add(a)
	}
	if c := h.Query.Cluster; c != nil {
		for _, m := range c.Members {
			add(m.Addr())
		}
	}
	for _, c := range h.Connections.Value {
		if h.receiverRange(c.Local.Port()) || c.PID != 0 && h.isMember(c.PID) {
			add(c.Remote.Addr())
		}
	}
	return out
}

// own reports whether an address is this host's.
func (h *Host) own(a netip.Addr) bool { return contains(h.Addrs.Value, a) }

func (h *Host) isMember(pid int) bool {
	return slices.ContainsFunc(h.memberListeners(), func(s facts.Socket) bool { return s.PID == pid })
}

// askPeers asks the firewall about packets from or to the other members: about
// each that is known; else about anybody; and where that does not decide it, about
// those of this interface's own network, which others are only taken to be in.
func (h *Host) askPeers(packets func(firewall.Flow) []firewall.Packet, good, lost string) []verdict.Verdict {
	switch {
	case !h.OK:
		return h.noLink()
	case !h.Firewall.Known():
		return h.noFirewall()
	}
	f := h.flow()
	if peers := h.peers(); len(peers) > 0 && !h.Query.Source.IsValid() {
		return h.askEach(f, peers, packets, good, lost)
	}
	first := h.ask(packets(f), good, lost)
	if first[0].Status != verdict.Unknown || !h.nearby() || h.Query.Source.IsValid() {
		return first
	}
	near := f
	near.Peers, near.Whose = h.Peers, " of this interface's own network"
	second := h.ask(packets(near), good+" from "+h.Peers.String(), lost)
	if second[0].Status == verdict.Unknown {
		return first
	}
	second[0].Confidence = verdict.Likely
	second[0].Evidence = append(second[0].Evidence, evidence("where the others are taken to be", h.Peers, h.Addrs.From))
	return second
}

// nearby: the interface's network may hold other hosts.
func (h *Host) nearby() bool {
	return h.Peers.IsValid() && !h.Peers.IsSingleIP() && !(h.Peers.Addr().Is4() && h.Peers.Bits() == 31)
}

// askEach asks for every peer; the worst answer counts.
func (h *Host) askEach(f firewall.Flow, peers []netip.Addr, packets func(firewall.Flow) []firewall.Packet, good, lost string) []verdict.Verdict {
	var worst []verdict.Verdict
	var names []string
	for _, p := range peers {
		f.Peers, f.Whose = netip.PrefixFrom(p, p.BitLen()), " "+p.String()
		f.Back = h.wayBack(p)
		v := h.ask(packets(f), good, lost)
		if worst == nil || worse(v[0].Status, worst[0].Status) {
			worst = v
		}
		names = append(names, p.String())
	}
	if worst[0].Status == verdict.Pass {
		worst[0].Saw += ", for " + list(names)
	}
	worst[0].Evidence = append(worst[0].Evidence, evidence("other members", strings.Join(names, ", "), "what was given, or open connections"))
	return worst
}

func worse(a, b verdict.Status) bool {
	rank := map[verdict.Status]int{verdict.Fail: 3, verdict.Warn: 2, verdict.Unknown: 1}
	return rank[a] > rank[b]
}

// wayBack is the interface by which the route to an address leaves, nil where it
// is not known.
func (h *Host) wayBack(a netip.Addr) *firewall.Device {
	for _, r := range h.ToSources.Value {
		if l, ok := h.LinkAt(r.Link); ok && r.To == a && r.Errno == "" {
			d := device(l)
			return &d
		}
	}
	if h.Peers.IsValid() && h.Peers.Contains(a) {
		return h.nearBack()
	}
	return nil
}

// nearBack is the way back to the interface's own network: the interface itself,
// unless a route or rule may lead elsewhere.
func (h *Host) nearBack() *firewall.Device {
	if !h.linux() || len(h.astray()) > 0 || !h.Rules.Known() || !h.Routes.Known() {
		return nil
	}
	for _, r := range h.Rules.Value {
		if r.V6 == h.V6 && r.Priority > 0 && r.Priority < 32766 {
			return nil
		}
	}
	d := device(h.Link)
	return &d
}
