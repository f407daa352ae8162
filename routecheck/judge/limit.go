package judge

import (
	"fmt"
	"net/netip"

	"muster/internal/verdict"
	"muster/routecheck/facts"
)

var limitMemberships = Check{
	ID: "limit.memberships",
	Judge: func(h *Host) []verdict.Verdict {
		if !h.linux() {
			return skip(fmt.Sprintf("%s has no small limit of groups on a socket", facts.OSName(h.OS)))
		}
		if h.V6 {
			return skip("the limit is one of IPv4 sockets")
		}
		const name = "net.ipv4.igmp_max_memberships"
		limit, ok, why := h.sysctl(name)
		if !ok {
			return unknown(why)
		}
		need := int64(max(h.Query.Count, 1))
		ev := []verdict.Evidence{evidence(name, limit, h.Sysctls[name].From), evidence("groups asked for", need, "the command line or its defaults")}
		fix := []string{fmt.Sprintf("sysctl -w %s=%d", name, max(512, 2*need))}
		if need > limit {
			return bad(verdict.Fail, verdict.Definite, fmt.Sprintf("one socket may join %d groups here, and %d are asked for: the join after that fails with \"No buffer space available\"", limit, need), fix, ev...)
		}
		joined := h.applicationGroups()
		ev = append(ev, evidence("groups of applications joined on this host", joined, h.Memberships.From))
		if int64(joined) == limit && limit > 1 {
			return bad(verdict.Warn, verdict.Likely, fmt.Sprintf("exactly %d groups are joined, and one socket may join no more: the next join of that program fails with \"No buffer space available\"", limit), fix, ev...)
		}
		return pass(fmt.Sprintf("one socket may join %d groups", limit), ev...)
	},
}

// allHosts is the group that every host is in (RFC 1112).
var allHosts = netip.AddrFrom4([4]byte{224, 0, 0, 1})

// applicationGroups counts the IPv4 groups that somebody joined, without 224.0.0.1
// which the kernel joins itself.
func (h *Host) applicationGroups() int {
	seen := map[facts.Membership]bool{}
	for _, m := range h.Memberships.Value {
		m.Version, m.Users = "", 0
		if m.Group.Is4() && m.Group != allHosts {
			seen[m] = true
		}
	}
	return len(seen)
}

var limitSources = Check{
	ID: "limit.sources",
	Judge: func(h *Host) []verdict.Verdict {
		if !h.linux() || h.V6 {
			return skip("the limit is one of IPv4 sockets of Linux")
		}
		const name = "net.ipv4.igmp_max_msf"
		limit, ok, why := h.sysctl(name)
		if !ok {
			return unknown(why)
		}
		perGroup := map[string]int64{}
		worst := ""
		for _, s := range h.Filters.Value {
			if s.Group.Is4() {
				key := fmt.Sprintf("%s on %s", s.Group, h.LinkName(s.Link))
				if perGroup[key]++; perGroup[key] > perGroup[worst] {
					worst = key
				}
			}
		}
		ev := []verdict.Evidence{evidence(name, limit, h.Sysctls[name].From)}
		fix := []string{"sysctl -w " + name + "=64"}
		switch {
		case limit < 1 && h.Query.Source.IsValid():
			return bad(verdict.Fail, verdict.Definite, "no socket may name a source here, and one is asked for", fix, ev...)
		case worst != "" && perGroup[worst] == limit && limit > 1:
			return bad(verdict.Warn, verdict.Likely, fmt.Sprintf("%s is joined from exactly %d sources, and one socket may name no more", worst, limit), fix, append(ev, evidence("sources of "+worst, perGroup[worst], h.Filters.From))...)
		}
		return pass(fmt.Sprintf("one socket may name %d sources of a group", limit), ev...)
	},
}

var limitOptmem = Check{
	ID: "limit.optmem",
	Judge: func(h *Host) []verdict.Verdict {
		if !h.linux() {
			return h.onlyLinux("optmem_max")
		}
		const name = "net.core.optmem_max"
		n, ok, why := h.sysctl(name)
		if !ok {
			return skip(why)
		}
		ev := evidence(name, n, h.Sysctls[name].From)
		if n >= 4096 { // measured: twenty joins still work with 4096
			return pass(fmt.Sprintf("a socket has %d bytes for its memberships and filters", n), ev)
		}
		return bad(verdict.Fail, verdict.Likely, fmt.Sprintf("a socket has only %d bytes for its memberships and filters: joins fail with \"No buffer space available\" before other limits", n),
			[]string{"sysctl -w " + name + "=131072"}, ev)
	},
}

// heartbeatBytes is a heartbeat of IPv4 with its headers, without a domain or
// payload of its own.
const heartbeatBytes = 77 + 28

