//go:build accuracy

package interop

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/tomcat"
)

// fault is one that is made between or on two real Tomcats, n1 and n2, and what the
// doctor of either must name first.
type fault struct {
	what string
	cfg  [2]tomcat.Config
	dual bool
	// apart: the two never find each other, so nobody waits for that.
	apart bool
	make  func(t *testing.T, l *netlab.Lab, s [2]*tomcat.Server)
	// want are the ids that name the cause, none for a healthy cluster; network: either
	// node may name it, else n2 must.
	want    []string
	network bool
}

func both(c tomcat.Config) [2]tomcat.Config      { return [2]tomcat.Config{c, c} }
func onTwo(c tomcat.Config) [2]tomcat.Config     { return [2]tomcat.Config{{}, c} }
func unlike(a, b tomcat.Config) [2]tomcat.Config { return [2]tomcat.Config{a, b} }

const (
	keyA = "cafebabecafebabecafebabecafebabe"
	keyB = "0123456789abcdef0123456789abcdef"
)

func command(on func(ctx context.Context, name string, args ...string) *netlab.Cmd, t *testing.T, script string) {
	t.Helper()
	if out, err := on(t.Context(), "sh", "-ec", script).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", script, err, out)
	}
}

func onHost(n int, script string) func(*testing.T, *netlab.Lab, [2]*tomcat.Server) {
	return func(t *testing.T, l *netlab.Lab, _ [2]*tomcat.Server) {
		t.Helper()
		command(l.Host(n).Command, t, script)
	}
}

func onSwitch(script string) func(*testing.T, *netlab.Lab, [2]*tomcat.Server) {
	return func(t *testing.T, l *netlab.Lab, _ [2]*tomcat.Server) {
		t.Helper()
		command(l.Switch().Command, t, script)
	}
}

const input = "nft add table inet f; nft add chain inet f i '{ type filter hook input priority 0; }'; nft add rule inet f i "

