package cluster

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"

	"muster/internal/verdict"
)

// mostStrangers bounds the addresses that are told of.
const mostStrangers = 64

// reach decides whose receivers are asked whether they are there.
type reach struct {
	own      []netip.Addr // of this host
	networks []netip.Prefix
	known    []netip.Addr

	mu        sync.Mutex
	strangers map[netip.AddrPort]netip.Addr // receivers that were not asked, and who named them first
	more      int                           // beyond mostStrangers
}

func newReach(known []netip.Addr) *reach {
	r := &reach{known: known, strangers: map[netip.AddrPort]netip.Addr{}}
	addrs, _ := net.InterfaceAddrs() // without: only who sends from its own address is asked
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			r.own = append(r.own, p.Addr().Unmap().WithZone(""))
			r.networks = append(r.networks, netip.PrefixFrom(p.Addr().Unmap().WithZone(""), p.Bits()).Masked())
		}
	}
	return r
}

// isOwn reports an address of this host.
func (r *reach) isOwn(a netip.Addr) bool { return slices.Contains(r.own, a.Unmap().WithZone("")) }

// refuse says why the receiver that source advertises is not asked.
func (r *reach) refuse(receiver, source netip.AddrPort) error {
	a, from := receiver.Addr().Unmap().WithZone(""), source.Addr().Unmap().WithZone("")
	switch {
	case a == from, slices.Contains(r.known, a):
		return nil
	case slices.ContainsFunc(r.networks, func(p netip.Prefix) bool { return p.Contains(a) }):
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, told := r.strangers[receiver]; !told {
		if len(r.strangers) < mostStrangers {
			r.strangers[receiver] = from
		} else {
			r.more++
		}
	}
	return fmt.Errorf("%s names it, and it is in none of this host's networks: it is not connected to unless it is expected", from)
}

// verdicts tells of receivers that were not asked.
func (r *reach) verdicts() []verdict.Verdict {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []verdict.Verdict
	for receiver, from := range r.strangers {
		out = append(out, verdict.New("tribes.source-mismatch", verdict.Warn, verdict.Definite, receiver.String(),
			fmt.Sprintf("a heartbeat from %s names %s as its receiver, which is in none of this host's networks: nobody connected to it", from, receiver),
			verdict.Next("muster tribes probe "+receiver.String()+", where that address is right"),
			verdict.Next("--expect "+receiver.Addr().String()+" lets it be asked")))
	}
	slices.SortFunc(out, func(a, b verdict.Verdict) int { return cmp.Compare(a.Subject, b.Subject) })
	if r.more > 0 {
		out = append(out, verdict.New("tribes.source-mismatch", verdict.Warn, verdict.Likely, "",
			fmt.Sprintf("heartbeats name %d receivers or more beside these, none of them in this host's networks: somebody may be making members up", r.more)))
	}
	return out
}
