package tomcat

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"muster/internal/hint"
	"muster/tribes/smoke"
)

func stepOf(t *testing.T, rep Report, n int) smoke.Step {
	t.Helper()
	if n > len(rep.Steps) {
		t.Fatalf("only %d steps: %v", len(rep.Steps), rep.Failed)
	}
	return rep.Steps[n-1]
}

// By HTTP alone, with a page that shows attributes: what it can do is done, the
// rest says why not.
func TestRunByHTTP(t *testing.T) {
	_, urls := fakes(t, 3, attributesPage)
	rep, err := Run(context.Background(), quick(urls))
	if err != nil || rep.Failed != nil {
		t.Fatalf("%v, %+v", err, rep.Failed)
	}
	if got := stepOf(t, rep, 1).Detail["page"]; got != sessionExample().name {
		t.Errorf("page: %v", got)
	}
	if got := stepOf(t, rep, 5).Detail["counter"]; got != 3 {
		t.Errorf("the counter is %v after A, B and C", got)
	}
	if got := stepOf(t, rep, 6).Detail["counter"]; got != 4 {
		t.Errorf("the counter is %v after A again", got)
	}
	for _, n := range []int{2, 4, 7, 9} {
		if stepOf(t, rep, n).Skipped == "" {
			t.Errorf("step %d was not skipped", n)
		}
	}
	if rep.Skipped != 4 {
		t.Errorf("%d steps skipped", rep.Skipped)
	}
}

func TestCounterIsFound(t *testing.T) {
	_, urls := fakes(t, 2, visitsPage)
	rep, err := Run(context.Background(), quick(urls))
	if err != nil || rep.Failed != nil {
		t.Fatalf("%v, %+v", err, rep.Failed)
	}
	if got := stepOf(t, rep, 1).Detail["page"]; got != "a page with a counter" {
		t.Errorf("page: %v", got)
	}
	// Made and changed: 2 visits; B serves, changes and takes it by its path: 5.
	if got := stepOf(t, rep, 5).Detail["counter"]; got != 5 {
		t.Errorf("the counter is %v", got)
	}
}

// A page that keeps a session and shows nothing of it: the id is what is checked.
func TestPageWithoutCounter(t *testing.T) {
	all, urls := fakes(t, 2, plainPage)
	cfg := quick(urls)
	cfg.App.Invalidate = "invalidate=1"
	rep, err := Run(context.Background(), cfg)
	if err != nil || rep.Failed != nil {
		t.Fatalf("%v, %+v", err, rep.Failed)
	}
	if _, counted := stepOf(t, rep, 5).Detail["counter"]; counted {
		t.Error("a counter, from where?")
	}
	all[1].sessions = newSessions() // nothing is replicated any more
	if rep, err = Run(context.Background(), cfg); err != nil || rep.Failed == nil || rep.Failed.Number != 5 || !errors.Is(rep.Failed.Err, errLost) {
		t.Errorf("%v, %+v", err, rep.Failed)
	}
	if rep.Half != "" || len(rep.Verdicts) != 1 || rep.Verdicts[0].Status != "unknown" {
		t.Errorf("by HTTP alone: half %q, %+v", rep.Half, rep.Verdicts)
	}
}

func TestKillAndStart(t *testing.T) {
	all, urls := fakes(t, 2, attributesPage)
	cfg := quick(urls)
	cfg.App = sessionExample()
	cfg.App.Invalidate, cfg.App.Expire = "invalidate=1", "invalidate=1"
	var down atomic.Bool
	all[0].wrong = func(w http.ResponseWriter, _ *http.Request) bool {
		if down.Load() {
			conn, _, _ := w.(http.Hijacker).Hijack()
			conn.Close()
		}
		return down.Load()
	}
	var asked []string
	cfg.Prompt = func(_ context.Context, what string) (bool, error) {
		asked = append(asked, what)
		down.Store(strings.HasPrefix(what, "kill"))
		return true, nil
	}
	rep, err := Run(context.Background(), cfg)
	if err != nil || rep.Failed != nil {
		t.Fatalf("%v, %+v", err, rep.Failed)
	}
	if len(asked) != 2 || rep.Skipped != 1 || stepOf(t, rep, 6).Detail["counter"] != 3 {
		t.Errorf("asked %q, skipped %d, %v", asked, rep.Skipped, stepOf(t, rep, 6).Detail)
	}
}

