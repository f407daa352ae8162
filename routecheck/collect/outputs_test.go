package collect

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"muster/internal/verdict"
	"muster/routecheck/facts"
	"muster/routecheck/judge"
)

// The hosts of other systems in testdata are made of what their tools print, and
// are judged here, on whichever system the tests run.

type outputs map[string]string

func readOutputs(t *testing.T, file string) outputs {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	out := outputs{}
	for _, f := range txtar.Parse(text).Files {
		out[f.Name] = string(f.Data)
	}
	return out
}

// base is what every collector outside of Linux begins with.
func (o outputs) base(os string) *facts.Facts {
	f := &facts.Facts{Version: facts.Version, Time: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), OS: os, Arch: "amd64", Query: facts.DefaultQuery(), Sysctls: map[string]facts.Fact[string]{}}
	f.Self = facts.Read(facts.Self{UID: 501}, "geteuid")
	f.Kernel = facts.Read(strings.TrimSpace(o["version"]), "version")
	return f
}

func (o outputs) finish(f *facts.Facts) *facts.Facts {
	src := netip.Addr{}
	for _, a := range f.Addrs.Value {
		if r := bestRoute(f, f.Query.Group); r != nil && slices.Contains(r.Links, a.Link) && a.Prefix.Addr().Is4() {
			src = a.Prefix.Addr()
			f.ToGroup = facts.Read(facts.RouteAnswer{To: f.Query.Group, Link: a.Link, Src: src}, "connect of a UDP socket")
		}
	}
	if !src.IsValid() {
		f.ToGroup = facts.Read(facts.RouteAnswer{To: f.Query.Group, Errno: "ENETUNREACH"}, "connect of a UDP socket")
	}
	joined := []facts.Membership{}
	for line := range strings.Lines(o["netsh interface ipv4 show joins"]) {
		if w := strings.Fields(line); len(w) == 4 && strings.Count(w[3], ".") == 3 {
			joined = append(joined, facts.Membership{Link: 6, Group: netip.MustParseAddr(w[3])})
		}
	}
	f.Memberships = facts.Read(joined, "Interface.MulticastAddrs")
	return f
}

// bestRoute is the most certain route, the one with the lowest metric of equals.
func bestRoute(f *facts.Facts, to netip.Addr) *facts.Route {
	var best *facts.Route
	for i := range f.Routes.Value {
		r := &f.Routes.Value[i]
		if r.Dst.Contains(to) && (best == nil || r.Dst.Bits() > best.Dst.Bits() || r.Dst.Bits() == best.Dst.Bits() && r.Metric < best.Metric) {
			best = r
		}
	}
	return best
}

func (o outputs) macOS(t *testing.T) *facts.Facts {
	f := o.base("darwin")
	f.Platform = facts.Read(facts.Platform{OSVersion: "macOS " + f.Kernel.Value}, "sysctl")
	o.ifconfig(t, f)
	f.Routes = facts.Read(o.netstat(t, f), "sysctl NET_RT_DUMP")
	f.PF = facts.Read(facts.PF{Enabled: strings.Contains(o["pfctl -s info"], "Status: Enabled"), Rules: parsePF(o["pfctl -s rules"])}, "pfctl")
	f.AppFirewall = facts.Read(parseSocketFilter(o["socketfilterfw --getglobalstate"], o["socketfilterfw --getblockall"], o["socketfilterfw --getstealthmode"]), "socketfilterfw")
	f.Defender = facts.Unread[facts.Defender]("", "this is not Windows")
	f.Names = facts.Read(facts.Names{Host: "mac.local", Addrs: hostsFile(o["hosts"], "mac.local"), Via: "/etc/hosts"}, "gethostname, /etc/hosts")
	return o.finish(f)
}

