package igmp

import "muster/mcast/internal/wire"

// Record and its types are shared with package mld.
type (
	Record     = wire.Record
	RecordType = wire.RecordType
)

const (
	ModeIsInclude       = wire.ModeIsInclude // current state
	ModeIsExclude       = wire.ModeIsExclude
	ChangeToIncludeMode = wire.ChangeToIncludeMode // filter mode change
	ChangeToExcludeMode = wire.ChangeToExcludeMode
	AllowNewSources     = wire.AllowNewSources // source list change
	BlockOldSources     = wire.BlockOldSources
)

// parseReport reads a version 3 report (RFC 3376 section 4.2):
//
//	1  reserved
//	4  reserved, 2 bytes
//	6  number of group records, 2 bytes
//	8  records
func (m *Message) parseReport(b []byte) error {
	m.Version = 3
	if m.Code != 0 || b[4] != 0 || b[5] != 0 {
		m.Anomalies.Add("reserved", "reserved fields of the report are not 0")
	}
	var err error
	m.Records, m.Extra, err = wire.IGMP.ParseRecords(b, minLen)
	if err != nil {
		return err
	}
	m.Anomalies.Records(wire.IGMP, m.Version, m.Records)
	m.Anomalies.Extra(m.Extra)
	return nil
}
