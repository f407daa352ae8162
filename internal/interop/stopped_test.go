package interop

import (
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/tomcat"
)

// use changes a session of each Tomcat again and again until stopped.
func use(t *testing.T, servers ...*tomcat.Server) (stop func()) {
	t.Helper()
	done := make(chan struct{})
	var users sync.WaitGroup
	for _, s := range servers {
		made, err := s.Request("maxinactive=600", "")
		if err != nil {
			t.Fatal(err)
		}
		users.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				case <-time.After(200 * time.Millisecond):
				}
				if _, err := s.Request(fmt.Sprintf("set=count=%d", i), made.ID); err != nil {
					t.Errorf("a request: %v", err)
					return
				}
			}
		})
	}
	return sync.OnceFunc(func() { close(done); users.Wait() })
}

// A node whose TCP gets nowhere while its heartbeats go on: the Tomcats go on
// listing each other and tell nothing, and muster names the one that fell silent.
func TestStoppedReplicationIsFound(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t, netlab.Config{Hosts: 3})
	n1 := tomcat.Start(t, lab.Host(1), tomcat.Config{})
	n2 := tomcat.Start(t, lab.Host(2), tomcat.Config{})
	n1.WaitLog(`memberAdded .*\{10, 77, 0, 12\}:4000`, 10*time.Second)
	m := muster(t, lab.Host(3), "tribes", "sessions", "--json")
	for _, s := range []*tomcat.Server{n1, n2} {
		s.WaitLog(`memberAdded .*\{10, 77, 0, 13\}:4000`, 10*time.Second)
	}
	stop := use(t, n1, n2)
	defer stop()
	for _, from := range []string{"10.77.0.11", "10.77.0.12"} {
		m.seen = 0
		for range 10 {
			m.wait(10*time.Second, "changes by "+from, func(l line) bool {
				return l.Type == "session_changed" && strings.Contains(l.Raw, `"`+from)
			})
		}
	}

	heal := lab.Switch().Drop(lab.Host(1), netlab.Traffic{Protocol: "tcp", Port: 4000})
	time.Sleep(35 * time.Second) // it must be silent for 30 s
	stop()
	_, status := m.end(syscall.SIGINT)
	var found []sessionLine
	for _, l := range sessionLines(t, m) {
		if l.Type == "verdict" && l.ID == "tribes.session-stopped" {
			found = append(found, l)
		}
	}
	if status != 0 || len(found) != 1 {
		t.Fatalf("status %d, it is found %d times\n%s", status, len(found), m.Tail())
	}
	if v := found[0]; v.Status != "warn" || v.Subject != "10.77.0.11:4000" || !strings.Contains(v.Saw, "1 other node goes on") {
		t.Errorf("it finds: %+v", v)
	}
	if n := n1.Count(`memberDisappeared .*\{10, 77, 0, 12\}`) + n2.Count(`memberDisappeared .*\{10, 77, 0, 11\}`); n != 0 {
		t.Errorf("a Tomcat gave the other up %d times: the heartbeats did not go on", n)
	}
	heal()
}
