package mcast_test

import (
	"fmt"
	"time"

	"muster/mcast"
)

// A group as people write it: a source, an address, a port, and how many.
func ExampleParseGroup() {
	for _, text := range []string{"228.0.0.4:45564", "10.77.0.11,232.1.1.1:5000", "239.1.1.1:7000+2", "[ff15::4%1]:45564", "10.77.0.11"} {
		g, err := mcast.ParseGroup(text)
		if err != nil {
			fmt.Println(err)
			continue
		}
		for one := range g.All() {
			fmt.Println(one)
		}
	}
	// Output:
	// 228.0.0.4:45564
	// 10.77.0.11,232.1.1.1:5000
	// 239.1.1.1:7000
	// 239.1.1.2:7000
	// [ff15::4%1]:45564
	// group "10.77.0.11": 10.77.0.11 is not a multicast address (224.0.0.1 to 239.255.255.255, or ff00::/8)
}

// A probe carries who sent it, its number and its time: whoever hears it counts what
// was lost, came twice or out of order.
func ExampleProbe() {
	sent := mcast.Probe{Kind: mcast.ProbeData, Size: mcast.ProbeSize + len("hello"), Stream: 0xcafe, Sequence: 7, Sent: time.Unix(1_700_000_000, 0)}
	datagram := append(sent.AppendTo(nil), "hello"...)
	heard, text, err := mcast.ParseProbe(datagram)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d bytes: number %d of stream %x, with %q\n", len(datagram), heard.Sequence, heard.Stream, text)
	// Output:
	// 45 bytes: number 7 of stream cafe, with "hello"
}