// ifconfig reads interfaces and addresses as ifconfig(8) prints them.
func (o outputs) ifconfig(t *testing.T, f *facts.Facts) {
	words := map[string]uint32{"UP": facts.FlagUp, "BROADCAST": facts.FlagBroadcast, "LOOPBACK": facts.FlagLoopback, "POINTOPOINT": facts.FlagPointToPoint, "RUNNING": facts.FlagRunning, "MULTICAST": facts.FlagMulticast}
	links, addrs := []facts.Link{}, []facts.Addr{}
	for line := range strings.Lines(o["ifconfig"]) {
		w := strings.Fields(line)
		if line[0] != '\t' {
			l := facts.Link{Index: uint32(len(links) + 1), Name: strings.TrimSuffix(w[0], ":"), Type: 65534}
			_, flags, _ := strings.Cut(w[1], "<")
			for _, x := range strings.Split(strings.TrimSuffix(flags, ">"), ",") {
				l.Flags |= words[x]
			}
			mtu, err := strconv.Atoi(w[3])
			if err != nil {
				t.Fatal(err)
			}
			l.MTU = uint32(mtu)
			if l.Has(facts.FlagLoopback) {
				l.Type = 772
			}
			links = append(links, l)
			continue
		}
		l := &links[len(links)-1]
		switch w[0] {
		case "ether":
			l.MAC, l.Type = w[1], 1
		case "status:":
			up := w[1] == "active"
			l.Carrier, l.OperState = &up, map[bool]string{true: "up", false: "down"}[up]
		case "inet":
			mask, err := strconv.ParseUint(w[3], 0, 32)
			if err != nil {
				t.Fatal(err)
			}
			bits := 0
			for ; mask&0x80000000 != 0; mask = mask << 1 & 0xffffffff {
				bits++
			}
			addrs = append(addrs, facts.Addr{Link: l.Index, Prefix: netip.PrefixFrom(netip.MustParseAddr(w[1]), bits)})
		case "inet6":
			a, _, _ := strings.Cut(w[1], "%")
			bits, err := strconv.Atoi(w[3])
			if err != nil {
				t.Fatal(err)
			}
			addrs = append(addrs, facts.Addr{Link: l.Index, Prefix: netip.PrefixFrom(netip.MustParseAddr(a), bits)})
		}
	}
	f.Links, f.Addrs = facts.Read(links, "net.Interfaces"), facts.Read(addrs, "net.Interfaces")
}

// netstat reads the routes of netstat -rn, with their shortened addresses.
func (o outputs) netstat(t *testing.T, f *facts.Facts) []facts.Route {
	out := []facts.Route{}
	for line := range strings.Lines(o["netstat -rn -f inet"]) {
		w := strings.Fields(line)
		if len(w) < 4 || w[0] == "Destination" {
			continue
		}
		i := slices.IndexFunc(f.Links.Value, func(l facts.Link) bool { return l.Name == w[3] })
		if i < 0 {
			t.Fatalf("no interface %s", w[3])
		}
		r := facts.Route{Table: 254, Type: "unicast", Links: []uint32{f.Links.Value[i].Index}, Dst: netip.MustParsePrefix("0.0.0.0/0")}
		if strings.ContainsAny(w[2], "B") {
			r.Type = "blackhole"
		} else if strings.Contains(w[2], "R") {
			r.Type = "unreachable"
		}
		if gw, err := netip.ParseAddr(w[1]); err == nil && strings.Contains(w[2], "G") {
			r.Gateway = gw
		}
		if w[0] != "default" {
			dst, bits, _ := strings.Cut(w[0], "/")
			parts := strings.Split(dst, ".")
			if bits == "" {
				bits = strconv.Itoa(8 * len(parts))
			}
			for len(parts) < 4 {
				parts = append(parts, "0")
			}
			r.Dst = netip.MustParsePrefix(strings.Join(parts, ".") + "/" + bits)
		}
		out = append(out, r)
	}
	return out
}

