package proto

import (
	"net/netip"
	"slices"
	"testing"

	"muster/sniff/frame"
)

// TestFindLeavesOutNobody holds Find against asking every decoder in turn: with any port, and
// with each message of the recordings at ports of its own and at those of all others.
func TestFindLeavesOutNobody(t *testing.T) {
	same := func(f *frame.Frame) {
		t.Helper()
		if got, want := Find(f), firstOf(f); got != want {
			t.Fatalf("protocol %d, %s to %s: Find has %v, the list %v", f.Proto, f.Source(), f.Destination(), got, want)
		}
	}
	ports := []uint16{0}
	for _, d := range Decoders {
		ports = append(ports, d.Ports...)
	}
	payload := append([]byte{0x23}, make([]byte, 63)...)
	for port := range uint16(1<<16 - 1) {
		f := frame.Frame{IP: 4, Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("239.1.1.1"), Proto: frame.ProtoUDP, HasPorts: true, SrcPort: port, DstPort: 9, Body: payload, Payload: payload}
		same(&f)
		f.SrcPort, f.DstPort = f.DstPort, f.SrcPort
		same(&f)
	}
	for _, recorded := range recorded(t) {
		for _, protocol := range []uint8{recorded.Proto, frame.ProtoUDP, frame.ProtoICMP, frame.ProtoPIM, frame.ProtoVRRP, protoOSPF, protoEIGRP} {
			for _, port := range ports {
				for side := range 2 {
					f := *recorded
					if f.Proto = protocol; side == 0 && port != 0 {
						f.DstPort = port
					} else if port != 0 {
						f.SrcPort = port
					}
					if f.Proto == frame.ProtoTCP {
						continue
					}
					same(&f)
				}
			}
		}
	}
}

// TestFindByFirstByte holds Find against asking every decoder, with each message of the tables
// and the recordings beginning with each byte.
func TestFindByFirstByte(t *testing.T) {
	frames := recorded(t)
	for _, e := range examples {
		frames = append(frames, e.f)
	}
	for _, x := range frames {
		if x.Proto != frame.ProtoUDP || len(x.Payload) == 0 {
			continue
		}
		f := *x
		f.Payload = slices.Clone(x.Payload)
		for b := range 1 << 8 {
			f.Payload[0] = byte(b)
			for _, port := range []uint16{x.DstPort, 50000} {
				f.DstPort = port
				if got, want := Find(&f), firstOf(&f); got != want {
					t.Fatalf("%s to %s, beginning with %#02x: Find has %v, the list %v", f.Source(), f.Destination(), b, got, want)
				}
			}
		}
	}
}

// firstOf is the first decoder of the list that claims f.
func firstOf(f *frame.Frame) *Decoder {
	for i := range Decoders {
		if Decoders[i].Claims(f) {
			return &Decoders[i]
		}
	}
	return nil
}

// BenchmarkFind asks for the decoder of datagrams as an ordinary network has them: a video
// stream, mDNS and SSDP, and what nobody claims.
func BenchmarkFind(b *testing.B) {
	for name, f := range map[string]*frame.Frame{
		"rtp":    udp("239.1.2.3:5004", append(unhex("8021 0001 00000001 11223344"), make([]byte, 1300)...)),
		"mdns":   udp("224.0.0.251:5353", unhex("000000000001000000000000 055f68747470045f746370056c6f63616c00 000c0001")),
		"ssdp":   udp("239.255.255.250:1900", []byte("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\r\n")),
		"nobody": udp("239.1.2.3:45000", append([]byte("hello"), make([]byte, 500)...)),
	} {
		b.Run(name, func(b *testing.B) {
			var x Finder
			for b.Loop() {
				x.Find(f)
			}
		})
	}
}
