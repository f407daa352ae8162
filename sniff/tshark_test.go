package sniff

import (
	"encoding/hex"
	"fmt"
	"net/netip"
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

// The fields of IGMP and MLD messages by tshark's names. Those that stand in
// several records come as one list.
var (
	igmpFields = strings.Fields(`igmp.type igmp.version igmp.checksum igmp.checksum.status igmp.max_resp igmp.s igmp.qrv igmp.qqic
		igmp.num_grp_recs igmp.record_type igmp.num_src igmp.aux_data_len igmp.maddr igmp.saddr igmp.aux_data`)
	mldFields = strings.Fields(`icmpv6.type icmpv6.checksum icmpv6.checksum.status
		icmpv6.mld.maximum_response_delay icmpv6.mld.maximum_response_code icmpv6.mld.flag.s icmpv6.mld.flag.qrv icmpv6.mld.qqi
		icmpv6.mldr.nb_mcast_records icmpv6.mldr.mar.record_type icmpv6.mld.nb_sources icmpv6.mldr.mar.nb_sources icmpv6.mldr.mar.aux_data_len
		icmpv6.mld.multicast_address icmpv6.mldr.mar.multicast_address icmpv6.mld.source_address icmpv6.mldr.mar.source_address icmpv6.mldr.mar.auxiliary_data`)
)

// membershipMessages plays every IGMP and MLD message, every type of record, codes with
// and without exponent, sources and auxiliary data.
func membershipMessages(w *wire) {
	group, other := addrOf("228.0.0.4"), addrOf("239.1.2.3")
	all, sources := addrOf("0.0.0.0"), []netip.Addr{addrOf("10.0.0.1"), addrOf("10.0.0.2")}
	const router = "10.77.0.1"
	w.igmp(router, "224.0.0.1", igmp.Message{Type: igmp.Query, Version: 1, Group: all})
	for _, code := range []uint8{1, 100, 0x8a, 0xff} {
		w.igmp(router, "224.0.0.1", igmp.Message{Type: igmp.Query, Version: 2, Code: code, Group: all})
		w.igmp(router, "224.0.0.1", igmp.Message{Type: igmp.Query, Version: 3, Code: code, Group: all, QRV: 2, QQIC: code})
	}
	w.igmp(router, "228.0.0.4", igmp.Message{Type: igmp.Query, Version: 2, Code: 10, Group: group})
	w.igmp(router, "228.0.0.4", igmp.Message{Type: igmp.Query, Version: 3, Code: 10, Group: group, Suppress: true, QRV: 7, QQIC: 0x80})
	w.igmp(router, "228.0.0.4", igmp.Message{Type: igmp.Query, Version: 3, Code: 0x7f, Group: group, QRV: 1, QQIC: 0x7f, Sources: sources})
	w.igmp(router, "228.0.0.4", igmp.Message{Type: igmp.ReportV1, Group: group})
	w.igmp(router, "228.0.0.4", igmp.Message{Type: igmp.ReportV2, Group: group})
	w.igmp(router, "224.0.0.2", igmp.Message{Type: igmp.Leave, Group: group})
	var records []igmp.Record
	for kind := igmp.ModeIsInclude; kind <= igmp.BlockOldSources; kind++ {
		w.igmp(router, "224.0.0.22", igmp.Message{Type: igmp.ReportV3, Version: 3, Records: []igmp.Record{{Type: kind, Group: group, Sources: sources[:1]}}})
		records = append(records, igmp.Record{Type: kind, Group: other, Sources: sources[:kind%3], Aux: make([]byte, 4*(kind%2))})
	}
	w.igmp(router, "224.0.0.22", igmp.Message{Type: igmp.ReportV3, Version: 3, Records: records})

	group6, other6 := addrOf("ff15::4:5:6"), addrOf("ff3e::8000:1")
	all6, sources6 := addrOf("::"), []netip.Addr{addrOf("fd77::1"), addrOf("2001:db8::2")}
	const router6 = "fe80::1"
	for _, code := range []uint16{1, 10000, 0x7fff} {
		w.mld(router6, "ff02::1", mld.Message{Type: mld.Query, Version: 1, MaxRespCode: code, Group: all6})
	}
	for _, code := range []uint16{1, 10000, 0x8abc, 0xffff} {
		w.mld(router6, "ff02::1", mld.Message{Type: mld.Query, Version: 2, MaxRespCode: code, Group: all6, QRV: 2, QQIC: uint8(code)})
	}
	w.mld(router6, "ff15::4:5:6", mld.Message{Type: mld.Query, Version: 1, MaxRespCode: 1000, Group: group6})
	w.mld(router6, "ff15::4:5:6", mld.Message{Type: mld.Query, Version: 2, MaxRespCode: 1000, Group: group6, Suppress: true, QRV: 7, QQIC: 0x80, Sources: sources6})
	w.mld(router6, "ff15::4:5:6", mld.Message{Type: mld.ReportV1, Version: 1, Group: group6})
	w.mld(router6, "ff02::2", mld.Message{Type: mld.Done, Version: 1, Group: group6})
	var records6 []mld.Record
	for kind := mld.ModeIsInclude; kind <= mld.BlockOldSources; kind++ {
		w.mld(router6, "ff02::16", mld.Message{Type: mld.ReportV2, Version: 2, Records: []mld.Record{{Type: kind, Group: group6, Sources: sources6[:1]}}})
		records6 = append(records6, mld.Record{Type: kind, Group: other6, Sources: sources6[:kind%3], Aux: make([]byte, 4*(kind%2))})
	}
	w.mld(router6, "ff02::16", mld.Message{Type: mld.ReportV2, Version: 2, Records: records6})
}

// fields collects what was read of a message under tshark's names.
type fields map[string][]string

func (f fields) add(name string, values ...any) {
	for _, v := range values {
		f[name] = append(f[name], fmt.Sprint(v))
	}
}

// line writes them as tshark prints them.
func (f fields) line(names []string) string {
	var out []string
	for _, n := range names {
		out = append(out, strings.Join(f[n], ","))
	}
	return strings.Join(out, "|")
}

func flag(set bool) int {
	if set {
		return 1
	}
	return 0
}

func texts(list []netip.Addr) (out []any) {
	for _, a := range list {
		out = append(out, a)
	}
	return out
}

// igmpLine has what we read; times are decoded, in tenths of seconds.
func igmpLine(m *igmp.Message) string {
	f := fields{}
	f.add("igmp.type", fmt.Sprintf("0x%02x", uint8(m.Type)))
	f.add("igmp.version", m.Version)
	f.add("igmp.checksum", fmt.Sprintf("0x%04x", m.Checksum))
	f.add("igmp.checksum.status", flag(!m.Anomalies.Has("checksum")))
	switch {
	case m.Type == igmp.ReportV3:
		f.add("igmp.num_grp_recs", len(m.Records))
		for _, r := range m.Records {
			f.add("igmp.record_type", uint8(r.Type))
			f.add("igmp.num_src", len(r.Sources))
			f.add("igmp.aux_data_len", len(r.Aux)/4)
			f.add("igmp.maddr", r.Group)
			f.add("igmp.saddr", texts(r.Sources)...)
			if len(r.Aux) > 0 {
				f.add("igmp.aux_data", hex.EncodeToString(r.Aux))
			}
		}
		return f.line(igmpFields)
	case m.Version == 3:
		f.add("igmp.s", flag(m.Suppress))
		f.add("igmp.qrv", m.QRV)
		f.add("igmp.qqic", m.QQIC) // tshark decodes that of MLD only
		f.add("igmp.num_src", len(m.Sources))
		f.add("igmp.saddr", texts(m.Sources)...)
		fallthrough
	case m.Version == 2:
		f.add("igmp.max_resp", int64(m.MaxResponse()/(100*time.Millisecond)))
	}
	f.add("igmp.maddr", m.Group)
	return f.line(igmpFields)
}

// mldLine is igmpLine for MLD, in ms, and the interval decoded.
func mldLine(m *mld.Message) string {
	f := fields{}
	f.add("icmpv6.type", uint8(m.Type))
	f.add("icmpv6.checksum", fmt.Sprintf("0x%04x", m.Checksum))
	f.add("icmpv6.checksum.status", flag(!m.Anomalies.Has("checksum")))
	switch {
	case m.Type == mld.ReportV2:
		f.add("icmpv6.mldr.nb_mcast_records", len(m.Records))
		for _, r := range m.Records {
			f.add("icmpv6.mldr.mar.record_type", uint8(r.Type))
			f.add("icmpv6.mldr.mar.nb_sources", len(r.Sources))
			f.add("icmpv6.mldr.mar.aux_data_len", len(r.Aux)/4)
			f.add("icmpv6.mldr.mar.multicast_address", r.Group)
			f.add("icmpv6.mldr.mar.source_address", texts(r.Sources)...)
			if len(r.Aux) > 0 {
				f.add("icmpv6.mldr.mar.auxiliary_data", hex.EncodeToString(r.Aux))
			}
		}
		return f.line(mldFields)
	case m.Version == 2:
		f.add("icmpv6.mld.maximum_response_code", m.MaxResponse().Milliseconds())
		f.add("icmpv6.mld.flag.s", flag(m.Suppress))
		f.add("icmpv6.mld.flag.qrv", m.QRV)
		f.add("icmpv6.mld.qqi", int64(m.QueryInterval()/time.Second))
		f.add("icmpv6.mld.nb_sources", len(m.Sources))
		f.add("icmpv6.mld.source_address", texts(m.Sources)...)
	default:
		f.add("icmpv6.mld.maximum_response_delay", m.MaxResponse().Milliseconds())
	}
	f.add("icmpv6.mld.multicast_address", m.Group)
	return f.line(mldFields)
}

// Every message and record type of IGMP and MLD, of every version: the fields that
// tshark prints are those that we read from the file.
func TestMembershipAgreesWithTshark(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed")
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "membership.pcapng"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := capture.NewWriter(file, "muster")
	if err != nil {
		t.Fatal(err)
	}
	var igmps, mlds []string
	w := newWire(t, Options{
		Keep: func(p *capture.Packet) error { return out.Write(p, capture.Interface{Name: "test"}) },
		Event: func(e *Event) {
			switch {
			case e.Err != nil || len(e.Anomalies) > 0 && !e.Anomalies.Has("aux_data") && !e.Anomalies.Has("record_sources"):
				t.Errorf("packet %d: %v %v", e.Packet.Number, e.Err, e.Anomalies)
			case e.IGMP != nil:
				igmps = append(igmps, igmpLine(e.IGMP))
			case e.MLD != nil:
				mlds = append(mlds, mldLine(e.MLD))
			}
		},
	})
	membershipMessages(w)
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	agree(t, file.Name(), "igmp", igmpFields, igmps)
	agree(t, file.Name(), "icmpv6", mldFields, mlds)
}

// agree compares what we read with what tshark does.
func agree(t *testing.T, file, protocol string, names, ours []string) {
	t.Helper()
	args := []string{"-n", "-r", file, "-Y", protocol, "-T", "fields", "-E", "separator=|", "-E", "aggregator=,"}
	for _, n := range names {
		args = append(args, "-e", n)
	}
	text, err := exec.Command("tshark", args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	theirs := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	if len(theirs) != len(ours) || len(ours) < 15 {
		t.Fatalf("tshark has %d %s messages, we %d:\n%s", len(theirs), protocol, len(ours), text)
	}
	for i := range ours {
		if ours[i] != theirs[i] {
			t.Errorf("%s message %d:\n   we %s\ntshark %s", protocol, i+1, ours[i], theirs[i])
		}
	}
}
