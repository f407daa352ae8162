package proto

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
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
	return &frame.Frame{IP: map[bool]uint8{true: 4, false: 6}[d.Addr().Is4()], Src: netip.MustParseAddr("10.0.0.1"), Dst: d.Addr(), SrcPort: 1024, DstPort: d.Port(), Proto: frame.ProtoUDP, HasPorts: true, Payload: payload}
}

func ip(proto uint8, body []byte) *frame.Frame {
	return &frame.Frame{IP: 4, Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("224.0.0.13"), Proto: proto, Body: body}
}

const service = "000102030405060708090a0b0c0d0e0f"

// examples are messages that no recording has; the others come from recordings (recorded_test.go).
var examples = []struct {
	name string
	f    *frame.Frame
	want string
}{
	{"Jini 1 request", udp("224.0.1.85:4160", unhex("00000001 00001040 00000001"+service+"00000002 0005 7370616365 0000")),
		"jini request version=1 address=10.0.0.1:4160 groups=space,public heard=1"},
	{"Jini 2 request", udp("224.0.1.85:4160", unhex("00000002 01 760f15cb7490ce36 0002 6331 1040 0001 0003 616263 0001"+service)),
		"jini request version=2 format=760f15cb7490ce36 format_name=plaintext address=c1:4160 groups=abc heard=1"},
	{"Jini 2 in a format of one's own", udp("224.0.1.84:4160", unhex("00000002 00 aabbccddeeff0011 dead")), "jini announcement version=2 format=aabbccddeeff0011"},
	{"Jini on other groups", udp("239.1.2.3:5000", unhex("00000001 0004 6c757331 00001040"+service+"00000001 0003 616263")),
		"jini announcement version=1 address=lus1:4160 service=" + service + " groups=abc"},
	{"GigaSpaces", udp("224.0.1.188:4174", unhex("00000001 0004 6c757331 0000104e"+service+"00000000")),
		"jini announcement version=1 address=lus1:4174 service=" + service + " groups="},
	{"mDNS query", udp("224.0.0.251:5353", unhex("000000000001000000000000 055f68747470045f746370056c6f63616c00 000c0001")), "mdns query names=PTR _http._tcp.local"},
	{"LLMNR", udp("224.0.0.252:5355", unhex("000000000001000000000000 04686f737400 00010001")), "llmnr query names=A host"},
	{"SSDP", udp("239.255.255.250:1900", []byte("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nST: upnp:rootdevice\r\nMAN: \"ssdp:discover\"\r\n\r\n")),
		"ssdp m-search st=upnp:rootdevice"},
	{"SSDP answer", udp("10.0.0.2:50000", []byte("HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nUSN: uuid:1::upnp:rootdevice\r\n\r\n")),
		"ssdp answer st=upnp:rootdevice usn=uuid:1::upnp:rootdevice"},
	{"SLP", udp("239.255.255.253:427", unhex("0201 000031 2000 000000 0001 0002 656e")), "slp service request version=2"},
	{"KNX", udp("224.0.23.12:3671", unhex("0610 0201 000e 0801 0a000001 0e57")), "knx core service=0x0201"},
	{"PGM", ip(protoPGM, unhex("1111 2222 04 00 0000 000102030405 0003 00000001 00000000")), "pgm ODATA ports=4369,8738"},
	{"LDP", udp("224.0.0.2:646", unhex("0001 001e 0a000001 0000 0100 0014 00000000 0400 0004 000f 0000")), "ldp hello router=10.0.0.1"},
	{"NAT-PMP", udp("224.0.0.1:5350", unhex("0080 0000 00000001 0a000001")), "nat-pmp answer version=0 operation=0"},
	{"DLEP", udp("224.0.0.117:854", unhex("444c4550 0001 0000")), "dlep peer discovery"},
	{"PIM join", ip(frame.ProtoPIM, unhex("23000000 0100 0a000002 00 01 0069 0100 0020 ef010203 0001 0000 0100 0720 0a010203")),
		"pim join/prune version=2 upstream=10.0.0.2 holdtime=105 joins=(10.1.2.3, 239.1.2.3)"},
	{"PIM type 12", ip(frame.ProtoPIM, unhex("2c000000")), "pim type 12 version=2"},
	{"VRRP 3", ip(frame.ProtoVRRP, unhex("31 33 64 02 0064 0000 0a0000fe 0a0000fd")),
		"vrrp advertisement version=3 router=51 priority=100 interval_ms=1000 addresses=10.0.0.254,10.0.0.253"},
	{"OSPF 3", ip(protoOSPF, unhex("0301 0024 0a000001 00000000 0000 00 00 00000005 01000013 000a 0028 00000000 00000000")),
		"ospf hello version=3 router=10.0.0.1 area=0.0.0.0 hello_s=10 dead_s=40 designated_router=0.0.0.0 backup=0.0.0.0 neighbours=0"},
	{"EIGRP", ip(protoEIGRP, unhex("0205 0000 00000000 00000000 00000000 0000 0064")), "eigrp hello version=2 as=100"},
	{"RIPng", udp("[ff02::9]:521", unhex("02010000 fd000000000000000000000000000000 0000 40 01")), "rip response version=1 routes=fd00::/64 metric 1"},
	{"HSRP", udp("224.0.0.2:1985", unhex("00 00 10 03 0a 78 01 00 636973636f000000 0a0000fe")), "hsrp hello group=1 state=active priority=120 interval_ms=3000 address=10.0.0.254"},
	{"PTP 1", udp("224.0.1.129:319", unhex("0001 0001 00")), "ptp version 1"},
	{"Hazelcast by its content", udp("239.9.9.9:5000", unhex("04 fffffffe 01 00000000 0000001b 04 0134b181 fffffffe 01 00000000 0000001d 040208 fffffffe 01 00000000 00000001"+
		"00001645 04 0000000a 31302e37392e302e3131 00 "+service+" fffffffe 01 00000000 00000004 00000006 6f7264657273")),
		"hazelcast request packet_version=4 release=4.2.8 build=20230529 cluster=orders address=10.79.0.11:5701"},
	{"Hazelcast, a master that looks for others", udp("224.2.2.3:54327", unhex("04 fffffffe 01 00000000 0000001f 04 0134d475 fffffffe 01 00000000 0000001d 050500 fffffffe 01 00000000 00000001"+
		"00001645 04 0000000a 31302e37392e302e3131 00 "+service+" fffffffe 01 00000000 00000004 00000006 6f7264657273")),
		"hazelcast search packet_version=4 release=5.5.0 build=20239477 cluster=orders address=10.79.0.11:5701"},
	{"JGroups, a list", udp("228.8.8.8:45588", unhex("28c1 03 01 02"+service+"0004 64656d6f")), "jgroups messages version=5.3.1 cluster=demo member=" + service},
	{"JGroups, nothing known of it", udp("228.6.7.8:46655", unhex("2100 02 02 0000 ff 00")), "jgroups message version=4.4.0"},
	{"Coherence", udp("237.0.0.1:9000", unhex("0ddf00da 00000000")), "coherence packet type=0ddf00da"},
	{"SAP, compressed", udp("224.2.127.254:9875", append(unhex("21001234 0a000001"), deflated("v=0\r\ns=Radio\r\nc=IN IP4 239.1.1.1/16\r\nm=audio 5004 RTP/AVP 0\r\n")...)),
		"sap announcement hash=1234 session=Radio address=239.1.1.1 media=audio port 5004 (RTP/AVP)"},
}

