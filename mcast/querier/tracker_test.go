package querier

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"muster/internal/verdict"
	"muster/mcast"
	"muster/mcast/igmp"
	"muster/mcast/mld"
)

var (
	group = netip.MustParseAddr("228.0.0.4")
	eth0  = mcast.Interface{
		Index: 2, Name: "eth0", Flags: net.FlagUp,
		Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.5/24"), netip.MustParsePrefix("fe80::5/64")},
	}
	host = Host{Memberships: []Membership{
		{Interface: 2, Device: "eth0", Group: netip.MustParseAddr("224.0.0.1"), Users: 1, Version: 3},
		{Interface: 2, Device: "eth0", Group: group, Users: 1, Version: 3},
	}}
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// general is a general query of IGMP; version 3 with the values given.
func general(version uint8, interval, response time.Duration, robustness uint8) *igmp.Message {
	m := &igmp.Message{Type: igmp.Query, Version: version, Group: netip.IPv4Unspecified()}
	switch version {
	case 2:
		m.Code = uint8(response / (100 * time.Millisecond))
	case 3:
		m.Code, m.QQIC, m.QRV = igmp.MaxRespCode(response), igmp.IntervalCode(interval), robustness
	}
	return m
}

func usual() *igmp.Message { return general(3, 125*time.Second, 10*time.Second, 2) }

func (t *Tracker) hear(from string, m *igmp.Message) {
	t.See(Seen{Time: time.Now(), Interface: 2, Source: addr(from), MAC: "02:00:00:00:00:01", IGMP: m})
}

// say is what this host sends.
func (t *Tracker) say(m *igmp.Message) {
	t.See(Seen{Time: time.Now(), Interface: 2, Source: addr("10.0.0.5"), Outgoing: true, IGMP: m})
}

func report(g netip.Addr) *igmp.Message {
	return &igmp.Message{Type: igmp.ReportV3, Version: 3, Records: []igmp.Record{{Type: igmp.ModeIsExclude, Group: g}}}
}

func (t *Tracker) igmpLink() Link {
	return t.Report(Watch{Interfaces: []mcast.Interface{eth0}, V4: true, Able: true}, host).Links[0]
}

// Verify the times of RFC 3376 section 8 for the values that a querier tells, and
// the defaults where it does not.
func TestLifetimes(t *testing.T) {
	for _, c := range []struct {
		name              string
		m                 *igmp.Message
		again             time.Duration // between its queries
		lifetime, silence time.Duration
	}{
		{"version 3 with the defaults", usual(), 125 * time.Second, 260 * time.Second, 255 * time.Second},
		{"version 3, fast and robust", general(3, 10*time.Second, 5*time.Second, 3), 10 * time.Second, 35 * time.Second, 32500 * time.Millisecond},
		{"version 3, robustness above 7 is told as 0", general(3, 20*time.Second, 10*time.Second, 0), 20 * time.Second, 50 * time.Second, 45 * time.Second},
		{"version 3, an interval with an exponent", general(3, 1024*time.Second, 10*time.Second, 2), 1024 * time.Second, 2058 * time.Second, 2053 * time.Second},
		{"version 2 does not tell: as measured", general(2, 0, 10*time.Second, 0), 60 * time.Second, 130 * time.Second, 125 * time.Second},
		{"version 2 once: the default", general(2, 0, 10*time.Second, 0), 0, 260 * time.Second, 255 * time.Second},
		{"version 1: ten seconds to answer (RFC 2236 section 4)", general(1, 0, 0, 0), 125 * time.Second, 260 * time.Second, 255 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			tr := NewTracker()
			tr.hear("10.0.0.1", c.m)
			if c.again > 0 {
				time.Sleep(c.again)
				tr.hear("10.0.0.1", c.m)
			}
			l := tr.igmpLink()
			q := l.Elected(time.Now())
			if q == nil || q.Lifetime() != c.lifetime || q.Silence() != c.silence || l.Lifetime != c.lifetime {
				t.Errorf("%s: %+v, lifetime %v", c.name, q, l.Lifetime)
			}
			time.Sleep(c.silence + time.Millisecond)
			if l := tr.igmpLink(); l.Elected(time.Now()) != nil {
				t.Errorf("%s: still there after %v", c.name, c.silence)
			}
		})
	}
}

