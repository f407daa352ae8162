package interop

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/tomcat"
)

// harmLimit is how much longer than the longest one without a guest a request may take
// because of what happens to one.
const harmLimit = 200 * time.Millisecond

// What a Tomcat waits for where a member vanishes without a word is TCP's own failure:
// one request may.
var mayWait = map[string]int{"cut off": 1}

// requestTimes changes a session of s 100 times, and calls at after the thirtieth.
func requestTimes(t *testing.T, s *tomcat.Server, at func()) []time.Duration {
	t.Helper()
	made, err := s.Request("maxinactive=600", "")
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	var out []time.Duration
	for i := range 100 {
		if i == 30 && at != nil {
			at()
		}
		began := time.Now()
		if _, err := s.Request(fmt.Sprintf("set=count=%d", i), made.ID); err != nil {
			t.Fatalf("a request: %v", err)
		}
		out = append(out, time.Since(began))
		time.Sleep(20 * time.Millisecond)
	}
	return out
}

// A guest that is stopped at its terminal, whose output nobody reads, that is cut off or
// killed holds up no request of a Tomcat with synchronous options. It takes minutes and
// measures times: MUSTER_MEASURE asks for it (make guests). The table is in
// docs/performance.md.
func TestGuestHoldsUpNoRequest(t *testing.T) {
	if os.Getenv("MUSTER_MEASURE") == "" {
		t.Skip("MUSTER_MEASURE is not set: it measures times, for minutes")
	}
	for _, options := range []string{"6", "8"} {
		t.Run("options "+options, func(t *testing.T) { measureGuests(t, options) })
	}
}

func measureGuests(t *testing.T, options string) {
	lab := netlab.New(t, netlab.Config{Hosts: 3})
	n1 := tomcat.Start(t, lab.Host(1), tomcat.Config{Options: options})
	n2 := tomcat.Start(t, lab.Host(2), tomcat.Config{Options: options})
	n1.WaitLog(`memberAdded .*\{10, 77, 0, 12\}:4000`, 10*time.Second)
	requestTimes(t, n1, nil) // the first ones compile its classes
	alone := requestTimes(t, n1, nil)
	slices.Sort(alone)
	t.Logf("| %s | none | | %s | %s | |", options, ms(alone[50]), ms(alone[99]))
	urls := []string{"--tomcat", n1.URL(), "--tomcat", n2.URL()}
	for _, guest := range [][]string{
		{"tribes", "join", "-v"}, {"tribes", "sessions", "-v"}, append([]string{"smoke", "--invalidate", "invalidate=1", "--expire", "maxinactive=30", "--timeout", "60s"}, urls...),
	} {
		for _, fault := range []string{"runs", "Ctrl-Z", "stdout and stderr blocked", "cut off", "killed"} {
			out := fullPipe(t)
			if fault != "stdout and stderr blocked" {
				out = nil
			}
			p := launch(t, lab.Host(3), out, guest...)
			n1.Mark()
			time.Sleep(4 * time.Second) // it is a member, and seen as one
			heal := func() {}
			times := requestTimes(t, n1, func() {
				switch fault {
				case "Ctrl-Z":
					p.signal(syscall.SIGTSTP)
				case "killed":
					p.signal(syscall.SIGKILL)
				case "cut off":
					heal = lab.Switch().Partition(lab.Host(3))
				}
			})
			heal()
			slow := 0
			for _, d := range times {
				if d > alone[99]+harmLimit {
					slow++
				}
			}
			slices.Sort(times)
			name := strings.Join(guest[:min(2, len(guest))], " ")
			if guest[0] == "smoke" {
				name = "smoke --tomcat"
			}
			t.Logf("| %s | %s | %s | %s | %s | %d |", options, name, fault, ms(times[50]), ms(times[99]), slow)
			if slow > mayWait[fault] {
				t.Errorf("options %s, muster %s, %s: %d of 100 requests took more than %v longer, at most %v", options, name, fault, slow, harmLimit, times[99])
			}
			p.signal(syscall.SIGCONT)
			p.signal(syscall.SIGTERM)
			p.wait()
			time.Sleep(3 * time.Second) // it is forgotten
		}
	}
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

// guest is a muster whose output goes to a file, which may be a full pipe.
type guest struct {
	t     *testing.T
	cmd   *netlab.Cmd
	ended chan struct{}
}

func launch(t *testing.T, h *netlab.Host, out *os.File, args ...string) *guest {
	t.Helper()
	g := &guest{t, h.Command(context.Background(), "muster", args...), make(chan struct{})}
	if out != nil {
		g.cmd.Stdout, g.cmd.Stderr = out, out
	}
	if err := g.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = g.cmd.Wait() // it may have been killed
		close(g.ended)
	}()
	t.Cleanup(func() {
		_ = g.cmd.Process.Kill() // it may have ended
		<-g.ended
	})
	return g
}

func (g *guest) signal(s syscall.Signal) { _ = g.cmd.Process.Signal(s) } // it may have ended

func (g *guest) wait() {
	g.t.Helper()
	select {
	case <-g.ended:
	case <-time.After(10 * time.Second):
		g.t.Fatal("the guest did not end within 10 s of SIGTERM")
	}
}

// fullPipe is the writing end of a pipe that takes nothing more, and that nobody reads.
func fullPipe(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	for _, size := range []int{4096, 1} {
		for err == nil {
			if err = w.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			_, err = w.Write(bytes.Repeat([]byte("x"), size))
		}
		if !os.IsTimeout(err) {
			t.Fatal(err)
		}
		err = nil
	}
	return w
}
