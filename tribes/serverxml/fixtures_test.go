package serverxml

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"muster/internal/verdict"
)

// realHost has a name that resolves to its own address, as it should be.
var realHost = Given{Host: &Host{Name: "n1", Addrs: []netip.Addr{netip.MustParseAddr("10.77.0.11")},
	Local: []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("10.77.0.11")}}}

// Verify the packaged Tomcat 10: as it comes, and with the cluster taken out of
// its comment.
func TestPackagedTomcat(t *testing.T) {
	props := &Properties{}
	if err := props.ReadProperties("catalina.properties", strings.NewReader(testFile("tomcat10-catalina.properties"))); err != nil {
		t.Fatal(err)
	}
	opts := Options{Properties: props}
	want := []string{"config.no-cluster fail 129:7"}
	if got := judge(t, testFile("tomcat10-server.xml"), opts, realHost); !slices.Equal(got, want) {
		t.Errorf("as it comes: %q, want %q", got, want)
	}
	if got := judge(t, testFile("tomcat10-cluster.xml"), opts, realHost); len(got) != 0 {
		t.Errorf("with the cluster: %q, want nothing", got)
	}
	want = []string{"addr.hostname-loopback fail 128:7"}
	if got := judge(t, testFile("tomcat10-cluster.xml"), opts, labHost); !slices.Equal(got, want) {
		t.Errorf("where the host name is a loopback: %q, want %q", got, want)
	}
	app, err := ReadApplication(Source{Name: "context.xml", Data: strings.NewReader(testFile("tomcat10-context.xml"))})
	if err != nil {
		t.Fatal(err)
	}
	if got := lines(Check(nil, Given{Applications: []*Application{app}})); len(got) != 0 {
		t.Errorf("context.xml: %q, want nothing", got)
	}
}

// howTos are the how-to's configurations with what is said to them; and what
// Tomcat 10.1 does.
var howTos = []struct {
	name   string
	want   []string
	starts outcome
	says   string
}{
	{"one-line.xml", nil, starts, ""},
	{"default.xml", []string{"config.jvm-route warn 4:5"}, starts, ""},
	// The how-to gives the BackupManager an attribute of the DeltaManager, and puts
	// the FarmWarDeployer where it cannot work.
	{"backup.xml", []string{"config.attribute warn 7:18", "config.deployer warn 22:9"}, starts, "failed to set property [expireSessionsOnShutdown]"},
	{"tomcat7.xml", []string{"config.jvm-route warn 4:5", "config.legacy fail 17:24", "config.legacy fail 21:26"}, fails, "ClassNotFoundException"},
}

func archive(name string) map[string]string {
	out := map[string]string{}
	for _, f := range txtar.Parse([]byte(testFile(name))).Files {
		out[f.Name] = string(f.Data)
	}
	return out
}

func TestHowTos(t *testing.T) {
	files := archive("howto.txtar")
	for _, h := range howTos {
		if got := judge(t, files[h.name], Options{}, realHost); !slices.Equal(got, h.want) {
			t.Errorf("%s: %q, want %q", h.name, got, h.want)
		}
	}
	if len(files) != len(howTos) {
		t.Errorf("%d files, %d judged", len(files), len(howTos))
	}
}

// Verify that everything the lab writes, with which its Tomcats run, is found
// sound, but for what is meant to be tried there.
func TestLabFiles(t *testing.T) {
	want := map[string][]string{
		"algorithm.xml": {"config.encryption warn 16:148"},
	}
	files := archive("lab.txtar")
	if len(files) != 26 {
		t.Fatalf("%d files", len(files))
	}
	for name, content := range files {
		if got := judge(t, content, Options{}, realHost); !slices.Equal(got, want[name]) {
			t.Errorf("%s: %q, want %q", name, got, want[name])
		}
	}
}

// Verify that a cluster of Tomcat 5 is told in today's words, and what it meant.
func TestTomcat5(t *testing.T) {
	f, err := Read(source(testFile("tomcat5.xml")), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range Check([]*File{f}, Given{}) {
		if x.ID != "config.legacy" && x.ID != "config.filter" {
			t.Errorf("%s %s: %s", x.ID, x.Position, x.Saw)
		}
	}
	s, err := f.Settings()
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%v %s:%d %v %v %s:%d %v", s.Multicast, s.Group, s.Port, s.Frequency, s.DropTime, s.Address, s.TCPPort, s.Options)
	if want := "true 228.0.0.7:45567 400ms 2.5s 10.77.0.11:4001 use_ack|sync_ack"; got != want {
		t.Errorf("settings %s, want %s", got, want)
	}
	if m := f.Clusters[0].Manager; m.Class != deltaManager || m.text("expireSessionsOnShutdown") != "false" {
		t.Errorf("manager %s", m.Class)
	}
}

// Verify that no id is there twice, and that every id of a finding is in the list.
func TestIDs(t *testing.T) {
	known := map[verdict.ID]bool{}
	for _, id := range Checks {
		if known[id] {
			t.Errorf("%s is there twice", id)
		}
		known[id] = true
	}
	seen := map[verdict.ID]bool{}
	for _, c := range brokenFiles {
		for _, w := range c.want {
			seen[verdict.ID(strings.Fields(w)[0])] = true
		}
	}
	for id := range seen {
		if !known[id] {
			t.Errorf("%s is found and not listed", id)
		}
	}
	for _, id := range []verdict.ID{ // found in other tests
		"config.property-overridden", "config.key-exposed", "tribes.key-mismatch", "config.distributable",
		"config.context-manager", "config.session-store", "config.tls", "config.advisory", "config.rolling-update", "sock.port-mismatch", "config.differs", "config.same",
	} {
		seen[id] = true
	}
	for _, id := range Checks {
		if !seen[id] {
			t.Errorf("%s is listed, and no case finds it", id)
		}
	}
}
