package cmd

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/view"
	"muster/mcast"
	"muster/tribes/smoke"
)

type smokeOptions struct {
	nodes    int
	cluster  clusterFlags
	tomcat   tomcatOptions
	options  string
	sessions int
	size     int
	sabotage bool
	junit    string
	manager  string
	timeline bool
}

// smokeNode is the hidden command that a run starts for each of its nodes.
const smokeNode = "node"

func newSmokeCmd(a *app) *cobra.Command {
	o := smokeOptions{}
	c := &cobra.Command{
		Use:   "smoke",
		Short: "prove that a cluster keeps its sessions: a mini-cluster here, or real Tomcats",
		Long: `Starts a cluster of real processes on this host, each a member with heartbeats by UDP
multicast and a TCP receiver of its own, and goes through the nine steps of a session's
life: A starts, B starts and gets A's state, A creates a session, A is killed without
warning, B serves the session, A returns and gets the state, A invalidates the session and
B drops it, B creates another one, it expires by idleness on both. Each step passes when
the processes report it, every byte of every session compared, and is printed with its time.

The nodes meet on the loopback interface, in a group and on ports of their own choosing, so
that they meet no cluster that is at work; no root is needed and nothing leaves the host.
With --interface they use that interface, with a TTL of 0.

With --manager backup the nodes replicate as Tomcat's BackupManager does: each session is on
one primary node and one backup, both are compared, every node has to name the same two, and
a survivor that is neither fetches the session when it serves it. On a terminal a run ends
with a picture of it; --junit writes a report for CI.

With --tomcat, once for each, the cluster is one of real Tomcats, and each URL a page that
keeps a session (Tomcat's packaged SessionExample is known, a counter in any other page is
found). A session made on A has to be served by the others by its id, in the cookie and in
the path, and its counter to go on from where it was; --kill-command and --start-command
end A and start it again, without them a person at the terminal is asked to, and without
one A is left alone. Muster joins the Tomcats' cluster as a guest, which holds no sessions
and disturbs nothing: it sees who is a member, which messages are sent, which receivers
answer. When a step fails it asks the Tomcats what they hold and says which half is
broken: no members, members but no replication, or replicated but not served. With --guest
muster replicates a session of its own, and the Tomcats have to serve it. In an encrypted
cluster --encryption-key-file lets muster read what is sent; what HTTP shows it shows without.`,
		Example: `  # the two-node cluster, about ten seconds
  muster smoke
  # five nodes, on the interface that the cluster will use
  muster smoke --nodes 5 --interface eth0
  # five nodes as BackupManagers: a session is on two of them, and every survivor serves it
  muster smoke --nodes 5 --manager backup
  # for a script: one JSON line a step, the summary last
  muster smoke --json
  # two real Tomcats, by Tomcat's own example of a session
  muster smoke --tomcat http://10.0.0.1:8080/examples/servlets/servlet/SessionExample --tomcat http://10.0.0.2:8080/examples/servlets/servlet/SessionExample
  # one of them killed and started again by commands
  muster smoke --tomcat http://a:8080/app --tomcat http://b:8080/app --kill-command 'ssh {host} systemctl kill -s KILL tomcat10' --start-command 'ssh {host} systemctl start tomcat10'
  # does this Tomcat serve a session that muster replicates to it?
  muster smoke --guest --tomcat http://10.0.0.1:8080/app`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if len(o.tomcat.urls) > 0 {
				return a.runSmokeTomcat(c, &o)
			}
			return a.runSmoke(c, o)
		},
	}
	f := c.Flags()
	f.IntVar(&o.nodes, "nodes", 2, fmt.Sprintf("`number` of nodes, 2 to %d", smoke.MaxNodes))
	o.cluster.join(c)
	f.Lookup("group").Usage = "`ADDRESS[:PORT]` of the heartbeats (without --tomcat: one of 239.255.0.0/16 that is free)"
	f.Lookup("interface").Usage = "interface by `name`, index or address (without --tomcat: the loopback)"
	f.Lookup("domain").Usage = "cluster `domain`"
	o.tomcat.flags(c)
	f.StringVar(&o.manager, "manager", "delta", "replicate as a DeltaManager does (`delta`: each session on every node) or as a BackupManager (backup: on two)")
	f.StringVar(&o.options, "options", "", "of the messages about sessions: async, ack, sync-ack, none or a `number` (default: Tomcat's, async with delta, sync-ack with backup)")
	f.IntVar(&o.sessions, "sessions", 1, "`number` of sessions that each of S0, S1 and S2 stands for")
	f.IntVar(&o.size, "size", 1024, "`bytes` of data in each session, every one of which is checked on every node")
	f.StringVar(&o.junit, "junit", "", "write the steps as a JUnit report to this `file`")
	f.BoolVar(&o.timeline, "timeline", false, "draw the run as a picture also where the output is no terminal")
	f.BoolVar(&o.sabotage, "drop-deltas", false, "break B on purpose: the run must fail at the step that shows it")
	f.MarkHidden("drop-deltas") //nolint:errcheck // it is there
	c.AddCommand(&cobra.Command{
		Use:    smokeNode,
		Short:  "be one node of a run; commands come on standard input",
		Hidden: true,
		Args:   noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return smoke.Node(c.Context(), a.In, a.Out)
		},
	})
	return c
}

