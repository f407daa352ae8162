package cluster

import (
	"net/netip"
	"testing"
	"time"

	"muster/tribes"
	"muster/tribes/cluster/membership"
	"muster/tribes/release"
)

// Verify who is said not to hear us: only a member that had the time to ask, did not, and
// where another one did.
func TestUnheard(t *testing.T) {
	now := time.Date(2026, 11, 30, 3, 0, 0, 0, time.UTC)
	info := func(id byte, since time.Duration, state, domain string) membership.Info {
		return membership.Info{
			Member: tribes.Member{ID: tribes.UniqueID{id}, Host: []byte{10, 0, 0, id}, Port: 4000, Domain: []byte(domain)},
			State:  state, First: now.Add(-since),
		}
	}
	asks := func(ids ...byte) func(*tribes.Member) release.Seen {
		return func(m *tribes.Member) (s release.Seen) {
			for _, id := range ids {
				if m.ID[0] == id {
					s.Asks = release.NamesAsker
				}
			}
			return s
		}
	}
	for _, c := range []struct {
		name string
		all  []membership.Info
		told func(*tribes.Member) release.Seen
		want int
	}{
		{"one asked, one did not", []membership.Info{info(1, time.Minute, "member", ""), info(2, time.Minute, "member", "")}, asks(1), 1},
		{"nobody asked: there may be no failure detector", []membership.Info{info(1, time.Minute, "member", ""), info(2, time.Minute, "member", "")}, asks(), 0},
		{"all asked", []membership.Info{info(1, time.Minute, "member", ""), info(2, time.Minute, "member", "")}, asks(1, 2), 0},
		{"it came just now", []membership.Info{info(1, time.Minute, "member", ""), info(2, time.Second, "member", "")}, asks(1), 0},
		{"it is no member yet", []membership.Info{info(1, time.Minute, "member", ""), info(2, time.Minute, "unconfirmed", "")}, asks(1), 0},
		{"it is of another domain", []membership.Info{info(1, time.Minute, "member", ""), info(2, time.Minute, "member", "other")}, asks(1), 0},
	} {
		if out, _ := unheard(now, c.all, c.told, nil); len(out) != c.want {
			t.Errorf("%s: %d, want %d", c.name, len(out), c.want)
		}
	}
}

// Verify that a question from an address that no member has leaves open who asked.
func TestAskedBy(t *testing.T) {
	var s seen
	all := []membership.Info{{Member: tribes.Member{ID: tribes.UniqueID{1}, Host: []byte{10, 0, 0, 1}, Port: 4000}}}
	s.askedBy(netip.MustParseAddr("10.0.0.1"), all)
	if s.unknownAskers() || s.byID[tribes.UniqueID{1}].Asks != release.NamesAsked {
		t.Errorf("%+v", s.byID)
	}
	if s.askedBy(netip.MustParseAddr("10.0.0.9"), all); !s.unknownAskers() {
		t.Error("who asked from elsewhere is taken for known")
	}
}
