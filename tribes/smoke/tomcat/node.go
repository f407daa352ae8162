package tomcat

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"muster/internal/hint"
	"muster/tribes"
	"muster/tribes/smoke"
)

// node is one Tomcat, as HTTP shows it.
type node struct {
	name string
	http *client
	app  *App // how its page is changed and read
	want string

	addrs    []netip.Addr    // of its URL
	id       tribes.UniqueID // as a member; zero until it is known
	contexts []string        // what its messages call the application

	cookie  *http.Cookie // of its first session
	route   string       // its jvmRoute
	context string       // the application's path
	clock   clock
	// noPath: it does not take a session's id from the path.
	noPath bool
	down   bool // killed, and not back
}

func newNode(i int, cfg *Config) *node {
	return &node{name: smoke.NodeName(i), http: newClient(cfg.URLs[i], cfg), want: cfg.Cookie}
}

// life is a session as the driver knows it.
type life struct {
	name string // S0, S1, S2
	id   sessionID
	n    int // the number that must be in it
	// cookie is what its id is called where it was made: a browser takes it to the
	// others under that name. Empty for a session of muster's, which has every name.
	cookie string
}

// outcome is what a request to a session that exists shows.
type outcome struct {
	page
	id    sessionID // under which it is served now
	found bool      // the session is known there
	n     int       // the number in the page
	shown bool      // there was one
}

// open makes a session.
func (t *node) open(ctx context.Context, name string) (*life, page, error) {
	p, err := t.http.get(ctx, visit{})
	t.saw(p)
	if err != nil {
		return nil, p, t.named(err)
	}
	c := sessionCookie(t.want, p.Cookies)
	if c == nil {
		return nil, p, t.named(noCookie(t.want, p.Cookies))
	}
	if t.cookie == nil {
		t.cookie, t.context = c, contextPath(c, t.http.url.Path)
		t.route = sessionID(c.Value).route()
	}
	return &life{name: name, id: sessionID(c.Value), cookie: c.Name}, p, nil
}

func (t *node) saw(p page) {
	if p.Clock.Known && (!t.clock.Known || p.Clock.Slack < t.clock.Slack) {
		t.clock = p.Clock
	}
}

func (t *node) named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s, %s: %w", t.name, t.http.url.Redacted(), err)
}

func noCookie(want string, all []*http.Cookie) error {
	if want == "" {
		want = defaultCookie
	}
	err := unfitf("it keeps no session: no answer sets a cookie %s", want)
	if len(all) > 0 {
		names := ""
		for _, c := range all[:min(len(all), 5)] {
			names += " " + cut(c.Name, 40)
		}
		return hint.Wrap(fmt.Errorf("%w, only%s", err, names), "--cookie-name says what the application calls it (sessionCookieName)")
	}
	return hint.Wrap(err, "name a page that makes one, such as /examples/servlets/servlet/SessionExample")
}

// ask sends the session with a query.
func (t *node) ask(ctx context.Context, s *life, by carrier, query string) (outcome, error) {
	own := defaultCookie
	if t.cookie != nil {
		own = t.cookie.Name
	}
	cookie := s.cookie
	if cookie == "" {
		cookie = own
	}
	p, err := t.http.get(ctx, visit{cookie: cookie, id: string(s.id), by: by, query: query})
	t.saw(p)
	o := outcome{page: p, id: s.id, found: true}
	if err != nil {
		return o, t.named(err)
	}
	if c := sessionCookie(own, p.Cookies); c != nil {
		o.id = sessionID(c.Value)
		o.found = o.id.base() == s.id.base()
	}
	if t.app != nil && t.app.Counter != nil {
		o.n, o.shown = t.app.read(p.Body)
	}
	return o, nil
}

// errLost: a node does not know a session; errBehind: it has an older one.
var (
	errLost   = errors.New("it does not know the session, and made a new one")
	errBehind = errors.New("it serves an older state of the session")
)

// look asks for the session without changing it, where the page can do that,
// and checks its number.
func (t *node) look(ctx context.Context, s *life, by carrier) (outcome, error) {
	o, err := t.ask(ctx, s, by, "")
	if err != nil {
		return o, err
	}
	if t.app != nil && t.app.visits && o.found {
		s.n++
	}
	return o, t.named(t.verify(o, s))
}

// change makes the number one more.
func (t *node) change(ctx context.Context, s *life, by carrier) (outcome, error) {
	query := ""
	if t.app != nil && t.app.Change != "" {
		query = t.app.change(s.n + 1)
	}
	o, err := t.ask(ctx, s, by, query)
	if err != nil {
		return o, err
	}
	if t.app != nil && t.app.counts() && o.found {
		s.n++
	}
	return o, t.named(t.verify(o, s))
}

func (t *node) verify(o outcome, s *life) error {
	switch {
	case !o.found:
		return errLost
	case t.app == nil || !t.app.counts() || s.n == 0:
	case !o.shown:
		return fmt.Errorf("%w: its page shows no number, want %d", errBehind, s.n)
	case o.n != s.n:
		return fmt.Errorf("%w: its number is %d, want %d", errBehind, o.n, s.n)
	}
	return nil
}

// serve reads the session on a node where another one changed it last: it may
// take a moment to get there. tries counts the requests.
func (t *node) serve(ctx context.Context, s *life, by carrier, pause, patience time.Duration) (o outcome, tries int, err error) {
	end := time.Now().Add(patience)
	for {
		if err = sleep(ctx, pause); err != nil {
			return o, tries, err
		}
		tries++
		before := s.n
		o, err = t.look(ctx, s, by)
		again := errors.Is(err, errLost) || errors.Is(err, errBehind) && !t.app.visits
		if !again || time.Now().After(end) {
			return o, tries, err
		}
		s.n = before
		pause = min(2*pause, time.Second)
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
