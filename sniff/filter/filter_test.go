package filter

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/net/bpf"

	"muster/mcast"
	"muster/sniff/capture"
)

func TestParse(t *testing.T) {
	for in, want := range map[string]string{
		"":                                     "all",
		"  all ":                               "all",
		"udp":                                  "udp",
		"group 228.0.0.4":                      "group 228.0.0.4",
		"group 228.0.0.4:45564":                "(group 228.0.0.4 and udp dst port 45564)",
		"group 10.0.0.1,232.1.1.1":             "(group 232.1.1.1 and source 10.0.0.1)",
		"group 228.0.0.4+4":                    "group 228.0.0.4/30",
		"group 228.0.0.3+3":                    "(group 228.0.0.3 or group 228.0.0.4/31)",
		"group [ff15::4]:45564":                "(group ff15::4 and udp dst port 45564)",
		"group ff02::1%eth0":                   "group ff02::1",
		"group 239.0.0.0/8":                    "group 239.0.0.0/8",
		"source 10.77.0.0/24":                  "source 10.77.0.0/24",
		"host 10.77.0.11":                      "host 10.77.0.11",
		"dst host 10.77.0.11":                  "dst host 10.77.0.11",
		"src host 10.77.0.11":                  "source 10.77.0.11",
		"port 45564":                           "port 45564",
		"udp dst port 4000-4099":               "udp dst port 4000-4099",
		"tcp port 80":                          "tcp port 80",
		"src port 1":                           "src port 1",
		"tcp and port 80":                      "(tcp and port 80)",
		"udp or tcp and not vlan 10":           "(udp or (tcp and not vlan 10))",
		"(udp or tcp) and vlan":                "((udp or tcp) and vlan)",
		"!(udp||tcp)&&igmp":                    "(not (udp or tcp) and igmp)",
		"not not mld":                          "not not mld",
		"vlan and udp":                         "(vlan and udp)",
		"tribes or pim or vrrp or multicast":   "(((tribes or pim) or vrrp) or multicast)",
		"host ::ffff:10.0.0.1 and source ::/0": "(host 10.0.0.1 and source ::/0)",
	} {
		f, err := Parse(in)
		if err != nil {
			t.Errorf("%q: %v", in, err)
			continue
		}
		if got := f.root.String(); got != want {
			t.Errorf("%q is %s, want %s", in, got, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for in, want := range map[string]string{
		"grup 228.0.0.4":              `column 1: unknown word "grup"; did you mean "group"?`,
		"udp or":                      "column 7: expected a condition, not the end",
		"udp tcp":                     `column 5: expected "and", "or" or the end, not "tcp"`,
		"(udp":                        `column 5: expected ")", not the end`,
		"udp)":                        `column 4: expected "and", "or" or the end, not ")"`,
		"port":                        "column 5: expected a port or a range of ports, not the end",
		"port 70000":                  "column 6: expected a port",
		"port 9-1":                    "column 6: the range 9-1 ends before it begins",
		"group 10.0.0.1":              "column 7: group \"10.0.0.1\":",
		"group":                       "column 6: expected a group",
		"host nowhere":                `column 6: expected an address or a network, not "nowhere"`,
		"vlan 5000":                   "column 6: 5000 is no VLAN id",
		"tcp src host 10.0.0.1":       `column 9: expected "port" after "src", not "host"`,
		"icmp port 5":                 `column 6: expected "and", "or" or the end, not "port"`,
		"something":                   "docs/filters.md",
		"udp & tcp":                   "column 5",
		strings.Repeat("(", 300):      "more than 200 levels",
		strings.Repeat("not ", 300):   "more than 200 levels",
		"multicats":                   `did you mean "multicast"`,
		"host 10.0.0.1/33":            "expected an address",
		"source 10.0.0.1 10.0.0.2":    "column 17",
		"group 228.0.0.4:45564:45565": "column 7",
	} {
		_, err := Parse(in)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
}

func TestForGroups(t *testing.T) {
	g, err := mcast.ParseGroup("228.0.0.4:45564")
	if err != nil {
		t.Fatal(err)
	}
	want := "((igmp or mld) or (group 228.0.0.4 and udp dst port 45564))"
	if got := ForGroups([]mcast.Group{g}).root.String(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestPrefixes(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		first := netip.AddrFrom4([4]byte{228, 0, byte(r.Uint32()), byte(r.Uint32())})
		count := 1 + r.IntN(700)
		var got []netip.Addr
		for _, p := range prefixes(first, count) {
			for a := p.Addr(); p.Contains(a); a = a.Next() {
				got = append(got, a)
			}
		}
		want := first
		for _, a := range got {
			if a != want {
				t.Fatalf("%s+%d: %s where %s is due", first, count, a, want)
			}
			want = want.Next()
		}
		if len(got) != count {
			t.Fatalf("%s+%d covers %d", first, count, len(got))
		}
	}
}

// run executes a compiled program in x/net's machine.
func run(t testing.TB, f *Filter, b []byte) bool {
	t.Helper()
	prog, err := f.Program(EthernetLayout, 1)
	if err != nil {
		t.Fatalf("%s: %v", f, err)
	}
	vm, err := bpf.NewVM(prog)
	if err != nil {
		t.Fatalf("%s: %v", f, err)
	}
	n, err := vm.Run(b)
	if err != nil {
		t.Fatalf("%s: %v", f, err)
	}
	return n > 0
}

func match(f *Filter, b []byte) bool {
	return f.Match(&capture.Packet{Data: b, Length: len(b), Link: capture.Ethernet})
}

// The matcher and the compiled program give the same answer for any expression
// and any frame: right ones, cut ones, and ones with flipped bytes.
func TestProgramAgrees(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	expressions, frames := 400, 60
	if testing.Short() {
		expressions = 120
	}
	yes := 0
	for range expressions {
		f := compile(expression(r, 4))
		prog, err := f.Program(EthernetLayout, 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bpf.Assemble(prog); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		vm, err := bpf.NewVM(prog)
		if err != nil {
			t.Fatal(err)
		}
		for range frames {
			b, _ := frame(r, 3)
			switch r.IntN(4) {
			case 0:
				b = b[:r.IntN(len(b)+1)]
			case 1:
				b[r.IntN(len(b))] ^= 1 << r.IntN(8)
			}
			want := match(f, b)
			n, err := vm.Run(b)
			if err != nil || (n > 0) != want {
				t.Fatalf("%s on %x: matcher says %v, program %v %v", f, b, want, n > 0, err)
			}
			if want {
				yes++
			}
		}
	}
	if total := expressions * frames; yes < total/10 || yes > total*9/10 {
		t.Errorf("%d of %d answers are yes: the frames test too little", yes, total)
	}
}

// An expression that needs jumps further than 255 instructions still compiles
// to the same answers; one that the kernel would refuse is refused here.
func TestLongPrograms(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	var parts []string
	for i := range 45 {
		parts = append(parts, fmt.Sprintf("(source 10.77.0.%d and udp port %d)", i, 45500+i))
	}
	f, err := Parse("not vlan and (" + strings.Join(parts, " or ") + " or port 4000)")
	if err != nil {
		t.Fatal(err)
	}
	for range 500 {
		b, _ := frame(r, 1)
		if got, want := run(t, f, b), match(f, b); got != want {
			t.Fatalf("%x: program says %v, matcher %v", b, got, want)
		}
	}
	f, err = Parse(strings.Join(parts, " or ") + " or " + strings.Join(parts, " or ") + " or " + strings.Join(parts, " or "))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Program(LinuxLayout, 1); err == nil || !strings.Contains(err.Error(), "instructions") {
		t.Errorf("a program above the kernel's bound: %v", err)
	}
}

// What every word means, by example.
func TestMatch(t *testing.T) {
	hb := func(dst string, tags string) []byte {
		ip := append([]byte{0x45, 0, 0, 38, 0, 0, 0, 0, 1, 17, 0, 0, 10, 77, 0, 11}, netip.MustParseAddr(dst).AsSlice()...)
		b := append(make([]byte, 12), tags...)
		b = append(append(b, 8, 0), ip...)
		return append(append(b, 0xb1, 0xfc, 0xb1, 0xfc, 0, 18, 0, 0), "TRIBES-B\x01\x00"...)
	}
	plain, tagged := hb("228.0.0.4", ""), hb("228.0.0.4", "\x81\x00\x00\x0a")
	for _, test := range []struct {
		expr string
		b    []byte
		want bool
	}{
		{"tribes", plain, true},
		{"tribes", tagged, true},
		{"vlan 10 and tribes", tagged, true},
		{"vlan 11", tagged, false},
		{"vlan", plain, false},
		{"group 228.0.0.4", plain, true},
		{"group 228.0.0.4:45564", tagged, true},
		{"group 10.77.0.11,228.0.0.4", plain, true},
		{"group 10.77.0.12,228.0.0.4", plain, false},
		{"group 228.0.0.0+8", plain, true},
		{"group 228.0.0.5", plain, false},
		{"source 10.77.0.0/24 and not tcp", plain, true},
		{"multicast", plain, true},
		{"multicast", hb("10.77.0.12", ""), false},
		{"igmp or mld or pim", plain, false},
		{"udp port 45000-46000", plain, true},
		{"not udp", plain[:20], true}, // too short to be anything
		{"udp", plain[:20], false},
	} {
		f, err := Parse(test.expr)
		if err != nil {
			t.Fatal(err)
		}
		if got := match(f, test.b); got != test.want {
			t.Errorf("%s on %x: %v", test.expr, test.b, got)
		}
	}
}

// Frames of other link types are looked at in the same way.
func TestLinks(t *testing.T) {
	f, err := Parse("group 228.0.0.4 and udp port 45564")
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(11, 12))
	for range 300 {
		ip := ip4(r, nil)
		want := match(f, append(append(make([]byte, 12), 8, 0), ip...))
		for link, head := range map[capture.LinkType]string{
			capture.Raw:       "",
			capture.Null:      "\x02\x00\x00\x00",
			capture.LinuxSLL:  strings.Repeat("\x00", 14) + "\x08\x00",
			capture.LinuxSLL2: "\x08\x00" + strings.Repeat("\x00", 18),
		} {
			b := append([]byte(head), ip...)
			if got := f.Match(&capture.Packet{Data: b, Link: link}); got != want {
				t.Fatalf("%s %x: %v, want %v", link, b, got, want)
			}
		}
	}
}

func TestWithLaterFragments(t *testing.T) {
	for expr, want := range map[string]string{
		"group 228.0.0.4":     "group 228.0.0.4",
		"udp port 45564":      "(udp port 45564 or later fragment)",
		"igmp or not tribes":  "((igmp or not tribes) or later fragment)",
		"multicast and udp":   "(multicast and udp)",
		"not (tcp port 4000)": "(not tcp port 4000 or later fragment)",
	} {
		f, err := Parse(expr)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.WithLaterFragments().root.String(); got != want {
			t.Errorf("%s: %s, want %s", expr, got, want)
		}
	}
}

// What people are shown has the parentheses that it needs, and means the same.
func TestString(t *testing.T) {
	for in, want := range map[string]string{
		"":                                   "all",
		"((multicast or igmp) or mld)":       "multicast or igmp or mld",
		"(udp or tcp) and (vlan and arp)":    "(udp or tcp) and vlan and arp",
		"udp or (tcp and not vlan 10)":       "udp or tcp and not vlan 10",
		"!(udp or tcp) and not (not igmp)":   "not (udp or tcp) and not not igmp",
		"tribes and (group 228.0.0.4:45564)": "tribes and group 228.0.0.4 and udp dst port 45564",
	} {
		f, err := Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		f = f.WithLaterFragments()
		if got := f.String(); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
		if again, err := Parse(f.String()); err != nil || again.String() != want {
			t.Errorf("%q read again: %v, %v", want, again, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"udp and (port 4000-4099 or group 228.0.0.4:45564+3)", "not !vlan 10||mld", "host fd77::11"} {
		f.Add(s)
	}
	r := rand.New(rand.NewPCG(13, 14))
	var frames [][]byte
	for range 20 {
		b, _ := frame(r, 2)
		frames = append(frames, b)
	}
	f.Fuzz(func(t *testing.T, s string) {
		x, err := Parse(s)
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Column < 1 || syntax.Column > len(s)+1 {
				t.Fatalf("%v", err)
			}
			return
		}
		if _, err := x.Program(EthernetLayout, 1); err != nil {
			return // too long for the kernel
		}
		for _, b := range frames {
			if got, want := run(t, x, b), match(x, b); got != want {
				t.Fatalf("%s on %x: program %v, matcher %v", x, b, got, want)
			}
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	f, err := Parse("group 228.0.0.4 and udp port 45564")
	if err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(15, 16))
	data, _ := frame(r, 0)
	p := capture.Packet{Data: data, Length: len(data), Link: capture.Ethernet}
	b.ReportAllocs()
	for b.Loop() {
		f.Match(&p)
	}
}