func (a *app) runSmoke(c *cobra.Command, o smokeOptions) error {
	if err := onlyWith(c, ofTomcats, "%s is for a run with --tomcat"); err != nil {
		return err
	}
	cfg := smoke.Config{
		Nodes: o.nodes, Frequency: o.cluster.frequency, DropTime: o.cluster.dropTime,
		Sessions: o.sessions, Size: o.size, DropDeltas: o.sabotage,
	}
	if err := o.replication(a, &cfg); err != nil {
		return err
	}
	switch {
	case o.sessions < 1 || o.sessions > smoke.MaxSessions:
		return usagef("--sessions %d: say 1 to %d", o.sessions, smoke.MaxSessions)
	case o.size < 1 || o.size*o.sessions > smoke.MaxBytes:
		return usagef("--size %d of %d sessions: say at least 1 byte, and at most %d in all", o.size, o.sessions, smoke.MaxBytes)
	case o.nodes < 2 || o.nodes > smoke.MaxNodes:
		return usagef("--nodes %d: say 2 to %d", o.nodes, smoke.MaxNodes)
	case o.cluster.frequency < 10*time.Millisecond:
		return usagef("--frequency %s: say 10ms or more", o.cluster.frequency)
	case o.cluster.dropTime < 2*o.cluster.frequency:
		return usagef("--drop-time %s: say at least twice the frequency, %s", o.cluster.dropTime, 2*o.cluster.frequency)
	}
	if c.Flags().Changed("group") {
		g, err := mcast.ParseGroup(o.cluster.group)
		if err != nil {
			return usagef("--group: %w", err)
		}
		if g.Count != 1 || g.Source.IsValid() {
			return usagef("--group %s: want one group without a source", o.cluster.group)
		}
		cfg.Group = g.WithDefaultPort(45564)
	}
	var err error
	if cfg.Interface, err = smoke.ChooseInterface(o.cluster.iface, cfg.Group); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program's own file: %w", err)
	}
	cfg.Command = []string{self, "smoke", smokeNode}
	if cfg.StateDir, err = os.MkdirTemp("", "muster-smoke-"); err != nil {
		return fmt.Errorf("make a folder for the nodes' identities: %w", err)
	}
	defer os.RemoveAll(cfg.StateDir)

	report, err := a.junitFile(o.junit)
	if err != nil {
		return err
	}
	r := view.NewSmoke(a.Streams, a.json, a.quiet)
	r.Timeline = o.timeline
	cfg.OnStart = r.Start
	cfg.OnStep = r.Step
	rep, err := smoke.Run(c.Context(), cfg)
	if err != nil && c.Context().Err() != nil {
		err = errInterrupted
	}
	if err := errors.Join(err, report(rep, err)); err != nil {
		return err
	}
	if err := r.Close(rep); err != nil {
		return err
	}
	if rep.Failed != nil {
		return errNo
	}
	return nil
}