// Verify when a membership ends on a switch, and which are never reported.
func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := NewTracker()
		begin := time.Now()
		time.Sleep(3 * time.Second)
		held := tr.igmpLink().Memberships
		if h := held[1]; h.Group != group || !h.AtMost || !h.Expires.Equal(begin.Add(260*time.Second)) {
			t.Errorf("not seen reported: %+v", h)
		}
		if h := held[0]; h.Reported || !h.Expires.IsZero() {
			t.Errorf("all hosts: %+v", h)
		}
		tr.hear("10.0.0.1", general(3, 10*time.Second, time.Second, 2))
		time.Sleep(500 * time.Millisecond)
		tr.say(report(group))
		if h := tr.igmpLink().Memberships[1]; h.AtMost || !h.Expires.Equal(time.Now().Add(21*time.Second)) {
			t.Errorf("reported: %+v", h)
		}
	})
}

// Verify that what is asked and not answered is counted, and what another host's
// report of an old version answers is not.
func TestView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := NewTracker()
		view := func() View { return tr.View(2, group) }
		if v := view(); v != (View{}) {
			t.Errorf("nothing seen: %+v", v)
		}
		ask := general(3, 10*time.Second, 2*time.Second, 2)
		tr.hear("10.0.0.1", ask)
		time.Sleep(2 * time.Second)
		if v := view(); v.Queries != 1 || v.Unanswered != 0 {
			t.Errorf("before the answer is due: %+v", v)
		}
		time.Sleep(1001 * time.Millisecond)
		if v := view(); v.Unanswered != 1 {
			t.Errorf("when it was due: %+v", v)
		}
		tr.say(report(group))
		if v := view(); v.Unanswered != 0 || !v.LastReport.Equal(time.Now()) {
			t.Errorf("after a report: %+v", v)
		}
		time.Sleep(time.Second)
		tr.hear("10.0.0.1", &igmp.Message{Type: igmp.Query, Version: 2, Code: 10, Group: addr("239.1.1.1")})
		time.Sleep(3 * time.Second)
		if v := view(); v.Unanswered != 0 || v.Queries != 1 {
			t.Errorf("a query for another group: %+v", v)
		}
		tr.hear("10.0.0.1", &igmp.Message{Type: igmp.Query, Version: 2, Code: 10, Group: group})
		time.Sleep(time.Second)
		tr.See(Seen{Time: time.Now(), Interface: 2, Source: addr("10.0.0.6"), IGMP: &igmp.Message{Type: igmp.ReportV2, Version: 2, Group: group}})
		time.Sleep(3 * time.Second)
		if v := view(); v.Unanswered != 0 || v.Queries != 2 {
			t.Errorf("another host answered in version 2: %+v", v)
		}
		time.Sleep(20 * time.Second)
		if v := view(); !v.Overdue {
			t.Errorf("no query for longer than a membership lives: %+v", v)
		}
		tr.See(Seen{Time: time.Now(), Interface: 2, Source: addr("10.0.0.5"), Outgoing: true, Datagram: netip.AddrPortFrom(group, 5)})
		if v := view(); !v.LastArrival.IsZero() {
			t.Errorf("what this host sends does not come in: %+v", v)
		}
		tr.See(Seen{Time: time.Now(), Interface: 2, Source: addr("10.0.0.6"), Datagram: netip.AddrPortFrom(group, 5)})
		if v := view(); !v.LastArrival.Equal(time.Now()) {
			t.Errorf("a datagram came in: %+v", v)
		}
		if v := tr.View(3, group); v != (View{}) {
			t.Errorf("another interface: %+v", v)
		}
	})
}

