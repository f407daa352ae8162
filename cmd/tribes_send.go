package cmd

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/term"
	"muster/internal/expect"
	"muster/internal/hint"
	"muster/tribes"
	"muster/tribes/cluster"
	"muster/tribes/cluster/channel"
	"muster/tribes/javaser"
	"muster/tribes/release"
)

type tribesSendOptions struct {
	cluster  clusterFlags
	all      bool
	expect   string
	listen   time.Duration
	options  string
	java     bool
	count    int
	interval time.Duration
	wait     time.Duration
	retries  int
	size     int
	bench    int
	senders  int

	target   string
	bits     []tribes.Options
	expected expect.Expect // of expect
	heard    *watch        // with --all, who was heard
}

func newTribesSendCmd(a *app) *cobra.Command {
	o := tribesSendOptions{}
	c := &cobra.Command{
		Use:   "send {HOST[:PORT] | --all} [MESSAGE|-]",
		Short: "send a message to members, and wait for their acks",
		Long: `Sends MESSAGE ("-": standard input) over TCP to the receiver of a member, or with --all
to every member that is heard, with the send options asked for, and says what became of it:
acked and how fast, taken without an ack, failed to process, refused, silent.

The message is plain bytes, or with --java a Java String. A Tomcat acks it and passes over
it: only its own classes mean something to a session manager, so nothing in the cluster
changes. muster does not become a member, and --all only listens. Where the cluster has an
EncryptInterceptor --encryption-key-file encrypts; where it has a DomainFilterInterceptor
--domain names the domain.

--bench sends N messages of --size bytes as fast as it goes and prints messages and bytes
a second: with each of none, async, ack and sync-ack, or with the --options given.
With an ack each of the --senders waits for that of one message before it sends the next.
Asynchronous messages wait in a queue of 64 MiB; when it is full, senders wait. The
receiver must like it: against a production Tomcat keep N small.

No privilege is needed. The port is 4000 if not given.`,
		Example: `  # does this member take a message, and how long does its ack take?
  muster tribes send 10.0.0.11:4000 hello
  # every member of this network, an ack only when the message was processed
  muster tribes send --all --options sync-ack hello
  # what the replication channel can carry, with each option, by eight senders
  muster tribes send 10.0.0.11 --bench 20000 --size 1024 --senders 8`,
		Args: rangeArgs(0, 2),
		RunE: func(c *cobra.Command, args []string) error { return a.runTribesSend(c, o, args) },
	}
	o.cluster.look(c)
	f := c.Flags()
	f.StringVar(&o.cluster.domain, "domain", "", "membership `domain` of the sender: text, or bytes as {1,-2,3}")
	o.cluster.encryption.add(f)
	f.BoolVar(&o.all, "all", false, "send to every member that is heard")
	f.StringVar(&o.expect, "expect", "", "with --all: send as soon as so many members of other hosts, or those hosts (`N|HOST,HOST`), are heard; exit status 1 without them")
	f.DurationVar(&o.listen, "listen", 0, "with --all: listen for members for this `time` (default: twice --frequency and 250ms)")
	f.StringVar(&o.options, "options", "ack", "send options: async, ack, sync-ack, none or a `number` (channelSendOptions)")
	f.BoolVar(&o.java, "java", false, "send a java.lang.String instead of bytes")
	f.IntVarP(&o.count, "count", "c", 1, "send the message `N` times; 0 without end, with --interval")
	f.DurationVar(&o.interval, "interval", 0, "wait this `time` between two")
	f.DurationVarP(&o.wait, "wait", "W", channel.DefaultSendTimeout, "the `time` that the connection, the write and the ack may each take")
	f.IntVar(&o.retries, "retries", channel.DefaultRetries, "send again so many `times` after a broken connection or a FAIL_ACK (maxRetryAttempts)")
	f.IntVar(&o.size, "size", 0, "`bytes` of the message: it is repeated to that size (with --bench 1024)")
	f.IntVar(&o.bench, "bench", 0, "measure with `N` messages")
	f.IntVar(&o.senders, "senders", 1, "with --bench: this `number` of senders side by side, each over a connection of its own")
	return c
}

const (
	mostBench   = 10_000_000
	mostSenders = 256
)

