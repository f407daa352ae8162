package ping

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Host is a host that is expected to answer.
type Host struct {
	Name  string       // as it was given
	Addrs []netip.Addr // what it resolves to, of the group's family
}

// Expectation is what --expect asks for: so many responders of other hosts, or these hosts.
type Expectation struct {
	Count int
	Hosts []Host
	own   []netip.Prefix // of this host, whose answers never count
}

// Others is e without this host, which has the addresses own.
func (e Expectation) Others(own []netip.Prefix) Expectation {
	e.own = own
	if len(e.Hosts) > 0 {
		e.Hosts = slices.DeleteFunc(slices.Clone(e.Hosts), func(h Host) bool { return slices.ContainsFunc(h.Addrs, e.isOwn) })
		e.Count = len(e.Hosts)
	}
	return e
}

func (e Expectation) isOwn(a netip.Addr) bool {
	return slices.ContainsFunc(e.own, func(p netip.Prefix) bool { return p.Addr().WithZone("") == a.WithZone("") })
}

// ParseExpectation reads a number, or host names and addresses separated by
// commas; v6 says which of a name's addresses count.
func ParseExpectation(ctx context.Context, s string, v6 bool) (Expectation, error) {
	if n, err := strconv.Atoi(s); err == nil {
		if n < 1 {
			return Expectation{}, fmt.Errorf("expecting %d responders says nothing", n)
		}
		return Expectation{Count: n}, nil
	}
	var e Expectation
	for name := range strings.SplitSeq(s, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			return e, fmt.Errorf("%q: an empty name between the commas", s)
		}
		h := Host{Name: name}
		var err error
		if h.Addrs, err = resolve(ctx, name, v6); err != nil {
			return e, err
		}
		e.Hosts = append(e.Hosts, h)
	}
	e.Count = len(e.Hosts)
	return e, nil
}

func resolve(ctx context.Context, name string, v6 bool) ([]netip.Addr, error) {
	addrs := []netip.Addr{}
	if a, err := netip.ParseAddr(name); err == nil {
		addrs = append(addrs, a.Unmap())
	} else {
		found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
		if err != nil {
			return nil, fmt.Errorf("resolve %q: %w", name, err)
		}
		for _, a := range found {
			addrs = append(addrs, a.Unmap())
		}
	}
	addrs = slices.DeleteFunc(addrs, func(a netip.Addr) bool { return a.Is6() != v6 })
	if len(addrs) == 0 {
		family := "IPv4"
		if v6 {
			family = "IPv6"
		}
		return nil, fmt.Errorf("%q has no %s address, and the group is of that family", name, family)
	}
	return addrs, nil
}

// Missing are the hosts that answered no probe to the group.
func (e Expectation) Missing(rows []Row) []Host {
	return slices.DeleteFunc(slices.Clone(e.Hosts), func(h Host) bool {
		return slices.ContainsFunc(rows, func(r Row) bool { return r.Received > 0 && h.has(r.Addr) })
	})
}

func (h Host) has(a netip.Addr) bool {
	return slices.ContainsFunc(h.Addrs, func(x netip.Addr) bool {
		return x == a || x.Zone() == "" && x == a.WithZone("")
	})
}

// reachable: the host answers by unicast.
func (h Host) reachable(rows []Row) bool {
	return slices.ContainsFunc(rows, func(r Row) bool { return r.Unicast.Received > 0 && h.has(r.Addr) })
}

// reached: each host that was named and did not answer the group answers by unicast.
func (e Expectation) reached(rows []Row) bool {
	return !slices.ContainsFunc(e.Missing(rows), func(h Host) bool { return !h.reachable(rows) })
}

// Met reports whether everything expected answered the group.
func (e Expectation) Met(rows []Row) bool {
	return len(e.Missing(rows)) == 0 && e.Answering(rows) >= e.Count
}

// Answering is how many addresses of other hosts answered the group.
func (e Expectation) Answering(rows []Row) int {
	seen := map[netip.Addr]bool{}
	for _, r := range rows {
		if r.Received > 0 && !e.isOwn(r.Addr) {
			seen[r.Addr] = true
		}
	}
	return len(seen)
}

// Complete reports whether, of those expected, each answered every probe: there
// is nothing more to wait for.
func (e Expectation) Complete(rows []Row) bool {
	if e.Count == 0 || !e.Met(rows) {
		return false
	}
	return !slices.ContainsFunc(rows, func(r Row) bool {
		return r.Received < r.Series.Sent || r.Unicast.Received < r.Unicast.Sent
	})
}

// Name is what the host of an address was called when it was expected; "" else.
func (e Expectation) Name(a netip.Addr) string {
	for _, h := range e.Hosts {
		if h.has(a) && h.Name != a.String() {
			return h.Name
		}
	}
	return ""
}
