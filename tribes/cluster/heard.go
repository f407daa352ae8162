package cluster

import (
	"context"
	"errors"
	"net/netip"

	"muster/tribes"
)

// Receiver is where a message goes, and the form in which it has to be written.
type Receiver struct {
	Addr netip.AddrPort
	Form tribes.Generation
	// Heard: the form is that of its heartbeats, and not a guess.
	Heard bool
}

// Forms listens in the group until the heartbeats of all receivers were heard,
// for ListenTime at most, and returns each with its form. That of one which is not
// heard is cfg.Form, or V1: it may have no heartbeats. Nothing is sent.
func Forms(ctx context.Context, cfg Config, at []netip.AddrPort) ([]Receiver, error) {
	out := make([]Receiver, len(at))
	waiting := len(at)
	for i, a := range at {
		out[i].Addr = a
		if cfg.Form != nil {
			out[i].Form = *cfg.Form
		}
	}
	if cfg.Form != nil {
		return out, nil
	}
	ctx, cancel := context.WithTimeout(ctx, ListenTime(cfg.Frequency))
	defer cancel()
	n, err := Observe(ctx, cfg)
	if err != nil {
		return out, err
	}
	defer n.Leave() //nolint:errcheck // it sent nothing that a goodbye would end
	for waiting > 0 {
		e, err := n.Next(ctx)
		if err != nil {
			return out, nil // the end of the time
		}
		ap, ok := e.Member.AddrPort()
		for i := range out {
			if ok && !out[i].Heard && sameReceiver(out[i].Addr, ap) {
				out[i].Form, out[i].Heard = e.Member.Generation, true
				waiting--
			}
		}
	}
	return out, nil
}

// sameReceiver compares without the zone, which no heartbeat has.
func sameReceiver(a, b netip.AddrPort) bool {
	return a.Port() == b.Port() && a.Addr().Unmap().WithZone("") == b.Addr().Unmap()
}

// errTomcat55 tells why a receiver is sent nothing.
var errTomcat55 = errors.New("it is a Tomcat 5.5, which cannot read any message of ours: nothing was sent")
