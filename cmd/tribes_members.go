package cmd

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/term"
	"muster/cmd/internal/view"
	"muster/tribes/cluster"
	"muster/tribes/cluster/membership"
)

type membersOptions struct {
	cluster  clusterFlags
	wait     time.Duration
	follow   bool
	duration time.Duration
	expect   int
}

func newTribesMembersCmd(a *app) *cobra.Command {
	o := membersOptions{}
	c := &cobra.Command{
		Use:   "members",
		Short: "list the members that are heard, without being one",
		Long: `Joins the multicast group, listens to heartbeats for a moment, and lists who sent
them: the address that each member advertises, its id, alive time and domain, the form
of its heartbeats (v1, or v0 of Tomcat 6.0), where they come from and how often. What
is unusual is noted: a loopback address, one that differs from the source, one that two
ids share.

It only looks. No heartbeat and no TCP connection goes out; the kernel's membership
report (IGMP, MLD) is all that leaves this host, and no member notices. No privilege is
needed. It waits for two heartbeats of everybody: twice --frequency and a little, or
--wait. With --follow it prints who comes and goes until Ctrl-C or -d, then the list.

Exit status 1 means that fewer than --expect members (one, if not given) were there.`,
		Example: `  # who is in the cluster that uses Tomcat's defaults?
  muster tribes members
  # on another group, by eth1, for scripts
  muster tribes members --group 228.0.0.9 --port 45565 -i eth1 --json
  # watch a rolling restart for ten minutes; there must be four members at some time
  muster tribes members --follow -d 10m --expect 4`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.runTribesMembers(c, o) },
	}
	o.cluster.look(c)
	f := c.Flags()
	f.DurationVarP(&o.wait, "wait", "W", 0, "listen for this `time` (default: twice --frequency and 250ms)")
	f.BoolVar(&o.follow, "follow", false, "print who comes and goes, until Ctrl-C")
	f.DurationVarP(&o.duration, "duration", "d", 0, "with --follow: end after this `time`")
	f.IntVar(&o.expect, "expect", 0, "exit status 1 with fewer than `N` members; with --follow alone, end when they are there")
	return c
}

// waitMore is what members are given beyond two heartbeats.
const waitMore = 250 * time.Millisecond

func (o *membersOptions) check(c *cobra.Command) error {
	changed := c.Flags().Changed
	switch {
	case changed("expect") && o.expect < 1:
		return usagef("--expect %d: say 1 or more", o.expect)
	case changed("duration") && !o.follow:
		return usagef("--duration goes with --follow; --wait says how long to listen without it")
	case changed("wait") && o.follow:
		return usagef("--wait and --follow exclude each other; --duration ends --follow")
	}
	if err := positive(c, "wait", o.wait); err != nil {
		return err
	}
	return positive(c, "duration", o.duration)
}

func (a *app) runTribesMembers(c *cobra.Command, o membersOptions) error {
	cfg, err := o.cluster.config(a)
	if err != nil {
		return err
	}
	if err := o.check(c); err != nil {
		return err
	}
	limit, doing := o.duration, "until Ctrl-C"
	if !o.follow {
		if limit = o.wait; limit == 0 {
			limit = 2*cfg.Frequency + waitMore
		}
	}
	if limit > 0 {
		doing = "for " + limit.String()
	}
	start := time.Now()
	node, err := cluster.Observe(c.Context(), cfg)
	if err != nil {
		return err
	}
	defer node.Leave() //nolint:errcheck // it sent nothing that a goodbye would end
	a.tellNode(node, fmt.Sprintf("listening on %s %s", node.Group, doing))
	ctx, cancel := bounded(c.Context(), limit)
	defer cancel()
	w := a.newWatch(node)
	enough := 0
	if o.follow && o.duration == 0 {
		enough = o.expect
	}
	if err := w.run(ctx, enough, o.follow); err != nil {
		return err
	}
	members := node.Members()
	w.now, w.peak = len(members), max(w.peak, len(members))
	want := o.expect
	if !o.follow {
		want = max(want, 1)
	}
	if err := w.list(members, start, o.expect, w.peak >= want); err != nil {
		return err
	}
	return membersVerdict(stopped(c.Context()), limit > 0 || o.expect > 0, o.expect, want, w.peak)
}

func (w *watch) list(members []membership.Info, start time.Time, expect int, ok bool) error {
	if w.a.json {
		for i := range members {
			if err := w.lines.Write(view.NewMemberRow(&members[i])); err != nil {
				return err
			}
		}
		return w.lines.Write(w.summary(start, expect, ok))
	}
	if len(members) == 0 {
		_, err := fmt.Fprintf(w.a.Out, "no members heard on %s by %s\n", w.node.Group, w.node.Interface.Name)
		return err
	}
	if err := view.MemberTable(w.a.Out, members); err != nil {
		return err
	}
	if !ok {
		_, err := fmt.Fprintf(w.a.Out, "%s: %s, %d expected\n", w.a.Out.Bad("too few"), term.Count(w.peak, "member"), expect)
		return err
	}
	return nil
}
