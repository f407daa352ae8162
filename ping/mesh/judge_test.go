package mesh

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/expect"
	"muster/internal/verdict"
	"muster/mcast/querier"
	"muster/ping/internal/neighbour"
)

// Verify that a node that is deaf and cannot see queries takes the cause from one
// that can, and still says that it cannot see.
func TestBlind(t *testing.T) {
	r := reportOf(3, func(r *testReport) {
		r.View.Why = "needs CAP_NET_RAW"
		for _, from := range []int{1, 2} {
			r.cutDirection(from, 0, ReasonGroup)
			r.cutDirection(3-from, from, ReasonNoQuerier)
			r.cutDirection(0, from, ReasonNoQuerier)
		}
	})
	vs := Judge(&r.Report, expect.Expect{})
	if causes := verdict.Causes(vs); !slices.Equal(causes, []verdict.ID{"igmp.no-querier"}) {
		t.Errorf("causes %v", causes)
	}
	if !slices.ContainsFunc(vs, func(v verdict.Verdict) bool {
		return v.Status == verdict.Skip && strings.Contains(v.Saw, "not looked at: needs CAP_NET_RAW")
	}) {
		t.Errorf("it does not say that it cannot see: %+v", vs)
	}
}

// testReport is a report of directions that a test sets.
type testReport struct {
	Report
	directions []Direction // from*len(Nodes)+to
}

// reportOf makes a report of n nodes with all directions heard; change alters it.
func reportOf(n int, change func(r *testReport)) *testReport {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	r := &testReport{Report: Report{At: now, Start: now.Add(-5 * time.Minute)}}
	for i := range n {
		r.Nodes = append(r.Nodes, NodeInfo{
			ID: ID(i+1) << 32, Name: "n" + string(rune('1'+i)), Addr: netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)}), MTU: 1500,
			State: Alive, Self: i == 0, OffsetKnown: true, Complete: true, Word: now, Queries: -1, Hops: -1,
		})
	}
	r.directions = make([]Direction, n*n)
	for i := range r.directions {
		r.directions[i] = Direction{State: Heard, TCP: TCPUnknown}
	}
	r.Between(func(from, to int) Direction { return r.directions[from*n+to] })
	if change != nil {
		change(r)
	}
	return r
}

// cutDirection is a direction that stopped.
func (r *testReport) cutDirection(from, to int, why Reason) {
	r.directions[from*len(r.Nodes)+to] = Direction{State: Stopped, StoppedAt: r.At.Add(-time.Minute), Reason: why}
}

