package mcast

import (
	"iter"
	"net/netip"
	"strconv"
	"strings"
)

// Group is what a socket joins: a host group (*,G), or a channel (S,G) when
// Source is valid, with the UDP port it is used with. Count makes it a range of
// consecutive addresses upwards.
type Group struct {
	Source netip.Addr // the one sender to hear; the zero Addr means any
	Addr   netip.Addr // first address of the range, with a zone where one was given
	Port   uint16     // 0: not given
	Count  int        // number of groups, at least 1
}

// WithDefaultPort returns g with port p where g has none.
func (g Group) WithDefaultPort(p uint16) Group {
	if g.Port == 0 {
		g.Port = p
	}
	return g
}

// All yields the Count groups of the range, each with Count 1.
func (g Group) All() iter.Seq[Group] {
	return func(yield func(Group) bool) {
		one := g
		one.Count = 1
		for range max(g.Count, 1) {
			if !yield(one) {
				return
			}
			one.Addr = one.Addr.Next()
		}
	}
}

// AddrPort is the destination of datagrams to the (first) group.
func (g Group) AddrPort() netip.AddrPort { return netip.AddrPortFrom(g.Addr, g.Port) }

// String writes g as ParseGroup reads it.
func (g Group) String() string {
	var b []byte
	if g.Source.IsValid() {
		b = append(appendAddr(b, g.Source), ',')
	}
	if g.Port != 0 {
		b = g.AddrPort().AppendTo(b)
	} else {
		b = appendAddr(b, g.Addr)
	}
	if g.Count > 1 {
		b = strconv.AppendInt(append(b, '+'), int64(g.Count), 10)
	}
	return string(b)
}

// appendAddr writes a, in brackets where its zone would look like a port.
func appendAddr(b []byte, a netip.Addr) []byte {
	if !strings.Contains(a.Zone(), ":") {
		return a.AppendTo(b)
	}
	return append(a.AppendTo(append(b, '[')), ']')
}

var ssmIPv4 = netip.MustParsePrefix("232.0.0.0/8")

// SourceSpecificOnly reports whether a is of the ranges kept for channels
// (S,G), 232/8 and ff3x::/32, where routers forward no (*,G) join (RFC 4607).
func SourceSpecificOnly(a netip.Addr) bool {
	if a.Is4() {
		return ssmIPv4.Contains(a)
	}
	b := a.As16()
	return b[0] == 0xff && b[1]>>4 == 3 && b[2] == 0 && b[3] == 0
}
