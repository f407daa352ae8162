package serverxml

import (
	"fmt"
	"strings"
	"testing"

	"muster/internal/verdict"
	"muster/tribes/release"
)

func releaseOf(t *testing.T, s string) Version {
	t.Helper()
	v, err := release.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// findings reads a file for a release and returns what is found, with its words.
func findings(t *testing.T, content string, opts Options, given Given) []Finding {
	t.Helper()
	f, err := Read(source(content), opts)
	if err != nil {
		t.Fatal(err)
	}
	return Check([]*File{f}, given)
}

// brief is "id status" of each finding that is no skip.
func brief(fs []Finding) string {
	var out []string
	for _, f := range fs {
		if f.Status != verdict.Skip {
			out = append(out, string(f.ID)+" "+string(f.Status))
		}
	}
	return strings.Join(out, ", ")
}

// told is each finding with its words, for an error of a test.
func told(fs []Finding) string {
	var b strings.Builder
	for _, f := range fs {
		fmt.Fprintf(&b, "\n\t%s %s: %s", f.Status, f.ID, f.Saw)
	}
	return b.String()
}

const dispatch15 = "MessageDispatch15Interceptor"

func old(s string) string { return strings.Replace(s, "MessageDispatchInterceptor", dispatch15, 1) }

// Verify what one mistake means in each release: what a real start of it did.
func TestByRelease(t *testing.T) {
	membership := `address="228.0.0.4" port="45564" frequency="500" dropTime="3000"`
	receiver := `address="10.77.0.11" port="4000" autoBind="100" maxThreads="6"`
	for _, c := range []struct {
		name string
		edit func(string) string
		want map[string]string // by release
	}{
		{"sound", nil, map[string]string{"6.0.45": "", "7.0.109": "", "8.0.53": "", "8.5.92": "", "9.0.113": "", "10.0.27": "", "10.1.56": "", "11.0.21": ""}},
		{"names of the membership in 6.0 and 7.0", swap(membership, `mcastAddr="228.0.0.9" mcastPort="45570" mcastTTL="0"`),
			map[string]string{"6.0.13": "ttl.zero fail", "7.0.109": "ttl.zero fail",
				"8.0.53": "config.legacy warn, config.legacy warn, config.legacy warn", "11.0.21": "config.legacy warn, config.legacy warn, config.legacy warn"}},
		{"names of the receiver in 6.0 and 7.0", swap(receiver, `tcpListenAddress="10.77.0.11" tcpListenPort="99999"`),
			map[string]string{"6.0.45": "tribes.receiver-port fail", "7.0.109": "tribes.receiver-port fail", "8.5.92": "config.legacy warn, config.legacy warn"}},
		{"blank bind", swap(membership, membership+` bind=""`), map[string]string{"6.0.45": "config.address fail", "11.0.21": "config.address fail"}},
		{"bind to every address", swap(membership, membership+` bind="0.0.0.0"`), map[string]string{"10.1.56": "config.address fail"}},
		{"bind to the loopback", swap(membership, membership+` bind="::1"`), map[string]string{"10.1.56": "config.address fail"}},
		{"bind to an interface", swap(membership, membership+` bind="enp0s3"`), map[string]string{"10.1.56": "config.address fail"}},
		{"bind to a name", swap(membership, membership+` bind="node-1.example.com"`), map[string]string{"10.1.56": "java.ipv6-stack warn"}},
		{"blank group", swap(`address="228.0.0.4"`, `address=" "`), map[string]string{"9.0.113": "group.invalid fail"}},
		{"receiver without an address", swap(`address="10.77.0.11"`, `address=""`), map[string]string{"9.0.113": "tribes.advertises-loopback fail"}},
		{"receiver on an interface", swap(`address="10.77.0.11"`, `address="eth0.100"`), map[string]string{"9.0.113": "config.address fail"}},
		{"receiver on a group", swap(`address="10.77.0.11"`, `address="228.0.0.4"`), map[string]string{"9.0.113": "config.address fail"}},
		{"bind of the receiver", swap(receiver, `bind="10.77.0.11" port="4000"`), map[string]string{"6.0.45": "config.address fail", "11.0.21": "config.address fail"}},
		{"transport as an attribute", swap(`<Sender `, `<Sender transport="org.apache.catalina.tribes.transport.nio.PooledParallelSender" `,
			`<Transport className="org.apache.catalina.tribes.transport.nio.PooledParallelSender"/>`, ""), map[string]string{"7.0.109": "config.element fail", "11.0.21": "config.element fail"}},
		{"transport as both", swap(`<Sender `, `<Sender transport="x" `), map[string]string{"11.0.21": "config.no-effect warn"}},
		{"an object as an attribute", swap(receiver, receiver+` executor="x"`), map[string]string{"7.0.109": "config.no-effect warn", "11.0.21": "config.no-effect warn"}},
		{"an option by name", swap(`channelSendOptions="8"`, `channelSendOptions="sync,use_ack"`), map[string]string{"8.5.92": "config.value fail", "9.0.1": ""}},
		{"a default in a placeholder", swap(`port="4000"`, `port="${p:-4000}"`), map[string]string{"6.0.45": "config.placeholder warn", "7.0.109": ""}},
		{"the static service", serviceList(memberN("LocalMember", 1), memberN("Member", 2)), map[string]string{"9.0.11": "", "9.0.113": "", "11.0.21": ""}},
		{"TLS", swap(`group.GroupChannel">`, `group.GroupChannel" secure="true" pskIdentity="a" pskKey="`+key16+key16+`">`, receiver, receiver+` securePort="4100"`),
			map[string]string{"11.0.21": "config.attribute warn, config.attribute warn, config.attribute fail", "11.0.30": "", "10.1.62": "config.advisory fail"}},
		{"TLS without a port", swap(`group.GroupChannel">`, `group.GroupChannel" secure="true" pskIdentity="a" pskKey="`+key16+`">`), map[string]string{"11.0.30": "config.tls fail"}},
		{"TLS without an identity", swap(`group.GroupChannel">`, `group.GroupChannel" pskKey="`+key16+`">`), map[string]string{"11.0.30": "config.tls fail"}},
		{"TLS in clear", swap(`group.GroupChannel">`, `group.GroupChannel" pskIdentity="a" pskKey="`+key16+`">`, receiver, receiver+` securePort="4100"`), map[string]string{"11.0.30": "config.tls warn"}},
		{"TLS of another digest", swap(`group.GroupChannel">`, `group.GroupChannel" secure="true" pskIdentity="a" pskProtocol="TLSv1.2" pskDigest="SHA384" pskKey="`+key16+`">`, receiver, receiver+` securePort="4100"`),
			map[string]string{"11.0.29": "config.tls warn"}},
		{"encryption", encrypt(`encryptionKey="` + key16 + `"`), map[string]string{"6.0.45": "config.class fail", "7.0.109": "config.advisory warn",
			"11.0.20": "config.advisory fail", "10.1.53": "config.advisory fail", "11.0.21": "", "11.0.30": ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for r, want := range c.want {
				content := testFile("base.xml")
				if c.edit != nil {
					content = c.edit(content)
				}
				v := releaseOf(t, r)
				if !v.AtLeast("8.5") {
					content = old(content)
				}
				got := findings(t, content, Options{Version: v}, Given{})
				if s := brief(got); s != want {
					t.Errorf("%s: %q, want %q", r, s, want)
				}
				for _, f := range got {
					if strings.Contains(f.Saw, key16) {
						t.Errorf("%s shows a key", f.ID)
					}
				}
			}
		})
	}
}

// Verify that a file is read for the Tomcat whose classes it names.
func TestGuess(t *testing.T) {
	base := testFile("base.xml")
	for content, want := range map[string]string{
		base: "10.1", old(base): "8.0", testFile("tomcat5.xml"): "5.5",
		strings.Replace(base, "nio.PooledParallelSender", "bio.PooledMultiSender", 1):         "9.0",
		strings.Replace(base, "ClusterSessionListener", "JvmRouteSessionIDBinderListener", 1): "7.0",
		strings.Replace(base, "DeltaManager", "NoSuchManager", 1):                             "10.1",
	} {
		f, err := Read(source(content), Options{Guess: true})
		if err != nil || f.Tomcat != want || f.Guessed != (want != "10.1") {
			t.Errorf("%v, %v, want %s", f.Tomcat, err, want)
		}
	}
}

// Verify that a file of 5.5 is right for 5.5, and is read.
func TestTomcat5ForItself(t *testing.T) {
	f, err := Read(source(testFile("tomcat5.xml")), Options{Version: releaseOf(t, "5.5.15")})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range Check([]*File{f}, Given{}) {
		if x.Status == verdict.Fail {
			t.Errorf("%s %s: %s", x.ID, x.Position, x.Saw)
		}
	}
	c := f.Clusters[0]
	if v, _ := c.Membership.Attribute("address"); !v.Set() || !c.multicast() || !strings.HasPrefix(c.Membership.Class, legacyClusterPackage) {
		t.Errorf("membership %s, address %+v", c.Membership.Class, v)
	}
}

func TestFarmFolders(t *testing.T) {
	in := func(attrs string) func(string) string {
		return func(s string) string {
			cluster := strings.Replace(baseCluster, listenerLine, `<Deployer className="org.apache.catalina.ha.deploy.FarmWarDeployer" tempDir="/tmp/t" `+attrs+`/>`+"\n"+listenerLine, 1)
			return swap(baseCluster, "", `unpackWARs="false"/>`, `unpackWARs="false">`+"\n"+cluster+"</Host>")(s)
		}
	}
	for attrs, want := range map[string]string{
		`deployDir="/tmp/war-deploy/" watchDir="/tmp/w" watchEnabled="true"`:          "config.deployer fail",
		`deployDir="/tmp/war-deploy/" watchDir="/tmp/w"`:                              "",
		`deployDir="webapps" watchDir="/tmp/w" watchEnabled="true"`:                   "",
		`deployDir="${catalina.base}/webapps/" watchDir="/tmp/w" watchEnabled="true"`: "",
		`deployDir="/opt/tomcat/webapps" watchDir="/tmp/w" watchEnabled="true"`:       "",
		`deployDir="webapps" watchDir="${catalina.base}/webapps" watchEnabled="true"`: "config.deployer fail",
		`deployDir="webapps" watchDir="" watchEnabled="true"`:                         "config.deployer fail",
		`deployDir="${elsewhere}/webapps" watchDir="/tmp/w" watchEnabled="true"`:      "config.placeholder warn",
	} {
		if got := brief(findings(t, in(attrs)(testFile("base.xml")), Options{}, Given{})); got != want {
			t.Errorf("%s: %q, want %q", attrs, got, want)
		}
	}
}

func TestSessionStores(t *testing.T) {
	read := func(content string) *Application {
		a, err := ReadApplication(Source{Name: "context.xml", Data: strings.NewReader(content)})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	none := "<Server><Service><Engine name='Catalina'/></Service></Server>"
	for manager, want := range map[string]string{
		`<Manager className='org.redisson.tomcat.RedissonSessionManager' configPath='${catalina.base}/redisson.yaml' readMode='REDIS' keyPrefix='shop'/>`:                                              "Redisson, which keeps each session in Redis",
		`<Valve className='com.orangefunction.tomcat.redissessions.RedisSessionHandlerValve'/><Manager className='com.orangefunction.tomcat.redissessions.RedisSessionManager' host='redis'/>`:         "tomcat-redis-session-manager, which keeps each session in Redis",
		`<Manager className='de.javakaffee.web.msm.MemcachedBackupSessionManager' memcachedNodes='n1:10.0.0.1:11211' sticky='false' requestUriIgnorePattern='.*\.(png|css)$'/>`:                        "memcached-session-manager, which writes each session to memcached",
		`<Manager className='com.hazelcast.session.HazelcastSessionManager' sticky='false' mapName='default'/>`:                                                                                        "in a Hazelcast map",
		`<Manager className='org.wildfly.clustering.tomcat.hotrod.HotRodManager' configurationName='x' maxActiveSessions='100'/>`:                                                                      "in an Infinispan cache (Hot Rod)",
		`<Manager className='org.infinispan.tomcat.InfinispanSessionManager'/>`:                                                                                                                        "in an Infinispan cache",
		`<Manager className='org.springframework.session.tomcat.Manager'/>`:                                                                                                                            "Spring Session, which keeps each session in its own repository",
		`<Manager className='com.example.ZookeeperManager'/>`:                                                                                                                                          "ZookeeperManager",
		`<Manager className='org.apache.catalina.session.PersistentManager' maxIdleBackup='60'><Store className='org.apache.catalina.session.FileStore'/></Manager>`:                                   "the application's work folder, which no other node has",
		`<Manager className='org.apache.catalina.session.PersistentManager'><Store className='org.apache.catalina.session.FileStore' directory='sessions'/></Manager>`:                                 "in sessions below the application's work folder",
		`<Manager className='org.apache.catalina.session.PersistentManager'><Store className='org.apache.catalina.session.FileStore' directory='/mnt/shared'/></Manager>`:                              "in files, in /mnt/shared. Two nodes share them only where that is one folder for both",
		`<Manager className='org.apache.catalina.session.PersistentManager'><Store className='org.apache.catalina.session.JDBCStore' sessionTable='s' connectionURL='jdbc:postgresql://x'/></Manager>`: "in a table of a database (JDBCStore)",
		`<Manager className='org.apache.catalina.session.PersistentManager'><Store className='org.apache.catalina.session.DataSourceStore' dataSourceName='jdbc/s'/></Manager>`:                        "in a table of a database (DataSourceStore)",
	} {
		got := findings(t, none, Options{}, Given{Applications: []*Application{read("<Context>" + manager + "</Context>")}})
		store := false
		for _, f := range got {
			store = store || f.ID == "config.session-store" && strings.Contains(f.Saw, want)
			if strings.Contains(f.Saw, "shares no session with anybody") || f.Status == verdict.Fail {
				t.Errorf("%s: %s %s", manager, f.ID, f.Saw)
			}
		}
		if !store {
			t.Errorf("%s: nothing names %s: %v", manager, want, got)
		}
		if got := brief(findings(t, "<Server><Service><Engine name='Catalina'><Host name='h'><Context>"+manager+"</Context></Host></Engine></Service></Server>", Options{}, Given{})); strings.Contains(got, "no-cluster fail") {
			t.Errorf("%s in a server.xml: %s", manager, got)
		}
	}
}

// TestNoSharedStore: managers that keep the sessions on the node, with a cluster and without.
func TestNoSharedStore(t *testing.T) {
	for context, want := range map[string]string{
		`<Context><Manager pathname=""/></Context>`:                                                                    "config.context-manager fail",
		`<Context><Manager className="org.apache.catalina.session.StandardManager"/></Context>`:                        "config.context-manager fail",
		`<Context><Manager className="org.apache.catalina.session.PersistentManager" saveOnRestart="true"/></Context>`: "config.session-store fail",
		`<Context path="/x"><WatchedResource>WEB-INF/web.xml</WatchedResource></Context>`:                              "",
	} {
		a, err := ReadApplication(source(context))
		if err != nil {
			t.Fatal(err)
		}
		if got := brief(findings(t, testFile("base.xml"), Options{}, Given{Applications: []*Application{a}})); got != want {
			t.Errorf("%s: %q, want %q", context, got, want)
		}
	}
}

// TestSessionFilters: products that put their sessions before Tomcat's by a filter.
func TestSessionFilters(t *testing.T) {
	for filter, want := range map[string]string{
		"<filter><filter-name>springSessionRepositoryFilter</filter-name><filter-class>org.springframework.web.filter.DelegatingFilterProxy</filter-class></filter>": "Spring Session",
		"<filter><filter-name>x</filter-name><filter-class>\n com.hazelcast.web.WebFilter\n</filter-class></filter>":                                                 "Hazelcast's web filter",
		"<filter><filter-name>x</filter-name><filter-class>org.springframework.web.filter.DelegatingFilterProxy</filter-class></filter>":                             "",
	} {
		a, err := ReadApplication(source("<web-app>" + filter + "</web-app>"))
		if err != nil {
			t.Fatal(err)
		}
		got := findings(t, "<Server><Service><Engine name='Catalina'/></Service></Server>", Options{}, Given{Applications: []*Application{a}})
		told, failed := "", false
		for _, f := range got {
			if f.ID == "config.session-store" {
				told = f.Saw
			}
			failed = failed || f.Status == verdict.Fail
		}
		if failed != (want == "") || !strings.Contains(told, want) {
			t.Errorf("%s: %q, failed %v; want %q", filter, told, failed, want)
		}
	}
}

// TestStoreIsShared: a FileStore on a local file system is no store of several nodes.
func TestStoreIsShared(t *testing.T) {
	a, err := ReadApplication(source(`<Context><Manager className="org.apache.catalina.session.PersistentManager"><Store className="org.apache.catalina.session.FileStore" directory="/mnt/s"/></Manager></Context>`))
	if err != nil {
		t.Fatal(err)
	}
	for want, fs := range map[string]func(string) (string, bool, bool){
		"on nfs4, which other nodes can mount too":              func(string) (string, bool, bool) { return "nfs4", true, true },
		"on ext4, a local file system: no other node has it":    func(string) (string, bool, bool) { return "ext4", false, true },
		"its members, farm deployment and single sign-on go on": func(string) (string, bool, bool) { return "fuse.x", false, false },
	} {
		got := Check(nil, Given{Applications: []*Application{a}, FileSystem: fs})
		if len(got) != 1 || !strings.HasSuffix(got[0].Saw, want) {
			t.Errorf("%v, want %q", got, want)
		}
	}
}

func TestCloud(t *testing.T) {
	cloud := func(attrs string) string {
		s := testFile("base.xml")
		i := strings.Index(s, "          <Membership ")
		j := i + strings.Index(s[i:], "/>\n")
		return s[:i] + `<Membership className="org.apache.catalina.tribes.membership.cloud.CloudMembershipService" ` + attrs + s[j:]
	}
	for attrs, want := range map[string]string{
		``: "", `membershipProviderClassName="dns"`: "", `membershipProviderClassName="com.example.Provider"`: "",
		`membershipProviderClassName="k8s"`: "config.class fail", `memberShipProviderClass="dns"`: "config.attribute warn", `connectTimeout="-1"`: "config.value fail",
	} {
		if got := brief(findings(t, cloud(attrs), Options{Version: releaseOf(t, "11.0.21")}, Given{})); got != want {
			t.Errorf("%s: %q, want %q", attrs, got, want)
		}
	}
	if got := brief(findings(t, cloud(""), Options{Version: releaseOf(t, "9.0.116")}, Given{})); got != "config.advisory warn" {
		t.Errorf("9.0.116 writes the token into the log: %q", got)
	}
}

func TestRollingUpdate(t *testing.T) {
	for _, c := range []struct{ from, to, edit, want string }{
		{"10.1.56", "10.1.60", "", "config.rolling-update pass"}, {"10.1.55", "10.1.56", "", "config.rolling-update pass"},
		{"10.1.55", "10.1.56", "encrypt", "config.rolling-update fail"}, {"6.0.45", "11.0.21", "", "config.rolling-update fail, config.rolling-update fail, config.rolling-update warn"},
		{"9", "9", "", "config.rolling-update unknown"},
	} {
		content := testFile("base.xml")
		if c.edit != "" {
			content = encrypt(`encryptionKey="` + key16 + `"`)(content)
		}
		f, err := Read(source(content), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := brief(RollingUpdate([]*File{f}, releaseOf(t, c.from), releaseOf(t, c.to))); got != c.want {
			t.Errorf("%s to %s: %q, want %q", c.from, c.to, got, c.want)
		}
	}
}

// Verify that encodings of the field are read, a <Cluster> by itself is judged, and
// what is no XML is told what it is.
func TestFilesOfTheField(t *testing.T) {
	base := testFile("base.xml")
	for encoding, comment := range map[string]string{"EUC-KR": "\xc5\xac\xb7\xaf", "GBK": "\x81\x5c\xd6\xd0", "Shift_JIS": "\x83\x5c\xb1"} {
		content := strings.Replace(base, `encoding="UTF-8"?>`, `encoding="`+encoding+`"?><!-- `+comment+` -->`, 1)
		if got := brief(findings(t, content, Options{}, Given{})); got != "" {
			t.Errorf("%s: %q", encoding, got)
		}
	}
	if got := brief(findings(t, baseCluster, Options{}, Given{})); got != "" {
		t.Errorf("a <Cluster> alone: %q", got)
	}
	got := findings(t, "spring.application.name=x\n", Options{}, Given{})
	if len(got) != 1 || !strings.Contains(got[0].Saw, "embedded") {
		t.Errorf("no XML: %v", got)
	}
	a, err := ReadApplication(source("<web-fragment/>"))
	if err != nil {
		t.Fatal(err)
	}
	if got := brief(a.check(Given{})); got != "config.distributable fail" {
		t.Errorf("a fragment: %q", got)
	}
}

// Verify that what TLS needs to be equal on two nodes is compared, and no key shown.
func TestCompareTLS(t *testing.T) {
	node := func(n, attrs string) *File {
		s := strings.Replace(testFile("base.xml"), `group.GroupChannel">`, `group.GroupChannel" `+attrs+`>`, 1)
		s = strings.NewReplacer("10.77.0.11", "10.77.0.1"+n, `jvmRoute="n1"`, `jvmRoute="n`+n+`"`, `maxThreads="6"`, `maxThreads="6" securePort="4100"`).Replace(s)
		f, err := Read(Source{Name: "n" + n, Data: strings.NewReader(s)}, Options{Version: releaseOf(t, "11.0.30")})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	other := strings.Replace(key16, key16[:2], "ff", 1)
	sound := `secure="true" pskIdentity="a" pskKey="` + key16 + `"`
	for attrs, want := range map[string]string{
		sound: "", strings.Replace(sound, key16, other, 1): "tribes.key-mismatch fail", strings.Replace(sound, `"a"`, `"b"`, 1): "tribes.key-mismatch fail",
		sound + ` pskProtocol="TLSv1.2"`: "tribes.key-mismatch fail",
	} {
		got := Check([]*File{node("1", sound), node("2", attrs)}, Given{})
		if s := brief(got); s != want {
			t.Errorf("%s: %q, want %q", attrs, s, want)
		}
		for _, f := range got {
			if strings.Contains(f.Saw, key16) || strings.Contains(f.Saw, other) {
				t.Errorf("a key is shown: %s", f.Saw)
			}
		}
	}
}

// Verify that a switch of Tomcat 5 is not proposed as a number of today.
func TestWaitForAck(t *testing.T) {
	for _, f := range findings(t, swap(`channelSendOptions="8"`, `waitForAck="true"`)(testFile("base.xml")), Options{}, Given{}) {
		for _, fix := range f.Fix {
			if strings.Contains(fix, `="true"`) {
				t.Errorf("%s: %s", f.ID, fix)
			}
		}
	}
}
