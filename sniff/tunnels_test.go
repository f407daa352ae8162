package sniff

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"muster/mcast/igmp"
	"muster/mcast/mld"
	"muster/sniff/capture"
	"muster/sniff/filter"
	"muster/sniff/frame"
)

// outer wraps b into IPv4 of that protocol and Ethernet.
func outer(proto uint8, b []byte) []byte {
	h := []byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0}
	h = binary.BigEndian.AppendUint16(h, uint16(20+len(b)))
	h = append(h, 0, 1, 0, 0, 64, proto, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2)
	return append(h, b...)
}

func outerUDP(port uint16, b []byte) []byte {
	h := binary.BigEndian.AppendUint16([]byte{0xc0, 0}, port)
	h = binary.BigEndian.AppendUint16(h, uint16(8+len(b)))
	return outer(frame.ProtoUDP, append(append(h, 0, 0), b...))
}

// wrapped are the tunnels and link types by what they make of an Ethernet frame: addresses, its type
// in two bytes, IP.
var wrapped = []struct {
	name string
	link capture.LinkType
	wrap func(b []byte) []byte
}{
	{"vxlan", capture.Ethernet, func(b []byte) []byte { return outerUDP(4789, append([]byte{8, 0, 0, 0, 0, 0, 100, 0}, b...)) }},
	{"geneve", capture.Ethernet, func(b []byte) []byte {
		return outerUDP(6081, append([]byte{0, 0, 0x65, 0x58, 0, 0, 100, 0}, b...))
	}},
	{"gre", capture.Ethernet, func(b []byte) []byte { return outer(47, append([]byte{0, 0}, b[12:]...)) }},
	{"erspan", capture.Ethernet, func(b []byte) []byte {
		return outer(47, append([]byte{0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 1, 0, 1, 0, 0, 0, 0}, b...))
	}},
	{"ip in ip", capture.Ethernet, func(b []byte) []byte { // and 6in4
		if b[12] == 8 {
			return outer(4, b[14:])
		}
		return outer(41, b[14:])
	}},
	{"mpls", capture.Ethernet, func(b []byte) []byte {
		return append(append(bytes.Clone(b[:12]), 0x88, 0x47, 0, 1, 0x21, 0x40), b[14:]...)
	}},
	{"pppoe", capture.Ethernet, func(b []byte) []byte {
		return append(append(bytes.Clone(b[:12]), 0x88, 0x64, 0x11, 0, 0, 7, byte((len(b)-12)>>8), byte(len(b)-12), 0, pppType(b)), b[14:]...)
	}},
	{"llc and snap", capture.Ethernet, func(b []byte) []byte {
		return append(append(bytes.Clone(b[:12]), byte((len(b)-6)>>8), byte(len(b)-6), 0xaa, 0xaa, 3, 0, 0, 0), b[12:]...)
	}},
	{"802.11 with radiotap", capture.WiFiRadiotap, func(b []byte) []byte {
		h := append([]byte{0, 0, 8, 0, 0, 0, 0, 0, 8, 2, 0, 0}, b[:6]...)
		h = append(append(h, 2, 0, 0, 0, 0, 0x99), b[6:12]...)
		return append(append(h, 0, 0, 0xaa, 0xaa, 3, 0, 0, 0), b[12:]...)
	}},
	{"ppp", capture.PPP, func(b []byte) []byte { return append([]byte{0xff, 3, 0, pppType(b)}, b[14:]...) }},
	{"cisco hdlc", capture.CiscoHDLC, func(b []byte) []byte { return append([]byte{0x0f, 0, b[12], b[13]}, b[14:]...) }},
	{"frame relay", capture.FrameRelay, func(b []byte) []byte {
		return append([]byte{0x18, 0x41, 3, 0, 0x80, 0, 0, 0, b[12], b[13]}, b[14:]...)
	}},
	{"nflog", capture.NFLOG, func(b []byte) []byte {
		family := byte(2)
		if b[12] != 8 {
			family = 10
		}
		h := append([]byte{family, 0, 0, 1}, binary.LittleEndian.AppendUint16(nil, uint16(len(b)-14+4))...)
		return pad4(append(append(h, 9, 0), b[14:]...))
	}},
	{"pktap", capture.PKTAP, func(b []byte) []byte {
		h := make([]byte, 108)
		h[0], h[4], h[8] = 108, 1, 1 // length, a packet follows, of Ethernet
		return append(h, b...)
	}},
	{"marvell dsa", capture.DSAMarvell, func(b []byte) []byte { return append(append(bytes.Clone(b[:12]), 0xc0, 0, 0, 0), b[12:]...) }},
	{"broadcom", capture.DSABroadcom, func(b []byte) []byte { return append(append(bytes.Clone(b[:12]), 0x20, 0, 0, 1), b[12:]...) }},
}

