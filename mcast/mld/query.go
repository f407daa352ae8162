package mld

import "muster/mcast/internal/wire"

// parseQuery reads what is a query's own; the fixed part has been read.
func (m *Message) parseQuery(b []byte) error {
	switch {
	case len(b) == v1Len:
	case len(b) < queryV2Len:
		return wire.Bad(v1Len, "version 2 query", "%d bytes are neither a version 1 query (24) nor one of version 2 (28 or more)", len(b))
	default:
		m.Version = 2
		if err := m.parseNewest(b); err != nil {
			return err
		}
	}
	m.Anomalies.Query(m.Group, m.Sources)
	m.Anomalies.Extra(m.Extra)
	return nil
}

// parseNewest reads what version 2 added.
func (m *Message) parseNewest(b []byte) error {
	q, extra, err := wire.MLD.ParseQuery(b, v1Len, &m.Anomalies)
	m.Suppress, m.QRV, m.QQIC, m.Sources, m.Extra = q.Suppress, q.QRV, q.QQIC, q.Sources, extra
	return err
}

func (m *Message) appendQuery(b []byte) ([]byte, error) {
	b, err := m.appendFixed(b)
	if err != nil || m.Version < 2 {
		return b, err
	}
	return wire.MLD.AppendQuery(b, wire.Query{Suppress: m.Suppress, QRV: m.QRV, QQIC: m.QQIC, Sources: m.Sources})
}
