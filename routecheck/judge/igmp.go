package judge

import (
	"fmt"
	"slices"

	"muster/internal/verdict"
	"muster/routecheck/facts"
)

var versionCompat = Check{
	ID: "igmp.version-compat",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case !h.OK:
			return h.noLink()
		case h.V6:
			return skip("the group is an IPv6 one")
		case !h.Memberships.Known():
			return unknown("the IGMP version in force is not known: " + h.Memberships.Reason())
		}
		version := ""
		for _, m := range h.Memberships.Value {
			if m.Link == h.Link.Index && m.Version != "" {
				version = m.Version
			}
		}
		ev := evidence("IGMP version on "+h.Link.Name, orWord(version, "not told"), h.Memberships.From)
		switch version {
		case "":
			if !h.linux() {
				return unknown(fmt.Sprintf("muster does not read the IGMP version in force on %s", facts.OSName(h.OS)))
			}
			return skip("no group is joined on "+h.Link.Name+", so it shows no IGMP version", ev)
		case "V3":
			return pass(h.Link.Name+" speaks IGMP version 3", ev)
		}
		if b, ok := h.BridgeAt(h.Link.Index); ok && b.Querier && b.Snooping {
			v := pass(fmt.Sprintf("a note: the bridge %s asks in IGMP version %s itself, and everybody behind it follows", h.Link.Name, version[1:]), ev)
			v[0].Fix = []string{"ip link set " + h.Link.Name + " type bridge mcast_igmp_version 3"}
			return v
		}
		if !h.Query.Source.IsValid() && !h.joinsSources() {
			return pass(fmt.Sprintf("a note: %s speaks IGMP version %s, after an older query; nobody here joins a source, which alone would be lost", h.Link.Name, version[1:]), ev)
		}
		saw := fmt.Sprintf("%s speaks IGMP version %s: an old query was heard in the last minutes, and joins of a source are lost while it lasts", h.Link.Name, version[1:])
		return bad(verdict.Warn, verdict.Definite, saw, []string{
			"set the querier to version 3 (Cisco: ip igmp version 3); muster querier shows which it is",
			"# or wait 260 s after the last old query: nothing on this host shortens it but creating the interface anew",
		}, ev)
	},
}

// joinsSources: some socket asks for sources of a group on the judged interface.
func (h *Host) joinsSources() bool {
	return slices.ContainsFunc(h.Filters.Value, func(f facts.SourceFilter) bool { return f.Link == h.Link.Index && f.Includes > 0 })
}

var versionForced = Check{
	ID: "igmp.version-forced",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case !h.OK:
			return h.noLink()
		case h.OS == "windows":
			return h.windowsVersion()
		case !h.linux():
			return unknown(fmt.Sprintf("muster does not read the IGMP version set on %s (sysctl net.inet.igmp.default_version)", facts.OSName(h.OS)))
		}
		proto, setting := "net.ipv4", "force_igmp_version"
		if h.V6 {
			proto, setting = "net.ipv6", "force_mld_version"
		}
		for _, scope := range []string{"all", h.Link.Name} {
			name := fmt.Sprintf("%s.conf.%s.%s", proto, scope, setting)
			n, ok, why := h.sysctl(name)
			if !ok && h.V6 {
				return skip(why)
			}
			if !ok {
				return unknown(why)
			}
			if n == 0 || n == 3 && !h.V6 || n == 2 && h.V6 {
				continue
			}
			ev := evidence(name, n, h.Sysctls[name].From)
			if h.Platform.Value.Cloud() != "" {
				return pass(fmt.Sprintf("version %d is forced, as the multicast of %s wants it", n, h.Platform.Value.Cloud()), ev)
			}
			return bad(verdict.Warn, verdict.Definite, fmt.Sprintf("%s is %d: joins of a source do not work here, whatever the network speaks", name, n), []string{"sysctl -w " + name + "=0"}, ev)
		}
		return pass("no version is forced on " + h.Link.Name)
	},
}

