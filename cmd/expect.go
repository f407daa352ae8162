package cmd

import (
	"context"
	"net"
	"net/netip"
	"os"

	"muster/internal/expect"
)

// parseExpect reads --expect, which means the same in every command.
func parseExpect(ctx context.Context, s string) (expect.Expect, error) {
	e, err := expect.Parse(ctx, s)
	if err != nil {
		return e, usagef("--expect %w", err)
	}
	return e, nil
}

// localHost is what this host has: what it sends itself never counts for --expect. The zero value
// has nothing, as in a capture file, which may be of any host.
type localHost struct {
	addrs map[netip.Addr]bool
	name  string // "" where it is not known
}

// ownHost is this host.
func ownHost() localHost {
	l := localHost{addrs: map[netip.Addr]bool{}}
	l.name, _ = os.Hostname()        // without: it goes by its addresses
	addrs, _ := net.InterfaceAddrs() // without: everybody is another host
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			l.addrs[p.Addr().Unmap().WithZone("")] = true
		}
	}
	return l
}

// has reports whether the address is one of this host.
func (l localHost) has(a netip.Addr) bool { return l.addrs[a.Unmap().WithZone("")] }

// others is e without this host.
func (l localHost) others(e expect.Expect) expect.Expect {
	return e.Own(func(a netip.Addr, name string) bool { return l.has(a) || l.name != "" && name == l.name })
}

// missing are the names of those expected that none of the addresses is of.
func (l localHost) missing(e expect.Expect, heard []netip.Addr) []string {
	return l.others(e).Missing(len(heard), func(i int) (netip.Addr, string) { return heard[i], "" })
}

// met reports whether all those expected are among the addresses, each of which is of another host.
func (l localHost) met(e expect.Expect, heard []netip.Addr) bool {
	return len(heard) >= e.Count && len(l.missing(e, heard)) == 0
}
