// Package expect reads --expect, which means the same in every command: so many
// others, or hosts by their names or addresses. What this host itself sends never
// counts.
package expect

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Host is one that is expected.
type Host struct {
	Name  string       // as it was given: a name or an address
	Addrs []netip.Addr // the address, or what the name resolves to; none where it does not
}

// Expect is what --expect asks for; the zero value asks for nothing.
type Expect struct {
	Count int    // so many others; 0 where hosts are named
	Hosts []Host // these
}

// Limits of what is read.
const (
	most        = 10_000
	resolveTime = 2 * time.Second // for all names together
)

// Parse reads "3", "n1,n2" or "10.0.0.11,n2". Names are resolved where that is
// possible at once; one that does not resolve can still be the name that a node
// gives itself.
func Parse(ctx context.Context, s string) (Expect, error) {
	var e Expect
	if s == "" {
		return e, nil
	}
	if n, err := strconv.Atoi(s); err == nil {
		if n < 1 || n > most {
			return e, fmt.Errorf("%s: say 1 to %d others, or their names or addresses", s, most)
		}
		e.Count = n
		return e, nil
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTime)
	defer cancel()
	for name := range strings.SplitSeq(s, ",") {
		name = strings.TrimSpace(name)
		switch {
		case name == "":
			return e, fmt.Errorf("%q: an empty name between the commas", s)
		case len(e.Hosts) == most:
			return e, fmt.Errorf("more than %d names", most)
		}
		h := Host{Name: name}
		if a, err := netip.ParseAddr(name); err == nil {
			h.Addrs = []netip.Addr{a.Unmap().WithZone("")}
		} else if found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name); err == nil {
			for _, a := range found {
				h.Addrs = append(h.Addrs, a.Unmap().WithZone(""))
			}
		}
		e.Hosts = append(e.Hosts, h)
	}
	return e, nil
}

// Given: something is expected.
func (e Expect) Given() bool { return e.Count > 0 || len(e.Hosts) > 0 }

// Is reports whether h is the one with this address, or that gives itself this
// name. Names are compared as DNS does, and by their first label where one of the
// two has no more.
func (h Host) Is(a netip.Addr, name string) bool {
	if a = a.Unmap().WithZone(""); a.IsValid() && slices.Contains(h.Addrs, a) {
		return true
	}
	if name == "" {
		return false
	}
	x, y := strings.ToLower(strings.TrimSuffix(h.Name, ".")), strings.ToLower(strings.TrimSuffix(name, "."))
	if x == y {
		return true
	}
	short, long := x, y
	if len(short) > len(long) {
		short, long = long, short
	}
	return short != "" && !strings.Contains(short, ".") && strings.HasPrefix(long, short+".")
}

// Own takes the hosts that are this host itself out of e, since nothing of this
// host's counts: they are where own says so of an address or a name.
func (e Expect) Own(own func(a netip.Addr, name string) bool) Expect {
	e.Hosts = slices.DeleteFunc(slices.Clone(e.Hosts), func(h Host) bool {
		if own(netip.Addr{}, h.Name) {
			return true
		}
		return slices.ContainsFunc(h.Addrs, func(a netip.Addr) bool { return own(a, "") })
	})
	return e
}

// Missing are the names of those that none of n others is; others tells address
// and name of each. Where a number is expected it is empty: see Short.
func (e Expect) Missing(n int, others func(i int) (netip.Addr, string)) []string {
	out := []string{}
	for _, h := range e.Hosts {
		there := false
		for i := range n {
			a, name := others(i)
			there = there || h.Is(a, name)
		}
		if !there {
			out = append(out, h.Name)
		}
	}
	return out
}

// Wanted is how many others are expected.
func (e Expect) Wanted() int { return max(e.Count, len(e.Hosts)) }
