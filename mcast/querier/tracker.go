package querier

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// The defaults of RFC 3376 section 8 and RFC 3810 section 9, which hosts and
// switches take where a querier does not tell.
const (
	defaultRobustness = 2
	defaultInterval   = 125 * time.Second
	defaultResponse   = 10 * time.Second
	// Patience is how long nobody may ask before the lack of a querier is certain:
	// an interval, and the time to answer.
	Patience = defaultInterval + defaultResponse
)

// Bounds of what is remembered of one interface and family.
const (
	maxQueriers = 64
	maxQueries  = 64
	maxGroups   = 4096
)

// Tracker follows the messages of all interfaces. Its methods may be called from
// several goroutines.
type Tracker struct {
	mu    sync.Mutex
	start time.Time
	links map[linkKey]*link
	// refused counts queriers and groups beyond the bounds.
	refused uint64
}

type linkKey struct {
	index int
	v6    bool
}

// link is what was seen on one interface of one protocol.
type link struct {
	queriers map[netip.Addr]*Querier
	queries  uint64
	recent   []asked // the latest queries, oldest first
	last     time.Time
	own      map[netip.Addr]time.Time // when this host last reported a group
	others   map[netip.Addr]time.Time // when another host did, in a version that suppresses ours
	left     map[netip.Addr]time.Time // when this host said that it left a group
	arrived  map[netip.Addr]time.Time // when a datagram to a group last came in
	claims   map[netip.Addr]string    // the Ethernet address that datagrams of a source come from
	version  uint8                    // of this host's latest report
	reports  uint64                   // of this host
	foreign  uint64                   // reports of others
}

// asked is one query in the past.
type asked struct {
	at       time.Time
	group    netip.Addr // invalid: general
	response time.Duration
}

// NewTracker returns a Tracker that begins now.
func NewTracker() *Tracker {
	return &Tracker{start: time.Now(), links: map[linkKey]*link{}}
}

// See takes a message.
func (t *Tracker) See(s Seen) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.links[linkKey{s.Interface, s.V6()}]
	if l == nil {
		l = &link{
			queriers: map[netip.Addr]*Querier{}, own: map[netip.Addr]time.Time{}, others: map[netip.Addr]time.Time{}, left: map[netip.Addr]time.Time{},
			arrived: map[netip.Addr]time.Time{}, claims: map[netip.Addr]string{},
		}
		t.links[linkKey{s.Interface, s.V6()}] = l
	}
	if q, ok := s.Query(); ok {
		t.asked(l, &s, q)
		return
	}
	if s.Datagram.IsValid() {
		if !s.Outgoing {
			t.note(l.arrived, s.Datagram.Addr(), s.Time)
			if _, known := l.claims[s.Source]; s.MAC != "" && (known || len(l.claims) < maxGroups) {
				l.claims[s.Source] = s.MAC
			}
		}
		return
	}
	changes, version := s.changes()
	if len(changes) == 0 {
		return
	}
	if s.Outgoing {
		l.reports++
		l.version = version
	} else {
		l.foreign++
	}
	for _, c := range changes {
		switch {
		case c.leave && s.Outgoing:
			t.note(l.left, c.group, s.Time)
			delete(l.own, c.group)
		case c.leave:
		case s.Outgoing:
			t.note(l.own, c.group, s.Time)
		case suppresses(version, s.V6()):
			t.note(l.others, c.group, s.Time)
		}
	}
}

// suppresses: in the old versions a host keeps silent when another one has
// answered (RFC 2236 section 3, RFC 2710 section 4).
func suppresses(version uint8, v6 bool) bool { return v6 && version < 2 || !v6 && version < 3 }

func (t *Tracker) note(m map[netip.Addr]time.Time, group netip.Addr, at time.Time) {
	if _, known := m[group]; !known && len(m) >= maxGroups {
		t.refused++
		return
	}
	m[group] = at
}

// asked enters a query.
func (t *Tracker) asked(l *link, s *Seen, q Query) {
	l.queries++
	l.last = s.Time
	a := asked{at: s.Time, response: q.Response}
	if !q.General {
		a.group = q.Group
	}
	if len(l.recent) == maxQueries {
		l.recent = slices.Delete(l.recent, 0, 1)
	}
	l.recent = append(l.recent, a)
	row := l.queriers[s.Source]
	if row == nil {
		if len(l.queriers) >= maxQueriers {
			t.refused++
			return
		}
		row = &Querier{Addr: s.Source, MAC: s.MAC, First: s.Time, Own: s.Outgoing}
		l.queriers[s.Source] = row
	}
	row.see(s.Time, q)
}

// Answered reports when somebody asked about group after since, and whether.
func (t *Tracker) Answered(index int, group netip.Addr, since time.Time) (at time.Time, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l := t.links[linkKey{index, group.Is6()}]; l != nil {
		for _, q := range l.recent {
			if q.group == group && !q.at.Before(since) {
				return q.at, true
			}
		}
	}
	return at, false
}

// Said reports when this host reported group, and when it said that it left it;
// zero times: not seen.
func (t *Tracker) Said(index int, group netip.Addr) (report, leave time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l := t.links[linkKey{index, group.Is6()}]; l != nil {
		return l.own[group], l.left[group]
	}
	return report, leave
}

// sorted are the queriers, those with an address first and the lowest of them,
// which the election lets speak, before the others (RFC 3376 section 6.6.2).
func (l *link) sorted() []Querier {
	var out []Querier
	for _, q := range slices.SortedFunc(maps.Values(l.queriers), func(a, b *Querier) int {
		if a.Addr.IsUnspecified() != b.Addr.IsUnspecified() {
			return map[bool]int{true: 1, false: -1}[a.Addr.IsUnspecified()]
		}
		return a.Addr.Compare(b.Addr)
	}) {
		out = append(out, *q)
	}
	return out
}
