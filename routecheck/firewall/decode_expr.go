package firewall

import (
	"bytes"
	"strconv"

	"muster/internal/netlink"
)

// Names of keys by the kernel's numbers (enum nft_meta_keys, nft_ct_keys, ...).
var (
	metaKeys = []string{"length", "protocol", "priority", "mark", "iif", "oif", "iifname", "oifname", "iiftype", "oiftype",
		"skuid", "skgid", "nftrace", "rtclassid", "secmark", "nfproto", "l4proto", "ibrname", "obrname", "pkttype", "cpu",
		"iifgroup", "oifgroup", "cgroup", "random", "secpath", "iifkind", "oifkind", "ibrpvid", "ibrvproto", "time", "day",
		"hour", "sdif", "sdifname", "broute", "ibrhwaddr"}
	ctKeys = []string{"state", "direction", "status", "mark", "secmark", "expiration", "helper", "l3proto", "src", "dst",
		"protocol", "proto-src", "proto-dst", "label", "packets", "bytes", "avgpkt", "zone", "event", "src_ip", "dst_ip",
		"src_ip6", "dst_ip6", "id"}
	payloadBases = []string{"link", "network", "transport", "inner", "tunnel"}
	cmpOps       = []string{"==", "!=", "<", "<=", ">", ">="}
	exthdrOps    = []string{"ipv6", "tcpopt", "ipopt", "sctp", "dccp"}
	fibResults   = []string{"", "oif", "oifname", "type"}
	fibFlags     = []string{"saddr", "daddr", "mark", "iif", "oif", "present"}
	socketKeys   = []string{"transparent", "mark", "wildcard", "cgroupv2"}
	objectTypes  = []string{"", "counter", "quota", "ct helper", "limit", "ct count", "tunnel", "ct timeout", "secmark", "ct expectation", "synproxy"}
)

func named(names []string, b []byte) string {
	n := be32(b)
	if len(b) == 1 {
		n = uint32(b[0])
	}
	if int(n) < len(names) {
		return names[n]
	}
	return "key " + strconv.Itoa(int(n))
}

