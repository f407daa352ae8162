package tomcat

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/maven"
	"muster/tribes"
)

// Started is what a Tomcat did with a server.xml.
type Started struct {
	// Served: the application answered. Hangs: the start did not end in time.
	Served, Hangs bool
	// Heartbeat: one of the Tomcat's was seen on another host, that answers at the
	// address in it (Reached) or does not.
	Heartbeat, Reached bool
	// Complaints are the lines of its log above information, and the exceptions behind
	// them without their stacks.
	Complaints []string
}

func (s Started) String() string {
	switch {
	case s.Hangs:
		return "hangs"
	case !s.Served:
		return "does not start"
	case !s.Heartbeat:
		return "no heartbeat"
	case !s.Reached:
		return "not reached"
	}
	return "member"
}

const (
	// startTime is more than any start takes, but for one that waits for a state.
	startTime = 90 * time.Second
	// heardTime is a few heartbeats.
	heardTime = 2500 * time.Millisecond
)

// StartEach starts a Tomcat of a release with one server.xml after the other, on host h
// of a network of its own, and watches it from another host. One JVM starts many: that
// is several times quicker than a process for each.
func StartEach(tb netlab.TB, release string, files map[string]string) map[string]Started {
	tb.Helper()
	lab := netlab.New(tb, netlab.Config{Hosts: 2})
	s := &starter{tb: tb, host: lab.Host(1), watcher: lab.Host(2), release: release, out: map[string]Started{}}
	var names []string
	for name, text := range files {
		file := filepath.Join(s.host.Dir(), name)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			tb.Fatalf("tomcat: %v", err)
		}
		names = append(names, file)
	}
	slices.Sort(names)
	for len(names) > 0 {
		names = s.run(names)
	}
	return s.out
}

// starter starts configurations of one release.
type starter struct {
	tb            netlab.TB
	host, watcher *netlab.Host
	release       string
	out           map[string]Started
}

// run starts the files in one process, and returns those that are left where it had to be
// given up.
func (s *starter) run(files []string) (left []string) {
	base, err := os.MkdirTemp(s.host.Dir(), "tomcat")
	if err != nil {
		s.tb.Fatalf("tomcat: %v", err)
	}
	p := s.launch(base, files)
	defer p.Kill()
	frames := s.watcher.Capture("eth0")
	defer frames.Stop()
	for i, file := range files {
		name := filepath.Base(file)
		marker := "case " + name + " "
		p.WaitLine(marker+"began", startTime, func(l string) bool { return l == marker+"began" })
		began := time.Now()
		p.Mark()
		over := func(l string) bool { return l == marker+"served" || l == marker+"dead" }
		for end := began.Add(startTime); !slices.ContainsFunc(p.Since(), func(l netlab.Line) bool { return over(l.Text) }) && time.Now().Before(end); {
			time.Sleep(20 * time.Millisecond)
		}
		got := Started{Hangs: true}
		for _, l := range p.Since() {
			if over(l.Text) {
				got.Hangs, got.Served = false, l.Text == marker+"served"
			}
		}
		if got.Served {
			got.Heartbeat, got.Reached = s.watch(frames, began)
		}
		for _, l := range p.Since() {
			if above.MatchString(l.Text) {
				got.Complaints = append(got.Complaints, l.Text)
			}
		}
		s.out[name] = got
		if got.Hangs {
			return files[i+1:]
		}
		fmt.Fprintln(p.Stdin)
		done := p.WaitLine("the end of "+name, startTime, func(l string) bool { return l == marker+"ended" || l == marker+"stuck" })
		if done.Text == marker+"stuck" {
			return files[i+1:]
		}
	}
	return nil
}

// above are lines that are no information, or an exception.
var above = regexp.MustCompile(`\b(WARNING|SEVERE)\b|^(Caused by: )?[\w.$]+(Exception|Error)(: |$)`)

// launch starts the process in a CATALINA_BASE of its own.
func (s *starter) launch(base string, files []string) *netlab.Process {
	jars, why, err := releaseJars(s.release)
	if why != "" {
		s.tb.Skipf("tomcat: %s", why)
	}
	cfg := Config{}.withDefaults(s.host)
	if err == nil {
		err = cfg.writeRelease(s.host, base, s.release, jars)
	}
	path := ""
	if err == nil {
		path, err = maven.ClassPath(jars)
	}
	if err != nil {
		s.tb.Fatalf("tomcat: %v", err)
	}
	// Alone in the class path: applications look there before they look into their own.
	own := filepath.Join(base, "starts")
	if err := os.Mkdir(own, 0o755); err != nil {
		s.tb.Fatalf("tomcat: %v", err)
	}
	if err := os.Rename(filepath.Join(base, "webapps/ROOT/WEB-INF/classes/Starts.class"), filepath.Join(own, "Starts.class")); err != nil {
		s.tb.Fatalf("tomcat: %v", err)
	}
	args := append(releaseJVM(s.host, base, own), "-Dstarts.jars="+path, "Starts", base, "http://"+netip.AddrPortFrom(s.host.Addr(), 8080).String()+"/lab?new=0", "4000,4001,8005,8080")
	return s.host.Launch(s.tb, "java", append(args, files...)...)
}

// watch waits for a heartbeat of the Tomcat and connects to the receiver that it names.
func (s *starter) watch(c *netlab.Capture, since time.Time) (heard, reached bool) {
	for end := time.Now().Add(heardTime); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		for _, f := range c.Frames() {
			if f.Time.Before(since) {
				continue
			}
			m, ok := heartbeat(f)
			if !ok {
				continue
			}
			heard = true
			at, ok := m.AddrPort()
			if !ok {
				continue
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			conn, err := s.watcher.Dial(ctx, "tcp", at.String())
			cancel()
			if err == nil {
				conn.Close()
				return true, true
			}
			break
		}
	}
	return heard, false
}

// heartbeat is the record in a frame with a UDP datagram to a group.
func heartbeat(f netlab.Frame) (tribes.Member, bool) {
	protocol, _, to := f.Transport()
	if protocol != 17 || !to.IsMulticast() || !to.Is4() {
		return tribes.Member{}, false
	}
	ip := f.Bytes[14:]
	head := int(ip[0]&15)*4 + 8
	if len(ip) < head || !tribes.IsMember(ip[head:]) {
		return tribes.Member{}, false
	}
	m, _, err := tribes.ParseMember(ip[head:])
	return m, err == nil
}
