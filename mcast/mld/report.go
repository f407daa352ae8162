package mld

import "muster/mcast/internal/wire"

// Record and its types are shared with package igmp.
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

// parseReport reads a version 2 report (RFC 3810 section 5.2):
//
//	4  reserved, 2 bytes
//	6  number of records, 2 bytes
//	8  records
func (m *Message) parseReport(b []byte) error {
	m.Version = 2
	if b[4] != 0 || b[5] != 0 {
		m.Anomalies.Add("reserved", "the reserved field of the report is not 0")
	}
	var err error
	m.Records, m.Extra, err = wire.MLD.ParseRecords(b, reportLen)
	if err != nil {
		return err
	}
	m.Anomalies.Records(wire.MLD, m.Version, m.Records)
	m.Anomalies.Extra(m.Extra)
	return nil
}