// expr reads one expression; packets is its counter's figure, where it is one.
func (d *decoder) expr(as []netlink.Attr) (e Expr, packets *uint64) {
	e.Kind = netlink.Text(netlink.Find(as, 1))
	a := d.attrs(netlink.Find(as, 2))
	data := func(kind uint16) Hex { return bytes.Clone(netlink.Find(d.attrs(netlink.Find(a, kind)), 1)) }
	switch e.Kind {
	case "immediate":
		e.Dst = register(netlink.Find(a, 1))
		da := d.attrs(netlink.Find(a, 2))
		e.Data = bytes.Clone(netlink.Find(da, 1))
		if v := netlink.Find(da, 2); v != nil {
			e.Verdict, e.Chain = d.verdict(v)
		}
	case "meta":
		e.Dst, e.Key, e.Src = register(netlink.Find(a, 1)), named(metaKeys, netlink.Find(a, 2)), register(netlink.Find(a, 3))
	case "payload":
		e.Dst, e.Base, e.Offset, e.Len, e.Src = register(netlink.Find(a, 1)), named(payloadBases, netlink.Find(a, 2)), be32(netlink.Find(a, 3)), be32(netlink.Find(a, 4)), register(netlink.Find(a, 5))
	case "cmp":
		e.Src, e.Op, e.Data = register(netlink.Find(a, 1)), named(cmpOps, netlink.Find(a, 2)), data(3)
	case "range":
		e.Src, e.Op, e.Data, e.Data2 = register(netlink.Find(a, 1)), named(cmpOps, netlink.Find(a, 2)), data(3), data(4)
	case "bitwise":
		e.Src, e.Dst, e.Len = register(netlink.Find(a, 1)), register(netlink.Find(a, 2)), be32(netlink.Find(a, 3))
		e.Op, e.Data, e.Data2 = named([]string{"mask", "<<", ">>", "and", "or", "xor"}, orZero(netlink.Find(a, 6))), data(4), data(5)
		e.Src2 = register(netlink.Find(a, 8))
	case "byteorder":
		e.Src, e.Dst, e.Len, e.Offset = register(netlink.Find(a, 1)), register(netlink.Find(a, 2)), be32(netlink.Find(a, 4)), be32(netlink.Find(a, 5))
		e.Op = named([]string{"ntoh", "hton"}, netlink.Find(a, 3))
	case "lookup":
		e.Set, e.Src, e.Dst = netlink.Text(netlink.Find(a, 1)), register(netlink.Find(a, 2)), register(netlink.Find(a, 3))
		if netlink.Find(a, 3) != nil {
			e.Op = "map"
		}
		e.Invert = be32(netlink.Find(a, 5))&1 != 0
	case "dynset":
		e.Key, e.Op, e.Src = netlink.Text(netlink.Find(a, 1)), named([]string{"add", "update", "delete"}, netlink.Find(a, 3)), register(netlink.Find(a, 4))
		e.Stateful = d.stateful(netlink.Find(a, 7)) || d.stateful(netlink.Find(d.attrs(netlink.Find(a, 10)), 1))
	case "ct":
		e.Dst, e.Key, e.Src = register(netlink.Find(a, 1)), named(ctKeys, netlink.Find(a, 2)), register(netlink.Find(a, 4))
		if dir := netlink.Find(a, 3); len(dir) == 1 {
			e.Op = []string{"original", "reply"}[dir[0]&1]
		}
	case "fib":
		e.Dst, e.Key = register(netlink.Find(a, 1)), named(fibResults, netlink.Find(a, 2))
		e.Flags = bitNames(fibFlags, be32(netlink.Find(a, 3)))
	case "exthdr":
		e.Dst, e.Offset, e.Len, e.Src = register(netlink.Find(a, 1)), be32(netlink.Find(a, 3)), be32(netlink.Find(a, 4)), register(netlink.Find(a, 7))
		if t := netlink.Find(a, 2); len(t) == 1 {
			e.Key = strconv.Itoa(int(t[0]))
		}
		e.Op = named(exthdrOps, orZero(netlink.Find(a, 6)))
		e.Flags = bitNames([]string{"present"}, be32(netlink.Find(a, 5)))
	case "rt":
		e.Dst, e.Key = register(netlink.Find(a, 1)), "rt"
	case "socket":
		e.Key, e.Dst = named(socketKeys, netlink.Find(a, 1)), register(netlink.Find(a, 2))
	case "numgen", "hash":
		e.Dst = register(netlink.Find(a, map[string]uint16{"numgen": 1, "hash": 2}[e.Kind]))
	case "osf", "tunnel", "xfrm":
		e.Dst = register(netlink.Find(a, map[string]uint16{"osf": 1, "tunnel": 2, "xfrm": 1}[e.Kind]))
	case "counter":
		n := be64(netlink.Find(a, 2))
		packets = &n
	case "limit":
		e.Op = limitText(be64(netlink.Find(a, 1)), be64(netlink.Find(a, 2)), be32(netlink.Find(a, 4)))
		e.Invert, e.Stateful = be32(netlink.Find(a, 5))&1 != 0, true
	case "quota", "connlimit":
		e.Stateful = true
	case "objref":
		e.Key, e.Name = named(objectTypes, orZero(netlink.Find(a, 1))), netlink.Text(netlink.Find(a, 2))
		e.Stateful = e.Key == "quota" || e.Key == "limit" || e.Key == "ct count" || netlink.Find(a, 4) != nil
	case "nat":
		e.Op, e.Src = named([]string{"snat", "dnat"}, netlink.Find(a, 1)), register(netlink.Find(a, 3))
	case "reject":
		e.Op = named([]string{"icmp", "tcp reset", "icmpx"}, netlink.Find(a, 1))
	case "match", "target":
		d.compat(&e, netlink.Text(netlink.Find(a, 1)), be32(netlink.Find(a, 2)), netlink.Find(a, 3))
	}
	return e, packets
}

func orZero(b []byte) []byte {
	if len(b) == 0 {
		return []byte{0, 0, 0, 0}
	}
	return b
}

// stateful reports whether the expression inside a dynset keeps a state that may
// end the rule.
func (d *decoder) stateful(b []byte) bool {
	switch netlink.Text(netlink.Find(d.attrs(b), 1)) {
	case "limit", "quota", "connlimit":
		return true
	}
	return false
}

func bitNames(names []string, bits uint32) []string {
	var out []string
	for i, n := range names {
		if bits&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	return out
}

func limitText(rate, unit uint64, kind uint32) string {
	per := map[uint64]string{1: "second", 60: "minute", 3600: "hour", 86400: "day", 604800: "week"}[unit]
	if per == "" {
		per = strconv.FormatUint(unit, 10) + " seconds"
	}
	what := ""
	if kind == 1 {
		what = " bytes"
	}
	return strconv.FormatUint(rate, 10) + what + "/" + per
}
