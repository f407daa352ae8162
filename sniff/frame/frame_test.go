package frame

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"muster/sniff/capture"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.NewReplacer(" ", "", "\n", "", "\t", "").Replace(s))
	if err != nil {
		panic(err)
	}
	return b
}

const (
	macs = "01005e000004 0242ac110002"
	udp4 = "4500 0021 0001 0000 01 11 0000 0a4d000b e4000004" + "b1fc b1fc 000d 0000" + "68656c6c6f"
	udp6 = "60000000 000d 11 01 fd770000000000000000000000000011 ff150000000000000000000400050006" + "b1fc b1fc 000d 0000" + "68656c6c6f"
	tcp4 = "4500 002d 0001 4000 40 06 0000 0a4d000b 0a4d000c" + "a001 0fa0 00000001 00000002 50 18 ffff 0000 0000" + "68656c6c6f"
)

func describe(f *Frame) string {
	var b strings.Builder
	if f.HasMAC {
		fmt.Fprintf(&b, "%s ", f.SrcMAC)
	}
	for _, v := range f.VLANs[:min(f.NVLANs, MaxVLANs)] {
		fmt.Fprintf(&b, "vlan %d ", v)
	}
	fmt.Fprintf(&b, "type %04x", f.Type)
	if f.IP != 0 {
		fmt.Fprintf(&b, " %s > %s ttl %d proto %d", f.Source(), f.Destination(), f.TTL, f.Proto)
	}
	if f.RouterAlert {
		b.WriteString(" alert")
	}
	if f.Fragment {
		fmt.Fprintf(&b, " fragment %d+%d more %v id %d", f.FragOffset, len(f.Body), f.MoreFragments, f.FragID)
	}
	if f.Proto == ProtoTCP && f.HasPorts {
		fmt.Fprintf(&b, " seq %d ack %d flags %02x", f.Seq, f.Ack, f.TCPFlags)
	}
	if f.HasPorts {
		fmt.Fprintf(&b, " %q", f.Payload)
	}
	if f.Cut {
		fmt.Fprintf(&b, " cut %d/%d", len(f.Payload), f.PayloadLen)
	}
	return b.String()
}

