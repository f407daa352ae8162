package proto

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"muster/sniff/frame"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func udp(dst string, payload []byte) *frame.Frame {
	d := netip.MustParseAddrPort(dst)
	return &frame.Frame{IP: 4, Src: netip.MustParseAddr("10.0.0.1"), Dst: d.Addr(), SrcPort: 1024, DstPort: d.Port(), Proto: frame.ProtoUDP, HasPorts: true, Payload: payload}
}

func ip(proto uint8, body []byte) *frame.Frame {
	return &frame.Frame{IP: 4, Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("224.0.0.13"), Proto: proto, Body: body}
}

const service = "000102030405060708090a0b0c0d0e0f"

var examples = []struct {
	name string
	f    *frame.Frame
	want string
}{
	{"Jini 1 request", udp("224.0.1.85:4160", unhex("00000001 00001040 00000001"+service+"00000002 0005 7370616365 0000")),
		"jini request version=1 port=4160 heard=1 groups=space,public"},
	{"Jini 1 announcement", udp("224.0.1.84:4160", unhex("00000001 0004 6c757331 00001040"+service+"00000001 0003 616263")),
		"jini announcement version=1 host=lus1 port=4160 service=" + service + " groups=abc"},
	{"Jini 2 request", udp("224.0.1.85:4160", unhex("00000002 1122334455667788 0002 6331 1040 0001 0003 616263 0001"+service)),
		"jini request version=2 format=1122334455667788 host=c1 port=4160 groups=abc heard=1"},
	{"Jini 2 announcement", udp("224.0.1.84:4160", unhex("00000002 1122334455667788 0000000000000007 0002 6c31 1040 0001 0003 616263"+service)),
		"jini announcement version=2 format=1122334455667788 sequence=7 host=l1 port=4160 groups=abc service=" + service},
	{"Jini 2, signed", udp("224.0.1.84:4160", unhex("00000002 aabbccddeeff0011 dead")), "jini announcement version=2 format=aabbccddeeff0011"},
	{"GigaSpaces", udp("224.0.1.188:4174", unhex("00000001 0004 6c757331 0000104e"+service+"00000000")),
		"jini announcement version=1 host=lus1 port=4174 service=" + service + " groups="},
	{"mDNS query", udp("224.0.0.251:5353", unhex("000000000001000000000000 055f68747470045f746370056c6f63616c00 000c0001")), "mdns query names=PTR _http._tcp.local"},
	{"mDNS response", udp("224.0.0.251:5353", unhex("000084000000000100000000 0161056c6f63616c00 00010001 00000078 0004 0a000001")), "mdns response names=A a.local"},
	{"SSDP", udp("239.255.255.250:1900", []byte("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nST: upnp:rootdevice\r\nMAN: \"ssdp:discover\"\r\n\r\n")),
		"ssdp m-search st=upnp:rootdevice"},
	{"SSDP notify", udp("239.255.255.250:1900", []byte("NOTIFY * HTTP/1.1\r\nNT: x\r\nNTS: ssdp:alive\r\nLOCATION: http://10.0.0.1:80/\r\n\r\n")),
		"ssdp notify nt=x nts=ssdp:alive location=http://10.0.0.1:80/"},
	{"PIM hello", ip(frame.ProtoPIM, unhex("20000000 0001 0002 0069 0014 0004 deadbeef 0013 0004 00000001 0002 0004 00000000")),
		"pim hello version=2 holdtime=105 generation_id=deadbeef dr_priority=1"},
	{"PIM join", ip(frame.ProtoPIM, unhex("23000000 0100")), "pim join/prune version=2"},
	{"PIM type 12", ip(frame.ProtoPIM, unhex("2c000000")), "pim type 12 version=2"},
	{"VRRP 2", ip(frame.ProtoVRRP, unhex("21 33 64 01 00 01 0000 0a0000fe")), "vrrp advertisement version=2 router=51 priority=100 interval_ms=1000 addresses=10.0.0.254"},
	{"VRRP 3", ip(frame.ProtoVRRP, unhex("31 33 64 02 0064 0000 0a0000fe 0a0000fd")),
		"vrrp advertisement version=3 router=51 priority=100 interval_ms=1000 addresses=10.0.0.254,10.0.0.253"},
	{"Hazelcast", udp("224.2.2.3:54327", unhex("04 fffffffe 00")), "hazelcast join packet_version=4 bytes=5"},
	{"JGroups", udp("228.8.8.8:45588", unhex("28c1 03 01 02"+service+"0004 64656d6f")), "jgroups messages version=5.3.1 cluster=demo"},
	{"JGroups, one message", udp("228.6.7.8:46655", unhex("2100 02 ff")), "jgroups message version=4.4.0"},
}

