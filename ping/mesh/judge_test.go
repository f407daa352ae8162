package mesh

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/verdict"
	"muster/mcast/querier"
)

// Verify that a node that is deaf and cannot see queries takes the cause from one
// that can, and still says that it cannot see.
func TestBlind(t *testing.T) {
	r := reportOf(3, func(r *Report) {
		r.View.Why = "needs CAP_NET_RAW"
		for _, from := range []int{1, 2} {
			r.cutArrow(from, 0, ReasonGroup)
			r.cutArrow(3-from, from, ReasonNoQuerier)
			r.cutArrow(0, from, ReasonNoQuerier)
		}
	})
	vs := Judge(r, Expected{})
	if causes := verdict.Causes(vs); !slices.Equal(causes, []verdict.ID{"igmp.no-querier"}) {
		t.Errorf("causes %v", causes)
	}
	if !slices.ContainsFunc(vs, func(v verdict.Verdict) bool {
		return v.Status == verdict.Skip && strings.Contains(v.Saw, "not looked at: needs CAP_NET_RAW")
	}) {
		t.Errorf("it does not say that it cannot see: %+v", vs)
	}
}

// reportOf makes a report of n nodes with all arrows heard; change alters it.
func reportOf(n int, change func(r *Report)) *Report {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	r := &Report{At: now, Start: now.Add(-5 * time.Minute)}
	for i := range n {
		r.Nodes = append(r.Nodes, NodeInfo{
			ID: ID(i+1) << 32, Name: "n" + string(rune('1'+i)), Addr: netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)}), MTU: 1500,
			State: Alive, Self: i == 0, OffsetKnown: true, Complete: true, Word: now,
		})
	}
	r.arrows = make([]Arrow, n*n)
	for i := range r.arrows {
		r.arrows[i] = Arrow{From: i / n, To: i % n, State: Heard, TCP: TCPUnknown}
	}
	if change != nil {
		change(r)
	}
	return r
}

// cutArrow is an arrow that stopped.
func (r *Report) cutArrow(from, to int, why Reason) {
	r.arrows[from*len(r.Nodes)+to] = Arrow{From: from, To: to, State: Stopped, StoppedAt: r.At.Add(-time.Minute), Reason: why}
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
		change func(r *Report)
		expect Expected
		want   []string // "status id subject", those that are no pass and no skip
	}{
		{"all well", nil, Expected{Count: 3}, nil},
		{"alone", func(r *Report) { *r = *reportOf(1, nil) }, Expected{}, []string{"unknown mesh.cut"}},
		{"fewer than expected", nil, Expected{Count: 4}, []string{"fail mesh.missing"}},
		{"one missing by name", nil, Expected{Count: 2, Names: []string{"n2", "10.0.0.9"}}, []string{"fail mesh.missing 10.0.0.9"}},
		{"one way", func(r *Report) { r.cutArrow(1, 2, ReasonGroup) }, Expected{}, []string{"fail tribes.one-way n2 > n3"}},
		{"both ways", func(r *Report) { r.cutArrow(1, 2, ReasonGroup); r.cutArrow(2, 1, ReasonGroup) }, Expected{}, []string{"fail mesh.cut n2 > n3"}},
		{"deaf", func(r *Report) { r.cutArrow(0, 2, ReasonGroup); r.cutArrow(1, 2, ReasonGroup) }, Expected{}, []string{"fail fw.input-drop n3"}},
		{"deaf, no querier", func(r *Report) { r.cutArrow(0, 2, ReasonNoQuerier); r.cutArrow(1, 2, ReasonNoQuerier) }, Expected{}, []string{"fail igmp.no-querier n3"}},
		{"deaf, answers no query", func(r *Report) { r.cutArrow(0, 2, ReasonIGMPDrop); r.cutArrow(1, 2, ReasonIGMPDrop) }, Expected{}, []string{"fail fw.igmp-drop n3"}},
		{"deaf, no MLD querier", func(r *Report) { r.IPv6 = true; r.cutArrow(0, 2, ReasonNoQuerier); r.cutArrow(1, 2, ReasonNoQuerier) }, Expected{}, []string{"fail mld.snooping n3"}},
		{"deaf, and its own firewall is it", func(r *Report) { r.cutArrow(0, 2, ReasonInputDrop); r.cutArrow(1, 2, ReasonInputDrop) }, Expected{}, []string{"fail fw.input-drop n3"}},
		{"mute", func(r *Report) { r.cutArrow(2, 0, ReasonGroup); r.cutArrow(2, 1, ReasonGroup) }, Expected{}, []string{"fail tribes.one-way n3"}},
		{"gone", func(r *Report) {
			r.Nodes[2].State = Gone
			for _, i := range []int{0, 1} {
				r.cutArrow(2, i, ReasonGone)
				r.cutArrow(i, 2, ReasonGone)
			}
		}, Expected{}, []string{"fail mesh.cut n3"}},
		{"loss", func(r *Report) { r.arrows[1].Loss = 0.3 }, Expected{}, []string{"warn mesh.loss n1 > n2"}},
		{"half-open", func(r *Report) { r.Nodes[1].TCPPort = 4000; r.arrows[3].TCP = TCPTimeout }, Expected{}, []string{"fail tribes.half-open n1 > n2:4000"}},
		{"nobody listens", func(r *Report) { r.Nodes[1].TCPPort = 4000; r.arrows[3].TCP = TCPRefused }, Expected{}, []string{"warn tribes.half-open n1 > n2:4000"}},
		{"clocks", func(r *Report) { r.Nodes[1].Offset = -4 * time.Second }, Expected{}, []string{"warn tribes.clock-skew n1, n2"}},
		{"clock set", func(r *Report) { r.Jumps = []Jump{{r.At, time.Hour}} }, Expected{}, []string{"warn tribes.clock-step n1"}},
		{"MTU", func(r *Report) { r.Nodes[1].MTU = 9000 }, Expected{}, []string{"warn mtu.mismatch"}},
		{"names", func(r *Report) { r.Nodes[1].Name = "n1" }, Expected{}, []string{"warn mesh.duplicate-name n1"}},
		{"liar", func(r *Report) { r.Nodes[1].Unproven = true }, Expected{}, []string{"warn mesh.unproven n2"}},
		{"an outage", func(r *Report) { r.Nodes[1].Outages = []Outage{{r.At, r.At, ReasonGroup}} }, Expected{}, []string{"warn mesh.cut n2 > n1"}},
		{"no query for long", func(r *Report) { r.View.Able = true }, Expected{}, []string{"warn igmp.no-querier"}},
		{"queries unanswered", func(r *Report) { r.View = querier.View{Able: true, Queries: 3, Unanswered: 2} }, Expected{}, []string{"fail fw.igmp-drop n1"}},
		{"the querier is gone", func(r *Report) { r.View = querier.View{Able: true, Queries: 3, Overdue: true} }, Expected{}, []string{"warn igmp.no-querier"}},
		{"a querier", func(r *Report) { r.View = querier.View{Able: true, Queries: 3} }, Expected{}, nil},
		{"left at the end", func(r *Report) {
			r.Nodes[2].State = Left
			r.arrows[2].State, r.arrows[5].State = Ended, Ended
		}, Expected{Count: 3}, nil},
	} {
		var got []string
		for _, v := range Judge(reportOf(3, c.change), c.expect) {
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
