package tomcat

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/internal/netlab"
)

// Server is a Tomcat 10.1 in a cluster, with one application at /lab.
type Server struct {
	*netlab.Process
	tb   netlab.TB
	host *netlab.Host
	cfg  Config
	http *http.Client
	base string // CATALINA_BASE
}

// ServerXML is the configuration that it was started with.
func (s *Server) ServerXML() string { return filepath.Join(s.base, "conf", "server.xml") }

// Start starts a Tomcat on the host and waits until it serves, about 3 s.
func Start(tb netlab.TB, h *netlab.Host, cfg Config) *Server {
	tb.Helper()
	s := Launch(tb, h, cfg)
	s.WaitUp()
	return s
}

// Launch starts a Tomcat and does not wait, for a test of the start itself.
func Launch(tb netlab.TB, h *netlab.Host, cfg Config) *Server {
	tb.Helper()
	if testing.Short() {
		tb.Skipf("tomcat: -short, and a real one takes seconds")
	}
	if m := Missing(); m != "" {
		tb.Skipf("tomcat: %s", m)
	}
	cfg = cfg.withDefaults(h)
	base, err := os.MkdirTemp(h.Dir(), "tomcat")
	if err == nil {
		err = cfg.write(base, h)
	}
	if err != nil {
		tb.Fatalf("tomcat: %v", err)
	}
	args := append(jvm(), cfg.JVM...)
	args = append(args,
		"-Dlab.node="+h.Name(),
		"-Djava.util.logging.config.file="+filepath.Join(base, "conf", "logging.properties"),
		"-Djava.util.logging.manager=org.apache.juli.ClassLoaderLogManager",
		"--add-opens=java.base/java.lang=ALL-UNNAMED", "--add-opens=java.base/java.io=ALL-UNNAMED",
		"--add-opens=java.base/java.util=ALL-UNNAMED", "--add-opens=java.rmi/sun.rmi.transport=ALL-UNNAMED",
		"-classpath", home+"/bin/bootstrap.jar:"+home+"/bin/tomcat-juli.jar",
		"-Dcatalina.base="+base, "-Dcatalina.home="+home, "-Djava.io.tmpdir="+filepath.Join(base, "temp"),
		"org.apache.catalina.startup.Bootstrap", "start")
	program, env := "java", cfg.Env
	if cfg.ClockAhead != 0 {
		env = append(env[:len(env):len(env)], "LD_PRELOAD="+wrongClock(tb, h), fmt.Sprintf("CLOCK_AHEAD=%d", int(cfg.ClockAhead.Seconds())))
	}
	if len(env) > 0 {
		args = append(append(env[:len(env):len(env)], "java"), args...)
		program = "env"
	}
	return &Server{Process: h.Launch(tb, program, args...), tb: tb, host: h, cfg: cfg, http: h.HTTP(), base: base}
}

// jvm are the options for a quick start and a small footprint. Without container
// support, since a host's /sys shows no control groups.
func jvm() []string {
	return []string{
		"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-XX:-UseContainerSupport",
		"-Xmx256m", "-Duser.timezone=UTC", "-Djava.security.egd=file:/dev/urandom",
	}
}

// WaitUp waits until the application answers.
func (s *Server) WaitUp() {
	s.tb.Helper()
	end := time.Now().Add(s.cfg.Wait)
	for {
		_, err := s.Request("new=0", "")
		if err == nil {
			return
		}
		select {
		case <-s.Ended():
			s.tb.Fatalf("the Tomcat on %s ended while starting\n%s", s.host.Name(), s.Tail())
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(end) {
			s.tb.Fatalf("the Tomcat on %s does not answer after %v: %v\n%s", s.host.Name(), s.cfg.Wait, err, s.Tail())
		}
	}
}

// Outcome waits for the end of a start, for a test of a configuration that may be
// wrong: up is true when Tomcat says that it has started, ended when its process
// is gone; neither, when it says nothing within that time.
func (s *Server) Outcome(within time.Duration) (up, ended bool) {
	deadline := time.After(within)
	for {
		if s.Count("Server startup in") > 0 {
			return true, false
		}
		select {
		case <-s.Ended():
			return s.Count("Server startup in") > 0, true
		case <-deadline:
			return false, false
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// URL is the application's address for clients on a host of the lab.
func (s *Server) URL() string {
	return fmt.Sprintf("http://%s/lab", netip.AddrPortFrom(s.host.Addr(), uint16(s.cfg.HTTPPort)))
}

// Session is the application's answer.
type Session struct {
	Node        string         `json:"node"`
	Requested   string         `json:"requested"` // the id that the request came with
	ID          string         `json:"id"`        // of the session that served it; empty without one
	New         bool           `json:"new"`
	CreatedMS   int64          `json:"created"`
	MaxInactive int            `json:"maxinactive"` // seconds
	Invalidated bool           `json:"invalidated"`
	Attributes  map[string]any `json:"attrs"`
}

// Request asks the application, from the Tomcat's own host, with the session id
// where it is not empty. The query is any of set=K=V, incr=K, del=K, blob=K=BYTES,
// get=K, maxinactive=SECONDS, invalidate=1, sleep=MS, new=0 (make no session).
func (s *Server) Request(query, session string) (Session, error) {
	var answer Session
	err := s.get(s.URL()+"?"+query, session, &answer)
	return answer, err
}

// Holds says whether the Tomcat's manager holds a session, and an attribute of it
// as text, empty if there is none. Unlike Request it neither uses the session nor
// moves it to this node.
func (s *Server) Holds(session, attribute string) (value string, held bool) {
	s.tb.Helper()
	var answer struct {
		Held  bool   `json:"held"`
		Value string `json:"value"`
	}
	page := strings.TrimSuffix(s.URL(), "lab") + "holds.jsp?" + url.Values{"id": {session}, "name": {attribute}}.Encode()
	if err := s.get(page, "", &answer); err != nil {
		s.tb.Fatalf("asking the Tomcat on %s for a session: %v", s.host.Name(), err)
	}
	return answer.Value, answer.Held
}

// Members are those that the Tomcat itself lists, it not among them; local is what
// it says of itself.
func (s *Server) Members() (members []Member, local Member) {
	s.tb.Helper()
	var answer struct {
		Members []Member `json:"members"`
		Local   Member   `json:"local"`
	}
	if err := s.get(strings.TrimSuffix(s.URL(), "lab")+"members.jsp", "", &answer); err != nil {
		s.tb.Fatalf("asking the Tomcat on %s for its members: %v", s.host.Name(), err)
	}
	return answer.Members, answer.Local
}

func (s *Server) get(url, session string, answer any) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	if session != "" {
		req.AddCookie(&http.Cookie{Name: "JSESSIONID", Value: session})
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", req.URL, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(answer)
}
