package mcast

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"muster/internal/hint"
)

// Interface is a network interface that multicast goes through, and how it
// came to be chosen.
type Interface struct {
	Index int
	Name  string
	MTU   int
	Flags net.Flags
	Addrs []netip.Prefix // without zones
	// Reason says for people why it was chosen, as the end of a sentence:
	// "eth0: the route to 228.0.0.4 names it".
	Reason string

	source netip.Addr // the address that the choice named, if it named one
}

// Loopback reports whether nothing sent through i leaves the host.
func (i Interface) Loopback() bool { return i.Flags&net.FlagLoopback != 0 }

// SourceFor returns the address that datagrams to group carry and that a member
// advertises: the one by which the interface was chosen, else for IPv4 the
// first that is not link-local, for IPv6 one of the group's scope or wider. It
// is false when the interface has no address of the group's family.
func (i Interface) SourceFor(group netip.Addr) (netip.Addr, bool) {
	if i.source.IsValid() && i.source.Is4() == group.Is4() {
		return i.source, true
	}
	linkLocal := group.Is6() && (group.IsLinkLocalMulticast() || group.IsInterfaceLocalMulticast())
	var second netip.Addr
	for _, p := range i.Addrs {
		a := p.Addr()
		if a.Is4() != group.Is4() {
			continue
		}
		if a.IsLinkLocalUnicast() && a.Is6() {
			a = a.WithZone(i.Name)
		}
		if a.IsLinkLocalUnicast() == linkLocal {
			return a, true
		}
		if !second.IsValid() {
			second = a
		}
	}
	return second, second.IsValid()
}

// String is the interface with the reason of its choice.
func (i Interface) String() string {
	if i.Reason == "" {
		return i.Name
	}
	return i.Name + ": " + i.Reason
}

// FindInterface returns the interface that spec names: a name, an index, or an
// address that the interface has. An empty spec asks the group's zone, then the
// route to the group, then takes the only interface that can be meant, and the
// loopback when nothing else is up.
func FindInterface(spec string, group netip.Addr) (Interface, error) {
	all, err := Interfaces()
	if err != nil {
		return Interface{}, err
	}
	return choose(spec, group, all, routeTo)
}

// Interfaces returns all interfaces of this host.
func Interfaces() ([]Interface, error) {
	all, err := systemInterfaces()
	if err != nil {
		return nil, fmt.Errorf("list the interfaces of this host: %w", err)
	}
	return all, nil
}

// choose is FindInterface on given facts.
func choose(spec string, group netip.Addr, all []Interface, route func(netip.Addr) (routeResult, error)) (Interface, error) {
	zone := group.Zone()
	switch {
	case spec == "" && zone == "":
		return chooseByRoute(group, all, route)
	case spec == "":
		return named(zone, all, "the group's zone names it")
	}
	i, err := named(spec, all, "asked for")
	if err != nil || zone == "" {
		return i, err
	}
	z, err := named(zone, all, "")
	if err == nil && z.Index != i.Index {
		err = fmt.Errorf("interface %s was asked for, but the group's zone names %s", i.Name, z.Name)
	}
	return i, err
}

// named finds spec by name, else by index, else by address.
func named(spec string, all []Interface, reason string) (Interface, error) {
	index, _ := strconv.Atoi(spec)
	addr, _ := netip.ParseAddr(spec)
	matches := []func(Interface) bool{
		func(i Interface) bool { return i.Name == spec },
		func(i Interface) bool { return i.Index == index },
		func(i Interface) bool {
			return addr.IsValid() && (addr.Zone() == "" || addr.Zone() == i.Name) &&
				slices.ContainsFunc(i.Addrs, func(p netip.Prefix) bool { return p.Addr() == addr.Unmap().WithZone("") })
		},
	}
	for n, match := range matches {
		at := slices.IndexFunc(all, match)
		if at < 0 {
			continue
		}
		i := all[at]
		i.Reason = reason
		if n == 2 {
			i.source = addr.Unmap()
			if i.source.Is6() && i.source.IsLinkLocalUnicast() {
				i.source = i.source.WithZone(i.Name)
			}
			i.Reason = reason + " by its address " + addr.String()
		}
		if i.Flags&net.FlagUp == 0 {
			return i, hint.Wrap(fmt.Errorf("interface %s is down", i.Name), upCommand(i.Name))
		}
		return i, nil
	}
	var names []string
	for _, i := range all {
		names = append(names, i.Name)
	}
	what := "no interface of this host has that name or index"
	if addr.IsValid() {
		what = "no interface of this host has that address"
	}
	return Interface{}, hint.Wrap(fmt.Errorf("interface %q: %s", spec, what),
		"the interfaces here are "+strings.Join(names, ", "))
}

func systemInterfaces() ([]Interface, error) {
	ifs, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	out := make([]Interface, 0, len(ifs))
	for _, ni := range ifs {
		i := Interface{Index: ni.Index, Name: ni.Name, MTU: ni.MTU, Flags: ni.Flags}
		addrs, _ := ni.Addrs() // an interface may vanish meanwhile: it has none then
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok {
				if ip, ok := netip.AddrFromSlice(n.IP); ok {
					ones, _ := n.Mask.Size()
					i.Addrs = append(i.Addrs, netip.PrefixFrom(ip.Unmap(), ones))
				}
			}
		}
		out = append(out, i)
	}
	return out, nil
}