// pppType is the low byte of the PPP protocol number of the IP in an Ethernet frame.
func pppType(b []byte) byte {
	if b[12] == 8 {
		return 0x21
	}
	return 0x57
}

func pad4(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// inTunnel plays heartbeats, and messages of IGMP and MLD.
func inTunnel(w *wire) {
	a, b := node(11, 0), node(12, 0)
	w.beats(0, 3000, a, b)
	w.join("10.77.0.11", "228.0.0.4")
	w.query("10.77.0.1", 3)
	w.igmp("10.77.0.12", "228.0.0.4", igmp.Message{Type: igmp.ReportV2, Group: netip.MustParseAddr("228.0.0.4")})
	w.mld("fe80::1", "ff02::1", mld.Message{Type: mld.Query, Version: 2, MaxRespCode: 1000, Group: netip.MustParseAddr("::"), QRV: 2, QQIC: 125})
	w.mld("fe80::2", "ff15::4", mld.Message{Type: mld.ReportV1, Version: 1, Group: netip.MustParseAddr("ff15::4")})
}

// Heartbeats, IGMP and MLD in each tunnel and link type are counted as tshark counts them, and a filter finds them
// there.
func TestTunnelsAgreeWithTshark(t *testing.T) {
	name := filepath.Join(t.TempDir(), "tunnels.pcapng")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	out, err := capture.NewWriter(file, "test")
	if err != nil {
		t.Fatal(err)
	}
	only, err := filter.Parse("udp port 45564")
	if err != nil {
		t.Fatal(err)
	}
	ours := map[string]int{}
	for i, x := range wrapped {
		s, filtered := New(Options{}), New(Options{Filter: only})
		w := newWire(t, Options{Keep: func(p *capture.Packet) error {
			q := *p
			q.Data, q.Link, q.Interface = x.wrap(p.Data), x.link, i
			q.Length = len(q.Data)
			return errors.Join(filtered.Packet(&q), s.Packet(&q), out.Write(&q, capture.Interface{Name: x.name}))
		}})
		inTunnel(w)
		got, want := s.Totals, w.s.Totals
		if got.Heartbeats != want.Heartbeats || got.IGMP != want.IGMP || got.MLD != want.MLD || got.Invalid+got.Copies != 0 {
			t.Errorf("%s: %+v, outside %+v", x.name, got, want)
		}
		if filtered.Totals.Heartbeats != want.Heartbeats || filtered.Totals.Packets != want.Heartbeats {
			t.Errorf("%s: the filter finds %d heartbeats in %d packets", x.name, filtered.Totals.Heartbeats, filtered.Totals.Packets)
		}
		if x.link == capture.DSAMarvell || x.link == capture.DSABroadcom {
			continue // tshark 4.0 does not read these
		}
		ours[x.name+" heartbeats"], ours[x.name+" IGMP"], ours[x.name+" MLD"] = int(got.Heartbeats), int(got.IGMP), int(got.MLD)
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed")
	}
	if theirs := tsharkCounts(t, name); !maps.Equal(theirs, ours) {
		t.Errorf("tshark counts\n%v, we\n%v", theirs, ours)
	}
}

// tsharkCounts are tshark's counts by interface and protocol.
func tsharkCounts(t *testing.T, file string) map[string]int {
	t.Helper()
	text, err := exec.Command("tshark", "-n", "-r", file, "-T", "fields", "-E", "separator=|", "-e", "frame.interface_name", "-e", "udp.dstport", "-e", "igmp.type", "-e", "icmpv6.type").Output()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSpace(line), "|")
		switch {
		case len(f) < 4:
		case strings.HasSuffix(f[1], "45564"):
			counts[f[0]+" heartbeats"]++
		case f[2] != "":
			counts[f[0]+" IGMP"]++
		case f[3] != "":
			counts[f[0]+" MLD"]++
		}
	}
	return counts
}
