package provider

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"muster/tribes/cluster/channel"
	"muster/tribes/tlspsk"
)

// MaxAsked bounds how many receivers are asked: a Service with more endpoints is asked
// in part.
const MaxAsked = 256

// atOnce is how many are asked at the same time.
const atOnce = 16

// tries is how often one that does not answer is asked, in different seconds.
const tries = 2

// Reply is what came of the question to one receiver.
type Reply struct {
	channel.Exchange
	Tries int
}

// Connected reports whether something takes connections there, which is enough for
// Tomcat to make it a member.
func (r Reply) Connected() bool { return r.Connect > 0 }

// Tribes reports whether it is a Tribes receiver.
func (r Reply) Tribes() bool { return r.Outcome == channel.Acked || r.Outcome == channel.FailAcked }

// Reach asks the receivers of those named, at the port that this node's own receiver
// has, as Tomcat looks for them; with psk over TLS.
func Reach(ctx context.Context, named []Named, port uint16, psk *tlspsk.Config) map[netip.Addr]Reply {
	var mu sync.Mutex
	out := map[netip.Addr]Reply{}
	var all sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	asked := map[netip.Addr]bool{}
	for _, n := range named {
		if n.Left != "" || asked[n.Addr] || len(asked) == MaxAsked || !askable(n.Addr) {
			continue
		}
		asked[n.Addr] = true
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			r := reach(ctx, netip.AddrPortFrom(n.Addr, port), psk)
			mu.Lock()
			out[n.Addr] = r
			mu.Unlock()
		})
	}
	all.Wait()
	return out
}

// askable: an answer that names a multicast or unspecified address makes nobody
// connect there.
func askable(a netip.Addr) bool {
	return a.IsValid() && !a.IsMulticast() && !a.IsUnspecified() && a != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

func reach(ctx context.Context, at netip.AddrPort, psk *tlspsk.Config) (r Reply) {
	for r.Tries = 1; ; r.Tries++ {
		r.Exchange = channel.Probe(ctx, at, channel.ProbeConfig{ReadTest: true, ReadTimeout: 2 * time.Second, PSK: psk})
		if r.Connected() || r.Tries == tries {
			return r
		}
		select {
		case <-ctx.Done():
			return r
		case <-time.After(time.Second):
		}
	}
}