var accuracyFaults = []fault{
	{what: "healthy: DeltaManager"},
	{what: "healthy: BackupManager", cfg: both(tomcat.Config{Manager: "backup"})},
	{what: "healthy: encrypted", cfg: both(tomcat.Config{EncryptionKey: keyA})},
	{what: "healthy: a domain, and acks", cfg: both(tomcat.Config{Domain: "prod", Options: "6"})},
	{what: "healthy: a switch that snoops, with a querier", make: func(_ *testing.T, l *netlab.Lab, _ [2]*tomcat.Server) { l.Switch().SnoopWithQuerier() }},

	{what: "n2 advertises 127.0.0.1", cfg: onTwo(tomcat.Config{Address: "127.0.0.1"}), apart: true, want: []string{"tribes.advertises-loopback", "addr.hostname-loopback", "config.address"}},
	{what: "the firewall of n2 drops UDP 45564", make: onHost(2, input+"udp dport 45564 drop"), want: []string{"fw.input-drop"}},
	{what: "the firewall of n2 drops TCP 4000", make: onHost(2, input+"iifname eth0 tcp dport 4000 drop"), want: []string{"tribes.half-open"}},
	{what: "the network drops TCP 4000 on the way to n2", make: func(_ *testing.T, l *netlab.Lab, _ [2]*tomcat.Server) {
		l.Switch().Drop(l.Host(2), netlab.Traffic{Protocol: "tcp", Port: 4000})
	}, want: []string{"tribes.half-open"}, network: true},
	{what: "the network drops the heartbeats on the way to n2", make: func(_ *testing.T, l *netlab.Lab, _ [2]*tomcat.Server) {
		l.Switch().Drop(l.Host(2), netlab.Traffic{Protocol: "udp", Port: 45564})
	}, want: []string{"tribes.one-way", "switch.unregistered-drop"}},
	{what: "n2 has no route for the group", make: func(_ *testing.T, l *netlab.Lab, _ [2]*tomcat.Server) { l.Host(2).NoRoute() }, want: []string{"route.none"}},
	{what: "the group's route of n2 goes to its other network", dual: true, make: func(_ *testing.T, l *netlab.Lab, _ [2]*tomcat.Server) { l.Host(2).WrongInterface() },
		want: []string{"route.wrong-interface", "route.join-send-split", "sock.join-interface"}},
	{what: "eth0 of n2 has no MULTICAST flag", make: func(_ *testing.T, l *netlab.Lab, _ [2]*tomcat.Server) { l.Host(2).NoMulticast() }, want: []string{"iface.multicast-flag"}},
	{what: "the MTU of n2 is 9000, that of all else 1500", make: onHost(2, "ip link set eth0 mtu 9000"), want: []string{"mtu.mismatch"}, network: true},
	{what: "large TCP packets to n2 get lost", make: func(t *testing.T, l *netlab.Lab, s [2]*tomcat.Server) {
		onSwitch("nft add table netdev f; nft add chain netdev f e '{ type filter hook egress device n2 priority 0; }'; nft add rule netdev f e ip protocol tcp meta length '>' 1000 drop")(t, l, s)
		for range 3 {
			if _, err := s[0].Request("blob=b=20000", ""); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(4 * time.Second) // the kernel tries again after 0.2, 0.6, 1.4 and 3 s
	}, want: []string{"mtu.mismatch", "mtu.fragment-loss"}, network: true},
	{what: "n1 is cut off", make: func(_ *testing.T, l *netlab.Lab, _ [2]*tomcat.Server) { l.Switch().Partition(l.Host(1)) }, want: []string{"mesh.cut", "tribes.one-way"}, network: true},
	{what: "20 % of the packets of n2 get lost, both ways", make: func(_ *testing.T, l *netlab.Lab, _ [2]*tomcat.Server) { l.Switch().Loss(l.Host(2), 20, netlab.Both) },
		want: []string{"mesh.loss", "tribes.drop-time"}, network: true},
	{what: "packets to and from n2 take 800 ms", make: func(_ *testing.T, l *netlab.Lab, _ [2]*tomcat.Server) {
		l.Switch().Delay(l.Host(2), netlab.Impairment{Delay: 800 * time.Millisecond})
	}, want: []string{"mesh.delay", "tribes.load"}, network: true},
	{what: "Tomcat n2 stands still (SIGSTOP)", make: func(_ *testing.T, _ *netlab.Lab, s [2]*tomcat.Server) { s[1].Pause(); time.Sleep(5 * time.Second) }, want: []string{"tribes.gc-pause"}, network: true},
	{what: "a switch that snoops, and its querier is gone", make: func(_ *testing.T, l *netlab.Lab, _ [2]*tomcat.Server) {
		l.Switch().SnoopWithoutQuerier(5 * time.Second)
		time.Sleep(8 * time.Second)
	}, want: []string{"igmp.no-querier"}, network: true},
	{what: "a querier, and the firewall of n2 drops IGMP", make: func(t *testing.T, l *netlab.Lab, s [2]*tomcat.Server) {
		l.Switch().SnoopWithQuerier()
		onHost(2, input+"ip protocol igmp drop")(t, l, s)
		time.Sleep(6 * time.Second)
	}, want: []string{"fw.igmp-drop"}},
	{what: "the ports of n1 and n2 are isolated from each other", make: onSwitch("bridge link set dev n1 isolated on; bridge link set dev n2 isolated on"), want: []string{"switch.isolation", "mesh.cut"}, network: true},
	{what: "n2's group is 228.0.0.5", cfg: onTwo(tomcat.Config{Group: "228.0.0.5"}), apart: true, want: []string{"config.differs", "tribes.two-clusters", "sock.port-mismatch"}, network: true},
	{what: "n2's heartbeats go to port 45565", cfg: onTwo(tomcat.Config{GroupPort: 45565}), apart: true, want: []string{"config.differs", "tribes.two-clusters", "sock.port-mismatch"}, network: true},
	{what: "the domains are prod and Prod", cfg: unlike(tomcat.Config{Domain: "prod"}, tomcat.Config{Domain: "Prod"}), apart: true, want: []string{"config.differs", "tribes.domain-filter"}, network: true},
	{what: "the keys differ", cfg: unlike(tomcat.Config{EncryptionKey: keyA}, tomcat.Config{EncryptionKey: keyB}), apart: true, want: []string{"config.differs", "tribes.key-mismatch"}, network: true},
	{what: "only n2 encrypts", cfg: onTwo(tomcat.Config{EncryptionKey: keyA}), apart: true, want: []string{"config.differs", "tribes.key-mismatch"}, network: true},
	{what: "n2 sends a heartbeat each 5 s, and is dropped after 3", cfg: onTwo(tomcat.Config{Frequency: 5 * time.Second}), apart: true, want: []string{"config.differs", "tribes.drop-time"}, network: true},
	{what: "channelSendOptions are 8 and 6", cfg: onTwo(tomcat.Config{Options: "6"}), want: []string{"config.differs"}, network: true},
	{what: "the jvmRoutes are the same", cfg: onTwo(tomcat.Config{Route: "n1"}), want: []string{"config.same", "config.jvm-route"}, network: true},
	{what: "n2's web.xml has no distributable", cfg: onTwo(tomcat.Config{NotDistributable: true}), want: []string{"config.distributable"}},
}

// TestDoctorAccuracy makes each fault with real Tomcats and asks the doctor of both
// nodes at the same time. make accuracy runs it and writes docs/accuracy.md.
func TestDoctorAccuracy(t *testing.T) {
	rows := make([]string, len(accuracyFaults))
	right := make([]bool, len(accuracyFaults))
	t.Run("fault", func(t *testing.T) {
		for i, f := range accuracyFaults {
			t.Run(f.what, func(t *testing.T) {
				t.Parallel()
				rows[i], right[i] = f.run(t)
			})
		}
	})
	faults, healthy, rightFaults, alarms := 0, 0, 0, 0
	for i, f := range accuracyFaults {
		switch {
		case len(f.want) == 0 && !right[i]:
			healthy, alarms = healthy+1, alarms+1
		case len(f.want) == 0:
			healthy++
		case right[i]:
			faults, rightFaults = faults+1, rightFaults+1
		default:
			faults++
		}
	}
	t.Logf("%d of %d faults named first, %d false alarms on %d healthy clusters", rightFaults, faults, alarms, healthy)
	if !*update {
		return
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `# How right `+"`muster doctor`"+` is

Each fault below was made with two real Tomcats 10.1 in network namespaces, n1 and n2, and the doctor was run on both at
the same time with each node's server.xml and log. The table is written by `+"`make accuracy`"+`.

%d of %d faults were named first on the node that has them, or on either where they are the network's; there were %d
false alarms on %d healthy clusters. The confidence is that of the first cause; seconds are those of the whole run.

| fault | expected | n1 | n2 | right |
| --- | --- | --- | --- | --- |
`, rightFaults, faults, alarms, healthy)
	b.WriteString(strings.Join(rows, ""))
	if err := os.WriteFile("../../docs/accuracy.md", b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// diagnosis is what the doctor of one node said.
type diagnosis struct {
	cause, confidence string
	status            string
	seconds           float64
	all               []string
}

func (d diagnosis) String() string {
	if d.cause == "" {
		return fmt.Sprintf("%s, %.0f s", d.status, d.seconds)
	}
	return fmt.Sprintf("`%s` (%s), %.0f s", d.cause, d.confidence, d.seconds)
}

func (f fault) run(t *testing.T) (row string, right bool) {
	lab := netlab.New(t, netlab.Config{Hosts: 2, Dual: f.dual})
	var servers [2]*tomcat.Server
	for i := range servers {
		servers[i] = tomcat.Launch(t, lab.Host(i+1), f.cfg[i])
		if f.apart { // one that waits for sessions which it cannot get waits a minute
			servers[i].Outcome(20 * time.Second)
		} else {
			servers[i].WaitUp()
		}
	}
	if !f.apart {
		servers[0].WaitLog(`memberAdded .*\{10, 77, 0, 12\}:4000`, 15*time.Second)
		servers[1].WaitLog(`memberAdded .*\{10, 77, 0, 11\}:4000`, 15*time.Second)
	}
	if f.make != nil {
		f.make(t, lab, servers)
	}
	time.Sleep(3500 * time.Millisecond) // the members notice
	var said [2]diagnosis
	var all sync.WaitGroup
	for i := range said {
		all.Go(func() { said[i] = diagnose(t, lab.Host(i+1)) })
	}
	all.Wait()
	named := func(d diagnosis) bool { return slices.Contains(f.want, d.cause) }
	switch {
	case len(f.want) == 0:
		right = said[0].cause == "" && said[1].cause == ""
	case f.network:
		right = named(said[0]) || named(said[1])
	default:
		right = named(said[1])
	}
	mark := "yes"
	if !right {
		mark = "no"
		t.Logf("n1: %v %q\nn2: %v %q", said[0], said[0].all, said[1], said[1].all)
	}
	want := "nothing"
	if len(f.want) > 0 {
		want = "`" + strings.Join(f.want, "`, `") + "`"
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", f.what, want, said[0], said[1], mark), right
}

// diagnose runs the doctor on a host, with the configuration of its Tomcat.
func diagnose(t *testing.T, h *netlab.Host) diagnosis {
	files, err := filepath.Glob(filepath.Join(h.Dir(), "tomcat*", "conf", "server.xml"))
	if err != nil || len(files) != 1 {
		t.Errorf("%s: %q, %v", h.Name(), files, err)
		return diagnosis{}
	}
	if err := os.Chmod(files[0], 0o600); err != nil { // it may have a key
		t.Error(err)
	}
	p := muster(t, h, "doctor", "--json", "--name", h.Name(), "--server-xml", files[0])
	p.finish()
	var d diagnosis
	first := map[string]string{}
	for _, l := range p.Log() {
		var x struct {
			Type, ID, Status, Confidence string
			Causes                       []string
			TookMS                       float64 `json:"took_ms"`
		}
		if json.Unmarshal([]byte(l.Text), &x) != nil {
			continue
		}
		switch {
		case x.Type == "verdict" && (x.Status == "fail" || x.Status == "warn"):
			first[x.ID] = cmp.Or(first[x.ID], x.Confidence)
		case x.Type == "summary":
			d.status, d.all, d.seconds = x.Status, x.Causes, x.TookMS/1000
			if len(x.Causes) > 0 {
				d.cause = x.Causes[0]
			}
		}
	}
	d.confidence = first[d.cause]
	return d
}
