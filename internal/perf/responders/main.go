// Responders runs many responders of muster's own echo in one process, each with
// sockets of its own, until it is interrupted; then it prints what they did.
//
//	responders NUMBER GROUP[:PORT] INTERFACE
//
// docs/perf/ping-rate.sh measures muster ping with it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"sync"

	"muster/mcast"
	"muster/ping"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "responders:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("usage: responders NUMBER GROUP[:PORT] INTERFACE")
	}
	number, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	group, err := mcast.ParseGroup(args[1])
	if err != nil {
		return err
	}
	group = group.WithDefaultPort(ping.DefaultPort)
	on, err := mcast.FindInterface(args[2], group.Addr)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var all sync.WaitGroup
	var sockets []*ping.ResponderSockets
	var responders []*ping.Responder
	for range number {
		s, err := ping.ListenToRespond([]mcast.Group{group}, on, nil)
		if err != nil {
			return err
		}
		r := ping.NewResponder(s.Unicast)
		sockets, responders = append(sockets, s), append(responders, r)
		all.Go(func() { _ = r.Run(ctx, s.Group, s.Unicast) })
	}
	fmt.Println("answering")
	<-ctx.Done()
	var c ping.RespondCounts
	var dropped uint64
	for i, r := range responders {
		dropped += sockets[i].Drops()
		n := r.Counts()
		c.Requests, c.Answered = c.Requests+n.Requests, c.Answered+n.Answered
		c.Refused, c.Failed = c.Refused+n.Refused, c.Failed+n.Failed
	}
	all.Wait()
	fmt.Printf("%d requests, %d dropped before they were read, %d refused; %d answers, %d failed\n",
		c.Requests, dropped, c.Refused, c.Answered, c.Failed)
	return nil
}
