package firewall

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"muster/internal/netlink"
)

// compat turns a match or target that iptables-nft left in the kernel's binary
// form (linux/netfilter/xt_*.h) into its options. A module that is not known here
// keeps its name and no options, with the one that makes it undecidable.
func (d *decoder) compat(e *Expr, name string, rev uint32, info []byte) {
	e.Name = name
	if e.Kind == "target" {
		e.Kind = "xt-target"
		d.compatTarget(e, info)
		return
	}
	e.Kind = "xt"
	args, ok := d.matchArgs(name, rev, info)
	if !ok {
		args = []string{"--not-decoded"}
	}
	e.Args = args
}

// undecoded marks the options of a module that muster cannot read.
const undecoded = "--not-decoded"

func (d *decoder) compatTarget(e *Expr, info []byte) {
	switch {
	case e.Name == "CT" && len(info) >= 4:
		if d.order.Uint16(info)&1 != 0 {
			e.Args = []string{"--notrack"}
		}
	case e.Name == "MARK" && len(info) >= 8: // revision 2: mark, mask
		e.Args = []string{"--set-xmark", fmt.Sprintf("%#x/%#x", d.order.Uint32(info), d.order.Uint32(info[4:]))}
	case e.Name == "LOG" && len(info) >= 32: // level, flags, prefix
		e.Args = []string{"--log-prefix", netlink.Text(info[2:32])}
	}
}

func (d *decoder) matchArgs(name string, rev uint32, b []byte) ([]string, bool) {
	u16 := func(at int) int { return int(d.order.Uint16(b[at:])) }
	u32 := func(at int) uint32 { return d.order.Uint32(b[at:]) }
	opt := func(not bool, name string, values ...string) []string {
		out := append([]string{name}, values...)
		if not {
			out = append([]string{"!"}, out...)
		}
		return out
	}
	switch {
	case name == "comment":
		return []string{"--comment", netlink.Text(b)}, true
	case name == "tcp" && len(b) >= 12:
		args := append(portArgs("--sport", u16(0), u16(2), b[11]&1 != 0), portArgs("--dport", u16(4), u16(6), b[11]&2 != 0)...)
		if b[8] != 0 {
			return nil, false
		}
		if b[9] != 0 {
			args = append(args, opt(b[11]&4 != 0, "--tcp-flags", flagNames(b[9]), flagNames(b[10]))...)
		}
		return args, true
	case (name == "udp" || name == "udplite") && len(b) >= 9:
		return append(portArgs("--sport", u16(0), u16(2), b[8]&1 != 0), portArgs("--dport", u16(4), u16(6), b[8]&2 != 0)...), true
	case name == "multiport" && len(b) >= 48 && b[1] <= 15:
		return d.multiport(rev, b)
	case name == "conntrack" && rev >= 1 && rev <= 3 && len(b) >= 152:
		return d.conntrackArgs(rev, b)
	case name == "state" && len(b) >= 4:
		return []string{"--state", stateNames(u32(0))}, true
	case name == "addrtype" && rev == 1 && len(b) >= 8:
		if u32(4)&^3 != 0 {
			return nil, false // limited to an interface
		}
		var args []string
		if n := u16(0); n != 0 {
			args = append(args, opt(u32(4)&1 != 0, "--src-type", addrTypes(n))...)
		}
		if n := u16(2); n != 0 {
			args = append(args, opt(u32(4)&2 != 0, "--dst-type", addrTypes(n))...)
		}
		return args, true
	case name == "pkttype" && len(b) >= 8:
		return opt(u32(4) != 0, "--pkt-type", named([]string{"unicast", "broadcast", "multicast", "otherhost"}, binary.BigEndian.AppendUint32(nil, u32(0)))), true
	case name == "physdev" && len(b) >= 66:
		return physdevArgs(b, opt), true
	case (name == "icmp" || name == "icmp6") && len(b) >= 4:
		kind := strconv.Itoa(int(b[0]))
		if b[1] != 0 || b[2] != 0xff {
			kind += "/" + strconv.Itoa(int(b[1]))
		}
		return opt(b[3]&1 != 0, "--icmp-type", kind), true
	case (name == "mark" || name == "connmark") && rev == 1 && len(b) >= 9:
		return opt(b[8] != 0, "--mark", fmt.Sprintf("%#x/%#x", u32(0), u32(4))), true
	case name == "iprange" && len(b) >= 65:
		return iprangeArgs(b, opt), true
	case name == "ttl" || name == "hl" || name == "length" || name == "mac" || name == "owner" || name == "limit" || name == "dscp" || name == "tos":
		return []string{"--" + name}, true // what they ask is not known of any packet: always maybe
	}
	return nil, false
}

