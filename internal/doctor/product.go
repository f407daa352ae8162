package doctor

import (
	"net/netip"
	"slices"
	"time"

	"muster/internal/verdict"
)

// someProduct is somebody for another product than Tomcat: who speaks it on the group
// is told by what was captured, if at all.
func (d *doctor) someProduct() {
	if d.r.Wire == nil {
		return // what could not be asked is told already
	}
	group := netip.AddrPortFrom(d.o.Query.Group, d.o.Query.Port)
	watched := verdict.Evidence{What: "listened", Value: d.r.Watched.Round(time.Second).String(), ReadFrom: group.String()}
	others, own := 0, 0
	for _, m := range d.r.Wire.Analysis.Products.On(group) {
		if slices.ContainsFunc(m.Sources, d.own) {
			own++
		} else {
			others++
		}
	}
	const id = "peer.alone"
	next := verdict.Next("run muster doctor --profile " + d.o.Profile + " on the other nodes at the same time; start a member meanwhile, since settled ones may be silent")
	switch {
	case others > 0:
		d.add(verdict.New(id, verdict.Pass, verdict.Definite, group.String(), heard(others), watched))
	case own > 0:
		d.add(verdict.New(id, verdict.Unknown, verdict.Definite, group.String(), "only this host's own member was heard: that proves nothing about the network", watched, next))
	default:
		d.add(verdict.New(id, verdict.Unknown, verdict.Definite, group.String(), "no member was heard", watched, next))
	}
}