// A that stays down leaves the steps that need it out; B serves and makes.
func TestKilledForGood(t *testing.T) {
	all, urls := fakes(t, 2, attributesPage)
	cfg := quick(urls)
	var down atomic.Bool
	all[0].wrong = func(w http.ResponseWriter, _ *http.Request) bool {
		if down.Load() {
			conn, _, _ := w.(http.Hijacker).Hijack()
			conn.Close()
		}
		return down.Load()
	}
	calls := 0
	cfg.Prompt = func(context.Context, string) (bool, error) {
		calls++
		down.Store(true)
		return calls == 1, nil
	}
	rep, err := Run(context.Background(), cfg)
	if err != nil || rep.Failed != nil {
		t.Fatalf("%v, %+v", err, rep.Failed)
	}
	for n, want := range map[int]bool{4: false, 5: false, 6: true, 7: true, 8: false, 9: true} {
		if got := stepOf(t, rep, n).Skipped != ""; got != want {
			t.Errorf("step %d skipped: %v", n, got)
		}
	}
}

func TestRoutes(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"n1", "n1", "both have"}, {"n1", "", "B has none"}, {"", "n2", "A has none"}, {"", "", ""},
	} {
		all, urls := fakes(t, 2, attributesPage)
		all[0].route, all[1].route = c.a, c.b
		rep, err := Run(context.Background(), quick(urls))
		if err != nil {
			t.Fatal(err)
		}
		if c.want == "" {
			if rep.Failed != nil {
				t.Errorf("%q %q: %v", c.a, c.b, rep.Failed.Err)
			}
			continue
		}
		if rep.Failed == nil || rep.Half != NotServed || !strings.Contains(rep.Failed.Err.Error(), c.want) {
			t.Errorf("%q %q: half %q, %+v", c.a, c.b, rep.Half, rep.Failed)
		}
	}
}

// A browser takes the id to B in the cookie that A has set.
func TestCookiesOfOtherNames(t *testing.T) {
	all, urls := fakes(t, 2, attributesPage)
	all[1].cookie = "SID"
	rep, err := Run(context.Background(), quick(urls))
	if err != nil || rep.Failed == nil || !errors.Is(rep.Failed.Err, errLost) {
		t.Fatalf("%v, %+v", err, rep.Failed)
	}
	for _, f := range all {
		f.cookie = "SID"
	}
	if rep, err = Run(context.Background(), quick(urls)); err != nil || rep.Failed != nil {
		t.Errorf("both SID: %v, %+v", err, rep.Failed)
	}
}

func TestNoPathParameter(t *testing.T) {
	all, urls := fakes(t, 2, attributesPage)
	all[1].noPath = true
	rep, err := Run(context.Background(), quick(urls))
	if err != nil || rep.Failed != nil {
		t.Fatalf("%v, %+v", err, rep.Failed)
	}
	if got := stepOf(t, rep, 1).Detail["path_parameter"]; got != "yes no" {
		t.Errorf("path parameter: %v", got)
	}
}

