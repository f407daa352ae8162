package cmd

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/view"
	"muster/internal/escape"
	"muster/internal/verdict"
	"muster/mcast"
	"muster/ping"
)

type pingOptions struct {
	iface    string
	count    int
	interval time.Duration
	duration time.Duration
	wait     time.Duration
	spread   time.Duration
	expect   string
	ttl      string
	size     string
	udp      bool
	respond  bool
	both     bool
	noLoop   bool
	df       bool
	strict   bool

	// What the words of ttl and size say.
	ttlFrom, ttlTo   int // ttlTo 0: no sweep; ttlFrom -1: the system's
	sizeFrom, sizeTo int // sizeTo 0: no sweep
}

func newPingCmd(a *app) *cobra.Command {
	o := pingOptions{}
	c := &cobra.Command{
		Use:   "ping GROUP",
		Short: "ask a group who answers: one row for each responder",
		Long: `Probes a group and keeps an account of every responder, by address: what was sent,
received, lost, doubled and overtaken, the times of the round trip (ms; jitter is the mean
difference from one answer to the next), how many routers are between, and after how long
the first answer came. Several hosts that answer are no duplicates here.

Without --udp the probes are ICMP echo requests. Each host's kernel answers for the groups
that it has joined, if it is allowed to: Linux is not (net.ipv4.icmp_echo_ignore_broadcasts=1)
unless told otherwise, for IPv6 it is. It takes CAP_NET_RAW here, or a group of this user in
net.ipv4.ping_group_range.

With --udp the probes are muster's own echo, on the same group and UDP port ` + strconv.Itoa(ping.DefaultPort) + ` (or
GROUP's own port), which 'muster ping --respond GROUP' answers on the other hosts. It takes no
privilege. Nothing is ever sent to Tomcat's port. Responders wait a random time of up to
--spread before they answer, so that a thousand of them do not answer at once; the answer says
how long, and the figures are without it. Answers come by unicast, from an address that the
probe was not sent to: a firewall on this host has to let them in.

Times are the kernel's own where it tells them: always of the answers, on Linux of the probes
too. Probes whose answer did not come within --wait after the last one are lost. With --expect
the run ends as soon as everybody expected has answered everything.

--ttl 1..N finds the smallest TTL that reaches each responder, --size A..B the largest
datagram that passes (ICMP answers are as large as the probe, so that both ways count;
those of --udp are small). Sizes are data bytes of the ICMP message or of the UDP datagram.`,
		Example: `  # who answers ICMP on the group, and how well
  muster ping 228.0.0.4

  # three hosts must answer muster's own echo (muster ping --respond 228.0.0.4 runs on them)
  muster ping --udp 228.0.0.4 --expect n1,n2,n3

  # a host answers, but does the group reach it? unicast beside multicast
  muster ping --udp --both --expect 10.77.0.12 228.0.0.4

  # how far away is everybody, and how large may a datagram be
  muster ping --udp --ttl 1..8 239.1.2.3
  muster ping --udp --size 48..9000 --dont-fragment 239.1.2.3`,
		Args: minArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if o.respond {
				return a.runRespond(c, o, args)
			}
			return a.runPing(c, o, args)
		},
	}
	f := c.Flags()
	f.IntVarP(&o.count, "count", "c", 5, "end after `N` probes (in a sweep: probes of each value); 0 goes on until Ctrl-C")
	f.DurationVar(&o.interval, "interval", 500*time.Millisecond, "`time` from one probe to the next, 50us and more")
	f.DurationVarP(&o.duration, "duration", "d", 0, "send probes for this `time`, whatever --count says; with --respond: answer for this time")
	f.DurationVarP(&o.wait, "wait", "W", time.Second, "end when nothing came for this `time` after the last probe")
	f.DurationVar(&o.spread, "spread", 200*time.Millisecond, "how long `time` responders may wait at random, 0 to 5s (--udp)")
	f.StringVar(&o.expect, "expect", "", "exit status 1 unless so many responders of other hosts, or these hosts (`N|HOST,HOST`), answer; this host never counts")
	f.StringVar(&o.ttl, "ttl", "", "TTL of the probes (`N`, default the system's: 1), or 1..N to find the smallest that reaches each")
	f.StringVar(&o.size, "size", "56", "data bytes of a probe (`N`), or A..B to find the largest that passes")
	f.BoolVar(&o.udp, "udp", false, "ask with muster's own echo instead of ICMP")
	f.BoolVar(&o.respond, "respond", false, "answer muster's own echo on the groups, until Ctrl-C")
	f.BoolVar(&o.both, "both", false, "ask every responder, and the hosts of --expect, by unicast too")
	f.BoolVar(&o.noLoop, "no-loop", false, "keep the probes from this host's own members")
	f.BoolVar(&o.df, "dont-fragment", false, "send no probe in pieces: one larger than the MTU fails")
	interfaceFlag(c, &o.iface)
	a.judging(c, &o.strict)
	a.groupFromFile(c, false)
	a.groupProfile(c, false)
	return c
}

