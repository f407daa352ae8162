package cmd

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/view"
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
querier. Silence is a strong sign that there is none (a switch set to "immediate leave"
and a querier of IGMP version 1 are silent too), and harmless where nothing snoops: it is a
failure only beside a bridge of this host that snoops, and unknown (exit status 3) otherwise.

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
	f.BoolVarP(&o.six, "ipv6", "6", false, "MLD only")
	f.BoolVar(&o.provoke, "provoke", false, "join and leave a group that no one uses, and see whether a querier asks about it")
	a.judging(c, &o.strict)
	a.outputFlag(c)
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
	return querier.Watchable()
}

func (a *app) runQuerier(ctx context.Context, o querierOptions) error {
	if o.four && o.six {
		o.four, o.six = false, false // both is what goes without saying
	}
	is, err := o.watchedInterfaces()
	if err != nil {
		return err
	}
	names, byIndex := []string{}, map[int]string{}
	for _, i := range is {
		names, byIndex[i.Index] = append(names, i.Name), i.Name
	}
	show := view.NewQueriers(a.Out, a.json, byIndex)
	run := querier.Options{
		Interfaces: is, V4: !o.six, V6: !o.four, Duration: o.duration, Provoke: o.provoke, Open: sniff.OpenMembership,
	}
	if !a.quiet {
		run.OnQuery = show.Query
		fmt.Fprintf(a.Err, "watching IGMP and MLD on %s\n", escape.Text(strings.Join(names, ", ")))
	}
	res, err := querier.Run(ctx, run)
	if err != nil {
		return err
	}
	a.judged(res.Verdicts)
	if err := show.Final(res.Report, res.Provocations, res.Verdicts, res.Dropped); err != nil {
		return err
	}
	return o.outcome(ctx, res)
}

func (o *querierOptions) outcome(ctx context.Context, res *querier.Result) error {
	sum := verdict.Summarize(res.Verdicts)
	if sum.Fail > 0 || o.strict && sum.Warn > 0 {
		return errNo
	}
	for _, v := range res.Verdicts {
		open := v.Status == verdict.Unknown || v.Status == verdict.Skip
		if !open || v.ID != "igmp.no-querier" && !res.NeedsMLD {
			continue
		}
		switch {
		case res.Unable != nil:
			return res.Unable
		case ctx.Err() != nil:
			return errInterrupted
		default:
			return fmt.Errorf("whether a querier asks on %s is not known yet: %s", v.Subject, v.Saw)
		}
	}
	return nil
}
