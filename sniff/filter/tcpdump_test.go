package filter

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"muster/sniff/capture"
)

// tcpdumpWords are our words in tcpdump's language, where they differ.
var tcpdumpWords = map[word]string{
	"vrrp":      "(ip proto 112 or ip6 proto 112)",
	"pim":       "(ip proto 103 or ip6 proto 103)",
	"icmp6":     "icmp6",
	"multicast": "(ip[16] & 0xf0 = 0xe0 or ip6[24] = 0xff)",
	"fragment":  "(ip[6:2] & 0x3fff != 0 or ip6[6] = 44)",
	"all":       "(len >= 0)",
	"mld": "((ip6[6] = 58 and (ip6[40] >= 130 and ip6[40] <= 132 or ip6[40] = 143)) or" +
		" (ip6[6] = 0 and ip6[40] = 58 and (ip6[48 + 8*ip6[41]] >= 130 and ip6[48 + 8*ip6[41]] <= 132 or ip6[48 + 8*ip6[41]] = 143)))",
}

// tcpdump writes n in tcpdump's language. ok is false for what it cannot say in
// an expression whose answer does not depend on the order of its parts.
func tcpdump(n node) (s string, ok bool) {
	switch n := n.(type) {
	case and:
		a, ok1 := tcpdump(n.a)
		b, ok2 := tcpdump(n.b)
		return "(" + a + " and " + b + ")", ok1 && ok2
	case or:
		a, ok1 := tcpdump(n.a)
		b, ok2 := tcpdump(n.b)
		return "(" + a + " or " + b + ")", ok1 && ok2
	case not:
		x, ok := tcpdump(n.x)
		return "not (" + x + ")", ok
	case address:
		proto := "ip"
		if n.net.Addr().Is6() {
			proto = "ip6"
		}
		if n.net.Bits() == 0 {
			return proto, true
		}
		kind := "net"
		what := n.net.String()
		if n.net.IsSingleIP() {
			kind, what = "host", n.net.Addr().String()
		}
		side := map[side]string{either: "", src: "src ", dst: "dst "}[n.side]
		return fmt.Sprintf("(%s and %s%s %s)", proto, side, kind, what), true
	case port:
		side := map[side]string{either: "", src: "src ", dst: "dst "}[n.side]
		var parts []string
		for _, proto := range []string{"udp", "tcp"} {
			if n.proto == 0 || n.proto == 17 && proto == "udp" || n.proto == 6 && proto == "tcp" {
				parts = append(parts, fmt.Sprintf("%s %sportrange %d-%d", proto, side, n.lo, n.hi))
			}
		}
		return "(" + strings.Join(parts, " or ") + ")", true
	case word:
		if n == "tribes" {
			return "", false
		}
		if s, ok := tcpdumpWords[n]; ok {
			return s, true
		}
		return string(n), true
	case later:
		return "(ip[6:2] & 0x1fff != 0 or (ip6[6] = 44 and ip6[42:2] & 0xfff8 != 0))", true
	}
	return "", false // vlan: the keyword changes what stands behind it
}

// kept runs tcpdump over a file and returns which packets it keeps; each packet's
// number is its time.
func kept(t *testing.T, file, expr string) map[int64]bool {
	t.Helper()
	var out, errs bytes.Buffer
	c := exec.Command("tcpdump", "-r", file, "-w", "-", expr)
	c.Stdout, c.Stderr = &out, &errs
	unprivileged(c)
	err := c.Run()
	if strings.Contains(errs.String(), "expression rejects all packets") {
		return nil
	}
	if err != nil {
		t.Fatalf("tcpdump %q: %v\n%s", expr, err, errs.String())
	}
	s, err := capture.NewReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	got := map[int64]bool{}
	var p capture.Packet
	for s.Next(&p) == nil {
		got[p.Nanos/1000] = true
	}
	return got
}

// Matcher and tcpdump keep the same packets of a generated file for the same
// expression. Where the frames carry one tag, tcpdump is told so ("vlan and"),
// for it does not look through tags by itself.
func TestAgreesWithTcpdump(t *testing.T) {
	if _, err := exec.LookPath("tcpdump"); err != nil {
		t.Skip("tcpdump is not installed")
	}
	r := rand.New(rand.NewPCG(17, 18))
	expressions := 60
	if testing.Short() {
		expressions = 20
	}
	for tags := range 2 {
		var frames [][]byte
		for len(frames) < 300 {
			if b, n := frame(r, tags); n == tags {
				frames = append(frames, b)
			}
		}
		file := filepath.Join(t.TempDir(), "frames.pcap")
		if err := os.WriteFile(file, pcap(frames), 0o600); err != nil {
			t.Fatal(err)
		}
		for done := 0; done < expressions; {
			n := expression(r, 3)
			theirs, ok := tcpdump(n)
			if !ok {
				continue
			}
			done++
			if tags == 1 {
				theirs = "vlan and (" + theirs + ")"
			}
			f := compile(n)
			got := kept(t, file, theirs)
			for i, b := range frames {
				if want := match(f, b); got[int64(i)] != want {
					t.Errorf("%s\n%s\nframe %x: tcpdump says %v, we %v", f, theirs, b, got[int64(i)], want)
					break
				}
			}
		}
	}
}

// vlan is tcpdump's own word as long as it stands first.
func TestVLANAgreesWithTcpdump(t *testing.T) {
	if _, err := exec.LookPath("tcpdump"); err != nil {
		t.Skip("tcpdump is not installed")
	}
	r := rand.New(rand.NewPCG(19, 20))
	var frames [][]byte
	for range 300 {
		b, _ := frame(r, 1)
		frames = append(frames, b)
	}
	file := filepath.Join(t.TempDir(), "frames.pcap")
	if err := os.WriteFile(file, pcap(frames), 0o600); err != nil {
		t.Fatal(err)
	}
	for ours, theirs := range map[string]string{
		"vlan":                            "vlan",
		"vlan 10":                         "vlan 10",
		"not vlan":                        "not vlan",
		"vlan 11 and udp":                 "vlan 11 and udp",
		"vlan and tcp port 4000":          "vlan and tcp port 4000",
		"vlan 12 and (igmp or arp)":       "vlan 12 and (igmp or arp)",
		"vlan and group 228.0.0.4 or arp": "(arp) or (vlan and (ip dst host 228.0.0.4 or arp))",
	} {
		f, err := Parse(ours)
		if err != nil {
			t.Fatal(err)
		}
		got := kept(t, file, theirs)
		for i, b := range frames {
			if want := match(f, b); got[int64(i)] != want {
				t.Errorf("%s, frame %x: tcpdump says %v, we %v", ours, b, got[int64(i)], want)
				break
			}
		}
	}
}

// pcap stores frames with their index as time in us.
func pcap(frames [][]byte) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, 0xa1b2c3d4)
	b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0)
	for i, f := range frames {
		for _, v := range []int{0, i, len(f), len(f)} {
			b = le.AppendUint32(b, uint32(v))
		}
		b = append(b, f...)
	}
	return b
}

func TestPcapHelper(t *testing.T) {
	s, err := capture.NewReader(bytes.NewReader(pcap([][]byte{{1}, {2, 3}})))
	if err != nil {
		t.Fatal(err)
	}
	var p capture.Packet
	for s.Next(&p) == nil {
	}
	if p.Number != 2 || p.Nanos != 1000 || len(p.Data) != 2 {
		t.Errorf("%+v", p)
	}
}
