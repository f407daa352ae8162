package firewall_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/ipv4"

	"muster/internal/netlab"
	"muster/routecheck/firewall"
)

func TestMain(m *testing.M) { netlab.Main(m) }

// kernelCases are rule sets in the words of their tools, and what Evaluate must
// say: for a heartbeat in, a connection in, a heartbeat out. "?" is unknown.
var kernelCases = []struct {
	name  string
	tool  string // nft, iptables-nft or iptables-legacy
	rules string
	want  string // heartbeat in, connect in, heartbeat out and, where it stands, connect out: a accept, d drop, ? unknown
}{
	{"empty", "nft", ``, "aaa"},
	{"drop udp port", "nft", `table inet f { chain i { type filter hook input priority 0; udp dport 45564 counter drop; }}`, "daa"},
	{"drop another port", "nft", `table inet f { chain i { type filter hook input priority 0; udp dport 45565 drop; }}`, "aaa"},
	{"drop port range", "nft", `table inet f { chain i { type filter hook input priority 0; udp dport 45000-46000 drop; tcp dport != 4000 accept; }}`, "daa"},
	{"drop by group", "nft", `table ip f { chain i { type filter hook input priority 0; ip daddr 224.0.0.0/4 drop; }}`, "daa"},
	{"drop by group prefix of bytes", "nft", `table ip f { chain i { type filter hook input priority 0; ip daddr 228.0.0.0/8 drop; }}`, "daa"},
	{"drop multicast by pkttype", "nft", `table inet f { chain i { type filter hook input priority 0; meta pkttype multicast drop; }}`, "daa"},
	{"pkttype is not multicast on output", "nft", `table inet f { chain o { type filter hook output priority 0; meta pkttype multicast drop; }}`, "aaa"},
	{"fib type multicast", "nft", `table inet f { chain i { type filter hook input priority 0; fib daddr type multicast drop; }}`, "daa"},
	{"fib type in output", "nft", `table inet f { chain o { type filter hook output priority 0; fib daddr type multicast drop; }}`, "aad"},
	{"policy drop", "nft", `table inet f { chain i { type filter hook input priority 0; policy drop; ct state established,related accept; iif lo accept; }}`, "dda"},
	{"policy drop with tcp open", "nft", `table inet f { chain i { type filter hook input priority 0; policy drop; ct state vmap { established : accept, related : accept, invalid : drop }; tcp dport { 22, 4000-4099 } accept; }}`, "daa"},
	{"policy drop with both open", "nft", `table inet f { chain i { type filter hook input priority 0; policy drop; meta l4proto . th dport { udp . 45564, tcp . 4000 } accept; }}`, "aaa"},
	{"concatenated intervals", "nft", `table inet f { set s { type inet_proto . inet_service; flags interval; elements = { udp . 45000-46000, tcp . 4000-4099 } }
		chain i { type filter hook input priority 0; policy drop; meta l4proto . th dport @s accept; }}`, "aaa"},
	{"named set of groups", "nft", `table ip f { set g { type ipv4_addr; flags interval; elements = { 225.0.0.0-227.255.255.255, 228.0.0.4, 239.0.0.0/8 } }
		chain i { type filter hook input priority 0; ip daddr @g drop; }}`, "daa"},
	{"beside a named set", "nft", `table ip f { set g { type ipv4_addr; flags interval; elements = { 225.0.0.0-228.0.0.3, 228.0.0.5, 239.0.0.0/8 } }
		chain i { type filter hook input priority 0; ip daddr @g drop; }}`, "aaa"},
	{"not in a set", "nft", `table ip f { chain i { type filter hook input priority 0; ip daddr != { 10.77.0.12, 228.0.0.5 } drop; }}`, "daa"},
	{"by interface name", "nft", `table inet f { chain i { type filter hook input priority 0; iifname "eth0" udp dport 45564 drop; iifname "eth1" tcp dport 4000 drop; }}`, "daa"},
	{"by interface wildcard", "nft", `table inet f { chain i { type filter hook input priority 0; iifname "eth*" meta l4proto tcp drop; iifname != "lo" udp dport 1 drop; }}`, "ada"},
	{"by interface index", "nft", `table inet f { chain i { type filter hook input priority 0; iif "eth0" meta l4proto udp drop; }}`, "daa"},
	{"by the peers' network", "nft", `table inet f { chain i { type filter hook input priority 0; policy drop; ip saddr 10.77.0.0/24 accept; }}`, "aaa"},
	{"by another network", "nft", `table inet f { chain i { type filter hook input priority 0; policy drop; ip saddr 192.168.0.0/16 accept; }}`, "dda"},
	{"by one peer", "nft", `table inet f { chain i { type filter hook input priority 0; policy drop; ip saddr 10.77.0.11 accept; }}`, "??a"},
	{"vmap on protocol", "nft", `table inet f { chain u { udp dport 45564 drop; } chain t { accept; }
		chain i { type filter hook input priority 0; policy accept; meta l4proto vmap { udp : jump u, tcp : goto t }; }}`, "daa"},
	{"jump and return", "nft", `table inet f { chain u { udp dport 45564 return; drop; }
		chain i { type filter hook input priority 0; iif lo accept; jump u; accept; }}`, "ada"},
	{"goto falls to the policy", "nft", `table inet f { chain u { tcp dport 4000 accept; }
		chain i { type filter hook input priority 0; policy drop; goto u; udp dport 45564 accept; }}`, "daa"},
	{"prerouting before input", "nft", `table ip raw { chain p { type filter hook prerouting priority raw; udp dport 45564 drop; }}
		table inet f { chain i { type filter hook input priority 0; accept; }}`, "daa"},
	{"accept in one chain, drop in a later one", "nft", `table inet a { chain i { type filter hook input priority -10; udp dport 45564 accept; }}
		table inet b { chain i { type filter hook input priority 10; meta l4proto udp drop; }}`, "daa"},
	{"mark set and asked", "nft", `table inet f { chain p { type filter hook prerouting priority -150; udp dport 45564 meta mark set 0x17; }
		chain i { type filter hook input priority 0; meta mark 0x17 drop; meta mark & 0xf0 == 0x10 drop; }}`, "daa"},
	{"notrack and untracked", "nft", `table inet f { chain p { type filter hook prerouting priority -300; udp dport 45564 notrack; }
		chain i { type filter hook input priority 0; ct state untracked drop; }}`, "daa"},
	{"every heartbeat is new", "nft", `table inet f { chain i { type filter hook input priority 0; ct state new drop; }}`, "dda"},
	{"reject", "nft", `table inet f { chain i { type filter hook input priority 0; tcp dport 4000 reject with tcp reset; udp dport 45564 reject; }}`, "dda"},
	{"output by group", "nft", `table ip f { chain o { type filter hook output priority 0; ip daddr 228.0.0.4 udp dport 45564 drop; }}`, "aad"},
	{"output policy", "nft", `table inet f { chain o { type filter hook output priority 0; policy drop; oif lo accept; ct state established,related accept; meta l4proto { icmp, ipv6-icmp, igmp } accept; }}`, "aad"},
	{"postrouting", "nft", `table inet f { chain o { type filter hook postrouting priority 0; oifname "eth0" udp dport 45564 drop; }}`, "aad"},
	{"netdev ingress", "nft", `table netdev f { chain i { type filter hook ingress device "eth0" priority 0; udp dport 45564 drop; }}`, "daa"},
	{"netdev ingress by MAC", "nft", `table netdev f { chain i { type filter hook ingress device "eth0" priority 0; ether daddr 01:00:5e:00:00:04 drop; }}`, "daa"},
	{"netdev ingress elsewhere", "nft", `table netdev f { chain i { type filter hook ingress device "lo" priority 0; udp dport 45564 drop; }}`, "aaa"},
	{"netdev egress", "nft", `table netdev f { chain o { type filter hook egress device "eth0" priority 0; ether type ip udp dport 45564 drop; }}`, "aad"},
	{"netdev egress by its own device", "nft", `table netdev f { chain o { type filter hook egress device "eth0" priority 0; oifname "eth0" udp dport 45564 drop; }}`, "aad"},
	{"netdev egress by another device", "nft", `table netdev f { chain o { type filter hook egress device "eth0" priority 0; iifname "eth0" udp dport 45564 drop; }}`, "aaa"},
	{"inet ingress", "nft", `table inet f { chain i { type filter hook ingress device "eth0" priority 0; tcp dport 4000 drop; }}`, "ada"},
	{"dormant table", "nft", `table inet f { flags dormant; chain i { type filter hook input priority 0; udp dport 45564 drop; }}`, "aaa"},
	{"rate limit", "nft", `table inet f { chain i { type filter hook input priority 0; udp dport 45564 limit rate 10/second accept; udp dport 45564 drop; }}`, "?aa"},
	{"rate limit before a log", "nft", `table inet f { chain i { type filter hook input priority 0; limit rate 10/second log prefix "x"; tcp dport 4000 accept; }}`, "aaa"},
	{"random", "nft", `table inet f { chain i { type filter hook input priority 0; udp dport 45564 numgen random mod 100 < 50 drop; }}`, "?aa"},
	{"meter", "nft", `table inet f { set m { type ipv4_addr; size 128; flags dynamic; }
		chain i { type filter hook input priority 0; udp dport 45564 update @m { ip saddr limit rate over 1/hour burst 1 packets } drop; }}`, "?aa"},
	{"both ways lead to a drop", "nft", `table inet f { chain i { type filter hook input priority 0; udp dport 45564 limit rate 1/hour drop; udp dport 45564 drop; }}`, "daa"},
	{"both ways lead to an accept", "nft", `table inet f { chain i { type filter hook input priority 0; udp dport 45564 limit rate 1/hour accept; tcp dport 4000 drop; }}`, "ada"},
	{"igmp by its option", "nft", `table inet f { chain i { type filter hook input priority 0; ip option ra exists drop; ip protocol igmp drop; }}`, "aaa"},
	{"fragments", "nft", `table inet f { chain i { type filter hook input priority 0; ip frag-off & 0x1fff != 0 drop; }}`, "aaa"},
	{"tcp flags", "nft", `table inet f { chain i { type filter hook input priority 0; tcp flags & (fin|syn|rst|ack) == syn drop; }}`, "ada"},
	{"owner in output", "nft", `table inet f { chain o { type filter hook output priority 0; meta skuid 4711 drop; }}`, "a??"},
	{"owner in input", "nft", `table inet f { chain i { type filter hook input priority 0; meta skuid 4711 drop; }}`, "aaa"},
	{"map to a mark", "nft", `table inet f { chain i { type filter hook input priority 0; meta mark set udp dport map { 45564 : 7, 9 : 8 }; meta mark 7 drop; }}`, "daa"},
	{"catch-all of a map", "nft", `table inet f { chain i { type filter hook input priority 0; meta l4proto vmap { tcp : accept, * : drop }; }}`, "daa"},
	{"masquerade", "nft", `table ip n { chain p { type nat hook postrouting priority 100; oifname "eth0" masquerade; }}`, "aaa"},
	{"snat to a foreign address", "nft", `table ip n { chain p { type nat hook postrouting priority 100; oifname "eth0" meta l4proto tcp snat to 203.0.113.5; }}`, "aaad"},
	{"snat to our own address", "nft", `table ip n { chain p { type nat hook postrouting priority 100; oifname "eth0" meta l4proto tcp snat to 10.77.0.12; }}`, "aaaa"},
	{"fib of the way back", "nft", `table inet f { chain p { type filter hook prerouting priority -300; fib saddr . iif oif missing drop; }}`, "aaaa"},
	{"fib by index", "nft", `table inet f { chain i { type filter hook input priority 0; fib saddr oif "eth0" drop; }}`, "ddad"},
	{"fib by name", "nft", `table inet f { chain i { type filter hook input priority 0; fib saddr oifname "eth1" drop; }}`, "aaaa"},
	{"fib exists", "nft", `table inet f { chain i { type filter hook input priority 0; fib saddr . iif oif exists drop; }}`, "ddad"},
	{"no nat, so no dnat status", "nft", `table inet f { chain i { type filter hook input priority 0; policy drop; ct state established accept; ct status dnat accept; tcp dport 4000 accept; }}`, "daaa"},
	{"notrack after a zone", "nft", `table inet f { chain r { type filter hook prerouting priority -300; ct zone set 7; ip daddr 224.0.0.0/4 notrack; }
		chain i { type filter hook input priority 0; policy drop; ct state untracked accept; ct state established accept; }}`, "dda?"},
	{"notrack before a zone", "nft", `table inet f { chain r { type filter hook prerouting priority -300; ip daddr 224.0.0.0/4 notrack; ct zone set 7; }
		chain i { type filter hook input priority 0; policy drop; ct state untracked,established accept; }}`, "dda?"},
	{"notrack too late", "nft", `table inet f { chain r { type filter hook prerouting priority -100; notrack; }
		chain i { type filter hook input priority 0; policy drop; ct state untracked,established accept; }}`, "ddaa"},
	{"state before connection tracking", "nft", `table inet f { chain r { type filter hook prerouting priority -300; ct state new drop; }
		chain i { type filter hook input priority 0; ct state invalid drop; }}`, "aaaa"},
	{"or and and of marks", "nft", `table inet f { chain p { type filter hook prerouting priority -150; meta mark set meta mark or 0x10; meta mark set meta mark and 0xfffffff1; }
		chain i { type filter hook input priority 0; meta mark & 0x10 == 0x10 udp dport 45564 drop; }}`, "daaa"},
	{"mark of a new connection", "nft", `table inet f { chain i { type filter hook input priority 0; ct mark & 0x8000 == 0x8000 drop; }}`, "aaaa"},
	{"mark kept by a connection", "nft", `table inet f { chain i { type filter hook input priority 0; tcp dport 4000 ct state new ct mark set 7; ct mark 7 ct state established drop; }}`, "adaa"},
	{"ports of services, seen by answers", "nft", `table inet f { chain i { type filter hook input priority 0; policy drop; tcp dport { 22, 5911 } drop; ct state established accept; udp dport 45564 accept; }}`, "adaa"},
	{"the peer and nobody else", "nft", `table inet f { chain i { type filter hook input priority 0; policy drop; ip saddr { 10.77.0.11, 10.77.0.99 } accept; }}`, "aaaa"},

	{"redirect", "nft", `table ip n { chain p { type nat hook prerouting priority -100; tcp dport 4000 redirect to :4001; }}`, "a?a"},

	{"drop udp", "iptables-nft", `-A INPUT -p udp --dport 45564 -j DROP`, "daa"},
	{"drop by -m udp", "iptables-nft", `-A INPUT -p udp -m udp --dport 45000:46000 -m comment --comment "two words" -j DROP`, "daa"},
	{"reject tcp", "iptables-nft", `-A INPUT -p tcp -m tcp --dport 4000 -j REJECT --reject-with icmp-port-unreachable`, "ada"},
	{"policy", "iptables-nft", "-P INPUT DROP\n-A INPUT -i lo -j ACCEPT\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -p tcp -m multiport --dports 22,4000:4099 -j ACCEPT", "daa"},
	{"state", "iptables-nft", "-P INPUT DROP\n-A INPUT -m state --state NEW -p udp -j ACCEPT", "ada"},
	{"pkttype", "iptables-nft", `-A INPUT -m pkttype --pkt-type multicast -j DROP`, "daa"},
	{"addrtype", "iptables-nft", `-A INPUT -m addrtype --dst-type MULTICAST -j DROP`, "daa"},
	{"not addrtype", "iptables-nft", `-A INPUT -m addrtype ! --dst-type LOCAL -j DROP`, "daa"},
	{"iprange", "iptables-nft", `-A INPUT -m iprange --dst-range 228.0.0.0-228.0.0.9 -j DROP`, "daa"},
	{"user chain", "iptables-nft", "-N web\n-A web -p tcp --dport 4000 -j RETURN\n-A web -j DROP\n-A INPUT -j web", "daa"},
	{"limit", "iptables-nft", "-A INPUT -p udp -m limit --limit 10/sec -j ACCEPT\n-A INPUT -p udp -j DROP", "?aa"},
	{"string", "iptables-nft", "-A INPUT -p udp -m string --algo bm --string TRIBES -j DROP", "?aa"},
	{"output", "iptables-nft", `-A OUTPUT -d 224.0.0.0/4 -j DROP`, "aad"},
	{"mark", "iptables-nft", "-t mangle -A PREROUTING -p udp -j MARK --set-mark 5\n-A INPUT -m mark --mark 5 -j DROP", "daa"},
	{"set of addresses", "iptables-nft", "-N x\n-A INPUT -m set --match-set peers src -j ACCEPT\n-P INPUT DROP", "aaaa"},
	{"not in a set of addresses", "iptables-nft", "-A INPUT -m set ! --match-set others src -j DROP", "ddad"},
	{"set of ports", "iptables-nft", "-A INPUT -m set --match-set ports dst -j DROP", "adaa"},
	{"set of addresses and ports", "iptables-nft", "-A INPUT -m set --match-set both src,dst -j DROP", "daaa"},
	{"mark with a mask", "iptables-nft", "-t mangle -A PREROUTING -p udp -j MARK --set-xmark 0x30000/0xf0000\n-t mangle -A PREROUTING -j MARK --set-xmark 0x0/0x10000\n-A INPUT -m mark --mark 0x20000/0xf0000 -j DROP", "daaa"},
	{"mark of kube-proxy", "iptables-nft", "-A INPUT -m mark --mark 0x8000/0x8000 -j DROP\n-A OUTPUT -m mark --mark 0x8000/0x8000 -j DROP", "aaaa"},
	{"connection's mark restored", "iptables-nft", "-t mangle -A PREROUTING -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff\n-A INPUT -m mark ! --mark 0x0/0xff -j DROP", "aaaa"},
	{"connection's mark saved and restored", "iptables-nft", "-t mangle -A INPUT -p tcp -m conntrack --ctstate NEW -j CONNMARK --set-xmark 0x5/0xff\n-t mangle -A PREROUTING -j CONNMARK --restore-mark\n-A INPUT -m mark --mark 0x5/0xff -j DROP", "adaa"},
	{"rpfilter", "iptables-nft", "-t raw -A PREROUTING -m rpfilter --invert -j DROP", "aaaa"},
	{"rpfilter, loose", "iptables-nft", "-t raw -A PREROUTING -m rpfilter --loose -j DROP", "ddad"},
	{"no IPsec", "iptables-nft", "-A INPUT -m policy --dir in --pol none -j DROP", "ddad"},
	{"IPsec", "iptables-nft", "-A INPUT -m policy --dir in --pol ipsec -j DROP", "aaaa"},
	{"recent, nobody listed", "iptables-nft", "-A INPUT -m recent --name bad --rcheck --seconds 60 -j DROP", "aaaa"},
	{"recent, listed at once", "iptables-nft", "-A INPUT -p udp -m recent --name udp --set\n-A INPUT -p udp -m recent --name udp --update --seconds 60 --hitcount 100 -j DROP", "?aaa"},
	{"zone before notrack", "iptables-nft", "-t raw -A PREROUTING -j CT --zone 5\n-t raw -A PREROUTING -j CT --notrack\n-A INPUT -m conntrack --ctstate UNTRACKED -j DROP", "aaaa"},
	{"snat to a foreign address", "iptables-nft", "-t nat -A POSTROUTING -p tcp -j SNAT --to-source 203.0.113.5", "aaad"},
	{"hop count", "iptables-nft", "-A OUTPUT -p igmp -m ttl ! --ttl-eq 1 -j DROP", "aaaa"},
	{"raw notrack", "iptables-nft", "-t raw -A PREROUTING -p udp -j CT --notrack\n-A INPUT -m conntrack --ctstate UNTRACKED -j DROP", "daa"},
	{"interface plus", "iptables-nft", "-A INPUT -i eth+ -p udp -j DROP", "daa"},
	{"not the interface", "iptables-nft", "-A INPUT ! -i lo -p udp -j DROP", "daa"},
	{"log", "iptables-nft", "-A INPUT -p udp -j LOG --log-prefix \"udp: \"\n-A INPUT -p udp -j ACCEPT\n-A INPUT -j DROP", "ada"},
	{"ufw like", "iptables-nft", "-P INPUT DROP\n-N ufw-in\n-N ufw-not-local\n-A INPUT -j ufw-in\n-A ufw-in -i lo -j ACCEPT\n-A ufw-in -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A ufw-in -m conntrack --ctstate INVALID -j DROP\n-A ufw-in -j ufw-not-local\n-A ufw-in -d 239.255.255.250/32 -p udp -m udp --dport 1900 -j ACCEPT\n-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN\n-A ufw-not-local -m addrtype --dst-type MULTICAST -j RETURN\n-A ufw-not-local -j DROP", "dda"},

	{"drop udp", "iptables-legacy", `-A INPUT -p udp --dport 45564 -j DROP`, "daa"},
	{"policy", "iptables-legacy", "-P INPUT DROP\n-A INPUT -i lo -j ACCEPT\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -p tcp -m multiport --dports 22,4000:4099 -j ACCEPT", "daa"},
	{"user chain", "iptables-legacy", "-N web\n-A web -p tcp -m tcp --dport 4000 --syn -j RETURN\n-A web -j REJECT\n-A INPUT ! -i lo -j web", "dda"},
	{"raw table", "iptables-legacy", "-t raw -A PREROUTING -s 10.77.0.0/24 -d 224.0.0.0/4 -j DROP", "daa"},
	{"goto and return", "iptables-legacy", "-N a\n-A a -p tcp -j RETURN\n-A a -j DROP\n-A INPUT -g a\n-A INPUT -j DROP", "daa"},
	{"output", "iptables-legacy", "-A OUTPUT -d 228.0.0.4/32 -o eth0 -p udp -j REJECT", "aad"},
	{"pkttype, not", "iptables-legacy", "-A INPUT -m pkttype ! --pkt-type unicast -j DROP", "daa"},
	{"comment with a target's name", "iptables-legacy", `-A INPUT -p udp -m comment --comment "-j ACCEPT" -j DROP`, "daa"},
	{"time", "iptables-legacy", "-A INPUT -p udp -m time --timestart 00:00 --timestop 23:59:59 -j DROP", "?aa"},
}

