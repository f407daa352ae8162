package products

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"muster/internal/verdict"
	"muster/sniff/capture"
	"muster/sniff/frame"
	"muster/sniff/proto"
)

// vrrpKey is a virtual router: its number counts on one link and for one family.
type vrrpKey struct {
	link link
	id   uint8
	six  bool
}

// VirtualRouter is who advertised one.
type VirtualRouter struct {
	masters map[netip.Addr]*master
}

// master is a router that advertises: the run of advertisements that goes on.
type master struct {
	m         *Member
	run       span // without a pause in which another would have taken over
	interval  time.Duration
	version   uint8
	priority  uint8
	addresses []netip.Addr
}

func (t *Table) advertisement(p *capture.Packet, f *frame.Frame, m *Member, v *proto.VRRP) {
	k := vrrpKey{link{p.Interface, f.VLAN()}, v.Router, f.IP == 6}
	r := t.vrrp[k]
	if r == nil {
		if len(t.vrrp) >= maxStreams {
			t.Overflow++
			return
		}
		r = &VirtualRouter{masters: map[netip.Addr]*master{}}
		t.vrrp[k] = r
	}
	x := r.masters[f.Src]
	if x == nil {
		if len(r.masters) >= 16 {
			return
		}
		x = &master{m: m}
		r.masters[f.Src] = x
	}
	x.interval, x.version, x.addresses = v.Interval, v.Version, v.Addresses
	if v.Priority == 0 {
		return // it goes, which is no advertisement of a master
	}
	x.priority = v.Priority
	if x.run.count > 0 && p.Nanos-x.run.last > int64(3*v.Interval+time.Second) {
		x.run = span{}
	}
	x.run.add(p.Nanos)
}

// masters says where two routers are master of one virtual router at the same time,
// and where they speak unlike versions.
func (j *judge) masters() {
	for _, k := range sortedKeys(j.t.vrrp, func(x, y vrrpKey) int {
		return cmp.Or(cmp.Compare(x.id, y.id), cmp.Compare(x.link.itf, y.link.itf), cmp.Compare(x.link.vlan, y.link.vlan))
	}) {
		r := j.t.vrrp[k]
		list := sortedKeys(r.masters, netip.Addr.Compare)
		subject := fmt.Sprintf("router %d", k.id)
		for i, a := range list {
			for _, b := range list[i+1:] {
				x, y := r.masters[a], r.masters[b]
				if x.version != y.version {
					j.add("vrrp.version-mix", verdict.Warn, verdict.Likely, subject,
						fmt.Sprintf("%s speaks version %d of VRRP and %s version %d for router %d: neither takes the other's advertisements, so each can become master", a, x.version, b, y.version, k.id),
						verdict.Fix("set the same version on both (keepalived: vrrp_version)"))
					continue
				}
				// A backup waits three intervals and a part of one before it takes over, and a
				// master that hears a better one stops at once.
				both := x.run.overlap(y.run)
				if both <= 3*max(x.interval, y.interval)+time.Second || x.run.count < 4 || y.run.count < 4 {
					continue
				}
				what := "the same addresses"
				if !slices.Equal(x.addresses, y.addresses) {
					what = "unlike addresses, so perhaps two pairs that were given one number"
				}
				j.add("vrrp.two-masters", verdict.Fail, verdict.Likely, subject,
					fmt.Sprintf("%s (priority %d) and %s (priority %d) were both master of router %d for %s, with %s: advertisements do not reach from one to the other", a, x.priority, b, y.priority, k.id, long(both), what),
					evidence("addresses", "%v", x.addresses), evidence("interval", "%v", x.interval),
					verdict.Fix("let multicast to "+groupOf(x.m)+" (IP protocol 112) through between the two hosts: firewall, switch, VLAN"))
			}
		}
	}
}
