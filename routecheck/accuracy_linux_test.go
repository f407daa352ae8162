package routecheck_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/cmd"
	"muster/internal/netlab"
)

var update = flag.Bool("update", false, "write the table of TestAccuracy into docs/checks/accuracy.md")

func TestMain(m *testing.M) {
	if os.Getenv("MUSTER_AS_COMMAND") != "" { // the real program, for a process on a host
		os.Exit(cmd.Main(os.Args[1:]))
	}
	netlab.Main(m)
}

// fault is one that is made for real, and what muster check must say.
type fault struct {
	what   string // for people
	how    string // the commands that make it, on the host; those after "switch:" on the switch
	args   string // of muster check
	on     string // where check runs: "" is n1, "switch" the switch
	dual   bool
	routes netlab.Routes
	hold   func(t *testing.T, l *netlab.Lab) // what runs while check does
	want   string                            // the id that must be named as the cause
	also   string                            // causes that are right as well
	needs  string                            // a program that the recipe needs
	// receiver is its Receiver's address, "" for the host's own.
	receiver string
	xml      string // what the server.xml given to check has in its Membership

	after string // the arguments of muster check once the fix was run, "" for args
	left  string // what the host had before that fault, and has again
	stays string // why it is still named after the commands of the fix
}

const nftInput = "nft add table inet f; nft add chain inet f i '{ type filter hook input priority 0; }'; nft add rule inet f i "
const nftOutput = "nft add table inet f; nft add chain inet f o '{ type filter hook output priority 0; }'; nft add rule inet f o "

