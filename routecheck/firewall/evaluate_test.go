package firewall_test

import (
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"strings"
	"testing"

	"muster/routecheck/firewall"
)

var update = flag.Bool("update", false, "write what the kernel told in TestKernelAgrees to testdata")

const recordedFile = "testdata/rulesets.json"

// recorded is a rule set as a kernel told it, with what Evaluate must say about a
// heartbeat in, a connection in and a heartbeat out.
type recorded struct {
	Name  string            `json:"name"`
	Want  string            `json:"want"`
	Peers netip.Prefix      `json:"peers"`
	Rules *firewall.Ruleset `json:"rules"`
}

// The cluster of the rule sets.
const (
	port    = 45564
	tcpPort = 4000
)

var group = netip.MustParseAddr("228.0.0.4")

func flow() firewall.Flow {
	self := netip.MustParseAddr("10.77.0.12")
	return firewall.Flow{Device: firewall.Device{Index: 2, Name: "eth0", Type: 1, Kind: "veth"}, Group: group, Port: port,
		TCPPort: tcpPort, TCPLast: 4099, Self: self, Peers: netip.PrefixFrom(self, 24).Masked(), Plain: true, Locals: []netip.Addr{self}, Ephemeral: [2]uint16{32768, 60999}}
}

func letter(v firewall.Verdict) string {
	return map[firewall.Verdict]string{"accept": "a", "drop": "d", "unknown": "?"}[v]
}

// TestRecorded judges on any system what TestKernelAgrees recorded on Linux.
func TestRecorded(t *testing.T) {
	text, err := os.ReadFile(recordedFile)
	if err != nil {
		t.Fatal(err)
	}
	var all []recorded
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("only %d rule sets", len(all))
	}
	for _, r := range all {
		f := flow()
		f.Back, f.Peers = &f.Device, r.Peers
		got := ""
		for _, ps := range [][]firewall.Packet{{f.HeartbeatIn()}, f.ConnectIn(), {f.HeartbeatOut()}, f.ConnectOut()}[:len(r.Want)] {
			got += letter(firewall.EvaluateAll(r.Rules, ps).Verdict)
		}
		if got != r.Want {
			t.Errorf("%s: %s, want %s", r.Name, got, r.Want)
		}
	}
}

// saveCases ask for the packets that the kernel test does not send.
var saveCases = []struct {
	name  string
	save  string
	want  string // query in, report out, connect out, ping reply in, bridged
	names string // a part of the text of the rule that is named for the first d or ?
	fix   string // the command for it
}{
	{"nothing", "", "aaaaa", "", ""},
	{"igmp in", "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p igmp -j DROP\nCOMMIT\n", "daaaa", "-p igmp -j DROP", "iptables-legacy -I INPUT -i eth0 -p igmp -j ACCEPT"},
	{"igmp by number", "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p 2 -j DROP\nCOMMIT\n", "daaaa", "-p 2", "iptables-legacy -I INPUT -i eth0 -p igmp -j ACCEPT"},
	{"igmp out", "*filter\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -d 224.0.0.22/32 -j REJECT\nCOMMIT\n", "adaaa", "224.0.0.22", "iptables-legacy -I OUTPUT -o eth0 -p igmp -j ACCEPT"},
	{"connect out", "*filter\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp -m tcp --dport 4000:4099 -j DROP\nCOMMIT\n", "aadaa", "--dport 4000:4099", "iptables-legacy -I OUTPUT -o eth0 -p tcp --dport 4000:4099 -j ACCEPT"},
	{"answers to connect out", "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --sport 4000 -m conntrack --ctstate ESTABLISHED -j DROP\nCOMMIT\n", "aadaa", "--sport 4000", "iptables-legacy -I INPUT -i eth0 -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"},
	{"invalid", "*filter\n:INPUT DROP [0:0]\n-A INPUT -m conntrack --ctstate INVALID -j DROP\n-A INPUT -j ACCEPT\nCOMMIT\n", "aaada", "INVALID", "iptables-legacy -I INPUT -i eth0 -p icmp --icmp-type echo-reply -j ACCEPT"},
	{"echo reply let in first", "*filter\n:INPUT DROP [0:0]\n-A INPUT -p icmp -m icmp --icmp-type 0 -j ACCEPT\n-A INPUT -m conntrack --ctstate INVALID -j DROP\n-A INPUT -j ACCEPT\nCOMMIT\n", "aaaaa", "", ""},
	{"forward policy", "*filter\n:FORWARD DROP [7:700]\nCOMMIT\n", "aaaad", "policy drop", "iptables-legacy -I FORWARD -d 228.0.0.4 -p udp --dport 45564 -j ACCEPT"},
	{"forward lets bridged frames through", "*filter\n:FORWARD DROP [0:0]\n-A FORWARD -m physdev --physdev-is-bridged -j ACCEPT\nCOMMIT\n", "aaaaa", "", ""},
	{"forward between the ports of this bridge", "*filter\n:FORWARD DROP [0:0]\n-A FORWARD -i eth0 -o eth0 -j ACCEPT\nCOMMIT\n", "aaaaa", "", ""},
	{"a module that nobody can judge", "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m geoip --source-country XX -j DROP\nCOMMIT\n", "?a??a", "geoip", ""},
	{"a target that nobody knows", "*filter\n:INPUT ACCEPT [0:0]\n:chain - [0:0]\n-A INPUT -j chain\n-A chain -j NFQUEUE --queue-num 0\nCOMMIT\n", "?a??a", "NFQUEUE", ""},
	{"a chain that is not there", "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j gone\nCOMMIT\n", "?a??a", "gone", ""},
	{"chains in a circle", "*filter\n:INPUT ACCEPT [0:0]\n:a - [0:0]\n:b - [0:0]\n-A INPUT -j a\n-A a -j b\n-A b -j a\nCOMMIT\n", "?a??a", "", ""},
}

