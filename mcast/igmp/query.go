package igmp

import "muster/mcast/internal/wire"

// parseQuery reads a query of any version.
func (m *Message) parseQuery(b []byte) error {
	m.Group = wire.IGMP.Addr(b[4:])
	switch {
	case len(b) == minLen && m.Code == 0:
		m.Version = 1
	case len(b) == minLen:
		m.Version = 2
	case len(b) < queryV3Len:
		return wire.Bad(minLen, "version 3 query", "%d bytes are neither a version 1 or 2 query (8) nor one of version 3 (12 or more)", len(b))
	default:
		m.Version = 3
		if err := m.parseNewest(b); err != nil {
			return err
		}
	}
	m.Anomalies.Query(m.Group, m.Sources)
	m.Anomalies.Extra(m.Extra)
	return nil
}

// parseNewest reads what version 3 added.
func (m *Message) parseNewest(b []byte) error {
	q, extra, err := wire.IGMP.ParseQuery(b, minLen, &m.Anomalies)
	m.Suppress, m.QRV, m.QQIC, m.Sources, m.Extra = q.Suppress, q.QRV, q.QQIC, q.Sources, extra
	return err
}

func (m *Message) appendQuery(b []byte) ([]byte, error) {
	b, err := wire.IGMP.AppendAddr(b, m.Group)
	if err != nil || m.Version < 3 {
		return b, err
	}
	return wire.IGMP.AppendQuery(b, wire.Query{Suppress: m.Suppress, QRV: m.QRV, QQIC: m.QQIC, Sources: m.Sources})
}