func describe(f *frame.Frame) string {
	d := Find(f)
	if d == nil {
		return "nobody"
	}
	m, err := d.Decode(f)
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", d.Name, m.Type)
	for _, x := range m.Fields {
		fmt.Fprintf(&b, " %s=%s", x.Name, x.Value)
	}
	if err != nil {
		fmt.Fprintf(&b, " error %v", err)
	}
	return b.String()
}

func TestDecoders(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range examples {
		if got := describe(e.f); got != e.want {
			t.Errorf("%s:\n got %s\nwant %s", e.name, got, e.want)
		}
		seen[Find(e.f).Name] = true
	}
	for _, d := range Decoders {
		if !seen[d.Name] {
			t.Errorf("no example of %s", d.Name)
		}
	}
	if got := describe(udp("228.0.0.4:45564", []byte("hello"))); got != "nobody" {
		t.Errorf("a stranger is called %s", got)
	}
}

// Messages cut at every byte give an error that names an offset inside them, or
// a shorter message that is whole; none panics.
func TestTruncated(t *testing.T) {
	for _, e := range examples {
		f := *e.f
		for n := range max(len(e.f.Payload), len(e.f.Body)) {
			if len(e.f.Body) > 0 {
				f.Body = e.f.Body[:n]
			} else {
				f.Payload = e.f.Payload[:n]
			}
			_, err := Find(&f).Decode(&f)
			var x *Error
			if err != nil && (!errors.As(err, &x) || x.Offset > n) {
				t.Errorf("%s cut to %d: %v", e.name, n, err)
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	for name, f := range map[string]*frame.Frame{
		"Jini version":    udp("224.0.1.85:4160", unhex("00000007 00000000")),
		"Jini services":   udp("224.0.1.85:4160", unhex("00000001 00001040 7fffffff")),
		"Jini groups":     udp("224.0.1.85:4160", unhex("00000001 00001040 00000000 7fffffff")),
		"SSDP":            udp("239.255.255.250:1900", []byte("hello")),
		"mDNS":            udp("224.0.0.251:5353", []byte("hello")),
		"VRRP addresses":  ip(frame.ProtoVRRP, unhex("21 33 64 09 00 01 0000 0a0000fe")),
		"JGroups cluster": udp("228.8.8.8:45588", unhex("28c1 03 01 01 7fff 64")),
	} {
		if _, err := Find(f).Decode(f); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for i, e := range examples {
		f.Add(uint8(i), append(e.f.Payload, e.f.Body...))
	}
	f.Fuzz(func(t *testing.T, i uint8, b []byte) {
		fr := *examples[int(i)%len(examples)].f
		if len(fr.Body) > 0 {
			fr.Body = b
		} else {
			fr.Payload = b
		}
		m, err := Find(&fr).Decode(&fr)
		var x *Error
		if err != nil && !errors.As(err, &x) {
			t.Fatalf("%T %v", err, err)
		}
		total := 0
		for _, x := range m.Fields {
			total += len(x.Value)
		}
		if total > 64*len(b)+4096 {
			t.Fatalf("%d bytes of fields from %d", total, len(b))
		}
	})
}
