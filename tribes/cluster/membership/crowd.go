package membership

import (
	"errors"
	"net/netip"
	"time"
)

// crowdTime is how long the identities are counted together that came and went.
const crowdTime = time.Minute

// Crowd tells of identities that look made up: heard, and silent again without a goodbye
// and without ever being confirmed, or heard with receivers that do not answer.
type Crowd struct {
	// Vanished is how many came and went so in the worst minute; the most of them came
	// from Source, which sent MostVanished.
	Vanished     int
	Source       netip.Addr
	MostVanished int
	// Unanswered is how many are there now whose receivers did not answer, from the
	// address that sends the most of them, UnansweredSource.
	Unanswered       int
	UnansweredSource netip.Addr
}

// crowd counts the minute in hand and keeps the worst one.
type crowd struct {
	since time.Time
	total int
	from  map[netip.Addr]int // mostHosts at most; those beyond are in total alone
	worst Crowd
}

// vanished notes one that came from origin.
func (c *crowd) vanished(origin netip.Addr, now time.Time) {
	if c.from == nil || now.Sub(c.since) >= crowdTime {
		c.since, c.total, c.from = now, 0, map[netip.Addr]int{}
	}
	c.total++
	if _, known := c.from[origin]; known || len(c.from) < mostHosts {
		c.from[origin]++
	}
	if n := c.from[origin]; n > c.worst.MostVanished {
		c.worst.Source, c.worst.MostVanished = origin, n
	}
	c.worst.Vanished = max(c.worst.Vanished, c.total)
}

// Crowd tells what was seen so far of made-up members. Without checks those count that
// were heard once and should have been heard again since.
func (t *Table) Crowd() Crowd {
	out := t.crowd.worst
	unanswered, once := map[netip.Addr]int{}, map[netip.Addr]int{}
	all := 0
	for _, e := range t.members {
		if !t.cfg.Checked && e.beats == 1 && t.asOf.Sub(e.last) > 2*t.cfg.Frequency {
			all++
			if once[e.origin]++; once[e.origin] > out.MostVanished {
				out.Source, out.MostVanished = e.origin, once[e.origin]
			}
			out.Vanished = max(out.Vanished, all)
		}
		var form *FormError
		if e.state != candidate || e.failed == nil || errors.As(e.failed, &form) {
			continue
		}
		if unanswered[e.origin]++; unanswered[e.origin] > out.Unanswered {
			out.Unanswered, out.UnansweredSource = unanswered[e.origin], e.origin
		}
	}
	return out
}
