package interop

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/tomcat"
)

// core are the releases that every run of these tests tries: of each form of
// heartbeats, Java objects and servlets the last.
var core = []string{"6.0.45", "7.0.109", "9.0.113", "11.0.21"}

// couple is two Tomcats of one release that know each other, and a host for muster.
type couple struct {
	t        *testing.T
	lab      *netlab.Lab
	one, two *tomcat.Server
	guest    *netlab.Host
	quiet    int // lines of trouble in their logs before muster came
}

func startCouple(t *testing.T, release string, cfg tomcat.Config) *couple {
	t.Helper()
	lab := netlab.New(t, netlab.Config{Hosts: 3})
	p := &couple{t: t, lab: lab, guest: lab.Host(3)}
	p.one = tomcat.StartRelease(t, lab.Host(1), release, cfg)
	p.two = tomcat.StartRelease(t, lab.Host(2), release, cfg)
	p.one.WaitLog(`memberAdded .*`+logHost(release, 12), 10*time.Second)
	p.quiet = len(p.trouble())
	return p
}

// logHost is how a release writes the host 10.77.0.N, which is nN, into its log.
func logHost(release string, n int) string {
	if release == "6.0.13" || strings.HasPrefix(release, "5.5.") {
		return fmt.Sprintf(`(10\.77\.0\.%d|n%d:4000)`, n, n%10)
	}
	return fmt.Sprintf(`\{10, 77, 0, %d\}`, n)
}

var (
	troubled = regexp.MustCompile(` (SEVERE|WARNING) `)
	// sending is what a Tomcat tells of a message that was under way to a member that
	// leaves, as with any member: the guides say so.
	sending = regexp.MustCompile(`ParallelNioSender doLoop Member send is failing for:\[?tcp://(\{10, 77, 0, 13\}|n3):4000\]?`)
)

// trouble are the lines of both logs that are no mere information, but for a message that
// was under way to the guest when it left.
func (p *couple) trouble() (lines []string) {
	for _, s := range []*tomcat.Server{p.one, p.two} {
		for _, l := range s.Log() {
			if troubled.MatchString(l.Text) && !sending.MatchString(l.Text) {
				lines = append(lines, l.Text)
			}
		}
	}
	return lines
}

// run runs muster to its end, with this exit status and this in its output.
func (p *couple) run(t *testing.T, status int, want string, args ...string) {
	t.Helper()
	m := muster(t, p.guest, args...)
	_, got := m.finish()
	var b strings.Builder
	for _, l := range m.Log() {
		b.WriteString(l.Text + "\n")
	}
	if out := b.String(); got != status || !regexp.MustCompile(want).MatchString(out) {
		t.Errorf("muster %s: exit status %d, want %d, and in its output %q:\n%s", strings.Join(args, " "), got, status, want, out)
	}
}

// generation is the form that a release is shown with.
func generation(release string) string {
	switch {
	case strings.HasPrefix(release, "5.5."):
		return "5.5"
	case strings.HasPrefix(release, "6.0."):
		return "v0"
	}
	return "v1"
}

// smokeFlags are how the application of these Tomcats is changed and read.
var smokeFlags = []string{"--invalidate", "invalidate=1", "--expire", "maxinactive=2", "--change", "set=n={n}", "--counter", `"n":"?(\d+)`}

