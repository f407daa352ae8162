package cmd

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/view"
	"muster/internal/doctor"
	"muster/internal/verdict"
	"muster/mcast"
	"muster/routecheck/facts"
)

type doctorOptions struct {
	check    checkOptions
	expect   string
	duration time.Duration
	before   bool
	broken   bool
	ci       bool
	deep     bool
	bundle   string
	redact   bool
	from     string
	html     string
	logs     []string
	name     string
	strict   bool
	all      bool
}

func newDoctorCmd(a *app) *cobra.Command {
	o := doctorOptions{}
	c := &cobra.Command{
		Use:   "doctor",
		Short: "the one to run first: does it work here, and if not, why, and what fixes it",
		Long: `Doctor asks the questions of all other commands in their order: what this host says of
itself, whether the configuration is right, what is on the wire, who is heard, whether
each member's receiver can be reached, and what other nodes say that run the doctor at
the same time. It makes few causes of many symptoms: what is wrong, how sure that is and
why, and the command that fixes it; or what it cannot tell from here, and what to ask
next. It takes about ten seconds.

Run it on every node at the same time: the nodes find each other by muster's own
datagrams (UDP 46565 of the group), compare their configurations, and tell each other
what they hear. They never tell a key.

It is safe beside a live cluster: it sends no heartbeat and takes no part in the cluster.
It joins the group to listen, and connects to the receivers of the members that it hears
or was told of, a few times. As root, or with CAP_NET_RAW and CAP_NET_ADMIN, it also sees
the packets on the wire and the firewall.`,
		Example: `  # on every node, with the configuration of its Tomcat
  sudo muster doctor --server-xml /opt/tomcat/conf/server.xml

  # two other members must be heard
  sudo muster doctor --expect 2

  # does delivery stay, for longer than a switch remembers who listens?
  sudo muster doctor --deep

  # two nodes of a Hazelcast cluster that do not find each other, on both at the same time
  sudo muster doctor --profile hazelcast

  # another group, as JSON lines for a script
  muster doctor --group 228.0.0.9:45570 --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.runDoctor(c, &o) },
	}
	f := c.Flags()
	f.SetNormalizeFunc(tomcatAliases)
	d := facts.DefaultQuery()
	f.StringVar(&o.check.group, "group", d.Group.String(), "`GROUP` of the heartbeats")
	f.Uint16Var(&o.check.port, "port", d.Port, "UDP `port` of the heartbeats, where the group names none")
	interfaceFlag(c, &o.check.iface)
	f.Uint16Var(&o.check.tcpPort, "tcp-port", d.TCPPort, "TCP `port` of the receivers")
	f.IntVar(&o.check.autoBind, "auto-bind", d.AutoBind, "how many `ports` a receiver may try, from --tcp-port upwards")
	f.StringVar(&o.check.serverXML, "server-xml", "", "take group, ports, timing and members from this Tomcat's `FILE`, and judge it too")
	f.StringVar(&o.check.release, "release", "", "the `RELEASE` of Tomcat, 5.5 to 11, or exact as 10.1.60 (default: that of the Tomcat that runs here)")
	f.StringArrayVar(&o.logs, "log", nil, "read this catalina.out `FILE` of this node too (default: the newest beside server.xml); repeatable")
	f.StringVar(&o.expect, "expect", "", "exit status 1 unless so many other members, or these, are heard (`N|NAME,...`)")
	f.DurationVarP(&o.duration, "duration", "d", doctor.Watch, "watch the wire for this `time`")
	a.hostProfile(c, &o.check)
	f.BoolVar(&o.before, "before", false, "before clustering is enabled: no Tomcat needs to run yet")
	f.BoolVar(&o.broken, "broken", false, "the cluster should work and does not: this is what it does anyway")
	f.BoolVar(&o.ci, "ci", false, "for continuous integration: no progress, no colours, warnings fail, and a JUnit report in muster-doctor.xml unless --junit names another file")
	f.BoolVar(&o.deep, "deep", false, "watch for longer than a switch remembers who listens (280 s): does delivery stay?")
	f.StringVar(&o.name, "name", "", "the `NAME` of this node (default: the host's name)")
	f.StringVar(&o.bundle, "bundle", "", "save facts, verdicts, packets, server.xml without its keys and the end of the log in this `FILE`")
	f.BoolVar(&o.redact, "redact", false, "with --bundle: hide names and addresses, and leave out server.xml, log and packets")
	f.StringVar(&o.from, "from", "", "judge this bundle `FILE` instead of this host")
	f.StringVar(&o.html, "html", "", "write the verdict as one page into this `FILE`, too")
	a.judging(c, &o.strict)
	a.outputFlag(c)
	f.BoolVar(&o.all, "all", false, "show every verdict, and not only what is wrong or unknown")
	c.PreRunE = func(*cobra.Command, []string) error {
		if o.ci {
			a.quiet, o.strict = true, true
			a.Out.Color, a.Out.Width = false, 120 // the same text on every machine
			a.report.junit = cmp.Or(a.report.junit, "muster-doctor.xml")
		}
		return nil
	}
	return c
}

// doctorMemory is what the doctor's heap may take before it is collected more often, in
// bytes. Beside 16,000 made-up members 54 MB of it are in use; a bound close to that would
// cost the host more time than it saves memory.
const doctorMemory = 80 << 20

// runDoctor takes o by its address: --server-xml sets flags that are fields of it.
func (a *app) runDoctor(c *cobra.Command, o *doctorOptions) error {
	if err := positive(c, "duration", o.duration); err != nil {
		return err
	}
	switch {
	case o.before && o.broken:
		return usagef("--before and --broken exclude each other")
	case o.deep && c.Flags().Changed("duration"):
		return usagef("--deep and --duration exclude each other: --deep watches for %s", doctor.Deep)
	case o.redact && o.bundle == "":
		return usagef("--redact goes with --bundle")
	case o.from != "" && o.bundle != "":
		return usagef("--from and --bundle exclude each other")
	case o.from != "":
		return a.doctorFrom(o)
	}
	if o.check.iface != "" { // a mistyped name is told at once
		if _, err := mcast.FindInterface(o.check.iface, netip.Addr{}); err != nil {
			return err
		}
	}
	if found := doctor.FindServerXML(); o.check.serverXML == "" && found != "" && !c.Flags().Changed("profile") {
		a.note("a Tomcat runs here with %s: that is judged too (--server-xml FILE names another one)", found)
		o.check.serverXML = found
	}
	if err := o.check.takeServerXML(c, a); err != nil {
		return err
	}
	q, err := o.check.query(c, facts.DefaultQuery())
	if err != nil {
		return err
	}
	run := doctor.Options{
		Query: q, File: o.check.tomcat, Settings: o.check.settings, Release: o.check.found, Before: o.before, Logs: o.logs,
		Watch: o.duration, Name: o.name, Version: version,
	}
	if f := c.Flags().Lookup("profile"); f.Changed {
		run.Profile = f.Value.String()
	}
	if run.Wanted, err = o.check.wanted(); err != nil {
		return err
	}
	if run.Name == "" {
		run.Name, _ = os.Hostname() // without: it goes by its address
		run.Name = run.Name[:min(len(run.Name), 48)]
	}
	if run.Expect, err = parseExpect(c.Context(), o.expect); err != nil {
		return err
	}
	if o.deep {
		run.Watch = doctor.Deep
	}
	p := progress{w: a.Err}
	if !a.quiet {
		run.Progress = p.asking
	}
	if os.Getenv("GOMEMLIMIT") == "" { // under a flood it collects more often, instead of taking more of a busy host
		debug.SetMemoryLimit(doctorMemory)
	}
	start := time.Now()
	res, runErr := doctor.Run(c.Context(), run)
	p.stop()
	a.judged(res.Verdicts)
	view := view.Doctor{Result: res, Took: time.Since(start), All: o.all}
	if err := errors.Join(a.showDoctor(view, o), o.save(res, run)); err != nil {
		return err
	}
	switch {
	case res.Summary.Fail > 0, o.strict && res.Summary.Warn > 0:
		return errNo
	case runErr != nil:
		return errInterrupted
	case res.Summary.Status == verdict.Unknown:
		return errors.New("what was seen does not decide: the lines marked unknown say what to ask next")
	}
	return nil
}

// showDoctor prints what was found, and writes the page where one is wanted.
func (a *app) showDoctor(view view.Doctor, o *doctorOptions) error {
	var err error
	if a.json {
		err = view.JSON(a.Out)
	} else {
		err = view.Text(a.Out)
	}
	if err != nil || o.html == "" {
		return err
	}
	name, _ := os.Hostname()
	var page bytes.Buffer
	if err := view.HTML(&page, cmp.Or(o.name, name, "this node"), time.Now()); err != nil {
		return err
	}
	return os.WriteFile(o.html, page.Bytes(), 0o600)
}

// save writes the bundle where one is wanted.
func (o *doctorOptions) save(res *doctor.Result, run doctor.Options) error {
	if o.bundle == "" {
		return nil
	}
	return res.WriteBundle(o.bundle, run, o.redact)
}

// doctorFrom judges a bundle of another node, or of another time.
func (a *app) doctorFrom(o *doctorOptions) error {
	file, err := os.Open(o.from)
	if err != nil {
		return fmt.Errorf("reading a bundle: %w", err)
	}
	defer file.Close()
	b, err := doctor.ReadBundle(o.from, file)
	if err != nil {
		return err
	}
	verdicts := b.Judge()
	res := &doctor.Result{Verdicts: verdicts, Summary: verdict.Summarize(verdicts), Facts: b.Facts, Note: b.Manifest.Note,
		Watched: time.Duration(b.Manifest.WatchedS * float64(time.Second))}
	if err := a.showDoctor(view.Doctor{Result: res, All: o.all}, o); err != nil {
		return err
	}
	if res.Summary.Fail > 0 || o.strict && res.Summary.Warn > 0 {
		return errNo
	}
	return nil
}