// What is no page of a Tomcat's is said in clear words, with what to do.
func TestBadPages(t *testing.T) {
	answer := func(status int, header, value, body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			if header != "" {
				w.Header().Set(header, value)
			}
			w.WriteHeader(status)
			w.Write([]byte(body))
			return true
		}
	}
	for _, c := range []struct {
		name  string
		wrong func(http.ResponseWriter, *http.Request) bool
		want  string
		hint  bool
	}{
		{"no cookie", answer(200, "", "", "hello"), "keeps no session: no answer sets a cookie JSESSIONID", true},
		{"other cookies", answer(200, "Set-Cookie", "lang=en", ""), "only lang", true},
		{"401", answer(401, "", "", ""), "asks for a password", true},
		{"403", answer(403, "", "", ""), "refuses us (403)", true},
		{"404", answer(404, "", "", ""), "no such page (404)", true},
		{"418", answer(418, "", "", ""), "status 418", false},
		{"500", answer(500, "", "", "trace"), "the application failed (500", true},
		{"503", answer(503, "", "", ""), "not available (503)", true},
		{"login", answer(200, "", "", `<form action="j_security_check">`), "login page", true},
		{"another server", answer(302, "Location", "http://192.0.2.1/", ""), "redirects to another server, http://192.0.2.1/", true},
		{"redirects for ever", answer(302, "Location", "/again", ""), "more than 5 redirects", false},
		{"to no URL", answer(302, "Location", "http://[", ""), "Location", false},
		{"broken off", func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Length", "100")
			w.Write([]byte("x"))
			return true
		}, "broke off after 1 bytes", false},
		{"slow", func(w http.ResponseWriter, r *http.Request) bool {
			w.Write([]byte("x"))
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			return true
		}, "no whole answer within", true},
		{"no HTTP", func(w http.ResponseWriter, _ *http.Request) bool {
			conn, _, _ := w.(http.Hijacker).Hijack()
			conn.Write([]byte("SSH-2.0-OpenSSH\r\n"))
			conn.Close()
			return true
		}, "does not speak HTTP", true},
		{"forgets", func(w http.ResponseWriter, _ *http.Request) bool {
			http.SetCookie(w, &http.Cookie{Name: defaultCookie, Value: time.Now().Format("150405.000000000")[7:] + "00ABCDEF"})
			return true
		}, "forgets its own session", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			all, urls := fakes(t, 2, attributesPage)
			all[0].wrong = c.wrong
			cfg := quick(urls)
			if c.name == "slow" {
				cfg.Timeout = 100 * time.Millisecond
			}
			rep, err := Run(context.Background(), cfg)
			if err != nil || rep.Failed == nil || rep.Failed.Number != 1 {
				t.Fatalf("%v, %+v", err, rep.Failed)
			}
			if text := rep.Failed.Err.Error(); !strings.Contains(text, c.want) || !strings.Contains(text, "A, http") {
				t.Errorf("it says %q", text)
			}
			if got := len(hint.Of(rep.Failed.Err)) > 0; got != c.hint {
				t.Errorf("hint: %v", got)
			}
			if rep.Half != "" {
				t.Errorf("half %q", rep.Half)
			}
			failed := slices.Contains([]string{"500", "503", "slow", "broken off", "forgets", "to no URL"}, c.name)
			if unfit := errors.Is(rep.Failed.Err, ErrPage); unfit == failed {
				t.Errorf("a page that is unfit: %v", unfit)
			}
		})
	}
}

func TestLoginByRedirect(t *testing.T) {
	all, urls := fakes(t, 2, attributesPage)
	all[0].wrong = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/app/login") {
			return false
		}
		http.Redirect(w, r, "/app/login?next=page", http.StatusFound)
		return true
	}
	rep, err := Run(context.Background(), quick(urls))
	if err != nil || rep.Failed == nil || !strings.Contains(rep.Failed.Err.Error(), "sends us to a login page") {
		t.Errorf("%v, %+v", err, rep.Failed)
	}
}

// A redirect that sets the cookie, as /app to /app/ does, is followed with it.
func TestRedirectWithCookie(t *testing.T) {
	all, urls := fakes(t, 2, attributesPage)
	for _, f := range all {
		f.wrong = func(w http.ResponseWriter, r *http.Request) bool {
			if strings.HasPrefix(r.URL.Path, "/app/page") {
				http.Redirect(w, r, strings.Replace(r.URL.String(), "/app/page", "/app/other", 1), http.StatusFound)
				return true
			}
			return false
		}
	}
	rep, err := Run(context.Background(), quick(urls))
	if err != nil || rep.Failed != nil {
		t.Errorf("%v, %+v", err, rep.Failed)
	}
}

