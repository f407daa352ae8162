package sniff_test

import (
	"context"
	"fmt"

	"muster/sniff"
)

// A capture file is read to its end, and what it shows is judged.
func ExampleRun() {
	c, err := sniff.Open(sniff.Input{File: "testdata/captures/igmp-snooping-dies.pcap"})
	if err != nil {
		fmt.Println(err)
		return
	}
	res, err := sniff.Run(context.Background(), c, sniff.RunOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	t := res.Totals
	fmt.Printf("%d packets, %d heartbeats, %d messages\n", t.Packets, t.Heartbeats, t.Messages)
	for _, v := range res.Verdicts {
		if v.Status.Bad() {
			fmt.Println(v.Status, v.ID, v.Subject, v.CausedBy)
		}
	}
	// Output:
	// 123 packets, 54 heartbeats, 6 messages
	// fail igmp.no-querier 10.77.0.11:4000 []
	// fail tribes.one-way 10.77.0.11:4000 [igmp.no-querier]
}