func (o outputs) windows(t *testing.T) *facts.Facts {
	f := o.base("windows")
	f.Platform = facts.Read(facts.Platform{Vendor: "Microsoft Corporation", Product: "Virtual Machine"}, "registry")
	links, addrs := []facts.Link{}, []facts.Addr{}
	for line := range strings.Lines(o["Get-NetIPInterface -AddressFamily IPv4"]) {
		w := strings.Fields(line)
		index, err := strconv.Atoi(w[0])
		if err != nil {
			continue
		}
		mtu, _ := strconv.ParseUint(w[3], 10, 32)
		metric, _ := strconv.Atoi(w[4])
		up := w[6] == "Connected"
		l := facts.Link{Index: uint32(index), Name: w[1], MTU: uint32(mtu), Metric: uint32(metric), Type: 1, Flags: facts.FlagUp | facts.FlagBroadcast | facts.FlagMulticast | facts.FlagRunning, Carrier: &up, OperState: map[bool]string{true: "up", false: "down"}[up], MAC: "00:15:5d:01:20:07"}
		if !up {
			l.Flags &^= facts.FlagRunning
		}
		if strings.HasPrefix(l.Name, "Loopback") {
			l.Type, l.Flags, l.MAC = 772, facts.FlagUp|facts.FlagLoopback|facts.FlagMulticast|facts.FlagRunning, ""
		}
		links = append(links, l)
	}
	for line := range strings.Lines(o["Get-NetIPAddress"]) {
		w := strings.Fields(line)
		index, _ := strconv.Atoi(w[0])
		addrs = append(addrs, facts.Addr{Link: uint32(index), Prefix: netip.MustParsePrefix(w[1])})
	}
	f.Links, f.Addrs = facts.Read(links, "net.Interfaces"), facts.Read(addrs, "net.Interfaces")
	routes := []facts.Route{}
	for line := range strings.Lines(o["route print -4"]) {
		w := strings.Fields(line)
		if len(w) != 5 || strings.Count(w[0], ".") != 3 {
			continue
		}
		bits := 0
		for _, b := range netip.MustParseAddr(w[1]).AsSlice() {
			for ; b&0x80 != 0; b <<= 1 {
				bits++
			}
		}
		i := slices.IndexFunc(addrs, func(a facts.Addr) bool { return a.Prefix.Addr() == netip.MustParseAddr(w[3]) })
		metric, _ := strconv.Atoi(w[4])
		r := facts.Route{Table: 254, Type: "unicast", Dst: netip.PrefixFrom(netip.MustParseAddr(w[0]), bits), Links: []uint32{addrs[i].Link}, Metric: uint32(metric)}
		if w[2] != "On-link" {
			r.Gateway = netip.MustParseAddr(w[2])
		}
		routes = append(routes, r)
	}
	f.Routes = facts.Read(routes, "GetIpForwardTable2")
	f.Defender = o.defender()
	f.UDP, f.Listeners = o.sockets("GetExtendedUdpTable"), o.sockets("GetExtendedTcpTable")
	f.PF, f.AppFirewall = facts.Unread[facts.PF]("", "Windows has no pf"), facts.Unread[facts.AppFirewall]("", "this is not macOS")
	f.Names = facts.Read(facts.Names{Host: "web1", Addrs: []netip.Addr{netip.MustParseAddr("10.20.30.41")}, Via: "the resolver"}, "gethostname, the resolver")
	return o.finish(f)
}

func (o outputs) defender() facts.Fact[facts.Defender] {
	d := facts.Defender{Profiles: map[string]facts.DefenderProfile{}}
	for key, name := range map[string]string{"DomainProfile": "domain", "StandardProfile": "private", "PublicProfile": "public"} {
		policy := o["FirewallPolicy"]
		d.Profiles[name] = facts.DefenderProfile{Enabled: !strings.Contains(policy, key+" EnableFirewall 0"), BlockInbound: !strings.Contains(policy, key+" DefaultInboundAction 0")}
	}
	for line := range strings.Lines(o["FirewallRules"]) {
		if r, ok := parseDefenderRule(strings.TrimSpace(line)); ok {
			d.Rules = append(d.Rules, r)
		}
	}
	for line := range strings.Lines(o["Tcpip Parameters"]) {
		var name string
		var v uint32
		if _, err := fmt.Sscan(line, &name, &v); err == nil && name == "IGMPLevel" {
			d.IGMPLevel = &v
		} else if name == "IGMPVersion" {
			d.IGMPVersion = &v
		}
	}
	return facts.Read(d, "registry")
}

