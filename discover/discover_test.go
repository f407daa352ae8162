package discover

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"muster/sniff/frame"
	"muster/sniff/proto"
)

// Each question is a message of its protocol, asks once, and is one that muster itself
// reads as a question and not as a member's word.
func TestQuestions(t *testing.T) {
	for _, q := range Questions() {
		f := &frame.Frame{IP: 4, Proto: frame.ProtoUDP, HasPorts: true, Src: netip.MustParseAddr("10.0.0.1"), SrcPort: 40000,
			Dst: q.To.Addr(), DstPort: q.To.Port(), Payload: q.payload(4711)}
		if q.Name == "JGroups" {
			if len(f.Payload) != 0 {
				t.Errorf("%s: %q is no empty question", q.Name, f.Payload)
			}
			continue
		}
		d := proto.Find(f)
		if d == nil {
			t.Errorf("%s: no decoder knows the question", q.Name)
			continue
		}
		m, err := d.Decode(f)
		if err != nil {
			t.Errorf("%s: %v", q.Name, err)
		}
		if m.Type != map[string]string{"Jini": "request", "mDNS": "query", "SSDP": "m-search", "WS-Discovery": "probe"}[q.Name] {
			t.Errorf("%s is a %s", q.Name, m.Type)
		}
	}
	for _, g := range Silent() {
		for _, q := range Questions() {
			if q.To == g {
				t.Errorf("%s is both asked and only listened to", g)
			}
		}
	}
}

func TestDiagnostics(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"local_addr=nodeA [ef8c9dbc-5150-ffeb-7da7-31aeb5efdc35]\nphysical_addr=10.77.0.11:33099\nview=[nodeA|0] (1) [nodeA]\ncluster=orders\nversion=3.6.20.Final (Tourmalet)",
			"orders nodeA 10.77.0.11:33099 3.6.20 view [nodeA|0] (1) [nodeA]"},
		{"local_addr=nodeB\nphysical_addr=10.77.0.12:43555\nview=[nodeA|1] (2) [nodeA, nodeB]\ncluster=orders\nversion=4.2.30.Final (Julier)\n",
			"orders nodeB 10.77.0.12:43555 4.2.30 view [nodeA|1] (2) [nodeA, nodeB]"},
		{"nodeB (ip=10.77.0.12:38356)\nview=null\ncluster=orders\nversion=5.5.7.Final (Vorder H\u00f6hi) (java 17)\n", "orders nodeB 10.77.0.12:38356 5.5.7"},
		{"hello", ""}, {"", ""}, {"cluster=x\nversion=1", ""},
	} {
		m, ok := diagnostics(&frame.Frame{Dst: netip.MustParseAddr("10.0.0.1"), Payload: []byte(c.text)})
		got := ""
		if ok {
			p := m.Peer
			got = strings.TrimSpace(strings.Join(append([]string{p.Cluster, p.Name, p.Address, p.Release}, p.Notes...), " "))
		}
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

// answer ends as reggie's do: a marshalled object, then a block of data.
func answer(block string) []byte {
	b, err := hex.DecodeString("aced0005737200196a6176612e726d692e4d61727368616c6c65644f626a656374" + block)
	if err != nil {
		panic(err)
	}
	return b
}

func TestAnsweredGroups(t *testing.T) {
	for _, c := range []struct {
		block, want string
		ok          bool
	}{
		{"770c0000000100066f7264657273", "orders", true},
		{"7715000000020003616263000a6f726465727321212121", "abc orders!!!!", true},
		{"770400000000", "", true},
		{"770c0000000200066f7264657273", "", true}, // one name is missing
		{"770cffffffff00066f7264657273", "", true},
	} {
		b := answer(c.block)
		groups, ok := answeredGroups(b)
		if strings.Join(groups, " ") != c.want || ok != c.ok {
			t.Errorf("%s: %q, %v; want %q", c.block, groups, ok, c.want)
		}
		for n := range b {
			answeredGroups(b[:n])
		}
	}
	if _, ok := answeredGroups([]byte("HTTP/1.1 400 Bad Request")); ok {
		t.Error("a stranger is a lookup service")
	}
}

func FuzzAnswers(f *testing.F) {
	f.Add(answer("770c0000000100066f7264657273"))
	f.Add([]byte("nodeB (ip=10.77.0.12:38356)\nview=null\ncluster=orders\nversion=5.5.7.Final"))
	f.Fuzz(func(t *testing.T, b []byte) {
		groups, _ := answeredGroups(b)
		total := 0
		for _, g := range groups {
			total += len(g)
		}
		if total > len(b) {
			t.Fatalf("%d bytes of names from %d", total, len(b))
		}
		diagnostics(&frame.Frame{Dst: netip.MustParseAddr("10.0.0.1"), Payload: b})
	})
}