var faults = []fault{
	{what: "MULTICAST flag cleared", how: "ip link set eth0 multicast off", want: "iface.multicast-flag"},
	{what: "interface down", how: "ip link set eth0 down", want: "iface.down"},
	{what: "no carrier (the switch's port is down)", how: "switch: ip link set n1 down", want: "iface.no-carrier"},
	{what: "no IPv4 address", how: "ip addr flush dev eth0 scope global; ip route replace 224.0.0.0/4 dev eth0", want: "iface.no-ipv4"},
	{what: "only the loopback", how: "ip link del eth0", want: "iface.loopback-only"},
	{what: "no route for the group and no default route", how: "ip route del 224.0.0.0/4", want: "route.none"},
	{what: "route of the group by the other interface", how: "ip route replace 224.0.0.0/4 dev eth1", args: "--interface eth0", dual: true, want: "route.wrong-interface"},
	{what: "policy rule to the other interface", how: "ip rule add to 228.0.0.4 lookup 100; ip route add 224.0.0.0/4 dev eth1 table 100", args: "--interface eth0", dual: true, want: "route.wrong-interface"},
	{what: "a narrower route of the group by the other interface", how: "ip route add 228.0.0.0/8 dev eth1", args: "--interface eth0", dual: true, want: "route.wrong-interface"},
	{what: "route of an IPv6 group by the other interface", how: "ip -6 route replace multicast ff15::4/128 dev eth1 table local", args: "--interface eth0 --group ff15::4", dual: true, want: "route.wrong-interface"},
	{what: "a firewall without VRRP", how: nftInput + "'ip protocol 112' drop", args: "--group 224.0.0.18", want: "fw.input-drop"},
	{what: "only the loopback, with the group on it", how: "ip link del eth0; ip route add 224.0.0.0/4 dev lo", hold: twoOfOneHost, want: "iface.loopback-only"},
	{what: "route of the group to docker0", how: "ip link add docker0 type bridge; ip addr add 172.17.0.1/16 dev docker0; ip link set docker0 up; ip route replace 224.0.0.0/4 dev docker0", want: "route.wrong-interface", also: "iface.no-carrier"},
	{what: "route of the group to the loopback", how: "ip route replace 224.0.0.0/4 dev lo", want: "route.to-lo"},
	{what: "blackhole route", how: "ip route replace blackhole 224.0.0.0/4", want: "route.blocked"},
	{what: "unreachable route", how: "ip route replace unreachable 228.0.0.0/8", want: "route.blocked"},
	{what: "prohibit route in the table of a policy rule", how: "ip rule add to 224.0.0.0/4 lookup 100; ip route add prohibit default table 100", want: "route.blocked"},
	{what: "policy rule that is a blackhole itself", how: "ip rule add to 228.0.0.4 blackhole", want: "route.blocked"},
	{what: "route into a tunnel", how: "ip tuntap add tun0 mode tun; ip addr add 10.9.0.1/24 dev tun0; ip link set tun0 up; ip route replace 224.0.0.0/4 dev tun0", want: "iface.point-to-point", also: "iface.no-carrier", needs: "/dev/net/tun"},
	{what: "default route into a tunnel", how: "ip tuntap add tun0 mode tun; ip addr add 10.9.0.1/24 dev tun0; ip link set tun0 up; ip route del 224.0.0.0/4; ip route add default dev tun0", want: "env.vpn", also: "iface.no-carrier", needs: "/dev/net/tun"},
	{what: "joined on the other interface than the route's", args: "", dual: true, hold: joinOn("eth1", "0.0.0.0:45564"), want: "sock.join-interface"},
	{what: "joined on the loopback", hold: joinOn("lo", "0.0.0.0:45564"), want: "sock.join-interface"},
	{what: "joined on two interfaces of one network", how: "ip addr flush dev eth1; ip addr add 10.77.0.99/24 dev eth1 metric 999", dual: true, hold: secondInOneNet, want: "iface.dual-homed"},
	{what: "rp_filter strict, a part of the net routed elsewhere", how: "sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.eth0.rp_filter=1; ip route add 10.77.0.0/25 dev eth1 src 10.77.0.11", dual: true, want: "rpf.strict"},
	{what: "rp_filter loose, no way back to the source", how: "sysctl -qw net.ipv4.conf.eth0.rp_filter=2", args: "--group 192.0.2.1,228.0.0.4", want: "rpf.loose-no-route"},
	{what: "rp_filter loose, packets of a sender without a way back", how: "sysctl -qw net.ipv4.conf.eth0.rp_filter=2", hold: strangerSends, want: "rpf.loose-no-route"},
	{what: "host name is 127.0.1.1", how: "echo '127.0.1.1 n1' > /etc/hosts", want: "addr.hostname-loopback"},
	{what: "host name is 127.0.0.1, and the member listens there", how: "echo '127.0.0.1 n1' > /etc/hosts", hold: member("127.0.0.1"), want: "addr.hostname-loopback", stays: "the member is to be restarted, too"},
	{what: "the member listens on the loopback", hold: member("127.0.0.1"), want: "tribes.advertises-loopback"},
	{what: "the member listens on a second address", how: "ip addr add 10.77.0.111/24 dev eth0", hold: member("10.77.0.111"), want: "addr.secondary-source"},

	{what: "nft drops UDP on input", how: nftInput + "udp dport 45564 counter drop", want: "fw.input-drop"},
	{what: "nft drops TCP on input", how: nftInput + "tcp dport 4000 drop", want: "tribes.half-open"},
	{what: "nft drops IGMP on input", how: nftInput + "ip protocol igmp drop", want: "fw.igmp-drop"},
	{what: "nft policy drop on input", how: "nft add table inet f; nft add chain inet f i '{ type filter hook input priority 0; policy drop; }'; nft add rule inet f i ct state established accept", want: "fw.input-drop"},
	{what: "nft drops at netdev ingress", how: "nft add table netdev f; nft add chain netdev f i '{ type filter hook ingress device eth0 priority 0; }'; nft add rule netdev f i udp dport 45564 drop", want: "fw.input-drop"},
	{what: "nft drops UDP on output", how: nftOutput + "udp dport 45564 drop", want: "fw.output-drop"},
	{what: "nft drops TCP on output", how: nftOutput + "tcp dport 4000-4099 drop", want: "tribes.half-open"},
	{what: "nft drops IGMP on output", how: nftOutput + "ip protocol igmp drop", want: "igmp.no-report"},
	{what: "nft drops what connection tracking calls invalid", how: nftInput + "ct state invalid drop", want: "fw.ping-reply-invalid"},
	{what: "iptables-nft drops UDP on input", how: "iptables-nft -A INPUT -p udp -m udp --dport 45564 -j DROP", want: "fw.input-drop", needs: "iptables-nft"},
	{what: "iptables-nft drops TCP on input", how: "iptables-nft -A INPUT -p tcp -m multiport --dports 4000:4099 -j REJECT", want: "tribes.half-open", needs: "iptables-nft"},
	{what: "iptables-nft drops IGMP on input", how: "iptables-nft -A INPUT -p igmp -j DROP", want: "fw.igmp-drop", needs: "iptables-nft"},
	{what: "iptables-nft drops on output", how: "iptables-nft -A OUTPUT -d 228.0.0.4 -j DROP", want: "fw.output-drop", needs: "iptables-nft"},
	{what: "iptables-legacy drops UDP on input", how: "iptables-legacy -A INPUT -p udp --dport 45564 -j DROP", want: "fw.input-drop", needs: "iptables-legacy"},
	{what: "iptables-legacy policy drop on input", how: "iptables-legacy -P INPUT DROP", want: "fw.input-drop", needs: "iptables-legacy"},

	{what: "an IPsec policy that blocks groups coming in", how: "ip xfrm policy add src 0.0.0.0/0 dst 224.0.0.0/4 dir in action block", want: "fw.input-drop", also: "fw.igmp-drop"},
	{what: "an IPsec policy that blocks groups going out", how: "ip xfrm policy add src 0.0.0.0/0 dst 224.0.0.0/4 dir out action block", want: "fw.output-drop", also: "igmp.no-report"},
	{what: "arptables drops what comes in", how: "nft add table arp f; nft add chain arp f i '{ type filter hook input priority 0; }'; nft add rule arp f i drop", want: "tribes.half-open"},
	{what: "a rule of a bridge table, without br_netfilter", on: "switch", how: "switch: nft add table bridge f; nft add chain bridge f w '{ type filter hook forward priority 0; }'; nft add rule bridge f w 'ether daddr and ff:ff:ff:80:00:00 == 01:00:5e:00:00:00 drop'", want: "fw.bridge-nf"},
	{what: "queries from 0.0.0.0 are dropped", how: "nft add table inet f; nft add chain inet f i '{ type filter hook input priority 0; policy drop; }'; nft add rule inet f i ct state established,related accept; nft add rule inet f i iif lo accept; nft add rule inet f i ip saddr 10.77.0.0/24 accept", want: "fw.igmp-drop"},
	{what: "notrack that comes after a zone", how: "nft add table inet f; nft add chain inet f r '{ type filter hook prerouting priority raw; }'; nft add rule inet f r ct zone set 7; nft add rule inet f r ip daddr 224.0.0.0/4 notrack; nft add chain inet f i '{ type filter hook input priority 0; policy drop; }'; nft add rule inet f i ct state untracked,established accept; nft add rule inet f i 'meta l4proto { tcp, icmp, igmp } accept'", want: "fw.input-drop"},
	{what: "source addresses that are not ours", how: "nft add table ip f; nft add chain ip f p '{ type nat hook postrouting priority srcnat; }'; nft add rule ip f p meta l4proto tcp snat to 203.0.113.5", want: "tribes.half-open"},
	{what: "a policy rule for a protocol and port", how: "ip rule add pref 100 ipproto udp dport 45564 prohibit", want: "route.blocked"},
	{what: "a policy rule for TCP and the receiver's port", how: "ip rule add pref 100 ipproto tcp dport 4000 prohibit", args: "--expect 10.77.0.12", want: "tribes.half-open"},
	{what: "a policy rule for the user that asks", how: "ip rule add pref 100 uidrange 0-0 table 100; ip route add blackhole default table 100", want: "route.blocked"},
	{what: "a member bound to its own address", hold: joinOn("eth0", "10.77.0.11:45564"), want: "sock.deaf", also: "sock.join-interface"},
	{what: "a member bound to another interface", dual: true, hold: python("s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); s.setsockopt(SOL_SOCKET, 25, b'eth1'); s.bind(('', 45564)); s.setsockopt(IPPROTO_IP, 35, inet_aton('228.0.0.4') + inet_aton('10.77.0.11'))"), want: "sock.deaf", needs: "python3"},
	{what: "the receiver's address was taken away", how: "ip addr add 10.77.0.111/24 dev eth0", hold: lostAddress, want: "sock.deaf", left: "addr.secondary-source"},
	{what: "the host name is another machine's, and the Receiver goes by it", how: "echo '10.77.0.77 n1' > /etc/hosts", xml: `ttl="1"`, receiver: "auto", want: "addr.hostname-foreign"},
	{what: "eth0 is a port of a bridge and kept its address", how: "ip link add br9 type bridge; ip link set br9 up; ip link set eth0 master br9", args: "--interface eth0", want: "iface.bridge-port", also: "bridge.local-snooping", after: "--interface br9"},
	{what: "an expected member on the other network", dual: true, args: "--expect 10.78.0.12 --interface eth0", want: "route.multicast-router", after: "--expect 10.78.0.12"},
	{what: "an expected member behind a router", how: "ip route add default via 10.77.0.1", args: "--expect 192.0.2.12", want: "route.multicast-router"},
	{what: "a firewall for the others by address, and one that it forgot", how: "nft add table inet f; nft add chain inet f i '{ type filter hook input priority 0; policy drop; }'; nft add rule inet f i ct state established accept; nft add rule inet f i ip saddr 10.77.0.12 accept; nft add rule inet f i ip protocol igmp accept", args: "--expect 10.77.0.12,10.77.0.13", want: "fw.input-drop", also: "tribes.half-open"},
	{what: "an expected member on the other network, and no interface named", dual: true, args: "--expect 10.78.0.12", want: "route.multicast-router"},
	{what: "heartbeats and connections leave with an address that is not ours", how: "nft add table ip f; nft add chain ip f p '{ type nat hook postrouting priority srcnat; }'; nft add rule ip f p 'meta l4proto { tcp, udp } snat to 203.0.113.5'", want: "tribes.half-open"},
	{what: "a firewall without OSPF", how: nftOutput + "'ip protocol 89' drop", args: "--group 224.0.0.5", want: "fw.output-drop"},
	{what: "a firewall without PIM", how: nftInput + "'ip protocol 103' drop", args: "--group 224.0.0.13", want: "fw.input-drop"},
	{what: "the host name is an address of docker0, and the Receiver goes by it", how: "ip link add docker0 type bridge; ip addr add 172.17.0.1/16 dev docker0; ip link set docker0 up; echo '172.17.0.1 n1' > /etc/hosts", xml: `ttl="1"`, receiver: "auto", want: "addr.hostname-foreign"},
	{what: "the host name is a link-local address, and the Receiver goes by it", how: "echo '169.254.7.7 n1' > /etc/hosts", xml: `ttl="1"`, receiver: "auto", want: "addr.hostname-foreign"},
	{what: "the Tomcat does not read what comes", hold: deafTomcat, want: "tribes.gc-pause", also: "sock.rcvbuf-overflow", needs: "python3", stays: "the program is to read, too"},
	{what: "the Tomcat is stopped", hold: stoppedTomcat, want: "tribes.gc-pause", needs: "python3"},

	{what: "IGMP version forced", how: "sysctl -qw net.ipv4.conf.eth0.force_igmp_version=2", want: "igmp.version-forced"},
	{what: "IGMP version 2 after an old query, and a group of one source", args: "--group 10.77.0.12,232.1.1.1", hold: oldQuery, want: "igmp.version-compat"},
	{what: "bridge snoops without a querier", on: "switch", how: "switch: ip link set br0 type bridge mcast_snooping 1 mcast_querier 0", want: "bridge.local-snooping"},
	{what: "bridge snoops, another querier went away", on: "switch", hold: querierGone, want: "bridge.local-snooping"},
	{what: "bridge port without flooding", on: "switch", how: "switch: bridge link set dev n2 mcast_flood off", want: "switch.unregistered-drop"},
	{what: "two isolated bridge ports", on: "switch", how: "switch: bridge link set dev n1 isolated on; bridge link set dev n2 isolated on", want: "switch.isolation"},
	{what: "bridge's group table full", on: "switch", how: "switch: ip link set br0 type bridge mcast_snooping 1 mcast_querier 1 mcast_hash_max 128", hold: fillTable, want: "switch.table-full"},
	{what: "bridge-nf with a FORWARD chain that drops", on: "switch", how: "switch: sysctl -qw net.bridge.bridge-nf-call-iptables=1; iptables-nft -P FORWARD DROP", want: "fw.bridge-nf", needs: "iptables-nft"},

	{what: "UDP port held without sharing", hold: python("s.bind(('', 45564))"), want: "sock.port-in-use", needs: "python3"},
	{what: "UDP port shared by SO_REUSEPORT only", hold: python("s.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1); s.bind(('', 45564))"), want: "sock.reuse-mismatch", needs: "python3"},
	{what: "every TCP port of the receiver taken", hold: takePorts, want: "tribes.receiver-port"},
	{what: "interface made anew while a socket holds the group", hold: recreate, want: "iface.recreated"},
	{what: "one socket shall join 21 groups", args: "--group 239.192.1.1:45564+21", want: "limit.memberships"},
	{what: "a socket has joined all it may", how: "sysctl -qw net.ipv4.igmp_max_memberships=2", hold: joinMany(2), want: "limit.memberships"},
	{what: "a socket has named all the sources it may", how: "sysctl -qw net.ipv4.igmp_max_msf=2", args: "--group 232.1.1.1 --ignore group", hold: joinSources(2), want: "limit.sources", needs: "python3"},
	{what: "optmem_max far too small", how: "sysctl -qw net.core.optmem_max=1024", want: "limit.optmem"},
	{what: "receive buffer overflows", hold: overflow, want: "sock.rcvbuf-overflow", stays: "the program is to ask for a larger buffer, too"},
	{what: "IP_MULTICAST_LOOP off with two members on the host", hold: loopOffTwice, want: "sock.loop-off", needs: "python3"},
	{what: "two programs' groups on one port", hold: twoGroups, want: "sock.multicast-all"},
	{what: "MTU 1280", how: "ip link set eth0 mtu 1280", want: "mtu.mismatch"},
	{what: "bridge port's MTU below the bridge's", on: "switch", how: "switch: ip link set br0 mtu 1500; ip link set n1 mtu 1400; ip link set br0 mtu 1500", want: "mtu.mismatch"},
	{what: "IPv6 switched off", how: "sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1", args: "--group ff15::4", want: "ipv6.disabled"},
	{what: "MLD dropped", how: nftInput + "icmpv6 type mld-listener-query drop", args: "--group ff15::4", want: "mld.snooping"},
	{what: "macvlan in mode private", how: "ip link add mv0 link eth0 type macvlan mode private; ip addr add 10.77.0.111/24 dev mv0; ip link set mv0 up", args: "--interface mv0", want: "iface.macvlan-parent", also: "route.wrong-interface"},
	{what: "ttl 0 in server.xml", xml: `ttl="0"`, want: "ttl.zero"},
	{what: "dropTime below the frequency in server.xml", xml: `frequency="500" dropTime="400"`, want: "tribes.drop-time"},
	{what: "dropTime of two heartbeats in server.xml", xml: `frequency="1000" dropTime="2000"`, want: "tribes.drop-time"},
	{what: "the member listens on the other interface's address", dual: true, hold: member("10.78.0.11"), want: "route.wrong-interface", stays: "the member is to be restarted, too"},
	{what: "a group that never leaves the host", args: "--group ff11::4", want: "ipv6.scope"},
	{what: "an address that is no group", args: "--group 192.228.0.4", want: "group.invalid"},
	{what: "a group of the network's own protocols", args: "--group 224.0.0.200", want: "group.link-local-range"},
	{what: "a group of source-specific multicast without a source", args: "--group 232.9.9.9", want: "group.ssm-as-asm"},
	{what: "another product's group in server.xml", xml: `address="239.255.255.250" port="1900"`, want: "group.well-known"},
	{what: "a reserved group", args: "--group 229.1.2.3", want: "group.reserved"},
	{what: "a group with the Ethernet address of 224.0.0.1", args: "--group 239.0.0.1", want: "switch.mac-alias"},
}

