package membership

import (
	"net/netip"
	"time"
)

const (
	// hostBurst checks of one host's receivers begin at once, hostRate a second from
	// then on, whatever is announced: a heartbeat names any port, and muster must not
	// scan a host for whoever makes heartbeats up.
	hostBurst = 32
	hostRate  = 2
	// mostHosts is how many hosts are remembered for it.
	mostHosts = 4096
)

// allowance bounds how often the receivers of one host are asked.
type allowance struct {
	hosts map[netip.Addr]*bucket
}

// bucket is what is left for one host at a time.
type bucket struct {
	tokens float64
	at     time.Time
}

func (b *bucket) fill(now time.Time) {
	b.tokens = min(b.tokens+max(now.Sub(b.at).Seconds(), 0)*hostRate, hostBurst)
	b.at = now
}

// take reports whether a receiver of host may be asked now.
func (a *allowance) take(host netip.Addr, now time.Time) bool {
	b := a.hosts[host]
	if b == nil {
		if len(a.hosts) >= mostHosts && !a.forget(now) {
			return false
		}
		if a.hosts == nil {
			a.hosts = map[netip.Addr]*bucket{}
		}
		b = &bucket{tokens: hostBurst, at: now}
		a.hosts[host] = b
	}
	b.fill(now)
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// forget makes room: those that have all of their allowance again are as if they were
// never asked.
func (a *allowance) forget(now time.Time) bool {
	for host, b := range a.hosts {
		if b.fill(now); b.tokens >= hostBurst {
			delete(a.hosts, host)
		}
	}
	return len(a.hosts) < mostHosts
}
