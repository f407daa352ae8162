package tomcat

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"muster/internal/hint"
	"muster/internal/lazyregexp"
)

// The bounds of one answer. A page that keeps a session is small; of a larger
// one its beginning is enough.
const (
	maxBody      = 1 << 20
	maxRedirects = 5
	// DefaultTimeout is for one request, redirects and the whole body included.
	DefaultTimeout = 10 * time.Second
)

// client asks one Tomcat. Each request has a connection of its own, so that a
// node that was killed is not asked over one that hangs.
type client struct {
	http   *http.Client
	url    *url.URL
	header http.Header
}

func newClient(u *url.URL, cfg *Config) *client {
	t := &http.Transport{
		Proxy:             nil, // the node itself is asked, whatever the environment says
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: cfg.Insecure}, //nolint:gosec // asked for by name
		// A Tomcat without HTTP answers with something else; see words.
		MaxResponseHeaderBytes: 256 << 10,
	}
	return &client{
		url: u, header: cfg.Header,
		http: &http.Client{
			Transport: t, Timeout: cfg.Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// port is where the Tomcat is asked.
func (c *client) port() string {
	if p := c.url.Port(); p != "" {
		return p
	}
	return map[string]string{"http": "80", "https": "443"}[c.url.Scheme]
}

// page is the answer to one request, the last one after redirects.
type page struct {
	Status  int
	Body    string
	Cut     bool           // the body was longer than maxBody
	Server  string         // what the header of that name says
	Cookies []*http.Cookie // set by any answer on the way, in order
	Clock   clock
	Took    time.Duration
}

// clock is what the Date of an answer tells of its node's clock: how far ahead
// of ours it is, plus or minus Slack (Date has whole seconds).
type clock struct {
	Known bool
	Ahead time.Duration
	Slack time.Duration
}

// How a session's id travels.
type carrier int

const (
	byCookie carrier = iota
	byPath           // ;jsessionid=ID behind the path
)

func (c carrier) String() string {
	if c == byPath {
		return "path parameter"
	}
	return "cookie"
}

// visit is one request: which session, if any, and what is added to the query.
type visit struct {
	cookie, id string
	by         carrier
	query      string
}

// get sends one request and follows redirects on the same server.
func (c *client) get(ctx context.Context, v visit) (page, error) {
	var p page
	began := time.Now()
	at := *c.url
	if v.query != "" {
		at.RawQuery = strings.TrimPrefix(at.RawQuery+"&"+v.query, "&")
	}
	if v.id != "" && v.by == byPath {
		at.Path += ";" + pathParameter(v.cookie) + "=" + v.id
		if at.RawPath != "" {
			at.RawPath += ";" + pathParameter(v.cookie) + "=" + v.id
		}
	}
	for hop := 0; ; hop++ {
		next, err := c.once(ctx, &at, v, &p)
		if err != nil {
			return p, c.words(err)
		}
		if next == "" {
			p.Took = time.Since(began)
			return p, c.judge(&p, &at)
		}
		if hop == maxRedirects {
			return p, unfitf("more than %d redirects, the last one to %s", maxRedirects, next)
		}
		to, err := at.Parse(next)
		if err != nil {
			return p, err
		}
		if to.Scheme != at.Scheme || to.Host != at.Host {
			return p, hint.Wrap(unfitf("it redirects to another server, %s", cut(to.Redacted(), 200)),
				"name the page that keeps the session itself, on the node and not on a balancer")
		}
		at = *to
	}
}

// once sends a single request; next is where it redirects to.
func (c *client) once(ctx context.Context, at *url.URL, v visit, p *page) (next string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return "", err
	}
	for name, values := range c.header {
		req.Header[name] = values
		if name == "Host" {
			req.Host = values[0]
		}
	}
	req.Header.Set("User-Agent", "muster-smoke")
	id := v.id
	if v.by == byPath {
		id = ""
	}
	for _, set := range p.Cookies { // a redirect may have set one
		if set.Name == v.cookie && v.by == byCookie {
			id = set.Value
		}
	}
	if id != "" {
		req.AddCookie(&http.Cookie{Name: v.cookie, Value: id})
	}
	sent := time.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	p.Clock = readClock(resp.Header.Get("Date"), sent, time.Now())
	p.Status, p.Server = resp.StatusCode, resp.Header.Get("Server")
	p.Cookies = append(p.Cookies, resp.Cookies()...)
	if location := resp.Header.Get("Location"); resp.StatusCode/100 == 3 && location != "" {
		return location, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return "", fmt.Errorf("its answer broke off after %d bytes: %w", len(body), err)
	}
	p.Cut = len(body) > maxBody
	p.Body = string(body[:min(len(body), maxBody)])
	return "", nil
}

func readClock(date string, sent, got time.Time) clock {
	t, err := http.ParseTime(date)
	if err != nil {
		return clock{}
	}
	// Date is cut to seconds: half a second later on average.
	middle := sent.Add(got.Sub(sent) / 2)
	return clock{
		Known: true, Ahead: t.Add(500 * time.Millisecond).Sub(middle).Round(time.Millisecond),
		Slack: got.Sub(sent)/2 + 500*time.Millisecond,
	}
}

// ErrPage: the page is none that a session could be tested with, so that nothing
// is known of the cluster.
var ErrPage = errors.New("no page to test a session with")

// unfit marks an error as one of the page.
type unfit struct{ error }

func (e unfit) Unwrap() []error { return []error{e.error, ErrPage} }

func unfitf(format string, args ...any) error { return unfit{fmt.Errorf(format, args...)} }

// login is what pages that ask who one is have in their paths and forms.
var login = lazyregexp.New(`(?i)j_security_check|/(login|signin|sign-in|logon|sso|saml|oauth2?)\b`)

// judge turns an answer that is no page into an error.
func (c *client) judge(p *page, at *url.URL) error {
	switch {
	case p.Status == http.StatusUnauthorized:
		return hint.Wrap(unfitf("it asks for a password (401)"),
			"--header 'Authorization: ...' gives one, or name a page that needs none")
	case p.Status == http.StatusForbidden:
		return hint.Wrap(unfitf("it refuses us (403)"),
			"the packaged examples answer only to 127.0.0.1: see the RemoteCIDRValve in examples/META-INF/context.xml")
	case p.Status == http.StatusNotFound:
		return hint.Wrap(unfitf("it has no such page (404): %s", at.Redacted()),
			"name a page that keeps a session, such as /examples/servlets/servlet/SessionExample")
	case p.Status == http.StatusServiceUnavailable:
		return hint.Wrap(errors.New("the application is not available (503)"), "its Tomcat's log says why it did not start")
	case p.Status/100 == 5:
		return hint.Wrap(fmt.Errorf("the application failed (%d %s)", p.Status, http.StatusText(p.Status)), "its Tomcat's log has the exception")
	case p.Status/100 != 2:
		return unfitf("it answers with status %d %s", p.Status, http.StatusText(p.Status))
	case login().MatchString(at.Path) && at.Path != c.url.Path, strings.Contains(p.Body, "j_security_check"):
		return hint.Wrap(unfitf("it sends us to a login page, %s", at.Redacted()),
			"name a page that keeps a session without a login, or give the login's own with --header")
	}
	return nil
}

// words says what happened without the method and the URL that net/http puts
// before it, and what can be done.
func (c *client) words(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var unknown *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &unknown):
		return hint.Wrap(unfitf("its certificate does not hold: %w", unknown.Err), "--insecure takes it as it is")
	case errors.As(err, &record), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return hint.Wrap(unfitf("it does not speak TLS"), "say http:// instead of https://")
	case strings.Contains(err.Error(), "malformed HTTP"):
		return hint.Wrap(unfitf("it does not speak HTTP"), "name the port of its HTTP connector (8080), not the one of the cluster or of AJP")
	case errors.As(err, &timeout) && timeout.Timeout():
		return hint.Wrap(fmt.Errorf("no whole answer within %s", c.http.Timeout), "--timeout allows more")
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return fmt.Errorf("connect to %s: %w", c.url.Host, op.Err)
	}
	return err
}

// cut shortens text from the network.
func cut(s string, most int) string {
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}