// healthy hosts, on which nothing may be named.
var healthyHosts = []fault{
	{what: "healthy host"},
	{what: "a fresh namespace with a plain veth pair and a default route", how: "ip link del eth0; ip link add eth0 type veth peer name other; ip addr add 192.0.2.10/24 dev eth0; ip link set other up; ip link set eth0 up; ip route add default via 192.0.2.1; until [ \"$(cat /sys/class/net/eth0/operstate)\" = up ]; do sleep 0.02; done", routes: netlab.RouteNone},
	{what: "healthy host with a default route only", routes: netlab.RouteDefault},
	{what: "healthy host with two networks", dual: true, routes: netlab.RouteBoth},
	{what: "healthy host with a member", hold: member("10.77.0.11")},
	{what: "healthy host with a sound server.xml", xml: `ttl="1" frequency="500" dropTime="3000"`},
	{what: "heartbeats by one network and replication by the other, as server.xml says", xml: `bind="10.78.0.11"`, dual: true, args: "--ignore java.ipv6-stack"}, // whether Java uses IPv6 sockets, no host tells before it runs
	{what: "healthy host, IPv6 group", args: "--group ff15::4"},
	{what: "healthy host, private group", args: "--group 239.192.1.1:5000"},
	{what: "the switch, a bridge that floods", on: "switch"},
	{what: "the switch, snooping with a querier", on: "switch", how: "switch: ip link set br0 type bridge mcast_snooping 1 mcast_querier 1"},
	{what: "an address without a network, and a firewall for the others by address", how: "ip addr flush dev eth0; ip addr add 10.77.0.11/32 dev eth0; ip route add 10.77.0.0/24 dev eth0; ip route add 224.0.0.0/4 dev eth0; nft add table inet f; nft add chain inet f i '{ type filter hook input priority 0; policy drop; }'; nft add rule inet f i ct state established,related accept; nft add rule inet f i iif lo accept; nft add rule inet f i 'ip saddr { 10.77.0.12, 10.77.0.13 } accept'; nft add rule inet f i 'ip protocol { igmp, icmp } accept'", args: "--expect 10.77.0.12,10.77.0.13"},
	{what: "IGMP version 2 after an old query, and no source joined", hold: oldQuery},
	{what: "SSDP's own group, asked about", args: "--group 239.255.255.250:1900"},
	{what: "VRRP's own group, asked about", args: "--group 224.0.0.18"},
	{what: "a firewall that wants a way back", how: "nft add table inet f; nft add chain inet f p '{ type filter hook prerouting priority raw; }'; nft add rule inet f p fib saddr . iif oif missing drop"},
	{what: "a firewall by rpfilter", how: "iptables-nft -t raw -A PREROUTING -m rpfilter --invert -j DROP", needs: "iptables-nft"},
	{what: "kube-proxy's marks", how: "iptables-nft -N KUBE-FIREWALL; iptables-nft -A INPUT -j KUBE-FIREWALL; iptables-nft -A OUTPUT -j KUBE-FIREWALL; iptables-nft -A KUBE-FIREWALL -m mark --mark 0x8000/0x8000 -j DROP; iptables-nft -t mangle -A PREROUTING -j CONNMARK --restore-mark --nfmask 0xf0000 --ctmask 0xf0000; iptables-nft -t mangle -A PREROUTING -j MARK --set-xmark 0x0/0xf0000", needs: "iptables-nft"},
	{what: "a firewall that lets the cluster through", how: "nft add table inet f; nft add chain inet f i '{ type filter hook input priority 0; policy drop; }'; nft add rule inet f i 'ct state established,related accept'; nft add rule inet f i 'iif lo accept'; nft add rule inet f i 'ip daddr 228.0.0.4 udp dport 45564 accept'; nft add rule inet f i 'ip protocol { igmp, icmp } accept'; nft add rule inet f i 'ip saddr 10.77.0.0/24 tcp dport 4000-4099 accept'"},
}

