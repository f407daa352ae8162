package firewall

import (
	"bytes"
	"strconv"

	"muster/routecheck/internal/nl"
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
func (d *decoder) expr(as []nl.Attr) (e Expr, packets *uint64) {
	e.Kind = nl.Text(nl.Find(as, 1))
	a := d.attrs(nl.Find(as, 2))
	data := func(kind uint16) Hex { return bytes.Clone(nl.Find(d.attrs(nl.Find(a, kind)), 1)) }
	switch e.Kind {
	case "immediate":
		e.Dst = register(nl.Find(a, 1))
		da := d.attrs(nl.Find(a, 2))
		e.Data = bytes.Clone(nl.Find(da, 1))
		if v := nl.Find(da, 2); v != nil {
			e.Verdict, e.Chain = d.verdict(v)
		}
	case "meta":
		e.Dst, e.Key, e.Src = register(nl.Find(a, 1)), named(metaKeys, nl.Find(a, 2)), register(nl.Find(a, 3))
	case "payload":
		e.Dst, e.Base, e.Offset, e.Len, e.Src = register(nl.Find(a, 1)), named(payloadBases, nl.Find(a, 2)), be32(nl.Find(a, 3)), be32(nl.Find(a, 4)), register(nl.Find(a, 5))
	case "cmp":
		e.Src, e.Op, e.Data = register(nl.Find(a, 1)), named(cmpOps, nl.Find(a, 2)), data(3)
	case "range":
		e.Src, e.Op, e.Data, e.Data2 = register(nl.Find(a, 1)), named(cmpOps, nl.Find(a, 2)), data(3), data(4)
	case "bitwise":
		e.Src, e.Dst, e.Len = register(nl.Find(a, 1)), register(nl.Find(a, 2)), be32(nl.Find(a, 3))
		e.Op, e.Data, e.Data2 = named([]string{"mask", "<<", ">>", "and", "or", "xor"}, orZero(nl.Find(a, 6))), data(4), data(5)
	case "byteorder":
		e.Src, e.Dst, e.Len, e.Offset = register(nl.Find(a, 1)), register(nl.Find(a, 2)), be32(nl.Find(a, 4)), be32(nl.Find(a, 5))
		e.Op = named([]string{"ntoh", "hton"}, nl.Find(a, 3))
	case "lookup":
		e.Set, e.Src, e.Dst = nl.Text(nl.Find(a, 1)), register(nl.Find(a, 2)), register(nl.Find(a, 3))
		if nl.Find(a, 3) != nil {
			e.Op = "map"
		}
		e.Invert = be32(nl.Find(a, 5))&1 != 0
	case "dynset":
		e.Key, e.Op, e.Src = nl.Text(nl.Find(a, 1)), named([]string{"add", "update", "delete"}, nl.Find(a, 3)), register(nl.Find(a, 4))
		e.Stateful = d.stateful(nl.Find(a, 7)) || d.stateful(nl.Find(d.attrs(nl.Find(a, 10)), 1))
	case "ct":
		e.Dst, e.Key, e.Src = register(nl.Find(a, 1)), named(ctKeys, nl.Find(a, 2)), register(nl.Find(a, 4))
		if dir := nl.Find(a, 3); len(dir) == 1 {
			e.Op = []string{"original", "reply"}[dir[0]&1]
		}
	case "fib":
		e.Dst, e.Key = register(nl.Find(a, 1)), named(fibResults, nl.Find(a, 2))
		e.Flags = bitNames(fibFlags, be32(nl.Find(a, 3)))
	case "exthdr":
		e.Dst, e.Offset, e.Len, e.Src = register(nl.Find(a, 1)), be32(nl.Find(a, 3)), be32(nl.Find(a, 4)), register(nl.Find(a, 7))
		if t := nl.Find(a, 2); len(t) == 1 {
			e.Key = strconv.Itoa(int(t[0]))
		}
		e.Op = named(exthdrOps, orZero(nl.Find(a, 6)))
		e.Flags = bitNames([]string{"present"}, be32(nl.Find(a, 5)))
	case "rt":
		e.Dst, e.Key = register(nl.Find(a, 1)), "rt"
	case "socket":
		e.Key, e.Dst = named(socketKeys, nl.Find(a, 1)), register(nl.Find(a, 2))
	case "numgen", "hash":
		e.Dst = register(nl.Find(a, map[string]uint16{"numgen": 1, "hash": 2}[e.Kind]))
	case "osf", "tunnel", "xfrm":
		e.Dst = register(nl.Find(a, map[string]uint16{"osf": 1, "tunnel": 2, "xfrm": 1}[e.Kind]))
	case "counter":
		n := be64(nl.Find(a, 2))
		packets = &n
	case "limit":
		e.Op = limitText(be64(nl.Find(a, 1)), be64(nl.Find(a, 2)), be32(nl.Find(a, 4)))
		e.Invert, e.Stateful = be32(nl.Find(a, 5))&1 != 0, true
	case "quota", "connlimit":
		e.Stateful = true
	case "objref":
		e.Key, e.Name = named(objectTypes, orZero(nl.Find(a, 1))), nl.Text(nl.Find(a, 2))
		e.Stateful = e.Key == "quota" || e.Key == "limit" || e.Key == "ct count" || nl.Find(a, 4) != nil
	case "nat":
		e.Op = named([]string{"snat", "dnat"}, nl.Find(a, 1))
	case "reject":
		e.Op = named([]string{"icmp", "tcp reset", "icmpx"}, nl.Find(a, 1))
	case "match", "target":
		d.compat(&e, nl.Text(nl.Find(a, 1)), be32(nl.Find(a, 2)), nl.Find(a, 3))
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
	switch nl.Text(nl.Find(d.attrs(b), 1)) {
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
