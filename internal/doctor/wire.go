package doctor

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"muster/internal/verdict"
	"muster/mcast"
	"muster/ping/mesh"
	"muster/sniff"
	"muster/sniff/analysis"
	"muster/sniff/filter"
	"muster/tribes/cluster"
	"muster/tribes/cluster/membership"
)

// alone is how long the wire is looked at before this host joins the group: what comes
// then comes without a membership of ours.
const alone = time.Second

// decidedWatch is how long others are given to hear what is wrong here, where the host
// alone decided.
const decidedWatch = 1500 * time.Millisecond

// watch looks at the wire, listens to the group, takes part in the mesh of those that
// run the doctor too, and tries the receivers of members, all at the same time.
func (d *doctor) watch(ctx context.Context) {
	multicast := d.multicast()
	takes := d.o.Watch
	if d.decided() {
		takes = decidedWatch
	}
	d.progress("what is on the wire, who is there, and whether each can be reached", takes)
	ctx, cancel := context.WithTimeout(ctx, takes)
	defer cancel()
	begin := time.Now()
	w := &watcher{doctor: d, capture: d.capture(), dial: mesh.DialTCP, tried: map[netip.AddrPort]*Member{}}
	var all sync.WaitGroup
	all.Go(func() { w.sniff(ctx) })
	if multicast {
		all.Go(func() { w.listen(ctx) })
		all.Go(func() { w.mesh(ctx) })
	}
	all.Go(func() { w.receivers(ctx) })
	all.Wait()
	d.r.Watched = time.Since(begin)
	d.judgeWire(w)
}

// multicast reports whether the members of this cluster find each other by multicast,
// as far as is known.
func (d *doctor) multicast() bool { return d.o.Settings == nil || d.o.Settings.Multicast }

// watcher is what watches at the same time.
type watcher struct {
	*doctor
	capture *sniff.Runner
	// dial is mesh.DialTCP; tests have their own.
	dial func(context.Context, netip.AddrPort) mesh.TCP

	mu           sync.Mutex
	heard        []membership.Info
	joined       time.Time
	last         map[netip.AddrPort]lastHeard
	failed       error // of listening
	crowd        []verdict.Verdict
	tried        map[netip.AddrPort]*Member
	peers        map[netip.Addr]bool // hosts that seem to be in the group
	notes        map[mesh.ID]Note
	report       *mesh.Report
	meshErr      error
	meshVerdicts []verdict.Verdict
}

// capture opens the interface; nil where that is not allowed.
func (d *doctor) capture() *sniff.Runner {
	if !d.hosted.OK {
		return nil
	}
	f, err := filter.Parse(watched)
	if err != nil {
		panic(err) // it is written above
	}
	f = f.WithLaterFragments()
	c, err := sniff.Open(sniff.Input{Interfaces: []string{d.hosted.Link.Name}, Filter: f, Promiscuous: true})
	if err != nil {
		d.cannot("the packets on "+d.hosted.Link.Name+" were not seen", err)
		return nil
	}
	o := sniff.RunOptions{Options: sniff.Options{Filter: f}}
	if s := d.o.Settings; s != nil && s.Multicast {
		o.Analysis = analysis.Options{DropTime: s.DropTime}
	}
	d.kept = newKeeper(d.o.Version)
	o.Keep = d.kept.packet(c.Source)
	return sniff.NewRunner(c, o)
}

// watched is what the capture keeps: what a cluster and its network say.
const watched = "multicast or igmp or mld or tribes or arp"

// cannot remembers why a question could not be asked.
func (d *doctor) cannot(what string, err error) {
	text := what + ": " + err.Error()
	if errors.Is(err, os.ErrPermission) {
		text += "; run it as root, or with CAP_NET_RAW"
	}
	d.r.Blind = append(d.r.Blind, text)
}

func (w *watcher) sniff(ctx context.Context) {
	if w.capture == nil {
		return
	}
	res, err := w.capture.Run(ctx)
	if err != nil && ctx.Err() == nil {
		w.cannot("the capture ended early", err)
	}
	w.r.Wire, w.r.packets = res, *w.kept.bytes()
}

// listen joins the group and hears heartbeats as a member does, without being one.
func (w *watcher) listen(ctx context.Context) {
	if !pause(ctx, alone) {
		return
	}
	cfg := cluster.Defaults()
	cfg.Group = netip.AddrPortFrom(w.o.Query.Group, w.o.Query.Port)
	cfg.Interface = w.hosted.Link.Name
	if s := w.o.Settings; s != nil && s.Multicast {
		cfg.Frequency, cfg.DropTime = s.Frequency, s.DropTime
	}
	node, err := cluster.Observe(ctx, cfg)
	if err != nil {
		w.mu.Lock()
		w.failed = err
		w.mu.Unlock()
		return
	}
	w.joined = time.Now()
	defer node.Leave()   //nolint:errcheck // it sent nothing that a goodbye would end
	const crowded = 1000 // so many are not copied four times a second
	for every := 250 * time.Millisecond; pause(ctx, every); {
		w.mu.Lock()
		if w.heard = node.Members(); len(w.heard) > crowded {
			every = time.Second
		}
		w.remember(time.Now())
		w.mu.Unlock()
	}
	w.crowd = slices.DeleteFunc(node.Verdicts(), func(v verdict.Verdict) bool { return v.ID != flood }) // the rest the capture says, too
}

// flood is of members that are made up.
const flood = verdict.ID("tribes.member-flood")

// pause waits, and reports whether ctx goes on.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// members are those whose heartbeats were read or seen so far.
func (w *watcher) members() map[netip.AddrPort]*Member {
	out := map[netip.AddrPort]*Member{}
	put := func(host []byte, port int32, beats uint64, from string) {
		a, ok := netip.AddrFromSlice(host)
		if !ok || port <= 0 || port > 65535 {
			return
		}
		addr := netip.AddrPortFrom(a.Unmap(), uint16(port))
		m := out[addr]
		if m == nil {
			m = &Member{Addr: addr, Own: w.own(addr.Addr()), From: from}
			out[addr] = m
		}
		m.Heard = max(m.Heard, beats)
	}
	w.mu.Lock()
	for _, i := range w.heard {
		put(i.Member.Host, i.Member.Port, i.Beats, fromHeartbeats)
	}
	w.mu.Unlock()
	return out
}

// judgeWire takes the verdicts of the rooms that watched.
func (d *doctor) judgeWire(w *watcher) {
	if d.r.Wire != nil {
		d.add(d.r.Wire.Verdicts...)
		d.fellBack()
	}
	d.add(w.crowd...)
	d.judgeMembers(w)
	d.judgeStays(w)
	d.judgeNodes(w)
	if w.failed != nil {
		d.cannot("nobody was listened to", w.failed)
	}
	if w.meshErr != nil {
		d.cannot("other nodes that run the doctor could not be asked", w.meshErr)
	}
}

// findInterface is the interface to use, as the rooms name one.
func (w *watcher) findInterface() (mcast.Interface, error) {
	return mcast.FindInterface(w.hosted.Link.Name, w.o.Query.Group)
}
