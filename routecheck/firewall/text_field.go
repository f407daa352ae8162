package firewall

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"muster/internal/netlink"
)

// How nft calls what a rule loads, and how it writes the values.

// field is a place in a header.
type field struct {
	base        string
	offset, len uint32
}

// fieldNames are the header fields that rules ask for most.
var fieldNames = map[field]subject{
	{"link", 0, 6}:      {name: "ether daddr", form: hardware},
	{"link", 6, 6}:      {name: "ether saddr", form: hardware},
	{"link", 12, 2}:     {name: "ether type", form: etherType},
	{"network", 9, 1}:   {name: "ip protocol", form: protocolName},
	{"network", 8, 1}:   {name: "ip ttl", form: number},
	{"network", 12, 4}:  {name: "ip saddr", form: address},
	{"network", 16, 4}:  {name: "ip daddr", form: address},
	{"network", 6, 1}:   {name: "ip6 nexthdr", form: protocolName},
	{"network", 8, 16}:  {name: "ip6 saddr", form: address},
	{"network", 24, 16}: {name: "ip6 daddr", form: address},
}

func (t *texter) payload(e *Expr) subject {
	if s, ok := fieldNames[field{e.Base, e.Offset, e.Len}]; ok {
		return s
	}
	switch {
	case e.Base == "transport" && e.Offset == 0 && e.Len == 2:
		return subject{name: t.port() + " sport", form: number}
	case e.Base == "transport" && e.Offset == 2 && e.Len == 2:
		return subject{name: t.port() + " dport", form: number}
	case e.Base == "network" && (e.Offset == 12 || e.Offset == 16) && e.Len < 4: // a prefix of whole bytes
		return subject{name: map[uint32]string{12: "ip saddr", 16: "ip daddr"}[e.Offset], form: func(b []byte) string { return shortPrefix(b, 4) }}
	case e.Base == "transport" && e.Offset == 0 && e.Len == 1:
		return subject{name: map[string]string{"icmp": "icmp type", "ipv6-icmp": "icmpv6 type", "igmp": "igmp type"}[t.l4], form: number}
	}
	return subject{name: fmt.Sprintf("@%s,%d,%d", map[string]string{"link": "ll", "network": "nh", "transport": "th"}[e.Base], e.Offset*8, e.Len*8)}
}

func (t *texter) port() string {
	if t.l4 == "" {
		return "th"
	}
	return t.l4
}

func metaSubject(key string) subject {
	s := subject{name: key, form: number}
	switch key {
	case "iifname", "oifname", "ibrname", "obrname", "iifkind", "oifkind", "sdifname":
		s.form = func(b []byte) string {
			name := netlink.Text(b)
			if len(b) < 16 && len(name) == len(b) {
				name += "*"
			}
			return strconv.Quote(name)
		}
	case "l4proto":
		s.form = protocolName
	case "nfproto":
		s.form = func(b []byte) string {
			return map[string]string{"\x02": "ipv4", "\x0a": "ipv6"}[string(b)]
		}
	case "protocol":
		s.form = etherType
	case "pkttype":
		s.name, s.form = "meta pkttype", func(b []byte) string {
			return map[string]string{"\x00": "host", "\x01": "broadcast", "\x02": "multicast", "\x03": "other"}[string(b)]
		}
	case "mark", "skuid", "skgid", "priority", "cgroup":
		s.name, s.form = "meta "+key, hostNumber
	case "iif", "oif", "iifgroup", "oifgroup", "iiftype", "oiftype":
		s.form = hostNumber
	}
	return s
}

func number(b []byte) string {
	switch len(b) {
	case 1:
		return strconv.Itoa(int(b[0]))
	case 2:
		return strconv.Itoa(int(binary.BigEndian.Uint16(b)))
	case 4:
		return strconv.FormatUint(uint64(binary.BigEndian.Uint32(b)), 10)
	}
	return fmt.Sprintf("0x%x", b)
}

// hostNumber is for registers in the host's order; this side assumes the usual
// little-endian one, for the text alone.
func hostNumber(b []byte) string {
	switch len(b) {
	case 2:
		return strconv.Itoa(int(binary.LittleEndian.Uint16(b)))
	case 4:
		return fmt.Sprintf("%#x", binary.LittleEndian.Uint32(b))
	}
	return fmt.Sprintf("0x%x", b)
}

func address(b []byte) string {
	a, ok := netip.AddrFromSlice(b)
	if !ok {
		return shortPrefix(b, 16)
	}
	return a.String()
}

func shortPrefix(b []byte, size int) string {
	full := make([]byte, size)
	copy(full, b)
	a, _ := netip.AddrFromSlice(full)
	return fmt.Sprintf("%s/%d", a, len(b)*8)
}

func hardware(b []byte) string {
	var parts []string
	for _, x := range b {
		parts = append(parts, fmt.Sprintf("%02x", x))
	}
	return strings.Join(parts, ":")
}

func etherType(b []byte) string {
	if s := map[string]string{"\x08\x00": "ip", "\x86\xdd": "ip6", "\x08\x06": "arp", "\x81\x00": "vlan"}[string(b)]; s != "" {
		return s
	}
	return fmt.Sprintf("0x%x", b)
}

func protocolName(b []byte) string {
	if s := map[string]string{"\x01": "icmp", "\x02": "igmp", "\x06": "tcp", "\x11": "udp", "\x3a": "ipv6-icmp", "\x67": "pim", "\x70": "vrrp"}[string(b)]; s != "" {
		return s
	}
	return number(b)
}

func fibType(b []byte) string {
	if len(b) == 4 {
		if s := map[uint32]string{1: "unicast", 2: "local", 3: "broadcast", 4: "anycast", 5: "multicast"}[binary.LittleEndian.Uint32(b)]; s != "" {
			return s
		}
	}
	return hostNumber(b)
}

func ctStates(b []byte) string {
	if len(b) != 4 {
		return fmt.Sprintf("0x%x", b)
	}
	n := binary.LittleEndian.Uint32(b)
	var out []string
	for _, s := range []struct {
		bit  uint32
		name string
	}{{ctInvalid, "invalid"}, {ctEstablished, "established"}, {ctRelated, "related"}, {ctNew, "new"}, {ctUntracked, "untracked"}} {
		if n&s.bit != 0 {
			out = append(out, s.name)
		}
	}
	return strings.Join(out, ",")
}

// prefixBits is the length of a mask that is a prefix.
func prefixBits(mask []byte) (int, bool) {
	n, ended := 0, false
	for _, b := range mask {
		for i := 7; i >= 0; i-- {
			if b>>i&1 == 1 {
				if ended {
					return 0, false
				}
				n++
			} else {
				ended = true
			}
		}
	}
	return n, true
}
