package analysis

import (
	"net/netip"
	"time"

	"muster/mcast/igmp"
	"muster/mcast/mld"
	"muster/sniff/capture"
	"muster/sniff/frame"
)

// QuerierKey tells queriers apart: an address on a VLAN seen by an interface.
type QuerierKey struct {
	Addr      netip.Addr
	VLAN      uint16
	Interface int
}

// Querier is a host that asks who listens.
type Querier struct {
	QuerierKey
	Version     uint8
	Versions    set[uint8]
	General     uint64 // general queries
	Specific    uint64 // for one group
	First, Last int64
	Beats       arrivals      // of its general queries
	Interval    time.Duration // that it tells; 0 where its version cannot
	MaxResponse time.Duration
	Robustness  uint8
	MAC         frame.MAC
	// Defied counts its queries after one of Lower, whose address is lower and which
	// it had to give way to.
	Defied uint64
	Lower  netip.Addr
}

// Membership is what was seen of IGMP or of MLD on a link.
type Membership struct {
	Packets   uint64
	Queries   uint64
	Reports   uint64
	First     int64
	LastQuery int64 // time of the last general query, 0 for none
	// Anomalies counts messages by what is wrong with them; Example is the text of
	// the first of each.
	Anomalies map[string]uint64
	Example   map[string]string
	Versions  [4]uint64 // reports by version
	// OldQueries are general queries of a version below the newest.
	OldQueries uint64
	// asked are the latest general queries, oldest first.
	asked []asking
}

// asking is a general query: who listens to a group on its link has to report
// until it ends.
type asking struct {
	at, end int64
	version uint8
}

// maxAsked is how many queries are remembered.
const maxAsked = 8

func (s *Membership) ask(now int64, version uint8, response time.Duration) {
	if len(s.asked) == maxAsked {
		s.asked = append(s.asked[:0], s.asked[1:]...)
	}
	s.asked = append(s.asked, asking{now, now + int64(response), version})
}

func (s *Membership) note(list igmp.Anomalies) {
	for _, x := range list {
		if s.Anomalies == nil {
			s.Anomalies, s.Example = map[string]uint64{}, map[string]string{}
		}
		if s.Anomalies[x.Name]++; s.Anomalies[x.Name] == 1 {
			s.Example[x.Name] = x.Detail
		}
	}
}

// IGMPMessage counts a message; anomalies are those of the message and of the
// header around it.
func (a *Analysis) IGMPMessage(p *capture.Packet, f *frame.Frame, m *igmp.Message, anomalies igmp.Anomalies) {
	l := a.link(p, f)
	if l == nil {
		return
	}
	s := &l.IGMP
	s.seen(p.Nanos)
	s.note(anomalies)
	switch m.Type {
	case igmp.Query:
		if m.General() {
			s.ask(p.Nanos, m.Version, m.MaxResponse())
		}
		q := a.query(p, f, s, m.Version, 3, m.General())
		if q != nil {
			q.MaxResponse, q.Interval, q.Robustness = m.MaxResponse(), m.QueryInterval(), m.QRV
		}
	case igmp.ReportV1, igmp.ReportV2:
		s.report(m.Version)
		a.joined(l, f.Src, m.Group, p.Nanos, m.Version, true, false)
	case igmp.Leave:
		a.joined(l, f.Src, m.Group, p.Nanos, m.Version, true, true)
	case igmp.ReportV3:
		s.report(3)
		for i := range m.Records {
			r := &m.Records[i]
			leave := r.Type == igmp.ChangeToIncludeMode && len(r.Sources) == 0 || r.Type == igmp.BlockOldSources
			any := r.Type == igmp.ModeIsExclude || r.Type == igmp.ChangeToExcludeMode
			a.joined(l, f.Src, r.Group, p.Nanos, 3, any, leave)
		}
	}
}

// MLDMessage is IGMPMessage for IPv6.
func (a *Analysis) MLDMessage(p *capture.Packet, f *frame.Frame, m *mld.Message, anomalies mld.Anomalies) {
	l := a.link(p, f)
	if l == nil {
		return
	}
	s := &l.MLD
	s.seen(p.Nanos)
	s.note(anomalies)
	switch m.Type {
	case mld.Query:
		if m.General() {
			s.ask(p.Nanos, m.Version, m.MaxResponse())
		}
		q := a.query(p, f, s, m.Version, 2, m.General())
		if q != nil {
			q.MaxResponse, q.Interval, q.Robustness = m.MaxResponse(), m.QueryInterval(), m.QRV
		}
	case mld.ReportV1:
		s.report(1)
		a.joined(l, f.Src, m.Group, p.Nanos, 1, true, false)
	case mld.Done:
		a.joined(l, f.Src, m.Group, p.Nanos, 1, true, true)
	case mld.ReportV2:
		s.report(2)
		for i := range m.Records {
			r := &m.Records[i]
			leave := r.Type == mld.ChangeToIncludeMode && len(r.Sources) == 0 || r.Type == mld.BlockOldSources
			any := r.Type == mld.ModeIsExclude || r.Type == mld.ChangeToExcludeMode
			a.joined(l, f.Src, r.Group, p.Nanos, 2, any, leave)
		}
	}
}

func (s *Membership) seen(now int64) {
	if s.Packets++; s.Packets == 1 {
		s.First = now
	}
}

func (s *Membership) report(version uint8) {
	s.Reports++
	s.Versions[version]++
}

// query returns the row of the querier.
func (a *Analysis) query(p *capture.Packet, f *frame.Frame, s *Membership, version, newest uint8, general bool) *Querier {
	s.Queries++
	if general {
		s.LastQuery = p.Nanos
		if version < newest {
			s.OldQueries++
		}
	}
	k := QuerierKey{f.Src, f.VLAN(), p.Interface}
	q := a.Queriers[k]
	if q == nil {
		if len(a.Queriers) >= maxQueriers {
			a.Overflow++
			return nil
		}
		q = &Querier{QuerierKey: k, First: p.Nanos, MAC: f.SrcMAC}
		a.Queriers[k] = q
	}
	if general {
		a.defies(q, p.Nanos)
	}
	q.Version = version
	q.Versions.add(version, maxAliases)
	q.Last = p.Nanos
	if general {
		q.General++
		q.Beats.add(p.Nanos)
	} else {
		q.Specific++
	}
	return q
}

// otherQuerier is for how long a querier that hears one with a lower address keeps
// silent, less what clocks and queues take.
const otherQuerier = 250 * second

// defies counts a general query of q now, where q had asked before and heard a lower
// address since. One that has just begun asks before it can have heard others.
func (a *Analysis) defies(q *Querier, now int64) {
	if q.General == 0 {
		return
	}
	for k, o := range a.Queriers {
		if k.Interface == q.Interface && k.VLAN == q.VLAN && k.Addr.Is4() == q.Addr.Is4() && k.Addr.Less(q.Addr) && !k.Addr.IsUnspecified() &&
			o.General > 0 && o.Last > q.Last && now-o.Last > second && now-o.Last < otherQuerier {
			q.Defied++
			q.Lower = o.Addr
			return
		}
	}
}

func (a *Analysis) joined(l *LinkView, host, group netip.Addr, now int64, version uint8, anySource, leave bool) {
	j := l.Joined[group]
	if j == nil {
		if a.groups >= maxGroups {
			a.Overflow++
			return
		}
		a.groups++
		j = &Joined{Group: group}
		l.Joined[group] = j
	}
	j.Last = now
	if leave {
		j.Leaves++
		return
	}
	j.Reports++
	j.note(host, reported{now, version})
	j.AnySource = j.AnySource || anySource
}
