package sniff

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/sniff/capture"
)

// manifest is what testdata/captures/NAME.json says of NAME.pcap: figures that
// were established without this project's code (testdata/captures/README.md).
type manifest struct {
	File       string  `json:"file"`
	Packets    uint64  `json:"packets"`
	CutPackets uint64  `json:"cut_packets"`
	FirstEpoch float64 `json:"first_packet_epoch"`
	LastEpoch  float64 `json:"last_packet_epoch"`
	Heartbeats struct {
		Total        uint64            `json:"total"`
		BySource     map[string]uint64 `json:"by_source"`
		Shutdown     uint64            `json:"shutdown"`
		Sizes        map[string]uint64 `json:"udp_payload_sizes"`
		Destinations map[string]uint64 `json:"destinations"`
		ByID         map[string]struct {
			Host          string  `json:"host"`
			Port          int32   `json:"port"`
			DomainLength  int     `json:"domain_length"`
			PayloadLength int     `json:"payload_length"`
			Count         uint64  `json:"count"`
			FirstT        float64 `json:"first_t"`
			FirstAlive    int64   `json:"first_alive"`
			LastT         float64 `json:"last_t"`
			LastAlive     int64   `json:"last_alive"`
		} `json:"by_unique_id_as_wireshark_decodes"`
	} `json:"heartbeats"`
	TCP struct {
		Packets  uint64 `json:"packets"`
		Frames   uint64 `json:"tribes_frames"`
		Acks     uint64 `json:"tribes_acks"`
		FailAcks uint64 `json:"tribes_fail_acks"`
		ByStream []struct {
			From     string `json:"from"`
			To       string `json:"to"`
			Sent     counts `json:"sent"`
			Returned counts `json:"returned"`
		} `json:"by_stream"`
	} `json:"tcp"`
	IGMP    uint64 `json:"igmp_packets"`
	MLD     uint64 `json:"mld_packets"`
	ARP     uint64 `json:"arp_packets"`
	ICMP    uint64 `json:"icmp_packets"`
	Members []struct {
		Host    string `json:"host"`
		Port    int32  `json:"port"`
		ID      string `json:"uniqueId"`
		Domain  string `json:"domain"`
		Payload string `json:"payload"`
	} `json:"members"`
	Events []struct {
		T      float64 `json:"t"`
		What   string  `json:"what"`
		Source string  `json:"source"`
		ID     string  `json:"uniqueId"`
	} `json:"events"`
}

type counts struct {
	Frames   uint64 `json:"frames"`
	Acks     uint64 `json:"acks"`
	FailAcks uint64 `json:"fail_acks"`
}

func manifests(t testing.TB) []manifest {
	t.Helper()
	names, err := filepath.Glob("testdata/captures/*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("no manifests: %v", err)
	}
	var out []manifest
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var m manifest
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out = append(out, m)
	}
	return out
}

