package analysis

import (
	"net/netip"
	"slices"

	"muster/mcast/products"
	"muster/sniff/capture"
	"muster/sniff/frame"
)

// Group is what was sent to one group and port.
type Group struct {
	Addr           netip.AddrPort // the port is 0 for what has none
	Product        string         // that uses it by default, "" for none
	Known          products.Product
	Packets, Bytes uint64
	First, Last    int64
	Sources        set[netip.Addr]
	Protocols      set[string]
	VLANs          set[uint16]
	TTLMin, TTLMax uint8
	Heartbeats     uint64
	Broadcasts     uint64
	Fragments      uint64
	Malformed      uint64 // that begin as heartbeats and are none
	lastSource     netip.Addr
	lastProtocol   string
}

// Joined is who said on a link that it listens to a group.
type Joined struct {
	Group     netip.Addr
	Reporters set[netip.Addr]
	Reports   uint64
	Leaves    uint64
	Last      int64
	// AnySource: some report was for any source (EXCLUDE mode, or version 1 or 2).
	AnySource bool

	reported []reported // the latest report of each of the reporters
}

type reported struct {
	at      int64
	version uint8
}

// Report is the latest report of the i-th of the reporters: when, and in which
// version.
func (j *Joined) Report(i int) (at int64, version uint8) {
	return j.reported[i].at, j.reported[i].version
}

// note takes a report.
func (j *Joined) note(host netip.Addr, r reported) {
	if j.Reporters.add(host, maxPerRow) {
		j.reported = append(j.reported, r)
	} else if i := slices.Index(j.Reporters.list, host); i >= 0 && r.at >= j.reported[i].at {
		j.reported[i] = r
	}
}

// merge adds what another link shows of the same group.
func (j *Joined) merge(o *Joined) {
	j.Reports += o.Reports
	j.Leaves += o.Leaves
	j.Last = max(j.Last, o.Last)
	j.AnySource = j.AnySource || o.AnySource
	for i, host := range o.Reporters.list {
		j.note(host, o.reported[i])
	}
}

// since reports whether the host reported at t or later.
func (j *Joined) since(host netip.Addr, t int64) bool {
	i := slices.Index(j.Reporters.list, host)
	return i >= 0 && j.reported[i].at >= t
}

// Datagram counts a packet to a group. protocol is what it was decoded as; same
// means that one with the same headers was counted before.
func (a *Analysis) Datagram(p *capture.Packet, f *frame.Frame, protocol string, same bool) *Group {
	key := netip.AddrPortFrom(f.Dst, f.DstPort)
	g := a.lastGroup
	if g == nil || g.Addr != key {
		if g = a.Groups[key]; g == nil {
			if len(a.Groups) >= maxGroups {
				a.Overflow++
				return nil
			}
			g = &Group{Addr: key, First: p.Nanos, TTLMin: f.TTL, TTLMax: f.TTL}
			if known, ok := products.Lookup(f.Dst, f.DstPort); ok {
				g.Known, g.Product = known, known.Name
			}
			a.Groups[key] = g
		}
		a.lastGroup = g
	}
	g.Packets++
	g.Bytes += uint64(p.Length)
	g.Last = p.Nanos
	if same {
		return g
	}
	if f.TTL < g.TTLMin {
		g.TTLMin = f.TTL
	}
	if f.TTL > g.TTLMax {
		g.TTLMax = f.TTL
	}
	if f.Src != g.lastSource || g.Packets == 1 {
		g.lastSource = f.Src
		g.Sources.add(f.Src, maxPerRow)
	}
	if protocol != g.lastProtocol || f.NVLANs > 0 || g.Packets == 1 {
		g.lastProtocol = protocol
		g.VLANs.add(f.VLAN(), maxAliases)
		g.Protocols.add(protocol, maxAliases)
	}
	return g
}

// Foreign counts the packets to a group of heartbeats that are none.
func (g *Group) Foreign() uint64 {
	return g.Packets - g.Heartbeats - g.Broadcasts - g.Fragments - g.Malformed
}

// JoinedBy are the hosts that reported a membership of the group on any link, in the
// order in which they did first on each.
func (a *Analysis) JoinedBy(group netip.Addr) []netip.Addr {
	var all Joined
	for _, l := range a.SortedLinks() {
		if j := l.Joined[group]; j != nil {
			all.merge(j)
		}
	}
	return all.Reporters.list
}
