package sniff

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"muster/internal/verdict"
	"muster/sniff/capture"
)

// observers record the same traffic from other seats: what is counted and judged
// stays the same. may are verdicts that may come.
var observers = []struct {
	name   string
	may    []verdict.ID
	record func(r *rand.Rand, list []capture.Packet) []capture.Packet
}{
	{"a mirror port that copies both ways", nil, func(r *rand.Rand, list []capture.Packet) []capture.Packet {
		return again(list, func(p *capture.Packet) { p.Nanos += r.Int64N(400e3) })
	}},
	{"four ports of one bridge", nil, func(r *rand.Rand, list []capture.Packet) []capture.Packet {
		for i := range 3 {
			list = again(list, func(p *capture.Packet) { p.Interface, p.Nanos = i+1, p.Nanos+r.Int64N(50e3) })
		}
		return list
	}},
	{"two hosts' files merged, their clocks 300 ms apart", nil, func(_ *rand.Rand, list []capture.Packet) []capture.Packet {
		return again(list, func(p *capture.Packet) { p.Interface, p.Nanos = 1, p.Nanos+3e8 })
	}},
	{"both sides of a router", []verdict.ID{"ttl.rewritten"}, func(_ *rand.Rand, list []capture.Packet) []capture.Packet {
		return again(list, func(p *capture.Packet) {
			p.Interface, p.Nanos = 1, p.Nanos+40e3
			if at := 14 + 8; len(p.Data) > at && p.Data[12] == 8 && p.Data[13] == 0 && p.Data[0]&1 != 0 && p.Data[at] > 1 {
				p.Data[at]--
			}
		})
	}},
	{"a VLAN and its trunk", nil, func(_ *rand.Rand, list []capture.Packet) []capture.Packet {
		return again(list, func(p *capture.Packet) {
			p.Data = slices.Insert(p.Data, 12, 0x81, 0, 0, 30)
			p.Length += 4
			p.Nanos += 3000
		})
	}},
	{"a clock that goes back an hour", []verdict.ID{"tribes.clock-step"}, func(_ *rand.Rand, list []capture.Packet) []capture.Packet {
		for i := len(list) / 2; i < len(list); i++ {
			list[i].Nanos -= 3600e9
		}
		return list
	}},
	{"five copies of one mirror", nil, func(r *rand.Rand, list []capture.Packet) []capture.Packet {
		for _, p := range list {
			for range 4 {
				p.Nanos += r.Int64N(30e3)
				list = append(list, p)
			}
		}
		return inTime(list)
	}},
	{"both sides of a router, unicast too", []verdict.ID{"ttl.rewritten"}, func(_ *rand.Rand, list []capture.Packet) []capture.Packet {
		return again(list, func(p *capture.Packet) {
			p.Nanos += 60e3
			if at := 14 + 8; len(p.Data) > at && p.Data[12] == 8 && p.Data[13] == 0 && p.Data[at] > 1 {
				copy(p.Data[6:], "\x02\x00\x00\x00\xff\xff")
				p.Data[at]--
			}
		})
	}},
	{"two tags and the trunk's copy with one", nil, func(_ *rand.Rand, list []capture.Packet) []capture.Packet {
		for i := range list {
			list[i].Data = slices.Insert(list[i].Data, 12, 0x81, 0, 0, 20)
			list[i].Length += 4
		}
		return again(list, func(p *capture.Packet) {
			p.Data = slices.Insert(p.Data, 12, 0x88, 0xa8, 0, 30)
			p.Length += 4
			p.Nanos += 2000
		})
	}},
	{"a clock that is set 3 s forward early", []verdict.ID{"tribes.clock-step"}, stepped(1, 3e9)},
	{"a clock that is set an hour forward early", []verdict.ID{"tribes.clock-step"}, stepped(1, 3600e9)},
	{"a clock that is set a minute forward", []verdict.ID{"tribes.clock-step"}, stepped(4, 60e9)},
	{"a clock that is set 5 s forward", []verdict.ID{"tribes.clock-step"}, stepped(5, 5e9)},
	{"a clock that is set 2 s back", []verdict.ID{"tribes.clock-step"}, stepped(6, -2e9)},
	{"a clock that is set an hour forward late", []verdict.ID{"tribes.clock-step"}, stepped(9, 3600e9)},
	{"a remote mirror port", nil, func(_ *rand.Rand, list []capture.Packet) []capture.Packet {
		for i := range list {
			p := &list[i]
			outer := []byte{1, 0, 0x5e, 0, 0, 4, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 47, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2,
				0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 1, 0, 1, 0, 0, 0, 0}
			n := len(outer) - 14 + p.Length
			outer[16], outer[17] = byte(n>>8), byte(n)
			p.Data = append(outer, p.Data...)
			p.Length += len(outer)
		}
		return list
	}},
}

