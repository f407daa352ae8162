package proto

import (
	"fmt"
	"testing"

	"muster/sniff/capture"
)

var neighbours = []struct{ hex, want string }{
	{"ffffffffffff 02770000000b 0806 0001 0800 06 04 0001 02770000000b 0a4d000b 000000000000 0a4d000c", "who has [{target 10.77.0.12} {sender 10.77.0.11}]"},
	{"02770000000b 02770000000c 0806 0001 0800 06 04 0002 02770000000c 0a4d000c 02770000000b 0a4d000b", "is at [{hardware 02770000000c} {sender 10.77.0.12}]"},
	{"333300000002 02770000000b 86dd 6000000000103aff fe80000000000000007700fffe00000b ff020000000000000000000000000002 8500000000000000 0101 02770000000b", "RouterSolicitation []"},
	{"3333ff00000c 02770000000b 86dd 6000000000183aff fe80000000000000007700fffe00000b ff0200000000000000000001ff00000c 8700000000000000 fd77000000000000000000000000000c",
		"NeighborSolicitation [{target fd77::c}]"},
	{"02770000000b 02770000000c 0800 4500001c000000004001 0000 0a4d000c 0a4d000b 0800f7ff00000000", "EchoRequest []"},
}

func TestNeighbour(t *testing.T) {
	for _, n := range neighbours {
		b := unhex(n.hex)
		m, ok := Neighbour(&capture.Packet{Data: b, Length: len(b), Link: capture.Ethernet})
		if got := fmt.Sprintf("%s %v", m.Type, m.Fields); !ok || got != n.want {
			t.Errorf("%s, %v; want %s", got, ok, n.want)
		}
		for cut := range b {
			Neighbour(&capture.Packet{Data: b[:cut], Length: len(b), Link: capture.Ethernet})
		}
	}
	if _, ok := Neighbour(&capture.Packet{Data: []byte{1}, Link: capture.Raw}); ok {
		t.Error("raw IP has no neighbours")
	}
}

func FuzzNeighbour(f *testing.F) {
	for _, n := range neighbours {
		f.Add(unhex(n.hex))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		Neighbour(&capture.Packet{Data: b, Length: len(b), Link: capture.Ethernet})
	})
}
