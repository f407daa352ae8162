package tomcat

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"muster/internal/verdict"
	"muster/tribes/cluster"
	"muster/tribes/smoke"
)

// Config is what a run goes by.
type Config struct {
	// URLs are pages that keep a session, one on each Tomcat: A is the first.
	URLs []*url.URL
	// App says how their session is changed and read; where it says nothing, the
	// page is looked at.
	App    App
	Cookie string // the session cookie's name, where it is not to be found
	Header http.Header
	// Timeout is for one request, Pause the time between a change on one node and
	// the next request to another.
	Timeout  time.Duration
	Pause    time.Duration
	Insecure bool

	// Cluster is what muster joins as a guest. nil: HTTP alone.
	Cluster *cluster.Config
	// Guest turns the parts around: muster replicates a session of its own.
	Guest bool

	// Kill and Start are commands that end and start A; Prompt asks a person to
	// do it and returns whether it was done. Without any of them A is left alone.
	Kill, Start string
	Prompt      func(ctx context.Context, what string) (bool, error)
	// StartWait is how long a Tomcat may take to start.
	StartWait time.Duration

	OnStart func(Plan)
	OnStep  func(smoke.Step)

	patience time.Duration // see defaultPatience
	idle     time.Duration // see defaultIdle
}

// The defaults.
const (
	DefaultPause     = 200 * time.Millisecond
	DefaultStartWait = 90 * time.Second
	// defaultPatience is how long a node may take to serve what another one has
	// just changed, beyond the pause.
	defaultPatience = 3 * time.Second
	// defaultIdle is how long S2 is left alone: the two seconds that it may be idle,
	// twice that on a node which is not its own, plus Tomcat's look every second.
	defaultIdle = 6 * time.Second
	// maxTomcats is the most that a run takes.
	maxTomcats = 20
)

// Plan is what a run will do.
type Plan struct {
	smoke.Plan
	// Guest is where muster has joined; nil of a run by HTTP alone.
	Guest *cluster.Node
	Notes []string
}

// Half is the part of a cluster that is broken.
type Half string

// The halves, in the order in which a session passes them.
const (
	NoMembers     Half = "members"     // the Tomcats do not find each other
	NoReplication Half = "replication" // they do, and messages do not get from one to the other
	NotServed     Half = "served"      // they do get there, and the session is not served
)

// Report is the outcome of a run.
type Report struct {
	smoke.Report
	Half     Half // empty where nothing is broken, or it is not a matter of the cluster
	Verdicts []verdict.Verdict
	Skipped  int // steps
}

// ErrSame is a mistake in the choice of the URLs.
var ErrSame = errors.New("two of the URLs are the same Tomcat")

func (c *Config) complete() error {
	least := 2
	if c.Guest {
		least = 1
	}
	if len(c.URLs) < least || len(c.URLs) > maxTomcats {
		return fmt.Errorf("%d Tomcats: want %d to %d", len(c.URLs), least, maxTomcats)
	}
	if c.Guest && c.Cluster == nil {
		return errors.New("a guest has to join the cluster")
	}
	for i, u := range c.URLs {
		for k, other := range c.URLs[:i] {
			if strings.EqualFold(u.Host, other.Host) {
				return fmt.Errorf("%w: %s and %s are both %s", ErrSame, smoke.NodeName(k), smoke.NodeName(i), u.Host)
			}
		}
	}
	if err := c.App.Check(); err != nil {
		return err
	}
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Pause <= 0 {
		c.Pause = DefaultPause
	}
	if c.patience <= 0 {
		c.patience = defaultPatience
	}
	if c.idle <= 0 {
		c.idle = defaultIdle
	}
	if c.StartWait <= 0 {
		c.StartWait = DefaultStartWait
	}
	if c.OnStart == nil {
		c.OnStart = func(Plan) {}
	}
	if c.OnStep == nil {
		c.OnStep = func(smoke.Step) {}
	}
	return nil
}

// ParseURL reads the URL of a page on one Tomcat.
func ParseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q is no URL", s)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("%q: say http://HOST:PORT/PAGE", s)
	case u.Hostname() == "":
		return nil, fmt.Errorf("%q names no host", s)
	case u.Fragment != "":
		return nil, fmt.Errorf("%q: a fragment (#%s) never gets to a server", s, u.Fragment)
	}
	u.Path, _, _ = strings.Cut(u.Path, ";jsessionid=")
	if u.RawPath, _, _ = strings.Cut(u.RawPath, ";jsessionid="); u.Path == "" {
		u.Path = "/"
	}
	return u, nil
}
