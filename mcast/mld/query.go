package mld

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"muster/mcast/internal/wire"
)

// parseQuery reads what is a query's own; the fixed part has been read.
func (m *Message) parseQuery(b []byte) error {
	switch {
	case len(b) == v1Len:
	case len(b) < queryV2Len:
		return wire.Bad(v1Len, "version 2 query", "%d bytes are neither a version 1 query (24) nor one of version 2 (28 or more)", len(b))
	default:
		m.Version = 2
		if err := m.parseQueryV2(b); err != nil {
			return err
		}
	}
	m.checkQuery()
	return nil
}

// parseQueryV2 reads what version 2 added (RFC 3810 section 5.1):
//
//	24 Resv (4 bits), S (1), QRV (3)
//	25 QQIC
//	26 number of sources, 2 bytes
//	28 sources
func (m *Message) parseQueryV2(b []byte) error {
	if resv := b[24] >> 4; resv != 0 {
		m.Anomalies.Add("reserved", "the reserved bits of the query are 0x%x, not 0", resv)
	}
	m.Suppress = b[24]&0x08 != 0
	m.QRV = b[24] & 0x07
	m.QQIC = b[25]
	n := int(binary.BigEndian.Uint16(b[26:]))
	if have := len(b) - queryV2Len; have < 16*n {
		return wire.Bad(queryV2Len, "sources", "%d sources want %d bytes, have %d", n, 16*n, have)
	}
	m.Sources = addrs(b[queryV2Len:], n)
	m.Extra = rest(b, queryV2Len+16*n)
	return nil
}

func (m *Message) appendQuery(b []byte) ([]byte, error) {
	b, err := m.appendFixed(b)
	if err != nil || m.Version < 2 {
		return b, err
	}
	if len(m.Sources) > 0xffff {
		return b, fmt.Errorf("mld query with %d sources, more than 65535", len(m.Sources))
	}
	flags := m.QRV & 0x07
	if m.Suppress {
		flags |= 0x08
	}
	b = append(b, flags, m.QQIC)
	b = binary.BigEndian.AppendUint16(b, uint16(len(m.Sources)))
	return appendAddrs(b, m.Sources)
}

func addrs(b []byte, n int) []netip.Addr {
	if n == 0 {
		return nil
	}
	out := make([]netip.Addr, n)
	for i := range out {
		out[i] = addr(b[16*i:])
	}
	return out
}

func appendAddrs(b []byte, as []netip.Addr) ([]byte, error) {
	var err error
	for _, a := range as {
		if b, err = appendAddr(b, a); err != nil {
			return b, err
		}
	}
	return b, nil
}
