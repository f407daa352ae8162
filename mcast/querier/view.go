package querier

import (
	"net/netip"
	"time"
)

// View is what was seen about one group on one interface.
type View struct {
	Able bool   // messages could be seen; else nothing below is known
	Why  string // not able: why not
	// Queries is how many came that ask about the group: general ones and those
	// for it. LastQuery is when the latest did.
	Queries   int
	LastQuery time.Time
	// Unanswered is how many of the latest were not followed in time by a report,
	// since the latest report.
	Unanswered int
	// Overdue: queries came, but none for longer than a membership lives.
	Overdue bool
	// LastReport is when this host last reported the group.
	LastReport time.Time
	// LastArrival is when a datagram to the group last came in at the interface,
	// whether or not anything on the host drops it then.
	LastArrival time.Time
}

// View tells what is known of group on the interface of that index.
func (t *Tracker) View(index int, group netip.Addr) View {
	t.mu.Lock()
	defer t.mu.Unlock()
	group = group.WithZone("")
	l := t.links[linkKey{index, group.Is6()}]
	if l == nil {
		return View{}
	}
	now := time.Now()
	v := View{LastReport: l.own[group], Unanswered: l.unanswered(group, now), LastArrival: l.arrived[group]}
	lifetime := time.Duration(0)
	for _, q := range l.queriers {
		v.Queries += int(q.General)
		if q.General > 0 {
			lifetime = max(lifetime, q.Lifetime())
			if q.LastGeneral.After(v.LastQuery) {
				v.LastQuery = q.LastGeneral
			}
		}
	}
	for _, q := range l.recent {
		if q.group == group {
			v.Queries++
			if q.at.After(v.LastQuery) {
				v.LastQuery = q.at
			}
		}
	}
	v.Overdue = lifetime > 0 && now.Sub(v.LastQuery) > lifetime
	return v
}
