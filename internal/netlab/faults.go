package netlab

import "time"

// A fault lasts until the function that it returned is called, or the lab ends.
// What the kernel cannot do skips the test.

// Traffic is what a fault picks out of all frames.
type Traffic struct {
	Protocol string // udp, tcp, igmp or mld
	Port     uint16 // the destination port of udp and tcp
}

// Direction is as the host sees it.
type Direction int

const (
	Both Direction = iota
	In
	Out
)

// Impairment is what a Delay does to each frame of a host, both ways.
type Impairment struct {
	Delay     time.Duration
	Jitter    time.Duration // more or less than Delay by up to this, so frames overtake each other
	Duplicate float64       // percent of the frames that come twice
}
