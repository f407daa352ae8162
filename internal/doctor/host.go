package doctor

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"muster/internal/verdict"
	"muster/routecheck/collect"
	"muster/routecheck/facts"
	"muster/routecheck/judge"
)

// host reads what the system knows of itself and judges it.
func (d *doctor) host(ctx context.Context) {
	d.progress("what this host says of itself", 300*time.Millisecond)
	d.r.Facts = collect.Facts(ctx, d.o.Query, d.o.Version)
	d.hosted = judge.NewHost(d.r.Facts)
	for _, v := range judge.Facts(d.r.Facts, nil) {
		if v.ID == "tribes.clock-skew" && v.Status.Bad() {
			d.r.Remarks = append(d.r.Remarks, v) // how far the clocks are apart is measured with the others
			continue
		}
		d.add(v)
	}
	d.note.Name, d.note.MTU = d.o.Name, int(d.hosted.Link.MTU)
	d.note.Addr = d.address()
}

// address is the one that others know this host by, in the group's family.
func (d *doctor) address() netip.Addr {
	if a := d.r.Facts.ToGroup.Value.Src; a.IsValid() {
		return a
	}
	for _, a := range d.r.Facts.Addrs.Value {
		if a.Link == d.hosted.Link.Index && a.Prefix.Addr().Is4() == d.o.Query.Group.Is4() && !a.Secondary {
			return a.Prefix.Addr()
		}
	}
	return netip.Addr{}
}

// own reports whether an address is this host's.
func (d *doctor) own(a netip.Addr) bool {
	return a.IsLoopback() || slices.ContainsFunc(d.r.Facts.Addrs.Value, func(x facts.Addr) bool { return x.Prefix.Addr() == a.WithZone("") })
}

// cannotTalk are causes on this host that make every question to the wire moot: it
// sends nothing, or gets nothing.
var cannotTalk = []verdict.ID{"route.none", "route.blocked", "route.to-lo", "iface.down", "iface.no-carrier", "iface.no-ipv4", "iface.loopback-only"}

// decided reports whether the host alone explains why nothing goes.
func (d *doctor) decided() bool {
	return slices.ContainsFunc(d.found, func(v verdict.Verdict) bool {
		return v.Status == verdict.Fail && v.Confidence == verdict.Definite && slices.Contains(cannotTalk, v.ID)
	})
}
