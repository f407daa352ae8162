package cmd

import (
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/term"
	"muster/mcast"
	"muster/mcast/traffic"
)

type sendOptions struct {
	count    uint64
	interval time.Duration
	rate     string
	duration time.Duration
	size     int
	ttl      int
	dscp     string
	noLoop   bool
	probe    bool
	iface    string
}

func newSendCmd(a *app) *cobra.Command {
	o := sendOptions{}
	c := &cobra.Command{
		Use:   "send GROUP [MESSAGE|-]",
		Short: "send to a group, once or at a rate",
		Long: `Sends MESSAGE to GROUP: once, or with --count, --interval, --rate or --duration as
often and as fast as they say. "-" reads the message from standard input. GROUP may be a
range (+NUM): every group of it gets each datagram. A SOURCE names the address to send from.

With --probe the datagrams are numbered and carry the time, so that "muster listen"
finds what was lost, doubled or overtaken. Tomcat never takes one for a heartbeat.

The datagrams are ordinary UDP made by muster and need no privilege. Groups without a
port get 12345.`,
		Example: `  # one message
  muster send 239.1.1.1:5000 "are you there?"
  # a probe every 100 ms for a minute, past up to three routers
  muster send 239.1.1.1:5000 --probe --interval 100ms -d 1m --ttl 4
  # as fast as the system takes it, a million datagrams of 100 bytes
  muster send 239.1.1.1:5000 --probe --size 100 --rate max -c 1000000`,
		Args: rangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error { return a.runSend(c, o, args) },
	}
	f := c.Flags()
	f.Uint64VarP(&o.count, "count", "c", 0, "send `N` datagrams to each group, 0 without end (default: 1, or without end where a rate or duration is given)")
	f.DurationVar(&o.interval, "interval", 0, "one datagram each `time`")
	f.StringVar(&o.rate, "rate", "", "`datagrams` a second over all groups, such as 50, 10k or max")
	f.DurationVarP(&o.duration, "duration", "d", 0, "end after this `time`")
	f.IntVar(&o.size, "size", 0, "payload `bytes`: the message is repeated, a probe filled up")
	f.IntVar(&o.ttl, "ttl", 1, "how many `routers` the datagrams may pass, plus one (0 to 255)")
	f.StringVar(&o.dscp, "dscp", "0", "mark the datagrams with this `CLASS`: 0 to 63, or a name such as ef, af11 or cs1")
	f.BoolVar(&o.noLoop, "no-loop", false, "do not send to members on this host")
	f.BoolVar(&o.probe, "probe", false, "send numbered probes instead of a message")
	interfaceFlag(c, &o.iface)
	return c
}

// sendSummary closes the JSON of send.
type sendSummary struct {
	Type      string  `json:"type"`
	Group     string  `json:"group"`
	Groups    int     `json:"groups"`
	Interface string  `json:"interface"`
	Source    string  `json:"source"`
	Datagrams uint64  `json:"datagrams"`
	Bytes     uint64  `json:"bytes"`
	TookMS    float64 `json:"took_ms"`
	Rate      float64 `json:"datagrams_per_second"`
	Stalls    uint64  `json:"stalls"`           // waits for room in the system's queue
	Stream    string  `json:"stream,omitempty"` // of the probes
}

func (a *app) runSend(c *cobra.Command, o sendOptions, args []string) error {
	groups, err := parseGroups(args[:1], defaultGroupPort)
	if err != nil {
		return err
	}
	g := groups[0]
	plan, err := o.plan(c, g, args[1:])
	if err != nil {
		return err
	}
	dscp, err := mcast.ParseDSCP(o.dscp)
	if err != nil {
		return usagef("--dscp: %w", err)
	}
	if plan.Payload, err = o.payload(args[1:], a.In, g); err != nil {
		return err
	}
	if g.Source.IsValid() && o.iface == "" {
		o.iface = g.Source.String()
	}
	i, err := a.findInterface(o.iface, g.Addr)
	if err != nil {
		return err
	}
	conn, err := mcast.Listen(mcast.Config{Interface: i, Groups: groups, TTL: o.ttl, NoLoop: o.noLoop, DSCP: dscp, SendOnly: true})
	if err != nil {
		return err
	}
	defer conn.Close()
	a.tellLacks(conn)
	if g.Port == tomcatPort {
		a.note("a Tomcat on port %d logs a warning for each datagram that is no heartbeat", tomcatPort)
	}
	if a.verbose {
		plan.Sent = func(n int, to netip.AddrPort) { fmt.Fprintf(a.Err, "sent %d to %s\n", n, to) }
	}
	sent, err := traffic.Generate(c.Context(), conn, plan)
	source := ""
	if s, ok := i.SourceFor(g.Addr); ok {
		source = netip.AddrPortFrom(s, conn.LocalPort()).String()
	}
	if err == nil || sent.Datagrams > 0 {
		a.tellSent(sent, g, i.Name, source, o.probe)
	}
	if err == nil && c.Context().Err() != nil && (plan.Count > 0 || plan.Duration > 0) {
		return errInterrupted
	}
	return err
}

