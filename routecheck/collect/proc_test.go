package collect

import (
	"bytes"
	"maps"
	"net/netip"
	"slices"
	"testing"

	"muster/internal/verdict"
	"muster/routecheck/facts"
	"muster/routecheck/judge"
)

// The texts are those of kernel 6.1 and 6.18, shortened.

const mcfilterText = `Idx Device        MCA        SRC    INC    EXC
  2   eth0 0xe8010101 0x0a000001      1      0
  2   eth0 0xe8010101 0x0a000002      0      3
`

const devMcastText = `1    lo              1     0     01005e000001
2    eth0            1     0     01005e000004
2    eth0            1     0     333300000001
3    ib0             1     0     00ffffffff12401bffff000000000000ffffffff
`

const netstatText = `TcpExt: SyncookiesSent IPReversePathFilter TCPTimeouts
TcpExt: 0 17 3
IpExt: InNoRoutes InMcastPkts
IpExt: 4 18446744073709551615
`

const udpText = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  311: 00000000:B1FC 00000000:0000 07 00000000:00000000 00:00000000 00000000   998        0 18181 2 0000000000000000 42
  312: 0400E4E4:B1FC 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 18182 2 0000000000000000 0
  999: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 18183 2 0000000000000000 0
`

const tcp6Text = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:0FA0 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000   998        0 22001 1 0000000000000000 100 0 0 10 0
   1: 0000000000000000FFFF00000B004D0A:0FA0 0000000000000000FFFF00000C004D0A:9C40 01 00000000:00000000 00:00000000 00000000   998        0 22002 1 0000000000000000 20 4 30 10 -1
   2: 0000000000000000FFFF00000B004D0A:0FA1 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000   998        0 22003 1 0000000000000000 100 0 0 10 0
`

const hostsText = `127.0.0.1	localhost
127.0.1.1	n1.example.org n1   # the installer's line
10.77.0.11	N1
fd77::11	n1
nonsense	n1
10.77.0.12	n11
#10.77.0.13	n1
`

func everyPort(netip.AddrPort) bool { return true }

func TestProcParsers(t *testing.T) {
	filters := parseFilters(mcfilterText, 10)
	if want := []facts.SourceFilter{
		{Link: 2, Group: netip.MustParseAddr("232.1.1.1"), Source: netip.MustParseAddr("10.0.0.1"), Includes: 1},
		{Link: 2, Group: netip.MustParseAddr("232.1.1.1"), Source: netip.MustParseAddr("10.0.0.2"), Excludes: 3},
	}; !slices.Equal(filters, want) {
		t.Errorf("mcfilter: %v", filters)
	}
	groups := parseDevMcast(devMcastText, 10)
	if want := []facts.LinkGroup{{Link: 1, MAC: "01:00:5e:00:00:01"}, {Link: 2, MAC: "01:00:5e:00:00:04"}, {Link: 2, MAC: "33:33:00:00:00:01"}}; !slices.Equal(groups, want) {
		t.Errorf("dev_mcast: %v", groups)
	}
	counters := map[string]uint64{}
	parseCounters(netstatText, counters)
	if want := (map[string]uint64{"TcpExt.SyncookiesSent": 0, "TcpExt.IPReversePathFilter": 17, "TcpExt.TCPTimeouts": 3, "IpExt.InNoRoutes": 4, "IpExt.InMcastPkts": 1<<64 - 1}); !maps.Equal(counters, want) {
		t.Errorf("netstat: %v", counters)
	}
	udp := parseProcSockets(udpText, false, true, func(a netip.AddrPort) bool { return a.Port() == 45564 }, 10)
	if want := []facts.Socket{{Local: netip.MustParseAddrPort("0.0.0.0:45564"), UID: 998, Inode: 18181, Drops: 42}, {Local: netip.MustParseAddrPort("228.228.0.4:45564"), Inode: 18182}}; !slices.Equal(udp, want) {
		t.Errorf("udp: %+v", udp)
	}
	tcp := parseProcSockets(tcp6Text, true, false, everyPort, 10)
	if want := []facts.Socket{{Local: netip.MustParseAddrPort("[::]:4000"), V6: true, UID: 998, Inode: 22001}, {Local: netip.MustParseAddrPort("10.77.0.11:4001"), V6: true, UID: 998, Inode: 22003}}; !slices.Equal(tcp, want) {
		t.Errorf("tcp6: %+v", tcp)
	}
	if got, want := hostsFile(hostsText, "n1"), []netip.Addr{netip.MustParseAddr("127.0.1.1"), netip.MustParseAddr("10.77.0.11"), netip.MustParseAddr("fd77::11")}; !slices.Equal(got, want) {
		t.Errorf("hosts: %v", got)
	}
}

// TestProcParsersBounded: no table is longer than what was asked for.
func TestProcParsersBounded(t *testing.T) {
	if n := len(parseFilters(mcfilterText, 1)); n != 1 {
		t.Errorf("%d filters", n)
	}
	if n := len(parseDevMcast(devMcastText, 1)); n != 1 {
		t.Errorf("%d link-layer groups", n)
	}
	if n := len(parseProcSockets(udpText, false, true, everyPort, 1)); n != 1 {
		t.Errorf("%d sockets", n)
	}
	if n := len(parsePF(string(bytes.Repeat([]byte("pass all\n"), 20000)))); n != 10000 {
		t.Errorf("%d rules of pf", n)
	}
}

// FuzzTexts gives every parser of a text any text.
func FuzzTexts(f *testing.F) {
	for _, s := range []string{mcfilterText, devMcastText, netstatText, udpText, tcp6Text, hostsText, "pass in proto igmp allow-opts",
		"Firewall is blocking all (State = 2)", `v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=17|LPort=4000-4100|`, "\x02\x00\x00\x00\x0a\x4d\x00\x0c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		const most = 50
		for _, n := range []int{len(parseFilters(text, most)), len(parseDevMcast(text, most)), len(parseProcSockets(text, false, true, everyPort, most)), len(parseProcSockets(text, true, false, everyPort, most))} {
			if n > most {
				t.Errorf("%d entries, %d were asked for", n, most)
			}
		}
		parseCounters(text, map[string]uint64{})
		hostsFile(text, "n1")
		parseSocketFilter(text, text, text)
		if r, ok := parseDefenderRule(text); ok {
			facts.Defender{Rules: []facts.DefenderRule{r}}.Allows("public", 45564)
		}
		for _, rows := range []int{3, 6} {
			if got := parseEndpoints([]byte(text), rows, 0, 1, 2, everyPort); len(got) > len(text)/(4*rows) {
				t.Errorf("%d sockets in %d bytes", len(got), len(text))
			}
		}
		host := &facts.Facts{OS: "freebsd", Query: facts.DefaultQuery(), PF: facts.Read(facts.PF{Enabled: true, Rules: parsePF(text)}, "pfctl")}
		for _, v := range judge.Facts(host, func(id verdict.ID) bool { return id == "fw.pf-allow-opts" }) {
			if v.Saw == "" {
				t.Errorf("no sentence for %q", text)
			}
		}
	})
}
