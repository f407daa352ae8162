package collect

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"muster/mcast/querier"
	"muster/routecheck/facts"
)

func readMemberships(f *facts.Facts) facts.Fact[[]facts.Membership] {
	from := "/proc/net/igmp"
	text, err := slurp(procNet+"igmp", maxFile)
	if err != nil {
		return facts.Unread[[]facts.Membership](from, because("reading the joined groups", err))
	}
	out := memberships(querier.ParseIGMP(text, maxMembers))
	if text, err := slurp(procNet+"igmp6", maxFile); err == nil {
		from += ", igmp6"
		out = append(out, memberships(querier.ParseIGMP6(text, maxMembers))...)
	} else if f.Query.Group.Is6() {
		return facts.Unread[[]facts.Membership]("/proc/net/igmp6", because("reading the joined groups", err))
	}
	return facts.Read(notNil(out), from)
}

func readFilters(*facts.Facts) facts.Fact[[]facts.SourceFilter] {
	const from = "/proc/net/mcfilter"
	text, err := slurp(procNet+"mcfilter", maxFile)
	if err != nil {
		return facts.Unread[[]facts.SourceFilter](from, because("reading source filters", err))
	}
	return facts.Read(notNil(parseFilters(text, maxMembers)), from)
}

func readLinkLayer(*facts.Facts) facts.Fact[[]facts.LinkGroup] {
	const from = "/proc/net/dev_mcast"
	text, err := slurp(procNet+"dev_mcast", maxFile)
	if err != nil {
		return facts.Unread[[]facts.LinkGroup](from, because("reading link-layer groups", err))
	}
	return facts.Read(notNil(parseDevMcast(text, maxMembers)), from)
}

func readCounters() facts.Fact[map[string]uint64] {
	const from = "/proc/net/snmp, netstat"
	all := map[string]uint64{}
	for _, name := range []string{"snmp", "netstat"} {
		text, err := slurp(procNet+name, maxFile)
		if err != nil {
			return facts.Unread[map[string]uint64](from, because("reading counters", err))
		}
		parseCounters(text, all)
	}
	// Only what checks ask for: the rest is long and says nothing about multicast.
	out := map[string]uint64{}
	for _, name := range []string{
		"Udp.InDatagrams", "Udp.OutDatagrams", "Udp.NoPorts", "Udp.InErrors", "Udp.RcvbufErrors", "Udp.SndbufErrors", "Udp.InCsumErrors", "Udp.IgnoredMulti",
		"Ip.ReasmReqds", "Ip.ReasmOKs", "Ip.ReasmFails", "Ip.OutNoRoutes", "TcpExt.IPReversePathFilter",
		"IpExt.InMcastPkts", "IpExt.OutMcastPkts", "IpExt.InNoRoutes",
	} {
		if n, ok := all[name]; ok {
			out[name] = n
		}
	}
	return facts.Read(out, from)
}

// readSysctls reads the kernel settings that checks ask for: the host's, and those
// of each interface that a group may use.
func readSysctls(f *facts.Facts) {
	names := []string{
		"net.ipv4.igmp_max_memberships", "net.ipv4.igmp_max_msf", "net.ipv4.igmp_link_local_mcast_reports", "net.ipv6.mld_max_msf",
		"net.ipv4.icmp_echo_ignore_broadcasts", "net.ipv6.icmp.echo_ignore_multicast", "net.ipv4.ping_group_range", "net.ipv4.ip_forward", "net.ipv4.ip_local_port_range",
		"net.ipv4.udp_l3mdev_accept", "net.core.optmem_max", "net.core.rmem_max", "net.core.rmem_default", "net.core.wmem_max",
		"net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables",
		"net.ipv4.conf.all.rp_filter", "net.ipv4.conf.all.force_igmp_version", "net.ipv6.conf.all.force_mld_version",
	}
	const perLink = 64 // of hosts with thousands of interfaces, those that come first
	n := 0
	for _, l := range f.Links.Value {
		if l.Has(facts.FlagLoopback) && !mayBeJudged(f, l) || strings.Contains(l.Name, "/") || n >= perLink && !mayBeJudged(f, l) {
			continue
		}
		n++
		for _, s := range []string{"ipv4.conf.%s.rp_filter", "ipv4.conf.%s.force_igmp_version", "ipv6.conf.%s.force_mld_version", "ipv6.conf.%s.disable_ipv6", "ipv6.conf.%s.mtu"} {
			names = append(names, "net."+fmt.Sprintf(s, l.Name))
		}
	}
	for _, name := range names {
		path := sysctlPath(name)
		text, err := slurp(path, 4096)
		if err != nil {
			f.Sysctls[name] = facts.Unread[string](path, err.Error())
			continue
		}
		f.Sysctls[name] = facts.Read(strings.TrimSpace(text), path)
	}
}

// mayBeJudged: the route, the question or the configuration names the interface.
func mayBeJudged(f *facts.Facts, l facts.Link) bool {
	if l.Index == f.ToGroup.Value.Link || l.Name == f.Query.Interface || strconv.Itoa(int(l.Index)) == f.Query.Interface {
		return true
	}
	for _, a := range f.Addrs.Value {
		text := a.Prefix.Addr().String()
		if a.Link == l.Index && (text == f.Query.Interface || f.Query.Cluster != nil && (text == f.Query.Cluster.Bind || text == f.Query.Cluster.Receiver)) {
			return true
		}
	}
	return false
}

// sysctlPath turns dots into slashes, but for those in an interface's name (as in
// eth0.20), which stands between conf and the last word.
func sysctlPath(name string) string {
	if family, rest, ok := strings.Cut(name, ".conf."); ok {
		if i := strings.LastIndexByte(rest, '.'); i > 0 {
			return "/proc/sys/" + strings.ReplaceAll(family, ".", "/") + "/conf/" + rest[:i] + "/" + rest[i+1:]
		}
	}
	return "/proc/sys/" + strings.ReplaceAll(name, ".", "/")
}

// wanted reports whether a socket is one of the ports asked about.
func wantedUDP(q facts.Query) func(netip.AddrPort) bool {
	return func(a netip.AddrPort) bool { return a.Port() == q.Port }
}

func wantedTCP(q facts.Query) func(netip.AddrPort) bool {
	return func(a netip.AddrPort) bool { return a.Port() >= q.TCPPort && a.Port() <= q.LastTCPPort() }
}
