package judge

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/verdict"
	"muster/routecheck/facts"
	"muster/routecheck/firewall"
)

func addr(s string) netip.Addr     { return netip.MustParseAddr(s) }
func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }
func ptr[T any](v T) *T            { return &v }

// sample is the facts of a host with ways to change them.
type sample struct{ *facts.Facts }

// healthy is a Linux host on which all is well, with a member running.
func healthy() sample {
	f := &facts.Facts{Version: facts.Version, Time: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), OS: "linux", Arch: "amd64", Query: facts.DefaultQuery()}
	f.Kernel = facts.Read("6.18.44", "uname")
	f.Self = facts.Read(facts.Self{Capabilities: 1<<12 | 1<<13}, "/proc/self/status")
	f.Platform = facts.Read(facts.Platform{NetNS: "net:[1]", InitNetNS: "net:[1]"}, "/proc")
	f.Links = facts.Read([]facts.Link{
		{Index: 1, Name: "lo", Flags: facts.FlagUp | facts.FlagLoopback | facts.FlagRunning, MTU: 65536, Type: 772, OperState: "unknown"},
		{Index: 2, Name: "eth0", Flags: facts.FlagUp | facts.FlagBroadcast | facts.FlagMulticast | facts.FlagRunning, MTU: 1500, Type: 1, MAC: "02:77:00:00:00:0b", OperState: "up", Carrier: ptr(true), TxQueueLen: 1000,
			Stats: facts.LinkStats{RxPackets: 10000, TxPackets: 10000, Multicast: 5000}},
		{Index: 3, Name: "eth1", Flags: facts.FlagUp | facts.FlagBroadcast | facts.FlagMulticast | facts.FlagRunning, MTU: 1500, Type: 1, MAC: "02:77:00:00:01:0b", OperState: "up", Carrier: ptr(true)},
	}, "netlink")
	f.Addrs = facts.Read([]facts.Addr{
		{Link: 1, Prefix: prefix("127.0.0.1/8"), Scope: "host"},
		{Link: 2, Prefix: prefix("10.77.0.11/24"), Scope: "global"}, {Link: 2, Prefix: prefix("fd77::11/64"), Scope: "global"}, {Link: 2, Prefix: prefix("fe80::1/64"), Scope: "link"},
		{Link: 3, Prefix: prefix("10.78.0.11/24"), Scope: "global"},
	}, "netlink")
	f.Routes = facts.Read([]facts.Route{
		{Table: 254, Type: "unicast", Dst: prefix("0.0.0.0/0"), Gateway: addr("10.77.0.1"), Links: []uint32{2}},
		{Table: 254, Type: "unicast", Dst: prefix("10.77.0.0/24"), Links: []uint32{2}, Src: addr("10.77.0.11")},
		{Table: 254, Type: "unicast", Dst: prefix("10.78.0.0/24"), Links: []uint32{3}, Src: addr("10.78.0.11")},
	}, "netlink")
	f.Rules = facts.Read([]facts.Rule{{Priority: 0, Action: "lookup", Table: 255}, {Priority: 32766, Action: "lookup", Table: 254}, {Priority: 32767, Action: "lookup", Table: 253}}, "netlink")
	f.ToGroup = facts.Read(facts.RouteAnswer{To: facts.DefaultGroup, Type: "multicast", Link: 2, Src: addr("10.77.0.11"), Table: 254}, "netlink")
	f.ToSources = facts.Read([]facts.RouteAnswer{{To: addr("10.77.0.12"), Type: "unicast", Link: 2, Src: addr("10.77.0.11"), Table: 254}}, "netlink")
	f.Neighbours = facts.Read([]facts.Neighbour{{Link: 2, Addr: addr("10.77.0.12"), MAC: "02:77:00:00:00:0c"}}, "netlink")
	f.Sysctls = map[string]facts.Fact[string]{}
	for name, v := range map[string]string{
		"net.ipv4.conf.all.rp_filter": "0", "net.ipv4.conf.eth0.rp_filter": "2", "net.ipv4.conf.all.force_igmp_version": "0", "net.ipv4.conf.eth0.force_igmp_version": "0",
		"net.ipv6.conf.all.force_mld_version": "0", "net.ipv6.conf.eth0.force_mld_version": "0", "net.ipv6.conf.eth0.disable_ipv6": "0", "net.ipv6.conf.eth0.mtu": "1500",
		"net.ipv4.igmp_max_memberships": "20", "net.ipv4.igmp_max_msf": "10", "net.ipv4.igmp_link_local_mcast_reports": "1", "net.core.optmem_max": "131072",
		"net.ipv4.icmp_echo_ignore_broadcasts": "0", "net.ipv4.udp_l3mdev_accept": "0", "net.bridge.bridge-nf-call-iptables": "0", "net.bridge.bridge-nf-call-ip6tables": "0",
	} {
		f.Sysctls[name] = facts.Read(v, sysctlFile(name))
	}
	f.Memberships = facts.Read([]facts.Membership{{Link: 2, Group: facts.DefaultGroup, Users: 1, Version: "V3"}, {Link: 2, Group: addr("224.0.0.1"), Users: 1, Version: "V3"}}, "/proc/net/igmp")
	f.Filters = facts.Read([]facts.SourceFilter{}, "/proc/net/mcfilter")
	f.LinkLayer = facts.Read([]facts.LinkGroup{{Link: 2, MAC: "01:00:5e:00:00:01"}, {Link: 2, MAC: "01:00:5e:00:00:04"}}, "/proc/net/dev_mcast")
	f.Bridges = facts.Read([]facts.Bridge{}, "netlink")
	f.Queues = facts.Read([]facts.Queue{{Link: 2, Kind: "fq_codel", Sent: 10000}}, "netlink")
	f.UDP = facts.Read([]facts.Socket{{Local: netip.MustParseAddrPort("0.0.0.0:45564"), UID: 998, Inode: 7, RcvBuf: 212992, Loop: ptr(true), All: ptr(true), PID: 4711}}, "netlink sock_diag")
	f.Listeners = facts.Read([]facts.Socket{{Local: netip.MustParseAddrPort("10.77.0.11:4000"), UID: 998, Inode: 8, PID: 4711}}, "netlink sock_diag")
	f.Connections = facts.Read([]facts.Connection{}, "netlink sock_diag")
	f.BindTest = facts.Read(facts.BindTest{}, "bind")
	f.Counters = facts.Read(map[string]uint64{"Udp.InDatagrams": 10000, "Udp.OutDatagrams": 10000, "TcpExt.IPReversePathFilter": 0, "Ip.ReasmReqds": 100}, "/proc/net/snmp")
	f.Processes = facts.Read([]facts.Process{{PID: 4711, Name: "Tomcat", Tomcat: true, NetNS: "net:[1]", State: "S", UID: ptr(uint32(998)), Unit: "tomcat10.service"}}, "/proc")
	f.Firewall = facts.Read(firewall.Ruleset{Tables: []firewall.Table{}}, "netlink")
	f.Names = facts.Read(facts.Names{Host: "n1", Addrs: []netip.Addr{addr("10.77.0.11")}, Via: "/etc/hosts"}, "/etc/hosts")
	f.Clock = facts.Read(facts.Clock{Synchronized: true}, "adjtimex")
	f.SELinux = facts.Read(facts.SELinux{}, "/sys/fs/selinux")
	f.Units = facts.Read([]facts.Unit{{Name: "tomcat10.service", Settings: map[string]string{}, Files: []string{"/usr/lib/systemd/system/tomcat10.service"}}}, "/etc/systemd/system")
	f.PF = facts.Unread[facts.PF]("", "Linux has no pf")
	f.AppFirewall = facts.Unread[facts.AppFirewall]("", "this is not macOS")
	f.Defender = facts.Unread[facts.Defender]("", "this is not Windows")
	return sample{f}
}

