package mld

import "net/netip"

// The names of the anomalies that Parse and Check find:
//
//	checksum       the checksum is wrong
//	reserved       reserved bits or the code are not zero
//	extra          bytes follow the message
//	group          the group is not one that this message can be about
//	source         a listed source is no unicast address
//	record_type    a record type that version 2 does not define
//	record_sources a record without the sources that its type is about
//	aux_data       auxiliary data, which version 2 does not define
//	no_records     a report without records
//	ttl            the hop limit is not 1
//	router_alert   the Router Alert option is missing
//	destination    sent to another address than the standard says
//	link_local     the source is not link-local (a report may come from ::)

// checkOld checks a version 1 report or a done.
func (m *Message) checkOld() {
	if m.MaxRespCode != 0 {
		m.Anomalies.Add("reserved", "the maximum response delay of a %s is %d, not 0", m.Type, m.MaxRespCode)
	}
	m.Anomalies.Group(m.Type.String(), m.Group)
	m.Anomalies.Extra(m.Extra)
}

// Header is what Check needs to know of the IPv6 header around a message.
type Header struct {
	Source, Destination netip.Addr
	HopLimit            uint8
	RouterAlert         bool // the hop-by-hop option 05 02 00 00 (RFC 2711)
}

var (
	allNodes   = netip.MustParseAddr("ff02::1")
	allRouters = netip.MustParseAddr("ff02::2")
	allV2      = netip.MustParseAddr("ff02::16")
)

// Check returns what the IPv6 header shows against the standard (RFC 2710
// sections 3 and 5, RFC 3810 sections 5, 5.1.15 and 5.2.14).
func (m *Message) Check(h Header) Anomalies {
	var a Anomalies
	if h.HopLimit != 1 {
		a.Add("ttl", "the hop limit is %d, not 1", h.HopLimit)
	}
	if !h.RouterAlert {
		a.Add("router_alert", "the Router Alert option is missing")
	}
	if want := m.destination(); h.Destination != want {
		a.Add("destination", "a %s went to %s, not to %s", m.Type, h.Destination, want)
	}
	unspecified := h.Source.IsUnspecified() && (m.Type == ReportV1 || m.Type == ReportV2)
	if !h.Source.IsLinkLocalUnicast() && !unspecified {
		a.Add("link_local", "a %s from %s, which is not link-local", m.Type, h.Source)
	}
	return a
}

// destination is where the standard sends m.
func (m *Message) destination() netip.Addr {
	switch {
	case m.Type == Done:
		return allRouters
	case m.Type == ReportV2:
		return allV2
	case m.Type == Query && m.Group.IsUnspecified():
		return allNodes
	}
	return m.Group
}
