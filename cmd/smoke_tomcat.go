package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	xterm "golang.org/x/term"

	"muster/cmd/internal/view"
	"muster/tribes/smoke/tomcat"
)

// tomcatOptions are those of smoke --tomcat.
type tomcatOptions struct {
	urls       []string
	guest      bool
	httpOnly   bool
	kill       string
	start      string
	startWait  time.Duration
	change     string
	counter    string
	invalidate string
	expire     string
	cookie     string
	headers    []string
	timeout    time.Duration
	pause      time.Duration
	insecure   bool
}

// flags adds them; the first argument of each is in onlyTomcat too.
func (o *tomcatOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringArrayVar(&o.urls, "tomcat", nil, "`URL` of a page that keeps a session on a real Tomcat; once for each, A first")
	f.BoolVar(&o.guest, "guest", false, "muster replicates a session of its own to the Tomcats, which have to serve it")
	f.BoolVar(&o.httpOnly, "http-only", false, "do not join their cluster: nothing is known of members and messages then")
	f.StringVar(&o.kill, "kill-command", "", "`COMMAND` that kills A; {host}, {port}, {url}, {node} in it are A's")
	f.StringVar(&o.start, "start-command", "", "`COMMAND` that starts A again")
	f.DurationVar(&o.startWait, "start-wait", tomcat.DefaultStartWait, "the `time` that a Tomcat may take to start")
	f.StringVar(&o.change, "change", "", "`QUERY` that changes the session, {n} in it is the number to set (default: found out)")
	f.StringVar(&o.counter, "counter", "", "`REGEXP` whose first group is the number in the page (default: found out)")
	f.StringVar(&o.invalidate, "invalidate", "", "`QUERY` that ends the session")
	f.StringVar(&o.expire, "expire", "", "`QUERY` that lets the session be idle for 2 s at most")
	f.StringVar(&o.cookie, "cookie-name", "", "`name` of the session cookie (default: JSESSIONID, or the one that looks like it)")
	f.StringArrayVar(&o.headers, "header", nil, "`NAME:VALUE` for every request, such as Host or Authorization; @FILE reads them, one a line")
	f.DurationVar(&o.timeout, "timeout", tomcat.DefaultTimeout, "the `time` that one request may take")
	f.DurationVar(&o.pause, "pause", tomcat.DefaultPause, "`time` between a change on one Tomcat and the next request to another")
	f.BoolVar(&o.insecure, "insecure", false, "take any certificate of an https URL")
}

// ofTomcats are the flags that mean nothing without --tomcat, ofMiniCluster
// those that mean nothing with it.
var (
	ofTomcats = []string{
		"guest", "http-only", "kill-command", "start-command", "start-wait", "change", "counter", "invalidate", "expire",
		"cookie-name", "header", "timeout", "pause", "insecure",
		"port", "bind", "ttl", "payload", "advertise", "tcp-port", "auto-bind", "name", "fresh-id", "server-xml",
	}
	ofMiniCluster = []string{"nodes", "sessions", "size", "options", "manager", "drop-deltas"}
)

// onlyWith refuses flags of the other kind of run.
func onlyWith(c *cobra.Command, flags []string, format string) error {
	for _, name := range flags {
		if c.Flags().Changed(name) {
			return usagef(format, "--"+name)
		}
	}
	return nil
}

// config checks the options.
func (o *tomcatOptions) config(a *app) (tomcat.Config, error) {
	cfg := tomcat.Config{
		Cookie: o.cookie, Timeout: o.timeout, Pause: o.pause, Insecure: o.insecure, Guest: o.guest,
		Kill: o.kill, Start: o.start, StartWait: o.startWait,
		App: tomcat.App{Change: strings.TrimLeft(o.change, "?&"), Invalidate: strings.TrimLeft(o.invalidate, "?&"), Expire: strings.TrimLeft(o.expire, "?&")},
	}
	for _, s := range o.urls {
		u, err := tomcat.ParseURL(s)
		if err != nil {
			return cfg, usagef("--tomcat %w", err)
		}
		cfg.URLs = append(cfg.URLs, u)
	}
	switch {
	case len(o.urls) == 1 && !o.guest:
		return cfg, usagef("one --tomcat is no cluster: name at least two, or add --guest, with which muster is the other one")
	case o.guest && o.httpOnly:
		return cfg, usagef("--guest replicates a session in the cluster, --http-only stays out of it: give one of them")
	case o.guest && (o.kill != "" || o.start != ""):
		return cfg, usagef("--guest kills no Tomcat: leave --kill-command and --start-command out")
	case o.timeout <= 0, o.pause <= 0, o.startWait <= 0:
		return cfg, usagef("--timeout, --pause and --start-wait: say a time above 0")
	}
	if o.counter != "" {
		re, err := regexp.Compile(o.counter)
		if err != nil {
			return cfg, usagef("--counter: %w", err)
		}
		cfg.App.Counter = re
	}
	if err := cfg.App.Check(); err != nil {
		return cfg, usagef("%w", err)
	}
	var err error
	if cfg.Header, err = readHeaders(o.headers); err != nil {
		return cfg, err
	}
	if !o.guest && o.kill == "" && !a.json && stdinIsTerminal(a) {
		cfg.Prompt = a.promptForDeed
	}
	return cfg, nil
}

