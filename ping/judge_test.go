package ping

import (
	"net/netip"
	"slices"
	"testing"

	"muster/internal/verdict"
	"muster/mcast"
)

func TestJudge(t *testing.T) {
	at := netip.MustParseAddr
	device := mcast.Interface{Name: "nosuch0", Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")}}
	row := func(a string, group, unicast uint64, hops int) Row {
		r := Row{Addr: at(a), Hops: hops}
		r.Sent, r.Received = 3, group
		r.Unicast.Sent, r.Unicast.Received = 3, unicast
		return r
	}
	host := func(a string) Expectation {
		return Expectation{Count: 1, Hosts: []Host{{Name: a, Addrs: []netip.Addr{at(a)}}}}
	}
	for _, c := range []struct {
		name string
		udp  bool
		ttl  int
		rows []Row
		e    Expectation
		want string
	}{
		{"nobody", true, 1, nil, Expectation{}, "unknown ping.no-answer 239.1.2.3"},
		{"this host alone", true, 1, []Row{row("10.0.0.1", 3, 0, 0)}, Expectation{}, "unknown ping.no-answer 239.1.2.3"},
		{"another one", true, 1, []Row{row("10.0.0.2", 3, 0, 0)}, Expectation{}, "pass ping.no-answer 239.1.2.3"},
		{"by unicast only", true, 1, []Row{row("10.0.0.2", 0, 3, 0)}, host("10.0.0.2"), "fail tribes.one-way 10.0.0.2"},
		{"by unicast only, from behind a router", true, 1, []Row{row("10.0.9.2", 0, 3, 1)}, host("10.0.9.2"), "fail ttl.too-small 10.0.9.2"},
		{"one of three by unicast", true, 1, []Row{row("10.0.0.2", 0, 1, 0)}, host("10.0.0.2"), "fail mesh.loss 10.0.0.2"},
		{"one of three by unicast, from behind a router", true, 1, []Row{row("10.0.9.2", 0, 1, 1)}, host("10.0.9.2"), "fail mesh.loss 10.0.9.2"},
		{"behind a router, with a TTL that reaches it", true, 4, []Row{row("10.0.9.2", 0, 3, 1)}, host("10.0.9.2"), "fail tribes.one-way 10.0.9.2"},
		{"a kernel that ignores ICMP to groups", false, 1, []Row{row("10.0.0.2", 0, 3, 0)}, host("10.0.0.2"), "unknown icmp.ignore-broadcasts 10.0.0.2"},
		{"expected and silent", true, 1, []Row{row("10.0.0.2", 0, 0, -1)}, host("10.0.0.2"), "fail ping.no-answer 10.0.0.2"},
		{"too few", true, 1, []Row{row("10.0.0.2", 3, 0, 0)}, Expectation{Count: 2}, "fail ping.no-answer 239.1.2.3"},
	} {
		vs := Judge(Asked{Group: at("239.1.2.3"), Port: 46564, UDP: c.udp, TTL: c.ttl}, device, c.rows, c.e)
		var got []string
		for _, v := range vs {
			got = append(got, string(v.Status)+" "+string(v.ID)+" "+v.Subject)
		}
		if !slices.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// How sure it is that the group does not get there grows with the probes, and falls with
// what is lost by unicast.
func TestUnicastOnlyIsNoChance(t *testing.T) {
	for _, c := range []struct {
		answered, of, group uint64
		want                verdict.Confidence
	}{
		{5, 5, 5, verdict.Definite},
		{3, 3, 3, verdict.Likely},
		{1, 1, 1, verdict.Hint},
		{4, 5, 5, verdict.Likely},
		{2, 5, 5, verdict.Hint},
		{10, 20, 20, verdict.Definite},
		{1, 20, 20, verdict.Hint},
	} {
		r := Row{}
		r.Sent, r.Unicast.Sent, r.Unicast.Received = c.group, c.of, c.answered
		if got := sureness(chance(r)); got != c.want {
			t.Errorf("%d of %d by unicast, 0 of %d to the group: %s, want %s", c.answered, c.of, c.group, got, c.want)
		}
	}
}
