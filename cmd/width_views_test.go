package cmd

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"muster/cmd/internal/term"
	"muster/cmd/internal/view"
	"muster/internal/doctor"
	"muster/internal/expect"
	"muster/internal/verdict"
	"muster/mcast"
	"muster/mcast/querier"
	"muster/mcast/traffic"
	"muster/ping"
	"muster/ping/mesh"
	"muster/sniff"
	"muster/tribes"
	"muster/tribes/cluster/membership"
	"muster/tribes/smoke"
)

var (
	viewNoon  = time.Date(2026, 11, 21, 12, 0, 0, 123456789, time.UTC)
	viewEth0  = mcast.Interface{Index: 2, Name: "eth0", MTU: 1500, Addrs: []netip.Prefix{netip.MustParsePrefix("10.77.0.11/24")}}
	viewGroup = mcast.Group{Addr: netip.MustParseAddr("228.0.0.4"), Port: 46565, Count: 1}
)

// liveViews are what commands show that need a network, on values that do not change.
func liveViews(t *testing.T) map[string]func(s *term.Streams) {
	return map[string]func(s *term.Streams){
		"mesh": meshView, "ping": pingView, "ping-sweep": pingSweepView, "members": membersView, "querier": querierView,
		"smoke": smokeView(nil), "smoke-failed": smokeView(errors.New("S1 on B: 1024 bytes differ from those that A wrote, from byte 17 on")),
		"listen": listenView, "doctor": doctorView,
		"discover":  discoverView(captured(t, "../sniff/testdata/peers/hazelcast-5.5.0-two.pcap")),
		"sniff-top": topView(captured(t, "../sniff/testdata/captures/igmp-snooping-dies.pcap")),
		"top-peers": topView(captured(t, "../sniff/testdata/peers/jgroups-4.2.30-two.pcap")),
	}
}