func sysctlFile(name string) string { return "/proc/sys/" + strings.ReplaceAll(name, ".", "/") }

func (f sample) set(sysctl, value string) { f.Sysctls[sysctl] = facts.Read(value, sysctlFile(sysctl)) }

// group asks for another group; the route to it is the same.
func (f sample) group(g string, port uint16) {
	f.Query.Group, f.Query.Port = addr(g), port
	f.ToGroup.Value.To = addr(g)
}

func (f sample) ipv6() {
	f.group("ff15::4", 45564)
	f.ToGroup.Value.Src = addr("fd77::11")
}

func (f sample) eth0() *facts.Link { return &f.Links.Value[1] }

func (f sample) rules(t testing.TB, family, save string) {
	tables, err := firewall.ReadSave(strings.NewReader(save), family)
	if err != nil {
		t.Helper()
		t.Fatal(err)
	}
	f.Firewall.Value.Tables = tables
}

// asBridge makes eth0 a bridge over eth1 and a tap of a virtual machine.
func (f sample) asBridge(b facts.Bridge) {
	f.Links.Value[1].Kind, f.Links.Value[1].Name = "bridge", "eth0"
	f.Links.Value[2].Master, f.Links.Value[2].Port = 2, &facts.BridgePort{MulticastFlood: true, State: 3}
	f.Links.Value = append(f.Links.Value, facts.Link{Index: 9, Name: "vnet0", Kind: "tun", Type: 1, Flags: facts.FlagUp, MTU: 1500, Master: 2, Port: &facts.BridgePort{MulticastFlood: true, State: 3}})
	b.Link = 2
	f.Bridges.Value = []facts.Bridge{b}
}

// asWindows and asMac are hosts of those systems, with the few facts that their
// collectors give.
func (f sample) asWindows() {
	for i := range f.Links.Value {
		f.Links.Value[i].Kind = ""
	}
	f.foreign("windows")
	f.Defender = facts.Read(facts.Defender{Profiles: map[string]facts.DefenderProfile{"domain": {Enabled: true, BlockInbound: true}, "private": {Enabled: true, BlockInbound: true}, "public": {Enabled: true, BlockInbound: true}}}, "registry")
	f.Listeners = facts.Read([]facts.Socket{}, "GetExtendedTcpTable")
}

func (f sample) asMac() {
	f.foreign("darwin")
	f.AppFirewall = facts.Read(facts.AppFirewall{}, "socketfilterfw")
	f.PF = facts.Unread[facts.PF]("pfctl", "it needs root")
}

func (f sample) foreign(goos string) {
	f.OS = goos
	f.Sysctls = map[string]facts.Fact[string]{}
	f.Firewall, f.Counters, f.LinkLayer, f.UDP, f.Listeners, f.BindTest, f.Processes, f.Clock, f.Units = facts.Fact[firewall.Ruleset]{}, facts.Fact[map[string]uint64]{}, facts.Fact[[]facts.LinkGroup]{}, facts.Fact[[]facts.Socket]{}, facts.Fact[[]facts.Socket]{}, facts.Fact[facts.BindTest]{}, facts.Fact[[]facts.Process]{}, facts.Fact[facts.Clock]{}, facts.Fact[[]facts.Unit]{}
	for i := range f.Memberships.Value {
		f.Memberships.Value[i].Version = ""
	}
}

func (f sample) cluster(c facts.Cluster) {
	c.From = "server.xml"
	if c.Receiver == "" {
		c.Receiver = "auto"
	}
	f.Query.Cluster = &c
}

// route makes another answer for the way to the group.
func (f sample) refused(errno string) {
	f.ToGroup.Value = facts.RouteAnswer{To: f.Query.Group, Errno: errno}
}

func withoutMember(f sample) {
	f.UDP.Value, f.Listeners.Value, f.Processes.Value = []facts.Socket{}, []facts.Socket{}, []facts.Process{}
	f.Memberships.Value = f.Memberships.Value[1:]
	f.BindTest = facts.Unread[facts.BindTest]("bind", "nobody holds the port")
}

// tun turns eth1 into a tunnel by which the group goes.
func (f sample) tun(kind string) {
	f.Links.Value[2] = facts.Link{Index: 3, Name: "tun0", Kind: kind, Type: 65534, MTU: 1420, Flags: facts.FlagUp | facts.FlagPointToPoint | facts.FlagNoARP | facts.FlagMulticast | facts.FlagRunning, OperState: "unknown", Carrier: ptr(true)}
	f.ToGroup.Value.Link, f.ToGroup.Value.Src = 3, addr("10.78.0.11")
}

func (f sample) joined(groups ...string) {
	for _, g := range groups {
		f.Memberships.Value = append(f.Memberships.Value, facts.Membership{Link: 2, Group: addr(g), Users: 1, Version: "V3"})
	}
}

