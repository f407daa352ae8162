package interop

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/tomcat"
)

// use changes a session of s again and again until stopped, and some times at least.
// It begins when the other has the session: a change that overtakes its creation
// would be found too.
func use(t *testing.T, s, other *tomcat.Server) (stop func()) {
	t.Helper()
	made, err := s.Request("maxinactive=600", "")
	if err != nil {
		t.Fatal(err)
	}
	arrived(t, other, made.ID, "count", "")
	done := make(chan struct{})
	var user sync.WaitGroup
	user.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				if i >= 15 {
					return
				}
			default:
			}
			time.Sleep(200 * time.Millisecond)
			if _, err := s.Request(fmt.Sprintf("set=count=%d", i), made.ID); err != nil {
				t.Errorf("a request: %v", err)
				return
			}
		}
	})
	return sync.OnceFunc(func() { close(done); user.Wait() })
}

// watched starts two Tomcats, and muster beside them, which looks at their sessions.
func watched(t *testing.T) (lab *netlab.Lab, n1, n2 *tomcat.Server, m *program) {
	t.Helper()
	lab = netlab.New(t, netlab.Config{Hosts: 3})
	n1 = tomcat.Start(t, lab.Host(1), tomcat.Config{})
	n2 = tomcat.Start(t, lab.Host(2), tomcat.Config{})
	n1.WaitLog(`memberAdded .*\{10, 77, 0, 12\}:4000`, 10*time.Second)
	m = muster(t, lab.Host(3), "tribes", "sessions", "--json")
	for _, s := range []*tomcat.Server{n1, n2} {
		s.WaitLog(`memberAdded .*\{10, 77, 0, 13\}:4000`, 10*time.Second)
	}
	return lab, n1, n2, m
}

// changes waits for some changes of sessions by each of the two.
func changes(m *program) {
	m.t.Helper()
	for _, from := range []string{"10.77.0.11", "10.77.0.12"} {
		m.seen = 0
		for range 10 {
			m.wait(10*time.Second, "changes by "+from, func(l line) bool {
				return l.Type == "session_changed" && strings.Contains(l.Raw, `"`+from)
			})
		}
	}
}

// verdicts ends muster, and returns what it found.
func verdicts(m *program) (found []sessionLine) {
	m.t.Helper()
	if _, status := m.end(syscall.SIGINT); status != 0 {
		m.t.Errorf("exit status %d\n%s", status, m.Tail())
	}
	for _, l := range sessionLines(m.t, m) {
		if l.Type == "verdict" {
			found = append(found, l)
		}
	}
	return found
}

// A node whose TCP gets nowhere while its heartbeats go on: the Tomcats go on
// listing each other and tell nothing, and muster names the one that fell silent.
func TestStoppedReplicationIsFound(t *testing.T) {
	t.Parallel()
	lab, n1, n2, m := watched(t)
	stop1, stop2 := use(t, n1, n2), use(t, n2, n1)
	defer stop1()
	defer stop2()
	changes(m)
	heal := lab.Switch().Drop(lab.Host(1), netlab.Traffic{Protocol: "tcp", Port: 4000})
	time.Sleep(35 * time.Second) // it must be silent for 30 s
	stop1()
	stop2()
	found := verdicts(m)
	if len(found) != 1 {
		t.Fatalf("it finds %+v\n%s", found, m.Tail())
	}
	if v := found[0]; v.ID != "tribes.session-stopped" || v.Status != "warn" || v.Subject != "10.77.0.11:4000" || !strings.Contains(v.Saw, "1 other node goes on") {
		t.Errorf("it finds %+v", v)
	}
	if n := n1.Count(`memberDisappeared .*\{10, 77, 0, 12\}`) + n2.Count(`memberDisappeared .*\{10, 77, 0, 11\}`); n != 0 {
		t.Errorf("a Tomcat gave the other up %d times: the heartbeats did not go on", n)
	}
	heal()
}

// One Tomcat stands still and the multicast of the other is lost: both stay members,
// since their receivers take connections, and muster tells the two apart.
func TestSilentMembersAreFound(t *testing.T) {
	t.Parallel()
	lab, n1, n2, m := watched(t)
	stop := use(t, n2, n1)
	defer stop()
	use(t, n1, n2)()
	changes(m)
	n1.Pause()
	defer n1.Resume()
	heal := lab.Switch().Drop(lab.Host(2), netlab.Traffic{Protocol: "udp", Port: 45564})
	for _, host := range []string{"10.77.0.11", "10.77.0.12"} {
		m.seen = 0
		m.event(15*time.Second, "member_suspect", host)
	}
	m.seen = len(m.lines())
	for range 20 { // about four seconds of changes that come without a heartbeat
		m.wait(10*time.Second, "changes by n2", func(l line) bool { return l.Type == "session_changed" })
	}
	found := map[string]string{}
	for _, v := range verdicts(m) {
		found[v.Subject] += v.Status + " " + v.ID
	}
	want := map[string]string{"10.77.0.11:4000": "warn tribes.gc-pause", "10.77.0.12:4000": "fail tribes.one-way"}
	if !maps.Equal(found, want) {
		t.Errorf("it finds %v, want %v\n%s", found, want, m.Tail())
	}
	heal()
}