type outcome struct {
	Status string   `json:"status"`
	Causes []string `json:"causes"`
	text   string
	fixed  string // what became of the fix
}

// TestAccuracy makes every fault on a host of its own and asks muster check for
// the cause. With -update it writes the table that docs/checks/accuracy.md holds.
func TestAccuracy(t *testing.T) {
	if testing.Short() {
		t.Skip("makes some 90 faults in networks of their own, about 20 s")
	}
	var table strings.Builder
	table.WriteString("| fault, made for real | as | `muster check` names | its fix |\n|---|---|---|---|\n")
	for _, f := range faults {
		t.Run(f.what, func(t *testing.T) {
			o := f.check(t)
			named := slices.Contains(o.Causes, f.want)
			extra := slices.DeleteFunc(slices.Clone(o.Causes), func(id string) bool { return id == f.want || slices.Contains(strings.Fields(f.also), id) })
			if !named || len(extra) > 0 {
				t.Errorf("causes %v, want %s\n%s", o.Causes, f.want, o.text)
			}
			fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", f.what, f.recipe(), strings.Join(quoted(o.Causes), ", "), o.fixed)
		})
	}
	for _, f := range healthyHosts {
		t.Run(f.what, func(t *testing.T) {
			o := f.check(t)
			if len(o.Causes) > 0 || o.Status != "pass" {
				t.Errorf("%s: %v\n%s", o.Status, o.Causes, o.text)
			}
			fmt.Fprintf(&table, "| none: %s | %s | nothing | |\n", f.what, f.recipe())
		})
	}
	if rows := strings.Count(table.String(), "\n") - 2; t.Failed() || rows < len(faults)+len(healthyHosts) {
		return // a part of them was asked for, or something that makes a fault is missing
	}
	t.Logf("\n%s", table.String())
	updatePage(t, "table", table.String())
}

