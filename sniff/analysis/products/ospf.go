package products

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"muster/internal/verdict"
	"muster/sniff/capture"
	"muster/sniff/frame"
	"muster/sniff/proto"
)

// ospfRouter is what a router's hellos say.
type ospfRouter struct {
	hellos span
	last   proto.OSPFHello
	source netip.Addr
}

func (t *Table) hello(p *capture.Packet, f *frame.Frame, _ *Member, v *proto.OSPFHello) {
	k := link{p.Interface, f.VLAN()}
	on := t.ospf[k]
	if on == nil {
		if len(t.ospf) >= maxStreams {
			t.Overflow++
			return
		}
		on = map[netip.Addr]*ospfRouter{}
		t.ospf[k] = on
	}
	r := on[f.Src]
	if r == nil {
		if len(on) >= maxStreams {
			return
		}
		r = &ospfRouter{source: f.Src}
		on[f.Src] = r
	}
	r.hellos.add(p.Nanos)
	r.last = *v
}

// lists reports whether r has heard o.
func (r *ospfRouter) lists(o *ospfRouter) bool {
	return slices.Contains(r.last.Neighbours, o.last.Router)
}

// differs names what two routers need to agree on and do not.
func (r *ospfRouter) differs(o *ospfRouter) (out []string) {
	a, b := r.last, o.last
	note := func(what string, x, y any) {
		if x != y {
			out = append(out, fmt.Sprintf("%s %v and %v", what, x, y))
		}
	}
	note("area", a.Area, b.Area)
	note("hello interval", a.Hello, b.Hello)
	note("dead interval", a.Dead, b.Dead)
	if a.Version == 2 {
		note("mask", a.Mask, b.Mask)
		note("authentication type", a.Auth, b.Auth)
	}
	note("stub area", a.Stub, b.Stub)
	return out
}

// neighbours says which routers of one link do not take each other.
func (j *judge) neighbours() {
	for _, k := range sortedKeys(j.t.ospf, func(x, y link) int { return cmp.Or(cmp.Compare(x.itf, y.itf), cmp.Compare(x.vlan, y.vlan)) }) {
		on := j.t.ospf[k]
		list := sortedKeys(on, netip.Addr.Compare)
		for i, a := range list {
			for _, b := range list[i+1:] {
				x, y := on[a], on[b]
				if x.last.Version != y.last.Version || x.last.Instance != y.last.Instance || x.lists(y) || y.lists(x) {
					continue
				}
				why := x.differs(y)
				if len(why) == 0 || x.hellos.count < 2 || y.hellos.count < 2 || x.hellos.overlap(y.hellos) <= 0 {
					continue
				}
				j.add("ospf.not-neighbours", verdict.Fail, verdict.Likely, a.String()+" and "+b.String(),
					fmt.Sprintf("the routers %s and %s do not become neighbours: unlike %s, and neither lists the other in its hellos", x.last.Router, y.last.Router, strings.Join(why, ", ")),
					evidence("hellos", "%d and %d", x.hellos.count, y.hellos.count),
					verdict.Fix("set the same values on the interfaces of both routers"))
			}
		}
	}
}