// Verify that nodes of one name are told apart, this one too, whose address no
// packet told it.
func TestLabel(t *testing.T) {
	for _, c := range []struct {
		own, second string // addresses
		want        string
	}{
		{"10.0.0.1", "10.0.0.2", "n1/10.0.0.1 n1/10.0.0.2 n3"},
		{"10.0.0.1", "10.0.0.1", "n1/aaaa n1/bbbb n3"}, // one host: by their ids
	} {
		r := reportOf(3, nil)
		r.Nodes[0].ID, r.Nodes[1].ID = 0xaaaa<<48, 0xbbbb<<48
		r.Nodes[0].Addr, r.Nodes[0].Own = netip.Addr{}, c.own
		r.Nodes[1].Name, r.Nodes[1].Addr = "n1", netip.MustParseAddr(c.second)
		if got := strings.Join([]string{r.Label(0), r.Label(1), r.Label(2)}, " "); got != c.want {
			t.Errorf("labels %q, want %q", got, c.want)
		}
	}
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(r *testReport)
		expect expect.Expect
		want   []string // "status id subject", those that are no pass and no skip
	}{
		{"all well", nil, expect.Expect{Count: 2}, nil},
		{"alone", func(r *testReport) { *r = *reportOf(1, nil) }, expect.Expect{}, []string{"unknown mesh.cut"}},
		{"fewer than expected", nil, expect.Expect{Count: 3}, []string{"fail mesh.missing"}},
		{"one missing by name", nil, expect.Expect{Hosts: []expect.Host{{Name: "n2"}, {Name: "n1"}, {Name: "10.0.0.9"}}}, []string{"fail mesh.missing 10.0.0.9"}},
		{"one way", func(r *testReport) { r.cutDirection(1, 2, ReasonGroup) }, expect.Expect{}, []string{"fail tribes.one-way n2 > n3"}},
		{"both ways", func(r *testReport) { r.cutDirection(1, 2, ReasonGroup); r.cutDirection(2, 1, ReasonGroup) }, expect.Expect{}, []string{"fail mesh.cut n2 > n3"}},
		{"deaf", func(r *testReport) { r.cutDirection(0, 2, ReasonGroup); r.cutDirection(1, 2, ReasonGroup) }, expect.Expect{}, []string{"fail tribes.one-way n3"}},
		{"deaf, though it comes in at the interface", func(r *testReport) {
			r.cutDirection(0, 2, ReasonGroup)
			r.cutDirection(1, 2, ReasonGroup)
			r.Nodes[2].Hearing = EchoKnown | Echo | Sees | Arrives
		}, expect.Expect{}, []string{"fail fw.input-drop n3"}},
		{"deaf, and its own do not come back", func(r *testReport) {
			r.cutDirection(0, 2, ReasonGroup)
			r.cutDirection(1, 2, ReasonGroup)
			r.Nodes[2].Hearing = EchoKnown | Sees
		}, expect.Expect{}, []string{"fail fw.input-drop n3"}},
		{"deaf, and its own do not come back, who knows why", func(r *testReport) {
			r.cutDirection(0, 2, ReasonGroup)
			r.cutDirection(1, 2, ReasonGroup)
			r.Nodes[2].Hearing = EchoKnown
		}, expect.Expect{}, []string{"warn mesh.own-port n3", "unknown mesh.cut"}},
		{"its firewall closes only the port of the mesh", func(r *testReport) {
			r.cutDirection(0, 2, ReasonGroup)
			r.cutDirection(1, 2, ReasonGroup)
			r.Nodes[2].Hearing = EchoKnown | PortClosed
		}, expect.Expect{}, []string{"warn mesh.own-port n3", "unknown mesh.cut"}},
		{"this host closes the port of the mesh", func(r *testReport) {
			r.cutDirection(1, 0, ReasonGroup)
			r.cutDirection(2, 0, ReasonGroup)
			r.Nodes[0].Hearing, r.Closed = EchoKnown, &Closed{Rule: "policy drop", Fix: []string{"open it"}, Alone: true}
		}, expect.Expect{}, []string{"warn mesh.own-port n1", "unknown mesh.cut"}},
		{"deaf, and the queries of others do not come to it", func(r *testReport) {
			r.cutDirection(0, 2, ReasonGroup)
			r.cutDirection(1, 2, ReasonGroup)
			r.Nodes[2].Hearing, r.Nodes[2].Queries, r.Nodes[1].Queries = Sees, 0, 5
		}, expect.Expect{}, []string{"fail igmp.no-querier n3"}},
		{"queries do not come to one", func(r *testReport) {
			r.Nodes[2].Hearing, r.Nodes[2].Queries, r.Nodes[1].Queries = Sees, 0, 5
		}, expect.Expect{}, []string{"warn igmp.no-querier n3"}},
		{"apart", func(r *testReport) { r.cutDirection(1, 2, ReasonUnknown); r.cutDirection(2, 1, ReasonUnknown) }, expect.Expect{}, []string{"fail switch.isolation n2, n3"}},
		{"apart, and one of them is this node", func(r *testReport) {
			r.Nodes[2].State, r.Nodes[2].Failed = Rumour, true
			r.directions[6] = Direction{State: Never}
			r.directions[2] = Direction{State: Unknown}
			r.directions[5] = Direction{State: Unknown}
		}, expect.Expect{}, []string{"fail switch.isolation n1, n3"}},
		{"one missing whose address nobody answers for", func(r *testReport) {
			r.Neighbours = []neighbour.Entry{{Addr: netip.MustParseAddr("10.0.0.9"), Failed: true}}
		}, expect.Expect{Hosts: []expect.Host{{Name: "n2"}, {Name: "n9", Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.9")}}}}, []string{"fail mesh.cut n9"}},
		{"a host that drops one other is no switch", func(r *testReport) {
			r.cutDirection(1, 2, ReasonUnknown)
			r.cutDirection(2, 1, ReasonUnknown)
			r.directions[5].TCP = TCPOpen
		}, expect.Expect{}, []string{"fail mesh.cut n2 > n3"}},
		{"a direction that nobody knows", func(r *testReport) { r.directions[5].State = Unknown }, expect.Expect{}, []string{"unknown mesh.cut"}},
		{"the group reaches nobody", func(r *testReport) {
			for i := range r.directions {
				r.directions[i].State, r.directions[i].Unicast = Never, i%3 == 0
			}
		}, expect.Expect{}, []string{"fail switch.unregistered-drop"}},
		{"two hosts have one address", func(r *testReport) { r.Nodes[1].MAC, r.Nodes[1].Neighbour = "02:00:00:00:00:01", "02:00:00:00:00:02" }, expect.Expect{}, []string{"warn addr.duplicate-ip 10.0.0.2"}},
		{"delay", func(r *testReport) {
			r.directions[5].Delay, r.directions[5].DelayOK = 90*time.Millisecond, true
			r.directions[7].Delay, r.directions[7].DelayOK = 20*time.Millisecond, true
		}, expect.Expect{}, []string{"warn mesh.delay n2 > n3"}},
		{"so much delay that no check succeeds", func(r *testReport) {
			r.directions[5].Delay, r.directions[5].DelayOK = 800*time.Millisecond, true
			r.Nodes[2].TCPPort = 4000
			r.directions[7].TCP = TCPSlow
		}, expect.Expect{}, []string{"fail mesh.delay n2 > n3", "warn tribes.half-open n2 > n3:4000"}},
		{"some loss, none of this host's own", func(r *testReport) {
			r.directions[3].Loss, r.directions[3].Lost, r.directions[3].Received = 0.05, 5, 95
		}, expect.Expect{}, []string{"warn mesh.loss n2 > n1"}},
		{"this host did not keep up", func(r *testReport) {
			r.directions[3].Loss, r.directions[3].Lost, r.directions[3].Received = 0.05, 5, 95
			r.Dropped = 9
		}, expect.Expect{}, []string{"unknown mesh.loss n2 > n1"}},
		{"connections fail where much is lost", func(r *testReport) {
			r.directions[3].Loss, r.directions[3].Lost, r.directions[3].Received = 0.6, 60, 40
			r.Nodes[1].TCPPort = 4000
			r.directions[3].TCP = TCPTimeout
		}, expect.Expect{}, []string{"fail mesh.loss n2 > n1", "warn tribes.half-open n1 > n2:4000"}},
		{"twice", func(r *testReport) { r.directions[3].Received, r.directions[3].Duplicates = 100, 50 }, expect.Expect{}, []string{"warn mesh.duplicates n2 > n1"}},
		{"out of order", func(r *testReport) { r.directions[3].Received, r.directions[3].Reordered = 100, 50 }, expect.Expect{}, []string{"warn mesh.reorder n2 > n1"}},
		{"deaf, no querier", func(r *testReport) { r.cutDirection(0, 2, ReasonNoQuerier); r.cutDirection(1, 2, ReasonNoQuerier) }, expect.Expect{}, []string{"fail igmp.no-querier n3"}},
		{"deaf, answers no query", func(r *testReport) { r.cutDirection(0, 2, ReasonIGMPDrop); r.cutDirection(1, 2, ReasonIGMPDrop) }, expect.Expect{}, []string{"fail fw.igmp-drop n3"}},
		{"deaf, no MLD querier", func(r *testReport) {
			r.IPv6 = true
			r.cutDirection(0, 2, ReasonNoQuerier)
			r.cutDirection(1, 2, ReasonNoQuerier)
		}, expect.Expect{}, []string{"fail mld.snooping n3"}},
		{"deaf, and its own firewall is it", func(r *testReport) { r.cutDirection(0, 2, ReasonInputDrop); r.cutDirection(1, 2, ReasonInputDrop) }, expect.Expect{}, []string{"fail fw.input-drop n3"}},
		{"mute", func(r *testReport) { r.cutDirection(2, 0, ReasonGroup); r.cutDirection(2, 1, ReasonGroup) }, expect.Expect{}, []string{"fail tribes.one-way n3"}},
		{"gone", func(r *testReport) {
			r.Nodes[2].State = Gone
			for _, i := range []int{0, 1} {
				r.cutDirection(2, i, ReasonGone)
				r.cutDirection(i, 2, ReasonGone)
			}
		}, expect.Expect{}, []string{"fail mesh.cut n3"}},
		{"loss", func(r *testReport) { r.directions[1].Loss = 0.3 }, expect.Expect{}, []string{"fail mesh.loss n1 > n2"}},
		{"half-open", func(r *testReport) { r.Nodes[1].TCPPort = 4000; r.directions[3].TCP = TCPTimeout }, expect.Expect{}, []string{"fail tribes.half-open n1 > n2:4000"}},
		{"nobody listens", func(r *testReport) { r.Nodes[1].TCPPort = 4000; r.directions[3].TCP = TCPRefused }, expect.Expect{}, []string{"warn tribes.half-open n1 > n2:4000"}},
		{"clocks", func(r *testReport) { r.Nodes[1].Offset = -4 * time.Second }, expect.Expect{}, []string{"warn tribes.clock-skew n1, n2"}},
		{"clock set", func(r *testReport) { r.Jumps = []Jump{{r.At, time.Hour}} }, expect.Expect{}, []string{"warn tribes.clock-step n1"}},
		{"MTU", func(r *testReport) { r.Nodes[1].MTU = 9000 }, expect.Expect{}, []string{"warn mtu.mismatch"}},
		{"names", func(r *testReport) { r.Nodes[1].Name = "n1" }, expect.Expect{}, []string{"warn mesh.duplicate-name n1"}},
		{"liar", func(r *testReport) { r.Nodes[1].Unproven = true }, expect.Expect{}, []string{"warn mesh.unproven n2"}},
		{"an outage", func(r *testReport) { r.Nodes[1].Outages = []Outage{{r.At, r.At, ReasonGroup, 3}} }, expect.Expect{}, []string{"warn mesh.cut n2 > n1"}},
		{"an outage in which nothing was sent", func(r *testReport) { r.Nodes[1].Outages = []Outage{{r.At, r.At, ReasonGroup, 0}} }, expect.Expect{}, []string{"warn mesh.cut n2 > n1"}},
		{"no query for long", func(r *testReport) { r.View.Able = true }, expect.Expect{}, []string{"warn igmp.no-querier"}},
		{"queries unanswered", func(r *testReport) { r.View = querier.View{Able: true, Queries: 3, Unanswered: 2} }, expect.Expect{}, []string{"fail fw.igmp-drop n1"}},
		{"the querier is gone", func(r *testReport) { r.View = querier.View{Able: true, Queries: 3, Overdue: true} }, expect.Expect{}, []string{"warn igmp.no-querier"}},
		{"a querier", func(r *testReport) { r.View = querier.View{Able: true, Queries: 3} }, expect.Expect{}, nil},
		{"left at the end", func(r *testReport) {
			r.Nodes[2].State = Left
			r.directions[2].State, r.directions[5].State = Ended, Ended
		}, expect.Expect{Count: 2}, nil},
	} {
		var got []string
		for _, v := range Judge(&reportOf(3, c.change).Report, c.expect) {
			if v.Saw == "" || v.Title == "" || v.Docs != verdict.DocsPage(v.ID) || v.Evidence == nil || v.Fix == nil || v.CausedBy == nil {
				t.Errorf("%s: an incomplete verdict %+v", c.name, v)
			}
			if v.Status != verdict.Pass && v.Status != verdict.Skip {
				got = append(got, strings.TrimSpace(string(v.Status)+" "+string(v.ID)+" "+v.Subject))
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// A port that nobody listens on at the address of a node proves no fault of a Tomcat,
// whose receiver may have an address of its own.
func TestRefusedIsNoProof(t *testing.T) {
	vs := Judge(&reportOf(3, func(r *testReport) {
		r.Nodes[1].TCPPort = 4000
		r.directions[3].TCP = TCPRefused
	}).Report, expect.Expect{})
	i := slices.IndexFunc(vs, func(v verdict.Verdict) bool { return v.ID == "tribes.half-open" && v.Status.Bad() })
	if i < 0 || vs[i].Confidence != verdict.Hint {
		t.Errorf("%+v", vs)
	}
}

// Verify that of many nodes, most of whose directions nobody knows, none is called cut
// off or deaf for being silent, and that so many directions are told in one verdict.
func TestJudgeManyNodes(t *testing.T) {
	const n = 40
	cut := func(r *testReport) {
		for i := 1; i < n; i++ {
			r.cutDirection(i, (i+1)%n, ReasonUnknown)
			r.cutDirection(i, (i+2)%n, ReasonUnknown)
		}
	}
	known := Judge(&reportOf(n, cut).Report, expect.Expect{})
	if fails := failed(known); len(fails) != 1 || !strings.Contains(fails[0].Saw, "directions do not work, to 40 of 40 nodes") {
		t.Errorf("all are known: %+v", fails)
	}
	starved := Judge(&reportOf(n, func(r *testReport) {
		for i := range r.directions {
			r.directions[i].State = Unknown
		}
		cut(r)
		r.Nodes[7].State = Gone
		r.Nodes[9].Hearing = EchoKnown
		for i := range n {
			r.Nodes[i].Complete = false
		}
	}).Report, expect.Expect{})
	if fails := failed(starved); len(fails) != 0 {
		t.Errorf("most are not known: %+v", fails)
	}
	if !slices.ContainsFunc(starved, func(v verdict.Verdict) bool { return v.ID == idCut && v.Status == verdict.Unknown }) {
		t.Errorf("it does not say that most are not known: %+v", starved)
	}
}

// Verify that of many nodes of which some have no time to speak only that is called cut
// which is proved.
func TestJudgeLateNodes(t *testing.T) {
	const n = 40
	vs := Judge(&reportOf(n, func(r *testReport) {
		for i := range n / 4 {
			r.Nodes[4*i+1].Late = true
			r.cutDirection(4*i+1, 0, ReasonGroup)
			r.cutDirection(4*i+1, 2, ReasonGroup)
		}
		r.directions[n] = Direction{State: Stopped, Reason: ReasonGroup, StoppedAt: r.At, Missed: true}
		r.Nodes[3].Outages = []Outage{{r.At, r.At, ReasonGroup, 0}}
	}).Report, expect.Expect{Count: 60})
	if fails := failed(vs); len(fails) != 1 || fails[0].ID != idOneWay || !strings.HasPrefix(fails[0].Subject, "n2 > n1") {
		t.Errorf("%+v", fails)
	}
	for _, id := range []verdict.ID{idMissing, idCut} {
		if !slices.ContainsFunc(vs, func(v verdict.Verdict) bool { return v.ID == id && v.Status == verdict.Unknown }) {
			t.Errorf("%s is not unknown: %+v", id, vs)
		}
	}
}

func failed(vs []verdict.Verdict) (out []verdict.Verdict) {
	for _, v := range vs {
		if v.Status.Bad() {
			out = append(out, v)
		}
	}
	return out
}

// Verify that an expected node that others hear is not said to be missing for want of a
// mesh there.
func TestMissingIsHeardElsewhere(t *testing.T) {
	vs := Judge(&reportOf(3, func(r *testReport) {
		r.Nodes[2].State = Rumour
		for _, d := range [][2]int{{0, 2}, {1, 2}, {2, 0}} {
			r.directions[d[0]*3+d[1]].State = Unknown
		}
	}).Report, expect.Expect{Hosts: []expect.Host{{Name: "n2"}, {Name: "n3"}}})
	if fails := failed(vs); len(fails) != 1 || fails[0].ID != idMissing || !strings.Contains(fails[0].Saw, "it runs there, since n2 hears n3") {
		t.Errorf("%+v", fails)
	}
}
