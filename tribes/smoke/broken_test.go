//go:build unix

package smoke_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/mcast"
	"muster/tribes/smoke"
)

// left are the processes of a run that still live.
func left(t *testing.T, stateDir string) (alive, all int) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(stateDir, "pid-*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		var pid int
		if _, err := fmt.Sscanf(filepath.Base(n), "pid-%d", &pid); err != nil {
			t.Fatal(err)
		}
		if !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			alive++
		}
	}
	return alive, len(names)
}

// Ctrl-C in any step ends the run at once, and leaves no process.
func TestInterrupted(t *testing.T) {
	type moment struct {
		after int           // steps that are done
		then  time.Duration // into the next one
	}
	moments := []moment{{1, 200 * time.Millisecond}, {3, 300 * time.Millisecond}}
	if !testing.Short() {
		for k := range 9 {
			moments = append(moments, moment{after: k})
		}
		moments = append(moments, moment{5, 50 * time.Millisecond}, moment{8, time.Second})
	}
	for _, m := range moments {
		for _, manager := range []smoke.Manager{smoke.Delta, smoke.Backup} {
			t.Run(fmt.Sprintf("%s after step %d and %s", manager, m.after, m.then), func(t *testing.T) {
				t.Parallel()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var interrupted time.Time
				interrupt := func(done int) {
					if done != m.after {
						return
					}
					if m.then == 0 {
						interrupted = time.Now()
						cancel()
						return
					}
					interrupted = time.Now().Add(m.then)
					time.AfterFunc(m.then, cancel)
				}
				cfg := config(t, "leaves-its-pid")
				cfg.Manager = manager
				cfg.OnStart = func(smoke.Plan) { interrupt(0) }
				cfg.OnStep = func(s smoke.Step) { interrupt(s.Number) }
				rep, err := smoke.Run(ctx, cfg)
				if !errors.Is(err, context.Canceled) {
					t.Fatalf("%v, %+v", err, rep.Failed)
				}
				if len(rep.Steps) < m.after || rep.Failed != nil {
					t.Errorf("%d steps, failed %+v", len(rep.Steps), rep.Failed)
				}
				if took := time.Since(interrupted); took > 5*time.Second {
					t.Errorf("it took %s to end", took)
				}
				if alive, all := left(t, cfg.StateDir); alive != 0 || all == 0 && m.after > 0 {
					t.Errorf("%d of %d processes live on", alive, all)
				}
			})
		}
	}
}

// A node that fails leaves no other behind either.
func TestFailureLeavesNothing(t *testing.T) {
	cfg := config(t, "leaves-its-pid")
	cfg.Nodes, cfg.DropDeltas = 4, false
	port := busyPort(t)
	cfg.Group = mcast.Group{Addr: smokeGroup, Port: port, Count: 1}
	rep, err := smoke.Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if rep.Failed == nil || rep.Failed.Number != 1 || !strings.Contains(rep.Failed.Err.Error(), "in use") {
		t.Errorf("with the port of the heartbeats taken: %+v", rep.Failed)
	}
	if alive, all := left(t, cfg.StateDir); alive != 0 || all == 0 {
		t.Errorf("%d of %d processes live on", alive, all)
	}
}

// busyPort is a UDP port that somebody has for himself.
func busyPort(t *testing.T) uint16 {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4zero})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return uint16(c.LocalAddr().(*net.UDPAddr).Port)
}

// A's port is taken while it is away: it cannot return as what it was.
func TestPortTakenMeanwhile(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: waits for a drop time")
	}
	cfg := config(t, "good")
	receiver := ""
	cfg.OnStep = func(s smoke.Step) {
		switch s.Number {
		case 1:
			receiver, _ = s.Detail["receiver"].(string)
		case 5:
			ln, err := net.Listen("tcp", receiver)
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { ln.Close() })
		}
	}
	rep, err := smoke.Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if rep.Failed == nil || rep.Failed.Number != 6 || !strings.Contains(rep.Failed.Err.Error(), "in use") {
		t.Errorf("failed is %+v, want step 6 and a port in use", rep.Failed)
	}
}

// With Tomcat's own timings a run of two nodes takes what the protocol takes:
// the drop time of the one that is killed, its TCP check, two seconds of idleness
// and the round that ends it; then 3 s at most. The bound here is for a machine
// that does much else.
func TestDefaultTimings(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: takes seven seconds")
	}
	t.Parallel()
	cfg := config(t, "good")
	cfg.Frequency, cfg.DropTime = 0, 0
	rep, err := smoke.Run(t.Context(), cfg)
	if err != nil || rep.Failed != nil {
		t.Fatalf("%v, %+v", err, rep.Failed)
	}
	const protocol = 3*time.Second + 500*time.Millisecond + time.Second + 2*time.Second + time.Second
	t.Logf("%s, of which %s are the protocol's", rep.Took, protocol)
	if rep.Took > protocol+3*time.Second+15*time.Second {
		t.Errorf("it took %s", rep.Took)
	}
}
