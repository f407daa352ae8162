package sniff

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/mcast/igmp"
	"muster/mcast/mld"
	"muster/sniff/capture"
)

// Every IGMP and MLD message and record type: the fields that tshark prints are
// those that we read.
func TestMembershipAgreesWithTshark(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed")
	}
	var file *os.File
	file, err := os.Create(filepath.Join(t.TempDir(), "membership.pcapng"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := capture.NewWriter(file, "muster")
	if err != nil {
		t.Fatal(err)
	}
	var ours []string
	w := newWire(t, Options{
		Keep: func(p *capture.Packet) error { return out.Write(p, capture.Interface{Name: "test"}) },
		Event: func(e *Event) {
			switch {
			case e.IGMP != nil:
				m := e.IGMP
				line := fmt.Sprintf("0x%02x|0x%04x", uint8(m.Type), m.Checksum)
				switch m.Type { // tshark has tenths of seconds
				case igmp.Query, igmp.ReportV2, igmp.Leave:
					line += fmt.Sprintf("|%d", m.MaxResponse()/(100*time.Millisecond))
				default:
					line += "|"
				}
				var types []string
				for _, r := range m.Records {
					types = append(types, fmt.Sprint(uint8(r.Type)))
				}
				ours = append(ours, line+"|"+strings.Join(types, ","))
			case e.MLD != nil:
				m := e.MLD
				var types []string
				for _, r := range m.Records {
					types = append(types, fmt.Sprint(uint8(r.Type)))
				}
				ours = append(ours, fmt.Sprintf("%d|0x%04x||%s", uint8(m.Type), m.Checksum, strings.Join(types, ",")))
			}
		},
	})
	group, other := addrOf("228.0.0.4"), addrOf("10.0.0.1")
	for _, code := range []uint8{1, 100, 0x8a, 0xff} {
		w.igmp("10.77.0.1", "224.0.0.1", igmp.Message{Type: igmp.Query, Version: 3, Code: code, Group: addrOf("0.0.0.0"), QRV: 2, QQIC: code})
	}
	w.igmp("10.77.0.1", "224.0.0.1", igmp.Message{Type: igmp.Query, Version: 2, Code: 100, Group: addrOf("0.0.0.0")})
	w.igmp("10.77.0.1", "228.0.0.4", igmp.Message{Type: igmp.ReportV1, Group: group})
	w.igmp("10.77.0.1", "228.0.0.4", igmp.Message{Type: igmp.ReportV2, Group: group})
	w.igmp("10.77.0.1", "224.0.0.2", igmp.Message{Type: igmp.Leave, Group: group})
	var records []igmp.Record
	for kind := igmp.ModeIsInclude; kind <= igmp.BlockOldSources; kind++ {
		r := igmp.Record{Type: kind, Group: group}
		r.Sources = append(r.Sources, other)
		records = append(records, r)
	}
	w.igmp("10.77.0.1", "224.0.0.22", igmp.Message{Type: igmp.ReportV3, Version: 3, Records: records})
	g6 := addrOf("ff15::4:5:6")
	w.mld("fe80::1", "ff02::1", mld.Message{Type: mld.Query, Version: 2, MaxRespCode: 10000, Group: addrOf("::"), QRV: 2, QQIC: 125})
	w.mld("fe80::1", "ff15::4:5:6", mld.Message{Type: mld.ReportV1, Version: 1, Group: g6})
	w.mld("fe80::1", "ff02::2", mld.Message{Type: mld.Done, Version: 1, Group: g6})
	var records6 []mld.Record
	for kind := mld.ModeIsInclude; kind <= mld.BlockOldSources; kind++ {
		r := mld.Record{Type: kind, Group: g6}
		r.Sources = append(r.Sources, addrOf("fd77::1"))
		records6 = append(records6, r)
	}
	w.mld("fe80::1", "ff02::16", mld.Message{Type: mld.ReportV2, Version: 2, Records: records6})
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	file.Close()
	text, err := exec.Command("tshark", "-r", file.Name(), "-T", "fields", "-E", "separator=|", "-E", "occurrence=a", "-E", "aggregator=,",
		"-e", "igmp.type", "-e", "igmp.checksum", "-e", "igmp.max_resp", "-e", "igmp.record_type",
		"-e", "icmpv6.type", "-e", "icmpv6.checksum", "-e", "icmpv6.mldr.mar.record_type").Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != len(ours) {
		t.Fatalf("tshark has %d lines, we %d:\n%s", len(lines), len(ours), text)
	}
	for i, line := range lines {
		f := strings.Split(line, "|")
		for len(f) < 7 {
			f = append(f, "")
		}
		theirs := strings.Join([]string{f[0], f[1], f[2], f[3]}, "|")
		if f[0] == "" {
			theirs = strings.Join([]string{f[4], f[5], "", f[6]}, "|")
		}
		if ours[i] != theirs {
			t.Errorf("message %d: we read %s, tshark %s", i+1, ours[i], theirs)
		}
	}
}