// again adds a copy of each packet, changed, in the order of time.
func again(list []capture.Packet, change func(*capture.Packet)) []capture.Packet {
	out := slices.Clone(list)
	for _, p := range list {
		p.Data = slices.Clone(p.Data)
		change(&p)
		out = append(out, p)
	}
	return inTime(out)
}

func inTime(list []capture.Packet) []capture.Packet {
	slices.SortStableFunc(list, func(x, y capture.Packet) int { return int(max(-1, min(1, x.Nanos-y.Nanos))) })
	return list
}

// stepped sets the clock of the capturing host after so many tenths of the packets.
func stepped(tenths int, by int64) func(*rand.Rand, []capture.Packet) []capture.Packet {
	return func(_ *rand.Rand, list []capture.Packet) []capture.Packet {
		for i := len(list) * tenths / 10; i < len(list); i++ {
			list[i].Nanos += by
		}
		return list
	}
}

// seen is what must not depend on the observer.
func seen(list []capture.Packet) (counts map[string]string, bad []verdict.ID) {
	s := New(Options{})
	for i := range list {
		list[i].Number = uint64(i + 1)
		_ = s.Packet(&list[i])
	}
	s.Finish()
	t := s.Totals
	counts = map[string]string{"totals": fmt.Sprint(t.Heartbeats, t.Goodbyes, t.Messages, t.Acks, t.FailAcks)}
	for _, m := range s.Analysis.HeardMembers() {
		lost, _ := s.Analysis.Lost(m)
		counts[m.Name()+m.Record.ID.String()] = fmt.Sprint(m.Beats.Count(), lost, m.Talk.Messages, m.Beats.Interval().Round(10*time.Millisecond))
	}
	for _, v := range s.Analysis.Verdicts() {
		if v.Status.Bad() {
			bad = append(bad, v.ID)
		}
	}
	return counts, bad
}

// The observer is not the network: members, losses, messages and acks are the same
// in every recording of the same traffic, and no verdict gets worse.
func TestObserver(t *testing.T) {
	for _, m := range manifests(t) {
		list := packetsOf(t, m.File)
		if list[0].Link != capture.Ethernet {
			continue
		}
		want, fine := seen(list)
		for _, o := range observers {
			var mine []capture.Packet
			for _, p := range list {
				p.Data = slices.Clone(p.Data)
				mine = append(mine, p)
			}
			counts, bad := seen(o.record(rand.New(rand.NewPCG(1, 2)), mine))
			for k := range want {
				if counts[k] != want[k] {
					t.Errorf("%s, %s: %s: %s, want %s", m.File, o.name, k, counts[k], want[k])
				}
			}
			for _, id := range bad {
				if !slices.Contains(fine, id) && !slices.Contains(o.may, id) {
					t.Errorf("%s, %s: %s", m.File, o.name, id)
				}
			}
		}
	}
}

// A hole of the capture takes packets away, and makes no verdict of what it took.
func TestHole(t *testing.T) {
	for _, m := range manifests(t) {
		list := packetsOf(t, m.File)
		if list[0].Link != capture.Ethernet {
			continue
		}
		first, whole := list[0].Nanos, list[len(list)-1].Nanos-list[0].Nanos
		_, fine := seen(list)
		for _, hole := range [][2]int64{{20, 70}, {30, 60}, {50, 90}, {10, 50}} {
			var rest []capture.Packet
			for _, p := range list {
				if at := p.Nanos - first; at <= whole*hole[0]/100 || at >= whole*hole[1]/100 {
					rest = append(rest, p)
				}
			}
			_, bad := seen(rest)
			for _, id := range bad {
				// That a connection got no answer is true of what is left.
				if !slices.Contains(fine, id) && id != "tribes.half-open" {
					t.Errorf("%s without %d %% to %d %%: %s", m.File, hole[0], hole[1], id)
				}
			}
		}
	}
}

func packetsOf(t *testing.T, file string) (list []capture.Packet) {
	t.Helper()
	src, err := capture.Open("testdata/captures/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	for {
		var p capture.Packet
		err := src.Next(&p)
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		p.Data = slices.Clone(p.Data)
		list = append(list, p)
	}
}

// A flood of identical datagrams is one that was sent so, not a mirror's work.
func TestFloodIsNoCopy(t *testing.T) {
	w := newWire(t, Options{})
	for i := range 1000 {
		w.now = start + int64(i)*10e3
		w.put(w.udp("10.77.0.9:5000", "239.1.2.3:5000", []byte("the same")))
	}
	if w.s.Totals.Packets < 900 {
		t.Errorf("%d of 1000 datagrams were counted", w.s.Totals.Packets)
	}
}
