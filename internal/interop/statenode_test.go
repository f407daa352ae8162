package interop

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"muster/tribes"
	"muster/tribes/cluster"
	"muster/tribes/cluster/channel"
	"muster/tribes/javaser"
	"muster/tribes/release"
	"muster/tribes/session"
)

// stateNode is a program of these tests: a member that holds one session of a context,
// and answers for the state of it. statenode CONTEXT ADDRESS RELEASE SESSION.
func stateNode() {
	if err := runStateNode(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func runStateNode(name, address, rel, id string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	r, err := release.Parse(rel)
	if err != nil {
		return err
	}
	store := session.NewStore(session.StoreConfig{Context: name, Release: r})
	if _, err := store.Create(id); err != nil {
		return err
	}
	if _, err := store.Request(id, func(e *session.Edit) { e.Set("k", javaser.NewString("ours")) }); err != nil {
		return err
	}
	replica := &cluster.Replica{Store: store, Options: tribes.UseAck | tribes.SynchronizedAck}
	cfg := cluster.Defaults()
	form := r.Form()
	cfg.Interface, cfg.HoldsState, cfg.FreshID, cfg.Release, cfg.Form = address, true, true, r, &form
	cfg.Handler = func(n *cluster.Node) channel.Handler { return replica.Attach(n) }
	n, err := cluster.Join(ctx, cfg)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	<-ctx.Done()
	return n.Leave()
}
