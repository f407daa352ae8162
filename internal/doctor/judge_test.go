package doctor

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"time"

	"muster/internal/expect"
	"muster/internal/verdict"
	"muster/ping/mesh"
	"muster/routecheck/facts"
	"muster/routecheck/judge"
	"muster/sniff"
	"muster/sniff/analysis"
	"muster/tribes"
	"muster/tribes/cluster/membership"
	"muster/tribes/serverxml"
)

func ids(vs []verdict.Verdict) []verdict.ID {
	var out []verdict.ID
	for _, v := range vs {
		if v.Status.Bad() {
			out = append(out, v.ID)
		}
	}
	return out
}

// The table of heartbeat, TCP and answer.
func TestMember(t *testing.T) {
	yes, no := true, false
	addr := netip.MustParseAddrPort("10.77.0.12:4000")
	for name, c := range map[string]struct {
		m    Member
		want verdict.ID
	}{
		"heard and reached":                 {Member{Heard: 10, TCP: mesh.TCPOpen, Tries: 1}, ""},
		"heard, three time-outs":            {Member{Heard: 10, TCP: mesh.TCPTimeout, Tries: 3}, "tribes.half-open"},
		"heard, one time-out":               {Member{Heard: 10, TCP: mesh.TCPTimeout, Tries: 1}, ""},
		"heard, refused":                    {Member{Heard: 10, TCP: mesh.TCPRefused, Tries: 3}, "tribes.half-open"},
		"not heard, answers":                {Member{TCP: mesh.TCPOpen, Tries: 1, Acked: &yes}, "tribes.one-way"},
		"not heard, takes and says nothing": {Member{TCP: mesh.TCPOpen, Tries: 1, Acked: &no}, "tribes.gc-pause"},
		"not heard, not asked":              {Member{TCP: mesh.TCPOpen, Tries: 1}, ""},
		"not tried":                         {Member{}, ""},
		"named, not there":                  {Member{TCP: mesh.TCPTimeout, Tries: 3, From: "server.xml"}, "tribes.static-dead"},
		"connected before, cut off":         {Member{TCP: mesh.TCPTimeout, Tries: 3, From: fromConnection}, "mesh.cut"},
	} {
		c.m.Addr = addr
		d := &doctor{r: Result{Facts: &facts.Facts{}}}
		d.judgeMember(c.m)
		got := ids(d.found)
		if c.want == "" && len(got) > 0 || c.want != "" && !slices.Equal(got, []verdict.ID{c.want}) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		for _, v := range d.found {
			if v.Confidence == verdict.Definite {
				t.Errorf("%s: %s is called definite, from one seat", name, v.ID)
			}
		}
	}
}

