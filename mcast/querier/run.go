package querier

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"muster/internal/verdict"
	"muster/mcast"
)

// Options is one watch.
type Options struct {
	// Interfaces are watched; none: Watchable.
	Interfaces []mcast.Interface
	V4, V6     bool // IGMP, MLD; neither: both
	// Duration is how long to watch; 0: until each interface was asked, for
	// Patience at most.
	Duration time.Duration
	// Provoke joins and leaves a group that no one uses, so that a querier asks.
	Provoke bool
	// Open sees the messages. Where it may not, what the kernel tells is judged.
	Open Open
	// OnQuery is told of each message as it comes; it may be nil.
	OnQuery func(Seen)
}

// Result is what a watch found.
type Result struct {
	Report       Report
	Provocations []Provocation
	Verdicts     []verdict.Verdict
	// NeedsMLD: the lack of an MLD querier is a failure, since nothing else was
	// watched.
	NeedsMLD bool
	Unable   error  // why messages could not be seen; nil: they could
	Dropped  uint64 // messages lost before they could be read
}

// Watchable are the interfaces that can carry groups.
func Watchable() ([]mcast.Interface, error) {
	all, err := mcast.Interfaces()
	if err != nil {
		return nil, err
	}
	var out []mcast.Interface
	for _, i := range all {
		const carries = net.FlagUp | net.FlagRunning | net.FlagMulticast
		if i.Flags&carries == carries && !i.Loopback() && len(i.Addrs) > 0 {
			out = append(out, i)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("no interface of this host is up, has an address and can carry groups")
	}
	return out, nil
}

// watching is one Run.
type watching struct {
	Options
	watch   Watch
	tracker *Tracker
	groups  []provoked
	unable  error
}

// provoked is a group to join and leave on an interface.
type provoked struct {
	i     mcast.Interface
	group netip.Addr
}

// Run watches until enough was seen, the time is over or ctx ends, and judges
// what it saw.
func Run(ctx context.Context, o Options) (*Result, error) {
	if len(o.Interfaces) == 0 {
		var err error
		if o.Interfaces, err = Watchable(); err != nil {
			return nil, err
		}
	}
	both := o.V4 == o.V6
	w := &watching{
		Options: o, tracker: NewTracker(),
		watch: Watch{Interfaces: o.Interfaces, V4: o.V4 || both, V6: o.V6 || both},
	}
	before := map[string]uint64{} // MLD queries that the kernel had counted
	for _, i := range o.Interfaces {
		before[i.Name], _ = mLDQueries(i.Name)
	}
	if o.Provoke {
		if err := w.chooseGroups(); err != nil {
			return nil, err
		}
	}
	stop, err := w.capture()
	if err != nil {
		return nil, err
	}
	provocations, err := w.wait(ctx)
	dropped, stopped := stop()
	if err := errors.Join(err, stopped); err != nil {
		return nil, err
	}
	host, err := readHost(o.Interfaces, before)
	if err != nil {
		return nil, err
	}
	res := &Result{Report: w.tracker.Report(w.watch, host), Provocations: provocations, Unable: w.unable, Dropped: dropped}
	res.NeedsMLD = !w.watch.V4 || !hasV4(&res.Report)
	res.Verdicts = Judge(res.Report, provocations, res.NeedsMLD)
	return res, nil
}

func hasV4(r *Report) bool {
	for i := range r.Links {
		if !r.Links[i].V6 {
			return true
		}
	}
	return false
}

// readHost asks the kernel what it tells everybody.
func readHost(is []mcast.Interface, before map[string]uint64) (Host, error) {
	host := Host{Forced: Forced, Snoops: Snoops, Counted: map[string]uint64{}}
	var err error
	if host.Memberships, err = readMemberships(); err != nil {
		return host, err
	}
	for _, i := range is {
		if n, ok := mLDQueries(i.Name); ok {
			host.Counted[i.Name] = n - before[i.Name]
		}
	}
	return host, nil
}

// chooseGroups picks an unused group for each interface and protocol.
func (w *watching) chooseGroups() error {
	joined, err := readMemberships()
	if err != nil {
		return err
	}
	for _, l := range w.tracker.Report(w.watch, Host{}).Links {
		w.groups = append(w.groups, provoked{l.Interface, unusedGroup(l.V6, joined)})
	}
	return nil
}

// capture feeds the tracker until stop is called, which tells what was lost.
func (w *watching) capture() (stop func() (uint64, error), err error) {
	o := SourceOptions{}
	for _, i := range w.Interfaces {
		o.Interfaces = append(o.Interfaces, i.Name)
	}
	for _, p := range w.groups {
		o.Unjoined = append(o.Unjoined, p.group)
	}
	src, err := w.Open(o)
	if err != nil {
		if w.Provoke || !errors.Is(err, os.ErrPermission) {
			return nil, err
		}
		w.unable = err
		return func() (uint64, error) { return 0, nil }, nil
	}
	w.watch.Able = true
	done := make(chan error, 1)
	go func() {
		done <- src.Run(func(s Seen) {
			w.tracker.See(s)
			if w.OnQuery != nil {
				w.OnQuery(s)
			}
		})
	}()
	return func() (uint64, error) {
		dropped := src.Dropped()
		src.Close()
		return dropped, <-done
	}, nil
}

// wait returns when enough was seen, the time is over, or ctx has ended.
func (w *watching) wait(ctx context.Context) ([]Provocation, error) {
	limit := w.Duration
	switch {
	case limit > 0:
	case w.unable != nil || w.Provoke:
		limit = time.Nanosecond // there is nothing to wait for, or the provoking takes its time
	default:
		limit = Patience
	}
	end := time.After(limit)
	ps, err := w.provokeAll(ctx)
	if err != nil {
		return ps, err
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ps, nil
		case <-end:
			return ps, nil
		case <-tick.C:
			if w.Duration == 0 && w.allAsked() {
				return ps, nil
			}
		}
	}
}

func (w *watching) provokeAll(ctx context.Context) ([]Provocation, error) {
	ps := make([]Provocation, len(w.groups))
	errs := make([]error, len(w.groups))
	var all sync.WaitGroup
	for n, p := range w.groups {
		all.Go(func() { ps[n], errs[n] = w.tracker.Provoke(ctx, p.i, p.group) })
	}
	all.Wait()
	if ctx.Err() != nil {
		return nil, nil //nolint:nilerr // what was not waited for says nothing
	}
	return ps, errors.Join(errs...)
}

// allAsked: each interface was asked by each protocol.
func (w *watching) allAsked() bool {
	r := w.tracker.Report(w.watch, Host{})
	for i := range r.Links {
		if r.Links[i].Elected(r.At) == nil {
			return false
		}
	}
	return true
}