const input = "*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n"

type fixture struct {
	id   verdict.ID
	good func(f sample) // nil: the healthy host
	bad  func(f sample)
	want verdict.Status // of bad; pass is for entries that are only a note
	saw  string         // a part of what is said
	fix  string         // a part of the fix
}

func fixtures(t testing.TB) []fixture {
	fw := func(save string) func(sample) { return func(f sample) { f.rules(t, "ip", input+save+"COMMIT\n") } }
	container := func(kind string) func(sample) {
		return func(f sample) {
			f.Platform.Value.Container = kind
			f.eth0().Kind = "veth"
		}
	}
	return []fixture{
		{"iface.multicast-flag", nil, func(f sample) { f.eth0().Flags &^= facts.FlagMulticast }, verdict.Warn, "no MULTICAST flag", "multicast on"},
		{"iface.multicast-flag", nil, func(f sample) { f.asMac(); f.eth0().Flags &^= facts.FlagMulticast }, verdict.Fail, "macOS refuses", ""},
		{"iface.down", nil, func(f sample) { f.eth0().Flags &^= facts.FlagUp; f.Query.Interface = "eth0" }, verdict.Fail, "administratively down", "ip link set eth0 up"},
		{"iface.no-carrier", nil, func(f sample) { f.eth0().Carrier = ptr(false); f.eth0().OperState = "down" }, verdict.Fail, "no carrier", "restore the link"},
		{"iface.no-carrier", nil, func(f sample) { f.eth0().OperState = "dormant" }, verdict.Warn, "dormant", ""},
		{"iface.no-ipv4", nil, func(f sample) { f.Addrs.Value = append(f.Addrs.Value[:1], f.Addrs.Value[4]) }, verdict.Warn, "no IPv4 address", "IPv4 address of the members"},
		{"iface.bridge-port", nil, func(f sample) {
			f.Links.Value = append(f.Links.Value, facts.Link{Index: 9, Name: "br9", Kind: "bridge", Type: 1, Flags: facts.FlagUp, MTU: 1500})
			f.eth0().Master = 9
		}, verdict.Fail, "kept its address", "ip addr add"},
		{"sock.deaf", nil, func(f sample) { f.UDP.Value[0].Local = netip.MustParseAddrPort("10.77.0.11:45564") }, verdict.Fail, "its own address", "restart"},
		{"sock.deaf", nil, func(f sample) { f.UDP.Value[0].Bound = 3 }, verdict.Fail, "bound to the interface eth1", "restart"},
		{"sock.deaf", nil, func(f sample) { f.Listeners.Value[0].Local = netip.MustParseAddrPort("10.77.0.99:4000") }, verdict.Fail, "no longer has", "ip addr add 10.77.0.99/24"},
		{"addr.hostname-foreign", nil, func(f sample) {
			f.Names.Value.Addrs = []netip.Addr{addr("10.77.0.77")}
			f.cluster(facts.Cluster{})
		}, verdict.Fail, "does not have", "10.77.0.11"},
		{"tribes.gc-pause", nil, func(f sample) { f.Processes.Value[0].State = "T" }, verdict.Fail, "is stopped", "kill -CONT 4711"},
		{"tribes.gc-pause", nil, func(f sample) { f.UDP.Value[0].Queued = 200000 }, verdict.Warn, "has not read", ""},
		{"route.multicast-router", nil, func(f sample) { f.Query.Peers = []netip.Addr{addr("10.78.0.12")} }, verdict.Fail, "does not go to 10.78.0.0/24", "dev eth1"},
		{"route.multicast-router", nil, func(f sample) { // replication by a network of its own
			f.Connections.Value = []facts.Connection{{Local: netip.MustParseAddrPort("10.78.0.11:4000"), Remote: netip.MustParseAddrPort("10.78.0.12:43210")}}
		}, verdict.Unknown, "replication connection on eth1", ""},
		{"route.multicast-router", nil, func(f sample) { f.Query.Peers = []netip.Addr{addr("192.0.2.12")} }, verdict.Fail, "is not in 10.77.0.0/24", "without multicast"},
		{"iface.recreated", nil, func(f sample) { f.Memberships.Value = f.Memberships.Value[1:] }, verdict.Fail, "joined on no interface", "restart"},
		{"iface.recreated", nil, func(f sample) {
			f.Memberships.Value = f.Memberships.Value[1:]
			f.UDP.Value[0].Local = netip.MustParseAddrPort("228.0.0.4:45564")
			f.joined("239.1.1.1")
		}, verdict.Fail, "joined on no interface", "restart"},
		{"iface.recreated", nil, func(f sample) { f.Memberships.Value = f.Memberships.Value[1:]; f.joined("239.1.1.1") }, verdict.Warn, "other groups are", ""},
		{"iface.dual-homed", nil, func(f sample) {
			f.Addrs.Value[4].Prefix = prefix("10.77.0.99/24")
			f.Memberships.Value = append(f.Memberships.Value, facts.Membership{Link: 3, Group: facts.DefaultGroup})
		}, verdict.Warn, "arrives twice", "bind"},
		{"iface.nic-filter", nil, func(f sample) { f.LinkLayer.Value = f.LinkLayer.Value[:1] }, verdict.Fail, "not in the interface's filter list", "allmulticast"},
		{"iface.vf-trust", nil, func(f sample) { f.eth0().VirtualFunction = true; f.eth0().Stats.Multicast = 0 }, verdict.Fail, "virtual function", "trust on"},
		{"iface.bond-failover", func(f sample) { f.eth0().Kind, f.eth0().ResendIGMP = "bond", ptr(uint32(1)) },
			func(f sample) { f.eth0().Kind, f.eth0().ResendIGMP = "bond", ptr(uint32(0)) }, verdict.Warn, "does not report", "resend_igmp"},
		{"iface.macvlan-parent", func(f sample) { f.eth0().Kind, f.eth0().Mode = "macvlan", "bridge" },
			func(f sample) { f.eth0().Kind, f.eth0().Mode = "macvlan", "vepa" }, verdict.Fail, "neither its parent nor its siblings", "mode bridge"},
		{"iface.point-to-point", nil, func(f sample) { f.tun("tun") }, verdict.Warn, "tunnel", "dev eth0"},
		{"iface.wifi", nil, func(f sample) { f.eth0().Wireless = true }, verdict.Warn, "wireless", "power_save off"},
		{"iface.loopback-only", nil, func(f sample) { f.Links.Value = f.Links.Value[:1]; f.refused("ENETUNREACH") }, verdict.Fail, "only interface", ""},
		{"iface.tx-drop", nil, func(f sample) { f.Queues.Value[0].Drops = 500 }, verdict.Warn, "dropped 500", "txqueuelen"},
		{"iface.offload", nil, func(f sample) { f.Counters.Value["Udp.InCsumErrors"] = 100 }, verdict.Pass, "a note", "ethtool"},

		{"route.none", nil, func(f sample) { f.refused("ENETUNREACH") }, verdict.Fail, "there is no route", "ip route add 224.0.0.0/4 dev eth0"},
		{"route.none", nil, func(f sample) { f.refused("ENETUNREACH"); f.cluster(facts.Cluster{Bind: "10.77.0.11"}) }, verdict.Warn, "binds to", ""},
		{"route.wrong-interface", nil, func(f sample) { f.Query.Interface = "eth1" }, verdict.Fail, "leaves by eth0, not by eth1", "ip route replace 224.0.0.0/4 dev eth1"},
		{"route.wrong-interface", nil, func(f sample) { f.ToGroup.Value.Link = 3; f.Links.Value[2].Name = "docker0"; withoutMember(f) }, verdict.Fail, "containers or virtual machines", "dev eth0"},
		{"route.wrong-interface", nil, func(f sample) { f.ToGroup.Value.Link = 3 }, verdict.Fail, "where the receiver listens", "dev eth0"},
		{"route.to-lo", nil, func(f sample) {
			f.ToGroup.Value.Link = 1
			f.Routes.Value = append(f.Routes.Value, facts.Route{Table: 254, Type: "unicast", Dst: prefix("224.0.0.0/4"), Links: []uint32{1}})
		}, verdict.Fail, "routed to lo", "ip route replace 224.0.0.0/4 dev eth0"},
		{"route.blocked", nil, func(f sample) {
			f.refused("EINVAL")
			f.Routes.Value = append(f.Routes.Value, facts.Route{Table: 254, Type: "blackhole", Dst: prefix("224.0.0.0/4")})
		}, verdict.Fail, "blackhole route", "ip route del blackhole 224.0.0.0/4"},
		{"route.blocked", nil, func(f sample) {
			f.refused("EACCES")
			f.Rules.Value = slices.Insert(f.Rules.Value, 1, facts.Rule{Priority: 100, Dst: prefix("228.0.0.4/32"), Action: "prohibit"})
		}, verdict.Fail, "policy rule 100", "ip rule del pref 100"},
		{"route.blocked", nil, func(f sample) {
			f.refused("EHOSTUNREACH")
			f.Rules.Value = slices.Insert(f.Rules.Value, 1, facts.Rule{Priority: 100, Dst: prefix("224.0.0.0/4"), Action: "lookup", Table: 100})
			f.Routes.Value = append(f.Routes.Value, facts.Route{Table: 100, Type: "unreachable", Dst: prefix("0.0.0.0/0")})
		}, verdict.Fail, "in table 100", "table 100"},
		{"route.join-send-split", nil, func(f sample) { f.Memberships.Value[0].Link = 3; f.Listeners.Value = []facts.Socket{} }, verdict.Warn, "joined on eth1", ""},
		{"rpf.strict", nil, func(f sample) {
			f.set("net.ipv4.conf.all.rp_filter", "1")
			f.set("net.ipv4.conf.eth0.rp_filter", "1")
			f.Routes.Value = append(f.Routes.Value, facts.Route{Table: 254, Type: "unicast", Dst: prefix("10.77.0.0/25"), Links: []uint32{3}})
		}, verdict.Fail, "10.77.0.0/25", "rp_filter=2"},
		{"rpf.strict", nil, func(f sample) {
			f.set("net.ipv4.conf.all.rp_filter", "1")
			f.set("net.ipv4.conf.eth0.rp_filter", "0")
			f.ToSources.Value[0].Link = 3
			f.Counters.Value["TcpExt.IPReversePathFilter"] = 7
		}, verdict.Fail, "10.77.0.12", "rp_filter=2"},
		{"rpf.loose-no-route", nil, func(f sample) {
			f.Query.Source = addr("192.0.2.1")
			f.ToSources.Value = []facts.RouteAnswer{{To: addr("192.0.2.1"), Errno: "ENETUNREACH"}}
		}, verdict.Fail, "no route at all to 192.0.2.1", "rp_filter=0"},
		{"rpf.loose-no-route", nil, func(f sample) {
			f.Routes.Value = f.Routes.Value[1:]
			f.Counters.Value["TcpExt.IPReversePathFilter"] = 7
		}, verdict.Warn, "no default route", "rp_filter=0"},
		{"addr.hostname-loopback", nil, func(f sample) { f.Names.Value.Addrs = []netip.Addr{addr("127.0.1.1")}; withoutMember(f) }, verdict.Warn, "127.0.1.1", "Receiver"},
		{"addr.hostname-loopback", nil, func(f sample) {
			f.Names.Value.Addrs = []netip.Addr{addr("127.0.0.1")}
			f.Listeners.Value[0].Local = netip.MustParseAddrPort("127.0.0.1:4000")
		}, verdict.Fail, "where the receiver listens", "Receiver"},
		{"addr.hostname-loopback", func(f sample) {
			f.Names.Value.Addrs = []netip.Addr{addr("127.0.1.1")}
			f.cluster(facts.Cluster{Receiver: "10.77.0.11"})
		}, func(f sample) {
			f.Names.Value.Addrs = []netip.Addr{addr("::1"), addr("127.0.1.1")}
			f.cluster(facts.Cluster{})
		}, verdict.Fail, "advertises", "Receiver"},
		{"addr.secondary-source", nil, func(f sample) {
			f.Addrs.Value = append(f.Addrs.Value, facts.Addr{Link: 2, Prefix: prefix("10.77.0.100/24"), Secondary: true})
			f.Listeners.Value[0].Local = netip.MustParseAddrPort("10.77.0.100:4000")
		}, verdict.Warn, "listens on 10.77.0.100", "src 10.77.0.100"},

		{"fw.input-drop", nil, fw("-A INPUT -p udp -m udp --dport 45564 -j DROP\n"), verdict.Fail, "--dport 45564 -j DROP", "-I INPUT -i eth0 -d 228.0.0.4"},
		{"fw.output-drop", nil, fw("-A OUTPUT -d 224.0.0.0/4 -j DROP\n"), verdict.Fail, "-d 224.0.0.0/4 -j DROP", "-I OUTPUT -o eth0"},
		{"fw.igmp-drop", nil, fw("-A INPUT -p igmp -j DROP\n"), verdict.Fail, "IGMP query", "-p igmp -j ACCEPT"},
		{"fw.pf-allow-opts", func(f sample) { f.asMac(); f.PF = facts.Read(facts.PF{}, "pfctl") }, func(f sample) {
			f.foreign("freebsd")
			f.PF = facts.Read(facts.PF{Enabled: true, Rules: []string{"block drop in all", "pass in on em0 proto igmp all"}}, "pfctl")
		}, verdict.Fail, "without IP options", "allow-opts"},
		{"tribes.half-open", nil, fw("-A INPUT -p tcp -m tcp --dport 4000 -j DROP\n"), verdict.Fail, "TCP connection", "--dport 4000:4099 -j ACCEPT"},
		{"tribes.half-open", nil, fw("-A OUTPUT -p tcp -m tcp --dport 4000 -j DROP\n"), verdict.Fail, "TCP connection", "-I OUTPUT"},
		{"fw.ping-reply-invalid", nil, fw("-A INPUT -m conntrack --ctstate INVALID -j DROP\n"), verdict.Warn, "no answers", "echo-reply"},
		{"fw.bridge-nf", func(f sample) { f.asBridge(facts.Bridge{}) }, func(f sample) {
			f.asBridge(facts.Bridge{})
			f.set("net.bridge.bridge-nf-call-iptables", "1")
			f.rules(t, "ip", "*filter\n:FORWARD DROP [0:0]\nCOMMIT\n")
		}, verdict.Fail, "passes on", "bridge-nf-call-iptables=0"},
		{"icmp.ignore-broadcasts", nil, func(f sample) { f.set("net.ipv4.icmp_echo_ignore_broadcasts", "1") }, verdict.Pass, "a note", "icmp_echo_ignore_broadcasts=0"},
		{"fw.windows", func(f sample) {
			f.asWindows()
			f.Defender.Value.Rules = []facts.DefenderRule{{Allow: true, Protocol: 17, Ports: "45000-46000"}}
		}, func(f sample) { f.asWindows() }, verdict.Fail, "UDP port 45564", "New-NetFirewallRule"},
		{"fw.windows", nil, func(f sample) {
			f.asWindows()
			f.Defender.Value.Rules = []facts.DefenderRule{{Allow: true, Program: `C:\jdk\bin\java.exe`, Profiles: []string{"private", "domain"}}}
		}, verdict.Warn, "on a public network", "New-NetFirewallRule"},
		{"fw.macos-app", func(f sample) { f.asMac() }, func(f sample) { f.asMac(); f.AppFirewall.Value = facts.AppFirewall{Enabled: true, BlockAll: true} }, verdict.Warn, "blocks all", "setblockall off"},
		{"sec.selinux", func(f sample) { f.SELinux.Value = facts.SELinux{Present: true, Enforcing: true} }, func(f sample) {
			f.SELinux.Value = facts.SELinux{Present: true, Enforcing: true, Denials: []string{"type=AVC denied { name_bind } src=45564"}}
		}, verdict.Fail, "denied", "semanage"},
		{"sec.systemd-sandbox", nil, func(f sample) { f.Units.Value[0].Settings["PrivateNetwork"] = "yes" }, verdict.Fail, "loopback", "PrivateNetwork=no"},
		{"sec.systemd-sandbox", nil, func(f sample) { f.Units.Value[0].Settings["RestrictAddressFamilies"] = "AF_UNIX AF_INET6" }, verdict.Fail, "AF_INET", "RestrictAddressFamilies"},
		{"sec.systemd-sandbox", nil, func(f sample) { f.Units.Value[0].Settings["IPAddressDeny"] = "any" }, verdict.Fail, "groups", "IPAddressAllow=multicast"},
		{"sec.capabilities", nil, func(f sample) { f.Self.Value.Capabilities = 0 }, verdict.Pass, "a note", "setcap"},

		{"igmp.querier-zero-source", func(f sample) { f.asBridge(facts.Bridge{Snooping: true, Querier: true, UseIfaddr: true}) },
			func(f sample) { f.asBridge(facts.Bridge{Snooping: true, Querier: true}) }, verdict.Pass, "a note", "use_ifaddr"},
		{"igmp.version-compat", nil, func(f sample) {
			f.Query.Source = addr("10.77.0.12")
			f.Memberships.Value[0].Version, f.Memberships.Value[1].Version = "V2", "V2"
		}, verdict.Warn, "version 2", "querier"},
		{"igmp.version-forced", nil, func(f sample) { f.set("net.ipv4.conf.eth0.force_igmp_version", "2") }, verdict.Warn, "force_igmp_version is 2", "=0"},
		{"igmp.version-forced", func(f sample) { f.asWindows() }, func(f sample) { f.asWindows(); f.Defender.Value.IGMPVersion = ptr(uint32(3)) }, verdict.Warn, "version 2", "Version3"},
		{"switch.unregistered-drop", func(f sample) { f.asBridge(facts.Bridge{Snooping: true, Querier: true}) }, func(f sample) {
			f.asBridge(facts.Bridge{})
			f.Links.Value[2].Port.MulticastFlood = false
		}, verdict.Fail, "port eth1", "mcast_flood on"},
		{"bridge.local-snooping", func(f sample) { f.asBridge(facts.Bridge{Snooping: true, Querier: true}) }, func(f sample) { f.asBridge(facts.Bridge{Snooping: true}) }, verdict.Warn, "without a querier", "mcast_querier 1"},
		{"bridge.local-snooping", nil, func(f sample) {
			f.asBridge(facts.Bridge{Snooping: true, OtherQuerier: addr("10.77.0.254"), QuerierInterval: 255})
		}, verdict.Warn, "10.77.0.254", "mcast_querier 1"},
		{"switch.isolation", func(f sample) { f.asBridge(facts.Bridge{}) }, func(f sample) {
			f.asBridge(facts.Bridge{})
			f.Links.Value[2].Port.Isolated, f.Links.Value[3].Port.Isolated = true, true
		}, verdict.Warn, "eth1, vnet0", "isolated off"},
		{"switch.mac-alias", nil, func(f sample) { f.group("239.0.0.1", 5000) }, verdict.Warn, "224.0.0.1", "239.192.0.0/14"},
		{"switch.mac-alias", nil, func(f sample) { f.joined("239.128.0.4") }, verdict.Warn, "239.128.0.4", ""},
		{"group.link-local-range", nil, func(f sample) { f.group("224.0.0.200", 5000) }, verdict.Warn, "224.0.0.0/24", "239.192.0.0/14"},
		{"switch.table-full", func(f sample) { f.asBridge(facts.Bridge{Snooping: true, Querier: true, HashMax: 4096, Entries: 10}) },
			func(f sample) { f.asBridge(facts.Bridge{Snooping: true, Querier: true, HashMax: 4, Entries: 4}) }, verdict.Warn, "full", "mcast_hash_max"},
		{"switch.leave-kills-others", func(f sample) { f.asBridge(facts.Bridge{}) }, func(f sample) { f.asBridge(facts.Bridge{}); f.Links.Value[2].Port.FastLeave = true }, verdict.Warn, "leaves fast", "fastleave off"},
		{"igmp.no-report", nil, fw("-A OUTPUT -p igmp -j DROP\n"), verdict.Fail, "IGMP report", "-I OUTPUT -o eth0 -p igmp"},
		{"igmp.no-report", func(f sample) { f.asWindows() }, func(f sample) { f.asWindows(); f.Defender.Value.IGMPLevel = ptr(uint32(0)) }, verdict.Fail, "switched off", "IGMPLevel All"},
		{"mld.snooping", func(f sample) { f.ipv6() }, func(f sample) {
			f.ipv6()
			f.rules(t, "ip6", "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 130 -j DROP\nCOMMIT\n")
		}, verdict.Fail, "MLD query", "icmpv6"},

		{"ttl.zero", func(f sample) { f.cluster(facts.Cluster{TTL: -1}) }, func(f sample) { f.cluster(facts.Cluster{TTL: 0}) }, verdict.Fail, "never leave", "ttl="},
		{"group.invalid", nil, func(f sample) { f.group("192.228.0.4", 45564) }, verdict.Fail, "no group", ""},
		{"group.reserved", nil, func(f sample) { f.group("229.1.2.3", 5000) }, verdict.Warn, "225.0.0.0", "239.192.0.0/14"},
		{"group.ssm-as-asm", func(f sample) { f.group("232.1.1.1", 5000); f.Query.Source = addr("10.77.0.12") }, func(f sample) { f.group("232.1.1.1", 5000) }, verdict.Warn, "without a source", "SOURCE,232.1.1.1"},
		{"group.well-known", nil, func(f sample) { f.group("239.255.255.250", 1900); f.cluster(facts.Cluster{TTL: 1}) }, verdict.Warn, "SSDP", ""},
		{"ipv6.scope", func(f sample) { f.ipv6() }, func(f sample) { f.group("ff02::77", 5000) }, verdict.Warn, "names no interface", "%eth0"},
		{"ipv6.scope", nil, func(f sample) { f.group("ff01::77", 5000) }, verdict.Fail, "never leaves", "ff15"},
		{"ipv6.disabled", func(f sample) { f.ipv6() }, func(f sample) { f.ipv6(); f.set("net.ipv6.conf.eth0.disable_ipv6", "1") }, verdict.Fail, "switched off", "disable_ipv6=0"},
		{"java.ipv6-stack", func(f sample) { f.UDP.Value[0].V6 = true }, func(f sample) { f.UDP.Value[0].V6 = true; f.refused("ENETUNREACH") }, verdict.Warn, "IPv6 socket", "preferIPv4Stack"},

		{"sock.port-in-use", nil, func(f sample) { f.BindTest.Value = facts.BindTest{ReuseAddr: "EADDRINUSE", ReusePort: "EADDRINUSE"} }, verdict.Fail, "does not share", "another port"},
		{"sock.reuse-mismatch", nil, func(f sample) { f.BindTest.Value = facts.BindTest{ReuseAddr: "EADDRINUSE", ReusePort: ""} }, verdict.Fail, "SO_REUSEPORT", "both options"},
		{"sock.loop-off", nil, func(f sample) { f.UDP.Value = append(f.UDP.Value, f.UDP.Value[0]); f.UDP.Value[1].Loop = ptr(false) }, verdict.Warn, "without a copy", "IP_MULTICAST_LOOP"},
		{"sock.multicast-all", nil, func(f sample) { f.UDP.Value = append(f.UDP.Value, f.UDP.Value[0]); f.joined("239.5.5.5") }, verdict.Warn, "239.5.5.5", "port of its own"},
		{"sock.join-interface", nil, func(f sample) { f.Memberships.Value[0].Link = 1 }, verdict.Fail, "joined on lo, not on eth0", "bind"},
		{"sock.join-interface", nil, func(f sample) { f.Memberships.Value[0].Link = 3 }, verdict.Warn, "joined on eth1, not on eth0", "bind"},
		{"sock.bind-group", nil, func(f sample) { f.UDP.Value[0].Local = netip.MustParseAddrPort("228.0.0.4:45564") }, verdict.Pass, "a note", ""},
		{"limit.memberships", nil, func(f sample) { f.Query.Count = 21 }, verdict.Fail, "21 are asked for", "igmp_max_memberships=512"},
		{"limit.memberships", nil, func(f sample) { f.set("net.ipv4.igmp_max_memberships", "2"); f.joined("239.1.1.1") }, verdict.Warn, "exactly 2", ""},
		{"limit.sources", nil, func(f sample) {
			f.set("net.ipv4.igmp_max_msf", "2")
			f.Filters.Value = []facts.SourceFilter{{Link: 2, Group: addr("232.1.1.1"), Source: addr("10.0.0.1"), Includes: 1}, {Link: 2, Group: addr("232.1.1.1"), Source: addr("10.0.0.2"), Includes: 1}}
		}, verdict.Warn, "exactly 2 sources", "igmp_max_msf=64"},
		{"limit.optmem", nil, func(f sample) { f.set("net.core.optmem_max", "1024") }, verdict.Fail, "1024 bytes", "optmem_max=131072"},
		{"sock.rcvbuf-overflow", nil, func(f sample) { f.UDP.Value[0].Drops = 12 }, verdict.Warn, "12 datagrams", "rmem_max"},
		{"sock.send-nobufs", nil, func(f sample) { f.Counters.Value["Udp.SndbufErrors"] = 1000 }, verdict.Warn, "1000 of", "wmem_max"},
		{"tribes.half-open", nil, func(f sample) {
			f.ToReceivers = facts.Read([]facts.RouteAnswer{{To: addr("10.77.0.12"), Errno: "EACCES"}}, "netlink")
		}, verdict.Fail, "a rule of policy routing", ""},
		{"sock.unacked", nil, func(f sample) {
			f.Connections.Value = []facts.Connection{{Local: netip.MustParseAddrPort("10.77.0.11:43210"), Remote: netip.MustParseAddrPort("10.77.0.12:4000"), Unacked: 21000, Repeats: 5, Quiet: 12000}}
		}, verdict.Warn, "5 times in a row", ""},
		{"mtu.fragment-loss", nil, func(f sample) { f.Counters.Value["Ip.ReasmFails"] = 50 }, verdict.Warn, "never became whole", "28 bytes"},
		{"mtu.mismatch", nil, func(f sample) { f.eth0().MTU = 1280; f.set("net.ipv6.conf.eth0.mtu", "1280") }, verdict.Warn, "1280", "mtu 1500"},
		{"mtu.mismatch", nil, func(f sample) { f.set("net.ipv6.conf.eth0.mtu", "1400") }, verdict.Warn, "advertises", "mtu 1400"},
		{"mtu.mismatch", nil, func(f sample) { f.asBridge(facts.Bridge{}); f.Links.Value[2].MTU = 1400 }, verdict.Fail, "its port eth1", "eth1 mtu 1500"},
		{"sock.vrf", nil, func(f sample) {
			f.eth0().Master = 9
			f.Links.Value = append(f.Links.Value, facts.Link{Index: 9, Name: "vrf1", Kind: "vrf", Flags: facts.FlagUp})
		}, verdict.Fail, "VRF vrf1", "ip vrf exec"},

		{"env.netns-mismatch", nil, func(f sample) { f.Processes.Value[0].NetNS = "net:[2]" }, verdict.Warn, "another network namespace", "nsenter -t 4711 -n"},
		{"env.docker-bridge", func(f sample) { f.Platform.Value.Container = "docker" }, container("docker"), verdict.Warn, "container bridge", "--network host"},
		{"env.docker-overlay", container("docker"), func(f sample) {
			container("docker")(f)
			f.eth0().MTU = 1450
			f.Platform.Value.Nameservers = []netip.Addr{addr("127.0.0.11")}
		}, verdict.Warn, "overlay", "tasks.SERVICE"},
		{"env.k8s-cni", func(f sample) { f.Platform.Value.Kubernetes = true }, func(f sample) { f.Platform.Value.Kubernetes = true; f.eth0().Kind = "veth" }, verdict.Warn, "between nodes", "KubernetesMembershipProvider"},
		{"env.aws", func(f sample) { f.Platform.Value.Vendor = "Amazon EC2"; f.eth0().Kind = "wireguard" }, func(f sample) { f.Platform.Value.Vendor = "Amazon EC2" }, verdict.Warn, "EC2", "Transit Gateway"},
		{"env.azure", func(f sample) {
			f.Platform.Value.Vendor, f.Platform.Value.ChassisTag = "Microsoft Corporation", "7783-7084-3265-9085-8269-3286-77"
			f.eth0().Kind = "vxlan"
		}, func(f sample) {
			f.Platform.Value.Vendor, f.Platform.Value.ChassisTag = "Microsoft Corporation", "7783-7084-3265-9085-8269-3286-77"
		}, verdict.Fail, "Azure", "StaticMembershipInterceptor"},
		{"env.gcp", func(f sample) { f.Platform.Value.Product = "Google Compute Engine"; f.eth0().Kind = "vxlan" }, func(f sample) { f.Platform.Value.Product = "Google Compute Engine" }, verdict.Warn, "Google", "StaticMembershipInterceptor"},
		{"env.hypervisor", nil, func(f sample) {
			f.Platform.Value.Vendor, f.Platform.Value.Product = "innotek GmbH", "VirtualBox"
			f.Addrs.Value[1].Prefix = prefix("10.0.2.15/24")
			f.ToGroup.Value.Src = addr("10.0.2.15")
			f.Routes.Value[0].Gateway = addr("10.0.2.2")
		}, verdict.Warn, "behind NAT", "bridged"},
		{"env.wsl2", nil, func(f sample) {
			f.Platform.Value.WSL = true
			f.Addrs.Value[1].Prefix = prefix("172.20.1.5/20")
			f.ToGroup.Value.Src = addr("172.20.1.5")
		}, verdict.Fail, "behind NAT", "Windows binary"},
		{"env.vpn", nil, func(f sample) { f.tun("wireguard"); f.Routes.Value[0].Links = []uint32{3} }, verdict.Warn, "default route into the tunnel", "dev eth0"},
		{"env.rootless", func(f sample) { f.Platform.Value.Rootless = true }, func(f sample) {
			f.Platform.Value.Rootless = true
			f.eth0().Name, f.eth0().Kind = "tap0", "tun"
		}, verdict.Fail, "user-mode", "--network host"},

		{"tribes.advertises-loopback", nil, func(f sample) { f.Listeners.Value[0].Local = netip.MustParseAddrPort("127.0.0.1:4000") }, verdict.Fail, "advertises", "Receiver"},
		{"tribes.advertises-loopback", nil, func(f sample) { f.cluster(facts.Cluster{Receiver: "127.0.0.1"}) }, verdict.Fail, "cannot reach", `address="10.77.0.11"`},
		{"tribes.advertises-loopback", nil, func(f sample) { // a fix must be none of what it fixes
			f.cluster(facts.Cluster{Receiver: "127.0.0.1"})
			f.Query.Interface, f.ToGroup.Value.Link, f.ToGroup.Value.Src = "lo", 1, addr("127.0.0.1")
		}, verdict.Fail, "cannot reach", `address="ADDRESS"`},
		{"tribes.source-mismatch", nil, func(f sample) { f.Listeners.Value[0].Local = netip.MustParseAddrPort("10.78.0.11:4000") }, verdict.Warn, "listens on 10.78.0.11", "same value"},
		{"tribes.drop-time", func(f sample) { f.cluster(facts.Cluster{FrequencyMS: 500, DropTimeMS: 3000}) }, func(f sample) { f.cluster(facts.Cluster{FrequencyMS: 1000, DropTimeMS: 2000}) }, verdict.Warn, "less than three", "dropTime"},
		{"tribes.drop-time", nil, func(f sample) { f.cluster(facts.Cluster{FrequencyMS: 1000, DropTimeMS: 1000}) }, verdict.Fail, "flap", "dropTime"},
		{"tribes.clock-skew", nil, func(f sample) { f.Clock.Value.Synchronized = false; f.cluster(facts.Cluster{Encrypted: true}) }, verdict.Warn, "not synchronized", "timesyncd"},
		{"tribes.receiver-port", nil, func(f sample) {
			withoutMember(f)
			for p := range 100 {
				f.Listeners.Value = append(f.Listeners.Value, facts.Socket{Local: netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(4000+p)), PID: 99})
			}
		}, verdict.Fail, "every TCP port", "autoBind"},
		{"tribes.not-joined", nil, func(f sample) { f.UDP.Value, f.Memberships.Value = []facts.Socket{}, f.Memberships.Value[1:] }, verdict.Warn, "membership is off", "restart"},
		{"tribes.not-joined", nil, func(f sample) {
			f.UDP.Value, f.Memberships.Value = []facts.Socket{}, f.Memberships.Value[1:]
			f.cluster(facts.Cluster{})
		}, verdict.Fail, "not the group's port", "restart"},
		{"tribes.exposed-port", nil, func(f sample) {
			f.Addrs.Value[1].Prefix = prefix("198.41.0.4/24")
			f.ToGroup.Value.Src = addr("198.41.0.4")
			f.Listeners.Value[0].Local = netip.MustParseAddrPort("198.41.0.4:4000")
		}, verdict.Warn, "public address", "drop"},
	}
}

