package products

import (
	"fmt"
	"strings"
	"time"

	"muster/internal/verdict"
	"muster/sniff/capture"
	"muster/sniff/frame"
	"muster/sniff/proto"
)

// clock is one that announces a grandmaster.
type clock struct {
	grandmaster string
	priority    uint8
	source      string
	run         span // since it last named another grandmaster or was silent
	interval    time.Duration
}

func (t *Table) announce(p *capture.Packet, f *frame.Frame, v *proto.PTPAnnounce) {
	domain := t.clocks[v.Domain]
	if domain == nil {
		domain = map[string]*clock{}
		t.clocks[v.Domain] = domain
	}
	c := domain[v.Clock]
	if c == nil {
		if len(domain) >= maxStreams {
			t.Overflow++
			return
		}
		c = &clock{}
		domain[v.Clock] = c
	}
	interval := time.Second
	if v.LogInterval >= -7 && v.LogInterval <= 7 {
		interval = time.Duration(float64(time.Second) * pow2(int(v.LogInterval)))
	}
	// Whoever hears no announcement for three intervals takes over (announceReceiptTimeout).
	if c.grandmaster != v.Grandmaster || c.run.count > 0 && p.Nanos-c.run.last > int64(4*interval) {
		c.run = span{}
	}
	c.grandmaster, c.priority, c.interval, c.source = v.Grandmaster, v.Priority1, interval, f.Src.String()
	c.run.add(p.Nanos)
}

func pow2(n int) float64 {
	v := 1.0
	for ; n > 0; n-- {
		v *= 2
	}
	for ; n < 0; n++ {
		v /= 2
	}
	return v
}

// grandmasters says where a domain has two of them at one time.
func (j *judge) grandmasters() {
	for _, d := range sortedKeys(j.t.clocks, func(x, y uint8) int { return int(x) - int(y) }) {
		clocks := j.t.clocks[d]
		list := sortedKeys(clocks, strings.Compare)
		for i, a := range list {
			for _, b := range list[i+1:] {
				x, y := clocks[a], clocks[b]
				both := x.run.overlap(y.run)
				if x.grandmaster == y.grandmaster || x.run.count < 4 || y.run.count < 4 || both <= 4*max(x.interval, y.interval) {
					continue
				}
				j.add("ptp.two-masters", verdict.Fail, verdict.Likely, fmt.Sprintf("domain %d", d),
					fmt.Sprintf("%s (%s, priority1 %d) and %s (%s, priority1 %d) announced two grandmasters of domain %d for %s: one of them does not hear the other, and clocks follow either",
						a, x.source, x.priority, b, y.source, y.priority, d, long(both)),
					verdict.Fix("let UDP 319 and 320 to 224.0.1.129 through between the two; or give them unlike domains on purpose"))
			}
		}
	}
}