// tomcatPort is where Tomcats hear heartbeats.
const tomcatPort = 45564

func (a *app) tellSent(sent traffic.Sent, g mcast.Group, iface, source string, probe bool) {
	if a.json {
		s := sendSummary{"summary", g.String(), g.Count, iface, source, sent.Datagrams, sent.Bytes,
			float64(sent.Took.Microseconds()) / 1000, sent.Rate(), sent.Stalls, ""}
		if probe {
			s.Stream = fmt.Sprintf("%016x", sent.Stream)
		}
		term.NewLines(a.Out).Write(s)
		return
	}
	fmt.Fprintf(a.Out, "sent %s, %s, to %s from %s", term.Count(sent.Datagrams, "datagram"), term.Count(sent.Bytes, "byte"), g, source)
	if sent.Datagrams > 1 {
		fmt.Fprintf(a.Out, " in %s (%s)", term.Seconds(sent.Took), term.PerSecond(sent.Rate()))
	}
	fmt.Fprintln(a.Out)
	if sent.Stalls > 0 {
		a.note("the system's send queue was full %d times; each time muster waited", sent.Stalls)
	}
}

// plan checks the flags that say how often, how fast and how large.
func (o *sendOptions) plan(c *cobra.Command, g mcast.Group, message []string) (traffic.Plan, error) {
	p := traffic.Plan{Probe: o.probe, Size: o.size, Count: o.count, Duration: o.duration}
	p.Rate = float64(g.Count) // to each group one a second
	changed := c.Flags().Changed
	switch {
	case o.probe && len(message) > 0:
		return p, usagef("--probe makes its own payload; leave the message out")
	case changed("rate") && changed("interval"):
		return p, usagef("--rate and --interval say the same; give one")
	case o.ttl < 0 || o.ttl > 255:
		return p, usagef("--ttl %d: say 0 to 255", o.ttl)
	}
	for flag, d := range map[string]time.Duration{"interval": o.interval, "duration": o.duration} {
		if err := positive(c, flag, d); err != nil {
			return p, err
		}
	}
	lowest, highest := 1, maxPayload(g)
	if o.probe {
		lowest = mcast.ProbeSize
	}
	if changed("size") && (o.size < lowest || o.size > highest) {
		return p, usagef("--size %d: say %d to %d", o.size, lowest, highest)
	}
	switch {
	case o.interval > 0:
		p.Rate = float64(g.Count) / o.interval.Seconds()
	case o.rate != "":
		rate, err := parseRate(o.rate)
		if err != nil {
			return p, err
		}
		p.Rate = rate
	}
	if !changed("count") && !changed("interval") && !changed("rate") && !changed("duration") {
		p.Count = 1
	}
	for one := range g.All() {
		p.To = append(p.To, one.AddrPort())
	}
	return p, nil
}

// parseRate reads a number of datagrams a second.
func parseRate(s string) (float64, error) {
	if s == "max" {
		return traffic.Unlimited, nil
	}
	factor, number := 1.0, s
	switch {
	case strings.HasSuffix(s, "k"):
		factor, number = 1e3, s[:len(s)-1]
	case strings.HasSuffix(s, "M"):
		factor, number = 1e6, s[:len(s)-1]
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !(n > 0) || n*factor > 1e9 {
		return 0, usagef("--rate %q: say datagrams a second, such as 50, 0.5 or 10k, or max", s)
	}
	return n * factor, nil
}

// maxPayload is what a UDP datagram to g holds.
func maxPayload(g mcast.Group) int {
	if g.Addr.Is6() {
		return 65527
	}
	return 65507
}

// payload is the message, from the argument or from in, in its size.
func (o *sendOptions) payload(args []string, in io.Reader, g mcast.Group) ([]byte, error) {
	if o.probe {
		return nil, nil
	}
	message := []byte("muster")
	if len(args) > 0 {
		message = []byte(args[0])
	}
	if len(args) > 0 && args[0] == "-" {
		var err error
		if message, err = io.ReadAll(io.LimitReader(in, int64(maxPayload(g))+1)); err != nil {
			return nil, fmt.Errorf("read the message from standard input: %w", err)
		}
	}
	if len(message) > maxPayload(g) {
		return nil, usagef("the message has more than the %d bytes that a datagram holds", maxPayload(g))
	}
	if o.size == 0 {
		return message, nil
	}
	if len(message) > o.size || len(message) == 0 {
		return nil, usagef("--size %d: the message has %d bytes", o.size, len(message))
	}
	out := make([]byte, o.size)
	for i := range out {
		out[i] = message[i%len(message)]
	}
	return out, nil
}
