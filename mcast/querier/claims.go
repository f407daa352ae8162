package querier

import "net/netip"

// Claim is an address and the Ethernet address that its datagrams to groups come
// from.
type Claim struct {
	Addr netip.Addr
	MAC  string
}

// Claims lists them for the interface of that index and the family of group.
func (t *Tracker) Claims(index int, v6 bool) []Claim {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.links[linkKey{index, v6}]
	if l == nil {
		return nil
	}
	out := make([]Claim, 0, len(l.claims))
	for a, mac := range l.claims {
		out = append(out, Claim{a, mac})
	}
	return out
}

// Claims lists those that were seen.
func (l *Look) Claims() []Claim {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tracker.Claims(l.index, l.group.Is6())
}