// pingGroups reads the groups of ping and mesh; those without a port get port.
func pingGroups(args []string, port uint16) ([]mcast.Group, error) {
	groups, err := parseGroups(args, port)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		if g.Port == tomcatPort {
			return nil, usagef("%s: port %d is where Tomcats listen, and muster's own packets do not go there; leave the port out (%d is taken)", g, tomcatPort, port)
		}
		if g.Port != groups[0].Port {
			return nil, usagef("%s: all groups must have the same port", g)
		}
	}
	return groups, nil
}

func (o *pingOptions) parse(c *cobra.Command) error {
	var err error
	if o.ttlFrom, o.ttlTo, err = parseSweep("ttl", o.ttl, -1, 1, 255); err != nil {
		return err
	}
	lo := 16
	if o.udp {
		lo = ping.EchoLen
	}
	if o.sizeFrom, o.sizeTo, err = parseSweep("size", o.size, 56, lo, 65507); err != nil {
		return err
	}
	switch {
	case o.ttlTo > 0 && o.sizeTo > 0:
		return usagef("--ttl and --size cannot both be swept at once")
	case o.ttlTo > 0 && o.ttlFrom != 1:
		return usagef("--ttl %s: a sweep begins with 1", o.ttl)
	case o.sweeping() && (o.both || o.duration > 0):
		return usagef("--both and --duration do not go with a sweep")
	case o.count < 0:
		return usagef("--count %d: say 0 or more", o.count)
	case o.sweeping() && (o.count < 1 || o.count > 100):
		return usagef("--count %d: a sweep asks 1 to 100 times with each value", o.count)
	case o.interval < 50*time.Microsecond:
		return usagef("--interval %v: say 50us or more", o.interval)
	case o.wait <= 0:
		return usagef("--wait %v: say a time longer than 0", o.wait)
	case o.spread < 0 || o.spread > ping.MaxSpread:
		return usagef("--spread %v: say 0 to %v", o.spread, ping.MaxSpread)
	}
	if o.sweeping() && !c.Flags().Changed("count") {
		o.count = 3
	}
	if o.sweeping() && !c.Flags().Changed("interval") {
		o.interval = 20 * time.Millisecond
	}
	if o.duration > 0 {
		o.count = int(max(o.duration/o.interval, 1))
	}
	return positive(c, "duration", o.duration)
}

func (o *pingOptions) sweeping() bool { return o.ttlTo > 0 || o.sizeTo > 0 }

// parseSweep reads "N" or "A..B"; to is 0 for a single number.
func parseSweep(flag, s string, otherwise, lo, hi int) (from, to int, err error) {
	if s == "" {
		return otherwise, 0, nil
	}
	first, last, sweep := strings.Cut(s, "..")
	from, err = strconv.Atoi(first)
	if err == nil && sweep {
		to, err = strconv.Atoi(last)
	}
	if err != nil || from < lo || from > hi || sweep && (to <= from || to > hi) {
		return 0, 0, usagef("--%s %q: say a number from %d to %d, or two with .. between, the smaller one first", flag, s, lo, hi)
	}
	return from, to, nil
}

