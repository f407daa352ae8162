package querier

import (
	"net/netip"
	"slices"
	"time"

	"muster/mcast"
)

// Report is what is known at one moment.
type Report struct {
	Start, At time.Time
	Links     []Link
	Refused   uint64 // queriers and groups beyond the bounds
}

// Link is one interface and one protocol: IGMP, or MLD where V6 is set.
type Link struct {
	Interface mcast.Interface
	V6        bool
	// Watched: messages could be seen; otherwise only what the kernel tells.
	Watched bool

	Queriers  []Querier // the elected one first
	Queries   uint64
	LastQuery time.Time
	Reports   uint64 // of this host
	Foreign   uint64 // of others
	// Version is the one that this host speaks, 0 where nothing tells; Forced the
	// one that a setting makes it speak.
	Version, Forced uint8
	// Snoops: a bridge of this host, which the interface is or belongs to, snoops.
	Snoops bool
	// Counted is how many MLD queries the kernel counted since the start.
	Counted uint64
	// Lifetime is how long a switch keeps a membership after its last report.
	Lifetime    time.Duration
	Memberships []Held
	Unanswered  int       // queries that came while this host had to answer, and did not
	LastReport  time.Time // of this host, for any group that it still has joined
}

// Held is a membership of this host and what a switch knows of it.
type Held struct {
	Membership
	Reported   bool      // it is one that hosts tell of
	LastReport time.Time // seen; zero: none
	// Expires is when a switch forgets it if no query comes and nothing is
	// reported; AtMost: it may be sooner, the last report was before the watch.
	Expires time.Time
	AtMost  bool
}

// Protocol is "IGMP" or "MLD".
func (l *Link) Protocol() string {
	if l.V6 {
		return "MLD"
	}
	return "IGMP"
}

// Newest is the newest version of the protocol.
func (l *Link) Newest() uint8 {
	if l.V6 {
		return 2
	}
	return 3
}

// Elected is the querier that the others give way to, nil for none: the lowest
// address, 0.0.0.0 last, of those not silent for too long.
func (l *Link) Elected(now time.Time) *Querier {
	for i := range l.Queriers {
		if q := &l.Queriers[i]; q.General > 0 && now.Sub(q.LastGeneral) <= q.Silence() {
			return q
		}
	}
	return nil
}

// joined reports whether this host has joined anything that hosts tell of.
func (l *Link) joined() bool {
	return slices.ContainsFunc(l.Memberships, func(h Held) bool { return h.Reported })
}

// Host is what the kernel tells of memberships, without any privilege.
type Host struct {
	Memberships []Membership
	Forced      func(device string, v6 bool) uint8 // nil: not known
	Counted     map[string]uint64                  // MLD queries by device, since the start
	Snoops      func(device string) bool           // nil: not known
}

// Watch says what to report of: interfaces, and which of the two protocols.
type Watch struct {
	Interfaces []mcast.Interface
	V4, V6     bool
	Able       bool // messages can be seen
}

// Report tells what is known of the interfaces of w, with what the host knows.
func (t *Tracker) Report(w Watch, h Host) Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := Report{Start: t.start, At: time.Now(), Refused: t.refused}
	for _, i := range w.Interfaces {
		for _, v6 := range []bool{false, true} {
			if v6 && !w.V6 || !v6 && !w.V4 || !hasFamily(i, v6) {
				continue
			}
			r.Links = append(r.Links, t.link(i, v6, w.Able, h, r.At))
		}
	}
	return r
}

func hasFamily(i mcast.Interface, v6 bool) bool {
	return slices.ContainsFunc(i.Addrs, func(p netip.Prefix) bool { return p.Addr().Is6() == v6 })
}

func (t *Tracker) link(i mcast.Interface, v6, able bool, h Host, now time.Time) Link {
	out := Link{Interface: i, V6: v6, Watched: able, Lifetime: DefaultLifetime}
	l := t.links[linkKey{i.Index, v6}]
	if l == nil {
		l = &link{}
	}
	out.Queriers, out.Queries, out.LastQuery = l.sorted(), l.queries, l.last
	out.Reports, out.Foreign, out.Version = l.reports, l.foreign, l.version
	if q := out.Elected(now); q != nil {
		out.Lifetime = q.Lifetime()
	}
	if h.Forced != nil {
		out.Forced = h.Forced(i.Name, v6)
	}
	if h.Snoops != nil {
		out.Snoops = h.Snoops(i.Name)
	}
	out.Counted = h.Counted[i.Name]
	for _, m := range h.Memberships {
		if m.Interface != i.Index || m.Group.Is6() != v6 {
			continue
		}
		if m.Version > 0 {
			out.Version = m.Version
		}
		held := Held{Membership: m, Reported: Reported(m.Group), LastReport: l.own[m.Group]}
		if held.Reported {
			held.Expires = held.LastReport.Add(out.Lifetime)
			if held.LastReport.IsZero() {
				held.Expires, held.AtMost = t.start.Add(out.Lifetime), true
			}
			out.Unanswered = max(out.Unanswered, l.unanswered(m.Group, now))
		}
		if held.LastReport.After(out.LastReport) {
			out.LastReport = held.LastReport
		}
		out.Memberships = append(out.Memberships, held)
	}
	if out.Version == 0 {
		out.Version = out.spoken()
	}
	slices.SortFunc(out.Memberships, func(a, b Held) int { return a.Group.Compare(b.Group) })
	return out
}

// spoken is the version that a host speaks where the kernel does not tell: the
// oldest that a querier asked in, or the newest (RFC 3810 section 8.2.1).
func (l *Link) spoken() uint8 {
	version := l.Newest()
	if l.Forced > 0 {
		return l.Forced
	}
	if !l.Watched {
		return 0
	}
	for _, q := range l.Queriers {
		if q.General > 0 {
			version = min(version, q.Version)
		}
	}
	return version
}

// slack is what a report may come late beyond the time that the query gave.
const slack = time.Second

// unanswered is how many queries asked about group and were not followed in time
// by a report of it, since the latest report.
func (l *link) unanswered(group netip.Addr, now time.Time) (n int) {
	answered := l.own[group]
	if l.others[group].After(answered) {
		answered = l.others[group]
	}
	for _, q := range l.recent {
		about := !q.group.IsValid() || q.group == group
		if about && q.at.After(answered) && now.Sub(q.at) > q.response+slack {
			n++
		}
	}
	return n
}
