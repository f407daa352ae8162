package cmd

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/term"
	"muster/cmd/internal/view"
	"muster/internal/escape"
	"muster/internal/expect"
	"muster/mcast"
	"muster/mcast/traffic"
)

type listenOptions struct {
	count     uint64
	duration  time.Duration
	expect    string
	hex       bool
	noPayload bool
	iface     string
	buffer    int
}

func newListenCmd(a *app) *cobra.Command {
	o := listenOptions{}
	c := &cobra.Command{
		Use:   "listen GROUP...",
		Short: "print what arrives, and a row for each sender",
		Long: `Joins the groups, prints each datagram that arrives, and at the end a row for each
sender: datagrams, bytes, rate, TTL as it arrived, interface, first and last seen. With
traffic of "muster send --probe" also what was lost, doubled or overtaken on the way, and
how long after the join the first one came. Only the groups that were asked for are heard,
whatever other programs of this host joined.

The joins make the kernel send membership reports (IGMP, MLD); muster sends nothing and
needs no privilege. It runs until Ctrl-C, or until --count, --duration or --expect ends it.
With -q only the rows are printed. Payloads are escaped, so that no packet moves the cursor.
Groups without a port get 12345.`,
		Example: `  # all of a group, until Ctrl-C
  muster listen 228.0.0.4:45564
  # only from one source, ten seconds, at least one sender of another host or exit status 1
  muster listen 10.77.0.11,232.1.1.1:5000 -d 10s --expect 1
  # 4096 groups, rows only
  muster listen 239.1.0.0:5000+4096 -q`,
		Args: minArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.runListen(c, o, args) },
	}
	f := c.Flags()
	f.Uint64VarP(&o.count, "count", "c", 0, "end after `N` datagrams, 0 never")
	f.DurationVarP(&o.duration, "duration", "d", 0, "end after this `time`")
	f.StringVar(&o.expect, "expect", "", "exit status 1 unless so many senders of other hosts, or these hosts (`N|HOST,HOST`), are heard; without -c and -d, end when they were")
	f.BoolVar(&o.hex, "hex", false, "print payloads as hex")
	f.BoolVar(&o.noPayload, "no-payload", false, "print no payloads")
	f.IntVar(&o.buffer, "read-buffer", 0, "receive buffer of each socket in `bytes` (default: 32 MiB for few groups, else the system's)")
	interfaceFlag(c, &o.iface)
	a.groupFromFile(c, true)
	a.groupProfile(c, true)
	return c
}

// heard is whom listen expects, beside this host, which never counts.
type heard struct {
	own      localHost
	expected expect.Expect
}

// fewGroups may each have a large receive buffer.
const (
	fewGroups   = 16
	largeBuffer = 32 << 20
)

func (a *app) runListen(c *cobra.Command, o listenOptions, args []string) error {
	groups, err := parseGroups(args, defaultGroupPort)
	if err != nil {
		return err
	}
	if err := o.check(c); err != nil {
		return err
	}
	expected, err := parseExpect(c.Context(), o.expect)
	if err != nil {
		return err
	}
	i, err := a.findInterface(o.iface, groups[0].Addr)
	if err != nil {
		return err
	}
	total := 0
	for _, g := range groups {
		total += g.Count
		if !g.Source.IsValid() && mcast.SourceSpecificOnly(g.Addr) {
			a.note("%s is for source-specific multicast: routers let only SOURCE,GROUP joins through", g)
		}
	}
	if o.buffer == 0 && total <= fewGroups {
		o.buffer = largeBuffer
	}
	conn, err := mcast.Listen(mcast.Config{Interface: i, Groups: groups, TTL: -1, ReadBuffer: o.buffer, Notify: a.tell})
	if err != nil {
		return err
	}
	defer conn.Close()
	joined := time.Now()
	a.tellLacks(conn)
	if !a.quiet {
		fmt.Fprintf(a.Err, "listening on %s\n", describeGroups(groups, total))
	}
	own := ownHost()
	return a.listen(c, conn, traffic.NewTally(joined, own.has), &o, heard{own, expected})
}

func (o *listenOptions) check(c *cobra.Command) error {
	changed := c.Flags().Changed
	switch {
	case o.hex && o.noPayload:
		return usagef("--hex and --no-payload exclude each other")
	case changed("read-buffer") && (o.buffer < 1 || o.buffer > 1<<30):
		return usagef("--read-buffer %d: say 1 to %d bytes", o.buffer, 1<<30)
	}
	return positive(c, "duration", o.duration)
}

func describeGroups(groups []mcast.Group, total int) string {
	if len(groups) == 1 {
		return groups[0].String()
	}
	return fmt.Sprintf("%s and %s more", groups[0], term.Count(total-groups[0].Count, "group"))
}

// listen prints what arrives and the rows at the end, and judges.
func (a *app) listen(c *cobra.Command, conn *mcast.Conn, tally *traffic.Tally, o *listenOptions, h heard) error {
	printer := view.NewDatagrams(a.Out, view.DatagramOptions{
		JSON: a.json, Hex: o.hex, NoPayload: o.noPayload, Interface: conn.Interface(),
	})
	seen := printer.Show
	if a.quiet {
		seen = nil
	}
	until := traffic.Until{Datagrams: o.count, Duration: o.duration}
	if o.count == 0 && o.duration == 0 && h.expected.Given() {
		until.Enough = func(t *traffic.Tally) bool { return h.own.met(h.expected, t.Others()) }
	}
	end, err := traffic.Receive(c.Context(), conn, tally, until, seen)
	skipped, printErr := printer.Close()
	if err != nil {
		return err
	}
	if printErr != nil {
		return printErr
	}
	report, others := tally.Report(), tally.Others()
	if err := view.RenderTraffic(a.Out, a.json, report, view.TrafficExtra{
		Interface: conn.Interface(), Drops: conn.Drops(), NotShown: skipped,
		Expected: h.own.others(h.expected).Wanted(), Seen: len(others), Missing: h.own.missing(h.expected, others),
	}); err != nil {
		return err
	}
	a.adviseDrops(conn.Drops())
	return o.verdict(end, report, h.expected.Given(), h.own.met(h.expected, others))
}

// adviseDrops tells what helps against datagrams lost in the kernel.
func (a *app) adviseDrops(n uint64) {
	if n > 0 && !a.quiet {
		fmt.Fprintf(a.Err, "hint: %s\n", escape.Text("the receive buffer was full; sysctl -w net.core.rmem_max=26214400 allows a larger one"))
	}
}

// verdict is the outcome after end: what was asked for, less than that, or a
// stop before it was known.
func (o *listenOptions) verdict(end traffic.End, r traffic.Report, expecting, met bool) error {
	bounded := o.count > 0 || o.duration > 0 || expecting
	switch {
	case end == traffic.Stopped && expecting && met && o.count == 0:
		return nil
	case end == traffic.Stopped && bounded:
		return errInterrupted
	case !met, r.Datagrams < o.count:
		return errNo
	}
	return nil
}
