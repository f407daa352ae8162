package igmp

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"muster/mcast/internal/wire"
)

// ParseError and Anomaly are shared with package mld.
type (
	ParseError = wire.ParseError
	Anomaly    = wire.Anomaly
	Anomalies  = wire.Anomalies
)

// Type is the first byte of a message.
type Type uint8

const (
	Query    Type = 0x11 // of any version
	ReportV1 Type = 0x12
	ReportV2 Type = 0x16
	Leave    Type = 0x17 // version 2
	ReportV3 Type = 0x22
)

func (t Type) String() string {
	switch t {
	case Query:
		return "query"
	case ReportV1:
		return "v1 report"
	case ReportV2:
		return "v2 report"
	case Leave:
		return "leave"
	case ReportV3:
		return "v3 report"
	case 0x13:
		return "DVMRP"
	case 0x14:
		return "PIMv1"
	case 0x1e, 0x1f:
		return "mtrace"
	case 0x30, 0x31, 0x32:
		return "multicast router discovery"
	case 0xfc:
		return "RGMP leave" // RFC 3488
	case 0xfd:
		return "RGMP join"
	case 0xfe:
		return "RGMP bye"
	case 0xff:
		return "RGMP hello"
	}
	return fmt.Sprintf("type 0x%02x", uint8(t))
}

// Known reports whether t is one of the five messages that manage membership.
// Others share the protocol number; Parse reads no more of them than the header.
func (t Type) Known() bool {
	return t == Query || t == ReportV1 || t == ReportV2 || t == Leave || t == ReportV3
}

// minLen is the length of a version 1 or 2 message and of the fixed part of a
// version 3 report; queryV3Len that of a version 3 query.
const (
	minLen     = 8
	queryV3Len = 12
)

// Message is one IGMP message.
type Message struct {
	Type Type
	// Version is what the form says: a query of 8 bytes is version 1 without a
	// Max Resp Code and 2 with one, one of 12 or more is version 3 (RFC 3376
	// section 7.1).
	Version uint8
	// Code is the Max Resp Code of a query as it is on the wire (see MaxResponse);
	// in other messages it should be zero.
	Code     uint8
	Checksum uint16
	// Group is the group of a query (0.0.0.0: general), of a version 1 or 2
	// report and of a leave; invalid in a version 3 report.
	Group netip.Addr

	// Version 3 queries.
	Suppress bool  // S: routers shall not update their timers
	QRV      uint8 // querier's robustness variable, 0 where it is above 7
	QQIC     uint8 // query interval code (see QueryInterval)
	Sources  []netip.Addr

	// Version 3 reports.
	Records []Record

	// Extra is what follows the message; it counts for the checksum, and a
	// receiver ignores it.
	Extra []byte

	Anomalies Anomalies
}

// MaxResponse is the longest time that a host may wait with its report: tenths
// of seconds, from version 3 on with an exponent. A version 1 query has none, and
// hosts take ten seconds (RFC 2236 section 4).
func (m *Message) MaxResponse() time.Duration {
	switch {
	case m.Type != Query:
		return 0
	case m.Version == 1:
		return 10 * time.Second
	case m.Version == 2:
		return time.Duration(m.Code) * 100 * time.Millisecond
	}
	return time.Duration(wire.Decode8(m.Code)) * 100 * time.Millisecond
}

// QueryInterval is the interval between the querier's general queries; zero in
// all but version 3 queries.
func (m *Message) QueryInterval() time.Duration {
	return time.Duration(wire.Decode8(m.QQIC)) * time.Second
}

// MaxRespCode is the version 3 code for the longest time not above d.
func MaxRespCode(d time.Duration) uint8 {
	return wire.Encode8(uint32(min(max(d/(100*time.Millisecond), 0), 1<<30)))
}

// IntervalCode is the QQIC for the longest time not above d.
func IntervalCode(d time.Duration) uint8 {
	return wire.Encode8(uint32(min(max(d/time.Second, 0), 1<<30)))
}

// General reports whether m is a general query.
func (m *Message) General() bool {
	return m.Type == Query && m.Group == netip.IPv4Unspecified() && len(m.Sources) == 0
}

// Parse reads one message: all of the payload of an IP packet of protocol 2.
// Extra and the records' Aux alias b.
func Parse(b []byte) (Message, error) {
	var m Message
	if len(b) < minLen {
		return m, wire.Short(0, "message", minLen, len(b))
	}
	m.Type = Type(b[0])
	m.Code = b[1]
	m.Checksum = binary.BigEndian.Uint16(b[2:])
	if wire.Checksum(wire.Sum(0, b)) != 0 {
		m.Anomalies.Add("checksum", "the checksum 0x%04x is wrong", m.Checksum)
	}
	switch m.Type {
	case Query:
		return m, m.parseQuery(b)
	case ReportV3:
		return m, m.parseReport(b)
	case ReportV1, ReportV2, Leave:
		m.Version = 2
		if m.Type == ReportV1 {
			m.Version = 1
		}
		m.Group = wire.IGMP.Addr(b[4:])
		m.Extra = wire.Rest(b, minLen)
		m.checkOld()
	default:
		m.Extra = wire.Rest(b, 4)
	}
	return m, nil
}

// AppendTo appends the message with the right checksum. Only the five known
// types can be written.
func (m *Message) AppendTo(b []byte) ([]byte, error) {
	start := len(b)
	b = append(b, byte(m.Type), m.Code, 0, 0)
	var err error
	switch m.Type {
	case Query:
		b, err = m.appendQuery(b)
	case ReportV3:
		b, err = wire.IGMP.AppendRecords(b, m.Records)
	case ReportV1, ReportV2, Leave:
		b, err = wire.IGMP.AppendAddr(b, m.Group)
	default:
		err = fmt.Errorf("igmp %s cannot be written", m.Type)
	}
	if err != nil {
		return b[:start], err
	}
	b = append(b, m.Extra...)
	binary.BigEndian.PutUint16(b[start+2:], wire.Checksum(wire.Sum(0, b[start:])))
	return b, nil
}