// A host that fell back while the querier asks in version 3 is told; one that follows an
// old querier, or speaks version 3, does as it should.
func TestFellBack(t *testing.T) {
	for name, c := range map[string]struct {
		speaks  string
		queries []uint8
		want    verdict.ID
	}{
		"fell back":                {"V2", []uint8{3}, "igmp.version-compat"},
		"fell back to 1":           {"V1", []uint8{3}, "igmp.version-compat"},
		"speaks 3":                 {"V3", []uint8{3}, ""},
		"an old querier":           {"V2", []uint8{2}, ""},
		"two of two versions":      {"V2", []uint8{2, 3}, ""}, // the wire's own verdict
		"nobody asked":             {"V2", nil, ""},
		"the version is not known": {"", []uint8{3}, ""},
	} {
		d := &doctor{r: Result{Facts: &facts.Facts{}, Wire: &sniff.Result{Analysis: &analysis.Analysis{Queriers: map[analysis.QuerierKey]*analysis.Querier{}}}}}
		d.hosted = &judge.Host{Link: facts.Link{Index: 2, Name: "eth0"}}
		d.r.Facts.Memberships = facts.Read([]facts.Membership{{Link: 1, Version: "V3"}, {Link: 2, Version: c.speaks}}, "/proc/net/igmp")
		for i, version := range c.queries {
			k := analysis.QuerierKey{Addr: netip.AddrFrom4([4]byte{10, 77, 0, byte(250 + i)})}
			d.r.Wire.Analysis.Queriers[k] = &analysis.Querier{QuerierKey: k, Version: version, General: 1}
		}
		d.fellBack()
		if got := ids(d.found); c.want == "" && len(got) > 0 || c.want != "" && !slices.Equal(got, []verdict.ID{c.want}) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Of a crowd of made-up members those that were named, and those heard most, are judged.
func TestCrowd(t *testing.T) {
	w := &watcher{doctor: &doctor{o: Options{Settings: &serverxml.Settings{Members: []serverxml.StaticMember{{Host: "10.77.9.9", Port: 4000}}}}, r: Result{Facts: &facts.Facts{}}}}
	for i := range 10_000 {
		beats := uint64(1)
		if i == 9_000 {
			beats = 16
		}
		w.heard = append(w.heard, membership.Info{Member: tribes.Member{Host: []byte{10, 77, byte(i >> 8), byte(i)}, Port: 4000}, Beats: beats})
	}
	got := w.expected()
	if len(got) != maxMembers || got[0].Addr.String() != "10.77.9.9:4000" || got[1].Heard != 16 {
		t.Errorf("%d members, %+v and %+v first", len(got), *got[0], *got[1])
	}
}

func TestMerge(t *testing.T) {
	v := func(id verdict.ID, s verdict.Status, c verdict.Confidence, subject string) verdict.Verdict {
		return verdict.New(id, s, c, subject, "")
	}
	got := merge([]verdict.Verdict{
		v("route.none", verdict.Pass, verdict.Definite, "eth0"),
		v("tribes.one-way", verdict.Fail, verdict.Hint, "a"),
		v("tribes.one-way", verdict.Fail, verdict.Likely, "a"),
		v("tribes.one-way", verdict.Pass, verdict.Definite, ""),
		v("tribes.one-way", verdict.Fail, verdict.Likely, "b"),
		v("route.none", verdict.Unknown, verdict.Definite, "eth1"),
	})
	if len(got) != 3 || got[0].Status != verdict.Pass || got[1].Confidence != verdict.Likely || got[2].Subject != "b" {
		t.Errorf("%+v", got)
	}
}

func node(name string, change func(*Note)) Note {
	n := Note{
		Name: name, Addr: netip.MustParseAddr("10.77.0.12"), Tomcat: true, Multicast: true, Group: "228.0.0.4:45564", Frequency: 500,
		DropTime: 3000, TTL: -1, Options: 8, Manager: "DeltaManager", Route: name, Apps: []string{"/"}, Watched: 8000,
	}
	if change != nil {
		change(&n)
	}
	return n
}

func TestCompareNotes(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Note)
		want   verdict.ID
	}{
		"the same":             {func(*Note) {}, ""},
		"another group":        {func(n *Note) { n.Group = "228.0.0.5:45564" }, "config.differs"},
		"other options":        {func(n *Note) { n.Options = 6 }, "config.differs"},
		"another key":          {func(n *Note) { n.Encrypt, n.Key = "AES", "01020304" }, "config.differs"},
		"another domain":       {func(n *Note) { n.Domain, n.Options = "blue", 6 }, ""}, // another cluster, on purpose
		"the same route":       {func(n *Note) { n.Route = "n1" }, "config.same"},
		"an application less":  {func(n *Note) { n.Apps = nil }, "config.differs"},
		"no configuration":     {func(n *Note) { *n = Note{Name: "n2"} }, ""},
		"receivers may differ": {func(n *Note) { n.Receiver = "10.77.0.12:4001" }, ""},
	} {
		d := &doctor{note: node("n1", nil)}
		d.compare(node("n2", c.change))
		if got := ids(d.found); c.want == "" && len(got) > 0 || c.want != "" && !slices.Equal(got, []verdict.ID{c.want}) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A stranger's word is never definite, and ids that nobody knows are not taken.
func TestElsewhere(t *testing.T) {
	d := &doctor{}
	note, ok := readNote(node("n2", func(n *Note) {
		n.Causes = []Cause{{ID: "fw.input-drop", Status: verdict.Fail, Confidence: verdict.Definite, Saw: "a rule"}, {ID: "made.up", Status: verdict.Fail}, {ID: "route.none", Status: verdict.Pass}}
	}).bytes())
	if !ok {
		t.Fatal("the note is not read")
	}
	d.r.Nodes = []Note{note}
	d.elsewhere()
	if len(d.found) != 1 || d.found[0].ID != "fw.input-drop" || d.found[0].Confidence != verdict.Likely {
		t.Errorf("%+v", d.found)
	}
}

// A note is never too long for a datagram, whatever it holds.
func TestNoteFits(t *testing.T) {
	n := node("n1", nil)
	for range 100 {
		n.Hears = append(n.Hears, "10.77.0.11:4000")
		n.Reached = append(n.Reached, "10.77.0.11:4000")
		n.Apps = append(n.Apps, "/an-application-with-a-long-name")
		n.Causes = append(n.Causes, Cause{ID: "fw.input-drop", Status: verdict.Fail, Saw: string(make([]byte, 160))})
	}
	if b := n.bytes(); len(b) == 0 || len(b) > mesh.MaxNote {
		t.Errorf("%d bytes", len(b))
	}
}

// Without members expected, a cluster of one is unknown, never a pass.
func TestAlone(t *testing.T) {
	own := Member{Addr: netip.MustParseAddrPort("10.77.0.11:4000"), Own: true, Heard: 10}
	other := Member{Addr: netip.MustParseAddrPort("10.77.0.12:4000"), Heard: 10, TCP: mesh.TCPOpen}
	for name, c := range map[string]struct {
		members []Member
		expect  int
		want    verdict.Status
	}{
		"nobody":              {nil, 0, verdict.Unknown},
		"this host only":      {[]Member{own}, 0, verdict.Unknown},
		"this host, expected": {[]Member{own}, 1, verdict.Fail},
		"another":             {[]Member{own, other}, 1, verdict.Pass},
		"another, two wanted": {[]Member{own, other}, 2, verdict.Fail},
	} {
		d := &doctor{o: Options{Expect: expect.Expect{Count: c.expect}, Query: facts.DefaultQuery()}, r: Result{Facts: &facts.Facts{}, Members: c.members, Watched: 8 * time.Second}}
		d.somebody()
		if len(d.found) != 1 || d.found[0].Status != c.want {
			t.Errorf("%s: %+v, want %s", name, d.found, c.want)
		}
	}
}

// Who refuses a connection is not cut off.
func TestRefusedIsThere(t *testing.T) {
	d := &doctor{r: Result{Facts: &facts.Facts{}}}
	d.judgeMember(Member{Addr: netip.MustParseAddrPort("10.77.0.12:4000"), TCP: mesh.TCPRefused, Tries: 3, From: fromConnection})
	if len(d.found) > 0 {
		t.Errorf("%+v", d.found)
	}
}

// A member that was heard and is no more: gone, or forgotten on the way to this host.
func TestStays(t *testing.T) {
	addr, now := netip.MustParseAddrPort("10.77.0.12:4000"), time.Now()
	for name, c := range map[string]struct {
		ago     time.Duration
		beats   uint64
		tcp     mesh.TCP
		watched time.Duration
		want    []verdict.ID
	}{
		"still there":                  {200 * time.Millisecond, 500, mesh.TCPOpen, 8 * time.Second, nil},
		"late":                         {5 * time.Second, 500, mesh.TCPOpen, 8 * time.Second, nil},
		"silent, its receiver answers": {20 * time.Second, 500, mesh.TCPOpen, 280 * time.Second, []verdict.ID{"tribes.one-way"}},
		"silent and gone":              {20 * time.Second, 500, mesh.TCPRefused, 280 * time.Second, nil},
		"heard once by chance":         {20 * time.Second, 1, mesh.TCPOpen, 280 * time.Second, nil},
	} {
		d := &doctor{r: Result{Facts: &facts.Facts{}, Watched: c.watched}}
		w := &watcher{doctor: d, joined: now.Add(-c.watched), last: map[netip.AddrPort]lastHeard{addr: {c.beats, now.Add(-c.ago)}},
			dial: func(context.Context, netip.AddrPort) mesh.TCP { return c.tcp }}
		d.judgeStays(w)
		if got := ids(d.found); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A network in which nobody asks is in order where the group outlives every membership.
func TestStayed(t *testing.T) {
	addr, now := netip.MustParseAddrPort("10.77.0.12:4000"), time.Now()
	for watched, want := range map[time.Duration]verdict.Status{8 * time.Second: verdict.Warn, Deep: verdict.Pass} {
		d := &doctor{r: Result{Facts: &facts.Facts{}, Watched: watched}, hosted: &judge.Host{}}
		d.o.Query.Group = netip.MustParseAddr("228.0.0.4")
		d.add(verdict.New("igmp.no-querier", verdict.Warn, verdict.Hint, "eth0", "no query"))
		w := &watcher{doctor: d, joined: now.Add(-watched), last: map[netip.AddrPort]lastHeard{addr: {500, now}}}
		d.judgeStays(w)
		if len(d.found) != 1 || d.found[0].Status != want {
			t.Errorf("after %s: %+v", watched, d.found)
		}
	}
}

// Where a host has a fault that makes it deaf, no switch is suspected.
func TestHostExplainsDeafness(t *testing.T) {
	for id, want := range map[verdict.ID]bool{"route.wrong-interface": true, "sock.join-interface": true, "iface.recreated": true, "fw.input-drop": true,
		"tribes.one-way": false, "mesh.cut": false, "switch.unregistered-drop": false, "config.same": false} {
		d := &doctor{}
		d.add(verdict.New(id, verdict.Warn, verdict.Likely, "", "saw"))
		if d.hostExplainsDeafness() != want {
			t.Errorf("%s: %v", id, !want)
		}
	}
}
