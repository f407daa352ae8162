package igmp

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"muster/mcast/internal/wire"
)

// RecordType says what a group record tells (RFC 3376 section 4.2.12).
type RecordType uint8

const (
	ModeIsInclude       RecordType = 1 // current state
	ModeIsExclude       RecordType = 2
	ChangeToIncludeMode RecordType = 3 // filter mode change
	ChangeToExcludeMode RecordType = 4
	AllowNewSources     RecordType = 5 // source list change
	BlockOldSources     RecordType = 6
)

// String is the RFC's name in lower case, for example "change_to_exclude".
func (t RecordType) String() string {
	switch t {
	case ModeIsInclude:
		return "mode_is_include"
	case ModeIsExclude:
		return "mode_is_exclude"
	case ChangeToIncludeMode:
		return "change_to_include"
	case ChangeToExcludeMode:
		return "change_to_exclude"
	case AllowNewSources:
		return "allow_new_sources"
	case BlockOldSources:
		return "block_old_sources"
	}
	return fmt.Sprintf("type_%d", uint8(t))
}

// Record is one group record of a version 3 report.
type Record struct {
	Type    RecordType
	Group   netip.Addr
	Sources []netip.Addr
	// Aux is the auxiliary data; version 3 defines none. Its length is a multiple
	// of four.
	Aux []byte
}

// recordLen is the length of a record without sources and auxiliary data.
const recordLen = 8

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
	n := int(binary.BigEndian.Uint16(b[6:]))
	if have := len(b) - minLen; have < n*recordLen {
		return wire.Bad(minLen, "group records", "%d records want at least %d bytes, have %d", n, n*recordLen, have)
	}
	if n > 0 {
		m.Records = make([]Record, 0, n)
	}
	at := minLen
	for i := range n {
		r, size, err := parseRecord(b, at, i)
		if err != nil {
			return err
		}
		m.Records = append(m.Records, r)
		at += size
	}
	m.Extra = rest(b, at)
	m.checkReport()
	return nil
}

// parseRecord reads the record at offset at:
//
//	0  type
//	1  length of the auxiliary data in words of 4 bytes
//	2  number of sources, 2 bytes
//	4  group
//	8  sources, then auxiliary data
func parseRecord(b []byte, at, index int) (r Record, size int, err error) {
	have := len(b) - at
	if have < recordLen {
		return r, 0, wire.Short(at, fmt.Sprintf("group record %d", index+1), recordLen, have)
	}
	p := b[at:]
	aux := 4 * int(p[1])
	n := int(binary.BigEndian.Uint16(p[2:]))
	size = recordLen + 4*n + aux
	if have < size {
		return r, 0, wire.Bad(at+recordLen, fmt.Sprintf("group record %d", index+1),
			"%d sources and %d bytes of auxiliary data want %d bytes, have %d", n, aux, size-recordLen, have-recordLen)
	}
	r.Type = RecordType(p[0])
	r.Group = addr(p[4:])
	r.Sources = addrs(p[recordLen:], n)
	if aux > 0 {
		r.Aux = p[size-aux : size : size]
	}
	return r, size, nil
}

func (m *Message) appendReport(b []byte) ([]byte, error) {
	if len(m.Records) > 0xffff {
		return b, fmt.Errorf("igmp report with %d records, more than 65535", len(m.Records))
	}
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(len(m.Records)))
	var err error
	for i := range m.Records {
		if b, err = m.Records[i].appendTo(b); err != nil {
			return b, fmt.Errorf("record %d: %w", i+1, err)
		}
	}
	return b, nil
}

func (r *Record) appendTo(b []byte) ([]byte, error) {
	if len(r.Sources) > 0xffff {
		return b, fmt.Errorf("%d sources, more than 65535", len(r.Sources))
	}
	if len(r.Aux)%4 != 0 || len(r.Aux) > 4*255 {
		return b, fmt.Errorf("%d bytes of auxiliary data: want a multiple of 4, at most 1020", len(r.Aux))
	}
	b = append(b, byte(r.Type), byte(len(r.Aux)/4))
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.Sources)))
	b, err := appendAddr(b, r.Group)
	if err != nil {
		return b, err
	}
	if b, err = appendAddrs(b, r.Sources); err != nil {
		return b, err
	}
	return append(b, r.Aux...), nil
}
