package cmd

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/term"
	"muster/cmd/internal/view"
	"muster/internal/escape"
	"muster/internal/expect"
	"muster/internal/verdict"
	"muster/tribes/cluster"
)

type joinOptions struct {
	cluster  clusterFlags
	duration time.Duration
	expect   string
	strict   bool
}

func newTribesJoinCmd(a *app) *cobra.Command {
	o := joinOptions{}
	c := &cobra.Command{
		Use:   "join",
		Short: "be a member of a Tomcat cluster, and print who comes and goes",
		Long: `Joins a cluster as a Tomcat does: opens a TCP receiver, then sends a heartbeat each
--frequency to the group, follows those of the others, checks each of them over TCP
before it counts (as TcpFailureDetector does), and says goodbye when it ends.

A Tomcat lists this member and sends it what it replicates; muster acks what asks for
an ack, keeps nothing, and answers at once what a starting Tomcat waits for. It
announces a small alive time, so that a Tomcat asks a Tomcat for its sessions.

The member's id is kept in the user's state folder. After a kill the next member of the
same --name, address and port takes it again, so that no ghost is left; after a goodbye
it takes a new one, as --fresh-id always does. In a cluster with an EncryptInterceptor --encryption-key-file names its key; members
whose messages do not open are told as tribes.key-mismatch, exit status 1. No privilege
is needed. It runs until Ctrl-C; -d ends it after a time, --expect
alone as soon as that many members are there. The attribute names of server.xml
(--mcastPort, --memberDropTime, ...) are taken too.`,
		Example: `  # stand beside the Tomcats of this network, with Tomcat's defaults
  muster tribes join
  # a cluster on another group and domain, by the interface that has this address
  muster tribes join --group 228.0.0.9 --port 45565 --domain staging --bind 10.0.0.12
  # a script: exit status 1 unless three other members are there within ten seconds
  muster tribes join -d 10s --expect 3 --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.runTribesJoin(c, o) },
	}
	o.cluster.join(c)
	f := c.Flags()
	f.DurationVarP(&o.duration, "duration", "d", 0, "leave after this `time`")
	f.StringVar(&o.expect, "expect", "", "exit status 1 unless so many members of other hosts, or those hosts (`N|HOST,HOST`), are there; without -d, leave when they are and have had the time to hear us")
	a.judging(c, &o.strict)
	return c
}

func (a *app) runTribesJoin(c *cobra.Command, o joinOptions) error {
	cfg, err := o.cluster.memberConfig(a)
	if err != nil {
		return err
	}
	expected, err := parseExpect(c.Context(), o.expect)
	if err != nil {
		return err
	}
	if err := positive(c, "duration", o.duration); err != nil {
		return err
	}
	for _, h := range expected.Hosts {
		cfg.Known = append(cfg.Known, h.Addrs...)
	}
	defer keepBrokenPipes()()
	ctx, cancel := bounded(c.Context(), o.duration)
	defer cancel()
	start := time.Now()
	node, err := cluster.Join(ctx, cfg)
	if err != nil {
		return err
	}
	defer node.Leave() //nolint:errcheck // for every other way out; the one below is looked at
	defer a.standAside(node)()
	w := a.newWatch(node)
	if err := w.joined(); err != nil {
		return err
	}
	var met func() bool
	if o.duration == 0 && expected.Given() {
		met = func() bool { return w.met(expected) }
	}
	err = w.run(ctx, met, true)
	if met != nil && err == nil {
		soon, cancel := context.WithTimeout(ctx, 2*cfg.Frequency+waitMore) // they must hear us, too
		err = w.run(soon, nil, true)
		cancel()
	}
	listened := time.Since(start)
	if left := node.Leave(); err == nil {
		err = left
	}
	if err != nil && !readerGone(err) {
		return err
	}
	verdicts := node.Verdicts()
	if v := w.alone(expected, listened); v.Status != verdict.Pass || a.json {
		verdicts = append(verdicts, v)
	}
	outcome := w.outcome(stopped(c.Context()), o.duration > 0 || expected.Given(), expected)
	a.judged(verdicts)
	if sum := verdict.Summarize(verdicts); sum.Fail > 0 || o.strict && sum.Warn > 0 {
		outcome = errNo
	}
	if err := a.tellVerdicts(w.lines, verdicts); err != nil && !readerGone(err) {
		return err
	}
	if err := w.joinSummary(start, expected, outcome == nil); err != nil && !readerGone(err) {
		return err
	}
	return outcome
}

// tellVerdicts prints what a node saw wrong with its cluster.
func (a *app) tellVerdicts(lines *term.Lines, verdicts []verdict.Verdict) error {
	if !a.json {
		_, err := fmt.Fprint(a.Out, view.VerdictsText(a.Out, verdicts))
		return err
	}
	for _, v := range verdicts {
		if err := lines.Write(view.NewVerdict(v)); err != nil {
			return err
		}
	}
	return nil
}

// joinedLine is the first JSON line of a member.
type joinedLine struct {
	Type      string      `json:"type"` // joined
	Time      time.Time   `json:"time"`
	Interface string      `json:"interface"`
	Reason    string      `json:"reason"` // why that interface
	Group     string      `json:"group"`
	Receiver  string      `json:"receiver"`
	Member    view.Member `json:"member"`
	Notes     []string    `json:"notes,omitempty"`
}

func (w *watch) joined() error {
	n := w.node
	m := n.Local()
	w.a.tellNode(n, fmt.Sprintf("joined %s as %s, id %s", n.Group, view.MemberAddress(&m), m.ID))
	if !w.a.json {
		return nil
	}
	return w.lines.Write(newJoinedLine(n))
}

// joinSummaryLine closes the JSON of a member.
type joinSummaryLine struct {
	membershipSummary
	Sent       uint64 `json:"heartbeats_sent"` // the goodbye included
	SendErrors uint64 `json:"send_errors"`
	Own        uint64 `json:"own_heartbeats"` // of ours that came back
	Messages   uint64 `json:"messages"`
	Acks       uint64 `json:"acks"`
	FailAcks   uint64 `json:"fail_acks"`
	Probes     uint64 `json:"probes"`  // of failure detectors, answered
	Answers    uint64 `json:"answers"` // to what a starting Tomcat asks
	Pings      uint64 `json:"pings"`
	Broken     uint64 `json:"broken"` // connections closed because of what came
	// Tomcats are the members at the end, with the releases that their bytes tell.
	Tomcats map[string]string `json:"tomcats"`
}

func (w *watch) joinSummary(start time.Time, e expect.Expect, ok bool) error {
	st := w.node.Stats()
	m, ch := st.Membership, st.Channel
	tomcats := w.tomcats()
	w.tellDomain()
	if m.Sent > 4 && m.Own == 0 && m.SendErrors == 0 {
		w.a.note("none of our %d heartbeats came back to us: does multicast work on %s? others may not hear us either", m.Sent, w.node.Interface.Name)
	}
	if w.a.json {
		return w.lines.Write(joinSummaryLine{
			membershipSummary: w.summary(start, e, ok), Sent: m.Sent, SendErrors: m.SendErrors, Own: m.Own,
			Messages: ch.Messages, Acks: ch.Acks, FailAcks: ch.FailAcks, Probes: ch.Probes, Answers: st.Answers, Pings: ch.Pings, Broken: ch.Broken,
			Tomcats: tomcats,
		})
	}
	for _, at := range slices.Sorted(maps.Keys(tomcats)) {
		if _, err := fmt.Fprintf(w.a.Out, "%s is %s by what it sends\n", escape.Text(at), tomcats[at]); err != nil {
			return err
		}
	}
	_, err := fmt.Fprint(w.a.Out, w.a.Out.Hang(fmt.Sprintf("%s at the end, %d at most; %d came, %d went. Sent %s (%d came back), heard %d of others.%s\n",
		term.Count(w.now, "member"), w.peak, w.added, w.gone, term.Count(m.Sent, "heartbeat"), m.Own, m.Heartbeats, messagesText(st))))
	return err
}

// tellDomain says that all others are in one domain, and this member is not.
func (w *watch) tellDomain() {
	own := w.node.Local().Domain
	all := w.node.Members()
	for i := range all {
		if !bytes.Equal(all[i].Member.Domain, all[0].Member.Domain) {
			return
		}
	}
	if len(all) == 0 || bytes.Equal(all[0].Member.Domain, own) {
		return
	}
	w.a.note("all others are in the domain %q, this member is in %q: where they have a DomainFilterInterceptor they neither list it nor read what it sends; --domain names theirs",
		escape.Bytes(all[0].Member.Domain), escape.Bytes(own))
}

// tomcats are the members that are there, with the releases that their bytes tell.
func (w *watch) tomcats() map[string]string {
	out := map[string]string{}
	for _, i := range w.node.Members() {
		out[view.MemberAddress(&i.Member)] = w.node.Seen(&i.Member).Tomcat()
	}
	return out
}

func messagesText(st cluster.Stats) string {
	ch := st.Channel
	return fmt.Sprintf(" Took %s, acked %d, answered %s, was probed %s.",
		term.Count(ch.Messages, "message"), ch.Acks, term.Count(st.Answers, "request"), term.Count(ch.Probes, "time"))
}
