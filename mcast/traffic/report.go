package traffic

import (
	"math"
	"net/netip"
	"slices"
	"time"
)

// Report is what a Tally counted.
type Report struct {
	Joined      time.Time
	Datagrams   uint64
	Bytes       uint64 // of payload
	First, Last time.Time
	Unlisted    uint64 // datagrams of senders for which the table had no room
	BadProbes   uint64 // began as a probe and could not be read
	Senders     []Account
}

// Account is what one sender sent.
type Account struct {
	Source         netip.AddrPort
	Own            bool             // it is of this host
	Groups         []netip.AddrPort // those it sent to, in order
	Datagrams      uint64
	Bytes          uint64 // of payload
	First, Last    time.Time
	MinTTL, MaxTTL int   // -1 where the system does not tell
	Interfaces     []int // by index, that of the first datagram first
	Truncated      uint64
	Probes         *ProbeAccount // nil when it sent none
}

// ProbeAccount is what the probes of a sender tell.
type ProbeAccount struct {
	Streams    int // a sender that was restarted has several, and one for each group
	Received   uint64
	Lost       uint64 // between the first and the last that arrived
	Duplicated uint64
	Reordered  uint64
	// Before is how many were sent before the first that arrived: the sender
	// was there before us, or the network took that long to let the group in.
	Before uint64
	// AfterJoin is how long after the join the first one arrived.
	AfterJoin time.Duration
	Complete  bool // the last one of every stream arrived
}

// Rate is in datagrams a second between the first and the last.
func (a Account) Rate() float64 {
	if span := a.Last.Sub(a.First); a.Datagrams > 1 && span > 0 {
		return float64(a.Datagrams-1) / span.Seconds()
	}
	return 0
}

// BitRate is in payload bits a second between the first and the last.
func (a Account) BitRate() float64 {
	if a.Datagrams == 0 {
		return 0
	}
	return a.Rate() * float64(a.Bytes) / float64(a.Datagrams) * 8
}

// LostShare is lost in parts of all that were sent meanwhile, 0 to 1.
func (p ProbeAccount) LostShare() float64 {
	if p.Received+p.Lost == 0 {
		return 0
	}
	return float64(p.Lost) / float64(p.Received+p.Lost)
}

func (a *Account) add(f *flow, joined time.Time) {
	a.Groups = append(a.Groups, f.key.group)
	a.Datagrams += f.datagrams
	a.Bytes += f.bytes
	a.Truncated += f.truncated
	a.MinTTL, a.MaxTTL = min(a.MinTTL, f.minTTL), max(a.MaxTTL, f.maxTTL)
	if f.first.Before(a.First) {
		a.First = f.first
	}
	if f.last.After(a.Last) {
		a.Last = f.last
	}
	for _, i := range f.interfaces {
		if !slices.Contains(a.Interfaces, i) {
			a.Interfaces = append(a.Interfaces, i)
		}
	}
	if f.probes == nil {
		return
	}
	if a.Probes == nil {
		a.Probes = &ProbeAccount{Complete: true, AfterJoin: math.MaxInt64}
	}
	for _, s := range append(f.ended, f.probes) {
		a.Probes.add(s, joined)
	}
}

func (p *ProbeAccount) add(s *stream, joined time.Time) {
	p.Streams++
	p.Received += s.received
	p.Lost += s.lost()
	p.Duplicated += s.dup
	p.Reordered += s.late
	p.Before += s.lowest
	p.AfterJoin = min(p.AfterJoin, max(0, s.start.Sub(joined))) // it may come while further groups are joined
	p.Complete = p.Complete && s.last
}
