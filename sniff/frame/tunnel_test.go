package frame

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"muster/sniff/capture"
)

// over is an Ethernet frame with an IPv4 packet of that protocol.
func over(proto uint8, payload string) string {
	b := []byte{0x45, 0, 0, 0, 0, 1, 0, 0, 64, proto, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2}
	binary.BigEndian.PutUint16(b[2:], uint16(20+len(payload)))
	return string(unhex(macs)) + "\x08\x00" + string(b) + payload
}

func overUDP(port uint16, payload string) string {
	b := []byte{0xc0, 0, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(b[2:], port)
	binary.BigEndian.PutUint16(b[4:], uint16(8+len(payload)))
	return over(ProtoUDP, string(b)+payload)
}

// Every tunnel and link type gives the packet inside, and names the tunnel. Where
// gopacket reads it too, it finds the same payload.
func TestInside(t *testing.T) {
	ip := string(unhex(udp4))
	eth := string(unhex(macs)) + "\x08\x00" + ip
	mac := string(unhex(macs))
	pppoe := mac + "\x88\x64\x11\x00\x00\x07" + string(binary.BigEndian.AppendUint16(nil, uint16(2+len(ip)))) + "\x00\x21" + ip
	wifi := "\x08\x02\x00\x00" + mac[:6] + "\x02\x00\x00\x00\x00\x99" + mac[6:] + "\x00\x00"
	snap := "\xaa\xaa\x03\x00\x00\x00\x08\x00"
	for _, test := range []struct {
		name, tunnels string
		link          LinkType
		bytes         string
		referee       gopacket.Decoder // nil where gopacket does not read it
	}{
		{"VXLAN", "vxlan 100", capture.Ethernet, overUDP(4789, "\x08\x00\x00\x00\x00\x00\x64\x00"+eth), layers.LayerTypeEthernet},
		{"VXLAN on the kernel's old port", "vxlan 100", capture.Ethernet, overUDP(8472, "\x08\x00\x00\x00\x00\x00\x64\x00"+eth), nil},
		{"VXLAN in VXLAN", "vxlan 1, vxlan 2", capture.Ethernet,
			overUDP(4789, "\x08\x00\x00\x00\x00\x00\x01\x00"+overUDP(4789, "\x08\x00\x00\x00\x00\x00\x02\x00"+eth)), layers.LayerTypeEthernet},
		{"Geneve with options", "geneve 5", capture.Ethernet, overUDP(6081, "\x01\x00\x65\x58\x00\x00\x05\x00\x01\x02\x03\x00"+eth), layers.LayerTypeEthernet},
		{"Geneve with IP", "geneve 5", capture.Ethernet, overUDP(6081, "\x00\x00\x08\x00\x00\x00\x05\x00"+ip), nil},
		{"GRE", "gre", capture.Ethernet, over(47, "\x00\x00\x08\x00"+ip), layers.LayerTypeEthernet},
		{"GRE with checksum, key and sequence", "gre 9", capture.Ethernet, over(47, "\xb0\x00\x65\x58\x00\x00\x00\x00\x00\x00\x00\x09\x00\x00\x00\x01"+eth), nil},
		{"GRE of PPTP", "gre 7", capture.Ethernet, over(47, "\x30\x81\x88\x0b\x00\x29\x00\x07\x00\x00\x00\x01\x00\x00\x00\x02\xff\x03\x00\x21"+ip), nil},
		{"ERSPAN I", "erspan", capture.Ethernet, over(47, "\x00\x00\x88\xbe"+eth), nil},
		{"ERSPAN II", "erspan 1", capture.Ethernet, over(47, "\x10\x00\x88\xbe\x00\x00\x00\x01\x10\x01\x00\x01\x00\x00\x00\x00"+eth), nil},
		{"ERSPAN III with a subheader", "erspan 1", capture.Ethernet, over(47, "\x10\x00\x22\xeb\x00\x00\x00\x01\x20\x01\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00"+eth), nil},
		{"IP in IP", "ipip", capture.Ethernet, over(4, ip), layers.LayerTypeEthernet},
		{"EtherIP", "etherip", capture.Ethernet, over(97, "\x30\x00"+eth), layers.LayerTypeEthernet},
		{"MPLS", "mpls 18", capture.Ethernet, mac + "\x88\x47\x00\x01\x10\x40\x00\x01\x21\x40" + ip, layers.LayerTypeEthernet},
		{"MPLS with Ethernet behind a control word", "mpls 18", capture.Ethernet, mac + "\x88\x47\x00\x01\x21\x40\x00\x00\x00\x00" + eth, nil},
		{"PPPoE", "pppoe 7", capture.Ethernet, pppoe, layers.LayerTypeEthernet},
		{"LLC and SNAP", "", capture.Ethernet, mac + "\x00\x40" + snap + ip, layers.LayerTypeEthernet},
		{"802.11", "", capture.WiFi, wifi + snap + ip, nil},
		{"802.11 with radiotap", "", capture.WiFiRadiotap, "\x00\x00\x09\x00\x02\x00\x00\x00\x10" + wifi + snap + ip + "FCS!", nil},
		{"802.11 with QoS, to the access point", "", capture.WiFi, "\x88\x01\x00\x00\x02\x00\x00\x00\x00\x99" + mac[6:] + mac[:6] + "\x00\x00\x00\x00" + snap + ip, nil},
		{"PPP", "", capture.PPP, "\x00\x21" + ip, layers.LayerTypePPP},
		{"PPP, one byte", "", capture.PPP, "\xff\x03\x21" + ip, nil},
		{"PPP in HDLC", "", capture.PPPHDLC, "\xff\x03\x00\x21" + ip, nil},
		{"PPPoE alone", "", capture.PPPEther, "\x11\x00\x00\x07\x00\x29\x00\x21" + ip, nil},
		{"Cisco HDLC", "", capture.CiscoHDLC, "\x0f\x00\x08\x00" + ip, nil},
		{"Frame Relay", "", capture.FrameRelay, "\x18\x41\x03\xcc" + ip, nil},
		{"Frame Relay with SNAP", "", capture.FrameRelay, "\x18\x41\x03\x00\x80\x00\x00\x00\x08\x00" + ip, nil},
		{"NFLOG", "", capture.NFLOG, "\x02\x00\x00\x01\x08\x00\x01\x00\x08\x00\x01\x00" + string(binary.LittleEndian.AppendUint16(nil, uint16(4+len(ip)))) + "\x09\x00" + ip, nil},
		{"PKTAP", "", capture.PKTAP, "\x0c\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00" + eth, nil},
		{"Broadcom tag", "", capture.DSABroadcom, mac + "\x20\x00\x00\x01\x08\x00" + ip, nil},
		{"Broadcom tag in front", "", capture.DSABroadcomPrepend, "\x20\x00\x00\x01" + eth, nil},
		{"Marvell tag", "", capture.DSAMarvell, mac + "\xc0\x00\x00\x00\x08\x00" + ip, nil},
		{"Marvell tag behind an EtherType", "", capture.DSAMarvellEther, mac + "\xda\xda\x00\x00\xc0\x00\x00\x00\x08\x00" + ip, nil},
	} {
		var f Frame
		b := []byte(test.bytes)
		if err := Decode(&capture.Packet{Data: b, Length: len(b), Link: test.link}, &f); err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		var names []string
		for _, x := range f.Tunnels {
			names = append(names, x.String())
		}
		if got := strings.Join(names, ", "); got != test.tunnels {
			t.Errorf("%s: inside %q, want %q", test.name, got, test.tunnels)
		}
		if got := fmt.Sprintf("%s > %s %q", f.Source(), f.Destination(), f.Payload); got != `10.77.0.11:45564 > 228.0.0.4:45564 "hello"` {
			t.Errorf("%s: %s", test.name, got)
		}
		if test.referee != nil {
			p := gopacket.NewPacket(b, test.referee, gopacket.NoCopy)
			theirs := ""
			for _, l := range p.Layers() {
				if u, ok := l.(*layers.UDP); ok {
					theirs = string(u.Payload)
				}
			}
			if !strings.HasPrefix(theirs, "hello") {
				t.Errorf("%s: gopacket reads %q", test.name, theirs)
			}
		}
		for n := range len(b) { // cut anywhere: no panic, and no payload that is not there
			_ = Decode(&capture.Packet{Data: b[:n], Length: len(b), Link: test.link}, &f)
			if len(f.Payload) > n || f.PayloadLen < len(f.Payload) {
				t.Fatalf("%s cut to %d: payload %d of %d", test.name, n, len(f.Payload), f.PayloadLen)
			}
		}
	}
}

// Tunnels inside each other without end are an error, and what the bound allows is
// read.
func TestTunnelsNested(t *testing.T) {
	for depth, fine := range map[int]bool{maxTunnels: true, 100: false} {
		b := string(unhex(udp4))
		for range depth {
			b = over(4, b)[14:]
		}
		var f Frame
		err := Decode(&capture.Packet{Data: []byte(b), Length: len(b), Link: capture.Raw}, &f)
		if (err == nil) != fine || fine && string(f.Payload) != "hello" {
			t.Errorf("%d deep: %v, %q", depth, err, f.Payload)
		}
	}
}
