package judge

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"muster/internal/verdict"
	"muster/routecheck/facts"
)

// large is a host with many routes and firewall rules, all of which must be
// looked at.
func large(t testing.TB, routes, rules int) sample {
	f := healthy()
	for i := range routes {
		a := netip.AddrFrom4([4]byte{10, byte(100 + i>>16), byte(i >> 8), byte(i)})
		f.Routes.Value = append(f.Routes.Value, facts.Route{Table: 254, Type: "unicast", Dst: netip.PrefixFrom(a, 32), Gateway: addr("10.77.0.1"), Links: []uint32{2}})
	}
	var b strings.Builder
	b.WriteString("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n")
	for i := range rules {
		fmt.Fprintf(&b, "-A INPUT -s 192.0.2.%d/32 -p udp -m udp --dport %d -j DROP\n", i%256, 1024+i)
	}
	b.WriteString("COMMIT\n")
	f.rules(t, "ip", b.String())
	return f
}

// TestLarge: size changes no verdict.
func TestLarge(t *testing.T) {
	for _, v := range Facts(large(t, 5000, 5000).Facts, nil) {
		if v.Status != verdict.Pass && v.Status != verdict.Skip {
			t.Errorf("%s: %s: %s", v.ID, v.Status, v.Saw)
		}
	}
}

// BenchmarkJudge judges facts of a plain host, and of one with 5,000 routes and
// 5,000 firewall rules; docs/perf/check-host.sh measures the whole command.
func BenchmarkJudge(b *testing.B) {
	for name, f := range map[string]sample{"plain": healthy(), "large": large(b, 5000, 5000)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if len(Facts(f.Facts, nil)) < len(All) {
					b.Fatal("not all")
				}
			}
		})
	}
}

// BenchmarkLoad reads the facts of the large host.
func BenchmarkLoad(b *testing.B) {
	text := saved(b, large(b, 5000, 5000).Facts)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := facts.Load(bytes.NewReader(text)); err != nil {
			b.Fatal(err)
		}
	}
}
