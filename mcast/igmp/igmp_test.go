package igmp

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"muster/mcast/internal/wire"
	"muster/mcast/internal/wiretest"
)

func a(s string) netip.Addr { return netip.MustParseAddr(s) }

// vectors are messages as Linux and switches send them (those marked so were
// recorded), and one of each form that nobody sends but a standard allows.
var vectors = []struct {
	name string
	hex  string
	want string // as text of describe
}{
	{"v1 general query", "1100 eeff 00000000", "v1 query group 0.0.0.0 max 10s"},
	{"v2 general query", "1164 ee9b 00000000", "v2 query group 0.0.0.0 max 10s"},
	{"v2 group query", "110a 0af1 e4000004", "v2 query group 228.0.0.4 max 1s"},
	// A version 2 code has no exponent, whatever its highest bit.
	{"v2 query, code above 127", "11ff ee00 00000000", "v2 query group 0.0.0.0 max 25.5s"},
	{"v3 general query (recorded)", "1164 ec1e 00000000 027d 0000", "v3 query group 0.0.0.0 max 10s qrv 2 qqi 2m5s"},
	{"v3 query, exponents", "118a deeb 00000000 0f8a 0000", "v3 query group 0.0.0.0 max 20.8s suppress qrv 7 qqi 3m28s"},
	{"v3 query, largest codes", "11ff ed01 00000000 00ff 0000", "v3 query group 0.0.0.0 max 52m54.4s qrv 0 qqi 8h49m4s"},
	{"v3 group and source query", "110a e770 e8010101 0a7d 0002 0a000001 0a000002",
		"v3 query group 232.1.1.1 max 1s suppress qrv 2 qqi 2m5s sources 10.0.0.1 10.0.0.2"},
	{"v1 report", "1200 09fb e4000004", "v1 v1 report group 228.0.0.4"},
	{"v2 report", "1600 05fb e4000004", "v2 v2 report group 228.0.0.4"},
	{"v2 leave", "1700 04fb e4000004", "v2 leave group 228.0.0.4"},
	{"v3 join (recorded)", "2200 f5f9 0000 0001 04000000 e4000004", "v3 v3 report; change_to_exclude 228.0.0.4"},
	{"v3 leave (recorded)", "2200 f6f9 0000 0001 03000000 e4000004", "v3 v3 report; change_to_include 228.0.0.4"},
	{"v3 all record types", `2200 20c7 0000 0006
		01000001 e8010101 0a000001
		02000000 e4000004
		03000002 e8010102 0a000001 0a000002
		04000001 e4000005 0a000003
		05000001 e8010103 0a000004
		06000001 e8010104 0a000005`,
		"v3 v3 report; mode_is_include 232.1.1.1 10.0.0.1; mode_is_exclude 228.0.0.4;" +
			" change_to_include 232.1.1.2 10.0.0.1 10.0.0.2; change_to_exclude 228.0.0.5 10.0.0.3;" +
			" allow_new_sources 232.1.1.3 10.0.0.4; block_old_sources 232.1.1.4 10.0.0.5"},
	{"v3 aux data before another record", "2200 eb95 0000 0002 04020000 e4000004 deadbeefcafebabe 03000000 e4000005",
		"v3 v3 report; change_to_exclude 228.0.0.4 aux deadbeefcafebabe; change_to_include 228.0.0.5 [aux_data]"},
	{"v3 unknown record type", "2200 f0f8 0000 0001 09000000 e4000005", "v3 v3 report; type_9 228.0.0.5 [record_type]"},
	{"v3 report without records", "2200 ddff 0000 0000", "v3 v3 report [no_records]"},
	{"v3 include without sources", "2200 f8f9 0000 0001 01000000 e4000004", "v3 v3 report; mode_is_include 228.0.0.4 [record_sources]"},
	{"wrong checksum", "1600 05fa e4000004", "v2 v2 report group 228.0.0.4 [checksum]"},
	{"bytes after a v2 report", "1600 25fa e4000004 e0000000", "v2 v2 report group 228.0.0.4 extra e0000000 [extra]"},
	{"report for a host", "1600 dffa 0a000005", "v2 v2 report group 10.0.0.5 [group]"},
	{"v3 query with reserved bits", "1164 fc1d 00000000 f27d 0000", "v3 query group 0.0.0.0 max 10s qrv 2 qqi 2m5s [reserved]"},
	{"multicast as source", "2200 0bf6 0000 0001 05000001 e8010101 e4000004",
		"v3 v3 report; allow_new_sources 232.1.1.1 228.0.0.4 [source]"},
}

func describe(m Message) string {
	query := m.Type == Query
	return wiretest.Message{
		Version: m.Version, Type: m.Type.String(), Group: m.Group, Query: query, MaxResponse: m.MaxResponse(),
		Suppress: m.Suppress, Newest: query && m.Version == 3, QRV: m.QRV, Interval: m.QueryInterval(),
		Sources: m.Sources, Records: m.Records, Extra: m.Extra, Anomalies: m.Anomalies,
	}.String()
}

func TestVectors(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			b := wiretest.Unhex(t, v.hex)
			m, err := Parse(b)
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(m); got != v.want {
				t.Errorf("\n got %s\nwant %s", got, v.want)
				if m.Anomalies.Has("checksum") {
					b[2], b[3] = 0, 0
					t.Logf("the right checksum is %04x", wire.Checksum(wire.Sum(0, b)))
				}
			}
			if m.Anomalies.Has("checksum") || m.Anomalies.Has("reserved") {
				return // what AppendTo never writes
			}
			again, err := m.AppendTo([]byte("before"))
			if err != nil {
				t.Fatal(err)
			}
			if want := "before" + string(b); string(again) != want {
				t.Errorf("built again:\n got %x\nwant %x", again, want)
			}
		})
	}
}

