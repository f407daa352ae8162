package membership

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"muster/tribes"
)

// Info is one entry of the table as it stands.
type Info struct {
	Member tribes.Member // shared, not to be written to
	Source netip.AddrPort
	// State is "member", "suspect" (silent, its receiver still answers) or
	// "unconfirmed" (heard, its receiver has not answered).
	State    string
	First    time.Time
	Last     time.Time
	Beats    uint64
	Interval time.Duration // mean time between its heartbeats; 0 where unknown
	// Shared: another id is in the table with the same host and port.
	Shared bool
	// Err is what the last TCP check said, nil where it answered or was not asked.
	Err error
}

// Members returns all entries, unconfirmed ones included, by host and port.
func (t *Table) Members() []Info {
	out := make([]Info, 0, len(t.members))
	for _, e := range t.members {
		out = append(out, Info{
			Member: e.member, Source: e.source, State: e.state.String(),
			First: e.first, Last: e.last, Beats: e.beats, Interval: e.gaps.mean(),
			Shared: e.addr.count > 1, Err: e.failed,
		})
	}
	slices.SortFunc(out, func(a, b Info) int {
		return slices.Compare(order(&a.Member), order(&b.Member))
	})
	return out
}

func order(m *tribes.Member) []byte {
	b := append(make([]byte, 0, 64), byte(len(m.Host)))
	k := appendKey(nil, m)
	b = append(b, m.Host...)
	b = append(b, k[addressAt:addressAt+4]...)
	return append(b, m.ID[:]...)
}

// Len is the number of members: announced ones, suspects included.
func (t *Table) Len() int { return t.states[present] + t.states[suspect] }

// Counts returns what was counted so far.
func (t *Table) Counts() Counts { return t.counts }

func fullText(c Config) string {
	return fmt.Sprintf("the table is full (its limit is %d members and %d bytes of their records): "+
		"members that are in it stay, further ones are counted and not listed", c.Limit, c.LimitBytes)
}