func TestDecode(t *testing.T) {
	const (
		plain4 = "10.77.0.11:45564 > 228.0.0.4:45564 ttl 1 proto 17 \"hello\""
		plain6 = "[fd77::11]:45564 > [ff15::4:5:6]:45564 ttl 1 proto 17 \"hello\""
		mac    = "02:42:ac:11:00:02 "
	)
	for _, test := range []struct {
		name string
		link LinkType
		hex  string
		want string
	}{
		{"ethernet", capture.Ethernet, macs + "0800" + udp4, mac + "type 0800 " + plain4},
		{"ethernet, padded", capture.Ethernet, macs + "0800" + udp4 + "000000000000", mac + "type 0800 " + plain4},
		{"ethernet IPv6", capture.Ethernet, macs + "86dd" + udp6, mac + "type 86dd " + plain6},
		{"VLAN", capture.Ethernet, macs + "8100 e00a 0800" + udp4, mac + "vlan 10 type 0800 " + plain4},
		{"stacked VLANs", capture.Ethernet, macs + "88a8 0064 8100 000a 0800" + udp4, mac + "vlan 100 vlan 10 type 0800 " + plain4},
		{"TCP", capture.Ethernet, macs + "0800" + tcp4,
			mac + "type 0800 10.77.0.11:40961 > 10.77.0.12:4000 ttl 64 proto 6 seq 1 ack 2 flags 18 \"hello\""},
		{"ARP", capture.Ethernet, macs + "0806 0001", mac + "type 0806"},
		{"802.3", capture.Ethernet, macs + "0026 424203", mac + "type 0000"},
		{"cooked v1", capture.LinuxSLL, "0002 0001 0006 0242ac1100020000 0800" + udp4, mac + "type 0800 " + plain4},
		{"cooked v1 with a VLAN", capture.LinuxSLL, "0002 0001 0006 0242ac1100020000 8100 000a 86dd" + udp6, mac + "vlan 10 type 86dd " + plain6},
		{"cooked v1, loopback", capture.LinuxSLL, "0000 0304 0006 0000000000000000 0800" + udp4, "00:00:00:00:00:00 type 0800 " + plain4},
		{"cooked v1, tunnel", capture.LinuxSLL, "0000 fffe 0000 0000000000000000 0800" + udp4, "type 0800 " + plain4},
		{"cooked v2", capture.LinuxSLL2, "0800 0000 00000002 0001 02 06 0242ac1100020000" + udp4, mac + "type 0800 " + plain4},
		{"raw IPv4", capture.Raw, udp4, "type 0800 " + plain4},
		{"raw IPv6", capture.Raw12, udp6, "type 86dd " + plain6},
		{"IPv4", capture.IPv4, udp4, "type 0800 " + plain4},
		{"null, little-endian", capture.Null, "02000000" + udp4, "type 0800 " + plain4},
		{"null, big-endian", capture.Null, "00000002" + udp4, "type 0800 " + plain4},
		{"null, Darwin's IPv6", capture.Null, "1e000000" + udp6, "type 86dd " + plain6},
		{"loop", capture.Loop, "00000018" + udp6, "type 86dd " + plain6},
		{"unknown link", LinkType(220), "00000018", "type 0000"},
		{"router alert", capture.Raw, "4600 0020 0001 0000 01 02 0000 0a4d000b e0000016 94040000 1600 05fb e4000004",
			"type 0800 10.77.0.11:0 > 224.0.0.22:0 ttl 1 proto 2 alert"},
		{"router alert after others", capture.Raw, "4700 0024 0001 0000 01 02 0000 0a4d000b e0000016 01 440301 94040000 1600 05fb e4000004",
			"type 0800 10.77.0.11:0 > 224.0.0.22:0 ttl 1 proto 2 alert"},
		{"MLD behind hop-by-hop options", capture.Raw, "60000000 0010 00 01 fe800000000000000000000000000001 ff020000000000000000000000000016 3a00 0502 0000 0100 8f00000000000000",
			"type 86dd [fe80::1]:0 > [ff02::16]:0 ttl 1 proto 58 alert"},
		{"first fragment", capture.Raw, "4500 001c 0007 2000 01 11 0000 0a4d000b e4000004 b1fc b1fc 0ccd 0000",
			"type 0800 10.77.0.11:0 > 228.0.0.4:0 ttl 1 proto 17 fragment 0+8 more true id 7"},
		{"last fragment", capture.Raw, "4500 0017 0007 0001 01 11 0000 0a4d000b e4000004 616263",
			"type 0800 10.77.0.11:0 > 228.0.0.4:0 ttl 1 proto 17 fragment 8+3 more false id 7"},
		{"IPv6 fragment", capture.Raw, "60000000 0010 2c 01 fd770000000000000000000000000011 ff150000000000000000000400050006 1100 0001 00000009 b1fc b1fc 0010 0000",
			"type 86dd [fd77::11]:0 > [ff15::4:5:6]:0 ttl 1 proto 17 fragment 0+8 more true id 9"},
		{"IPv6 atomic fragment", capture.Raw, "60000000 0015 2c 01 fd770000000000000000000000000011 ff150000000000000000000400050006 1100 0000 00000009" + "b1fc b1fc 000d 0000" + "68656c6c6f",
			"type 86dd " + plain6},
		{"UDP length 0 (offload)", capture.Raw, strings.Replace(udp4, "000d 0000", "0000 0000", 1), "type 0800 " + plain4},
		{"IPv4 length 0 (offload)", capture.Raw, strings.Replace(udp4, "4500 0021", "4500 0000", 1), "type 0800 " + plain4},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := unhex(test.hex)
			var f Frame
			if err := Decode(&capture.Packet{Data: b, Length: len(b), Link: test.link}, &f); err != nil {
				t.Fatal(err)
			}
			if got := describe(&f); got != test.want {
				t.Errorf("\n got %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestBroken(t *testing.T) {
	for name, test := range map[string]struct {
		hex  string
		want string
	}{
		"version 5":         {"45" + udp4[2:], ""}, // the whole one is right
		"short header":      {"44" + udp4[2:], "IPv4 header at offset 14: version 4, header length 16"},
		"wrong version":     {"55" + udp4[2:], "IPv4 header at offset 14: version 5, header length 20"},
		"total too small":   {strings.Replace(udp4, "4500 0021", "4500 0013", 1), "total length 19, header length 20"},
		"total too large":   {strings.Replace(udp4, "4500 0021", "4500 0055", 1), "its payload is 65 bytes long, the packet holds 13"},
		"UDP length 7":      {strings.Replace(udp4, "000d 0000", "0007 0000", 1), "UDP header at offset 34: length 7"},
		"UDP length 99":     {strings.Replace(udp4, "000d 0000", "0063 0000", 1), "UDP header at offset 34: length 99 in a payload of 13 bytes"},
		"TCP header length": {strings.Replace(tcp4, "50 18", "40 18", 1), "TCP header at offset 34: header length 16"},
		"nothing":           {"", "IPv4 header at offset 14: want 20 bytes, have 0"},
	} {
		b := unhex(macs + "0800" + test.hex)
		var f Frame
		err := Decode(&capture.Packet{Data: b, Length: len(b), Link: capture.Ethernet}, &f)
		if got := fmt.Sprint(err); test.want == "" && err != nil || test.want != "" && !strings.Contains(got, test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

// A packet that the snap length cut at any byte is no error: what is there is
// read, and Cut tells that something is missing.
func TestSnapped(t *testing.T) {
	for _, s := range []string{macs + "8100 e00a 0800" + udp4, macs + "86dd" + udp6, macs + "0800" + tcp4} {
		b := unhex(s)
		var whole Frame
		if err := Decode(&capture.Packet{Data: b, Length: len(b), Link: capture.Ethernet}, &whole); err != nil {
			t.Fatal(err)
		}
		for n := range b {
			var f Frame
			if err := Decode(&capture.Packet{Data: b[:n], Length: len(b), Link: capture.Ethernet}, &f); err != nil {
				t.Errorf("%s cut to %d: %v", s, n, err)
			}
			if !f.Cut {
				t.Errorf("%s cut to %d: not called cut", s, n)
			}
			if f.HasPorts && (f.SrcPort != whole.SrcPort || f.PayloadLen != whole.PayloadLen) {
				t.Errorf("%s cut to %d: ports %d, payload %d", s, n, f.SrcPort, f.PayloadLen)
			}
		}
	}
}

// What this package reads of generated packets is what gopacket reads.
func TestAgreesWithGopacket(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 3000 {
		b := generated(t, r)
		var f Frame
		if err := Decode(&capture.Packet{Data: b, Length: len(b), Link: capture.Ethernet}, &f); err != nil {
			t.Fatalf("packet %d, %x: %v", i, b, err)
		}
		p := gopacket.NewPacket(b, layers.LinkTypeEthernet, gopacket.NoCopy)
		if got, want := describe(&f), theirs(p); got != want {
			t.Fatalf("packet %d, %x:\n got %s\nwant %s", i, b, got, want)
		}
	}
}

// generated makes a packet of random layers with gopacket.
func generated(t *testing.T, r *rand.Rand) []byte {
	t.Helper()
	eth := &layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, byte(r.Uint32())}, DstMAC: net.HardwareAddr{1, 0, 0x5e, 0, 0, 4}}
	stack := []gopacket.SerializableLayer{eth}
	kind := &eth.EthernetType
	for range r.IntN(3) {
		*kind = layers.EthernetTypeDot1Q
		tag := &layers.Dot1Q{VLANIdentifier: uint16(r.IntN(4096)), Priority: uint8(r.IntN(8))}
		stack, kind = append(stack, tag), &tag.Type
	}
	tcp := r.IntN(2) == 0
	proto := layers.IPProtocolUDP
	if tcp {
		proto = layers.IPProtocolTCP
	}
	var network gopacket.NetworkLayer
	if r.IntN(2) == 0 {
		*kind = layers.EthernetTypeIPv4
		ip := &layers.IPv4{Version: 4, TTL: uint8(r.Uint32()), Protocol: proto, SrcIP: net.IP{10, 0, 0, byte(r.Uint32())}, DstIP: net.IP{228, 0, 0, byte(r.Uint32())}}
		if r.IntN(3) == 0 {
			ip.Options = []layers.IPv4Option{{OptionType: 0x94, OptionLength: 4, OptionData: []byte{0, 0}}}
		}
		network, stack = ip, append(stack, ip)
	} else {
		*kind = layers.EthernetTypeIPv6
		ip := &layers.IPv6{Version: 6, HopLimit: uint8(r.Uint32()), NextHeader: proto, SrcIP: net.ParseIP("fd77::11"), DstIP: net.ParseIP("ff15::4:5:6")}
		network, stack = ip, append(stack, ip)
		if r.IntN(3) == 0 {
			ip.NextHeader = layers.IPProtocolIPv6Destination
			opts := &layers.IPv6Destination{Options: []*layers.IPv6DestinationOption{{OptionType: 1, OptionLength: 4, OptionData: make([]byte, 4)}}}
			opts.NextHeader = proto
			stack = append(stack, opts)
		}
	}
	if tcp {
		l := &layers.TCP{SrcPort: layers.TCPPort(r.Uint32()), DstPort: 4000, Seq: r.Uint32(), Ack: r.Uint32(), ACK: true, PSH: r.IntN(2) == 0, Window: 1000}
		l.SetNetworkLayerForChecksum(network)
		stack = append(stack, l)
	} else {
		l := &layers.UDP{SrcPort: layers.UDPPort(r.Uint32()), DstPort: 45564}
		l.SetNetworkLayerForChecksum(network)
		stack = append(stack, l)
	}
	payload := make([]byte, r.IntN(100))
	for i := range payload {
		payload[i] = byte(r.Uint32())
	}
	buf := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, append(stack, gopacket.Payload(payload))...)
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// theirs is describe of what gopacket read.
func theirs(p gopacket.Packet) string {
	f := Frame{HasMAC: true}
	for _, l := range p.Layers() {
		switch l := l.(type) {
		case *layers.Ethernet:
			copy(f.SrcMAC[:], l.SrcMAC)
			f.Type = uint16(l.EthernetType)
		case *layers.Dot1Q:
			f.VLANs[f.NVLANs] = l.VLANIdentifier
			f.NVLANs++
			f.Type = uint16(l.Type)
		case *layers.IPv4:
			f.IP, f.TTL, f.Proto = 4, l.TTL, uint8(l.Protocol)
			f.Src, _ = netip.AddrFromSlice(l.SrcIP.To4())
			f.Dst, _ = netip.AddrFromSlice(l.DstIP.To4())
			f.RouterAlert = len(l.Options) > 0
		case *layers.IPv6:
			f.IP, f.TTL, f.Proto = 6, l.HopLimit, uint8(l.NextHeader)
			f.Src, _ = netip.AddrFromSlice(l.SrcIP)
			f.Dst, _ = netip.AddrFromSlice(l.DstIP)
		case *layers.IPv6Destination:
			f.Proto = uint8(l.NextHeader)
		case *layers.UDP:
			f.HasPorts, f.SrcPort, f.DstPort, f.Payload = true, uint16(l.SrcPort), uint16(l.DstPort), l.Payload
		case *layers.TCP:
			f.HasPorts, f.SrcPort, f.DstPort, f.Payload = true, uint16(l.SrcPort), uint16(l.DstPort), l.Payload
			f.Seq, f.Ack, f.TCPFlags = l.Seq, l.Ack, l.Contents[13]
		}
	}
	return describe(&f)
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{macs + "8100 e00a 0800" + udp4, macs + "86dd" + udp6, macs + "0800" + tcp4} {
		f.Add(uint16(capture.Ethernet), unhex(s), 0)
	}
	f.Add(uint16(capture.LinuxSLL2), unhex("0800 0000 00000002 0001 02 06 0242ac1100020000"+udp4), 9)
	d := NewDefragmenter()
	f.Fuzz(func(t *testing.T, link uint16, b []byte, cut int) {
		var fr Frame
		p := capture.Packet{Data: b, Length: len(b) + max(cut, 0)%4096, Link: LinkType(link)}
		if err := Decode(&p, &fr); err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(b) {
				t.Fatalf("%v names no offset inside %d bytes", err, len(b))
			}
			return
		}
		if fr.PayloadLen < len(fr.Payload) || fr.BodyLen < len(fr.Body) {
			t.Fatalf("payload %d of %d, body %d of %d", len(fr.Payload), fr.PayloadLen, len(fr.Body), fr.BodyLen)
		}
		if fr.Fragment {
			if whole, ok := d.Add(&fr, int64(len(b))); ok {
				fr.Transport(whole)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	data := unhex(macs + "0800" + udp4)
	p := capture.Packet{Data: data, Length: len(data), Link: capture.Ethernet}
	var f Frame
	b.ReportAllocs()
	for b.Loop() {
		if err := Decode(&p, &f); err != nil {
			b.Fatal(err)
		}
	}
}

// The same work done by gopacket, for the record in docs/performance.md.
func BenchmarkDecodeGopacket(b *testing.B) {
	data := unhex(macs + "0800" + udp4)
	var eth layers.Ethernet
	var ip layers.IPv4
	var udp layers.UDP
	parser := gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet, &eth, &ip, &udp)
	parser.IgnoreUnsupported = true
	decoded := make([]gopacket.LayerType, 0, 4)
	b.ReportAllocs()
	for b.Loop() {
		if err := parser.DecodeLayers(data, &decoded); err != nil {
			b.Fatal(err)
		}
	}
}