// check reads the arguments and refuses what does not go together. It returns
// the message where one is given.
func (o *tribesSendOptions) check(c *cobra.Command, args []string) (message string, given bool, err error) {
	changed := c.Flags().Changed
	if !o.all {
		if len(args) == 0 {
			return "", false, usagef("say to whom: HOST:PORT, or --all")
		}
		o.target, args = args[0], args[1:]
	}
	switch {
	case len(args) > 1:
		return "", false, usagef("--all goes without HOST:PORT: %q is one argument too many", args[1])
	case o.bench != 0 && (len(args) > 0 || changed("count") || changed("interval") || o.java):
		return "", false, usagef("--bench makes its own messages: it goes without MESSAGE, --count, --interval and --java")
	case changed("bench") && (o.bench < 1 || o.bench > mostBench):
		return "", false, usagef("--bench %d: say 1 to %d messages", o.bench, mostBench)
	case o.bench != 0 && o.all:
		return "", false, usagef("--bench measures one receiver: it goes without --all")
	case changed("senders") && o.bench == 0:
		return "", false, usagef("--senders goes with --bench")
	case o.senders < 1 || o.senders > mostSenders:
		return "", false, usagef("--senders %d: say 1 to %d", o.senders, mostSenders)
	case o.size < 0 || o.size > tribes.DefaultFrameLimit-1024:
		return "", false, usagef("--size %d: say 0 to %d bytes", o.size, tribes.DefaultFrameLimit-1024)
	case o.count < 0:
		return "", false, usagef("--count %d: say 0 or more", o.count)
	case o.count == 0 && o.interval <= 0:
		return "", false, usagef("--count 0 is without end: say with --interval how long to wait between two")
	case o.retries < 0:
		return "", false, usagef("--retries %d: say 0 or more", o.retries)
	case !o.all && (changed("expect") || changed("listen")):
		return "", false, usagef("--expect and --listen go with --all")
	}
	for flag, d := range map[string]time.Duration{"interval": o.interval, "wait": o.wait, "listen": o.listen} {
		if err := positive(c, flag, d); err != nil {
			return "", false, err
		}
	}
	bits, err := tribes.ParseOptions(o.options)
	if err != nil {
		return "", false, usagef("--options: %w", err)
	}
	o.bits = []tribes.Options{bits}
	if o.bench != 0 && !changed("options") {
		o.bits = []tribes.Options{0, tribes.Asynchronous, tribes.UseAck, tribes.UseAck | tribes.SynchronizedAck}
	}
	if len(args) == 1 {
		return args[0], true, nil
	}
	return "", false, nil
}

func (a *app) runTribesSend(c *cobra.Command, o tribesSendOptions, args []string) error {
	message, given, err := o.check(c, args)
	if err != nil {
		return err
	}
	if o.expected, err = parseExpect(c.Context(), o.expect); err != nil {
		return err
	}
	cfg, err := o.cluster.config(a)
	if err != nil {
		return err
	}
	speaker, err := a.newSpeaker(&o, cfg)
	if err != nil {
		return err
	}
	defer speaker.Close()
	if o.bench > 0 {
		return a.runTribesBench(c.Context(), &o, cfg, speaker)
	}
	payload, err := o.payload(a.In, message, given)
	if err != nil {
		return err
	}
	to, members, err := a.sendTargets(c.Context(), &o, cfg)
	if err != nil {
		return err
	}
	return a.tellDeliveries(c.Context(), &o, speaker, to, members, payload)
}

func (a *app) newSpeaker(o *tribesSendOptions, cfg cluster.Config) (*cluster.Speaker, error) {
	domain, err := tribes.ParseDomain(o.cluster.domain)
	if err != nil {
		return nil, usagef("--domain: %w", err)
	}
	s := cluster.SpeakerConfig{Domain: domain, Timeout: o.wait, Retries: o.retries, PoolSize: o.senders, Logger: cfg.Logger}
	if o.retries == 0 {
		s.Retries = -1
	}
	rel := o.cluster.encrypting(cfg.Release)
	if s.Stages, err = o.cluster.stages(a, rel, cfg.Logger); err != nil {
		return nil, err
	}
	o.tellForm(a, rel)
	return cluster.NewSpeaker(s), nil
}

// tellForm says in which form a message is encrypted where nothing told the members':
// a receiver acks what it cannot open.
func (o *tribesSendOptions) tellForm(a *app, rel release.Release) {
	e := &o.cluster.encryption
	if e.keyFile == "" && e.key == nil || !rel.IsZero() || e.stamps != "auto" {
		return
	}
	a.note("encrypted with a time stamp, as Tomcats from 9.0.119, 10.1.56 and 11.0.23 on do; older ones ack it and read garbage: --release RELEASE or --encryption-timestamp no speaks as they do")
}

// payload makes the bytes of the message.
func (o *tribesSendOptions) payload(in io.Reader, message string, given bool) ([]byte, error) {
	b := []byte(message)
	switch {
	case !given:
		b = []byte("muster")
	case message == "-":
		var err error
		if b, err = io.ReadAll(io.LimitReader(in, tribes.DefaultFrameLimit)); err != nil {
			return nil, fmt.Errorf("reading the message: %w", err)
		}
		if len(b) > tribes.DefaultFrameLimit-1024 {
			return nil, fmt.Errorf("reading the message: more than %d bytes, which no receiver should take in one frame", tribes.DefaultFrameLimit-1024)
		}
	}
	if o.size > 0 {
		if len(b) == 0 {
			b = []byte("muster")
		}
		b = []byte(strings.Repeat(string(b), o.size/len(b)+1)[:o.size])
	}
	if !o.java {
		o.bits[0] |= tribes.ByteMessage
		return b, nil
	}
	o.bits[0] &^= tribes.ByteMessage
	return javaser.AppendMerged(nil, javaser.NewString(string(b)))
}

