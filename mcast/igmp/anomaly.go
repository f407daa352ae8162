package igmp

import "net/netip"

// The names of the anomalies that Parse and Check find:
//
//	checksum       the checksum is wrong
//	reserved       reserved bits are set
//	extra          bytes follow the message
//	group          the group is not one that this message can be about
//	source         a listed source is no unicast address
//	record_type    a record type that version 3 does not define
//	record_sources a record without the sources that its type is about
//	aux_data       auxiliary data, which version 3 does not define
//	no_records     a report without records
//	ttl            the TTL is not 1
//	router_alert   the Router Alert option is missing
//	destination    sent to another address than the standard says
//	zero_source    sent from 0.0.0.0

// checkOld checks a version 1 or 2 report or a leave.
func (m *Message) checkOld() {
	if m.Code != 0 {
		m.Anomalies.Add("reserved", "the code of a %s is %d, not 0", m.Type, m.Code)
	}
	m.Anomalies.Group(m.Type.String(), m.Group)
	m.Anomalies.Extra(m.Extra)
}

// Header is what Check needs to know of the IP header around a message.
type Header struct {
	Source, Destination netip.Addr
	TTL                 uint8
	RouterAlert         bool // the option 94 04 00 00 (RFC 2113)
}

var (
	allHosts   = netip.AddrFrom4([4]byte{224, 0, 0, 1})
	allRouters = netip.AddrFrom4([4]byte{224, 0, 0, 2})
	allV3      = netip.AddrFrom4([4]byte{224, 0, 0, 22})
)

// Check returns what the IP header shows against the standard (RFC 2236 sections
// 2 and 9, RFC 3376 sections 4, 4.1.12 and 4.2.14).
func (m *Message) Check(h Header) Anomalies {
	var a Anomalies
	if !m.Type.Known() {
		return nil
	}
	if h.TTL != 1 {
		a.Add("ttl", "the TTL is %d, not 1", h.TTL)
	}
	if !h.RouterAlert && m.Version >= 2 {
		a.Add("router_alert", "the Router Alert option is missing")
	}
	if want := m.destination(); h.Destination != want {
		a.Add("destination", "a %s went to %s, not to %s", m.Type, h.Destination, want)
	}
	if h.Source.IsUnspecified() {
		a.Add("zero_source", "a %s from %s", m.Type, h.Source)
	}
	return a
}

// destination is where the standard sends m.
func (m *Message) destination() netip.Addr {
	switch {
	case m.Type == Leave:
		return allRouters
	case m.Type == ReportV3:
		return allV3
	case m.Type == Query && m.Group.IsUnspecified():
		return allHosts
	}
	return m.Group
}