// Verify the verdicts, for each state that an interface can be in.
func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(tr *Tracker) []Provocation
		want []string // "status id", those that are neither pass nor skip
		saw  string
	}{
		{"nothing for a moment", func(*Tracker) []Provocation { time.Sleep(time.Minute); return nil }, []string{"unknown igmp.no-querier"}, "too short to tell"},
		{"nothing for long", func(*Tracker) []Provocation { time.Sleep(Patience); return nil }, []string{"warn igmp.no-querier"}, "no query in 2m15s"},
		{"a querier", func(tr *Tracker) []Provocation {
			tr.hear("10.0.0.1", usual())
			tr.say(report(group))
			time.Sleep(time.Minute)
			return nil
		}, nil, "10.0.0.1 asks in version 3, every 2m5s"},
		{"it went away", func(tr *Tracker) []Provocation {
			tr.hear("10.0.0.1", usual())
			tr.say(report(group))
			time.Sleep(256 * time.Second)
			return nil
		}, []string{"fail igmp.no-querier"}, "the querier is gone"},
		{"the host keeps silent", func(tr *Tracker) []Provocation {
			tr.hear("10.0.0.1", usual())
			time.Sleep(12 * time.Second)
			return nil
		}, []string{"fail fw.igmp-drop"}, "1 IGMP queries came and this host reported nothing"},
		{"an election", func(tr *Tracker) []Provocation {
			tr.hear("10.0.0.9", usual())
			time.Sleep(10 * time.Second)
			tr.hear("10.0.0.1", usual())
			tr.say(report(group))
			time.Sleep(125 * time.Second)
			tr.hear("10.0.0.1", usual())
			return nil
		}, nil, "2 queriers spoke, and the others gave way to 10.0.0.1"},
		{"an election that does not work", func(tr *Tracker) []Provocation {
			tr.hear("10.0.0.1", usual())
			time.Sleep(10 * time.Second)
			tr.hear("10.0.0.9", usual())
			tr.say(report(group))
			return nil
		}, []string{"warn igmp.querier-conflict"}, "10.0.0.9 asked at"},
		{"the next one takes over from one that is gone", func(tr *Tracker) []Provocation {
			tr.hear("10.0.0.1", usual())
			time.Sleep(300 * time.Second)
			tr.hear("10.0.0.9", usual())
			tr.say(report(group))
			return nil
		}, nil, "10.0.0.9 asks in version 3"},
		{"their answers do not fit", func(tr *Tracker) []Provocation {
			tr.hear("10.0.0.9", general(3, 60*time.Second, 10*time.Second, 2))
			tr.hear("10.0.0.1", usual())
			tr.say(report(group))
			return nil
		}, []string{"warn igmp.querier-conflict"}, "differ in their interval (2m5s, 1m0s)"},
		{"one that changes its version", func(tr *Tracker) []Provocation {
			tr.hear("10.0.0.1", usual())
			time.Sleep(125 * time.Second)
			tr.hear("10.0.0.1", general(2, 0, 10*time.Second, 0))
			tr.say(report(group))
			return nil
		}, []string{"warn igmp.querier-conflict"}, "10.0.0.1 asked in versions 2 and 3"},
		{"a switch without an address", func(tr *Tracker) []Provocation {
			tr.hear("0.0.0.0", usual())
			tr.say(report(group))
			return nil
		}, nil, "never wins an election"},
		{"provoked, answered", func(tr *Tracker) []Provocation {
			tr.hear("10.0.0.1", &igmp.Message{Type: igmp.Query, Version: 2, Code: 10, Group: addr("233.252.0.1")})
			return []Provocation{{Interface: 2, Group: addr("233.252.0.1"), Asked: time.Now(), Reported: true, LeaveSaid: true}}
		}, nil, "asked about 233.252.0.1 when this host left it"},
		{"provoked, silence", func(*Tracker) []Provocation {
			return []Provocation{{Interface: 2, Group: addr("233.252.0.1"), Reported: true, LeaveSaid: true}}
		}, []string{"unknown igmp.no-querier"}, "nobody asked about 233.252.0.1"},
		{"provoked, and our own firewall drops", func(*Tracker) []Provocation {
			return []Provocation{{Interface: 2, Group: addr("233.252.0.1")}}
		}, []string{"fail igmp.no-report"}, "neither a report nor a leave left it"},
	} {
		synctest.Test(t, func(t *testing.T) {
			tr := NewTracker()
			ps := c.do(tr)
			r := tr.Report(Watch{Interfaces: []mcast.Interface{eth0}, V4: true, Able: true}, host)
			var got, saw []string
			for _, v := range Judge(r, ps, false) {
				if v.Status != verdict.Pass && v.Status != verdict.Skip {
					got = append(got, string(v.Status)+" "+string(v.ID))
				}
				saw = append(saw, v.Saw)
				if v.Subject != "eth0" || v.Title == "" || v.Docs != verdict.DocsPage(v.ID) || v.Evidence == nil || v.Fix == nil || v.CausedBy == nil {
					t.Errorf("%s: an incomplete verdict %+v", c.name, v)
				}
			}
			if !slices.Equal(got, c.want) || !strings.Contains(strings.Join(saw, "\n"), c.saw) {
				t.Errorf("%s: %q, want %q; saw %q, want %q in it", c.name, got, c.want, saw, c.saw)
			}
		})
	}
}

