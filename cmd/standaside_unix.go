//go:build unix

package cmd

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"muster/cmd/internal/term"
	"muster/tribes/cluster"
)

const (
	// frozenAfter is the shortest standstill that is told: others waited for us.
	frozenAfter = 2 * time.Second
	// resumeEvery is how often a port that somebody else took meanwhile is tried.
	resumeEvery = time.Second
	// stopMoment is waited before the member comes back: a signal to the process stops
	// this thread a little after the call that sends it. Stopped, it takes no time.
	stopMoment = 250 * time.Millisecond
)

// standAside makes a guest leave its cluster before its terminal stops this
// process (Ctrl-Z; a job in the background that may not use the terminal), and
// come back when it goes on: a member that stands still makes every request of a
// Tomcat with synchronous options wait for it. SIGSTOP cannot be seen coming; it
// is told afterwards. The function that it returns ends that.
func (a *app) standAside(node *cluster.Node) (end func()) {
	stops := make(chan os.Signal, 4)
	for _, s := range []os.Signal{syscall.SIGTSTP, syscall.SIGTTOU, syscall.SIGTTIN} {
		if !signal.Ignored(s) {
			signal.Notify(stops, s)
		}
	}
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(frozenAfter / 10)
		defer tick.Stop()
		last := time.Now()
		for {
			select {
			case <-done:
				return
			case <-stops:
				a.stopHere(node, stops, done)
				last = time.Now()
			case <-tick.C:
				now := time.Now()
				if stood := now.Sub(last); stood > frozenAfter {
					a.note("this process stood still for %s as a member (stopped by a signal, or starved): who sent to it waited; Ctrl-Z lets it leave first",
						term.Seconds(stood))
				}
				last = now
			}
		}
	}()
	return func() {
		signal.Stop(stops)
		close(done)
	}
}

// stopHere leaves the cluster, stops this process, and comes back with it.
func (a *app) stopHere(node *cluster.Node, stops chan os.Signal, done <-chan struct{}) {
	began := time.Now()
	node.Pause()
	_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP) // a process may always stop itself
	time.Sleep(stopMoment)
	for len(stops) > 0 {
		<-stops // of the same stop
	}
	for told := false; ; {
		err := node.Resume()
		if err == nil {
			break
		}
		if !told {
			told = true
			a.note("not a member again yet, trying on: %v", err)
		}
		select {
		case <-time.After(resumeEvery):
		case <-done:
			return
		}
	}
	a.note("stopped for %s: it had said goodbye before, and is a member again", term.Seconds(time.Since(began)))
}
