package channel

import (
	"testing"
	"time"
)

// Verify that the way to wait is the one whose answers come sooner, that the other
// is tried seldom, and that a change is noticed.
func TestPatience(t *testing.T) {
	const us = instant(time.Microsecond)
	type way struct{ slept, looked instant }
	for _, c := range []struct {
		name   string
		single bool
		times  way
		looks  bool // most of the time
		tries  bool // the other way, if seldom
	}{
		{"one processor for both", false, way{20 * us, 60 * us}, false, false},
		{"two processors, woken each time", false, way{140 * us, 60 * us}, true, true},
		{"two processors, looking is no better", false, way{100 * us, 120 * us}, false, true},
		{"a network", false, way{400 * us, 390 * us}, false, false},
		{"a single processor", true, way{18 * us, 16 * us}, true, true},
		{"a single processor, the peer in this process", true, way{18 * us, 200 * us}, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := patience{single: c.single}
			looked := run(t, &p, c.times.slept, c.times.looked)
			switch {
			case c.looks && looked < 9000, !c.looks && looked > 200, !c.tries && looked > 0:
				t.Errorf("of 10000 answers %d were looked for", looked)
			}
		})
	}
	p := patience{}
	for i, c := range []struct {
		times way
		looks bool
	}{
		{way{140 * us, 60 * us}, true},
		{way{20 * us, 60 * us}, false},
		{way{140 * us, 60 * us}, true},
		{way{2000 * us, 2000 * us}, false},
	} {
		if looked := run(t, &p, c.times.slept, c.times.looked); c.looks != (looked > 7500) || c.looks == (looked < 2500) {
			t.Errorf("after change %d %d of 10000 answers were looked for", i, looked)
		}
	}
}

// run takes 10,000 answers that come after those times, and counts those that were
// looked for.
func run(t *testing.T, p *patience, slept, looked instant) (n int) {
	t.Helper()
	for range 10_000 {
		switch look := p.look(); {
		case look < 0 || look > slowAnswer:
			t.Fatalf("looks for %d ns", look)
		case look > 0:
			n++
			p.took(looked, true)
		default:
			p.took(slept, false)
		}
	}
	return n
}
