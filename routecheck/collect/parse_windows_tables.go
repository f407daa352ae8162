package collect

import (
	"encoding/binary"
	"muster/routecheck/facts"
	"net/netip"
	"strconv"
	"strings"
)

// parseEndpoints reads a table of GetExtendedUdpTable or GetExtendedTcpTable
// (iphlpapi.h): the number of rows, then rows of 32-bit words. at gives the words
// of the local address, the local port (in network order, in the lower half) and
// the process. The rows hold IPv4 addresses.
func parseEndpoints(b []byte, rowWords, addrAt, portAt, pidAt int, keep func(netip.AddrPort) bool) []facts.Socket {
	word := func(i int) uint32 {
		if len(b) < 4*(i+1) {
			return 0
		}
		return binary.LittleEndian.Uint32(b[4*i:])
	}
	var out []facts.Socket
	for row := range min(int(word(0)), len(b)/(4*rowWords)) {
		base := 1 + row*rowWords
		addr := word(base + addrAt)
		port := word(base + portAt)
		a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{byte(addr), byte(addr >> 8), byte(addr >> 16), byte(addr >> 24)}), uint16(port&0xff)<<8|uint16(port>>8&0xff))
		if keep(a) && len(out) < 4096 {
			out = append(out, facts.Socket{Local: a, PID: int(word(base + pidAt))})
		}
	}
	return out
}

// parseDefenderRule reads one value of the registry's FirewallRules, for example
//
//	v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=17|LPort=45564|App=C:\java.exe|Name=Tomcat|
//
// false for a rule that is not active or not inbound.
func parseDefenderRule(text string) (facts.DefenderRule, bool) {
	r := facts.DefenderRule{}
	active, in := false, false
	var ports []string
	for part := range strings.SplitSeq(text, "|") {
		key, value, ok := strings.Cut(part, "=")
		if !ok {
			continue
		}
		switch key {
		case "Action":
			r.Allow = value == "Allow"
		case "Active":
			active = strings.EqualFold(value, "TRUE")
		case "Dir":
			in = value == "In"
		case "Protocol":
			r.Protocol, _ = strconv.Atoi(value)
		case "LPort", "LPort2_10":
			ports = append(ports, value)
		case "App":
			r.Program = value
		case "Name":
			r.Name = value
		case "Profile":
			r.Profiles = append(r.Profiles, strings.ToLower(value))
		}
	}
	r.Ports = strings.Join(ports, ",")
	return r, active && in
}