// setMTU are the commands that give an interface its MTU; note ends them.
func (h *Host) setMTU(l facts.Link, mtu uint32, note string) []string {
	return h.perOS(map[string][]string{
		"linux":   {fmt.Sprintf("ip link set %s mtu %d%s", l.Name, mtu, note)},
		"darwin":  {fmt.Sprintf("networksetup -setMTU %s %d%s", l.Name, mtu, note)},
		"windows": {fmt.Sprintf("netsh interface ipv4 set subinterface %q mtu=%d store=persistent%s", l.Name, mtu, note)},
		"":        {fmt.Sprintf("ifconfig %s mtu %d%s", l.Name, mtu, note)},
	})
}

const keepSmall = "keep datagrams below the MTU less 28 bytes; let firewalls pass fragments"

var mtuMismatch = Check{
	ID: "mtu.mismatch",
	Judge: func(h *Host) []verdict.Verdict {
		if !h.OK {
			return h.noLink()
		}
		l := h.Link
		ev := []verdict.Evidence{evidence("MTU of "+l.Name, l.MTU, h.Links.From)}
		for _, p := range h.Ports(l.Index) {
			if l.Kind == "bridge" && p.MTU < l.MTU {
				return bad(verdict.Fail, verdict.Definite, fmt.Sprintf("the bridge %s has an MTU of %d, its port %s one of %d: larger packets vanish there", l.Name, l.MTU, p.Name, p.MTU),
					h.setMTU(p, l.MTU, ""), append(ev, evidence("MTU of "+p.Name, p.MTU, h.Links.From))...)
			}
		}
		if p, ok := h.LinkAt(l.Parent); ok && l.Parent != 0 && l.MTU > p.MTU {
			return bad(verdict.Fail, verdict.Definite, fmt.Sprintf("%s has an MTU of %d, and %s below it one of %d", l.Name, l.MTU, p.Name, p.MTU),
				h.setMTU(l, p.MTU, ""), append(ev, evidence("MTU of "+p.Name, p.MTU, h.Links.From))...)
		}
		name := "net.ipv6.conf." + l.Name + ".mtu"
		if n, ok, _ := h.sysctl(name); ok && n < int64(l.MTU) && n >= 1280 {
			return bad(verdict.Warn, verdict.Likely, fmt.Sprintf("the router of this network advertises an MTU of %d, and %s has %d", n, l.Name, l.MTU),
				h.setMTU(l, uint32(n), ""), append(ev, evidence(name, n, h.Sysctls[name].From))...)
		}
		// An Ethernet's other nodes have 1500 or more, clouds' virtual ones 1400 or
		// more. Who sends more than this one takes, loses it without a word.
		if l.Type == 1 && !tunnel(l) && l.MTU < 1400 && l.Kind != "vxlan" && l.Kind != "geneve" {
			return bad(verdict.Warn, verdict.Likely, fmt.Sprintf("%s has an MTU of %d, less than the 1500 that other nodes of an Ethernet have: what they send larger never arrives", l.Name, l.MTU),
				h.setMTU(l, 1500, "   # as the other nodes have it"), ev...)
		}
		return pass(fmt.Sprintf("the MTU of %s is %d; that the others have the same, only a sweep of sizes tells (muster ping)", l.Name, l.MTU), ev...)
	},
}

var fragmentLoss = Check{
	ID: "mtu.fragment-loss",
	Judge: func(h *Host) []verdict.Verdict {
		if !h.Counters.Known() {
			return h.noCounters()
		}
		fails, reqds := h.Counters.Value["Ip.ReasmFails"], h.Counters.Value["Ip.ReasmReqds"]
		ev := evidence("fragments received, and datagrams that stayed incomplete", fmt.Sprintf("%d, %d", reqds, fails), h.Counters.From)
		if h.OK && h.Link.MTU > 0 && h.Link.MTU < heartbeatBytes {
			return bad(verdict.Warn, verdict.Definite, fmt.Sprintf("the MTU of %s is %d: a heartbeat of %d bytes goes out in fragments", h.Link.Name, h.Link.MTU, heartbeatBytes), h.setMTU(h.Link, 1500, ""), ev)
		}
		if fails >= 10 && fails*20 >= reqds { // every twentieth fragment in vain
			return bad(verdict.Warn, verdict.Likely, fmt.Sprintf("%d datagrams never became whole out of %d fragments: some are lost on the way or dropped by a firewall", fails, reqds),
				h.perOS(map[string][]string{
					"linux": {keepSmall, "sysctl -w net.ipv4.ipfrag_high_thresh=8388608"},
					"":      {keepSmall},
				}), ev)
		}
		return pass("fragments come together again, or there are none", ev)
	},
}