func TestHugePage(t *testing.T) {
	_, urls := fakes(t, 2, func(f *fake, a map[string]string, r *http.Request) string {
		return attributesPage(f, a, r) + strings.Repeat("x", 3*maxBody)
	})
	rep, err := Run(context.Background(), quick(urls))
	if err != nil || rep.Failed != nil {
		t.Errorf("%v, %+v", err, rep.Failed)
	}
}

func TestTLS(t *testing.T) {
	shared := newSessions()
	cfg := quick(nil)
	for range 2 {
		s := httptest.NewUnstartedServer(&fake{sessions: shared, cookie: defaultCookie, page: attributesPage})
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
		t.Cleanup(s.Close)
		u, err := ParseURL(s.URL + "/app/page")
		if err != nil {
			t.Fatal(err)
		}
		cfg.URLs = append(cfg.URLs, u)
	}
	rep, err := Run(context.Background(), cfg)
	if err != nil || rep.Failed == nil || !strings.Contains(rep.Failed.Err.Error(), "certificate does not hold") {
		t.Errorf("%v, %+v", err, rep.Failed)
	}
	cfg.Insecure = true
	if rep, err = Run(context.Background(), cfg); err != nil || rep.Failed != nil {
		t.Errorf("%v, %+v", err, rep.Failed)
	}
	cfg.URLs[0].Scheme = "http"
	if rep, err = Run(context.Background(), cfg); err != nil || rep.Failed == nil || !strings.Contains(rep.Failed.Err.Error(), "400") {
		t.Errorf("http to TLS: %v, %+v", err, rep.Failed)
	}
}

func TestSameTomcat(t *testing.T) {
	_, urls := fakes(t, 1, attributesPage)
	twice := *urls[0]
	twice.Host = "localhost:" + urls[0].Port()
	for _, other := range []string{urls[0].String(), twice.String()} {
		u, _ := ParseURL(other)
		if _, err := Run(context.Background(), quick(append(urls[:1:1], u))); !errors.Is(err, ErrSame) {
			t.Errorf("%s twice: %v", other, err)
		}
	}
}

func TestParseURL(t *testing.T) {
	for in, want := range map[string]string{
		"http://a:8080/x/y;jsessionid=AB.n1?q=1": "http://a:8080/x/y?q=1",
		"https://a":                              "https://a/",
	} {
		if u, err := ParseURL(in); err != nil || u.String() != want {
			t.Errorf("%s: %v, %v", in, u, err)
		}
	}
	for _, bad := range []string{"", "a:8080/x", "ftp://a/x", "http://", "http:///x", "http://a/#x", "http://a\x00/"} {
		if u, err := ParseURL(bad); err == nil {
			t.Errorf("%q is %v", bad, u)
		}
	}
}

func TestAppCheck(t *testing.T) {
	for _, a := range []App{{Counter: regexp.MustCompile(`\d+`)}, {Change: "n={n}"}} {
		if a.Check() == nil {
			t.Errorf("%+v is taken", a)
		}
	}
}

func TestExpand(t *testing.T) {
	u, _ := ParseURL("http://user:p$(x)@tomcat.example/app")
	c := newClient(u, &Config{})
	if got, want := expand("ssh {host} kill {node} {port} {url}", 0, c), "ssh tomcat.example kill A 80 'http://user:p$%28x%29@tomcat.example/app'"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestExecute(t *testing.T) {
	if err := execute(context.Background(), "echo so much for that >&2; exit 7"); err == nil || !strings.Contains(err.Error(), "so much for that") {
		t.Errorf("%v", err)
	}
	began := time.Now()
	if err := execute(context.Background(), "sleep 5 &"); err != nil || time.Since(began) > 30*time.Second {
		t.Errorf("one that leaves something behind: %v after %s", err, time.Since(began))
	}
}