func portArgs(name string, lo, hi int, not bool) []string {
	if lo == 0 && hi == 0xffff && !not {
		return nil
	}
	s := strconv.Itoa(lo)
	if hi != lo {
		s += ":" + strconv.Itoa(hi)
	}
	if not {
		return []string{"!", name, s}
	}
	return []string{name, s}
}

// multiport is struct xt_multiport_v1 (revision 1): flags, count, 15 ports, 15
// marks of ranges, invert.
func (d *decoder) multiport(rev uint32, b []byte) ([]string, bool) {
	if rev != 1 || b[0] > 2 {
		return nil, false
	}
	var list []string
	for i := 0; i < int(b[1]); i++ {
		p := strconv.Itoa(int(d.order.Uint16(b[2+2*i:])))
		if b[32+i] != 0 && i+1 < int(b[1]) {
			i++
			p += ":" + strconv.Itoa(int(d.order.Uint16(b[2+2*i:])))
		}
		list = append(list, p)
	}
	args := []string{[]string{"--sports", "--dports", "--ports"}[b[0]], strings.Join(list, ",")}
	if b[47] != 0 {
		args = append([]string{"!"}, args...)
	}
	return args, true
}

// conntrackArgs is struct xt_conntrack_mtinfo1 to 3: eight addresses of 16 bytes,
// two expiry limits, protocol, four ports, match and invert flags, state mask (of
// one byte in revision 1).
func (d *decoder) conntrackArgs(rev uint32, b []byte) ([]string, bool) {
	at := 8*16 + 8 + 2 + 8
	match, invert, states := d.order.Uint16(b[at:]), d.order.Uint16(b[at+2:]), uint32(d.order.Uint16(b[at+4:]))
	if rev == 1 {
		states = uint32(b[at+4])
	}
	const state, alias = 1, 1 << 13 // alias: it was written as -m state
	if match&^(state|alias) != 0 {
		return nil, false // it asks for more than the state
	}
	args := []string{"--ctstate", stateNames(states)}
	if invert&state != 0 {
		args = append([]string{"!"}, args...)
	}
	return args, true
}

func stateNames(mask uint32) string {
	var out []string
	for _, s := range []struct {
		bit  uint32
		name string
	}{{1, "INVALID"}, {2, "ESTABLISHED"}, {4, "RELATED"}, {8, "NEW"}, {64, "SNAT"}, {128, "DNAT"}, {256, "UNTRACKED"}} {
		if mask&s.bit != 0 {
			out = append(out, s.name)
		}
	}
	return strings.Join(out, ",")
}

func flagNames(b byte) string {
	var out []string
	for i, n := range []string{"FIN", "SYN", "RST", "PSH", "ACK", "URG"} {
		if b&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	if out == nil {
		return "NONE"
	}
	return strings.Join(out, ",")
}

func addrTypes(mask int) string {
	var out []string
	for i, n := range []string{"UNSPEC", "UNICAST", "LOCAL", "BROADCAST", "ANYCAST", "MULTICAST", "BLACKHOLE", "UNREACHABLE", "PROHIBIT", "THROW", "NAT", "XRESOLVE"} {
		if mask&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	return strings.Join(out, ",")
}

// physdevArgs is struct xt_physdev_info: two names with masks, invert, what is
// asked.
func physdevArgs(b []byte, opt func(bool, string, ...string) []string) []string {
	var args []string
	invert, ask := b[64], b[65]
	for _, o := range []struct {
		bit   byte
		name  string
		value []byte
	}{{1, "--physdev-in", b[0:16]}, {2, "--physdev-out", b[32:48]}, {4, "--physdev-is-bridged", nil}, {8, "--physdev-is-in", nil}, {16, "--physdev-is-out", nil}} {
		if ask&o.bit == 0 {
			continue
		}
		if o.value != nil {
			args = append(args, opt(invert&o.bit != 0, o.name, netlink.Text(o.value))...)
		} else {
			args = append(args, opt(invert&o.bit != 0, o.name)...)
		}
	}
	return args
}

// iprangeArgs is struct xt_iprange_mtinfo: four addresses of 16 bytes and flags.
func iprangeArgs(b []byte, opt func(bool, string, ...string) []string) []string {
	addr := func(at int) string {
		if bytes.Equal(b[at+4:at+16], make([]byte, 12)) {
			return netip.AddrFrom4([4]byte(b[at : at+4])).String()
		}
		return netip.AddrFrom16([16]byte(b[at : at+16])).String()
	}
	var args []string
	if b[64]&1 != 0 {
		args = append(args, opt(b[64]&16 != 0, "--src-range", addr(0)+"-"+addr(16))...)
	}
	if b[64]&2 != 0 {
		args = append(args, opt(b[64]&32 != 0, "--dst-range", addr(32)+"-"+addr(48))...)
	}
	return args
}
