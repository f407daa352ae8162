package cmd

import (
	"context"
	"net/netip"
	"slices"
	"sync"

	"muster/tribes"
	"muster/tribes/cluster"
	"muster/tribes/cluster/channel"
)

// probed is one address of a target that was named.
type probed struct {
	target string
	at     netip.AddrPort
}

// answer is what came of asking one.
type answer struct {
	channel.Exchange
	form    tribes.Generation
	heard   bool // the form is that of its heartbeats
	release bool // or that of --release
}

// probeAll asks all, at most a few at once. Those that take no connection need
// not wait for the forms.
func (a *app) probeAll(ctx context.Context, o *probeOptions, cfg cluster.Config, all []probed) ([]answer, error) {
	at := make([]netip.AddrPort, len(all))
	for i := range all {
		at[i] = all[i].at
	}
	out := make([]answer, len(all))
	each := func(f func(i int)) {
		var wg sync.WaitGroup
		slots := make(chan struct{}, 16)
		for i := range out {
			slots <- struct{}{}
			wg.Go(func() {
				f(i)
				<-slots
			})
		}
		wg.Wait()
	}
	listening, cancel := context.WithCancel(ctx)
	defer cancel()
	type heard struct {
		to  []cluster.Receiver
		err error
	}
	forms := make(chan heard, 1)
	go func() {
		to, err := cluster.Forms(listening, cfg, at)
		forms <- heard{to, err}
	}()
	each(func(i int) {
		out[i].Exchange = channel.Probe(ctx, at[i], channel.ProbeConfig{ConnectTimeout: o.connect, ConnectOnly: true})
	})
	if !slices.ContainsFunc(out, func(x answer) bool { return x.OK() }) {
		cancel() // nobody is to be asked
	}
	h := <-forms
	if ctx.Err() != nil {
		return nil, errInterrupted
	}
	if h.err != nil && listening.Err() == nil {
		a.note("the group %s cannot be listened to, which tells the generation of a receiver: it is asked as a Tomcat 7.0 or later (--release says another): %v", cfg.Group, h.err)
	}
	each(func(i int) {
		x := &out[i]
		x.form, x.heard, x.release = h.to[i].Form, h.to[i].Heard, cfg.Form != nil
		if x.OK() && x.form != tribes.V55 {
			x.Exchange = channel.Probe(ctx, at[i], channel.ProbeConfig{
				ConnectTimeout: o.connect, ReadTest: o.readTest, ReadTimeout: o.wait, Member: tribes.Member{Generation: x.form}, PSK: o.tls,
			})
		}
	})
	if ctx.Err() != nil {
		return nil, errInterrupted
	}
	return out, nil
}
