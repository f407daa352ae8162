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
	if h.part == nil {
		f := h.newFlow()
		h.part = &f
	}
	return *h.part
}

func (h *Host) newFlow() firewall.Flow {
	f := firewall.Flow{Device: device(h.Link), Group: h.Query.Group.WithZone(""), Port: h.Query.Port, TCPPort: h.Query.TCPPort,
		TCPLast: h.Query.LastTCPPort(), Self: h.Src, Bridge: h.Link.Kind == "bridge", Back: h.nearBack(),
		Plain: h.Firewall.Known() && len(h.Firewall.Value.IPsec) == 0}
	f.Protocol = routingGroups[f.Group].protocol
	f.Product = h.foreign()
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
	var fix []string
	if a.Verdict != firewall.Accept {
		fix = firewall.Allow(&h.Firewall.Value, packets)
	}
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
	if s, a, ok := h.exposed(); ok {
		out = append(out, h.fromAnywhere(s, a))
	}
	return out
}