func TestSaved(t *testing.T) {
	f := flow()
	bridge := f
	bridge.Bridge = true
	ask := [][]firewall.Packet{{f.QueryIn()}, {f.ReportOut()}, f.ConnectOut(), {f.PingReplyIn()}, {bridge.Bridged()}}
	for _, c := range saveCases {
		tables, err := firewall.ReadSave(strings.NewReader(c.save), "ip")
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		rules := &firewall.Ruleset{Tables: tables}
		got, named, fixed := "", "", ""
		for _, ps := range ask {
			a := firewall.EvaluateAll(rules, ps)
			got += letter(a.Verdict)
			for _, p := range ps {
				if a.Verdict != firewall.Accept && a.Packet == p.What && named == "" {
					for _, r := range a.Rules {
						named += r.String() + "; "
					}
					fixed = strings.Join(firewall.Allow(rules, []firewall.Packet{p}), "; ")
				}
			}
		}
		if got != c.want || !strings.Contains(named, c.names) || c.fix != "" && fixed != c.fix {
			t.Errorf("%s: %s %s fix %q, want %s %q fix %q", c.name, got, named, fixed, c.want, c.names, c.fix)
		}
	}
}

func TestIPv6(t *testing.T) {
	f := flow()
	f.Group = netip.MustParseAddr("ff15::4")
	f.Self = netip.MustParseAddr("fd77::12")
	f.Peers = netip.MustParsePrefix("fd77::/64")
	for save, want := range map[string]string{
		"*filter\n:INPUT DROP [0:0]\n-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 130 -j ACCEPT\nCOMMIT\n":                                "daaa",
		"*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -d ff15::4/128 -p udp -m udp --dport 45564 -j DROP\nCOMMIT\n":                             "daaa",
		"*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s fe80::/10 -p ipv6-icmp -j DROP\nCOMMIT\n":                                              "adaa",
		"*filter\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p ipv6-icmp -m icmp6 --icmpv6-type 143 -j DROP\n-A OUTPUT -s fd77::12 -j DROP\nCOMMIT": "aadd",
	} {
		tables, err := firewall.ReadSave(strings.NewReader(save), "ip6")
		if err != nil {
			t.Fatal(err)
		}
		rules := &firewall.Ruleset{Tables: tables}
		got := ""
		for _, p := range []firewall.Packet{f.HeartbeatIn(), f.QueryIn(), f.ConnectIn()[1], f.ReportOut()} {
			got += letter(firewall.Evaluate(rules, p).Verdict)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", save, got, want)
		}
	}
}

