package mld

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"muster/mcast/internal/wire"
)

// ParseError and Anomaly are shared with package igmp.
type (
	ParseError = wire.ParseError
	Anomaly    = wire.Anomaly
	Anomalies  = wire.Anomalies
)

// Type is the ICMPv6 type of a message.
type Type uint8

const (
	Query    Type = 130 // of either version
	ReportV1 Type = 131
	Done     Type = 132 // version 1
	ReportV2 Type = 143
)

func (t Type) String() string {
	switch t {
	case Query:
		return "query"
	case ReportV1:
		return "v1 report"
	case Done:
		return "done"
	case ReportV2:
		return "v2 report"
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// Known reports whether t is an MLD message at all.
func (t Type) Known() bool { return t == Query || t == ReportV1 || t == Done || t == ReportV2 }

const (
	v1Len      = 24 // all version 1 messages
	queryV2Len = 28 // a version 2 query without sources
	reportLen  = 8  // a version 2 report without records
)

// Message is one MLD message.
type Message struct {
	Type Type
	// Version is what the form says: a query of 24 bytes is version 1, one of 28
	// or more version 2 (RFC 3810 section 8.1).
	Version  uint8
	Code     uint8 // ICMPv6 code, should be zero
	Checksum uint16
	// MaxRespCode is that of a query as it is on the wire (see MaxResponse); zero
	// in other messages.
	MaxRespCode uint16
	// Group is the multicast address of a query (::, general), a version 1 report
	// or a done; invalid in a version 2 report.
	Group netip.Addr

	// Version 2 queries.
	Suppress bool  // S: routers shall not update their timers
	QRV      uint8 // querier's robustness variable, 0 where it is above 7
	QQIC     uint8 // query interval code (see QueryInterval)
	Sources  []netip.Addr

	// Version 2 reports.
	Records []Record

	// Extra is what follows the message; it counts for the checksum, and a
	// receiver ignores it.
	Extra []byte

	Anomalies Anomalies
}

// MaxResponse is the longest time that a listener may wait with its report: in
// milliseconds, in version 2 with an exponent (RFC 3810 section 5.1.3).
func (m *Message) MaxResponse() time.Duration {
	if m.Version == 1 {
		return time.Duration(m.MaxRespCode) * time.Millisecond
	}
	return time.Duration(wire.Decode16(m.MaxRespCode)) * time.Millisecond
}

// QueryInterval is the interval between the querier's general queries; zero in
// all but version 2 queries.
func (m *Message) QueryInterval() time.Duration {
	return time.Duration(wire.Decode8(m.QQIC)) * time.Second
}

// MaxRespCode is the version 2 code for the longest time not above d.
func MaxRespCode(d time.Duration) uint16 {
	return wire.Encode16(uint32(min(max(d/time.Millisecond, 0), 1<<30)))
}

// IntervalCode is the QQIC for the longest time not above d.
func IntervalCode(d time.Duration) uint8 {
	return wire.Encode8(uint32(min(max(d/time.Second, 0), 1<<30)))
}

// General reports whether m is a general query.
func (m *Message) General() bool {
	return m.Type == Query && m.Group == netip.IPv6Unspecified() && len(m.Sources) == 0
}

// Parse reads one message: the ICMPv6 message of an IPv6 packet from src to dst,
// which the checksum covers. Extra and the records' Aux alias b.
func Parse(b []byte, src, dst netip.Addr) (Message, error) {
	var m Message
	if len(b) < reportLen {
		return m, wire.Short(0, "message", reportLen, len(b))
	}
	m.Type = Type(b[0])
	m.Code = b[1]
	m.Checksum = binary.BigEndian.Uint16(b[2:])
	if !m.Type.Known() {
		return m, wire.Bad(0, "type", "%d is no MLD message", b[0])
	}
	if wire.Checksum(wire.Sum(pseudo(src, dst, len(b)), b)) != 0 {
		m.Anomalies.Add("checksum", "the checksum 0x%04x is wrong", m.Checksum)
	}
	if m.Code != 0 {
		m.Anomalies.Add("reserved", "the code of a %s is %d, not 0", m.Type, m.Code)
	}
	if m.Type == ReportV2 {
		return m, m.parseReport(b)
	}
	if len(b) < v1Len {
		return m, wire.Short(0, m.Type.String(), v1Len, len(b))
	}
	m.Version = 1
	m.MaxRespCode = binary.BigEndian.Uint16(b[4:])
	if b[6] != 0 || b[7] != 0 {
		m.Anomalies.Add("reserved", "the reserved field of a %s is not 0", m.Type)
	}
	m.Group = wire.MLD.Addr(b[8:])
	if m.Type == Query {
		return m, m.parseQuery(b)
	}
	m.Extra = wire.Rest(b, v1Len)
	m.checkOld()
	return m, nil
}

// AppendTo appends the message with the checksum that is right between src and
// dst.
func (m *Message) AppendTo(b []byte, src, dst netip.Addr) ([]byte, error) {
	start := len(b)
	b = append(b, byte(m.Type), m.Code, 0, 0)
	var err error
	switch m.Type {
	case Query:
		b, err = m.appendQuery(b)
	case ReportV1, Done:
		b, err = m.appendFixed(b)
	case ReportV2:
		b, err = wire.MLD.AppendRecords(b, m.Records)
	default:
		err = fmt.Errorf("mld %s cannot be written", m.Type)
	}
	if err != nil {
		return b[:start], err
	}
	b = append(b, m.Extra...)
	sum := wire.Checksum(wire.Sum(pseudo(src, dst, len(b)-start), b[start:]))
	binary.BigEndian.PutUint16(b[start+2:], sum)
	return b, nil
}

// appendFixed appends what all but version 2 reports have after the checksum.
func (m *Message) appendFixed(b []byte) ([]byte, error) {
	b = binary.BigEndian.AppendUint16(b, m.MaxRespCode)
	return wire.MLD.AppendAddr(append(b, 0, 0), m.Group)
}

// pseudo is the sum over the pseudo header of ICMPv6 (RFC 8200 section 8.1).
func pseudo(src, dst netip.Addr, length int) uint32 {
	s, d := src.As16(), dst.As16()
	return wire.Sum(wire.Sum(uint32(length>>16+length&0xffff+58), s[:]), d[:])
}
