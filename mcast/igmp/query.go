package igmp

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"muster/mcast/internal/wire"
)

// parseQuery reads a query of any version.
func (m *Message) parseQuery(b []byte) error {
	m.Group = addr(b[4:])
	switch {
	case len(b) == minLen && m.Code == 0:
		m.Version = 1
	case len(b) == minLen:
		m.Version = 2
	case len(b) < queryV3Len:
		return wire.Bad(minLen, "version 3 query", "%d bytes are neither a version 1 or 2 query (8) nor one of version 3 (12 or more)", len(b))
	default:
		m.Version = 3
		if err := m.parseQueryV3(b); err != nil {
			return err
		}
	}
	m.checkQuery()
	return nil
}

// parseQueryV3 reads what version 3 added (RFC 3376 section 4.1):
//
//	8  Resv (4 bits), S (1), QRV (3)
//	9  QQIC
//	10 number of sources, 2 bytes
//	12 sources
func (m *Message) parseQueryV3(b []byte) error {
	if resv := b[8] >> 4; resv != 0 {
		m.Anomalies.Add("reserved", "the reserved bits of the query are 0x%x, not 0", resv)
	}
	m.Suppress = b[8]&0x08 != 0
	m.QRV = b[8] & 0x07
	m.QQIC = b[9]
	n := int(binary.BigEndian.Uint16(b[10:]))
	if have := len(b) - queryV3Len; have < 4*n {
		return wire.Bad(queryV3Len, "sources", "%d sources want %d bytes, have %d", n, 4*n, have)
	}
	m.Sources = addrs(b[queryV3Len:], n)
	m.Extra = rest(b, queryV3Len+4*n)
	return nil
}

func (m *Message) appendQuery(b []byte) ([]byte, error) {
	b, err := appendAddr(b, m.Group)
	if err != nil || m.Version < 3 {
		return b, err
	}
	if len(m.Sources) > 0xffff {
		return b, fmt.Errorf("igmp query with %d sources, more than 65535", len(m.Sources))
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
		out[i] = addr(b[4*i:])
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
