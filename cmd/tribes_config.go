package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/term"
	"muster/cmd/internal/view"
	"muster/internal/doctor"
	"muster/internal/hint"
	"muster/internal/verdict"
	"muster/tribes/release"
	"muster/tribes/serverxml"
)

type configOptions struct {
	files                  []string
	webXML                 []string
	contextXML             []string
	properties             []string // K=V
	manifests              []string // of Kubernetes
	sarif                  string
	catalina               string
	release                string
	fromRelease, toRelease string
	alone                  bool
	elsewhere              bool
	strict                 bool
	all                    bool
}

func newTribesConfigCmd(a *app) *cobra.Command {
	var o configOptions
	c := &cobra.Command{
		Use:   "config FILE...",
		Short: "tell what the cluster of a server.xml will do, and what is wrong with it",
		Long: `Reads server.xml as Tomcat does: every <Cluster> in an Engine or Host, what it
leaves out filled in with Tomcat's defaults. Says in sentences what the cluster
will do, lists its settings with the place where each is set, and names what is
wrong by line and column. Several files are the nodes of one cluster: what
differs though it must not, and what is the same though it must not, is named.

${name} in the file is replaced from the catalina.properties beside it, or from
--catalina-properties and --property. The context.xml beside it is looked at too;
--alone reads the files given and nothing else. An entity that brings in another
file is told, never followed. A key is never printed. FILE may be -.

With CloudMembershipService the pods' Kubernetes manifest decides who is a member:
--manifest, once for each file, judges the environment, the service account and what it
may list, the Service whose name the DNS is asked for, labels, ports and host name.

Unless --elsewhere says that the files belong to other hosts, a single file is
judged for this one: its name and its addresses. Nothing is sent, nothing is
changed, and no privilege is needed but to read the files.`,
		Example: `  # what will this Tomcat do, and is it right?
  muster tribes config /etc/tomcat10/server.xml

  # with the application, for another release of Tomcat, warnings counted too
  muster tribes config --release 9.0.70 --web-xml WEB-INF/web.xml --strict server.xml

  # may its nodes be updated one after the other?
  muster tribes config --from-release 10.1.52 --to-release 10.1.60 server.xml

  # will the pods of this Deployment find each other?
  muster tribes config --manifest deployment.yaml --manifest rbac.yaml server.xml

  # how do the nodes differ?
  muster tribes config n1/server.xml n2/server.xml n3/server.xml`,
		Args: minArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.files = args
			return runTribesConfig(c.Context(), a, o)
		},
	}
	f := c.Flags()
	f.StringArrayVar(&o.webXML, "web-xml", nil, "the application's web.xml `FILE`: is it distributable?")
	f.StringArrayVar(&o.contextXML, "context-xml", nil, "the application's context.xml `FILE`: does it bring a manager of its own?")
	f.StringArrayVar(&o.properties, "property", nil, "a property of the Tomcat, as -D gives it: `NAME=VALUE`")
	f.StringVar(&o.catalina, "catalina-properties", "", "the catalina.properties `FILE`; without it the one beside each server.xml")
	f.StringVar(&o.release, "release", "", "the `RELEASE` of Tomcat to judge for: 5.5 to 11, or an exact one such as 10.1.60")
	f.StringVar(&o.release, "tomcat", "", "the old name of --release")
	_ = f.MarkHidden("tomcat")
	f.StringVar(&o.fromRelease, "from-release", "", "the `RELEASE` that the nodes run, for an update to --to-release")
	f.StringVar(&o.toRelease, "to-release", "", "may nodes of --from-release and of this `RELEASE` run at once?")
	f.BoolVar(&o.alone, "alone", false, "read the files given and none beside them")
	f.BoolVar(&o.elsewhere, "elsewhere", false, "the files belong to other hosts: do not judge them by this one's name and addresses")
	f.StringArrayVar(&o.manifests, "manifest", nil, "a Kubernetes manifest `FILE` of the Tomcat: environment, service account, roles, Service, ports")
	f.StringVar(&o.sarif, "sarif", "", "write the findings as a SARIF report to `FILE`, too")
	a.judging(c, &o.strict)
	f.BoolVar(&o.all, "all", false, "list every attribute, also those at their defaults")
	return c
}

