package collect

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"muster/internal/netlink"
	"muster/routecheck/facts"
)

var native = binary.NativeEndian

func u32of(b []byte) uint32 {
	switch len(b) {
	case 4:
		return native.Uint32(b)
	case 2:
		return uint32(native.Uint16(b))
	case 1:
		return uint32(b[0])
	}
	return 0
}

func readLinks(ctx context.Context, f *facts.Facts) facts.Fact[[]facts.Link] {
	t := kernelTable{"netlink RTM_GETLINK", "interfaces", unix.RTM_GETLINK, unix.RTM_NEWLINK, make([]byte, unix.SizeofIfInfomsg), maxLinks}
	links := entries(ctx, f, t, func(b []byte) (facts.Link, bool) { return decodeLink(b), true })
	fromSysfs(links.Value)
	return links
}

// decodeLink reads struct ifinfomsg and its attributes.
func decodeLink(b []byte) facts.Link {
	l := facts.Link{Type: native.Uint16(b[2:]), Index: native.Uint32(b[4:]), Flags: native.Uint32(b[8:])}
	inHere := true
	for _, a := range netlink.Attrs(native, b[unix.SizeofIfInfomsg:]) {
		switch a.Kind {
		case unix.IFLA_IFNAME:
			l.Name = netlink.Text(a.Data)
		case unix.IFLA_MTU:
			l.MTU = u32of(a.Data)
		case unix.IFLA_ADDRESS:
			if len(a.Data) > 0 && len(a.Data) <= 20 {
				l.MAC = net.HardwareAddr(a.Data).String()
			}
		case unix.IFLA_OPERSTATE:
			l.OperState = operState(u32of(a.Data))
		case unix.IFLA_CARRIER:
			up := u32of(a.Data) != 0
			l.Carrier = &up
		case unix.IFLA_CARRIER_UP_COUNT:
			l.CarrierUps = u32of(a.Data)
		case unix.IFLA_CARRIER_DOWN_COUNT:
			l.CarrierDown = u32of(a.Data)
		case unix.IFLA_MASTER:
			l.Master = u32of(a.Data)
		case unix.IFLA_LINK:
			l.Parent = u32of(a.Data)
		case unix.IFLA_LINK_NETNSID:
			inHere = false
		case unix.IFLA_GROUP:
			l.Group = u32of(a.Data)
		case unix.IFLA_PROMISCUITY:
			l.Promiscuity = u32of(a.Data)
		case unix.IFLA_ALLMULTI:
			l.AllMulti = u32of(a.Data)
		case unix.IFLA_TXQLEN:
			l.TxQueueLen = u32of(a.Data)
		case unix.IFLA_STATS64:
			l.Stats = decodeStats(a.Data)
		case unix.IFLA_XDP:
			const attached = 2 // IFLA_XDP_ATTACHED
			l.XDP = u32of(netlink.Find(netlink.Attrs(native, a.Data), attached)) != 0
		case unix.IFLA_LINKINFO:
			addInfo(&l, netlink.Attrs(native, a.Data))
		}
	}
	if !inHere || l.Kind == "veth" || l.Parent == l.Index {
		l.Parent = 0 // the peer of a veth is not below it
	}
	return l
}

func operState(n uint32) string {
	names := []string{"unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up"}
	if int(n) < len(names) {
		return names[n]
	}
	return ""
}

// decodeStats is struct rtnl_link_stats64.
func decodeStats(b []byte) facts.LinkStats {
	at := func(i int) uint64 {
		if len(b) < 8*(i+1) {
			return 0
		}
		return native.Uint64(b[8*i:])
	}
	return facts.LinkStats{RxPackets: at(0), TxPackets: at(1), RxErrors: at(4), TxErrors: at(5), RxDropped: at(6), TxDropped: at(7), Multicast: at(8)}
}

// addInfo reads IFLA_LINKINFO: the kind, and what kinds tell that matter here.
func addInfo(l *facts.Link, as []netlink.Attr) {
	l.Kind = netlink.Text(netlink.Find(as, unix.IFLA_INFO_KIND))
	data := netlink.Attrs(native, netlink.Find(as, unix.IFLA_INFO_DATA))
	switch l.Kind {
	case "macvlan", "macvtap":
		const mode = 1 // IFLA_MACVLAN_MODE
		l.Mode = map[uint32]string{1: "private", 2: "vepa", 4: "bridge", 8: "passthru", 16: "source"}[u32of(netlink.Find(data, mode))]
	case "bond":
		const resend = 15 // IFLA_BOND_RESEND_IGMP
		if b := netlink.Find(data, resend); b != nil {
			n := u32of(b)
			l.ResendIGMP = &n
		}
	}
	if netlink.Text(netlink.Find(as, unix.IFLA_INFO_SLAVE_KIND)) == "bridge" {
		l.Port = decodePort(netlink.Attrs(native, netlink.Find(as, unix.IFLA_INFO_SLAVE_DATA)))
	}
}

// decodePort reads IFLA_BRPORT_*.
func decodePort(as []netlink.Attr) *facts.BridgePort {
	const state, fastLeave, router, flood, isolated = 1, 7, 25, 27, 33
	p := &facts.BridgePort{State: u32of(netlink.Find(as, state)), FastLeave: u32of(netlink.Find(as, fastLeave)) != 0,
		Router: u32of(netlink.Find(as, router)), MulticastFlood: true, Isolated: u32of(netlink.Find(as, isolated)) != 0}
	if b := netlink.Find(as, flood); b != nil {
		p.MulticastFlood = u32of(b) != 0
	}
	return p
}