// Verify that a guest of Tomcats of each generation hears them, is one of theirs,
// gets answers to its questions and messages, gets their sessions and gives them one of
// its own, in both directions, and leaves no line of trouble in their logs.
func TestGenerations(t *testing.T) {
	for _, release := range core {
		t.Run(release, func(t *testing.T) {
			t.Parallel()
			p := startCouple(t, release, tomcat.Config{})
			for _, s := range []*tomcat.Server{p.one, p.two} {
				if _, err := s.Request("set=k=v", ""); err != nil {
					t.Fatal(err)
				}
			}
			both := []string{"--tomcat", p.one.URL(), "--tomcat", p.two.URL()}
			p.run(t, 0, fmt.Sprintf(`"generation":"%s"`, generation(release)), "tribes", "members", "--expect", "2", "--json")
			p.run(t, 0, "(?m)^alive .*acks", "tribes", "probe", "10.77.0.11", "10.77.0.12")
			for _, options := range []string{"2", "4", "6", "8"} {
				p.run(t, 0, "(?m)^(acked|written) ", "tribes", "send", "--all", "--expect", "2", "--options", options, "hello")
			}
			p.run(t, 0, "2 members at the end", "tribes", "join", "--expect", "2", "-d", "4s")
			p.one.WaitLog(`memberAdded .*`+logHost(release, 13), 5*time.Second)
			p.run(t, 0, "2 sessions at the end", "tribes", "sessions", "--fetch", "-d", "5s", "--expect", "2")
			p.run(t, 0, "(?m)^pass: 8 steps", append(append([]string{"smoke"}, both...), smokeFlags...)...)
			p.run(t, 0, "(?m)^pass: 7 steps", append(append([]string{"smoke", "--guest"}, both...), smokeFlags...)...)
			p.one.WaitLog(`memberDisappeared .*`+logHost(release, 13), 5*time.Second)
			if after := p.trouble(); len(after) != p.quiet {
				t.Errorf("the Tomcats logged\n%s", strings.Join(after, "\n"))
			}
		})
	}
}

// Verify that beside two Tomcats 5.5 muster listens and sends nothing: one that is
// killed starts again beside it as quickly as ever, and gets its sessions.
func TestTomcat55IsLeftAlone(t *testing.T) {
	t.Parallel()
	p := startCouple(t, "5.5.15", tomcat.Config{})
	p.run(t, 0, `"generation":"5.5"`, "tribes", "members", "--expect", "2", "--json")
	p.run(t, 3, "a Tomcat 5.5 is heard", "tribes", "join", "-d", "3s")
	p.run(t, 0, "a Tomcat 5.5, whose port takes connections", "tribes", "probe", "10.77.0.11")
	p.run(t, 1, "nothing was sent", "tribes", "send", "--all", "--expect", "2", "hello")

	s, err := p.one.Request("set=k=v", "")
	if err != nil {
		t.Fatal(err)
	}
	watching := muster(t, p.guest, "tribes", "members", "--follow", "--json", "-d", "2m")
	sniffing := muster(t, p.guest, "sniff", "--summary", "-i", "eth0", "-d", "2m")
	p.two.Kill()
	// Before it has noticed, a 5.5 answers a question for its state over the connection to
	// the killed one, and the answer is lost.
	p.one.WaitLog(`(?i)member disappeared`, 20*time.Second)
	began := time.Now()
	p.two = tomcat.StartRelease(t, p.lab.Host(2), "5.5.15", tomcat.Config{})
	// A state that is not asked for, or not answered, costs it 60 s.
	if took := time.Since(began); took > 45*time.Second {
		t.Errorf("it took %v to start beside muster", took)
	}
	if got, err := p.two.Request("new=0", s.ID); err != nil || got.Attributes["k"] != "v" {
		t.Errorf("after its start it has %+v, %v", got, err)
	}
	p.run(t, 0, "by HTTP alone", append([]string{"smoke", "--tomcat", p.one.URL(), "--tomcat", p.two.URL()}, smokeFlags...)...)
	for _, m := range []*program{watching, sniffing} {
		m.Stop()
	}
	received := slices.ContainsFunc(p.trouble(), func(l string) bool { return strings.Contains(l, "McastService") })
	if received {
		t.Errorf("a receiver of heartbeats was troubled:\n%s", strings.Join(p.trouble(), "\n"))
	}
}

// Verify that a guest of one of two Tomcats passes each time: it waits for the Tomcat of
// the URL, whoever is heard first.
func TestGuestOfOneOfTwo(t *testing.T) {
	t.Parallel()
	p := startCouple(t, "11.0.21", tomcat.Config{})
	runs := 3
	if *whole {
		runs = 50
	}
	for i := range runs {
		began := time.Now()
		p.run(t, 0, "(?m)^pass: [67] steps", append([]string{"smoke", "--guest", "--tomcat", p.one.URL()}, smokeFlags...)...)
		t.Logf("run %d of %d in %v", i+1, runs, time.Since(began).Round(time.Millisecond))
	}
}