// TestUnread: what could not be read never makes a pass.
func TestUnread(t *testing.T) {
	rules := &firewall.Ruleset{Unread: []string{"legacy tables: permission denied"}}
	a := firewall.Evaluate(rules, flow().HeartbeatIn())
	if a.Verdict != firewall.Unknown || len(a.Unread) != 1 {
		t.Errorf("%+v, want unknown", a)
	}
}

func TestReadSaveRefuses(t *testing.T) {
	for _, bad := range []string{
		"-A INPUT -j DROP\n",
		"*filter\n-A INPUT -j DROP\n",
		"*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m comment --comment \"no end\n",
		"*filter\n:INPUT ACCEPT [0:0]\n[12 -A INPUT\n",
		"*filter\n:INPUT ACCEPT [0:0]\n-A " + strings.Repeat("x", 70<<10) + "\n",
	} {
		if _, err := firewall.ReadSave(strings.NewReader(bad), "ip"); err == nil {
			t.Errorf("%.40q was taken", bad)
		}
	}
}

func FuzzReadSave(f *testing.F) {
	for _, c := range saveCases {
		f.Add(c.save)
	}
	fl := flow()
	f.Fuzz(func(t *testing.T, text string) {
		tables, err := firewall.ReadSave(strings.NewReader(text), "ip")
		if err != nil {
			return
		}
		rules := &firewall.Ruleset{Tables: tables}
		for _, p := range append(fl.ConnectIn(), fl.HeartbeatIn(), fl.ReportOut(), fl.Bridged()) {
			firewall.Allow(rules, []firewall.Packet{p})
		}
	})
}

// FuzzEvaluate runs rules that no kernel would give.
func FuzzEvaluate(f *testing.F) {
	text, err := os.ReadFile(recordedFile)
	if err != nil {
		f.Fatal(err)
	}
	var all []recorded
	if err := json.Unmarshal(text, &all); err != nil {
		f.Fatal(err)
	}
	for _, r := range all {
		one, _ := json.Marshal(r.Rules)
		f.Add(one)
	}
	fl := flow()
	f.Fuzz(func(t *testing.T, text []byte) {
		rules := new(firewall.Ruleset)
		if json.Unmarshal(text, rules) != nil {
			return
		}
		for _, p := range append(fl.ConnectIn(), fl.HeartbeatIn(), fl.QueryIn(), fl.HeartbeatOut(), fl.Bridged()) {
			firewall.Allow(rules, []firewall.Packet{p})
		}
	})
}

// TestCut: behind the rules that were not read nothing is known; what was dropped
// before them is.
func TestCut(t *testing.T) {
	drop := func(port byte) firewall.Rule {
		return firewall.Rule{Handle: 7, Text: "drop", Exprs: []firewall.Expr{
			{Kind: "payload", Base: "transport", Offset: 2, Len: 2, Dst: 8}, {Kind: "cmp", Op: "==", Src: 8, Data: []byte{0xb1, port}}, {Kind: "immediate", Verdict: "drop"},
		}}
	}
	for _, tt := range []struct {
		cut    bool
		policy string
		port   byte
		want   firewall.Verdict
	}{
		{false, "drop", 0, firewall.Drop}, {true, "drop", 0, firewall.Unknown}, {true, "accept", 0, firewall.Unknown}, {true, "accept", 0xfc, firewall.Drop},
	} {
		r := &firewall.Ruleset{Tables: []firewall.Table{{Family: "inet", Name: "f", Chains: []firewall.Chain{
			{Name: "i", Hook: "input", Type: "filter", Policy: tt.policy, Cut: tt.cut, Rules: []firewall.Rule{drop(tt.port)}},
		}}}}
		f := firewall.Flow{Device: firewall.Device{Index: 2, Name: "eth0", Type: 1}, Group: group, Port: port}
		if a := firewall.Evaluate(r, f.HeartbeatIn()); a.Verdict != tt.want {
			t.Errorf("cut %v, policy %s, a drop of port %#x: %s, want %s (%v)", tt.cut, tt.policy, 0xb100+int(tt.port), a.Verdict, tt.want, a.Rules)
		}
	}
}
