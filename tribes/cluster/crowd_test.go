package cluster

import (
	"net/netip"
	"testing"

	"muster/internal/verdict"
	"muster/tribes/cluster/membership"
)

// Verify from how many on members are called made up, and how sure that is.
func TestCrowdVerdicts(t *testing.T) {
	from := netip.MustParseAddr("10.0.0.66")
	for _, c := range []struct {
		name    string
		crowd   membership.Crowd
		refused uint64
		want    verdict.Confidence // empty: none
		subject string
	}{
		{"nobody", membership.Crowd{}, 0, "", ""},
		{"a node that restarts in a loop", membership.Crowd{Vanished: 20, Source: from, MostVanished: 20}, 0, "", ""},
		{"from one address", membership.Crowd{Vanished: 40, Source: from, MostVanished: 40}, 0, verdict.Likely, "10.0.0.66"},
		{"from many addresses", membership.Crowd{Vanished: 300, Source: from, MostVanished: 1}, 0, verdict.Hint, "228.0.0.4:45564"},
		{"that go on", membership.Crowd{Unanswered: 50, UnansweredSource: from}, 0, verdict.Hint, "10.0.0.66"},
		{"more than fit", membership.Crowd{}, 7, verdict.Hint, "228.0.0.4:45564"},
	} {
		vs := crowdVerdicts("228.0.0.4:45564", c.crowd, c.refused)
		switch {
		case c.want == "" && len(vs) == 0:
		case len(vs) != 1 || vs[0].Status != verdict.Warn || vs[0].Confidence != c.want || vs[0].Subject != c.subject:
			t.Errorf("%s: %+v", c.name, vs)
		}
	}
}
