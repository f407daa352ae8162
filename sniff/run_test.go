package sniff

import (
	"context"
	"testing"
	"time"
)

const runCapture = "testdata/captures/loss-30.pcap"

// What ends a run of a file, and what the result says of it.
func TestRunBounds(t *testing.T) {
	for _, test := range []struct {
		name        string
		options     RunOptions
		stop        bool // before the first packet
		packets     uint64
		interrupted bool
	}{
		{"the file's end", RunOptions{}, false, 68, false},
		{"a count", RunOptions{Count: 10}, false, 10, false},
		{"a time of the packets' clock", RunOptions{Duration: 3 * time.Second}, false, 12, false},
		{"enough", RunOptions{Enough: func(s *Sniffer) bool { return s.Totals.Heartbeats == 5 }}, false, 12, false},
		{"stopped", RunOptions{}, true, 0, true},
	} {
		c, err := Open(Input{File: runCapture})
		if err != nil {
			t.Fatal(err)
		}
		r := NewRunner(c, test.options)
		if test.stop {
			r.Stop()
		}
		res, err := r.Run(context.Background())
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if res.Totals.Packets != test.packets || res.Interrupted != test.interrupted {
			t.Errorf("%s: %d packets, interrupted %v", test.name, res.Totals.Packets, res.Interrupted)
		}
		if !test.stop && len(res.Verdicts) == 0 {
			t.Errorf("%s: no verdicts", test.name)
		}
	}
}