// updatePage writes a table between the marks of that name in the page, or with no
// -update fails when the page holds another.
func updatePage(t *testing.T, mark, table string) {
	t.Helper()
	page, err := os.ReadFile(accuracyPage)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+mark+" -->\n", "<!-- end -->\n"
	head, rest, ok1 := strings.Cut(string(page), begin)
	old, tail, ok2 := strings.Cut(rest, end)
	switch {
	case !ok1 || !ok2:
		t.Fatalf("%s has no place for the table", accuracyPage)
	case *update:
		if err := os.WriteFile(accuracyPage, []byte(head+begin+table+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	case old != table:
		t.Errorf("%s is stale: go test ./routecheck -run %s -update", accuracyPage, t.Name())
	}
}

const accuracyPage = "../docs/checks/accuracy.md"

func quoted(ids []string) []string {
	var out []string
	for _, id := range ids {
		out = append(out, "`"+id+"`")
	}
	return out
}

// recipe is what the table shows: the commands, or that a program does it.
func (f fault) recipe() string {
	var parts []string
	if f.how != "" {
		parts = append(parts, "`"+strings.ReplaceAll(strings.TrimPrefix(f.how, "switch: "), "|", "\\|")+"`")
	}
	if f.hold != nil {
		parts = append(parts, "a program of the test")
	}
	if f.args != "" {
		parts = append(parts, "`muster check "+f.args+"`")
	}
	if f.xml != "" {
		parts = append(parts, "`muster check --server-xml` of a file with `<Membership "+f.xml+">`")
	}
	if f.on != "" {
		parts = append(parts, "on the "+f.on)
	}
	if len(parts) == 0 {
		return "a host of the lab as it comes"
	}
	return strings.Join(parts, "; ")
}

func (f fault) check(t *testing.T) outcome {
	t.Helper()
	if strings.HasPrefix(f.needs, "/dev/") {
		device, err := os.OpenFile(f.needs, os.O_RDWR, 0)
		if err != nil {
			t.Skipf("needs a right to %s: %v", f.needs, err)
		}
		device.Close()
	} else if f.needs != "" {
		if _, err := exec.LookPath(f.needs); err != nil {
			t.Skipf("needs %s", f.needs)
		}
	}
	l := netlab.New(t, netlab.Config{Hosts: 2, Dual: f.dual, Routes: f.routes})
	if script, onSwitch := strings.CutPrefix(f.how, "switch: "); onSwitch {
		sh(t, l.Switch().Command(t.Context(), "sh", "-ec", script))
	} else if f.how != "" {
		sh(t, l.Host(1).Command(t.Context(), "sh", "-ec", f.how))
	}
	if f.hold != nil {
		f.hold(t, l)
	}
	args := strings.Fields(f.args)
	if f.xml != "" {
		args = append(args, "--server-xml", f.serverXML(t))
	}
	out, stderr := look(t, l, f.on, args)
	sameElsewhere(t, l, f.on, args, out, func() []byte { again, _ := look(t, l, f.on, args); return again })
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	var o outcome
	if e := json.Unmarshal(lines[len(lines)-1], &o); e != nil {
		t.Fatalf("muster check %v: %v: %s%s", args, e, out, stderr)
	}
	for _, line := range lines {
		if !bytes.Contains(line, []byte(`"status":"pass"`)) && !bytes.Contains(line, []byte(`"status":"skip"`)) {
			o.text += string(line) + "\n"
		}
	}
	o.text += stderr
	if len(o.Causes) > 0 {
		o.fixed = f.tryFix(t, l, args)
	}
	return o
}

// tryFix runs the script that muster check --fix prints, as a person would who has read
// it, and tells what became of the fault.
func (f fault) tryFix(t *testing.T, l *netlab.Lab, args []string) string {
	t.Helper()
	script, err := command(t, l, f.on, append([]string{"check", "--fix"}, args...)...).Output()
	if err != nil && len(script) == 0 {
		t.Fatalf("muster check --fix: %v", err)
	}
	commands := 0
	for line := range strings.Lines(string(script)) {
		if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "#") {
			commands++
		}
	}
	if commands == 0 {
		return "words"
	}
	host := l.Host(1).Command
	if f.on == "switch" {
		host = l.Switch().Command
	}
	c := host(t.Context(), "sh", "-e")
	c.Stdin = bytes.NewReader(script)
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("the fix: %v: %s\n%s", err, out, script)
	}
	if f.after != "" {
		args = strings.Fields(f.after)
	}
	// An interface that came up has its carrier a moment later.
	for end := time.Now().Add(late); ; time.Sleep(50 * time.Millisecond) {
		out, _ := look(t, l, f.on, args)
		left := slices.DeleteFunc(causesOf(t, out), func(id string) bool { return slices.Contains(strings.Fields(f.left), id) })
		switch {
		case len(left) == 0:
			if f.stays != "" {
				t.Errorf("it is fixed, and the table says that %s", f.stays)
			}
			if f.on == "" && f.hold == nil && f.needs != "/dev/net/tun" {
				f.packets(t, l)
			}
			return "run: fixed"
		case f.stays != "":
			return "run: " + f.stays
		case time.Now().After(end):
			t.Errorf("after the fix there is still %v:\n%s", left, script)
			return ""
		}
	}
}

