package mld

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"muster/mcast/internal/wire"
	"muster/mcast/internal/wiretest"
)

func a(s string) netip.Addr { return netip.MustParseAddr(s) }

var host = a("fe80::1")

const (
	zero  = "0000000000000000 0000000000000000"
	group = "ff15000000000000 0000000400050006"
	src1  = "fd77000000000000 0000000000000001"
	src2  = "fd77000000000000 0000000000000002"
)

// vectors hold "????" for the checksum, which depends on the addresses around
// the message; the test computes it with an independent sum.
var vectors = []struct {
	name string
	dst  string
	hex  string
	want string
}{
	{"v1 general query", "ff02::1", "8200 ???? 2710 0000" + zero, "v1 query group :: max 10s"},
	// A version 1 delay has no exponent, whatever its highest bit.
	{"v1 query, delay above 32767", "ff02::1", "8200 ???? ffff 0000" + zero, "v1 query group :: max 1m5.535s"},
	{"v1 group query", "ff15::4:5:6", "8200 ???? 03e8 0000" + group, "v1 query group ff15::4:5:6 max 1s"},
	{"v1 report", "ff15::4:5:6", "8300 ???? 0000 0000" + group, "v1 v1 report group ff15::4:5:6"},
	{"done", "ff02::2", "8400 ???? 0000 0000" + group, "v1 done group ff15::4:5:6"},
	{"v2 general query", "ff02::1", "8200 ???? 2710 0000" + zero + "027d 0000", "v2 query group :: max 10s qrv 2 qqi 2m5s"},
	{"v2 query, exponents", "ff02::1", "8200 ???? 8001 0000" + zero + "0a8a 0000", "v2 query group :: max 32.776s suppress qrv 2 qqi 3m28s"},
	{"v2 query, largest codes", "ff02::1", "8200 ???? ffff 0000" + zero + "0fff 0000", "v2 query group :: max 2h19m47.584s suppress qrv 7 qqi 8h49m4s"},
	{"v2 group and source query", "ff15::4:5:6", "8200 ???? 03e8 0000" + group + "027d 0002" + src1 + src2,
		"v2 query group ff15::4:5:6 max 1s qrv 2 qqi 2m5s sources fd77::1 fd77::2"},
	{"v2 join", "ff02::16", "8f00 ???? 0000 0001 0400 0000" + group, "v2 v2 report; change_to_exclude ff15::4:5:6"},
	{"v2 all record types", "ff02::16", "8f00 ???? 0000 0006" +
		"0100 0001" + group + src1 + "0200 0000" + group + "0300 0002" + group + src1 + src2 +
		"0400 0001" + group + src1 + "0500 0001" + group + src1 + "0600 0001" + group + src2,
		"v2 v2 report; mode_is_include ff15::4:5:6 fd77::1; mode_is_exclude ff15::4:5:6;" +
			" change_to_include ff15::4:5:6 fd77::1 fd77::2; change_to_exclude ff15::4:5:6 fd77::1;" +
			" allow_new_sources ff15::4:5:6 fd77::1; block_old_sources ff15::4:5:6 fd77::2"},
	{"v2 aux data before another record", "ff02::16", "8f00 ???? 0000 0002 0401 0000" + group + "cafebabe 0300 0000" + group,
		"v2 v2 report; change_to_exclude ff15::4:5:6 aux cafebabe; change_to_include ff15::4:5:6 [aux_data]"},
	{"v2 unknown record type", "ff02::16", "8f00 ???? 0000 0001 0700 0000" + group, "v2 v2 report; type_7 ff15::4:5:6 [record_type]"},
	{"v2 report without records", "ff02::16", "8f00 ???? 0000 0000", "v2 v2 report [no_records]"},
	{"v2 block without sources", "ff02::16", "8f00 ???? 0000 0001 0600 0000" + group, "v2 v2 report; block_old_sources ff15::4:5:6 [record_sources]"},
	{"code", "ff15::4:5:6", "8301 ???? 0000 0000" + group, "v1 v1 report group ff15::4:5:6 [reserved]"},
	{"report for a host", "fd77::1", "8300 ???? 0000 0000" + src1, "v1 v1 report group fd77::1 [group]"},
	{"bytes after done", "ff02::2", "8400 ???? 0000 0000" + group + "0011", "v1 done group ff15::4:5:6 extra 0011 [extra]"},
	{"v2 query with reserved bits", "ff02::1", "8200 ???? 2710 0000" + zero + "f27d 0000", "v2 query group :: max 10s qrv 2 qqi 2m5s [reserved]"},
}

// message fills in the checksum: the ones' complement sum over source,
// destination, length, 58 and the message, added up in the plainest way.
func message(t testing.TB, s, dst string) []byte {
	t.Helper()
	b := wiretest.Unhex(t, strings.Replace(s, "????", "0000", 1))
	p := append(append([]byte{}, host.AsSlice()...), a(dst).AsSlice()...)
	p = append(p, 0, 0, byte(len(b)>>8), byte(len(b)), 0, 0, 0, 58)
	p = append(p, b...)
	if len(p)%2 == 1 {
		p = append(p, 0)
	}
	sum := 0
	for i := 0; i < len(p); i += 2 {
		if sum += int(p[i])<<8 + int(p[i+1]); sum > 0xffff {
			sum -= 0xffff
		}
	}
	b[2], b[3] = ^byte(sum>>8), ^byte(sum)
	return b
}

func describe(m Message) string {
	query := m.Type == Query
	return wiretest.Message{
		Version: m.Version, Type: m.Type.String(), Group: m.Group, Query: query, MaxResponse: m.MaxResponse(),
		Suppress: m.Suppress, Newest: query && m.Version == 2, QRV: m.QRV, Interval: m.QueryInterval(),
		Sources: m.Sources, Records: m.Records, Extra: m.Extra, Anomalies: m.Anomalies,
	}.String()
}

