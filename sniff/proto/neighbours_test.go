package proto

import (
	"fmt"
	"testing"

	"muster/sniff/capture"
	"muster/sniff/frame"
)

var neighbours = []struct{ hex, want string }{
	{"ffffffffffff 02770000000b 0806 0001 0800 06 04 0001 02770000000b 0a4d000b 000000000000 0a4d000c", "who has [{target 10.77.0.12} {sender 10.77.0.11}]"},
	{"02770000000b 02770000000c 0806 0001 0800 06 04 0002 02770000000c 0a4d000c 02770000000b 0a4d000b", "is at [{hardware 02:77:00:00:00:0c} {sender 10.77.0.12}]"},
	{"333300000002 02770000000b 86dd 6000000000103aff fe80000000000000007700fffe00000b ff020000000000000000000000000002 8500000000000000 0101 02770000000b", "router solicitation []"},
	{"3333ff00000c 02770000000b 86dd 6000000000183aff fe80000000000000007700fffe00000b ff0200000000000000000001ff00000c 8700000000000000 fd77000000000000000000000000000c",
		"neighbor solicitation [{target fd77::c}]"},
	{"02770000000b 02770000000c 0800 4500001c000000004001 0000 0a4d000c 0a4d000b 0800f7ff00000000", "echo []"},
	{"02770000000b 02770000000c 0800 450000380000000040010000 0a4d000c 0a4d000b 030a0000 00000000 4500001c000000004006 0000 0a4d000b 0a4d000c 9c40 0fa0 00000001",
		"destination unreachable [{code host prohibited} {of 10.77.0.12:4000}]"},
	{"02770000000b 02770000000c 86dd 60000000 0038 3a ff fd77000000000000000000000000000c fd77000000000000000000000000000b 01040000 00000000" +
		"60000000 0008 11 40 fd77000000000000000000000000000b fd77000000000000000000000000000c 9c40 b1fc 0008 0000",
		"destination unreachable [{code port} {of [fd77::c]:45564}]"},
	{"02770000000b 02770000000c 0800 45000018000000004001 0000 0a4d000c 0a4d000b fa000000", "type 250 []"},
}

func TestNeighbour(t *testing.T) {
	for _, n := range neighbours {
		b := unhex(n.hex)
		m, ok := neighbour(b)
		if got := fmt.Sprintf("%s %v", m.Type, m.Fields); !ok || got != n.want {
			t.Errorf("%s, %v; want %s", got, ok, n.want)
		}
		for cut := range b {
			neighbour(b[:cut])
		}
	}
	if m, ok := Neighbour(&frame.Frame{}); ok {
		t.Errorf("nothing is %v", m)
	}
}

// neighbour describes an Ethernet frame, whose end may be cut off.
func neighbour(b []byte) (Message, bool) {
	var f frame.Frame
	_ = frame.Decode(&capture.Packet{Data: b, Length: len(b), Link: capture.Ethernet}, &f)
	return Neighbour(&f)
}

func FuzzNeighbour(f *testing.F) {
	for _, n := range neighbours {
		f.Add(unhex(n.hex))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		neighbour(b)
	})
}
