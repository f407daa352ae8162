package cmd

import (
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/term"
	"muster/cmd/internal/view"
	"muster/internal/verdict"
	"muster/tribes/cluster"
	"muster/tribes/cluster/channel"
	"muster/tribes/cluster/membership"
	"muster/tribes/serverxml"
)

type membersOptions struct {
	cluster  clusterFlags
	provider providerFlags
	psk      pskFlags
	follow   bool
	duration time.Duration
	expect   string
	strict   bool
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
-d. With --follow it prints who comes and goes until Ctrl-C or -d, then the list.

With --dns NAME or --kubernetes, or a server.xml with CloudMembershipService, it asks that
provider in place of the group, as Tomcat does, and then each receiver once or twice: who is
named, who is this host, who answers, who is not ready or being deleted, what is something
else. Environment and service account are those of the process: run it in the pod. A token
is sent to the API alone, and never printed.

Members of this host are marked and never count: they prove nothing about the network. Exit
status 1 means that fewer than --expect others (one, if not given) were heard.`,
		Example: `  # who is in the cluster that uses Tomcat's defaults?
  muster tribes members
  # on another group, by eth1, for scripts
  muster tribes members --group 228.0.0.9 --port 45565 -i eth1 --json
  # whom does the headless service name, and who of them answers?
  muster tribes members --dns tomcat-headless.shop.svc.cluster.local
  # watch a rolling restart for ten minutes; there must be four members at some time
  muster tribes members --follow -d 10m --expect 4`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.runTribesMembers(c, o) },
	}
	o.cluster.look(c)
	f := c.Flags()
	o.provider.add(c)
	f.Uint16Var(&o.cluster.tcpPort, "tcp-port", cluster.Defaults().TCPPort, "with --dns or --kubernetes: TCP `port` of the receivers, this node's own")
	o.psk.add(f)
	a.judging(c, &o.strict)
	a.outputFlag(c)
	f.BoolVar(&o.follow, "follow", false, "print who comes and goes, until Ctrl-C")
	f.DurationVarP(&o.duration, "duration", "d", 0, "listen for this `time` (default: twice --frequency and 250ms; with --follow until Ctrl-C)")
	f.DurationVarP(&o.duration, "wait", "W", 0, "the same as --duration")
	f.Lookup("wait").Hidden = true
	f.StringVar(&o.expect, "expect", "", "exit status 1 unless so many members of other hosts, or those hosts (`N|HOST,HOST`), are heard; with --follow alone, end when they are")
	return c
}

// waitMore is what members are given beyond two heartbeats.
const waitMore = 250 * time.Millisecond

func (o *membersOptions) check(c *cobra.Command) error {
	changed := c.Flags().Changed
	switch {
	case changed("duration") && changed("wait"):
		return usagef("--duration and --wait say the same here: give one of them")
	}
	if err := positive(c, "wait", o.duration); err != nil {
		return err
	}
	return positive(c, "duration", o.duration)
}

func (a *app) runTribesMembers(c *cobra.Command, o membersOptions) error {
	if err := o.check(c); err != nil {
		return err
	}
	if q, ok, err := o.asksProvider(c, a); ok || err != nil {
		if err != nil {
			return err
		}
		expected, err := parseExpect(c.Context(), o.expect)
		if err != nil {
			return err
		}
		return a.runProvider(c, q, expected, o.strict)
	}
	if o.cluster.serverXML != "" && !c.Flags().Changed("group") {
		if s, err := serverXML(a, o.cluster.serverXML); err == nil && !s.Multicast && len(s.Members) > 0 {
			return a.askStaticMembers(c, o)
		}
	}
	cfg, err := o.cluster.config(a)
	if err != nil {
		return err
	}
	limit, doing := o.duration, "until Ctrl-C"
	if !o.follow {
		if limit == 0 {
			limit = 2*cfg.Frequency + waitMore
		}
	}
	if limit > 0 {
		doing = "for " + limit.String()
	}
	expected, err := parseExpect(c.Context(), o.expect)
	if err != nil {
		return err
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
	var met func() bool
	if o.follow && o.duration == 0 && expected.Given() {
		met = func() bool { return w.met(expected) }
	}
	if err := w.run(ctx, met, o.follow); err != nil {
		return err
	}
	listened := time.Since(start)
	members := node.Members()
	w.now, w.peak = len(members), max(w.peak, len(members))
	outcome := w.outcome(stopped(c.Context()), limit > 0 || expected.Given(), expected)
	if err := w.list(members); err != nil {
		return err
	}
	v := w.alone(expected, listened)
	verdicts := append(node.Verdicts(), v)
	a.judged(verdicts)
	if v.Status == verdict.Pass && !a.json {
		verdicts = verdicts[:len(verdicts)-1] // the note below says it
	}
	if err := a.tellVerdicts(w.lines, verdicts); err != nil {
		return err
	}
	if v.Status == verdict.Pass && !a.json {
		a.note("%s: muster mesh %s on all nodes at once tells", v.Saw, node.Group.Addr())
	}
	if a.json {
		if err := w.lines.Write(w.summary(start, expected, outcome == nil)); err != nil {
			return err
		}
	}
	return outcome
}

// asksProvider is the question to a provider, where flags or server.xml want one.
func (o *membersOptions) asksProvider(c *cobra.Command, a *app) (q providerQuestion, ok bool, err error) {
	var s *serverxml.Settings
	if o.cluster.serverXML != "" {
		read, err := serverXML(a, o.cluster.serverXML)
		if err != nil {
			return q, false, err
		}
		s = &read
	}
	if q, ok = o.provider.question(s); !ok {
		return q, false, nil
	}
	switch {
	case o.provider.dns != "" && o.provider.kubernetes:
		return q, true, usagef("--dns and --kubernetes exclude each other")
	case o.follow || o.duration > 0:
		return q, true, usagef("a provider is asked once: --follow and --duration are for multicast")
	}
	if s == nil || c.Flags().Changed("tcp-port") {
		q.port = o.cluster.tcpPort
	}
	if q.release, err = readRelease(o.cluster.release); err != nil {
		return q, true, err
	}
	q.psk, err = o.psk.config(a)
	return q, true, err
}

// askStaticMembers asks the receivers that a server.xml names, where there is no group to
// listen to.
func (a *app) askStaticMembers(c *cobra.Command, o membersOptions) error {
	targets, err := a.listedMembers(c.Context(), &o.cluster)
	if err != nil {
		return err
	}
	a.note("the members in %s find each other without multicast: each is asked by TCP in place of listening", o.cluster.serverXML)
	all, err := resolveTargets(c.Context(), targets)
	if err != nil {
		return err
	}
	o.cluster.serverXML = "" // its group is none
	cfg, err := o.cluster.config(a)
	if err != nil {
		return err
	}
	ask := probeOptions{connect: channel.DefaultConnectTimeout, wait: channel.DefaultReadTestTimeout, readTest: true}
	answers, err := a.probeAll(c.Context(), &ask, cfg, all)
	if err != nil {
		return err
	}
	verdicts := probeVerdicts(targets, all, answers, true)
	a.judged(verdicts)
	if err := a.tellVerdicts(term.NewLines(a.Out), verdicts); err != nil {
		return err
	}
	if slices.ContainsFunc(verdicts, func(v verdict.Verdict) bool { return v.Status != verdict.Pass }) {
		return errNo
	}
	return nil
}

func (w *watch) list(members []membership.Info) error {
	if w.a.json {
		for i := range members {
			row := view.NewMemberRow(&members[i])
			row.Own = w.isOwn(members[i].Source)
			if err := w.lines.Write(row); err != nil {
				return err
			}
		}
		return nil
	}
	if len(members) == 0 {
		return nil
	}
	return view.MemberTable(w.a.Out, members, w.isOwn)
}
