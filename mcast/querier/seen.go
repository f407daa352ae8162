package querier

import (
	"net/netip"
	"time"

	"muster/mcast/igmp"
	"muster/mcast/mld"
)

// Seen is one message of IGMP or MLD, or a datagram to a group, as it passed an
// interface of this host.
type Seen struct {
	Time      time.Time
	Interface int // the system's index
	Source    netip.Addr
	MAC       string // of the sender, where the link has one
	Outgoing  bool   // this host sent it
	IGMP      *igmp.Message
	MLD       *mld.Message
	Datagram  netip.AddrPort // its destination; one of the three
}

// Query is what a query of either protocol says.
type Query struct {
	General    bool
	Group      netip.Addr
	Version    uint8
	Response   time.Duration // the longest time that hosts may take to answer
	Interval   time.Duration // 0: its version does not tell
	Robustness uint8         // 0: its version does not tell, or it is above 7
}

// V6: it is of IPv6.
func (s *Seen) V6() bool { return s.MLD != nil || s.Datagram.Addr().Is6() }

// Query returns s as a query, if it is one.
func (s *Seen) Query() (q Query, ok bool) {
	switch {
	case s.IGMP != nil && s.IGMP.Type == igmp.Query:
		m := s.IGMP
		return Query{m.General(), m.Group, m.Version, m.MaxResponse(), m.QueryInterval(), m.QRV}, true
	case s.MLD != nil && s.MLD.Type == mld.Query:
		m := s.MLD
		return Query{m.General(), m.Group, m.Version, m.MaxResponse(), m.QueryInterval(), m.QRV}, true
	}
	return q, false
}

// change is what a report or leave says of one group.
type change struct {
	group netip.Addr
	leave bool
}

// changes returns what s reports, and the version that it is written in.
func (s *Seen) changes() (out []change, version uint8) {
	if m := s.IGMP; m != nil {
		switch m.Type {
		case igmp.ReportV1, igmp.ReportV2, igmp.Leave:
			return []change{{m.Group, m.Type == igmp.Leave}}, m.Version
		case igmp.ReportV3:
			for _, r := range m.Records {
				out = append(out, change{r.Group, r.Type == igmp.ChangeToIncludeMode && len(r.Sources) == 0})
			}
			return out, 3
		}
	}
	if m := s.MLD; m != nil {
		switch m.Type {
		case mld.ReportV1, mld.Done:
			return []change{{m.Group, m.Type == mld.Done}}, 1
		case mld.ReportV2:
			for _, r := range m.Records {
				out = append(out, change{r.Group, r.Type == mld.ChangeToIncludeMode && len(r.Sources) == 0})
			}
			return out, 2
		}
	}
	return nil, 0
}
