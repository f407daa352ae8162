package cmd

import (
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"muster/cmd/internal/term"
	"muster/internal/verdict"
	"muster/tribes/cluster/channel"
	"muster/tribes/tlspsk"
)

type probeOptions struct {
	cluster  clusterFlags
	psk      pskFlags
	tls      *tlspsk.Config // of psk
	connect  time.Duration
	readTest bool
	wait     time.Duration
	strict   bool
}

func newTribesProbeCmd(a *app) *cobra.Command {
	o := probeOptions{}
	c := &cobra.Command{
		Use:   "probe {HOST[:PORT]... | --server-xml FILE}",
		Short: "ask a receiver what TcpFailureDetector asks: are you there?",
		Long: `Connects to the TCP receiver of a member and sends the frame by which Tomcat's
TcpFailureDetector asks whether a member is alive. The member swallows it: nothing in
the cluster changes, and muster does not become a member.

By default the frame asks for an ack (performReadTest), and the answer says whether
what listens there is a Tribes receiver. --read-test=false asks as Tomcat does by
default: to connect and to write is enough. The port is 4000 if not given. No privilege
is needed. When HOST has several addresses each is asked; one that answers is enough.
With --server-xml alone each static member that the file names is asked, or with
CloudMembershipService each that Kubernetes or the DNS name.

A receiver is asked in the form of its generation: Tomcat 6.0 logs anything else as an
error. The form is that of its heartbeats, which are listened for (a second, with Tomcat's
frequency) while the connection is tried; without any it is that of Tomcat 7.0 and later,
or of --release. A Tomcat 5.5 has no such question: with its heartbeats heard its port is
only connected to.

With --psk-identity and --psk-key-file it asks over TLS, as members with a securePort are
asked: a whole handshake, the frame, the ack. It tells a wrong key, a wrong identity,
another version of TLS, and a server that has certificates in place of the key.`,
		Example: `  # is the receiver of this member there, and does it ack?
  muster tribes probe 10.0.0.11:4000
  # exactly Tomcat's own question
  muster tribes probe --read-test=false 10.0.0.11:4000
  # for scripts, over a slow line
  muster tribes probe --json --connect-timeout 3s node2.example.org:4001`,
		Args: rangeArgs(0, mostProbed),
		RunE: func(c *cobra.Command, args []string) error { return a.runTribesProbe(c, o, args) },
	}
	o.cluster.look(c)
	f := c.Flags()
	o.psk.add(f)
	a.judging(c, &o.strict)
	f.SetNormalizeFunc(detectorAliases)
	o.connect, o.wait = channel.DefaultConnectTimeout, channel.DefaultReadTestTimeout
	f.Var((*millis)(&o.connect), "connect-timeout", "the `time` that a connection may take")
	f.BoolVar(&o.readTest, "read-test", true, "ask for an ack and wait for it")
	f.DurationVarP(&o.wait, "wait", "W", o.wait, "the `time` to wait for the ack")
	return c
}

func (a *app) runTribesProbe(c *cobra.Command, o probeOptions, targets []string) error {
	static := len(targets) == 0
	if static {
		var err error
		if targets, err = a.listedMembers(c.Context(), &o.cluster); err != nil {
			return err
		}
	}
	probed, err := resolveTargets(c.Context(), targets)
	if err != nil {
		return err
	}
	file := o.cluster.serverXML
	// What the file says of the group is taken, unless it has none.
	if len(probed) > 0 && o.cluster.serverXML != "" && !c.Flags().Changed("group") {
		if s, err := serverXML(a, o.cluster.serverXML); err == nil && !s.Multicast {
			o.cluster.serverXML = ""
		}
	}
	cfg, err := o.cluster.config(a)
	if err != nil {
		return err
	}
	if o.tls, err = o.psk.config(a); err != nil {
		return err
	}
	lines := term.NewLines(a.Out)
	sum := probeSummary{Type: "summary", OK: true, Target: strings.Join(targets, " ")}
	exchanges, err := a.probeAll(c.Context(), &o, cfg, probed)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for i := range exchanges {
		x := &exchanges[i]
		sum.Asked++
		there[probed[i].target] = there[probed[i].target] || x.OK()
		if x.Outcome == channel.Acked {
			sum.Acked++
		}
		line := newProbeLine(x)
		if a.json {
			err = lines.Write(line)
		} else {
			err = a.probeText(&x.Exchange, line)
		}
		if err != nil {
			return err
		}
	}
	for _, t := range targets {
		sum.OK = sum.OK && there[t]
	}
	verdicts := probeVerdicts(targets, probed, exchanges, static)
	known, err := a.probedRelease(&o, cfg.Release, file)
	if err != nil {
		return err
	}
	verdicts = append(verdicts, known...)
	a.judged(verdicts)
	if !a.json {
		if err := a.tellVerdicts(lines, known); err != nil {
			return err
		}
	}
	if a.json {
		if err := a.tellVerdicts(lines, verdicts); err != nil {
			return err
		}
		if err := lines.Write(sum); err != nil {
			return err
		}
	}
	if !sum.OK || o.strict && verdict.Summarize(verdicts).Warn > 0 {
		return errNo
	}
	return nil
}

// detectorAliases are the attributes of TcpFailureDetector.
func detectorAliases(fs *pflag.FlagSet, name string) pflag.NormalizedName {
	switch name {
	case "connectTimeout":
		name = "connect-timeout"
	case "performReadTest":
		name = "read-test"
	case "readTestTimeout":
		name = "wait"
	}
	return tomcatAliases(fs, name)
}