func (h *Host) windowsVersion() []verdict.Verdict {
	if !h.Defender.Known() {
		return unknown("the IGMP version set in Windows is not known: " + h.Defender.Reason())
	}
	v := h.Defender.Value.IGMPVersion
	if v == nil || *v >= 4 {
		return pass("no older IGMP version is set")
	}
	return bad(verdict.Warn, verdict.Definite, fmt.Sprintf("Windows is set to IGMP version %d", *v-1), []string{"Set-NetIPv4Protocol -IGMPVersion Version3"}, evidence("IGMPVersion", *v, h.Defender.From))
}

// ourBridges are the bridges that the group's traffic passes: the judged
// interface, the one above it, and those with hardware or a virtual machine below.
func (h *Host) ourBridges() []facts.Link {
	var out []facts.Link
	for _, l := range h.Links.Value {
		if l.Kind != "bridge" || !l.Has(facts.FlagUp) {
			continue
		}
		ours := l.Index == h.Link.Index || l.Index == h.Link.Master && h.OK
		for _, p := range h.Ports(l.Index) {
			ours = ours || p.Kind == "" && p.Type == 1 || p.Kind == "tun" || p.Kind == "bond" || p.Kind == "vlan"
		}
		if ours && !isolated(l) || l.Index == h.Link.Index && h.OK {
			out = append(out, l)
		}
	}
	return out
}

// perBridge judges every bridge that matters and keeps the verdicts that are not
// pass, or one pass.
func (h *Host) perBridge(judge func(l facts.Link, b facts.Bridge) verdict.Verdict) []verdict.Verdict {
	if !h.linux() {
		return h.onlyLinux("bridge that muster reads")
	}
	links := h.ourBridges()
	if len(links) == 0 {
		return skip("the group's traffic passes no bridge of this host")
	}
	if !h.Bridges.Known() {
		return unknown("the bridges' settings are not known: " + h.Bridges.Reason())
	}
	var out, good []verdict.Verdict
	for _, l := range links {
		b, ok := h.BridgeAt(l.Index)
		if !ok {
			continue
		}
		v := judge(l, b)
		v.Subject = l.Name
		if v.Status == verdict.Pass {
			good = append(good, v)
		} else {
			out = append(out, v)
		}
	}
	switch {
	case len(out) > 0:
		return out
	case len(good) > 0:
		return good[:1]
	}
	return unknown("the settings of " + links[0].Name + " were not read")
}

var localSnooping = Check{
	ID: "bridge.local-snooping",
	Judge: func(h *Host) []verdict.Verdict {
		return h.perBridge(func(l facts.Link, b facts.Bridge) verdict.Verdict {
			ev := []verdict.Evidence{evidence("snooping and querier of "+l.Name, fmt.Sprintf("%v and %v", b.Snooping, b.Querier), h.Bridges.From)}
			if b.OtherQuerier.IsValid() {
				ev = append(ev, evidence("another querier that it believes in", fmt.Sprintf("%s, for up to %.0f s after its last query", b.OtherQuerier, b.QuerierInterval), h.Bridges.From))
			}
			fix := []string{"ip link set " + l.Name + " type bridge mcast_querier 1   # or mcast_snooping 0"}
			switch {
			case !b.Snooping:
				return pass(l.Name+" does not snoop: it floods groups to every port", ev...)[0]
			case b.Querier:
				return pass(l.Name+" snoops and asks itself", ev...)[0]
			case b.OtherQuerier.IsValid():
				return bad(verdict.Warn, verdict.Likely, fmt.Sprintf("%s snoops and does not ask itself: its members live on the queries of %s, and die with them", l.Name, b.OtherQuerier), fix, ev...)[0]
			}
			// Measured: without any querier a Linux bridge floods, so nothing is lost yet.
			return bad(verdict.Warn, verdict.Hint, fmt.Sprintf("%s snoops without a querier: it floods as long as it hears no query at all; one query, and members are forgotten 260 s later", l.Name), fix, ev...)[0]
		})
	},
}

