package logs

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

const (
	// skewTold is by how much clocks must differ to be worth a word, as everywhere
	// in muster; where a log has whole seconds they must differ by more than those hide.
	skewTold       = time.Second
	skewToldCoarse = 3 * time.Second
	// shiftFine and shiftCoarse are the smallest differences that the timeline takes
	// out: less is within what the estimate itself may be off.
	shiftFine   = 250 * time.Millisecond
	shiftCoarse = 2 * time.Second
)

// A heartbeat says since when its sender lives (its alive time, in milliseconds),
// and the line "member added" of another node repeats it. The sender's own log says
// when it began to live. The same instant is so written by two clocks:
//
//	time of the line at x = start of y + alive time + delay - by how much y is ahead
//
// The delay, from the heartbeat to the line, is a few milliseconds where x saw y
// start, and up to a heartbeat's period where x itself had just started.

// sample is one estimate of by how much y is ahead of x.
type sample struct {
	ahead time.Duration
	fresh bool // y had just started: the delay is as good as none
	byX   bool // x's line says it: the truth is this or a little more
}

// samples compares x's lines about y with y's own log.
func samples(x, y *Node, byX bool) []sample {
	var all []sample
	for i := range x.events {
		e := x.events[i]
		if e.Kind != Added || e.Member.Alive <= 0 || !y.has(e.Member) || e.Time.IsZero() {
			continue
		}
		for _, l := range y.Lives {
			begin := l.Membership
			if begin.IsZero() {
				begin = l.Start
			}
			if begin.IsZero() {
				continue
			}
			ahead := begin.Add(e.Member.Alive).Sub(e.Time)
			if !byX {
				ahead = -ahead
			}
			all = append(all, sample{ahead, e.Member.Alive < 2*max(y.Frequency, 500*time.Millisecond)+600*time.Millisecond, byX})
		}
	}
	return all
}

// estimate is by how much y is ahead of x, and how many lines of which node agree.
type estimate struct {
	ahead time.Duration
	n     int
}

// compare asks both logs. A line may belong to a life of the other that its log does
// not have, and then says anything: what most lines agree on counts, and of two
// answers of one line each the one by which the clocks are right.
func compare(x, y *Node) (estimate, bool) {
	all := append(samples(x, y, true), samples(y, x, false)...)
	if len(all) == 0 {
		return estimate{}, false
	}
	tolerance := 700 * time.Millisecond
	if x.coarse || y.coarse {
		tolerance = 2500 * time.Millisecond
	}
	slices.SortFunc(all, func(a, b sample) int { return cmp.Compare(a.ahead, b.ahead) })
	from, to := 0, 0
	for i := range all {
		k := i
		for k < len(all) && all[k].ahead-all[i].ahead <= tolerance {
			k++
		}
		if k-i > to-from || k-i == to-from && all[i].ahead.Abs() < all[from].ahead.Abs() {
			from, to = i, k
		}
	}
	agreed := all[from:to]
	var fresh []time.Duration
	least, most := time.Duration(-1<<62), time.Duration(1<<62)
	for _, s := range agreed {
		switch {
		case s.fresh:
			fresh = append(fresh, s.ahead)
		case s.byX:
			least = max(least, s.ahead)
		default:
			most = min(most, s.ahead)
		}
	}
	e := estimate{n: len(agreed)}
	switch {
	case len(fresh) > 0:
		e.ahead = fresh[len(fresh)/2]
		if len(fresh)%2 == 0 {
			e.ahead = (fresh[len(fresh)/2-1] + fresh[len(fresh)/2]) / 2
		}
	case least > -1<<62 && most < 1<<62:
		e.ahead = (least + most) / 2
	case least > -1<<62:
		e.ahead = least
	default:
		e.ahead = most
	}
	return e, true
}

// clocks finds by how much the nodes' clocks differ and moves their events to the
// clock of the first.
func (res *Result) clocks() {
	if len(res.Nodes) == 0 {
		return
	}
	first := res.Nodes[0]
	first.OffsetKnown, first.agreed = true, 2
	queue := []*Node{first}
	for len(queue) > 0 {
		x := queue[0]
		queue = queue[1:]
		for _, y := range res.Nodes {
			if y.OffsetKnown {
				continue
			}
			if e, ok := compare(x, y); ok {
				y.Offset, y.OffsetKnown, y.agreed = x.Offset+e.ahead, true, min(e.n, x.agreed)
				queue = append(queue, y)
			}
		}
	}
	for _, n := range res.Nodes {
		least := shiftFine
		if n.coarse || first.coarse {
			least = shiftCoarse
		}
		if n.OffsetKnown && n.agreed > 1 && n.Offset.Abs() >= least {
			n.shift(-n.Offset)
			res.Notes = append(res.Notes, fmt.Sprintf("The times of %s are moved by %s: %s.", n.Name, signed(-n.Offset), whyShifted(n)))
		}
	}
}

func whyShifted(n *Node) string {
	if zone, ok := asZone(n.Offset); ok {
		return fmt.Sprintf("its log is written in a time zone that is %s away from the first's", signed(zone))
	}
	return "by that much its clock is behind or ahead of the first's, as the alive times in the members' heartbeats tell"
}

// asZone tells a difference of time zones from one of clocks: zones differ by whole
// quarters of an hour, clocks by chance.
func asZone(d time.Duration) (time.Duration, bool) {
	zone := d.Round(15 * time.Minute)
	return zone, zone != 0 && (d-zone).Abs() < 10*time.Second
}

// skew is by how much its clock is off, without its time zone.
func (n *Node) skew() time.Duration {
	if zone, ok := asZone(n.Offset); ok {
		return n.Offset - zone
	}
	return n.Offset
}

func (n *Node) shift(by time.Duration) {
	n.Shifted = true
	move := func(t *time.Time) {
		if !t.IsZero() {
			*t = t.Add(by)
		}
	}
	for i := range n.events {
		move(&n.events[i].Time)
		move(&n.events[i].Until)
	}
	for i := range n.Lives {
		l := &n.Lives[i]
		for _, t := range []*time.Time{&l.Start, &l.Membership, &l.Up, &l.Stop} {
			move(t)
		}
	}
	move(&n.First)
	move(&n.Last)
}

func signed(d time.Duration) string {
	d = d.Round(time.Millisecond)
	if d > 0 {
		return "+" + d.String()
	}
	return d.String()
}