// fromSysfs adds what only sysfs tells, where it shows this very namespace: it
// belongs to the mount, not to the process.
func fromSysfs(links []facts.Link) {
	for i := range links {
		l := &links[i]
		dir := filepath.Join("/sys/class/net", l.Name)
		if strings.ContainsAny(l.Name, "/") {
			continue
		}
		index, err := slurp(filepath.Join(dir, "ifindex"), 32)
		mac, _ := slurp(filepath.Join(dir, "address"), 128)
		if err != nil || strings.TrimSpace(index) != strconv.Itoa(int(l.Index)) || strings.TrimSpace(mac) != l.MAC {
			continue
		}
		for _, sign := range []string{"phy80211", "wireless"} {
			if _, err := os.Stat(filepath.Join(dir, sign)); err == nil {
				l.Wireless = true
			}
		}
		if _, err := os.Stat(filepath.Join(dir, "device/physfn")); err == nil {
			l.VirtualFunction = true
		}
		if driver, err := os.Readlink(filepath.Join(dir, "device/driver")); err == nil {
			l.Driver = filepath.Base(driver)
		}
	}
}

func readAddrs(ctx context.Context, f *facts.Facts) facts.Fact[[]facts.Addr] {
	t := kernelTable{"netlink RTM_GETADDR", "addresses", unix.RTM_GETADDR, unix.RTM_NEWADDR, make([]byte, unix.SizeofIfAddrmsg), maxAddrs}
	return entries(ctx, f, t, decodeAddr)
}

// decodeAddr reads struct ifaddrmsg and its attributes.
func decodeAddr(b []byte) (facts.Addr, bool) {
	as := netlink.Attrs(native, b[unix.SizeofIfAddrmsg:])
	raw := netlink.Find(as, unix.IFA_LOCAL)
	if raw == nil {
		raw = netlink.Find(as, unix.IFA_ADDRESS)
	}
	a, ok := netip.AddrFromSlice(raw)
	if !ok {
		return facts.Addr{}, false
	}
	flags := uint32(b[2])
	if f := netlink.Find(as, unix.IFA_FLAGS); f != nil {
		flags = u32of(f)
	}
	return facts.Addr{
		Link: native.Uint32(b[4:]), Prefix: netip.PrefixFrom(a, int(b[1])), Scope: scopeName(b[3]),
		Secondary: a.Is4() && flags&unix.IFA_F_SECONDARY != 0,
		Tentative: flags&unix.IFA_F_TENTATIVE != 0, Duplicate: flags&unix.IFA_F_DADFAILED != 0,
	}, true
}

func scopeName(n byte) string {
	switch n {
	case unix.RT_SCOPE_UNIVERSE:
		return "global"
	case unix.RT_SCOPE_SITE:
		return "site"
	case unix.RT_SCOPE_LINK:
		return "link"
	case unix.RT_SCOPE_HOST:
		return "host"
	}
	return fmt.Sprint(n)
}

func readNeighbours(ctx context.Context, f *facts.Facts) facts.Fact[[]facts.Neighbour] {
	t := kernelTable{"netlink RTM_GETNEIGH", "neighbours", unix.RTM_GETNEIGH, unix.RTM_NEWNEIGH, make([]byte, 12), maxNeighbours}
	return entries(ctx, f, t, decodeNeighbour)
}

// decodeNeighbour reads struct ndmsg and its attributes; false for one that does
// not answer.
func decodeNeighbour(b []byte) (facts.Neighbour, bool) {
	const dst, lladdr = 1, 2
	as := netlink.Attrs(native, b[12:])
	a, ok := netip.AddrFromSlice(netlink.Find(as, dst))
	state := native.Uint16(b[8:])
	if !ok || a.IsMulticast() || state&(unix.NUD_FAILED|unix.NUD_NOARP|unix.NUD_INCOMPLETE) != 0 || state == 0 {
		return facts.Neighbour{}, false
	}
	n := facts.Neighbour{Link: native.Uint32(b[4:]), Addr: a}
	if mac := netlink.Find(as, lladdr); len(mac) == 6 {
		n.MAC = net.HardwareAddr(mac).String()
	}
	return n, true
}

func readQueues(ctx context.Context, f *facts.Facts) facts.Fact[[]facts.Queue] {
	t := kernelTable{"netlink RTM_GETQDISC", "queues", unix.RTM_GETQDISC, unix.RTM_NEWQDISC, make([]byte, 20), maxLinks}
	return entries(ctx, f, t, decodeQueue)
}

// decodeQueue reads struct tcmsg and its attributes.
func decodeQueue(b []byte) (facts.Queue, bool) {
	const tcaKind, stats2, basic, queue = 1, 7, 1, 3
	as := netlink.Attrs(native, b[20:])
	q := facts.Queue{Link: native.Uint32(b[4:]), Kind: netlink.Text(netlink.Find(as, tcaKind))}
	stats := netlink.Attrs(native, netlink.Find(as, stats2))
	if s := netlink.Find(stats, basic); len(s) >= 12 { // bytes, packets
		q.Sent = uint64(native.Uint32(s[8:]))
	}
	if s := netlink.Find(stats, queue); len(s) >= 12 { // qlen, backlog, drops
		q.Drops = uint64(native.Uint32(s[8:]))
	}
	return q, q.Kind != "noqueue"
}