var querierZero = Check{
	ID: "igmp.querier-zero-source",
	Judge: func(h *Host) []verdict.Verdict {
		return h.perBridge(func(l facts.Link, b facts.Bridge) verdict.Verdict {
			ev := evidence("querier and mcast_query_use_ifaddr of "+l.Name, fmt.Sprintf("%v and %v", b.Querier, b.UseIfaddr), h.Bridges.From)
			if !b.Querier || !b.Snooping || b.UseIfaddr {
				return pass(l.Name+" sends no queries from 0.0.0.0", ev)[0]
			}
			v := pass("a note: the queries of "+l.Name+" come from 0.0.0.0, which some switches ignore", ev)[0]
			v.Fix = []string{"ip link set " + l.Name + " type bridge mcast_query_use_ifaddr 1   # with an address on " + l.Name}
			return v
		})
	},
}

var unregisteredDrop = Check{
	ID: "switch.unregistered-drop",
	Judge: func(h *Host) []verdict.Verdict {
		return h.perBridge(func(l facts.Link, b facts.Bridge) verdict.Verdict {
			for _, p := range h.Ports(l.Index) {
				if p.Port == nil || p.Port.MulticastFlood {
					continue
				}
				ev := []verdict.Evidence{evidence("mcast_flood of "+p.Name, "off", h.Links.From), evidence("snooping of "+l.Name, b.Snooping, h.Bridges.From)}
				fix := []string{"bridge link set dev " + p.Name + " mcast_flood on"}
				if !b.Snooping || !b.Querier && !b.OtherQuerier.IsValid() {
					return bad(verdict.Fail, verdict.Definite, fmt.Sprintf("port %s of %s gets no groups: flooding is off, and nobody asks who wants them", p.Name, l.Name), fix, ev...)[0]
				}
				return pass(fmt.Sprintf("port %s of %s gets only the groups that were reported there", p.Name, l.Name), ev...)[0]
			}
			return pass("every port of " + l.Name + " gets groups that nobody reported")[0]
		})
	},
}

var isolation = Check{
	ID: "switch.isolation",
	Judge: func(h *Host) []verdict.Verdict {
		return h.perBridge(func(l facts.Link, _ facts.Bridge) verdict.Verdict {
			var names []facts.Link
			for _, p := range h.Ports(l.Index) {
				if p.Port != nil && p.Port.Isolated {
					names = append(names, p)
				}
			}
			if len(names) < 2 {
				return pass("no two ports of " + l.Name + " are isolated from each other")[0]
			}
			return bad(verdict.Warn, verdict.Likely, fmt.Sprintf("the ports %s of %s are isolated: what is behind them cannot hear each other", linkNames(names), l.Name),
				[]string{"bridge link set dev " + names[0].Name + " isolated off"}, evidence("isolated ports", linkNames(names), h.Links.From))[0]
		})
	},
}

var tableFull = Check{
	ID: "switch.table-full",
	Judge: func(h *Host) []verdict.Verdict {
		return h.perBridge(func(l facts.Link, b facts.Bridge) verdict.Verdict {
			ev := evidence("groups in the database of "+l.Name, fmt.Sprintf("%d of at most %d", b.Entries, b.HashMax), h.Bridges.From)
			if b.HashMax == 0 || !b.Snooping || uint64(b.Entries)*10 < uint64(b.HashMax)*9 {
				return pass("the group database of "+l.Name+" has room", ev)[0]
			}
			return bad(verdict.Warn, verdict.Hint, fmt.Sprintf("the group database of %s is full or nearly so", l.Name),
				[]string{fmt.Sprintf("ip link set %s type bridge mcast_hash_max %d", l.Name, max(16384, 4*b.HashMax))}, ev)[0]
		})
	},
}

var fastLeave = Check{
	ID: "switch.leave-kills-others",
	Judge: func(h *Host) []verdict.Verdict {
		return h.perBridge(func(l facts.Link, _ facts.Bridge) verdict.Verdict {
			for _, p := range h.Ports(l.Index) {
				if p.Port != nil && p.Port.FastLeave && p.Kind != "tun" && p.Kind != "veth" {
					return bad(verdict.Warn, verdict.Likely, fmt.Sprintf("port %s of %s leaves fast: when one of several hosts behind it leaves a group, the others lose it", p.Name, l.Name),
						[]string{"bridge link set dev " + p.Name + " fastleave off"}, evidence("fast leave of "+p.Name, "on", h.Links.From))[0]
				}
			}
			return pass("no port of " + l.Name + " that may lead to several hosts leaves fast")[0]
		})
	},
}