func (a *app) runPing(c *cobra.Command, o pingOptions, args []string) error {
	if err := o.parse(c); err != nil {
		return err
	}
	groups, err := pingGroups(args, ping.DefaultPort)
	switch {
	case err != nil:
		return err
	case len(groups) > 1 || groups[0].Count > 1:
		return usagef("ping asks one group at a time")
	}
	group := groups[0]
	expect, err := o.expectation(c.Context(), group.Addr)
	if err != nil {
		return err
	}
	i, err := a.findInterface(o.iface, group.Addr)
	if err != nil {
		return err
	}
	expect = expect.Others(i.Addrs)
	if group.Source.IsValid() {
		if s, ok := i.SourceFor(group.Addr); !ok || s.WithZone("") != group.Source.WithZone("") {
			return usagef("%s: only %s itself can send to this source-specific group", group, group.Source)
		}
	}
	return a.ping(c.Context(), o, ping.LinkConfig{
		Group: group, Interface: i, UDP: o.udp, TTL: o.ttlFrom, NoLoop: o.noLoop, DontFragment: o.df,
		Notify: a.tell,
	}, expect)
}

// answersShown is the shortest interval at which each answer gets a line as it comes.
const answersShown = 200 * time.Millisecond

func (o *pingOptions) expectation(ctx context.Context, group netip.Addr) (ping.Expectation, error) {
	if o.expect == "" {
		return ping.Expectation{}, nil
	}
	e, err := ping.ParseExpectation(ctx, o.expect, group.Is6())
	if err != nil {
		return e, usagef("--expect: %w", err)
	}
	return e, nil
}

func (a *app) ping(ctx context.Context, o pingOptions, cfg ping.LinkConfig, expect ping.Expectation) error {
	link, err := ping.Open(cfg)
	if err != nil {
		return err
	}
	show := view.NewPing(a.Out, a.json, view.PingContext{
		Group: cfg.Group, Interface: cfg.Interface, UDP: cfg.UDP, Expect: expect, Both: o.both,
	})
	po := ping.Options{
		Count: o.count, Interval: o.interval, Idle: o.wait, Spread: o.spread, Size: o.sizeFrom, TTL: o.ttlFrom,
		Both: o.both, OnProblem: func(err error) { a.note("%s", escape.Text(err.Error())) },
	}
	if expect.Count > 0 {
		po.Enough = expect.Complete
	}
	if o.both {
		for _, h := range expect.Hosts {
			po.Hosts = append(po.Hosts, h.Addrs[0])
		}
	}
	if a.json && !a.quiet {
		po.OnReply = show.Reply
	} else if !a.quiet && !o.sweeping() && o.interval >= answersShown {
		po.OnReply = show.Answer
	} else if a.verbose {
		po.OnReply = func(r ping.Reply) { fmt.Fprintln(a.Err, view.ReplyText(r)) }
	}
	if o.sweeping() {
		return a.pingSweep(ctx, link, o, po, show)
	}
	port := link.Port()
	res, err := ping.Run(ctx, link, po)
	if err != nil {
		return err
	}
	asked := ping.Asked{Group: cfg.Group.Addr, Port: cfg.Group.Port, UDP: cfg.UDP, From: port, TTL: o.ttlFrom}
	if met := expect.Met(res.Responders); !met && ctx.Err() == nil {
		asked.Silent = ping.Look(ctx, cfg, ping.DefaultPort, res.Responders, expect)
	}
	show.Verdicts = ping.Judge(asked, cfg.Interface, res.Responders, expect)
	if err := show.Result(res, ping.Explain(asked, res.Responders, expect)); err != nil {
		return err
	}
	a.judged(show.Verdicts)
	met := expect.Met(res.Responders) && expect.Answering(res.Responders) > 0
	switch {
	case res.Interrupted && o.count > 0 && !(met && expect.Count > 0):
		return errInterrupted
	case !met, o.strict && verdict.Summarize(show.Verdicts).Warn > 0:
		return errNo
	}
	return nil
}

func (a *app) pingSweep(ctx context.Context, link ping.Link, o pingOptions, po ping.Options, show *view.Ping) error {
	po.Enough, po.OnReply = nil, nil
	var res *ping.SweepResult
	var err error
	if o.ttlTo > 0 {
		res, err = ping.SweepTTL(ctx, link, po, o.ttlTo)
	} else {
		po.Spread, po.Idle = min(po.Spread, 50*time.Millisecond), min(po.Idle, 500*time.Millisecond)
		res, err = ping.SweepSize(ctx, link, po, o.sizeFrom, o.sizeTo)
	}
	if err != nil {
		return err
	}
	if err := show.Sweep(res, o.ttlTo > 0); err != nil {
		return err
	}
	switch {
	case res.Interrupted || ctx.Err() != nil:
		return errInterrupted
	case !show.SweepMet(res):
		return errNo
	}
	return nil
}
