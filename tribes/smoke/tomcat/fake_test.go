package tomcat

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// sessions are those of a cluster of fake Tomcats, by their base. A cluster that
// replicates shares one.
type sessions struct {
	mu  sync.Mutex
	all map[string]map[string]string
}

func newSessions() *sessions { return &sessions{all: map[string]map[string]string{}} }

// fake is one Tomcat with a page that keeps a session.
type fake struct {
	*sessions
	route  string
	cookie string
	noPath bool // it takes no id from the path
	page   func(f *fake, attributes map[string]string, r *http.Request) string
	wrong  func(w http.ResponseWriter, r *http.Request) bool // answers instead
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.wrong != nil && f.wrong(w, r) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	id := ""
	if c, err := r.Cookie(f.cookie); err == nil {
		id = c.Value
	} else if _, p, ok := strings.Cut(r.URL.Path, ";jsessionid="); ok && !f.noPath {
		id = p
	}
	base := sessionID(id).base()
	set := ""
	switch {
	case f.all[base] == nil:
		base = fmt.Sprintf("%016X%016X", rand.Uint64(), rand.Uint64())
		f.all[base] = map[string]string{}
		set = base
	case f.route != "" && sessionID(id).route() != f.route:
		set = base // JvmRouteBinderValve
	}
	if set != "" {
		if f.route != "" {
			set += "." + f.route
		}
		http.SetCookie(w, &http.Cookie{Name: f.cookie, Value: set, Path: "/app", HttpOnly: true})
	}
	fmt.Fprint(w, f.page(f, f.all[base], r))
	if r.URL.Query().Get("invalidate") != "" {
		delete(f.all, base)
	}
}

// attributesPage shows attributes and sets one, as Tomcat's SessionExample.
func attributesPage(_ *fake, a map[string]string, r *http.Request) string {
	if q := r.URL.Query(); q.Get("dataname") != "" {
		a[q.Get("dataname")] = q.Get("datavalue")
	}
	page := "<html><form><input name=dataname><input name=datavalue></form>\n"
	for name, value := range a {
		page += name + " = " + value + "<br>\n"
	}
	return page
}

// visitsPage counts the requests of a session, and shows other numbers too.
func visitsPage(f *fake, a map[string]string, _ *http.Request) string {
	n, _ := strconv.Atoi(a["visits"])
	a["visits"] = strconv.Itoa(n + 1)
	return fmt.Sprintf("<p>node %s, 12 things, at %d</p>\n<p>You were here %d times</p>", f.route, time.Now().UnixNano(), n+1)
}

func plainPage(*fake, map[string]string, *http.Request) string { return "hello" }

// cluster starts n fakes that share their sessions.
func fakes(t *testing.T, n int, page func(*fake, map[string]string, *http.Request) string) (all []*fake, urls []*url.URL) {
	t.Helper()
	shared := newSessions()
	for i := range n {
		f := &fake{sessions: shared, route: fmt.Sprintf("n%d", i+1), cookie: defaultCookie, page: page}
		s := httptest.NewServer(f)
		t.Cleanup(s.Close)
		u, err := ParseURL(s.URL + "/app/page")
		if err != nil {
			t.Fatal(err)
		}
		all, urls = append(all, f), append(urls, u)
	}
	return all, urls
}

func quick(urls []*url.URL) Config {
	return Config{URLs: urls, Pause: time.Millisecond, Timeout: 5 * time.Second, patience: 200 * time.Millisecond, idle: time.Millisecond}
}
