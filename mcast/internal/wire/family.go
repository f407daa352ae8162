package wire

import (
	"fmt"
	"net/netip"
)

// Family is what tells the two protocols apart in the formats that they share.
type Family struct {
	Protocol string // in errors
	Size     int    // of an address: 4 or 16
	Record   string // what the standard calls a record of a report
}

var (
	IGMP = Family{"igmp", 4, "group record"}
	MLD  = Family{"mld", 16, "address record"}
)

// Addr reads the address that b begins with.
func (f Family) Addr(b []byte) netip.Addr {
	if f.Size == 4 {
		return netip.AddrFrom4([4]byte(b))
	}
	return netip.AddrFrom16([16]byte(b))
}

func (f Family) addrs(b []byte, n int) []netip.Addr {
	if n == 0 {
		return nil
	}
	out := make([]netip.Addr, n)
	for i := range out {
		out[i] = f.Addr(b[f.Size*i:])
	}
	return out
}

// AppendAddr appends an address of the family; another is an error.
func (f Family) AppendAddr(b []byte, a netip.Addr) ([]byte, error) {
	if a.BitLen() != 8*f.Size {
		return b, fmt.Errorf("%s takes IPv%d addresses, not %v", f.Protocol, map[int]int{4: 4, 16: 6}[f.Size], a)
	}
	return append(b, a.AsSlice()...), nil
}

func (f Family) appendAddrs(b []byte, as []netip.Addr) ([]byte, error) {
	var err error
	for _, a := range as {
		if b, err = f.AppendAddr(b, a); err != nil {
			return b, err
		}
	}
	return b, nil
}

// Rest is what follows the first n bytes, nil for nothing.
func Rest(b []byte, n int) []byte {
	if len(b) <= n {
		return nil
	}
	return b[n:len(b):len(b)]
}
