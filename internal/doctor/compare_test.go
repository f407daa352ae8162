package doctor

import (
	"net/netip"
	"strings"
	"testing"

	"muster/internal/verdict"
	"muster/routecheck/facts"
	"muster/tribes/release"
	"muster/tribes/serverxml"
)

// side is one node as its server.xml and its facts show it.
func side(t *testing.T, name, membership, receiver, interceptors string, rel release.Release, change func(*facts.Facts)) Source {
	t.Helper()
	addr := "10.77.0.1" + strings.TrimPrefix(name, "n")
	text := `<Server port="8005" shutdown="SHUTDOWN"><Service name="Catalina"><Connector port="8080"/>
<Engine name="Catalina" defaultHost="localhost" jvmRoute="` + name + `"><Host name="localhost" appBase="webapps"/>
<Cluster className="org.apache.catalina.ha.tcp.SimpleTcpCluster"><Channel className="org.apache.catalina.tribes.group.GroupChannel">
<Membership className="org.apache.catalina.tribes.membership.McastService" ` + membership + `/>
<Receiver className="org.apache.catalina.tribes.transport.nio.NioReceiver" address="` + addr + `" ` + receiver + `/>
` + interceptors + `</Channel></Cluster></Engine></Service></Server>`
	f, err := serverxml.Read(serverxml.Source{Name: name + "/server.xml", Data: strings.NewReader(text)}, serverxml.Options{Version: rel})
	if err != nil {
		t.Fatal(err)
	}
	h := &facts.Facts{Version: 1, OS: "linux", Query: facts.DefaultQuery()}
	h.Links = facts.Read([]facts.Link{{Index: 2, Name: "eth0", Flags: 0x1043, MTU: 1500, Type: 1}}, "netlink")
	h.Addrs = facts.Read([]facts.Addr{{Link: 2, Prefix: netip.MustParsePrefix(addr + "/24")}}, "netlink")
	h.ToGroup = facts.Read(facts.RouteAnswer{Link: 2, Src: netip.MustParseAddr(addr)}, "netlink")
	if change != nil {
		change(h)
	}
	return Source{Name: name, File: f, Facts: h, Release: rel}
}

// What differs between two nodes though it must not has its verdict, and nothing else has.
func TestCompareNames(t *testing.T) {
	const (
		group   = `address="228.0.0.4" port="45564" frequency="500" dropTime="3000"`
		plain   = `port="4000"`
		encrypt = `<Interceptor className="org.apache.catalina.tribes.group.interceptors.EncryptInterceptor" encryptionAlgorithm="AES/GCM/NoPadding" encryptionKey="%KEY%"/>`
	)
	key := func(k string) string { return strings.Replace(encrypt, "%KEY%", k, 1) }
	rel := func(s string) release.Release {
		r, err := release.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	newest := rel("10.1.56")
	one := func(interceptors string) Source { return side(t, "n1", group, plain, interceptors, newest, nil) }
	for what, c := range map[string]struct {
		a, b Source
		id   verdict.ID // "" is none
		row  string     // that differs; "" is none
	}{
		"nothing":         {one(""), side(t, "n2", group, plain, "", newest, nil), "", ""},
		"receiver's port": {one(""), side(t, "n2", group, `port="4001"`, "", newest, nil), "", "receiver"},
		"group's port":    {one(""), side(t, "n2", strings.Replace(group, "45564", "45565", 1), plain, "", newest, nil), "sock.port-mismatch", "group"},
		"domain":          {one(""), side(t, "n2", group+` domain="prod"`, plain, "", newest, nil), "config.differs", "domain"},
		"key":             {one(key("000102030405060708090a0b0c0d0e0f")), side(t, "n2", group, plain, key("ff0102030405060708090a0b0c0d0e0f"), newest, nil), "tribes.key-mismatch", "fingerprint of the key"},
		"drop time":       {one(""), side(t, "n2", strings.Replace(group, "3000", "9000", 1), plain, "", newest, nil), "config.differs", "drop time"},
		"MTU":             {one(""), side(t, "n2", group, plain, "", newest, func(f *facts.Facts) { f.Links.Value[0].MTU = 9000 }), "mtu.mismatch", "MTU"},
		"route": {one(""), side(t, "n2", group, plain, "", newest, func(f *facts.Facts) {
			f.Query.Interface = "eth0"
			f.ToGroup.Value = facts.RouteAnswer{Errno: "ENETUNREACH"}
		}), "route.none", "route to the group"},
		"a release of the same line": {one(""), side(t, "n2", group, plain, "", rel("10.1.55"), nil), "", "Tomcat"},
		"another generation":         {one(""), side(t, "n2", group, plain, "", rel("6.0.45"), nil), "config.rolling-update", "Tomcat"},
	} {
		cmp := Compare([]Source{c.a, c.b})
		found, row := false, false
		for _, v := range cmp.Verdicts {
			switch {
			case v.ID == c.id:
				found = true
			case v.Status.Bad():
				t.Errorf("%s: %s %s: %s", what, v.Status, v.ID, v.Saw)
			}
		}
		for _, r := range cmp.Rows {
			if r.Differs {
				row = row || r.What == c.row
				if c.row == "" && r.Must {
					t.Errorf("%s: %s differs: %v", what, r.What, r.Values)
				}
			}
		}
		if c.id != "" && !found || c.row != "" && !row {
			t.Errorf("%s: verdicts %v, rows %+v; want %s and a row %q", what, ids(cmp.Verdicts), cmp.Rows, c.id, c.row)
		}
	}
}

// Files that do not settle what the cluster will do are never called alike, two of them
// neither.
func TestCompareUnsettled(t *testing.T) {
	const sound = `<Server><Service><Engine><Cluster className="org.apache.catalina.ha.tcp.SimpleTcpCluster"/></Engine></Service></Server>`
	read := func(name, text string) Source {
		f, err := serverxml.Read(serverxml.Source{Name: name, Data: strings.NewReader(text)}, serverxml.Options{Version: serverxml.DefaultVersion})
		if err != nil {
			t.Fatal(err)
		}
		return Source{Name: name, File: f}
	}
	for what, text := range map[string]string{
		"no cluster":    `<Server><Service><Engine/></Service></Server>`,
		"cut off":       `<Server><Service><Cluster`,
		"a placeholder": strings.Replace(sound, "/></Engine>", `><Channel className="org.apache.catalina.tribes.group.GroupChannel"><Membership className="org.apache.catalina.tribes.membership.McastService" port="${p}"/></Channel></Cluster></Engine>`, 1),
	} {
		for _, other := range []string{text, sound} {
			unknown := false
			for _, v := range Compare([]Source{read("n1", text), read("n2", other)}).Verdicts {
				unknown = unknown || v.Status == verdict.Unknown
				if v.Status == verdict.Pass {
					t.Errorf("%s: %s %s", what, v.ID, v.Saw)
				}
			}
			if !unknown {
				t.Errorf("%s: nothing says that it cannot be compared", what)
			}
		}
	}
	passed := false
	for _, v := range Compare([]Source{read("n1", sound), read("n2", sound)}).Verdicts {
		passed = passed || v.Status == verdict.Pass
	}
	if !passed {
		t.Error("two sound files that are alike are not called so")
	}
}
