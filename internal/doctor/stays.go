package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"muster/internal/verdict"
	"muster/mcast/querier"
	"muster/ping/mesh"
	"muster/sniff/analysis"
)

// Deep is how long the wire is watched where the question is whether delivery stays: a
// switch that snoops and hears no querier forgets a membership after 260 s (RFC 4541
// section 2.1.1 by the times of RFC 3376 section 8.4), and says so to nobody.
const Deep = querier.DefaultLifetime + 20*time.Second

// lastHeard is when a member's last heartbeat was counted.
type lastHeard struct {
	beats uint64
	at    time.Time
}

// remember notes which members' heartbeats go on. The caller holds w.mu.
func (w *watcher) remember(now time.Time) {
	if w.last == nil {
		w.last = map[netip.AddrPort]lastHeard{}
	}
	for _, i := range w.heard {
		a, ok := netip.AddrFromSlice(i.Member.Host)
		if !ok || i.Member.Port <= 0 || i.Member.Port > 65535 {
			continue
		}
		addr := netip.AddrPortFrom(a.Unmap(), uint16(i.Member.Port))
		if _, known := w.last[addr]; !known && len(w.last) >= 1024 {
			continue
		}
		if w.last[addr].beats != i.Beats {
			w.last[addr] = lastHeard{i.Beats, now}
		}
	}
}

// silent are the members of other hosts whose heartbeats came and then came no more for
// longer than a member may be silent, twice over.
func (w *watcher) silent(end time.Time) []netip.AddrPort {
	allowed := 2 * dropTime(w.o)
	var out []netip.AddrPort
	for addr, l := range w.last {
		if !w.own(addr.Addr()) && l.beats >= 4 && end.Sub(l.at) > allowed {
			out = append(out, addr)
		}
	}
	slices.SortFunc(out, netip.AddrPort.Compare)
	return out
}

// dropTime is that of server.xml, else Tomcat's.
func dropTime(o Options) time.Duration {
	if o.Settings != nil && o.Settings.DropTime > 0 {
		return o.Settings.DropTime
	}
	return 3 * time.Second
}

// judgeStays asks question seven: does it stay? A member that was heard and is no more,
// and whose receiver still takes connections, was forgotten by the network.
func (d *doctor) judgeStays(w *watcher) {
	if w.joined.IsZero() {
		return
	}
	end := time.Now()
	silent := w.silent(end)
	for _, addr := range silent {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		state := w.dial(ctx, addr)
		cancel()
		if state != mesh.TCPOpen {
			continue // it is gone, and not the way to it
		}
		lasted := w.last[addr].at.Sub(w.joined).Round(time.Second)
		saw := fmt.Sprintf("its heartbeats arrived for %s after this host had joined the group and then stopped, and its receiver still takes connections: something on the way forgot who listens", lasted)
		ev := []verdict.Part{
			verdict.Evidence{What: "heartbeats", Value: fmt.Sprintf("%d, the last one %s before the end", w.last[addr].beats, end.Sub(w.last[addr].at).Round(time.Second)), ReadFrom: "the group"},
			verdict.Evidence{What: "TCP connection to " + addr.String(), Value: state.String(), ReadFrom: "connect"},
			verdict.Next("sudo muster querier --provoke   # does anybody ask who listens?"),
		}
		d.add(verdict.New("tribes.one-way", verdict.Fail, verdict.Likely, addr.String(), saw, ev...))
		if n := w.queries(); n != nil && *n == 0 {
			d.add(verdict.New("igmp.no-querier", verdict.Fail, verdict.Likely, d.hosted.Link.Name,
				fmt.Sprintf("heartbeats of %s stopped %s after this host had joined the group, and not one query came: a switch that snoops forgot the membership", addr, lasted), ev...))
		}
	}
	if len(silent) == 0 && d.r.Watched >= querier.DefaultLifetime+5*time.Second {
		d.stayed(w)
	}
}

// stayed: the group went on for longer than any switch remembers a membership, so that a
// network without a querier is one that needs none.
func (d *doctor) stayed(w *watcher) {
	others := 0
	for addr := range w.last {
		if !w.own(addr.Addr()) {
			others++
		}
	}
	if others == 0 {
		return
	}
	id := verdict.ID("igmp.no-querier")
	if w.o.Query.Group.Is6() {
		id = "mld.snooping"
	}
	unneeded := func(v verdict.Verdict) bool { return v.ID == id && v.Status.Bad() && v.Confidence != verdict.Definite }
	if !slices.ContainsFunc(d.found, unneeded) {
		return
	}
	d.found = slices.DeleteFunc(d.found, unneeded)
	d.add(verdict.New(id, verdict.Pass, verdict.Definite, d.hosted.Link.Name,
		fmt.Sprintf("nobody asked who listens, and the group was delivered for %s all the same: nothing between these hosts forgets a membership", d.r.Watched.Round(time.Second)),
		verdict.Evidence{What: "members heard until the end", Value: fmt.Sprint(others), ReadFrom: "the group"}))
}

// fellBack judges the IGMP version that this host speaks beside the querier that asks: one
// old query makes hosts speak an older version for minutes, whatever the querier asks in
// (RFC 3376 section 7.2.1). A host that speaks its querier's version does as it should.
func (d *doctor) fellBack() {
	link := d.hosted.Link
	for _, m := range d.r.Facts.Memberships.Value {
		if m.Link != link.Index || m.Version != "V1" && m.Version != "V2" {
			continue
		}
		var asks *analysis.Querier
		for _, q := range d.r.Wire.Analysis.Queriers {
			if !q.Addr.Is4() || q.General == 0 {
				continue
			}
			if q.Version < 3 {
				return // it is the one that the host follows
			}
			asks = q
		}
		if asks != nil {
			d.add(verdict.New("igmp.version-compat", verdict.Warn, verdict.Definite, link.Name,
				fmt.Sprintf("%s asks in IGMP version %d, and %s speaks version %s: somebody asked in the older version within the last minutes, and hosts stay there for up to 260 s: joins of one source are lost meanwhile",
					asks.Addr, asks.Version, link.Name, m.Version[1:]),
				verdict.Evidence{What: "IGMP version on " + link.Name, Value: m.Version, ReadFrom: d.r.Facts.Memberships.From},
				verdict.Next("muster querier -i "+link.Name+" --duration 5m   # names who asks in which version")))
		}
		return
	}
}