// packets sends those of a cluster over eth0, both ways.
func (f fault) packets(t *testing.T, l *netlab.Lab) {
	t.Helper()
	if f.args != "" || f.xml != "" { // asked about another group, interface or file
		return
	}
	here, there := l.Host(1), l.Host(2)
	for _, q := range questions {
		if !q.real(t, here, there, late) {
			t.Errorf("%s: lost after the fix", q.what)
		}
	}
}

// causesOf are those that the last line of JSON names.
func causesOf(t *testing.T, out []byte) []string {
	t.Helper()
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	var o outcome
	if err := json.Unmarshal(lines[len(lines)-1], &o); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return o.Causes
}

// look is what muster check prints; that it finds fault is no error.
func look(t *testing.T, l *netlab.Lab, on string, args []string) (out []byte, stderr string) {
	t.Helper()
	c := command(t, l, on, append([]string{"check", "--json"}, args...)...)
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("muster check %v: %v", args, err)
	}
	return out, errs.String()
}

// serverXML writes a Tomcat's configuration, sound but for the Membership's
// attributes.
func (f fault) serverXML(t *testing.T) string {
	t.Helper()
	const tribes = "org.apache.catalina.tribes."
	text := `<Server port="-1"><Service name="Catalina"><Engine name="Catalina" defaultHost="localhost" jvmRoute="n1">
 <Cluster className="org.apache.catalina.ha.tcp.SimpleTcpCluster" channelSendOptions="8">
  <Channel className="` + tribes + `group.GroupChannel">
   <Membership className="` + tribes + `membership.McastService" ` + f.xml + `/>
   <Receiver className="` + tribes + `transport.nio.NioReceiver" address="` + cmp.Or(f.receiver, "10.77.0.11") + `"/>
   <Sender className="` + tribes + `transport.ReplicationTransmitter"><Transport className="` + tribes + `transport.nio.PooledParallelSender"/></Sender>
   <Interceptor className="` + tribes + `group.interceptors.TcpFailureDetector"/>
   <Interceptor className="` + tribes + `group.interceptors.MessageDispatchInterceptor"/>
  </Channel>
  <Valve className="org.apache.catalina.ha.tcp.ReplicationValve" filter=""/>
  <Valve className="org.apache.catalina.ha.session.JvmRouteBinderValve"/>
  <ClusterListener className="org.apache.catalina.ha.session.ClusterSessionListener"/>
 </Cluster>
 <Host name="localhost" appBase="webapps"/></Engine></Service></Server>`
	file := t.TempDir() + "/server.xml"
	if err := os.WriteFile(file, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
	return file
}

// command is muster on the first host, or on the switch.
func command(t *testing.T, l *netlab.Lab, on string, args ...string) *netlab.Cmd {
	c := l.Host(1).Command(t.Context(), "/proc/self/exe", args...)
	if on == "switch" {
		c = l.Switch().Command(t.Context(), "/proc/self/exe", args...)
	}
	c.Env = append(os.Environ(), "MUSTER_AS_COMMAND=1")
	return c
}

func sh(t *testing.T, c *netlab.Cmd) {
	t.Helper()
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v: %s", c.Args, err, out)
	}
}