func TestVectors(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			b := message(t, v.hex, v.dst)
			m, err := Parse(b, host, a(v.dst))
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(m); got != v.want {
				t.Errorf("\n got %s\nwant %s", got, v.want)
			}
			if elsewhere, _ := Parse(b, a("fe80::2"), a(v.dst)); !elsewhere.Anomalies.Has("checksum") {
				t.Error("the checksum does not cover the source")
			}
			if m.Anomalies.Has("reserved") && m.Code == 0 {
				return // reserved bits are never written
			}
			again, err := m.AppendTo([]byte("before"), host, a(v.dst))
			if err != nil {
				t.Fatal(err)
			}
			if want := "before" + string(b); string(again) != want {
				t.Errorf("built again:\n got %x\nwant %x", again, want)
			}
		})
	}
}

func TestTruncated(t *testing.T) {
	for _, v := range vectors {
		b := message(t, v.hex, v.dst)
		for n := range b {
			m, err := Parse(b[:n], host, a(v.dst))
			if err == nil {
				if whole := m.Type != ReportV2 && n >= v1Len && len(m.Sources) == 0; !whole {
					t.Errorf("%s cut to %d bytes: no error, %s", v.name, n, describe(m))
				}
				continue
			}
			if !wiretest.Located(err, n) {
				t.Errorf("%s cut to %d bytes: %v does not name an offset inside", v.name, n, err)
			}
		}
	}
	if _, err := Parse(make([]byte, 24), host, host); err == nil {
		t.Error("ICMPv6 type 0 passes as MLD")
	}
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		name, hex, src, dst string
		hops                uint8
		alert               bool
		want                string
	}{
		{"right report", "8f00 ???? 0000 0001 0400 0000" + group, "fe80::1", "ff02::16", 1, true, ""},
		{"before the address is ready", "8f00 ???? 0000 0001 0400 0000" + group, "::", "ff02::16", 1, true, ""},
		{"right query", "8200 ???? 2710 0000" + zero, "fe80::1", "ff02::1", 1, true, ""},
		{"query from a global address", "8200 ???? 2710 0000" + zero, "fd77::1", "ff02::1", 1, true, "link_local"},
		{"query from ::", "8200 ???? 2710 0000" + zero, "::", "ff02::1", 1, true, "link_local"},
		{"everything else", "8400 ???? 0000 0000" + group, "fe80::1", "ff15::4:5:6", 64, false, "ttl router_alert destination"},
	} {
		m, err := Parse(message(t, test.hex, test.dst), a(test.src), a(test.dst))
		if err != nil {
			t.Fatal(err)
		}
		if got := wiretest.Names(m.Check(Header{a(test.src), a(test.dst), test.hops, test.alert})); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestCodes(t *testing.T) {
	if got := MaxRespCode(32776 * time.Millisecond); got != 0x8001 {
		t.Errorf("code of 32.776 s = %#x, want 0x8001", got)
	}
	if got := IntervalCode(208 * time.Second); got != 0x8a {
		t.Errorf("code of 208 s = %#x, want 0x8a", got)
	}
}

func TestAppendRefuses(t *testing.T) {
	for name, m := range map[string]Message{
		"IPv4 group":   {Type: ReportV1, Group: a("228.0.0.4")},
		"no group":     {Type: Done},
		"unknown type": {Type: 133},
		"aux length":   {Type: ReportV2, Records: []Record{{Type: 4, Group: a("ff15::1"), Aux: []byte{1}}}},
		"IPv4 source":  {Type: Query, Version: 2, Group: a("ff35::1"), Sources: []netip.Addr{a("10.0.0.1")}},
	} {
		if b, err := m.AppendTo([]byte("x"), host, host); err == nil || string(b) != "x" {
			t.Errorf("%s: wrote %x, %v", name, b, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, v := range vectors {
		f.Add(message(f, v.hex, v.dst))
	}
	dst := a("ff02::16")
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b, host, dst)
		if err != nil {
			if !wiretest.Located(err, len(b)) {
				t.Fatalf("%v names no offset inside %d bytes", err, len(b))
			}
			return
		}
		again, err := m.AppendTo(nil, host, dst)
		if err != nil {
			t.Fatalf("%s parses but cannot be written: %v", describe(m), err)
		}
		n, err := Parse(again, host, dst)
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
	dst := a("ff02::16")
	p := message(b, "8f00 ???? 0000 0001 0400 0000"+group, "ff02::16")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(p, host, dst); err != nil {
			b.Fatal(err)
		}
	}
}

func Example() {
	src, dst := netip.MustParseAddr("fe80::1"), netip.MustParseAddr("ff02::16")
	m := Message{Type: ReportV2, Records: []Record{{Type: ChangeToExcludeMode, Group: netip.MustParseAddr("ff15::1")}}}
	b, err := m.AppendTo(nil, src, dst)
	if err != nil {
		fmt.Println(err)
		return
	}
	back, err := Parse(b, src, dst)
	fmt.Println(len(b), back.Type, back.Records[0].Type, back.Records[0].Group, err)
	// Output: 28 v2 report change_to_exclude ff15::1 <nil>
}

// The checksum helper of the package and the plain sum of the test agree.
func TestPseudo(t *testing.T) {
	b := message(t, vectors[0].hex, "ff02::1")
	if got := wire.Checksum(wire.Sum(pseudo(host, a("ff02::1"), len(b)), b)); got != 0 {
		t.Errorf("checksum over a right message = %#x, want 0", got)
	}
}