func (o outputs) sockets(name string) facts.Fact[[]facts.Socket] {
	out := []facts.Socket{}
	for line := range strings.Lines(o[name]) {
		var local string
		var pid int
		if _, err := fmt.Sscan(line, &local, &pid); err == nil {
			out = append(out, facts.Socket{Local: netip.MustParseAddrPort(local), PID: pid})
		}
	}
	return facts.Read(out, name)
}

// TestOtherSystems judges hosts of macOS and Windows, as they are and with one
// thing changed in what their tools print: what must be found is the only cause.
func TestOtherSystems(t *testing.T) {
	type edit struct{ section, old, new string }
	for _, tt := range []struct {
		name string
		file string
		edit []edit
		want string // the one cause, with its status; "" for none
	}{
		{"a Mac as it comes", "macos.txtar", nil, ""},
		{"a Mac, no route for the group", "macos.txtar", []edit{{"netstat -rn -f inet", "default            192.168.1.1        UGScg                 en0\n", ""}, {"netstat -rn -f inet", "224.0.0/4          link#4             UmCS                  en0      !\n", ""}}, "route.none: fail"},
		{"a Mac, the group by the loopback", "macos.txtar", []edit{{"netstat -rn -f inet", "224.0.0/4          link#4             UmCS                  en0      !", "224.0.0/4          127.0.0.1          UGS                   lo0"}}, "route.to-lo: fail"},
		{"a Mac, the group into a tunnel", "macos.txtar", []edit{{"netstat -rn -f inet", "224.0.0/4          link#4             UmCS                  en0      !", "224.0.0/4          link#6             UCS                   utun0"}, {"ifconfig", "inet6 fe80::ab37", "inet 10.8.0.2 netmask 0xffffff00\n\tinet6 fe80::ab37"}}, "iface.point-to-point: warn"},
		{"a Mac, the cable is out", "macos.txtar", []edit{{"ifconfig", "status: active", "status: inactive"}}, "iface.no-carrier: fail"},
		{"a Mac, the interface is down", "macos.txtar", []edit{{"ifconfig", "8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX", "8822<BROADCAST,SMART,SIMPLEX"}}, "iface.down: fail"},
		{"a Mac, no MULTICAST flag", "macos.txtar", []edit{{"ifconfig", "RUNNING,SIMPLEX,MULTICAST> mtu 1500\n\toptions=6460", "RUNNING,SIMPLEX> mtu 1500\n\toptions=6460"}}, "iface.multicast-flag: fail"},
		{"a Mac, the application firewall on", "macos.txtar", []edit{{"socketfilterfw --getglobalstate", "disabled. (State = 0)", "enabled. (State = 1)"}}, "fw.macos-app: warn"},
		{"a Mac, the application firewall blocks all", "macos.txtar", []edit{{"socketfilterfw --getglobalstate", "disabled. (State = 0)", "blocking all non-essential incoming connections. (State = 2)"}}, "fw.macos-app: warn"},
		{"a Mac, pf on with Apple's rules", "macos.txtar", []edit{{"pfctl -s info", "Disabled", "Enabled"}}, "fw.pf-allow-opts: warn"},
		{"a Mac, pf passes without allow-opts", "macos.txtar", []edit{{"pfctl -s info", "Disabled", "Enabled"}, {"pfctl -s rules", "anchor \"com.apple/*\" all\n", "block drop in all\npass in proto udp from any to 224.0.0.0/4 keep state\npass in proto igmp all keep state\n"}}, "fw.pf-allow-opts: fail"},
		{"a Mac, pf passes with allow-opts", "macos.txtar", []edit{{"pfctl -s info", "Disabled", "Enabled"}, {"pfctl -s rules", "anchor \"com.apple/*\" all\n", "block drop in all\npass in proto udp from any to 224.0.0.0/4 keep state\npass in proto igmp all allow-opts keep state\n"}}, ""},
		{"a Mac whose name is the loopback's", "macos.txtar", []edit{{"hosts", "192.168.1.23 ", "127.0.1.1 "}}, "addr.hostname-loopback: warn"},
		{"a Mac, a small MTU", "macos.txtar", []edit{{"ifconfig", "mtu 1500\n\toptions=6460", "mtu 1280\n\toptions=6460"}}, "mtu.mismatch: warn"},

		{"a Windows server with rules for Tomcat", "windows.txtar", nil, ""},
		{"a Windows server without a rule for the group's port", "windows.txtar", []edit{{"FirewallRules", "Protocol=17|LPort=45564|Name=Tomcat membership", "Protocol=17|LPort=5353|Name=mDNS"}}, "fw.windows: fail"},
		{"a Windows server with a rule for private networks only", "windows.txtar", []edit{{"FirewallRules", "LPort=45564|Name=Tomcat membership", "LPort=45564|Profile=Private|Name=Tomcat membership"}}, "fw.windows: warn"},
		{"a Windows server with its firewall off", "windows.txtar", []edit{{"FirewallRules", "Tomcat membership|", "|Action=Block|"}, {"FirewallPolicy", "DomainProfile EnableFirewall 1", "DomainProfile EnableFirewall 0"}, {"FirewallPolicy", "StandardProfile EnableFirewall 1", "StandardProfile EnableFirewall 0"}, {"FirewallPolicy", "PublicProfile EnableFirewall 1", "PublicProfile EnableFirewall 0"}}, ""},
		{"a Windows server that does not speak IGMP", "windows.txtar", []edit{{"Tcpip Parameters", "IGMPLevel 2", "IGMPLevel 0"}}, "igmp.no-report: fail"},
		{"a Windows server with IGMP version 2", "windows.txtar", []edit{{"Tcpip Parameters", "IGMPLevel 2", "IGMPLevel 2\nIGMPVersion 3"}}, "igmp.version-forced: warn"},
		{"a Windows server whose group goes to the loopback", "windows.txtar", []edit{{"route print -4", "127.0.0.1    331\n        224.0.0.0        240.0.0.0         On-link       10.20.30.41    281", "127.0.0.1      5\n        224.0.0.0        240.0.0.0         On-link       10.20.30.41    281"}}, "route.to-lo: fail"},
		{"a Windows server without a network", "windows.txtar", []edit{{"Get-NetIPInterface -AddressFamily IPv4", "Disabled Connected       ActiveStore\n1 ", "Disabled Disconnected    ActiveStore\n1 "}}, "iface.no-carrier: fail"},
		{"a Windows server whose receiver listens on the loopback", "windows.txtar", []edit{{"GetExtendedTcpTable", "10.20.30.41:4000", "127.0.0.1:4000"}}, "tribes.advertises-loopback: fail"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := readOutputs(t, tt.file)
			for _, e := range tt.edit {
				if !strings.Contains(o[e.section], e.old) {
					t.Fatalf("%s does not hold %q", e.section, e.old)
				}
				o[e.section] = strings.Replace(o[e.section], e.old, e.new, 1)
			}
			make := map[string]func(*testing.T) *facts.Facts{"macos.txtar": o.macOS, "windows.txtar": o.windows}[tt.file]
			var file bytes.Buffer
			if err := make(t).Save(&file); err != nil {
				t.Fatal(err)
			}
			f, err := facts.Load(&file)
			if err != nil {
				t.Fatal(err)
			}
			vs := judge.Facts(f, nil)
			causes := []string{}
			for _, id := range verdict.Summarize(vs).Causes {
				i := slices.IndexFunc(vs, func(v verdict.Verdict) bool { return v.ID == id && v.Status.Bad() })
				causes = append(causes, fmt.Sprintf("%s: %s", id, vs[i].Status))
			}
			if got := strings.Join(causes, ", "); got != tt.want {
				t.Errorf("causes %q, want %q", got, tt.want)
				for _, v := range vs {
					if v.Status.Bad() {
						t.Logf("%s %s because of %v: %s", v.ID, v.Status, v.CausedBy, v.Saw)
					}
				}
			}
			for _, v := range vs {
				for _, fix := range v.Fix {
					if v.Status.Bad() && (slices.Contains([]string{"ip", "tc", "nft", "iptables", "systemctl", "sysctl"}, strings.Fields(fix)[0])) {
						t.Errorf("%s advises a Linux command: %s", v.ID, fix)
					}
				}
			}
		})
	}
}