func captured(t *testing.T, file string) *sniff.Result {
	t.Helper()
	src, err := sniff.Open(sniff.Input{File: file})
	if err != nil {
		t.Fatal(err)
	}
	res, err := sniff.NewRunner(src, sniff.RunOptions{}).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func topView(res *sniff.Result) func(s *term.Streams) {
	return func(s *term.Streams) {
		for _, line := range view.SniffTop(s.Out, res, 'n', s.Out.Width, 40, s.Out.TTY, 0) {
			_, _ = s.Out.Write([]byte(line + "\n"))
		}
	}
}

func discoverView(res *sniff.Result) func(s *term.Streams) {
	return func(s *term.Streams) {
		_ = view.Discovered(s.Out, view.Discovery{
			Table: res.Analysis.Products, Own: func(a netip.Addr) bool { return a == viewEth0.Addrs[0].Addr() }, Questions: 5, Interface: viewEth0,
			Took: 3 * time.Second, Expected: 3, Seen: 1, Verdicts: []verdict.Verdict{noLookup},
		}, false)
	}
}

var noLookup = verdict.New("jini.no-group", verdict.Warn, verdict.Likely, "10.77.0.13",
	"10.77.0.13 asked 3 times for the group cluster-of-the-shop and found nobody: the lookup service at 10.77.0.12 is in public",
	verdict.Fix("the same group names in the client's LookupDiscovery and in the lookup service's initialMemberGroups"))

// meshView is three nodes of which one is not heard by another, on a slow path.
func meshView(s *term.Streams) {
	r := &mesh.Report{At: viewNoon, Start: viewNoon.Add(-5 * time.Minute), LoadMean: 2345, LoadPeak: 9876, Group: "228.0.0.4:46565", Device: "eth0"}
	for i, name := range []string{"shop1.example.org", "shop2.example.org", "shop3.example.org"} {
		r.Nodes = append(r.Nodes, mesh.NodeInfo{
			ID: mesh.ID(i+1) << 32, Name: name, Addr: netip.AddrFrom4([4]byte{10, 77, 0, byte(11 + i)}), MTU: 1500, Version: "1.0.0", State: mesh.Alive,
			Self: i == 0, OffsetKnown: true, Offset: time.Duration(i) * 1234567 * time.Microsecond, RTT: 412 * time.Microsecond, Complete: true, Word: viewNoon, Queries: -1, Hops: -1,
		})
	}
	var all []mesh.Direction
	for from := range 3 {
		for to := range 3 {
			all = append(all, mesh.Direction{From: from, To: to, State: mesh.Heard, Delay: 123456 * time.Nanosecond, DelayOK: true, TCP: mesh.TCPOpen})
		}
	}
	all[1*3+0].State, all[1*3+0].StoppedAt = mesh.Stopped, viewNoon.Add(-time.Minute)
	all[2*3+0].Loss, all[2*3+0].TCP = 0.054, mesh.TCPTimeout
	r.Between(func(from, to int) mesh.Direction { return all[3*from+to] })
	show := view.NewMesh(s.Out, false, viewGroup, viewEth0, expect.Expect{Count: 3})
	show.Event(mesh.Event{Time: viewNoon, Kind: mesh.NodeAdded, From: r.Nodes[1]})
	show.Event(mesh.Event{Time: viewNoon, Kind: mesh.DirectionStopped, From: r.Nodes[1], To: r.Nodes[0], Reason: mesh.ReasonNoQuerier})
	_ = show.Final(r, mesh.Judge(r, expect.Expect{Count: 3}))
}

func pingRows() []ping.Row {
	us := func(n int) time.Duration { return time.Duration(n) * time.Microsecond }
	good := ping.Series{Sent: 1000, Received: 1000, Min: us(31), Avg: us(40), Max: us(12057), P50: us(37), P90: us(57), P99: us(1057), Jitter: us(10), FirstAfter: us(63)}
	lossy := good
	lossy.Received, lossy.Lost, lossy.Duplicates, lossy.Reordered = 946, 54, 3, 12
	return []ping.Row{
		{Addr: viewEth0.Addrs[0].Addr(), ID: 1, Series: good, TTL: 64},
		{Addr: netip.MustParseAddr("10.77.0.12"), ID: 2, Series: lossy, Unicast: good, TTL: 64},
		{Addr: netip.MustParseAddr("10.77.0.13"), ID: 3, Series: ping.Series{Sent: 1000, Lost: 1000}, Unicast: good, TTL: 63, Hops: 1, HopsGuessed: true},
	}
}

func pingView(s *term.Streams) {
	e := ping.Expectation{Count: 2, Hosts: []ping.Host{
		{Name: "shop2", Addrs: []netip.Addr{netip.MustParseAddr("10.77.0.12")}}, {Name: "shop3", Addrs: []netip.Addr{netip.MustParseAddr("10.77.0.13")}},
	}}.Others(viewEth0.Addrs)
	asked := ping.Asked{Group: viewGroup.Addr, Port: 46564, UDP: true, From: 40000, TTL: 1}
	res := &ping.Result{Responders: pingRows(), Sent: 1000, Drops: 7, ClockJumps: []time.Duration{1500 * time.Millisecond}, Took: 12 * time.Second}
	show := view.NewPing(s.Out, false, view.PingContext{Group: viewGroup, Interface: viewEth0, UDP: true, Both: true, Expect: e})
	show.Answer(ping.Reply{Answer: ping.Answer{At: viewNoon.UnixNano(), From: netip.MustParseAddr("10.77.0.12"), Seq: 3, Held: 20 * time.Millisecond}, RTT: 412 * time.Microsecond})
	show.Verdicts = ping.Judge(asked, mcast.Interface{Addrs: viewEth0.Addrs}, res.Responders, e)
	_ = show.Result(res, ping.Explain(asked, res.Responders, e))
}

func pingSweepView(s *term.Streams) {
	show := view.NewPing(s.Out, false, view.PingContext{Group: viewGroup, Interface: viewEth0, UDP: true})
	_ = show.Sweep(&ping.SweepResult{
		Rows:   []ping.SweepRow{{Addr: netip.MustParseAddr("10.77.0.12"), Reached: 1472, Failed: 1473, Answered: 3, Hops: 0}},
		TooBig: 1473, TooBigErr: errors.New("send 1473 bytes to 228.0.0.4: sendto: message too long"), Result: &ping.Result{Sent: 15},
	}, false)
}

func membersView(s *term.Streams) {
	member := func(last byte, port int32, g tribes.Generation) tribes.Member {
		return tribes.Member{Generation: g, Host: []byte{10, 77, 0, last}, Port: port, SecurePort: -1, UDPPort: -1, Alive: 1234567, ID: tribes.UniqueID{last, 2, 3}, Domain: []byte("staging")}
	}
	one, two := member(11, 4000, tribes.V1), member(12, 4001, tribes.V0)
	from := func(m *tribes.Member) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(m.Host)), 45564)
	}
	for _, ev := range []membership.Event{
		{Kind: membership.Added, Time: viewNoon, Member: one, Source: from(&one)},
		{Kind: membership.Suspect, Time: viewNoon, Member: two, Source: from(&two), Silent: 3200 * time.Millisecond},
		{Kind: membership.Disappeared, Time: viewNoon, Member: two, Silent: 4 * time.Second, Err: errors.New("dial tcp 10.77.0.12:4001: connect: connection refused")},
	} {
		_, _ = s.Out.Write([]byte(view.MemberEventText(s.Out, &ev) + "\n"))
	}
	_ = view.MemberTable(s.Out, []membership.Info{
		{Member: one, Source: from(&one), State: "member", Interval: 500 * time.Millisecond},
		{Member: two, Source: netip.MustParseAddrPort("10.78.0.12:45564"), State: "suspect", Interval: 512 * time.Millisecond},
	}, func(a netip.AddrPort) bool { return a == from(&one) })
}