func deflated(text string) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write([]byte(text))
	w.Close()
	return b.Bytes()
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
	for _, f := range recorded(t) {
		seen[Find(f).Name] = true
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
// Every beginning of a message is a reason why it cannot be read, or a message; none
// panics.
func TestTruncated(t *testing.T) {
	frames := recorded(t)
	for _, e := range examples {
		frames = append(frames, e.f)
	}
	for _, whole := range frames {
		d := Find(whole)
		size := len(whole.Payload)
		if size == 0 {
			size = len(whole.Body)
		}
		for n := range size {
			f := *whole
			if len(whole.Payload) > 0 {
				f.Payload = whole.Payload[:n]
			} else {
				f.Body = whole.Body[:n]
			}
			Find(&f)
			_, err := d.Decode(&f)
			var x *Error
			if err != nil && (!errors.As(err, &x) || x.Offset > n) {
				t.Errorf("%s cut to %d: %v", d.Name, n, err)
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	for name, f := range map[string]*frame.Frame{
		"Jini version":       udp("224.0.1.85:4160", unhex("00000007 00000000")),
		"Jini services":      udp("224.0.1.85:4160", unhex("00000001 00001040 7fffffff")),
		"Jini groups":        udp("224.0.1.85:4160", unhex("00000001 00001040 00000000 7fffffff")),
		"SSDP":               udp("239.255.255.250:1900", []byte("hello")),
		"mDNS":               udp("224.0.0.251:5353", []byte("hello")),
		"VRRP addresses":     ip(frame.ProtoVRRP, unhex("21 33 64 09 00 01 0000 0a0000fe")),
		"Hazelcast length":   udp("224.2.2.3:54327", unhex("04 fffffffe 01 00000000 0000001b 04 0134b181 fffffffe 01 00000000 0000001d 040208 fffffffe 01 00000000 00000001 00001645 04 7fffffff 31")),
		"Hazelcast negative": udp("224.2.2.3:54327", unhex("04 fffffffe 01 00000000 0000001b 04 0134b181 fffffffe 01 00000000 0000001d 040208 fffffffe 01 00000000 00000001 00001645 04 ffffffff 31")),
		"Hazelcast family":   udp("224.2.2.3:54327", unhex("04 fffffffe 01 00000000 0000001b 04 0134b181 fffffffe 01 00000000 0000001d 040208 fffffffe 01 00000000 00000001 00001645 09 00000001 31")),
		"Hazelcast zlib":     udp("224.2.2.3:54327", unhex("7801 ffff")),
		"ActiveMQ state":     udp("239.255.2.3:6155", []byte("default.ActiveMQ-4.asleep.%a%tcp://b:1")),
		"ActiveMQ parts":     udp("239.255.2.3:6155", []byte("default.ActiveMQ-4.alive.%a")),
		"JGroups cluster":    udp("228.8.8.8:45588", unhex("28c1 03 01 01 7fff 64")),
	} {
		if _, err := Find(f).Decode(f); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Bombs do not become larger than what is read of them.
func TestInflateIsBounded(t *testing.T) {
	if out, err := inflate(deflated(strings.Repeat("a", maxInflated+1)), zlibStream); !errors.Is(err, errInflated) {
		t.Errorf("%d bytes, %v", len(out), err)
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	w.Write(bytes.Repeat([]byte("//"), 8<<20))
	w.Close()
	if out, err := inflate(packed.Bytes(), gzipStream); !errors.Is(err, errInflated) {
		t.Errorf("%d bytes of gzip, %v", len(out), err)
	}
	if out, err := inflate(deflated(strings.Repeat("a", maxInflated)), zlibStream); err != nil || len(out) != maxInflated {
		t.Errorf("%d bytes, %v", len(out), err)
	}
}

// FuzzDecode gives each decoder bytes of strangers, those that another one reads too.
func FuzzDecode(f *testing.F) {
	var frames []*frame.Frame
	for _, e := range examples {
		frames = append(frames, e.f)
	}
	frames = append(frames, recorded(f)...)
	for i, x := range frames {
		b := x.Payload
		if len(b) == 0 {
			b = x.Body
		}
		f.Add(uint16(i), b)
	}
	f.Fuzz(func(t *testing.T, i uint16, b []byte) {
		fr := *frames[int(i)%len(frames)]
		if len(fr.Payload) > 0 {
			fr.Payload = b
		} else {
			fr.Body = b
		}
		var finder Finder
		finder.Find(&fr)
		finder.Find(&fr)
		for k := range Decoders {
			m, err := Decoders[k].Decode(&fr)
			var x *Error
			if err != nil && !errors.As(err, &x) {
				t.Fatalf("%s: %T %v", Decoders[k].Name, err, err)
			}
			total := 0
			for _, x := range m.Fields {
				total += len(x.Value)
			}
			for _, x := range m.Peer.Notes {
				total += len(x)
			}
			if most := 64*len(b) + maxInflated + 4096; total > most {
				t.Fatalf("%s: %d bytes of fields from %d", Decoders[k].Name, total, len(b))
			}
		}
	})
}