func runTribesConfig(ctx context.Context, a *app, o configOptions) error {
	version := serverxml.DefaultVersion
	if o.release != "" {
		var err error
		if version, err = release.Parse(o.release); err != nil {
			return usagef("--release: %w", err)
		}
	}
	from, to, err := o.rolling()
	if err != nil {
		return err
	}
	for _, p := range o.properties {
		if name, _, ok := strings.Cut(p, "="); !ok || name == "" {
			return usagef("--property %q: want NAME=VALUE", p)
		}
	}
	given := serverxml.Given{}
	var errs []error
	var files []*serverxml.File
	said := ""
	for _, name := range o.files {
		v, guess := o.releaseOf(name, version, &said)
		f, err := o.readFor(a, name, v, guess)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		files = append(files, f)
	}
	for _, name := range append(append([]string{}, o.webXML...), append(o.contextXML, o.beside("context.xml")...)...) {
		app, err := readSource(a, name, serverxml.ReadApplication)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		given.Applications = append(given.Applications, app)
	}
	if len(files) == 0 {
		return errors.Join(errs...)
	}
	if len(files) == 1 && !o.elsewhere {
		given.Host = thisHost(ctx)
		given.FileSystem = fileSystem
		given.Resolve = resolver(ctx)
		given.Runs = func() bool { return doctor.Running(files[0].Name) }
	}
	for _, f := range files {
		for _, c := range f.Clusters {
			c.Describe()
		}
	}
	found := serverxml.Check(files, given)
	if !from.IsZero() {
		found = append(found, serverxml.RollingUpdate(files, from, to)...)
	}
	ofManifests, err := o.judgeManifests(a, files)
	if err != nil {
		return err
	}
	found = append(found, ofManifests...)
	if o.release == "" {
		version = files[0].Version()
		if files[0].Guessed {
			said = "whose classes the file names; --release judges for another"
		}
	}
	doc := view.NewConfigDocument(version, files, found)
	doc.From = said
	if a.json {
		err = term.Document(a.Out, doc)
	} else {
		err = doc.Render(a.Out, view.ConfigText{All: o.all, Quiet: a.quiet})
	}
	if err != nil {
		return err
	}
	if err := o.writeSARIF(doc); err != nil {
		return err
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	verdicts := make([]verdict.Verdict, len(doc.Verdicts))
	for i, v := range doc.Verdicts {
		verdicts[i] = v.Verdict
	}
	a.judged(verdicts)
	return checkStatus(doc.Summary, verdicts, o.strict)
}

// rolling reads --from-release and --to-release, which stand together.
func (o configOptions) rolling() (from, to release.Release, err error) {
	if (o.fromRelease == "") != (o.toRelease == "") {
		return from, to, usagef("--from-release and --to-release stand together")
	}
	if o.fromRelease == "" {
		return from, to, nil
	}
	if from, err = release.Parse(o.fromRelease); err != nil {
		return from, to, usagef("--from-release: %w", err)
	}
	if to, err = release.Parse(o.toRelease); err != nil {
		return from, to, usagef("--to-release: %w", err)
	}
	return from, to, nil
}

// releaseOf is the release to judge a file for where nobody named one: that of
// the Tomcat it lies in, else the default, unless its classes tell another.
func (o configOptions) releaseOf(name string, v serverxml.Version, said *string) (_ serverxml.Version, guess bool) {
	if o.release != "" {
		return v, false
	}
	if !o.alone {
		if r, jar := releaseBeside(name); !r.IsZero() {
			*said = "found in " + jar
			return r, false
		}
	}
	return v, true
}

// read reads one server.xml with the properties that belong to it, for the
// release that it lies beside or whose classes it names.
func (o configOptions) read(a *app, name string, v serverxml.Version) (*serverxml.File, error) {
	var said string
	v, guess := o.releaseOf(name, v, &said)
	return o.readFor(a, name, v, guess)
}

// readFor reads one server.xml for a release.
func (o configOptions) readFor(a *app, name string, v serverxml.Version, guess bool) (*serverxml.File, error) {
	props := &serverxml.Properties{}
	for _, p := range o.properties {
		key, value, _ := strings.Cut(p, "=")
		props.Set(key, value, "--property")
	}
	catalina := o.catalina
	if catalina == "" && !o.alone {
		catalina = neighbour(name, "catalina.properties")
	}
	if catalina != "" {
		file, err := os.Open(catalina)
		if err != nil {
			return nil, fmt.Errorf("reading the properties for %s: %w", name, err)
		}
		defer file.Close()
		if err := props.ReadProperties(catalina, file); err != nil {
			return nil, err
		}
	}
	return readSource(a, name, func(src serverxml.Source) (*serverxml.File, error) {
		return serverxml.Read(src, serverxml.Options{Version: v, Guess: guess, Properties: props})
	})
}

// neighbour returns the file of that name beside another one, "" where there is none.
func neighbour(of, name string) string {
	if of == "-" {
		return ""
	}
	path := filepath.Join(filepath.Dir(of), name)
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	return path
}

// beside returns the files of that name beside the server.xml files, each once.
func (o configOptions) beside(name string) []string {
	if o.alone || len(o.contextXML) > 0 {
		return nil
	}
	var out []string
	seen := map[string]bool{}
	for _, f := range o.files {
		if n := neighbour(f, name); n != "" && !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	return out
}

// readSource opens a file, or takes stdin for "-", and hands it to read.
func readSource[T any](a *app, name string, read func(serverxml.Source) (T, error)) (T, error) {
	if name == "-" {
		return read(serverxml.Source{Name: "stdin", Data: a.In})
	}
	var none T
	file, err := os.Open(name)
	if err != nil {
		if errors.Is(err, os.ErrPermission) {
			err = hint.Wrap(err, "sudo muster tribes config "+name)
		}
		return none, fmt.Errorf("reading a configuration: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return none, fmt.Errorf("reading a configuration: %w", err)
	}
	if info.IsDir() {
		return none, hint.Wrap(fmt.Errorf("reading a configuration: %s is a folder", name), "muster tribes config "+filepath.Join(name, "server.xml"))
	}
	return read(serverxml.Source{Name: name, Data: file, Mode: info.Mode(), ModeKnown: hasModes})
}

// thisHost asks what a receiver on this host would find: the addresses of the
// host's name in the order of the system's resolver, IPv4 first as Java has it.
func thisHost(ctx context.Context) *serverxml.Host {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	h := &serverxml.Host{}
	name, err := os.Hostname()
	if err != nil {
		h.Err = err.Error()
		return h
	}
	h.Name = name
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		h.Err = err.Error()
	}
	for _, want4 := range []bool{true, false} {
		for _, a := range addrs {
			if a = a.Unmap(); a.Is4() == want4 {
				h.Addrs = append(h.Addrs, a)
			}
		}
	}
	h.Local, _ = localAddrs()
	return h
}

// localAddrs are the addresses of this host's interfaces.
func localAddrs() (addrs []netip.Addr, known bool) {
	local, err := net.InterfaceAddrs()
	if err != nil {
		return nil, false
	}
	for _, l := range local {
		if p, err := netip.ParsePrefix(l.String()); err == nil {
			addrs = append(addrs, p.Addr().Unmap())
		}
	}
	return addrs, true
}
