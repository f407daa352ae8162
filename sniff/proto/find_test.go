package proto

import (
	"net/netip"
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

// firstOf is the first decoder of the list that claims f.
func firstOf(f *frame.Frame) *Decoder {
	for i := range Decoders {
		if Decoders[i].Claims(f) {
			return &Decoders[i]
		}
	}
	return nil
}
