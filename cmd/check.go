package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"muster/cmd/internal/term"
	"muster/cmd/internal/view"
	"muster/internal/hint"
	"muster/internal/verdict"
	"muster/routecheck/facts"
	"muster/routecheck/judge"
	"muster/tribes/release"
	"muster/tribes/serverxml"
)

type checkOptions struct {
	group     string
	port      uint16
	iface     string
	bind      string
	tcpPort   uint16
	autoBind  int
	serverXML string
	only      []string
	ignore    []string
	strict    bool
	list      bool
	save      string
	from      string
	redact    bool
	fix       bool
	short     bool
	all       bool
	release   string
	expect    []string
	purposes  []string
	product   string // of --profile

	tomcat   *serverxml.File     // of serverXML
	found    release.Release     // of the Tomcat that serverXML belongs to; zero: nothing tells
	settings *serverxml.Settings // nil where it does not settle them
}

func newCheckCmd(a *app) *cobra.Command {
	o := checkOptions{}
	c := &cobra.Command{
		Use:   "check",
		Short: "judge this host: interfaces, routes, kernel settings, firewall, names, ports",
		Long: `Check clears the node itself, before anyone blames the network: it reads what the
kernel and the system know of interfaces, addresses, routes and policy rules, reverse
path filters, IGMP, bridges, the firewall, sockets, limits, names, the clock and the
platform, and judges each entry of the catalogue that one host can decide
('muster check --list' names them, 'muster explain ID' tells what one means).

It joins no group, changes nothing, and sends no packet but the question for this
host's own name, where /etc/hosts does not know it. The firewall is not guessed:
its rules are walked for a heartbeat in and out, an IGMP query in, a report out and
connections to and from the receiver port; what a rule makes undecidable is unknown
and names the rule. What cannot be read is unknown with the reason, never a pass.

It needs no privilege. As root, or with CAP_NET_ADMIN, it can also read the firewall
and see which processes hold the ports:
  setcap cap_net_admin,cap_net_raw+ep $(command -v muster)

A verdict is pass, warn, fail, skip (it does not apply here) or unknown. Verdicts that
only follow from another point to it. With --strict warnings fail too. Exit status 3
means that nothing failed, but something could not be told.`,
		Example: `  # is this node fit for Tomcat's defaults, 228.0.0.4:45564 and TCP 4000
  sudo muster check

  # another group on a certain interface, only what is wrong
  sudo muster check --group 239.192.1.1 --port 5000 --interface eth1 --short

  # facts for a colleague, to be judged elsewhere on any system
  sudo muster check --save facts.json --redact
  muster check --from facts.json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.takeServerXML(c, a); err != nil {
				return err
			}
			return a.runCheck(c, o)
		},
	}
	f := c.Flags()
	f.SetNormalizeFunc(tomcatAliases)
	d := facts.DefaultQuery()
	f.StringVar(&o.group, "group", d.Group.String(), "`GROUP` of the heartbeats")
	f.Uint16Var(&o.port, "port", d.Port, "UDP `port` of the heartbeats, where the group names none")
	interfaceFlag(c, &o.iface)
	f.StringVar(&o.bind, "bind", "", "the interface by its `address`, as Tomcat's bind names it")
	f.Uint16Var(&o.tcpPort, "tcp-port", d.TCPPort, "TCP `port` of the receiver")
	f.IntVar(&o.autoBind, "auto-bind", d.AutoBind, "how many `ports` the receiver may try, from --tcp-port upwards")
	f.StringVar(&o.serverXML, "server-xml", "", "take group, ports and bind from this Tomcat's `FILE`, and judge it too")
	f.StringSliceVar(&o.only, "only", nil, "judge only these `IDS` or families (route, fw.input-drop)")
	f.StringSliceVar(&o.ignore, "ignore", nil, "leave out these `IDS` or families")
	a.judging(c, &o.strict)
	a.outputFlag(c)
	f.BoolVar(&o.list, "list", false, "list what is checked, and judge nothing")
	f.StringVar(&o.save, "save", "", "write the facts to `FILE` (-: stdout) instead of judging them")
	f.StringVar(&o.from, "from", "", "judge the facts in `FILE` (-: stdin) instead of this host's")
	f.BoolVar(&o.redact, "redact", false, "with --save: hide names, addresses and rules, keep what verdicts go by")
	f.BoolVar(&o.fix, "fix", false, "print the fixes as a shell script to read; nothing is changed")
	f.StringSliceVar(&o.purposes, "for", nil, "judge the firewall for these `COMMANDS` of muster too: mesh (UDP 46565), ping (UDP 46564)")
	f.StringSliceVar(&o.expect, "expect", nil, "the other members by `NAMES` or addresses: is each reached from here, and let in")
	f.StringVar(&o.release, "release", "", "with --server-xml: the `RELEASE` of Tomcat to judge it for, 5.5 to 11, or an exact one")
	f.BoolVar(&o.all, "all", false, "print a line for each check, not only for what is wrong or unknown")
	f.BoolVar(&o.short, "short", false, "print only what is wrong or unknown, one line each, and the sum")
	a.hostProfile(c, &o)
	return c
}

func (a *app) runCheck(c *cobra.Command, o checkOptions) error {
	want, err := o.wanted()
	if err != nil {
		return err
	}
	switch {
	case o.list:
		return a.listChecks(want)
	case o.redact && o.save == "":
		return usagef("--redact goes with --save")
	case o.save != "" && o.from != "" && !o.redact:
		return usagef("--save and --from together only make sense with --redact")
	}
	if err := knownPurposes(o.purposes); err != nil {
		return err
	}
	host, err := a.facts(c, o)
	if err != nil {
		return err
	}
	for _, s := range host.Omitted {
		a.note("%s", s)
	}
	if o.save != "" {
		return a.saveFacts(host, o)
	}
	verdicts := o.serverXMLVerdicts(c, judge.Facts(host, want), want)
	verdicts = append(verdicts, forCommands(host, o.purposes, want)...)
	a.judged(verdicts)
	report := view.CheckReport{Host: judge.NewHost(host), Verdicts: verdicts, Summary: verdict.Summarize(verdicts), TookMS: host.TookMS, Short: o.short, All: o.all}
	switch {
	case o.fix:
		err = report.Script(a.Out)
	case a.json:
		err = report.JSON(a.Out)
	default:
		err = report.Text(a.Out)
	}
	if err != nil {
		return err
	}
	return checkStatus(report.Summary, verdicts, o.strict)
}

func (a *app) listChecks(want func(verdict.ID) bool) error {
	var ids []verdict.ID
	for _, c := range judge.All {
		if want(c.ID) {
			ids = append(ids, c.ID)
		}
	}
	return explainIndex(a, pagesOf(ids))
}

// checkStatus is the end of check: a failure is a no, and where nothing failed but
// something is unknown the question was not answered.
func checkStatus(s verdict.Summary, vs []verdict.Verdict, strict bool) error {
	switch {
	case s.Fail > 0, strict && s.Warn > 0:
		return errNo
	case s.Unknown == 0:
		return nil
	}
	var ids []string
	var hints []string
	for _, v := range vs {
		if v.Status == verdict.Unknown {
			ids = append(ids, string(v.ID))
			hints = append(hints, v.Fix...)
		}
	}
	return hint.Wrap(fmt.Errorf("%s could not be decided: %s", term.Count(s.Unknown, "check"), strings.Join(ids, ", ")), hints...)
}
