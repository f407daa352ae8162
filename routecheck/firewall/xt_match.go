package firewall

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"
)

// The matches of iptables, one function each.

func (m *machine) address(source bool) (value, bool) {
	at, n := 16, 4
	if m.pkt.v6 {
		at, n = 24, 16
	}
	if source {
		at -= n
	}
	return m.pkt.network.cut(at, n)
}

// inPrefixes judges ADDRESS, ADDRESS/BITS and ADDRESS/MASK.
func (m *machine) inPrefixes(source bool, s string) (tri, bool) {
	x, ok := m.address(source)
	if !ok {
		return no, false
	}
	base, bits, slash := strings.Cut(s, "/")
	a, err := netip.ParseAddr(base)
	if err != nil || a.BitLen() != 8*len(x.v) {
		return no, false
	}
	want, mask := a.AsSlice(), bytes.Repeat([]byte{0xff}, len(x.v))
	if slash {
		if n, err := strconv.Atoi(bits); err == nil && n <= a.BitLen() {
			for i := range mask {
				mask[i] = ^byte(0xff >> min(max(n-8*i, 0), 8))
			}
		} else if ma, err := netip.ParseAddr(bits); err == nil && ma.BitLen() == a.BitLen() {
			mask = ma.AsSlice()
		} else {
			return no, false
		}
	}
	out := yes
	for i, b := range want {
		switch {
		case (b^x.v[i])&mask[i]&x.k[i] != 0:
			return no, true
		case mask[i]&^x.k[i] != 0:
			out = maybe
		}
	}
	return out, true
}

// xtPorts judges --dport, --sport, --dports, --sports, --ports and TCP's flags.
func (m *machine) xtPorts(module string, o option) (tri, bool) {
	if m.pkt.l4 != protoTCP && m.pkt.l4 != protoUDP {
		return no, true
	}
	either := func(at ...int) (tri, bool) {
		out := no
		for _, off := range at {
			x, _ := m.pkt.trans.cut(off, 2)
			for _, r := range strings.Split(o.value(), ",") {
				lo, hi, ok := portRange(r)
				if !ok {
					return no, false
				}
				out = out.or(x.between([]byte{byte(lo >> 8), byte(lo)}, []byte{byte(hi >> 8), byte(hi)}))
			}
		}
		return out, true
	}
	switch o.name {
	case "--dport", "--dports", "--destination-port", "--destination-ports":
		return either(2)
	case "--sport", "--sports", "--source-port", "--source-ports":
		return either(0)
	case "--ports", "--port":
		return either(0, 2)
	case "--syn":
		x, _ := m.pkt.trans.cut(13, 1)
		y, _ := x.masked([]byte{0x17}, []byte{0})
		return y.equal([]byte{0x02}), true
	case "--tcp-flags":
		if len(o.values) != 2 || module != "tcp" {
			return no, false
		}
		mask, ok1 := tcpFlags(o.values[0])
		want, ok2 := tcpFlags(o.values[1])
		x, _ := m.pkt.trans.cut(13, 1)
		y, _ := x.masked([]byte{mask}, []byte{0})
		return y.equal([]byte{want}), ok1 && ok2
	}
	return maybe, true
}

func portRange(s string) (lo, hi uint64, ok bool) {
	a, b, ranged := strings.Cut(s, ":")
	if !ranged {
		n, err := strconv.ParseUint(a, 10, 16)
		return n, n, err == nil
	}
	lo, hi = 0, 65535
	var err1, err2 error
	if a != "" {
		lo, err1 = strconv.ParseUint(a, 10, 16)
	}
	if b != "" {
		hi, err2 = strconv.ParseUint(b, 10, 16)
	}
	return lo, hi, err1 == nil && err2 == nil
}

func tcpFlags(s string) (byte, bool) {
	bits := map[string]byte{"FIN": 1, "SYN": 2, "RST": 4, "PSH": 8, "ACK": 16, "URG": 32, "ALL": 63, "NONE": 0}
	var out byte
	for _, f := range strings.Split(s, ",") {
		b, ok := bits[f]
		if !ok {
			return 0, false
		}
		out |= b
	}
	return out, true
}

// xtState judges --ctstate and --state; other questions to connection tracking
// are not answered.
func (m *machine) xtState(o option) (tri, bool) {
	if o.name != "--ctstate" && o.name != "--state" {
		return maybe, true
	}
	names := map[string]uint32{"INVALID": ctInvalid, "ESTABLISHED": ctEstablished, "RELATED": ctRelated, "NEW": ctNew, "UNTRACKED": ctUntracked}
	out, state := no, m.ctState()
	for _, s := range strings.Split(o.value(), ",") {
		if s == "SNAT" || s == "DNAT" {
			out = out.or(min(m.track.nat, maybe)) // which of the two is not kept
			continue
		}
		bit, ok := names[s]
		if !ok {
			return no, false
		}
		out = out.or(state.equal(m.u32(bit).v))
	}
	return out, true
}

func addrType(names string, kind uint32) tri {
	known := map[string]uint32{"UNICAST": rtnUnicast, "LOCAL": rtnLocal, "BROADCAST": rtnBroadcast, "MULTICAST": rtnMulticast}
	for _, n := range strings.Split(names, ",") {
		if k, ok := known[n]; ok && k == kind {
			return yes
		}
	}
	return no
}

// xtPhysdev judges by the bridge ports: a bridged frame has them, others do not.
func (m *machine) xtPhysdev(o option) (tri, bool) {
	bridged := m.pkt.Way == Forwarded
	switch o.name {
	case "--physdev-is-bridged", "--physdev-is-in", "--physdev-is-out":
		return boolTri(bridged), true
	case "--physdev-in", "--physdev-out":
		if !bridged {
			return no, true
		}
		return maybe, true
	}
	return no, false
}

func (m *machine) xtICMP(o option) (tri, bool) {
	if m.pkt.l4 != protoICMP && m.pkt.l4 != protoICMPv6 {
		return no, true
	}
	names := map[string]int{"any": -1, "echo-reply": 0, "echo-request": 8, "destination-unreachable": 3, "time-exceeded": 11, "parameter-problem": 12}
	if m.pkt.v6 {
		names = map[string]int{"any": -1, "echo-reply": 129, "echo-request": 128, "destination-unreachable": 1, "packet-too-big": 2, "time-exceeded": 3, "parameter-problem": 4,
			"router-solicitation": 133, "router-advertisement": 134, "neighbour-solicitation": 135, "neighbor-solicitation": 135, "neighbour-advertisement": 136, "neighbor-advertisement": 136}
	}
	s, _, _ := strings.Cut(o.value(), "/")
	n, ok := names[s]
	if !ok {
		v, err := strconv.Atoi(s)
		if err != nil || v < 0 || v > 255 {
			return no, false
		}
		n = v
		if v == 255 && !m.pkt.v6 {
			n = -1
		}
	}
	if n < 0 {
		return yes, true
	}
	x, _ := m.pkt.trans.cut(0, 1)
	return x.equal([]byte{byte(n)}), true
}

func markIs(mark value, m *machine, o option) (tri, bool) {
	val, mask, masked := strings.Cut(o.value(), "/")
	v, err := strconv.ParseUint(val, 0, 32)
	if err != nil {
		return no, false
	}
	k := uint64(0xffffffff)
	if masked {
		if k, err = strconv.ParseUint(mask, 0, 32); err != nil {
			return no, false
		}
	}
	x, ok := mark.masked(m.u32(uint32(k)).v, make([]byte, 4))
	return x.equal(m.u32(uint32(v)).v), ok
}
