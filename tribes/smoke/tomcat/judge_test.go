package tomcat

import (
	"strings"
	"testing"
	"time"

	"muster/internal/verdict"
)

// good are facts of two Tomcats between which a session did not arrive although
// all is well with each.
func good() Facts {
	node := func(name, host string) NodeFacts {
		return NodeFacts{
			Name: name, URL: "http://" + host + ":8080/app", Heard: true, Receiver: host + ":4000", Reached: true, CountsUs: true,
			Examined: true, Seen: 2, Sent: 2, Asked: true, Manager: deltaManager, Route: strings.ToLower(name), Cookie: defaultCookie,
			Clock: clock{Known: true, Slack: 500 * time.Millisecond},
		}
	}
	return Facts{
		Nodes: []NodeFacts{node("A", "10.0.0.1"), node("B", "10.0.0.2")}, Joined: true, Group: "228.0.0.4:45564", Interface: "eth0",
		Failed: true, From: 0, To: 1, Lost: true,
	}
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault func(*Facts)
		half  Half
		cause verdict.ID
		says  string
	}{
		{"B is not heard", func(f *Facts) { f.Nodes[1].Heard = false }, NoMembers, idMembers, "no heartbeat of B comes in group 228.0.0.4:45564 on eth0, those of A do"},
		{"B is not heard and has a receiver", func(f *Facts) { f.Nodes[1].Heard, f.Nodes[1].Open = false, "10.0.0.2:4000" }, NoMembers, idMembers, "multicast does not get through"},
		{"nobody is heard", func(f *Facts) { f.Nodes[0].Heard, f.Nodes[1].Heard = false, false }, NoMembers, idMembers, "no heartbeat of any Tomcat"},
		{"domains", func(f *Facts) { f.Nodes[1].Domain = "test" }, NoMembers, idDomain, `domain "test"`},
		{"A is deaf", func(f *Facts) { f.Nodes[0].CountsUs = false }, NoMembers, idOneWay, "multicast does not get to A"},
		{"B's port", func(f *Facts) { f.Nodes[1].Reached, f.Nodes[1].ReachErr = false, "timeout" }, NoReplication, idHalfOpen, "10.0.0.2:4000 does not answer: timeout"},
		{"A's port", func(f *Facts) { f.Nodes[0].Reached = false }, NoReplication, idHalfOpen, "10.0.0.1:4000"},
		{"not distributable on both", func(f *Facts) {
			for i := range f.Nodes {
				f.Nodes[i].Manager, f.Nodes[i].Seen, f.Nodes[i].Sent = noManager, 0, 0
			}
		}, NotServed, idDistributable, "on A and B"},
		{"not distributable on B", func(f *Facts) { f.Nodes[1].Manager, f.Nodes[1].Seen = noManager, 0 }, NotServed, idDistributable, "on B"},
		{"clocks", func(f *Facts) {
			for i := range f.Nodes {
				f.Nodes[i].Sealed = true
			}
			f.Nodes[1].Clock.Ahead = -time.Minute
		}, NotServed, idClock, "1m0s apart"},
		{"keys, and no key of ours", func(f *Facts) {
			for i := range f.Nodes {
				n := &f.Nodes[i]
				n.Sealed, n.Seen, n.Asked, n.Manager = true, 0, false, silentManager
			}
		}, NoReplication, idKey, "--encryption-key-file"},
		{"B's key", func(f *Facts) {
			f.Key = true
			f.Nodes[0].Sealed = true
			f.Nodes[1].Sealed, f.Nodes[1].Seen, f.Nodes[1].Manager = true, 0, silentManager
		}, NoReplication, idKey, "of A open with the key that was given, those of B do not"},
		{"only A encrypts", func(f *Facts) { f.Nodes[0].Sealed, f.Nodes[0].Seen = true, 0 }, NoReplication, idKey, "A encrypts its messages, B does not"},
		{"cookies", func(f *Facts) { f.Nodes[1].Holds, f.Nodes[1].Cookie = true, "SID" }, NotServed, idServed, "in a cookie SID"},
		{"race", func(f *Facts) { f.Nodes[1].Holds, f.Lost, f.Behind = true, false, true }, NotServed, idServed, "overtakes the creation"},
		{"routes", func(f *Facts) {
			f.Routes, f.Lost, f.Error = true, false, "both have n1"
			f.Nodes[1].Route = f.Nodes[0].Route
		}, NotServed, idSame, "both have n1"},
		{"no route", func(f *Facts) { f.Routes, f.Nodes[1].Route = true, "" }, NotServed, idRoute, ""},
		{"nothing to be seen", func(*Facts) {}, NoReplication, idReplication, "muster tribes probe"},
		{"A is dead", func(f *Facts) { f.Nodes[0].Down, f.Nodes[0].Heard, f.Nodes[0].Reached = true, false, false }, NoReplication, idReplication, ""},
		{"muster's session", func(f *Facts) { f.From = itself; f.Nodes[1].Manager, f.Nodes[1].Seen = noManager, 0 }, NotServed, idDistributable, "on B"},
		{"HTTP alone", func(f *Facts) { f.Joined = false }, "", "", "by HTTP alone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := good()
			c.fault(&f)
			half, vs := Judge(f)
			if half != c.half {
				t.Errorf("half %q, want %q: %+v", half, c.half, vs)
			}
			if causes := verdict.Causes(vs); c.cause != "" && (len(causes) != 1 || causes[0] != c.cause) {
				t.Errorf("causes %v, want %s", causes, c.cause)
			}
			text := ""
			for _, v := range vs {
				text += v.Saw + " " + strings.Join(v.Fix, " ") + "\n"
				if _, ok := verdict.Find(v.ID); !ok || v.Title == "" {
					t.Errorf("verdict %q has no page or no title", v.ID)
				}
			}
			if !strings.Contains(text, c.says) {
				t.Errorf("it says %q, want %q", text, c.says)
			}
		})
	}
}

