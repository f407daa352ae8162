package querier

import (
	"net/netip"
	"time"
)

// Querier is a host that asks who listens, on one interface.
type Querier struct {
	Addr    netip.Addr // 0.0.0.0: a switch without an address
	MAC     string
	Own     bool  // this host
	Version uint8 // of its latest general query
	// Oldest and Newest are the versions that it ever asked generally in.
	Oldest, Newest    uint8
	General, Specific uint64
	First, Last       time.Time // of all its queries
	LastGeneral       time.Time
	Told              time.Duration // interval that its general queries tell; 0: its version does not
	Response          time.Duration // longest time to answer them
	Robustness        uint8         // 0: not told
	gaps              [4]time.Duration
	gap               int
}

func (q *Querier) see(at time.Time, m Query) {
	q.Last = at
	if !m.General {
		q.Specific++
		if q.Version == 0 {
			q.Version = m.Version
		}
		return
	}
	if q.General > 0 {
		q.gaps[q.gap%len(q.gaps)] = at.Sub(q.LastGeneral)
		q.gap++
	}
	if q.General == 0 || m.Version < q.Oldest {
		q.Oldest = m.Version
	}
	q.Newest = max(q.Newest, m.Version)
	q.General++
	q.LastGeneral = at
	q.Version, q.Told, q.Response, q.Robustness = m.Version, m.Interval, m.Response, m.Robustness
}

// Observed is the longest of the latest gaps between its general queries; 0 where
// there were not two. Those that it sends when it starts follow each other faster.
func (q *Querier) Observed() (longest time.Duration) {
	for _, g := range q.gaps {
		longest = max(longest, g)
	}
	return longest
}

// Interval is what it tells, else what was observed, else the default.
func (q *Querier) Interval() time.Duration {
	switch {
	case q.Told > 0:
		return q.Told
	case q.gap > 0:
		return q.Observed()
	}
	return defaultInterval
}

func (q *Querier) robustness() time.Duration {
	if q.Robustness > 0 {
		return time.Duration(q.Robustness)
	}
	return defaultRobustness
}

func (q *Querier) response() time.Duration {
	if q.General > 0 {
		return q.Response
	}
	return defaultResponse
}

// Lifetime is how long a membership lives after its last report: the group
// membership interval (RFC 3376 section 8.4, RFC 3810 section 9.4).
func (q *Querier) Lifetime() time.Duration {
	return q.robustness()*q.Interval() + q.response()
}

// Silence is how long it may be silent before the others take it for gone: the
// other querier present interval (RFC 3376 section 8.5, RFC 3810 section 9.5).
func (q *Querier) Silence() time.Duration {
	return q.robustness()*q.Interval() + q.response()/2
}

// DefaultLifetime is Lifetime where no querier is known: 260 s.
const DefaultLifetime = defaultRobustness*defaultInterval + defaultResponse