// sendTargets are the receivers: those of the host, or of all members heard.
func (a *app) sendTargets(ctx context.Context, o *tribesSendOptions, cfg cluster.Config) ([]cluster.Receiver, []tribes.Member, error) {
	if !o.all {
		at, err := o.resolve(ctx)
		if err != nil {
			return nil, nil, err
		}
		to, err := a.forms(ctx, cfg, []netip.AddrPort{at})
		return to, nil, err
	}
	listen := o.listen
	if listen == 0 {
		listen = 2*cfg.Frequency + waitMore
	}
	node, err := cluster.Observe(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	defer node.Leave() //nolint:errcheck // it sent nothing that a goodbye would end
	a.tellNode(node, fmt.Sprintf("listening on %s for %s", node.Group, listen))
	listening, cancel := bounded(ctx, listen)
	defer cancel()
	o.heard = a.newWatch(node)
	var met func() bool
	if o.expected.Given() {
		met = func() bool { return o.heard.met(o.expected) }
	}
	if err := o.heard.run(listening, met, false); err != nil {
		return nil, nil, err
	}
	if ctx.Err() != nil {
		return nil, nil, errInterrupted
	}
	members := node.Peers()
	var to []cluster.Receiver
	for i, d := range node.Deliveries(members) {
		r := cluster.Receiver{Addr: d.Addr, Form: members[i].Generation, Heard: true}
		if cfg.Form != nil && r.Form != tribes.V55 {
			r.Form = *cfg.Form
		}
		to = append(to, r)
	}
	return to, members, nil
}

// forms finds out how receivers are spoken to. Where the group cannot be listened
// to, that is a note: the receivers may be reached all the same.
func (a *app) forms(ctx context.Context, cfg cluster.Config, at []netip.AddrPort) ([]cluster.Receiver, error) {
	to, err := cluster.Forms(ctx, cfg, at)
	switch {
	case ctx.Err() != nil:
		return nil, errInterrupted
	case err != nil:
		a.note("the group %s cannot be listened to, which tells the generation of a receiver: it is spoken to as a Tomcat 7.0 or later (--release says another): %v", cfg.Group, err)
	}
	return to, nil
}

// resolve takes the first address of the host.
func (o *tribesSendOptions) resolve(ctx context.Context) (netip.AddrPort, error) {
	host, port, err := splitTarget(o.target)
	if err != nil {
		return netip.AddrPort{}, err
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.AddrPort{}, hint.Wrap(fmt.Errorf("look up %s: %w", host, err), "getent hosts "+host+" shows what this host's resolver says")
	}
	return netip.AddrPortFrom(addrs[0].Unmap(), port), nil
}

func (a *app) tellDeliveries(ctx context.Context, o *tribesSendOptions, s *cluster.Speaker, to []cluster.Receiver, members []tribes.Member, payload []byte) error {
	lines := term.NewLines(a.Out)
	sum := tribesSendSummary{Type: "summary", Members: len(to), Expected: o.expected.Wanted(), Missing: []string{}}
	met := len(to) > 0
	if w := o.heard; w != nil {
		sum.Expected, sum.Seen, sum.Missing = w.own.others(o.expected).Wanted(), w.most, w.missing(o.expected)
		met = met && w.met(o.expected)
	}
	for i := 0; (i < o.count || o.count == 0) && len(to) > 0; i++ {
		if i > 0 && !pause(ctx, o.interval) {
			break
		}
		deliveries := s.Send(ctx, to, o.bits[0], payload)
		if ctx.Err() != nil {
			break
		}
		for k, d := range deliveries {
			line := newSentLine(d, o.bits[0], len(payload))
			if k < len(members) {
				line.UniqueID = members[k].ID.String()
			}
			sum.Sent++
			switch {
			case d.Err != nil:
				sum.Failed++
			case d.Outcome == channel.Acked:
				sum.Acked++
			}
			var err error
			if a.json {
				err = lines.Write(line)
			} else {
				err = a.sentText(line)
			}
			if err != nil {
				return err
			}
		}
	}
	if ctx.Err() != nil && o.count > 0 {
		return errInterrupted
	}
	sum.OK = sum.Failed == 0 && met
	if a.json {
		if err := lines.Write(sum); err != nil {
			return err
		}
	} else if o.all && !sum.OK && sum.Failed == 0 {
		if _, err := fmt.Fprintf(a.Out, "%s: %s of other hosts heard, %d expected\n", a.Out.Bad("too few"), term.Count(sum.Seen, "member"), max(sum.Expected, 1)); err != nil {
			return err
		}
	}
	if !sum.OK {
		return errNo
	}
	return nil
}

// pause waits for d; false: ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
