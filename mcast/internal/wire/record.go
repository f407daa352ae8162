package wire

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// RecordType says what a record of a report tells (RFC 3376 section 4.2.12, RFC
// 3810 section 5.2.12).
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

// Record is one group of an IGMP version 3 or MLD version 2 report.
type Record struct {
	Type    RecordType
	Group   netip.Addr
	Sources []netip.Addr
	// Aux is the auxiliary data; neither standard defines any. Its length is a
	// multiple of four.
	Aux []byte
}

// recordHead is what is before the group of a record: type, length of the auxiliary
// data, number of sources.
const recordHead = 4

// ParseRecords reads the records of a report, whose number stands in the two bytes
// before offset at, and returns what follows them.
func (f Family) ParseRecords(b []byte, at int) (list []Record, extra []byte, err error) {
	n := int(binary.BigEndian.Uint16(b[at-2:]))
	least := n * (recordHead + f.Size)
	if have := len(b) - at; have < least {
		return nil, nil, Bad(at, f.Record+"s", "%d records want at least %d bytes, have %d", n, least, have)
	}
	if n > 0 {
		list = make([]Record, 0, n)
	}
	for i := range n {
		r, size, err := f.parseRecord(b, at, i)
		if err != nil {
			return list, nil, err
		}
		list = append(list, r)
		at += size
	}
	return list, Rest(b, at), nil
}

// parseRecord reads the record at offset at:
//
//	0  type
//	1  length of the auxiliary data in words of 4 bytes
//	2  number of sources, 2 bytes
//	4  group, then sources, then auxiliary data
func (f Family) parseRecord(b []byte, at, index int) (r Record, size int, err error) {
	fixed := recordHead + f.Size
	have := len(b) - at
	if have < fixed {
		return r, 0, Short(at, fmt.Sprintf("%s %d", f.Record, index+1), fixed, have)
	}
	p := b[at:]
	aux := 4 * int(p[1])
	n := int(binary.BigEndian.Uint16(p[2:]))
	size = fixed + f.Size*n + aux
	if have < size {
		return r, 0, Bad(at+fixed, fmt.Sprintf("%s %d", f.Record, index+1),
			"%d sources and %d bytes of auxiliary data want %d bytes, have %d", n, aux, size-fixed, have-fixed)
	}
	r.Type = RecordType(p[0])
	r.Group = f.Addr(p[recordHead:])
	r.Sources = f.addrs(p[fixed:], n)
	if aux > 0 {
		r.Aux = p[size-aux : size : size]
	}
	return r, size, nil
}

// AppendRecords appends the two reserved bytes of a report, the number of its
// records, and them.
func (f Family) AppendRecords(b []byte, list []Record) ([]byte, error) {
	if len(list) > 0xffff {
		return b, fmt.Errorf("%s report with %d records, more than 65535", f.Protocol, len(list))
	}
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(len(list)))
	var err error
	for i := range list {
		if b, err = f.appendRecord(b, &list[i]); err != nil {
			return b, fmt.Errorf("record %d: %w", i+1, err)
		}
	}
	return b, nil
}

func (f Family) appendRecord(b []byte, r *Record) ([]byte, error) {
	if len(r.Sources) > 0xffff {
		return b, fmt.Errorf("%d sources, more than 65535", len(r.Sources))
	}
	if len(r.Aux)%4 != 0 || len(r.Aux) > 4*255 {
		return b, fmt.Errorf("%d bytes of auxiliary data: want a multiple of 4, at most 1020", len(r.Aux))
	}
	b = append(b, byte(r.Type), byte(len(r.Aux)/4))
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.Sources)))
	b, err := f.AppendAddr(b, r.Group)
	if err != nil {
		return b, err
	}
	if b, err = f.appendAddrs(b, r.Sources); err != nil {
		return b, err
	}
	return append(b, r.Aux...), nil
}