// Every message cut at every byte is an error with an offset inside it, except
// where the cut leaves a shorter message that is whole.
func TestTruncated(t *testing.T) {
	for _, v := range vectors {
		b := wiretest.Unhex(t, v.hex)
		for n := range b {
			m, err := Parse(b[:n])
			if err == nil {
				whole := m.Type == Query && n == 8 || m.Type != Query && n >= 8 && len(m.Records) == 0 && m.Type != ReportV3
				if !whole {
					t.Errorf("%s cut to %d bytes: no error, %s", v.name, n, describe(m))
				}
				continue
			}
			if !wiretest.Located(err, n) {
				t.Errorf("%s cut to %d bytes: %v does not name an offset inside", v.name, n, err)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	parse := func(s string) Message {
		m, err := Parse(wiretest.Unhex(t, s))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	h := func(src, dst string, ttl uint8, alert bool) Header { return Header{a(src), a(dst), ttl, alert} }
	for _, test := range []struct {
		name string
		m    Message
		h    Header
		want string
	}{
		{"right v3 report", parse("2200 f5f9 0000 0001 04000000 e4000004"), h("10.0.0.1", "224.0.0.22", 1, true), ""},
		{"right v2 report", parse("1600 05fb e4000004"), h("10.0.0.1", "228.0.0.4", 1, true), ""},
		{"right v2 leave", parse("1700 04fb e4000004"), h("10.0.0.1", "224.0.0.2", 1, true), ""},
		{"right v1 report", parse("1200 09fb e4000004"), h("10.0.0.1", "228.0.0.4", 1, false), ""},
		{"right general query", parse("1164 ee9b 00000000"), h("10.0.0.1", "224.0.0.1", 1, true), ""},
		{"right group query", parse("110a 0af1 e4000004"), h("10.0.0.1", "228.0.0.4", 1, true), ""},
		{"query of a snooping switch", parse("1164 ee9b 00000000"), h("0.0.0.0", "224.0.0.1", 1, true), "zero_source"},
		{"no router alert", parse("1600 05fb e4000004"), h("10.0.0.1", "228.0.0.4", 1, false), "router_alert"},
		{"ttl", parse("1600 05fb e4000004"), h("10.0.0.1", "228.0.0.4", 64, true), "ttl"},
		{"leave to the group", parse("1700 04fb e4000004"), h("10.0.0.1", "228.0.0.4", 1, true), "destination"},
		{"other protocol of the number", parse("1301 0000 00000000"), h("10.0.0.1", "224.0.0.4", 64, false), ""},
	} {
		if got := wiretest.Names(test.m.Check(test.h)); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestCodes(t *testing.T) {
	if got := MaxRespCode(20800 * time.Millisecond); got != 0x8a {
		t.Errorf("code of 20.8 s = %#x, want 0x8a", got)
	}
	if got := IntervalCode(125 * time.Second); got != 125 {
		t.Errorf("code of 125 s = %d, want 125", got)
	}
	if got := MaxRespCode(-time.Second); got != 0 {
		t.Errorf("code of a negative time = %d, want 0", got)
	}
}

func TestAppendRefuses(t *testing.T) {
	for name, m := range map[string]Message{
		"IPv6 group":    {Type: ReportV2, Group: a("ff02::1")},
		"no group":      {Type: Leave},
		"unknown type":  {Type: 0x13},
		"aux length":    {Type: ReportV3, Records: []Record{{Type: 4, Group: a("228.0.0.4"), Aux: []byte{1}}}},
		"IPv6 source":   {Type: Query, Version: 3, Group: a("232.1.1.1"), Sources: []netip.Addr{a("::1")}},
		"record's addr": {Type: ReportV3, Records: []Record{{Type: 4}}},
	} {
		if b, err := m.AppendTo([]byte("x")); err == nil || string(b) != "x" {
			t.Errorf("%s: wrote %x, %v", name, b, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, v := range vectors {
		f.Add(wiretest.Unhex(f, v.hex))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if err != nil {
			if !wiretest.Located(err, len(b)) {
				t.Fatalf("%v names no offset inside %d bytes", err, len(b))
			}
			return
		}
		if !m.Type.Known() {
			return
		}
		again, err := m.AppendTo(nil)
		if err != nil {
			t.Fatalf("%s parses but cannot be written: %v", describe(m), err)
		}
		n, err := Parse(again)
		if err != nil {
			t.Fatalf("own bytes %x: %v", again, err)
		}
		if len(again) != len(b) || n.Type != m.Type || n.Version != m.Version || len(n.Records) != len(m.Records) || len(n.Sources) != len(m.Sources) {
			t.Fatalf("%s became %s", describe(m), describe(n))
		}
		if n.Anomalies.Has("checksum") {
			t.Fatal("AppendTo writes a wrong checksum")
		}
	})
}

func BenchmarkParseReport(b *testing.B) {
	p := wiretest.Unhex(b, "2200 f5f9 0000 0001 04000000 e4000004")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseQuery(b *testing.B) {
	p := wiretest.Unhex(b, "1164 ec1e 00000000 027d 0000")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(p); err != nil {
			b.Fatal(err)
		}
	}
}

func Example() {
	// A switch asks, with both timers above 127: the codes carry an exponent.
	m, err := Parse([]byte{0x11, 0x8a, 0xde, 0xeb, 0, 0, 0, 0, 0x0f, 0x8a, 0, 0})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("version", m.Version, m.Type, m.MaxResponse(), m.QueryInterval())
	// Output: version 3 query 20.8s 3m28s
}
