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

// isolatedNeighbour: interfaces of a container network are here, so the setting
// may be theirs.
func isolatedNeighbour(h *Host) bool {
	return slices.ContainsFunc(h.Links.Value, func(l facts.Link) bool {
		return strings.HasPrefix(l.Name, "cni") || strings.HasPrefix(l.Name, "cali") || strings.HasPrefix(l.Name, "flannel") || strings.HasPrefix(l.Name, "cilium") || strings.HasPrefix(l.Name, "kube-")
	})
}
