package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/ui"
	"muster/internal/escape"
	"muster/internal/verdict"
	"muster/mcast"
	"muster/mcast/querier"
	"muster/sniff"
)

type querierOptions struct {
	interfaces []string
	duration   time.Duration
	four, six  bool
	provoke    bool
	strict     bool
}

func newQuerierCmd(a *app) *cobra.Command {
	o := querierOptions{}
	c := &cobra.Command{
		Use:   "querier",
		Short: "which IGMP and MLD queriers there are, and when memberships would expire without one",
		Long: `A switch that snoops forgets who listens to a group unless a querier asks for reports
again and again: multicast works, and dies about four minutes later. This shows which
queriers ask on each interface, by IGMP (IPv4) and MLD (IPv6): version, interval,
robustness, source, and whether they fit each other; which groups this host has joined,
in which version it speaks, and when a switch would forget each if no query came any more
(robustness times interval, and the time to answer: 260 s by default).

It only listens. A querier asks every 125 s by default, so without --duration it watches
until each interface was asked, for ` + querier.Patience.String() + ` at most.

--provoke shortens the wait to some seconds: it joins a group that no one uses (one of
233.252.0.0/24 or ff05::db8:0:0/112, set aside for documentation) and leaves it. A querier,
or a snooping switch with one, then asks at once whether anybody else listens to that
group, and nobody is disturbed: nothing is sent to any group in use, the kernel's own
report and leave are what every program that ends sends, and no query is sent at all, so
that no election is touched and no host is switched to an old version. An answer proves a
querier. Silence is a strong sign that there is none; a switch set to "immediate leave"
and a querier of IGMP version 1 are silent too.

Seeing queries works on Linux and needs CAP_NET_RAW. Without it this shows what the
kernel tells everybody: this host's memberships, the version in force (2 or 1 proves
that such a querier asked within minutes), running timers, and MLD queries counted
during --duration. The exit status is 3 then, unless that tells enough.`,
		Example: `  # is there a querier? what would happen without?
  sudo muster querier

  # the answer in some seconds, on one interface
  sudo muster querier -i eth0 --provoke

  # five minutes of all queries and the verdicts, for a script
  sudo muster querier -i eth0 -4 -d 5m --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := positive(c, "duration", o.duration); err != nil {
				return err
			}
			return a.runQuerier(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringArrayVarP(&o.interfaces, "interface", "i", nil, "watch this interface (`name`, index or address); may be repeated (default: all that are up, but the loopback)")
	f.DurationVarP(&o.duration, "duration", "d", 0, "watch for this `time`, also when all was seen before")
	f.BoolVarP(&o.four, "ipv4", "4", false, "IGMP only")
	f.BoolVarP(&o.six, "ipv6", "6", false, "MLD only, whose lack of a querier is a failure then and not a warning")
	f.BoolVar(&o.provoke, "provoke", false, "join and leave a group that no one uses, and see whether a querier asks about it")
	f.BoolVar(&o.strict, "strict", false, "exit status 1 for warnings too")
	return c
}

// watchedInterfaces are those named, or all that can carry groups.
func (o *querierOptions) watchedInterfaces() ([]mcast.Interface, error) {
	var out []mcast.Interface
	for _, spec := range o.interfaces {
		i, err := mcast.FindInterface(spec, netip.Addr{})
		if err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	if len(out) > 0 {
		return out, nil
	}
	all, err := mcast.Interfaces()
	if err != nil {
		return nil, err
	}
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

// querierRun is one watch.
type querierRun struct {
	*app
	querierOptions
	watch   querier.Watch
	tracker *querier.Tracker
	show    *ui.Queriers
	before  map[string]uint64 // MLD queries that the kernel had counted
	groups  []provokeOn
	unable  error // why messages cannot be seen
	dropped uint64
}

type provokeOn struct {
	i     mcast.Interface
	group netip.Addr
}

func (a *app) runQuerier(ctx context.Context, o querierOptions) error {
	if o.four && o.six {
		o.four, o.six = false, false // both is what goes without saying
	}
	is, err := o.watchedInterfaces()
	if err != nil {
		return err
	}
	q := &querierRun{
		app: a, querierOptions: o, tracker: querier.NewTracker(), before: map[string]uint64{},
		watch: querier.Watch{Interfaces: is, V4: !o.six, V6: !o.four},
	}
	names, byIndex := []string{}, map[int]string{}
	for _, i := range is {
		names, byIndex[i.Index] = append(names, i.Name), i.Name
		q.before[i.Name], _ = querier.MLDQueries(i.Name)
	}
	q.show = ui.NewQueriers(a.Out, a.json, byIndex)
	if o.provoke {
		if err := q.chooseGroups(); err != nil {
			return err
		}
	}
	stop, err := q.capture(names)
	if err != nil {
		return err
	}
	if !a.quiet {
		fmt.Fprintf(a.Err, "watching IGMP and MLD on %s\n", escape.Text(strings.Join(names, ", ")))
	}
	ps, err := q.wait(ctx)
	if err := errors.Join(err, stop()); err != nil {
		return err
	}
	return q.finish(ctx, ps)
}

// capture feeds the tracker until stop is called.
func (q *querierRun) capture(names []string) (stop func() error, err error) {
	var groups []netip.Addr
	for _, p := range q.groups {
		groups = append(groups, p.group)
	}
	src, err := sniff.LiveMembership(sniff.MembershipOptions{Interfaces: names, Unjoined: groups})
	if err != nil {
		if q.provoke || !errors.Is(err, os.ErrPermission) {
			return nil, err
		}
		q.unable = err
		return func() error { return nil }, nil
	}
	q.watch.Able = true
	done := make(chan error, 1)
	go func() {
		done <- sniff.Membership(src, func(s querier.Seen) {
			q.tracker.See(s)
			if !q.quiet {
				q.show.Query(s)
			}
		})
	}()
	return func() error {
		q.dropped = src.Stats().Dropped
		src.Close()
		return <-done
	}, nil
}

// chooseGroups picks an unused group for each interface and protocol.
func (q *querierRun) chooseGroups() error {
	joined, err := querier.ReadMemberships()
	if err != nil {
		return err
	}
	for _, l := range q.tracker.Report(q.watch, querier.Host{}).Links {
		q.groups = append(q.groups, provokeOn{l.Interface, querier.UnusedGroup(l.V6, joined)})
	}
	return nil
}

// wait returns when enough was seen, the time is over, or ctx has ended.
func (q *querierRun) wait(ctx context.Context) ([]querier.Provocation, error) {
	limit := q.duration
	switch {
	case limit > 0:
	case q.unable != nil || q.provoke:
		limit = time.Nanosecond // there is nothing to wait for, or the provoking takes its time
	default:
		limit = querier.Patience
	}
	end := time.After(limit)
	ps, err := q.provokeAll(ctx)
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
			if q.duration == 0 && q.allAsked() {
				return ps, nil
			}
		}
	}
}

func (q *querierRun) provokeAll(ctx context.Context) ([]querier.Provocation, error) {
	ps := make([]querier.Provocation, len(q.groups))
	errs := make([]error, len(q.groups))
	var all sync.WaitGroup
	for n, p := range q.groups {
		all.Go(func() { ps[n], errs[n] = q.tracker.Provoke(ctx, p.i, p.group) })
	}
	all.Wait()
	if ctx.Err() != nil {
		return nil, nil //nolint:nilerr // what was not waited for says nothing
	}
	return ps, errors.Join(errs...)
}

// allAsked: each interface was asked by each protocol.
func (q *querierRun) allAsked() bool {
	r := q.tracker.Report(q.watch, querier.Host{})
	for i := range r.Links {
		if r.Links[i].Elected(r.At) == nil {
			return false
		}
	}
	return true
}

// finish shows what is known, and judges it.
func (q *querierRun) finish(ctx context.Context, ps []querier.Provocation) error {
	host := querier.Host{Forced: querier.Forced, Counted: map[string]uint64{}}
	var err error
	if host.Memberships, err = querier.ReadMemberships(); err != nil {
		return err
	}
	for _, i := range q.watch.Interfaces {
		if n, ok := querier.MLDQueries(i.Name); ok {
			host.Counted[i.Name] = n - q.before[i.Name]
		}
	}
	r := q.tracker.Report(q.watch, host)
	strict6 := q.six || !hasV4(r)
	vs := querier.Judge(r, ps, strict6)
	if err := q.show.Final(r, ps, vs, q.dropped); err != nil {
		return err
	}
	return q.outcome(ctx, vs, strict6)
}

func hasV4(r querier.Report) bool {
	for _, l := range r.Links {
		if !l.V6 {
			return true
		}
	}
	return false
}

func (q *querierRun) outcome(ctx context.Context, vs []verdict.Verdict, strict6 bool) error {
	sum := verdict.Summarize(vs)
	if sum.Fail > 0 || q.strict && sum.Warn > 0 {
		return errNo
	}
	for _, v := range vs {
		open := v.Status == verdict.Unknown || v.Status == verdict.Skip
		if !open || v.ID != "igmp.no-querier" && !strict6 {
			continue
		}
		switch {
		case q.unable != nil:
			return q.unable
		case ctx.Err() != nil:
			return errInterrupted
		default:
			return fmt.Errorf("whether a querier asks on %s is not known yet: %s", v.Subject, v.Saw)
		}
	}
	return nil
}
