package cluster

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"muster/tribes"
	"muster/tribes/cluster/channel"
	"muster/tribes/javaser"
	"muster/tribes/session"
)

// The state that is transferred: what a cluster of some size holds.
const (
	stateSessions = 100_000
	stateBytes    = 1024 // of each, as text
	// Set in the process that holds the state: the group, the folder for its id,
	// and how many sessions a message carries.
	stateEnv = "MUSTER_TEST_STATE"
)

const stateContext = "localhost#/app"

func stateNode(ctx context.Context, group, dir string, r *Replica) (*Node, error) {
	cfg := Defaults()
	cfg.Group = netip.MustParseAddrPort(group)
	cfg.Interface, cfg.TCPPort, cfg.StateDir, cfg.HoldsState = "lo", 0, dir, true
	cfg.Handler = func(n *Node) channel.Handler { return r.Attach(n) }
	return Join(ctx, cfg)
}

// holdState is the process beside: it holds the sessions, and gives them to who
// asks, until its standard input ends.
func holdState(what string) error {
	f := strings.Fields(what)
	block, err := strconv.Atoi(f[2])
	if err != nil {
		return err
	}
	r := &Replica{Store: session.NewStore(session.StoreConfig{Context: stateContext}), Options: tribes.Asynchronous, Block: block}
	for i := range stateSessions {
		id := stateID(i)
		if _, err := r.Store.Create(id); err != nil {
			return err
		}
		if _, err := r.Store.Request(id, func(e *session.Edit) { e.Set("text", javaser.NewString(stateText(i))) }); err != nil {
			return err
		}
	}
	n, err := stateNode(context.Background(), f[0], f[1], r)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	return n.Leave()
}

func stateID(i int) string { return fmt.Sprintf("%032X.n1", i) }

// stateText differs from session to session.
func stateText(i int) string { return fmt.Sprintf("%0*d", stateBytes, i) }

// BenchmarkStateTransfer asks another process for 100,000 sessions of 1 KiB over
// TCP of the loopback, as a starting node does, and checks every byte of them.
// Reported are the time from the question to the last session in the store, and
// the peak memory of both processes; the asked one is given as it was before.
func BenchmarkStateTransfer(b *testing.B) {
	for b.Loop() {
		transferState(b, 1000)
	}
}

func transferState(b *testing.B, block int) {
	group := fmt.Sprintf("239.255.77.2:%d", freePort(b))
	holder := exec.Command(os.Args[0])
	holder.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s %d", stateEnv, group, b.TempDir(), block))
	holder.Stderr = os.Stderr
	in, err := holder.StdinPipe()
	if err == nil {
		err = holder.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	r := &Replica{Store: session.NewStore(session.StoreConfig{Context: stateContext}), Options: tribes.Asynchronous}
	n, err := stateNode(b.Context(), group, b.TempDir(), r)
	if err != nil {
		b.Fatal(err)
	}
	waitAdded(b, n, 1)
	before, mine := peakMemoryOf(b, holder.Process.Pid), cpu(b)
	t, err := r.Fetch(b.Context(), time.Minute)
	if err != nil || !t.Received || t.Sessions != stateSessions {
		b.Fatalf("%+v, %v", t, err)
	}
	b.ReportMetric(t.Took.Seconds(), "s")
	b.ReportMetric(stateSessions*stateBytes/1e6/t.Took.Seconds(), "MB/s")
	b.ReportMetric((cpu(b) - mine).Seconds(), "s-cpu-asker")
	b.ReportMetric(peakMemory(b), "MB-asker")
	b.ReportMetric(before, "MB-holder-before")
	b.ReportMetric(peakMemoryOf(b, holder.Process.Pid), "MB-holder")
	b.ReportMetric(0, "ns/op")
	for i := range stateSessions {
		s, ok := r.Store.View(stateID(i))
		if text, is := s.Get("text").(*javaser.String); !ok || !is || text.Text() != stateText(i) {
			b.Fatalf("session %d is %+v", i, s)
		}
	}
	if err := n.Leave(); err != nil {
		b.Fatal(err)
	}
	in.Close()
	if err := holder.Wait(); err != nil {
		b.Fatal(err)
	}
}
