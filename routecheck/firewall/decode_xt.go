package firewall

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
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
		d.compatTarget(e, rev, info)
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

func (d *decoder) compatTarget(e *Expr, rev uint32, info []byte) {
	u32 := func(at int) uint32 { return d.order.Uint32(info[at:]) }
	switch {
	case e.Name == "CONNMARK" && len(info) >= 16:
		mode := info[12]
		if rev == 2 { // a shift stands before the mode
			if info[13] != 0 {
				return
			}
			mode = info[14]
		}
		switch mode {
		case 0:
			e.Args = []string{"--set-xmark", fmt.Sprintf("%#x/%#x", u32(0), u32(4))}
		case 1, 2:
			e.Args = []string{[]string{"--save-mark", "--restore-mark"}[mode-1], "--nfmask", fmt.Sprintf("%#x", u32(8)), "--ctmask", fmt.Sprintf("%#x", u32(4))}
		}
	case (e.Name == "SNAT" || e.Name == "DNAT") && rev == 0 && len(info) >= 20: // struct nf_nat_ipv4_multi_range_compat: one range
		const mapAddresses = 1
		if u32(4)&mapAddresses != 0 {
			e.Args = []string{natOption[e.Name], addressText(info[8:12], info[12:16])}
		}
	case (e.Name == "SNAT" || e.Name == "DNAT") && len(info) >= 36: // struct nf_nat_range: flags, first and last address, ports
		const mapAddresses = 1
		if u32(0)&mapAddresses != 0 {
			e.Args = []string{natOption[e.Name], addressText(info[4:20], info[20:36])}
		}
	case e.Name == "CT" && len(info) >= 4:
		if d.order.Uint16(info)&1 != 0 {
			e.Args = []string{"--notrack"}
		} else if zone := d.order.Uint16(info[2:]); zone != 0 {
			e.Args = []string{"--zone", strconv.Itoa(int(zone))}
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
	case name == "rpfilter" && len(b) >= 1:
		return flagOptions(b[0], "--loose", "--validmark", "--accept-local", "--invert"), true
	case name == "ttl" && len(b) >= 2 && b[0] < 4, name == "hl" && len(b) >= 2 && b[0] < 4:
		return opt(b[0] == 1, "--"+name+[]string{"-eq", "-eq", "-lt", "-gt"}[b[0]], strconv.Itoa(int(b[1]))), true
	case name == "owner" && len(b) >= 18 && b[16]&^7 == 0:
		return ownerArgs(u32, b[16], b[17], opt), true
	case name == "recent" && len(b) >= 211 && bits.OnesCount8(b[8]&15) == 1:
		return recentArgs(u32, b, opt), true
	case name == "policy" && len(b) >= 308:
		return policyArgs(d.order.Uint16(b[304:]))
	case name == "set" && rev >= 1 && len(b) >= 4:
		return setArgs(d.order.Uint16(b), b[2], b[3], opt)
	case name == "iprange" && len(b) >= 65:
		return iprangeArgs(b, opt), true
	case name == "length" || name == "mac" || name == "limit" || name == "dscp" || name == "tos":
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
	addr := func(at int) string { return inetAddr(b[at : at+16]).String() }
	var args []string
	if b[64]&1 != 0 {
		args = append(args, opt(b[64]&16 != 0, "--src-range", addr(0)+"-"+addr(16))...)
	}
	if b[64]&2 != 0 {
		args = append(args, opt(b[64]&32 != 0, "--dst-range", addr(32)+"-"+addr(48))...)
	}
	return args
}

// inetAddr is union nf_inet_addr: an IPv4 address is followed by zeros.
func inetAddr(b []byte) netip.Addr {
	if len(b) == 4 {
		return netip.AddrFrom4([4]byte(b))
	}
	if bytes.Equal(b[4:16], make([]byte, 12)) {
		return netip.AddrFrom4([4]byte(b[:4]))
	}
	return netip.AddrFrom16([16]byte(b[:16]))
}

// addressText is FIRST, or FIRST-LAST.
func addressText(first, last []byte) string {
	if bytes.Equal(first, last) {
		return inetAddr(first).String()
	}
	return inetAddr(first).String() + "-" + inetAddr(last).String()
}

func flagOptions(b byte, names ...string) []string {
	out := []string{}
	for i, n := range names {
		if b&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	return out
}

// ownerArgs is struct xt_owner_match_info: ranges of user and group ids, what is
// asked, what is turned around.
func ownerArgs(u32 func(int) uint32, match, invert byte, opt func(bool, string, ...string) []string) []string {
	var args []string
	for i, name := range []string{"--uid-owner", "--gid-owner"} {
		if match&(1<<i) == 0 {
			continue
		}
		s := fmt.Sprint(u32(8 * i))
		if u32(8*i) != u32(8*i+4) {
			s += fmt.Sprintf("-%d", u32(8*i+4))
		}
		args = append(args, opt(invert&(1<<i) != 0, name, s)...)
	}
	if match&4 != 0 {
		args = append(args, opt(invert&4 != 0, "--socket-exists")...)
	}
	return args
}

// recentArgs is struct xt_recent_mtinfo: seconds, hits, what is asked, invert,
// name, side.
func recentArgs(u32 func(int) uint32, b []byte, opt func(bool, string, ...string) []string) []string {
	args := opt(b[9] != 0, flagOptions(b[8]&15, "--rcheck", "--set", "--update", "--remove")[0])
	if n := u32(0); n != 0 {
		args = append(args, "--seconds", fmt.Sprint(n))
	}
	if n := u32(4); n != 0 {
		args = append(args, "--hitcount", fmt.Sprint(n))
	}
	args = append(args, "--name", netlink.Text(b[10:210]))
	if b[210] == 1 {
		return append(args, "--rdest")
	}
	return append(args, "--rsource")
}

// policyArgs is the end of struct xt_policy_info: its flags. What it asks of a
// policy's elements matters only where there is IPsec, which is not decided.
func policyArgs(flags uint16) ([]string, bool) {
	const in, out, none = 1, 2, 4
	args := []string{"--dir", "in"}
	if flags&out != 0 {
		args[1] = "out"
	}
	return append(args, "--pol", map[bool]string{true: "none", false: "ipsec"}[flags&none != 0]), flags&(in|out) != 0
}

// setArgs is struct xt_set_info: the set's number, how many parts, and a bit for
// each part that is the source's. The name is found later.
func setArgs(index uint16, parts, flags byte, opt func(bool, string, ...string) []string) ([]string, bool) {
	const invert = 1
	if parts == 0 || parts > 3 || flags&^0xf != 0 {
		return nil, false
	}
	var sides []string
	for i := range parts {
		sides = append(sides, map[bool]string{true: "src", false: "dst"}[flags&(2<<i) != 0])
	}
	return opt(flags&invert != 0, "--match-set", fmt.Sprintf("#%d", index), strings.Join(sides, ",")), true
}

var natOption = map[string]string{"SNAT": "--to-source", "DNAT": "--to-destination"}