// TestFixtures: every check passes its good host and finds fault with its bad one,
// in the catalogue's severity or, for a sign alone, a lesser one.
func TestFixtures(t *testing.T) {
	seen := map[verdict.ID]bool{}
	for _, x := range fixtures(t) {
		seen[x.id] = true
		c, ok := findCheck(x.id)
		if !ok {
			t.Errorf("%s is no check", x.id)
			continue
		}
		good := healthy()
		if x.good != nil {
			x.good(good)
		}
		if v := judgeOne(t, good, c.ID); v.Status != verdict.Pass && !(x.good == nil && v.Status == verdict.Skip) {
			t.Errorf("%s: %s on its good host: %s", x.id, v.Status, v.Saw)
		}
		bad := healthy()
		x.bad(bad)
		v := judgeOne(t, bad, c.ID)
		if v.Status != x.want || !strings.Contains(v.Saw, x.saw) || !strings.Contains(strings.Join(v.Fix, "\n"), x.fix) {
			t.Errorf("%s: %s, want %s\n saw: %s\n want %q\n fix: %q\n want %q", x.id, v.Status, x.want, v.Saw, x.saw, v.Fix, x.fix)
		}
		if v.Status.Bad() && (len(v.Fix)+len(v.Next) == 0 || v.Title == "") {
			t.Errorf("%s: a finding without a fix or title: %+v", x.id, v)
		}
		p, _ := verdict.Find(x.id)
		if rank := map[string]int{"info": 0, "warn": 1, "fail": 2}; rank[string(v.Status)] > rank[p.Severity] && x.id != "iface.multicast-flag" && x.id != "tribes.drop-time" && x.id != "ipv6.scope" {
			t.Errorf("%s: %s is worse than the catalogue's %s", x.id, v.Status, p.Severity)
		}
	}
	for _, c := range All {
		if !seen[c.ID] {
			t.Errorf("%s has no fixtures", c.ID)
		}
	}
}

