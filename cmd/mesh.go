package cmd

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/view"
	"muster/internal/escape"
	"muster/internal/verdict"
	"muster/ping/mesh"
	"muster/sniff"
)

type meshOptions struct {
	iface     string
	duration  time.Duration
	expect    string
	name      string
	ttl       int
	tcpPort   uint16
	tcpListen bool
	load      int
	strict    bool
}

func newMeshCmd(a *app) *cobra.Command {
	o := meshOptions{}
	c := &cobra.Command{
		Use:   "mesh GROUP",
		Short: "run it on every node: who hears whom, one way or both",
		Long: `Run it on every node, with the same group: there is no server and no list. Each node
announces itself on the group and says whom it hears and how well, so that every node shows
the whole matrix: who hears whom, one way only, with the loss and delay of each direction, the
difference of any two clocks, and with --tcp-port whether a TCP port is reachable beside it. A
node that the group does not reach learns the matrix by unicast.

The announcements are muster's own, on UDP port ` + strconv.Itoa(mesh.DefaultPort) + ` (or GROUP's own port) of the same
group: a firewall must let that port in, for the group and for single hosts. Nothing is ever sent in Tomcat's form or to its port. All nodes together stay below --load
on the group, however many they are; with few nodes an announcement goes out twice a second.
No privilege is needed to take part.

Without --duration it runs until Ctrl-C. Let it run for longer than the 260 s after which a
switch without a querier forgets who listens (--duration 5m), and it tells to the second when
each direction stopped, and why: no querier asked (igmp.no-querier), queries came and this host
answered none (fw.igmp-drop), or the datagrams come in and this host drops them
(fw.input-drop). To see that, it watches IGMP or MLD and the group on the interface, which
works on Linux and needs CAP_NET_RAW; each node sees it for itself and tells the others. A
node without the privilege takes part all the same, and says that it cannot see.

With --tcp-port each node tries that TCP port on every other one, each half minute, with a connection
that is closed at once. Somebody must listen there, a Tomcat say; --tcp-listen does it here.`,
		Example: `  # on every node; Ctrl-C ends it with the matrix and what it means
  muster mesh 228.0.0.4

  # does it last? five nodes, past the time after which snooping forgets
  muster mesh 228.0.0.4 --duration 5m --expect 4

  # the group and the receiver's TCP port beside it, while the Tomcats run
  muster mesh 228.0.0.4 --tcp-port 4000 --expect n1,n2,n3 --json`,
		Args: exactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.runMesh(c, o, args) },
	}
	f := c.Flags()
	f.DurationVarP(&o.duration, "duration", "d", 0, "end after this `time`")
	f.StringVar(&o.expect, "expect", "", "fail unless so many other nodes, or nodes with these names or addresses (`N|NAME,NAME`), take part; this host never counts")
	f.StringVar(&o.name, "name", "", "the `NAME` of this node (default: the host's name)")
	f.IntVar(&o.ttl, "ttl", -1, "the TTL of the announcements, a `number` from 0 to 255 (default: the system's, 1)")
	f.Uint16Var(&o.tcpPort, "tcp-port", 0, "TCP `port` that the nodes try to reach on each other")
	f.BoolVar(&o.tcpListen, "tcp-listen", false, "accept connections to --tcp-port on this node")
	f.IntVar(&o.load, "load", mesh.DefaultLoad, "most `bits` per second that all nodes together send to the group; the same on all of them")
	a.judging(c, &o.strict)
	a.outputFlag(c)
	interfaceFlag(c, &o.iface)
	a.groupFromFile(c, false)
	a.groupProfile(c, false)
	return c
}

func (o *meshOptions) check(c *cobra.Command) error {
	switch {
	case o.ttl < -1 || o.ttl > 255:
		return usagef("--ttl %d: say 0 to 255", o.ttl)
	case o.load < 10_000 || o.load > 1_000_000_000:
		return usagef("--load %d: say 10000 to 1000000000 bits per second", o.load)
	case o.tcpListen && o.tcpPort == 0:
		return usagef("--tcp-listen needs --tcp-port")
	case len(o.name) > 48:
		return usagef("--name %q: at most 48 bytes", o.name)
	}
	return positive(c, "duration", o.duration)
}

func (a *app) runMesh(c *cobra.Command, o meshOptions, args []string) error {
	if err := o.check(c); err != nil {
		return err
	}
	groups, err := pingGroups(args, mesh.DefaultPort)
	switch {
	case err != nil:
		return err
	case groups[0].Count > 1 || groups[0].Source.IsValid():
		return usagef("%s: a mesh is on one group, and everybody sends to it", groups[0])
	}
	expected, err := parseExpect(c.Context(), o.expect)
	if err != nil {
		return err
	}
	i, err := a.findInterface(o.iface, groups[0].Addr)
	if err != nil {
		return err
	}
	if o.name == "" {
		o.name, _ = os.Hostname() // without: the nodes go by their addresses
		o.name = o.name[:min(len(o.name), 48)]
	}
	show := view.NewMesh(a.Out, a.json, groups[0], i, expected)
	run := mesh.Options{
		Group: groups[0], Interface: i, TTL: o.ttl, Name: o.name, Version: version, Load: o.load, TCPPort: o.tcpPort, TCPListen: o.tcpListen,
		Duration: o.duration, Expected: expected, Open: sniff.OpenMembership, Notify: a.tell,
	}
	run.Closed = func() *mesh.Closed { return closedPort(c.Context(), i, groups[0].AddrPort(), tomcatPort) }
	if !a.quiet {
		run.OnEvent = show.Event
		fmt.Fprintf(a.Err, "mesh on %s as %s\n", groups[0], escape.Text(o.name))
	}
	if show.Live() {
		run.OnReport = show.Update
	}
	res, err := mesh.Run(c.Context(), run)
	if err != nil {
		return err
	}
	a.judged(res.Verdicts)
	if err := show.Final(res.Report, res.Verdicts); err != nil {
		return err
	}
	return o.outcome(res.Verdicts, len(res.Report.Nodes), c.Context().Err() != nil)
}

// outcome: a failure is a verdict, however the run ended; what is not known of who
// hears whom is none.
func (o *meshOptions) outcome(vs []verdict.Verdict, nodes int, stopped bool) error {
	sum := verdict.Summarize(vs)
	switch {
	case sum.Fail > 0, o.strict && sum.Warn > 0:
		return errNo
	case stopped && o.duration > 0:
		return errInterrupted
	case nodes < 2:
		return errNo // nobody else was there
	}
	for _, v := range vs {
		if v.ID == "mesh.cut" && v.Status == verdict.Unknown {
			return fmt.Errorf("who hears whom is not known yet: %s", v.Saw)
		}
	}
	return nil
}
