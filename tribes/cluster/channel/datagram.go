package channel

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"muster/tribes"
)

// Datagram takes the frames of a broadcast datagram (SEND_OPTIONS_MULTICAST).
// They are handled like those of a connection, and never acked.
func (r *Receiver) Datagram(ctx context.Context, p []byte, source netip.AddrPort) {
	for len(p) > 0 {
		data, n, err := tribes.ParseFrame(p, r.cfg.FrameLimit)
		m := Message{Peer: source, Received: time.Now()}
		if err == nil {
			m.ChannelData, err = tribes.ParseChannelData(data)
		}
		switch {
		case errors.Is(err, tribes.ErrMarker):
			return // what follows the frames is no frame; Tomcat leaves it out too
		case err != nil:
			r.n.broken.Add(1)
			r.warn("dropped a broadcast from %s: %v", source, err)
			return
		case r.cfg.Own == nil || !r.cfg.Own(&m.Address):
			if err := r.deliver(ctx, &m); err != nil {
				r.log.Debug(fmt.Sprintf("broadcast from %s: %v", source, err))
			}
		}
		p = p[n:]
	}
}