func judgeOne(t *testing.T, f sample, id verdict.ID) verdict.Verdict {
	t.Helper()
	vs := Facts(f.Facts, nil)
	i := slices.IndexFunc(vs, func(v verdict.Verdict) bool { return v.ID == id })
	if i < 0 {
		t.Fatalf("%s gave no verdict", id)
	}
	worst := vs[i]
	for _, v := range vs {
		if v.ID == id && v.Status.Bad() && !worst.Status.Bad() {
			worst = v
		}
	}
	return worst
}

// TestHealthy: nothing is wrong, and every verdict is complete.
func TestHealthy(t *testing.T) {
	for _, v := range Facts(healthy().Facts, nil) {
		if v.Status != verdict.Pass && v.Status != verdict.Skip {
			t.Errorf("%s: %s: %s", v.ID, v.Status, v.Saw)
		}
		if v.Saw == "" || v.Title == "" || v.Docs == "" || v.Confidence == "" {
			t.Errorf("%+v is not complete", v)
		}
	}
}

// TestPages: the checks stand in the catalogue's order, each has its page, and the
// pages say which they are.
func TestPages(t *testing.T) {
	has := map[verdict.ID]bool{}
	for _, c := range All {
		if has[c.ID] {
			t.Errorf("%s is there twice", c.ID)
		}
		has[c.ID] = true
	}
	next := 0
	for _, p := range verdict.All() {
		if next < len(All) && All[next].ID == p.ID {
			next++
		}
		says := strings.Contains(p.FoundBy, "`muster check`")
		if says != has[p.ID] {
			t.Errorf("%s: its page says %q, and muster check has it: %v", p.ID, p.FoundBy, has[p.ID])
		}
		delete(has, p.ID)
	}
	for id := range maps.Keys(has) {
		t.Errorf("%s has no page", id)
	}
	if next < len(All) {
		t.Errorf("%s stands out of the catalogue's order", All[next].ID)
	}
}