// TestKernelAgrees loads each rule set into a host and compares what Evaluate says
// with what the kernel does to real packets.
func TestKernelAgrees(t *testing.T) {
	if testing.Short() {
		t.Skip("sends real packets through 80 rule sets, some seconds")
	}
	lab := netlab.New(t, netlab.Config{Hosts: 2})
	sender, host := lab.Host(1), lab.Host(2)
	var records []recorded
	for _, c := range kernelCases {
		t.Run(c.tool+"/"+c.name, func(t *testing.T) {
			if _, err := exec.LookPath(c.tool); err != nil {
				t.Skipf("needs %s", c.tool)
			}
			load(t, host, c.tool, c.rules)
			defer unload(t, host, c.tool)
			rules := again(t, read(t, host, c.tool))
			f := firewall.Flow{Device: device(t, host), Group: group, Port: port, TCPPort: tcpPort,
				Self: host.Addr(), Peers: netip.PrefixFrom(host.Addr(), 24).Masked(), Plain: true, Locals: []netip.Addr{host.Addr()}, Ephemeral: [2]uint16{32768, 60999}}
			f.Back = &f.Device
			if c.name == "the peer and nobody else" || strings.Contains(c.name, "set of addresses") {
				f.Peers = netip.PrefixFrom(sender.Addr(), 32)
			}
			records = append(records, recorded{c.tool + ": " + c.name, c.want, f.Peers, rules})
			ask := []struct {
				packets []firewall.Packet
				real    func(patience time.Duration) bool
			}{
				{[]firewall.Packet{f.HeartbeatIn()}, func(d time.Duration) bool { return heartbeat(t, sender, host, d) }},
				{f.ConnectIn(), func(d time.Duration) bool { return connect(t, sender, host, d) }},
				{[]firewall.Packet{f.HeartbeatOut()}, func(d time.Duration) bool { return heartbeat(t, host, sender, d) }},
				{f.ConnectOut(), func(d time.Duration) bool { return connect(t, host, sender, d) }},
			}
			for i, q := range ask[:len(c.want)] {
				a := firewall.EvaluateAll(rules, q.packets)
				if got := map[firewall.Verdict]string{"accept": "a", "drop": "d", "unknown": "?"}[a.Verdict]; got != c.want[i:i+1] {
					t.Errorf("%s: %s %v, want %s\n%s", a.Packet, got, a.Rules, c.want[i:i+1], dump(rules))
				}
				if a.Verdict == firewall.Unknown || a.Verdict == firewall.Drop {
					if len(a.Rules) == 0 {
						t.Errorf("%s: %s without a rule's name", a.Packet, a.Verdict)
					}
				}
				if a.Verdict == firewall.Unknown {
					continue
				}
				if a.Verdict == firewall.Drop {
					allows(t, host, c.tool, rules, q.packets, q.real)
				}
				patience := 150 * time.Millisecond // for what should never come
				if a.Verdict == firewall.Accept {
					patience = 10 * time.Second // a busy machine may be late
				}
				if real := q.real(patience); real != (a.Verdict == firewall.Accept) {
					t.Errorf("%s: Evaluate says %s, the kernel let it through: %v\n%s", a.Packet, a.Verdict, real, dump(rules))
				}
			}
		})
	}
	if *update {
		text, err := json.MarshalIndent(records, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(recordedFile, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// allows runs the commands that Allow names and looks whether real packets then get
// through.
func allows(t *testing.T, h *netlab.Host, tool string, rules *firewall.Ruleset, packets []firewall.Packet, real func(time.Duration) bool) {
	t.Helper()
	cmds := firewall.Allow(rules, packets)
	if len(cmds) == 0 {
		t.Errorf("%s: no command would allow it", packets[0].What)
	}
	if strings.HasPrefix(cmds[0], "ufw ") || strings.HasPrefix(cmds[0], "firewall-cmd ") {
		return // those are tried where these run
	}
	save, restore := []string{"nft", "list", "ruleset"}, []string{"nft", "-f", "-"}
	if strings.HasPrefix(tool, "iptables") { // nft cannot load every match of iptables that it lists
		save, restore = []string{tool + "-save"}, []string{tool + "-restore"}
	}
	before, err := h.Command(t.Context(), save[0], save[1:]...).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cmds {
		if out, err := h.Command(t.Context(), "sh", "-c", c).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", c, err, out)
		}
	}
	if !real(3 * time.Second) {
		t.Errorf("%s: still lost after %q", packets[0].What, cmds)
	}
	back := h.Command(t.Context(), restore[0], restore[1:]...)
	text := string(before)
	if tool == "nft" {
		text = "flush ruleset\n" + text
	}
	back.Stdin = strings.NewReader(text)
	if out, err := back.CombinedOutput(); err != nil {
		t.Fatalf("restore: %v: %s", err, out)
	}
}

func load(t *testing.T, h *netlab.Host, tool, rules string) {
	t.Helper()
	if tool == "nft" {
		cmd := h.Command(t.Context(), "nft", "-f", "-")
		// nft wants a chain's end on a line of its own.
		cmd.Stdin = strings.NewReader(strings.NewReplacer("; }}", ";\n}\n}\n", "; } chain", ";\n}\nchain", "; }", ";\n}\n").Replace(rules))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("nft: %v: %s", err, out)
		}
		return
	}
	if strings.Contains(rules, "--match-set") {
		sets := "create peers hash:ip\nadd peers 10.77.0.11\ncreate others hash:net\nadd others 192.0.2.0/24\ncreate ports bitmap:port range 1-9999\nadd ports 4000-4099\ncreate both hash:ip,port\nadd both 10.77.0.11,udp:45564\n"
		create := h.Command(t.Context(), "ipset", "restore", "-!")
		create.Stdin = strings.NewReader(sets)
		if out, err := create.CombinedOutput(); err != nil {
			t.Skipf("ipset: %v: %s", err, out)
		}
	}
	for _, line := range strings.Split(rules, "\n") {
		if out, err := h.Command(t.Context(), "sh", "-c", tool+" "+line).CombinedOutput(); err != nil {
			t.Fatalf("%s %s: %v: %s", tool, line, err, out)
		}
	}
}

func unload(t *testing.T, h *netlab.Host, tool string) {
	t.Helper()
	script := "nft flush ruleset"
	if tool == "iptables-legacy" {
		script = "for t in filter raw mangle nat; do iptables-legacy -t $t -F; iptables-legacy -t $t -X; done; iptables-legacy -P INPUT ACCEPT"
	}
	if out, err := h.Command(context.Background(), "sh", "-c", script).CombinedOutput(); err != nil {
		t.Fatalf("unload: %v: %s", err, out)
	}
}

func read(t *testing.T, h *netlab.Host, tool string) *firewall.Ruleset {
	t.Helper()
	if tool == "iptables-legacy" {
		out, err := h.Command(t.Context(), "iptables-legacy-save", "-c").Output()
		if err != nil {
			t.Fatal(err)
		}
		tables, err := firewall.ReadSave(bytes.NewReader(out), "ip")
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return &firewall.Ruleset{Tables: tables}
	}
	var rules *firewall.Ruleset
	var err error
	h.Do(func() { rules, err = firewall.Read(t.Context()) })
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

// again is the rule set as it comes out of a saved file.
func again(t *testing.T, r *firewall.Ruleset) *firewall.Ruleset {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	out := new(firewall.Ruleset)
	if err := json.Unmarshal(text, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func device(t *testing.T, h *netlab.Host) firewall.Device {
	t.Helper()
	var i *net.Interface
	var err error
	h.Do(func() { i, err = net.InterfaceByName("eth0") })
	if err != nil {
		t.Fatal(err)
	}
	return firewall.Device{Index: uint32(i.Index), Name: "eth0", Type: 1, Kind: "veth"}
}

// heartbeat sends datagrams from one host to the group until the other has one,
// or patience ends.
func heartbeat(t *testing.T, from, to *netlab.Host, patience time.Duration) bool {
	t.Helper()
	in, out := joined(t, to), joined(t, from)
	defer in.Close()
	defer out.Close()
	text := fmt.Appendf(nil, "TRIBES-B %d", time.Now().UnixNano())
	buf := make([]byte, 1500)
	for end := time.Now().Add(patience); time.Now().Before(end); {
		// A firewall on the way out makes this fail, which is an answer as well.
		_, _ = out.WriteTo(text, nil, &net.UDPAddr{IP: group.AsSlice(), Port: port})
		_ = in.SetReadDeadline(time.Now().Add(25 * time.Millisecond))
		for {
			n, _, _, err := in.ReadFrom(buf)
			if err != nil {
				break
			}
			if bytes.Equal(buf[:n], text) {
				return true
			}
		}
	}
	return false
}

func joined(t *testing.T, h *netlab.Host) *ipv4.PacketConn {
	t.Helper()
	var p *ipv4.PacketConn
	var err error
	h.Do(func() {
		var c net.PacketConn
		var i *net.Interface
		if c, err = net.ListenPacket("udp4", fmt.Sprintf(":%d", port)); err != nil {
			return
		}
		if i, err = net.InterfaceByName("eth0"); err != nil {
			return
		}
		p = ipv4.NewPacketConn(c)
		_ = p.SetMulticastLoopback(false)
		_ = p.SetMulticastInterface(i)
		err = p.JoinGroup(i, &net.UDPAddr{IP: group.AsSlice()})
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func connect(t *testing.T, from, to *netlab.Host, patience time.Duration) bool {
	t.Helper()
	var l net.Listener
	var err error
	to.Do(func() { l, err = net.Listen("tcp4", fmt.Sprintf("%s:%d", to.Addr(), tcpPort)) })
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := from.Dial(ctx, "tcp4", l.Addr().String())
	if err != nil {
		return false
	}
	defer c.Close()
	if _, err := c.Write([]byte{1}); err != nil {
		return false
	}
	end := time.Now().Add(patience)
	_ = l.(*net.TCPListener).SetDeadline(end)
	in, err := l.Accept()
	if err != nil {
		return false
	}
	defer in.Close()
	_ = in.SetReadDeadline(end)
	_, err = in.Read(make([]byte, 1))
	return err == nil
}

func dump(r *firewall.Ruleset) string {
	var b strings.Builder
	for _, t := range r.Tables {
		for _, c := range t.Chains {
			fmt.Fprintf(&b, "%s %s %s hook %q policy %s\n", t.Family, t.Name, c.Name, c.Hook, c.Policy)
			for _, rule := range c.Rules {
				fmt.Fprintf(&b, "  %d: %s   %+v\n", rule.Handle, rule.Text, rule.Exprs)
			}
		}
		for _, s := range t.Sets {
			fmt.Fprintf(&b, "  set %+v\n", s)
		}
	}
	return b.String()
}
