package cmd

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"muster/sniff"
	"muster/sniff/analysis"
	"muster/sniff/filter"
	"muster/tribes/replication"
)

// watchBuffer is what the kernel may hold of a live capture, in MiB.
const watchBuffer = 32

// watch follows the sessions from a capture, and joins nothing.
func (w *sessions) watch(c *cobra.Command) error {
	o := w.o
	var err error
	if w.decoder, err = o.cluster.encryption.decoder(w.a); err != nil {
		return err
	}
	r := &sniffRun{sniffOptions: sniffOptions{
		read: o.read, duration: o.duration, buffer: watchBuffer, dropTime: o.cluster.dropTime,
	}}
	if spec, err := o.cluster.interfaceSpec(); err != nil {
		return err
	} else if spec != "" {
		r.interfaces = []string{spec}
	}
	if o.read != "" && len(r.interfaces) > 0 {
		return usagef("--interface is for live captures, not for --read")
	}
	f, err := filter.Parse(o.watchFilter())
	if err != nil {
		return err
	}
	r.filter = f.WithLaterFragments()
	src, err := w.a.openCapture(c.Context(), r)
	if err != nil {
		return err
	}
	run := sniff.NewRunner(src, sniff.RunOptions{
		Options:  sniff.Options{Filter: r.filter, Event: w.sniffed, Decoder: w.decoder, Analysis: analysis.Options{DropTime: r.dropTime}},
		Duration: o.duration,
	})
	w.enough = func() {
		if o.duration == 0 {
			w.ended = true
			run.Stop()
		}
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(drawEvery)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				if w.tail.Err() != nil {
					run.Stop()
				}
				w.draw()
			}
		}
	})
	res, err := run.Run(c.Context())
	close(done)
	wg.Wait()
	if err != nil {
		return err
	}
	w.ended = w.ended || !res.Interrupted
	if d := res.Stats.Damage; d != nil {
		w.a.note("the capture ends early: %v", d)
	}
	now := time.Now()
	if o.read != "" {
		now = time.Unix(0, res.Analysis.Last)
	}
	return w.close(now)
}

// watchFilter keeps what is of clusters; the receivers may have other ports than
// Tomcat's.
func (o *sessionsOptions) watchFilter() string {
	if o.read != "" {
		return ""
	}
	expr := "tribes"
	if p := o.cluster.tcpPort; p != 0 && p != 4000 {
		expr += fmt.Sprintf(" or tcp port %d-%d", p, min(int(p)+o.cluster.autoBind-1, 65535))
	}
	return expr
}

// sniffed takes what a capture shows.
func (w *sessions) sniffed(e *sniff.Event) {
	at := time.Unix(0, e.Packet.Nanos)
	switch {
	case e.Kind == sniff.Packet:
		if e.Member != nil {
			w.mu.Lock()
			w.view.Heartbeat(e.Member, at)
			w.mu.Unlock()
		}
	case e.Kind == sniff.Message && e.Data != nil:
		to := e.Destination
		if to.Addr().IsMulticast() {
			to = netip.AddrPort{}
		}
		w.message(replication.Seen{Time: at, To: to, Data: e.Data, Content: e.Content})
	case (e.Kind == sniff.Ack || e.Kind == sniff.FailAck) && e.Asked:
		w.mu.Lock()
		w.events(w.view.Answer(replication.Answer{
			Time: at, Message: e.AckOf, Node: e.Source.String(), Failed: e.Kind == sniff.FailAck, Latency: e.Latency,
		}))
		w.mu.Unlock()
	}
}