// Verify that silence is a failure beside a bridge of this host that snoops, and
// that a host which fell back to an old version warns though the querier asks in the
// new one.
func TestSnoopingBridgeAndFallBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := NewTracker()
		w := Watch{Interfaces: []mcast.Interface{eth0}, V4: true, Able: true}
		h := Host{Snoops: func(device string) bool { return device == "eth0" }}
		time.Sleep(Patience)
		if vs := Judge(tr.Report(w, h), nil, false); len(vs) != 1 || vs[0].ID != "igmp.no-querier" || vs[0].Status != verdict.Fail {
			t.Errorf("beside a bridge that snoops: %+v", vs)
		}
		tr.hear("10.0.0.1", usual())
		old := Host{Memberships: []Membership{{Interface: 2, Device: "eth0", Group: addr("228.0.0.4"), Users: 1, Version: 2}}}
		vs := Judge(tr.Report(w, old), nil, false)
		if !slices.ContainsFunc(vs, func(v verdict.Verdict) bool { return v.ID == "igmp.version-compat" && v.Status == verdict.Warn }) {
			t.Errorf("fallen back: %+v", vs)
		}
	})
}

// Verify MLD by the values of RFC 3810, and that the lack of a querier is a warning.
func TestMLD(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := NewTracker()
		w := Watch{Interfaces: []mcast.Interface{eth0}, V6: true, Able: true}
		six := Host{Memberships: []Membership{{Interface: 2, Device: "eth0", Group: addr("ff15::4321"), Users: 1}}}
		time.Sleep(Patience)
		for strict, want := range map[bool]verdict.Status{false: verdict.Warn, true: verdict.Warn} {
			if vs := Judge(tr.Report(w, six), nil, strict); len(vs) != 1 || vs[0].ID != "mld.snooping" || vs[0].Status != want {
				t.Errorf("no querier: %+v", vs)
			}
		}
		q := &mld.Message{Type: mld.Query, Version: 2, Group: netip.IPv6Unspecified(), MaxRespCode: mld.MaxRespCode(10 * time.Second), QQIC: mld.IntervalCode(125 * time.Second), QRV: 2}
		tr.See(Seen{Time: time.Now(), Interface: 2, Source: addr("fe80::1"), MLD: q})
		tr.See(Seen{Time: time.Now(), Interface: 2, Source: addr("fe80::5"), Outgoing: true, MLD: &mld.Message{
			Type: mld.ReportV2, Version: 2, Records: []mld.Record{{Type: mld.ModeIsExclude, Group: addr("ff15::4321")}},
		}})
		r := tr.Report(w, six)
		l := r.Links[0]
		if q := l.Elected(r.At); q == nil || q.Lifetime() != 260*time.Second || q.Robustness != 2 || l.Version != 2 {
			t.Errorf("%+v, version %d", q, l.Version)
		}
		if h := l.Memberships[0]; h.AtMost || !h.Expires.Equal(r.At.Add(260*time.Second)) {
			t.Errorf("%+v", h)
		}
		if s := verdict.Summarize(Judge(r, nil, true)); s.Status != verdict.Pass {
			t.Errorf("%+v", s)
		}
	})
}