func querierView(s *term.Streams) {
	q := querier.Querier{Addr: netip.MustParseAddr("10.77.0.1"), MAC: "02:77:00:00:00:01", Version: 3, Oldest: 3, Newest: 3, General: 4, First: viewNoon.Add(-6 * time.Minute),
		Last: viewNoon, LastGeneral: viewNoon, Told: 125 * time.Second, Response: 10 * time.Second, Robustness: 2}
	held := querier.Held{Membership: querier.Membership{Interface: 2, Device: "eth0", Group: viewGroup.Addr, Users: 2, Version: 3}, Reported: true,
		LastReport: viewNoon.Add(-2 * time.Second), Expires: viewNoon.Add(258 * time.Second)}
	r := querier.Report{Start: viewNoon.Add(-6 * time.Minute), At: viewNoon, Links: []querier.Link{
		{Interface: viewEth0, Watched: true, Queriers: []querier.Querier{q}, Queries: 4, LastQuery: viewNoon, Reports: 4, Version: 3, Lifetime: 260 * time.Second, Memberships: []querier.Held{held}},
		{Interface: viewEth0, V6: true, Watched: true, Version: 2, Lifetime: 260 * time.Second},
	}}
	show := view.NewQueriers(s.Out, false, map[int]string{2: "eth0"})
	_ = show.Final(r, nil, querier.Judge(r, nil, true), 3)
}

func smokeView(failed error) func(s *term.Streams) {
	return func(s *term.Streams) {
		names := []string{"A starts", "B starts and gets A's state", "A creates S1", "A is killed", "B serves S1"}
		rep := smoke.Report{Plan: smoke.Plan{Nodes: 2, Manager: smoke.Delta, Interface: mcast.Interface{Name: "lo"}, Group: viewGroup, Planned: 9, Names: names}, Took: 4 * time.Second}
		at := []float64{0.0208, 0.5014, 0.5028, 0.5039, 3.6336}
		deeds := []smoke.Deed{smoke.Started, smoke.GotState, smoke.Created, smoke.Killed, smoke.Served}
		show := view.NewSmoke(s, false, false)
		show.Start(rep.Plan)
		for i, name := range names {
			st := smoke.Step{Number: i + 1, Name: name, Took: time.Duration(at[i] * float64(time.Second)), Detail: map[string]any{"verified_bytes": 2048, "sessions": 1},
				Marks: []smoke.Mark{{At: time.Duration(at[i] * float64(time.Second)), Step: i + 1, Node: i % 2, Deed: deeds[i], Set: "S1"}}}
			if i == 4 {
				st.Err = failed
			}
			rep.Steps = append(rep.Steps, st)
			show.Step(st)
		}
		if failed != nil {
			rep.Failed = &rep.Steps[4]
		}
		_ = show.Close(rep)
	}
}

func listenView(s *term.Streams) {
	own := func(a netip.Addr) bool { return a == viewEth0.Addrs[0].Addr() }
	tally := traffic.NewTally(viewNoon.Add(-2*time.Second), own)
	lines := view.NewDatagrams(s.Out, view.DatagramOptions{Interface: viewEth0})
	for i, from := range []string{"10.77.0.11:40000", "10.77.0.12:38840", "10.77.0.12:38840"} {
		payload := []byte("are you there? this is a message of the usual length")
		if i > 0 {
			payload = mcast.Probe{Kind: mcast.ProbeData, Size: mcast.ProbeSize, Stream: 0xabc, Sequence: uint64(3 * i), Sent: viewNoon}.AppendTo(nil)
		}
		d := mcast.Datagram{Payload: payload, Source: netip.MustParseAddrPort(from), Destination: viewGroup.Addr, Port: 5000, Interface: 2, TTL: 1, Time: viewNoon.Add(time.Duration(i) * time.Second)}
		tally.Add(&d)
		lines.Show(&d)
	}
	_, _ = lines.Close()
	_ = view.RenderTraffic(s.Out, false, tally.Report(), view.TrafficExtra{
		Interface: viewEth0, Drops: 12, NotShown: 3, Expected: 2, Seen: 1, Missing: []string{"shop3.example.org"},
	})
}

func doctorView(s *term.Streams) {
	vs := []verdict.Verdict{
		verdict.New("fw.input-drop", verdict.Fail, verdict.Definite, "eth0", "the firewall keeps heartbeats to 228.0.0.4 port 45564 out: a heartbeat of a member is stopped by inet filter input rule 12: udp dport 45564 drop",
			verdict.Evidence{What: "rule", Value: "inet filter input rule 12: udp dport 45564 drop, 4711 packets so far", ReadFrom: "nftables"},
			verdict.Fix("nft insert rule inet filter input ip daddr 228.0.0.4 udp dport 45564 accept")),
		verdict.New("tribes.alone", verdict.Unknown, verdict.Definite, "228.0.0.4:45564", "only this host is heard: its own heartbeats never left it, and prove nothing about the network",
			verdict.Next("on the other nodes: muster tribes members; on all at once: muster mesh 228.0.0.4")),
		verdict.New("igmp.no-querier", verdict.Pass, verdict.Likely, "eth0", "10.77.0.1 asks every 125 s"),
	}
	res := &doctor.Result{Verdicts: vs, Summary: verdict.Summarize(vs), Blind: []string{"the receivers of members: no member was heard, and none was named by --expect or server.xml"}}
	if err := (view.Doctor{Result: res, Took: 9 * time.Second, All: true}).Text(s.Out); err != nil {
		panic(err)
	}
}
