package judge

import (
	"fmt"
	"net/netip"
	"strings"

	"muster/internal/verdict"
)

// Clusters whose members find each other without multicast.

// multicastOnly are the families and ids that mean nothing to such a cluster; an
// entry that ends in a dot is a whole family.
var multicastOnly = []string{
	"iface.multicast-flag", "iface.recreated", "iface.dual-homed", "iface.nic-filter", "iface.vf-trust", "iface.bond-failover",
	"iface.macvlan-parent", "iface.point-to-point", "iface.wifi", "route.wrong-interface", "route.to-lo", "route.blocked",
	"route.join-send-split", "route.multicast-router", "addr.secondary-source", "fw.input-drop", "fw.output-drop", "fw.igmp-drop",
	"fw.pf-allow-opts", "fw.ping-reply-invalid", "fw.bridge-nf", "icmp.", "igmp.", "switch.", "bridge.", "mld.", "ttl.", "group.",
	"ipv6.", "java.ipv6-stack", "sock.", "limit.", "env.docker-bridge", "env.docker-overlay", "env.k8s-cni", "env.aws", "env.azure",
	"env.gcp", "env.hypervisor", "env.wsl2", "env.vpn", "env.rootless", "tribes.source-mismatch", "tribes.drop-time", "tribes.not-joined",
}

// withoutMulticast is the verdict of a check of multicast for a cluster that uses
// none, nil for any other.
func (h *Host) withoutMulticast(id verdict.ID) []verdict.Verdict {
	c := h.Query.Cluster
	if c == nil || !c.Static {
		return nil
	}
	for _, m := range multicastOnly {
		if string(id) == m || strings.HasSuffix(m, ".") && strings.HasPrefix(string(id), m) {
			return skip(fmt.Sprintf("%s finds members by %s, without multicast", c.From, orWord(c.Membership, "a static or cloud membership")))
		}
	}
	return nil
}

// routesToMembers judges route.none for such a cluster: the ways to the members
// that the configuration names.
func (h *Host) routesToMembers() []verdict.Verdict {
	c := h.Query.Cluster
	if len(c.Members) == 0 {
		return skip(fmt.Sprintf("%s finds members by %s, without multicast, and names none whose route could be asked for", c.From, orWord(c.Membership, "a static or cloud membership")))
	}
	if !h.ToSources.Known() {
		return unknown("the routes to the members are not known: " + h.ToSources.Reason())
	}
	answered := 0
	for _, m := range c.Members {
		for _, r := range h.ToSources.Value {
			if r.To != m.Addr() {
				continue
			}
			answered++
			if r.Errno != "" {
				v := bad(verdict.Fail, verdict.Definite, fmt.Sprintf("there is no route to the member %s that %s names", m, c.From),
					h.perOS(map[string][]string{"": nil}), evidence("route to "+m.Addr().String(), r.Errno, h.ToSources.From))
				v[0].Next = append(v[0].Next, "ip route get "+m.Addr().String())
				return v
			}
		}
	}
	if answered == 0 {
		return unknown("no route to a member was asked for")
	}
	return pass(fmt.Sprintf("there is a route to each of the members that %s names", c.From), evidence("members", memberList(c.Members), c.From))
}

func memberList(ms []netip.AddrPort) string {
	var out []string
	for _, m := range ms {
		out = append(out, m.String())
	}
	return list(out)
}

// memberPort is the receiver's port of a member that the configuration names.
func (h *Host) memberPort(a netip.Addr) (uint16, bool) {
	if c := h.Query.Cluster; c != nil {
		for _, m := range c.Members {
			if m.Addr() == a {
				return m.Port(), true
			}
		}
	}
	return 0, false
}