// Verify what can be said without seeing a message.
func TestUnable(t *testing.T) {
	tr := NewTracker()
	w := Watch{Interfaces: []mcast.Interface{eth0}, V4: true, V6: true}
	old := Host{Memberships: []Membership{{Interface: 2, Device: "eth0", Group: group, Users: 1, Version: 2}}, Counted: map[string]uint64{"eth0": 3}}
	got := map[verdict.ID]verdict.Status{}
	for _, v := range Judge(tr.Report(w, old), nil, false) {
		got[v.ID] = v.Status
	}
	if got["igmp.no-querier"] != verdict.Pass || got["mld.snooping"] != verdict.Pass {
		t.Errorf("version 2 in force, and MLD queries counted: %v", got)
	}
	old.Forced = func(string, bool) uint8 { return 2 }
	old.Counted = nil
	for _, v := range Judge(tr.Report(w, old), nil, false) {
		if v.Status != verdict.Skip {
			t.Errorf("version 2 by a setting proves nothing: %+v", v)
		}
	}
}

// Verify that a flood of made-up queriers and groups is bounded, and told.
func TestFlood(t *testing.T) {
	tr := NewTracker()
	tr.hear("10.0.0.1", usual())
	for i := range 3 * maxGroups {
		a := netip.AddrFrom4([4]byte{239, 1, byte(i >> 8), byte(i)})
		tr.See(Seen{Time: time.Now(), Interface: 2, Source: netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), IGMP: usual()})
		tr.say(report(a))
	}
	r := tr.Report(Watch{Interfaces: []mcast.Interface{eth0}, V4: true, Able: true}, host)
	if len(r.Links[0].Queriers) != maxQueriers || r.Refused == 0 || len(tr.links[linkKey{2, false}].own) != maxGroups {
		t.Errorf("%d queriers, %d refused", len(r.Links[0].Queriers), r.Refused)
	}
}

// Verify that a storm of MLD queries and reports is bounded as one of IGMP is.
func TestFloodOfMLD(t *testing.T) {
	tr := NewTracker()
	for i := range 3 * maxGroups {
		from := netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 14: byte(i >> 8), 15: byte(i)})
		of := netip.AddrFrom16([16]byte{0: 0xff, 1: 0x15, 14: byte(i >> 8), 15: byte(i)})
		tr.See(Seen{Time: time.Now(), Interface: 2, Source: from, MLD: &mld.Message{Type: mld.Query, Version: 2, Group: netip.IPv6Unspecified(), QRV: 2}})
		tr.See(Seen{Time: time.Now(), Interface: 2, Source: from, Outgoing: true, MLD: &mld.Message{
			Type: mld.ReportV2, Version: 2, Records: []mld.Record{{Type: mld.ModeIsExclude, Group: of}},
		}})
	}
	r := tr.Report(Watch{Interfaces: []mcast.Interface{eth0}, V6: true, Able: true}, Host{})
	if len(r.Links[0].Queriers) != maxQueriers || r.Refused == 0 || len(tr.links[linkKey{2, true}].own) != maxGroups {
		t.Errorf("%d queriers, %d refused", len(r.Links[0].Queriers), r.Refused)
	}
}
