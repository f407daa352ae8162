package collect

import (
	"encoding/binary"
	"muster/routecheck/facts"
	"net/netip"
	"slices"
	"testing"
)

// What the collectors of other systems read is parsed on any.

func TestParsePF(t *testing.T) {
	got := parsePF("# comment\nblock drop in all\n\n  pass in proto udp to 224.0.0.0/4  \n")
	if want := []string{"block drop in all", "pass in proto udp to 224.0.0.0/4"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestParseSocketFilter(t *testing.T) {
	for _, tt := range []struct {
		global, block, stealth string
		want                   facts.AppFirewall
	}{
		{"Firewall is disabled. (State = 0)", "Block all DISABLED!", "Stealth mode disabled", facts.AppFirewall{}},
		{"Firewall is enabled. (State = 1)", "Block all DISABLED!", "Stealth mode enabled", facts.AppFirewall{Enabled: true, Stealth: true}},
		{"Firewall is blocking all non-essential incoming connections. (State = 2)", "Block all ENABLED!", "Stealth mode is on", facts.AppFirewall{Enabled: true, BlockAll: true, Stealth: true}},
		{"Firewall is enabled. (State = 1)", "Firewall has block all state set to enabled.", "", facts.AppFirewall{Enabled: true, BlockAll: true}},
	} {
		if got := parseSocketFilter(tt.global, tt.block, tt.stealth); got != tt.want {
			t.Errorf("%q, %q, %q: %+v, want %+v", tt.global, tt.block, tt.stealth, got, tt.want)
		}
	}
}

func TestParseEndpoints(t *testing.T) {
	// Two rows of the UDP table with its owners: address, port in network order, process.
	var b []byte
	for _, word := range []uint32{2, 0x0c004d0a, 0xfcb1, 4242, 0, 0x3930, 7} {
		b = binary.LittleEndian.AppendUint32(b, word)
	}
	all := func(netip.AddrPort) bool { return true }
	got := parseEndpoints(b, 3, 0, 1, 2, all)
	if len(got) != 2 || got[0].Local != netip.MustParseAddrPort("10.77.0.12:45564") || got[0].PID != 4242 || got[1].Local != netip.MustParseAddrPort("0.0.0.0:12345") {
		t.Errorf("%+v", got)
	}
	// A table that promises more than it holds ends where it ends.
	for n := range b {
		parseEndpoints(b[:n], 3, 0, 1, 2, all)
	}
	if got := parseEndpoints(b, 3, 0, 1, 2, func(a netip.AddrPort) bool { return a.Port() == 12345 }); len(got) != 1 || got[0].PID != 7 {
		t.Errorf("%+v", got)
	}
}

func TestParseDefenderRule(t *testing.T) {
	const rule = `v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=17|LPort=45564|LPort=4000|Profile=Private|App=C:\java.exe|Name=Tomcat|`
	got, ok := parseDefenderRule(rule)
	if !ok || !got.Allow || got.Protocol != 17 || got.Ports != "45564,4000" || got.Program != `C:\java.exe` || got.Name != "Tomcat" || !slices.Equal(got.Profiles, []string{"private"}) {
		t.Errorf("%+v, %v", got, ok)
	}
	for _, other := range []string{"", "v2.31|Action=Block|Active=FALSE|Dir=In|", "v2.31|Action=Allow|Active=TRUE|Dir=Out|"} {
		if _, ok := parseDefenderRule(other); ok {
			t.Errorf("%q was taken", other)
		}
	}
}