// readHeaders reads NAME:VALUE and @FILE: what must not be seen in the list of
// processes, such as a password, belongs into a file.
func readHeaders(given []string) (http.Header, error) {
	h := http.Header{}
	add := func(line string) error {
		name, value, ok := strings.Cut(line, ":")
		name, value = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)), strings.TrimSpace(value)
		if !ok || name == "" || strings.Contains(name, " ") || strings.ContainsAny(name+value, "\r\n\x00") {
			return usagef("--header: %q is not NAME:VALUE", line)
		}
		h.Add(name, value)
		return nil
	}
	for _, s := range given {
		file, isFile := strings.CutPrefix(s, "@")
		if !isFile {
			if err := add(s); err != nil {
				return nil, err
			}
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("--header: %w", err)
		}
		for line := range strings.Lines(string(b)) {
			if line = strings.TrimSpace(line); line != "" {
				if err := add(line); err != nil {
					return nil, err
				}
			}
		}
	}
	return h, nil
}

// stdinIsTerminal reports whether a person can be asked.
func stdinIsTerminal(a *app) bool {
	in := a.In
	if p, ok := in.(*interruptibleReader); ok {
		in = p.Reader
	}
	f, ok := in.(*os.File)
	return ok && xterm.IsTerminal(int(f.Fd())) && a.Err.TTY
}

// promptForDeed asks the person at the terminal to do something.
func (a *app) promptForDeed(ctx context.Context, what string) (bool, error) {
	fmt.Fprintf(a.Err, "Now %s; then press Enter (s and Enter leaves it out): ", what)
	answer := make(chan string, 1)
	go func() { // a read of a terminal cannot be called off
		line, err := bufio.NewReader(a.In).ReadString('\n')
		if err != nil {
			line = "s"
		}
		answer <- strings.TrimSpace(line)
	}()
	select {
	case s := <-answer:
		return !strings.EqualFold(s, "s"), nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

func (a *app) runSmokeTomcat(c *cobra.Command, o *smokeOptions) error {
	if err := onlyWith(c, ofMiniCluster, "%s is of the mini-cluster, without --tomcat"); err != nil {
		return err
	}
	cfg, err := o.tomcat.config(a)
	if err != nil {
		return err
	}
	if none, err := o.cluster.withoutGroup(a); err != nil {
		return err
	} else if none && !o.tomcat.guest && !o.tomcat.httpOnly {
		a.note("the members in %s find each other without multicast: no guest joins them, and what HTTP shows is judged", o.cluster.serverXML)
		o.tomcat.httpOnly = true
	}
	if !o.tomcat.httpOnly {
		member, err := o.cluster.memberConfig(a)
		if err != nil {
			return err
		}
		cfg.Cluster = &member
	}
	defer keepBrokenPipes()() // a guest says goodbye, whoever has stopped reading
	junit, err := a.junitFile(o.junit)
	if err != nil {
		return err
	}
	r := view.NewSmoke(a.Streams, a.json, a.quiet)
	r.Timeline = o.timeline
	aside := func() {}
	cfg.OnStart = func(p tomcat.Plan) {
		if p.Guest != nil {
			aside = a.standAside(p.Guest)
		}
		r.StartTomcats(p)
	}
	cfg.OnStep = r.Step
	rep, err := tomcat.Run(c.Context(), cfg)
	aside()
	if err != nil && c.Context().Err() != nil {
		err = errInterrupted
	}
	if errors.Is(err, tomcat.ErrSame) {
		err = usagef("%w", err)
	}
	if err := errors.Join(err, junit(rep.Report, err)); err != nil {
		return err
	}
	if err := r.CloseTomcats(rep); err != nil && !readerGone(err) {
		return err
	}
	switch {
	case rep.Failed == nil:
		return nil
	case errors.Is(rep.Failed.Err, tomcat.ErrPage):
		return fmt.Errorf("nothing is known of the cluster: %w", tomcat.ErrPage)
	}
	return errNo
}
