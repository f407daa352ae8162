package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/view"
	"muster/internal/hint"
	"muster/internal/verdict"
	"muster/mcast"
	"muster/routecheck/collect"
	"muster/routecheck/facts"
	"muster/routecheck/judge"
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

	tomcat   *serverxml.File     // of serverXML
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
	f.BoolVar(&o.strict, "strict", false, "let warnings fail too")
	a.junitFlag(c)
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
	a.hostProfile(c, &o.ignore)
	return c
}

// wanted reads --only and --ignore.
func (o *checkOptions) wanted() (func(verdict.ID) bool, error) {
	for _, id := range append(append([]string{}, o.only...), o.ignore...) {
		if !knownCheck(id) {
			return nil, usagef("%q is no check and no family of checks ('muster check --list' names them)", id)
		}
	}
	has := func(list []string, id verdict.ID) bool {
		for _, x := range list {
			if string(id) == x || strings.HasPrefix(string(id), strings.TrimSuffix(x, ".*")+".") {
				return true
			}
		}
		return false
	}
	return func(id verdict.ID) bool { return (len(o.only) == 0 || has(o.only, id)) && !has(o.ignore, id) }, nil
}

func knownCheck(word string) bool {
	match := func(id verdict.ID) bool {
		return string(id) == word || strings.HasPrefix(string(id), strings.TrimSuffix(word, ".*")+".")
	}
	for _, c := range judge.All {
		if match(c.ID) {
			return true
		}
	}
	for _, id := range serverxml.Checks { // with --server-xml
		if match(id) {
			return true
		}
	}
	return false
}

// query makes of the flags what the host is judged for. base holds what a facts
// file was collected for, or the defaults.
func (o *checkOptions) query(c *cobra.Command, base facts.Query) (facts.Query, error) {
	q := base
	given := c.Flags().Changed
	if given("group") || o.from == "" {
		g, err := checkGroup(o.group)
		if err != nil {
			return q, usagef("--group: %w", err)
		}
		q.Group, q.Source, q.Count = g.Addr, g.Source, g.Count
		if g.Port != 0 {
			q.Port = g.Port
		}
	}
	if given("port") {
		q.Port = o.port
	}
	if given("tcp-port") {
		q.TCPPort = o.tcpPort
	}
	if given("auto-bind") {
		q.AutoBind = o.autoBind
	}
	switch {
	case q.Port == 0:
		return q, usagef("--port 0: say a port from 1 to 65535")
	case q.TCPPort == 0:
		return q, usagef("--tcp-port 0: say a port from 1 to 65535")
	case q.AutoBind < 0:
		return q, usagef("--auto-bind %d: say 0 or more", q.AutoBind)
	case o.iface != "" && o.bind != "" && o.iface != o.bind:
		return q, usagef("--bind and --interface both choose the interface: give one of them")
	case o.bind != "":
		if _, err := netip.ParseAddr(o.bind); err != nil {
			return q, usagef("--bind %q is no address", o.bind)
		}
		q.Interface = o.bind
	case o.iface != "":
		q.Interface = o.iface
	}
	if c := o.cluster(c.Context()); c != nil {
		q.Cluster = c
	}
	if len(o.expect) > 0 {
		q.Peers = nil
		for _, name := range o.expect {
			if _, err := strconv.Atoi(name); err == nil {
				return q, usagef("--expect %s: check hears nobody, so it cannot count; name the members", name)
			}
			addrs, err := lookup(c.Context(), name)
			if err != nil {
				return q, hint.Wrap(fmt.Errorf("--expect %s: %w", name, err), "give the member's address instead")
			}
			q.Peers = append(q.Peers, addrs...)
		}
	}
	return q, nil
}

// lookup is an address, or those of a name.
func lookup(ctx context.Context, name string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(name); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return nil, err
	}
	var out []netip.Addr
	for _, a := range found {
		out = append(out, a.Unmap())
	}
	return out, nil
}

// checkGroup is mcast.ParseGroup, but for addresses that are none of a group: to
// judge those is what check is for.
func checkGroup(s string) (mcast.Group, error) {
	g, err := mcast.ParseGroup(s)
	if err == nil {
		return g, nil
	}
	if ap, e := netip.ParseAddrPort(s); e == nil {
		return mcast.Group{Addr: ap.Addr().Unmap(), Port: ap.Port(), Count: 1}, nil
	}
	if addr, e := netip.ParseAddr(s); e == nil {
		return mcast.Group{Addr: addr.Unmap(), Count: 1}, nil
	}
	return g, err
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

// facts come from a file or from this host.
func (a *app) facts(c *cobra.Command, o checkOptions) (*facts.Facts, error) {
	if o.from == "" {
		q, err := o.query(c, facts.DefaultQuery())
		if err != nil {
			return nil, err
		}
		f := collect.Facts(c.Context(), q, version)
		if err := c.Context().Err(); err != nil {
			return nil, err
		}
		return f, noSuchInterface(f)
	}
	var in io.Reader = a.In
	if o.from != "-" {
		file, err := os.Open(o.from)
		if err != nil {
			return nil, fmt.Errorf("open facts: %w", err)
		}
		defer file.Close()
		in = file
	}
	f, err := facts.Load(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.from, err)
	}
	if f.Query, err = o.query(c, f.Query); err != nil {
		return nil, err
	}
	return f, noSuchInterface(f)
}

// noSuchInterface: to be asked about an interface that is not there is no fault of
// the host.
func noSuchInterface(f *facts.Facts) error {
	h := judge.NewHost(f)
	if h.OK || f.Query.Interface == "" || !f.Links.Known() {
		return nil
	}
	var names []string
	for _, l := range f.Links.Value {
		names = append(names, l.Name)
	}
	return hint.Wrap(fmt.Errorf("interface %q: there is none such", f.Query.Interface), "there are: "+strings.Join(names, ", "))
}

func (a *app) saveFacts(f *facts.Facts, o checkOptions) error {
	if o.redact {
		if err := judge.Redact(f); err != nil {
			return err
		}
	}
	if o.save == "-" {
		return f.Save(a.Out)
	}
	if err := saveFile(o.save, f.Save); err != nil {
		return fmt.Errorf("save facts: %w", err)
	}
	a.note("facts of this host are in %s; judge them with: muster check --from %s", o.save, o.save)
	return nil
}

// saveFile writes a file that only its owner may read: a new one beside it takes
// its place when all is written, so that a full disk leaves what was there, and a
// symbolic link is replaced rather than followed. What is no file, as /dev/stdout,
// is written to.
func saveFile(name string, write func(io.Writer) error) error {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		if info.IsDir() {
			return fmt.Errorf("%s is a folder", name)
		}
		file, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(file), file.Close())
	}
	file, err := os.CreateTemp(filepath.Dir(name), ".muster-*") // its mode is 0600
	if err != nil {
		return err
	}
	err = errors.Join(write(file), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		_ = os.Remove(file.Name()) // it says nothing that the error does not
		return err
	}
	return nil
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
	return hint.Wrap(fmt.Errorf("%d checks could not be decided: %s", s.Unknown, strings.Join(ids, ", ")), hints...)
}
