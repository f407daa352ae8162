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
	src, leave, err := w.a.openCapture(r)
	if err != nil {
		return err
	}
	defer leave()
	var end sync.Once
	stop := func() { end.Do(func() { src.Close() }) }
	w.enough = func() {
		if o.duration == 0 {
			w.ended = true
			stop()
		}
	}
	sn := sniff.New(sniff.Options{Filter: r.filter, Event: w.sniffed, Decoder: w.decoder, Analysis: analysis.Options{DropTime: r.dropTime}})
	loop := &sniffLoop{sniffRun: r, src: src, sn: sn, out: &sniffOutput{a: w.a, r: r, src: src}}
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
					stop()
				}
				w.draw()
			}
		}
	})
	err = loop.run(c.Context())
	close(done)
	wg.Wait()
	if err != nil {
		return err
	}
	sn.Finish()
	w.ended = w.ended || loop.ended
	st := src.Stats()
	if st.Damage != nil {
		w.a.note("the capture ends early: %v", st.Damage)
	}
	now := time.Now()
	if o.read != "" {
		now = time.Unix(0, sn.Analysis.Last)
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
