package wire

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// Query is what the newest version of a query has behind its group.
type Query struct {
	Suppress bool // S
	QRV      uint8
	QQIC     uint8
	Sources  []netip.Addr
}

// ParseQuery reads it at offset at (RFC 3376 section 4.1, RFC 3810 section 5.1), of
// which four bytes are there, and returns what follows:
//
//	0  Resv (4 bits), S (1), QRV (3)
//	1  QQIC
//	2  number of sources, 2 bytes
//	4  sources
func (f Family) ParseQuery(b []byte, at int, found *Anomalies) (q Query, extra []byte, err error) {
	p := b[at:]
	if resv := p[0] >> 4; resv != 0 {
		found.Add("reserved", "the reserved bits of the query are 0x%x, not 0", resv)
	}
	q.Suppress = p[0]&0x08 != 0
	q.QRV = p[0] & 0x07
	q.QQIC = p[1]
	n := int(binary.BigEndian.Uint16(p[2:]))
	if have := len(p) - 4; have < f.Size*n {
		return q, nil, Bad(at+4, "sources", "%d sources want %d bytes, have %d", n, f.Size*n, have)
	}
	q.Sources = f.addrs(p[4:], n)
	return q, Rest(p, 4+f.Size*n), nil
}

// AppendQuery appends what ParseQuery reads.
func (f Family) AppendQuery(b []byte, q Query) ([]byte, error) {
	if len(q.Sources) > 0xffff {
		return b, fmt.Errorf("%s query with %d sources, more than 65535", f.Protocol, len(q.Sources))
	}
	flags := q.QRV & 0x07
	if q.Suppress {
		flags |= 0x08
	}
	b = append(b, flags, q.QQIC)
	b = binary.BigEndian.AppendUint16(b, uint16(len(q.Sources)))
	return f.appendAddrs(b, q.Sources)
}