// read feeds a capture to a Sniffer.
func read(t testing.TB, file string, o Options) *Sniffer {
	t.Helper()
	src, err := capture.Open(filepath.Join("testdata/captures", file))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	s := New(o)
	var p capture.Packet
	for {
		err := src.Next(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Packet(&p); err != nil {
			t.Fatal(err)
		}
	}
	if d := src.Stats().Damage; d != nil {
		t.Fatalf("%s is damaged: %v", file, d)
	}
	s.Finish()
	return s
}

// tally counts events in the manifest's terms.
type tally struct {
	bySource, sizes, destinations map[string]uint64
	protocols                     map[string]uint64
	streams                       map[string]counts
	alive                         map[string][2]int64 // first and last, by id
	beats                         []beat
}

// beat is one heartbeat.
type beat struct {
	nanos   int64
	id      string
	goodbye bool
}

func (y *tally) event(e *Event) {
	switch e.Kind {
	case Packet:
		y.protocols[e.Protocol]++
		if e.Member == nil {
			return
		}
		y.bySource[e.Source.Addr().String()]++
		y.sizes[fmt.Sprint(len(e.Frame.Payload))]++
		y.destinations[e.Destination.Addr().String()]++
		id := e.Member.ID.String()
		y.beats = append(y.beats, beat{e.Packet.Nanos, id, e.Member.Shutdown()})
		first, ok := y.alive[id]
		if !ok {
			first[0] = e.Member.Alive
		}
		first[1] = e.Member.Alive
		y.alive[id] = first
	case Message, Ack, FailAck:
		key := e.Source.String() + ">" + e.Destination.String()
		c := y.streams[key]
		switch e.Kind {
		case Message:
			c.Frames++
		case Ack:
			c.Acks++
		case FailAck:
			c.FailAcks++
		}
		y.streams[key] = c
	}
}

// Every figure of every manifest is what the capture gives.
func TestManifests(t *testing.T) {
	for _, m := range manifests(t) {
		t.Run(strings.TrimSuffix(m.File, ".pcap"), func(t *testing.T) {
			y := &tally{bySource: map[string]uint64{}, sizes: map[string]uint64{}, destinations: map[string]uint64{},
				protocols: map[string]uint64{}, streams: map[string]counts{}, alive: map[string][2]int64{}}
			s := read(t, m.File, Options{Event: y.event})
			got := s.Totals
			for what, pair := range map[string][2]uint64{
				"packets":     {got.Packets, m.Packets},
				"cut packets": {got.CutPackets, m.CutPackets},
				"heartbeats":  {got.Heartbeats, m.Heartbeats.Total},
				"goodbyes":    {got.Goodbyes, m.Heartbeats.Shutdown},
				"messages":    {got.Messages, m.TCP.Frames},
				"acks":        {got.Acks, m.TCP.Acks},
				"fail acks":   {got.FailAcks, m.TCP.FailAcks},
				"IGMP":        {got.IGMP, m.IGMP},
				"MLD":         {got.MLD, m.MLD},
				"TCP packets": {y.protocols[protoTribesTCP] + y.protocols["tcp"], m.TCP.Packets},
				"ARP":         {y.protocols["arp"], m.ARP},
				"ICMP":        {y.protocols["icmp"], m.ICMP},
				"invalid":     {got.Invalid, 0},
			} {
				if pair[0] != pair[1] {
					t.Errorf("%d %s, the manifest has %d", pair[0], what, pair[1])
				}
			}
			for what, pair := range map[string][2]map[string]uint64{
				"sources":      {y.bySource, m.Heartbeats.BySource},
				"sizes":        {y.sizes, m.Heartbeats.Sizes},
				"destinations": {y.destinations, m.Heartbeats.Destinations},
			} {
				if !maps.Equal(pair[0], pair[1]) {
					t.Errorf("heartbeats by %s: %v, the manifest has %v", what, pair[0], pair[1])
				}
			}
			compareMembers(t, s, &m, y)
			compareStreams(t, &m, y)
			compareEvents(t, s, &m, y)
		})
	}
}

// compareMembers compares members with what Wireshark's own dissector and the
// other members' logs say.
func compareMembers(t *testing.T, s *Sniffer, m *manifest, y *tally) {
	t.Helper()
	seen := map[string]bool{}
	for _, row := range s.Analysis.Members {
		if !row.Heard() {
			continue
		}
		r := &row.Record
		id := r.ID.String()
		want, ok := m.Heartbeats.ByID[id]
		if !ok {
			t.Errorf("member %s is not in the manifest", id)
			continue
		}
		seen[id] = true
		addr, _ := r.Addr()
		if !hostIs(addr, want.Host) || r.Port != want.Port || len(r.Domain) != want.DomainLength || len(r.Payload) != want.PayloadLength ||
			row.Beats.Count() != want.Count {
			t.Errorf("member %s: %s:%d domain %d payload %d, %d heartbeats; the manifest has %+v", id, addr, r.Port, len(r.Domain), len(r.Payload), row.Beats.Count(), want)
		}
		if a := y.alive[id]; a != [2]int64{want.FirstAlive, want.LastAlive} {
			t.Errorf("member %s: alive %v, the manifest has %d and %d", id, a, want.FirstAlive, want.LastAlive)
		}
		for what, pair := range map[string][2]float64{
			"first": {float64(row.First)/1e9 - m.FirstEpoch, want.FirstT},
			"last":  {float64(row.Last)/1e9 - m.FirstEpoch, want.LastT},
		} {
			if math.Abs(pair[0]-pair[1]) > 0.0011 { // the manifest rounds to ms
				t.Errorf("member %s: %s heartbeat at %.4f s, the manifest has %.3f", id, what, pair[0], pair[1])
			}
		}
	}
	if len(seen) != len(m.Heartbeats.ByID) {
		t.Errorf("members %v, the manifest has %d", slices.Sorted(maps.Keys(seen)), len(m.Heartbeats.ByID))
	}
	for _, want := range m.Members {
		found := false
		for _, row := range s.Analysis.Members {
			r := &row.Record
			addr, _ := r.Addr()
			found = found || r.ID.String() == want.ID && addr == netip.MustParseAddr(want.Host) && r.Port == want.Port &&
				fmt.Sprintf("%x", r.Payload) == want.Payload && domainIs(r.Domain, want.Domain)
		}
		if !found {
			t.Errorf("member %+v that others logged is not there", want)
		}
	}
}

// hostIs compares with Wireshark's reading, which leaves IPv6 hosts out.
func hostIs(a netip.Addr, want string) bool { return a.String() == want || want == "" && a.Is6() }

// domainIs compares with the manifest, which writes domains in hex as payloads.
func domainIs(b []byte, want string) bool { return fmt.Sprintf("%x", b) == want || string(b) == want }

func compareStreams(t *testing.T, m *manifest, y *tally) {
	t.Helper()
	want := map[string]counts{}
	for _, st := range m.TCP.ByStream {
		for key, c := range map[string]counts{st.From + ">" + st.To: st.Sent, st.To + ">" + st.From: st.Returned} {
			if c != (counts{}) {
				w := want[key]
				want[key] = counts{w.Frames + c.Frames, w.Acks + c.Acks, w.FailAcks + c.FailAcks}
			}
		}
	}
	if !maps.Equal(y.streams, want) {
		t.Errorf("streams\n%v\nthe manifest has\n%v", y.streams, want)
	}
}

// compareEvents looks for the members' own log lines in the capture: what a node
// logged as added must have been heard before, what it logged as gone must have
// said goodbye or been silent for the drop time; unless the one who logged it was
// itself cut off then.
func compareEvents(t *testing.T, s *Sniffer, m *manifest, y *tally) {
	t.Helper()
	for _, e := range m.Events {
		if e.ID == "" || e.T < 0 || m.Heartbeats.ByID[e.ID].Count == 0 {
			continue
		}
		at := int64((m.FirstEpoch + e.T) * 1e9)
		last, goodbye := int64(0), false
		for _, b := range y.beats {
			if b.id == e.ID && b.nanos <= at+1e6 {
				last, goodbye = b.nanos, b.goodbye
			}
		}
		switch e.What {
		case "memberAdded":
			if last == 0 {
				t.Errorf("%s was added at %.3f s (%s), but no heartbeat came before", e.ID, e.T, e.Source)
			}
		case "memberDisappeared":
			silence := at - last
			if !goodbye && silence < 25e8 && !otherSilent(s, e.ID, at) {
				t.Errorf("%s disappeared at %.3f s (%s), but its last heartbeat is %d ms older and no goodbye", e.ID, e.T, e.Source, silence/1e6)
			}
		}
	}
}

// otherSilent reports whether another member was silent at that time.
func otherSilent(s *Sniffer, id string, at int64) bool {
	for _, m := range s.Analysis.Members {
		for _, g := range m.Gaps {
			if m.Record.ID.String() != id && g.From < at && at < g.To {
				return true
			}
		}
	}
	return false
}
