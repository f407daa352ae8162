package traffic

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"muster/mcast"
)

// MaxFlows bounds the table of a Tally: pairs of a sender and a group. With
// probes that is some 45 MB. Those that were first stay; datagrams of others
// are only counted.
const MaxFlows = 65536

// Tally keeps the account of what each sender sent to each group. It is not
// safe for several goroutines.
type Tally struct {
	joined time.Time
	limit  int
	flows  map[flowKey]*flow
	recent *flow // that of the last datagram, most often the next one's too
	total  Report
	own    func(netip.Addr) bool
	others map[netip.AddrPort]struct{} // the senders of other hosts
}

type flowKey struct {
	source netip.AddrPort
	group  netip.AddrPort
}

// flow is what one sender sent to one group.
type flow struct {
	key            flowKey
	datagrams      uint64
	bytes          uint64
	first, last    time.Time
	minTTL, maxTTL int
	interfaces     []int
	truncated      uint64
	probes         *stream
	ended          []*stream // earlier streams of the sender: it was restarted
}

// Bounds of what is kept for one flow: older streams are forgotten, further
// interfaces not named.
const (
	maxEnded      = 4
	maxInterfaces = 8
)

// NewTally begins an account at the time of the join. own tells which addresses are of this host.
func NewTally(joined time.Time, own func(netip.Addr) bool) *Tally {
	return &Tally{joined: joined, limit: MaxFlows, own: own, flows: map[flowKey]*flow{}, others: map[netip.AddrPort]struct{}{}}
}

// Others are the addresses of the senders of other hosts that had room in the table, one for each
// sender: a host with two sockets is there twice.
func (t *Tally) Others() []netip.Addr {
	out := make([]netip.Addr, 0, len(t.others))
	for at := range t.others {
		out = append(out, at.Addr())
	}
	return out
}

// Datagrams is how many were counted.
func (t *Tally) Datagrams() uint64 { return t.total.Datagrams }

// Add counts d, with its probe header where it has one.
func (t *Tally) Add(d *mcast.Datagram) {
	t.total.Datagrams++
	t.total.Bytes += uint64(len(d.Payload))
	if t.total.Datagrams == 1 {
		t.total.First = d.Time
	}
	t.total.Last = d.Time
	key := flowKey{d.Source, netip.AddrPortFrom(d.Destination, d.Port)}
	f := t.recent
	if f == nil || f.key != key {
		if f = t.flow(key, d); f == nil {
			t.total.Unlisted++
			return
		}
		t.recent = f
	}
	f.add(d)
	p, _, err := mcast.ParseProbe(d.Payload)
	switch {
	case err == nil:
		f.probe(p, d.Time)
	case err != mcast.ErrNotProbe:
		t.total.BadProbes++
	}
}

// flow finds or makes the flow of key; nil when the table is full.
func (t *Tally) flow(key flowKey, d *mcast.Datagram) *flow {
	f := t.flows[key]
	if f == nil && len(t.flows) < t.limit {
		f = &flow{key: key, first: d.Time, minTTL: d.TTL, maxTTL: d.TTL, interfaces: []int{d.Interface}}
		t.flows[key] = f
		if !t.own(key.source.Addr()) {
			t.others[key.source] = struct{}{}
		}
	}
	return f
}

func (f *flow) add(d *mcast.Datagram) {
	f.datagrams++
	f.bytes += uint64(len(d.Payload))
	f.last = d.Time
	f.minTTL = min(f.minTTL, d.TTL)
	f.maxTTL = max(f.maxTTL, d.TTL)
	if d.Interface != f.interfaces[0] && len(f.interfaces) < maxInterfaces && !slices.Contains(f.interfaces, d.Interface) {
		f.interfaces = append(f.interfaces, d.Interface)
	}
	if d.Truncated {
		f.truncated++
	}
}

func (f *flow) probe(p mcast.Probe, at time.Time) {
	if f.probes != nil && f.probes.id == p.Stream {
		f.probes.add(p)
		return
	}
	for i, s := range f.ended {
		if s.id == p.Stream { // a straggler, or two senders behind one address
			f.ended[i], f.probes = f.probes, s
			s.add(p)
			return
		}
	}
	if f.probes != nil {
		if len(f.ended) == maxEnded {
			f.ended = slices.Delete(f.ended, 0, 1)
		}
		f.ended = append(f.ended, f.probes)
	}
	f.probes = newStream(p, at)
}

// Report is the account so far, the busiest senders first.
func (t *Tally) Report() Report {
	r := t.total
	r.Joined = t.joined
	bySource := map[netip.AddrPort]*Account{}
	flows := make([]*flow, 0, len(t.flows))
	for _, f := range t.flows {
		flows = append(flows, f)
	}
	slices.SortFunc(flows, func(a, b *flow) int { return compareAddrPort(a.key.group, b.key.group) })
	for _, f := range flows {
		a := bySource[f.key.source]
		if a == nil {
			a = &Account{Source: f.key.source, Own: t.own(f.key.source.Addr()), First: f.first, Last: f.last, MinTTL: f.minTTL, MaxTTL: f.maxTTL}
			bySource[f.key.source] = a
		}
		a.add(f, t.joined)
	}
	for _, a := range bySource {
		r.Senders = append(r.Senders, *a)
	}
	slices.SortFunc(r.Senders, func(a, b Account) int {
		return cmp.Or(cmp.Compare(b.Datagrams, a.Datagrams), compareAddrPort(a.Source, b.Source))
	})
	return r
}

func compareAddrPort(a, b netip.AddrPort) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Port(), b.Port()))
}