// What is not broken and still worth a word.
func TestJudgeWarns(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault func(*Facts)
		id    verdict.ID
	}{
		{"all well", func(*Facts) {}, ""},
		{"clocks", func(f *Facts) { f.Nodes[1].Clock.Ahead = 5 * time.Second }, idClock},
		{"clocks within what Date tells", func(f *Facts) { f.Nodes[1].Clock.Ahead = 2 * time.Second }, ""},
		{"static membership", func(f *Facts) { f.Nodes[0].Heard, f.Nodes[1].Heard = false, false }, idMembers},
		{"a firewall for us", func(f *Facts) { f.Nodes[1].Reached = false }, idHalfOpen},
		{"race", func(f *Facts) { f.Overtaken = 1 }, idServed},
	} {
		f := good()
		f.Failed, f.Lost = false, false
		c.fault(&f)
		half, vs := Judge(f)
		if half != "" || (c.id == "") != (len(vs) == 0) || c.id != "" && (vs[0].ID != c.id || vs[0].Status != verdict.Warn) {
			t.Errorf("%s: %q %+v", c.name, half, vs)
		}
	}
}

func TestFindCounter(t *testing.T) {
	bodies := func(all ...string) (ps []page) {
		for _, b := range all {
			ps = append(ps, page{Body: b})
		}
		return ps
	}
	for _, c := range []struct {
		name  string
		pages []page
		body  string
		want  int // in body; -1 for no counter
	}{
		{"the smallest", bodies("t=1000 n=7;", "t=1001 n=8;", "t=1002 n=9;"), "t=5 n=12;", 12},
		{"by what stands before it", bodies("node 1: 4", "node 1: 5", "node 1: 6"), "node 22: 31", 31},
		{"none", bodies("a 1", "a 1", "a 1"), "", -1},
		{"other shape", bodies("a 1", "a 2 3", "a 3"), "", -1},
		{"no numbers", bodies("", "", ""), "", -1},
		{"no UTF-8", bodies("\xff\xfe 1", "\xff\xfe 2", "\xff\xfe 3"), "", -1},
		{"too large", bodies("99999999999999999999 a", "99999999999999999999 a", "99999999999999999999 a"), "", -1},
	} {
		re := findCounter(c.pages)
		if (re == nil) != (c.want < 0) {
			t.Errorf("%s: %v", c.name, re)
			continue
		}
		if re != nil {
			a := App{Counter: re}
			if n, ok := a.read(c.body); !ok || n != c.want {
				t.Errorf("%s: %v reads %d %v, want %d", c.name, re, n, ok, c.want)
			}
		}
	}
}

func FuzzRecognize(f *testing.F) {
	f.Add("n=1", "n=2", "n=3")
	f.Add("name=dataname name=datavalue", "\xff1", "(1")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		app := recognize([]page{{Body: a}, {Body: a}, {Body: b}, {Body: c}})
		if app.Counter != nil {
			app.read(a)
		}
		if err := app.Check(); err != nil {
			t.Fatal(err)
		}
	})
}
