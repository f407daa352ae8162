package collect

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"muster/mcast/querier"
	"muster/routecheck/facts"
)

// The parsers of /proc/net. They take whatever text there is: lines that make no
// sense are left out.

// memberships are ms as facts.
func memberships(ms []querier.Membership) []facts.Membership {
	var out []facts.Membership
	for _, m := range ms {
		version := ""
		if m.Version > 0 {
			version = fmt.Sprintf("V%d", m.Version)
		}
		out = append(out, facts.Membership{Link: uint32(m.Interface), Group: m.Group, Users: m.Users, Version: version})
	}
	return out
}

// parseFilters reads /proc/net/mcfilter: index, device, group and source as
// 0x-numbers in network order, includes, excludes.
//
//	Idx Device        MCA        SRC    INC    EXC
//	  2   eth0 0xe8010101 0x0a000001      1      0
func parseFilters(text string, max int) []facts.SourceFilter {
	var out []facts.SourceFilter
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) != 6 || f[0] == "Idx" || len(out) >= max {
			continue
		}
		link, err := strconv.ParseUint(f[0], 10, 32)
		group, err2 := strconv.ParseUint(f[2], 0, 32)
		source, err3 := strconv.ParseUint(f[3], 0, 32)
		inc, err4 := strconv.Atoi(f[4])
		exc, err5 := strconv.Atoi(f[5])
		if err != nil || err2 != nil || err3 != nil || err4 != nil || err5 != nil {
			continue
		}
		out = append(out, facts.SourceFilter{Link: uint32(link), Group: ipv4(uint32(group)), Source: ipv4(uint32(source)), Includes: inc, Excludes: exc})
	}
	return out
}

func ipv4(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// parseDevMcast reads /proc/net/dev_mcast: index, device, users, global users,
// address.
//
//	2    eth0            1     0     01005e000004
func parseDevMcast(text string, max int) []facts.LinkGroup {
	var out []facts.LinkGroup
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) != 5 || len(out) >= max {
			continue
		}
		link, err := strconv.ParseUint(f[0], 10, 32)
		raw, err2 := hex.DecodeString(f[4])
		if err != nil || err2 != nil || len(raw) != 6 {
			continue
		}
		out = append(out, facts.LinkGroup{Link: uint32(link), MAC: net.HardwareAddr(raw).String()})
	}
	return out
}

// parseCounters reads /proc/net/snmp and /proc/net/netstat: pairs of lines with
// the same first word, names and then numbers. Keys are "Udp.InErrors".
func parseCounters(text string, into map[string]uint64) {
	var names []string
	prefix := ""
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 2 || !strings.HasSuffix(f[0], ":") {
			continue
		}
		if f[0] != prefix {
			prefix, names = f[0], f[1:]
			continue
		}
		for i, v := range f[1:] {
			if i >= len(names) {
				break
			}
			if n, err := strconv.ParseUint(v, 10, 64); err == nil {
				into[strings.TrimSuffix(prefix, ":")+"."+names[i]] = n
			}
		}
		prefix = ""
	}
}

// parseProcSockets reads /proc/net/udp, udp6, tcp and tcp6: local address and
// port in hexadecimal, state, ..., user, ..., inode, ..., and for UDP the drops as
// the last column.
func parseProcSockets(text string, v6, udp bool, keep func(netip.AddrPort) bool, max int) []facts.Socket {
	var out []facts.Socket
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 10 || !strings.HasSuffix(f[0], ":") || len(out) >= max {
			continue
		}
		local, ok := procAddr(f[1])
		uid, err := strconv.ParseUint(f[7], 10, 32)
		inode, err2 := strconv.ParseUint(f[9], 10, 64)
		const listen = "0A"
		if !ok || err != nil || err2 != nil || !udp && f[3] != listen || !keep(local) {
			continue
		}
		s := facts.Socket{Local: local, V6: v6, UID: uint32(uid), Inode: inode}
		if udp && len(f) >= 13 {
			s.Drops, _ = strconv.ParseUint(f[12], 10, 64)
		}
		out = append(out, s)
	}
	return out
}

// procAddr is ADDRESS:PORT, the address as 32-bit words in the host's order.
func procAddr(s string) (netip.AddrPort, bool) {
	h, p, ok := strings.Cut(s, ":")
	port, err := strconv.ParseUint(p, 16, 16)
	raw, err2 := hex.DecodeString(h)
	if !ok || err != nil || err2 != nil || len(raw) != 4 && len(raw) != 16 {
		return netip.AddrPort{}, false
	}
	for i := 0; i < len(raw); i += 4 {
		raw[i], raw[i+1], raw[i+2], raw[i+3] = raw[i+3], raw[i+2], raw[i+1], raw[i]
	}
	a, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(a.Unmap(), uint16(port)), true
}
