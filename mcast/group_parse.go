package mcast

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// maxRange is the largest +NUM of a group: more groups than any host joins.
const maxRange = 65536

// ParseGroup reads [SOURCE,]ADDRESS[:PORT][+NUM]. IPv6 addresses stand in
// brackets when a port follows and may carry a %zone. Every address of the
// range must be one that a host can join: 224.0.0.1 to 239.255.255.255, or IPv6
// with a scope of 1 to e (RFC 4291 section 2.7).
func ParseGroup(s string) (Group, error) {
	g, err := parseGroup(s)
	if err != nil {
		return Group{}, fmt.Errorf("group %q: %w", s, err)
	}
	return g, nil
}

func parseGroup(s string) (Group, error) {
	g := Group{Count: 1}
	rest := s
	if source, after, ok := strings.Cut(s, ","); ok {
		addr, port, err := splitPort(source)
		if err != nil {
			return g, fmt.Errorf("source: %w", err)
		}
		if port != "" {
			return g, errors.New("the source takes no port")
		}
		g.Source, rest = addr, after
	}
	if i := strings.LastIndexByte(rest, '+'); i >= 0 {
		n, err := strconv.ParseUint(rest[i+1:], 10, 32)
		if err != nil || n < 1 || n > maxRange {
			return g, fmt.Errorf("%q is no number of groups from +1 to +%d", rest[i:], maxRange)
		}
		g.Count, rest = int(n), rest[:i]
	}
	addr, port, err := splitPort(rest)
	if err != nil {
		return g, err
	}
	g.Addr = addr
	if port != "" {
		p, err := strconv.ParseUint(port, 10, 16)
		if err != nil || p == 0 {
			return g, fmt.Errorf("port %q is not a number from 1 to 65535", port)
		}
		g.Port = uint16(p)
	}
	return g, g.valid()
}

// splitPort takes ADDRESS, ADDRESS4:PORT, [ADDRESS6] or [ADDRESS6]:PORT apart.
func splitPort(s string) (addr netip.Addr, port string, err error) {
	host := s
	switch {
	case s == "":
		return addr, "", errors.New("no address")
	case s[0] == '[':
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return addr, "", errors.New("the closing bracket is missing")
		}
		host = s[1:end]
		if after := s[end+1:]; after != "" {
			if after[0] != ':' || len(after) == 1 {
				return addr, "", fmt.Errorf("after the brackets only :PORT may follow, not %q", after)
			}
			port = after[1:]
		}
		if !strings.Contains(host, ":") {
			return addr, "", errors.New("brackets are for IPv6 addresses")
		}
	case strings.Count(s, ":") == 1:
		host, port, _ = strings.Cut(s, ":")
		if port == "" {
			return addr, "", errors.New("the port is missing after the colon")
		}
	}
	addr, err = netip.ParseAddr(host)
	if err != nil {
		if s[0] != '[' && strings.Count(s, ":") > 1 {
			return addr, "", fmt.Errorf("%q is no IPv6 address; with a port it is written [ADDRESS]:PORT", host)
		}
		return addr, "", fmt.Errorf("%q is no IP address", host)
	}
	if s[0] != '[' && strings.Contains(addr.Zone(), ":") {
		return addr, "", fmt.Errorf("zone %q holds a colon; with a port it is written [ADDRESS%%ZONE]:PORT", addr.Zone())
	}
	return addr.Unmap(), port, nil
}

var (
	lastIPv4 = netip.AddrFrom4([4]byte{239, 255, 255, 255})
	baseIPv4 = netip.AddrFrom4([4]byte{224, 0, 0, 0})
)

// valid tells why g cannot be joined, or nil.
func (g Group) valid() error {
	if !g.Addr.IsMulticast() {
		return fmt.Errorf("%s is not a multicast address (224.0.0.1 to 239.255.255.255, or ff00::/8)", g.Addr)
	}
	if g.Addr == baseIPv4 {
		return errors.New("224.0.0.0 is reserved and belongs to no group (RFC 1112)")
	}
	if g.Addr.Is6() {
		if scope := g.Addr.As16()[1] & 15; scope == 0 || scope == 15 {
			return fmt.Errorf("%s has the reserved scope %x (RFC 4291); 2 is the link, 5 the site, e the world", g.Addr, scope)
		}
	}
	if end, ok := advance(g.Addr, g.Count-1); !ok || !sameSpace(g.Addr, end) {
		return fmt.Errorf("%d groups from %s pass the end of its multicast range", g.Count, g.Addr)
	}
	return g.validSource()
}

func (g Group) validSource() error {
	s := g.Source
	switch {
	case !s.IsValid():
		return nil
	case s.Is4() != g.Addr.Is4():
		return fmt.Errorf("source %s and group %s are not of one family", s, g.Addr)
	case s.IsMulticast() || s.IsUnspecified():
		return fmt.Errorf("source %s is not the address of a host", s)
	case s.Zone() != "" && g.Addr.Zone() != "" && s.Zone() != g.Addr.Zone():
		return fmt.Errorf("source and group name different zones, %s and %s", s.Zone(), g.Addr.Zone())
	}
	return nil
}

// advance adds n to a; ok is false when the sum is no address any more.
func advance(a netip.Addr, n int) (sum netip.Addr, ok bool) {
	b := a.As16()
	carry := uint64(n)
	for i := 15; i >= 0 && carry > 0; i-- {
		carry += uint64(b[i])
		b[i] = byte(carry)
		carry >>= 8
	}
	sum = netip.AddrFrom16(b)
	if a.Is4() {
		return sum.Unmap(), sum.Is4In6()
	}
	return sum.WithZone(a.Zone()), carry == 0
}

// sameSpace reports whether a range that begins at a may end at b: within
// 224.0.0.0/4, or with the same IPv6 flags and scope.
func sameSpace(a, b netip.Addr) bool {
	if a.Is4() {
		return b.Compare(lastIPv4) <= 0
	}
	return a.As16()[0] == b.As16()[0] && a.As16()[1] == b.As16()[1]
}
