package mcast

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"muster/internal/hint"
)

// routeResult is the answer of the system's routing table about a group.
type routeResult struct {
	index  int        // the outgoing interface
	source netip.Addr // the source address that goes with it, if told
}

// errNoRoute: the table has no entry for the group.
var errNoRoute = errors.New("no route")

// chooseByRoute takes the interface that the route to group names. Without a
// route it takes the only one that can be meant, and the loopback when nothing
// else is up; with several it asks.
func chooseByRoute(group netip.Addr, all []Interface, route func(netip.Addr) (routeResult, error)) (Interface, error) {
	if !group.IsValid() {
		return Interface{}, errors.New("choose an interface: neither an interface nor a group is given")
	}
	r, err := route(group)
	if err == nil {
		for _, i := range all {
			if i.Index == r.index {
				i.source = r.source
				i.Reason = fmt.Sprintf("the route to %s names it", group)
				if i.Loopback() {
					i.Reason += ", so nothing leaves this host"
				}
				return i, nil
			}
		}
		return Interface{}, fmt.Errorf("the route to %s names interface %d, which is not there", group, r.index)
	}
	if !errors.Is(err, errNoRoute) {
		return Interface{}, hint.Wrap(fmt.Errorf("ask for the route to %s: %w", group, err),
			routeQuery(group), "name the interface with -i")
	}
	return chooseWithoutRoute(group, all)
}

func chooseWithoutRoute(group netip.Addr, all []Interface) (Interface, error) {
	var able []Interface
	var lo *Interface
	for n, i := range all {
		switch {
		case i.Flags&net.FlagUp == 0:
		case i.Loopback():
			if lo == nil {
				lo = &all[n]
			}
		case i.Flags&net.FlagMulticast != 0:
			if _, ok := i.SourceFor(group); ok {
				able = append(able, i)
			}
		}
	}
	switch {
	case len(able) == 1:
		i := able[0]
		i.Reason = fmt.Sprintf("there is no route to %s; it is the only interface that is up, has an address and does multicast", group)
		return i, nil
	case len(able) > 1:
		var names []string
		for _, i := range able {
			names = append(names, i.Name)
		}
		return Interface{}, hint.Wrap(
			fmt.Errorf("no route to %s, and several interfaces could be meant: %s", group, strings.Join(names, ", ")),
			"name one with -i "+names[0], routeCommand(group, names[0]))
	case lo != nil:
		i := *lo
		i.Reason = fmt.Sprintf("there is no route to %s and nothing else is up; nothing leaves this host", group)
		return i, nil
	}
	return Interface{}, hint.Wrap(fmt.Errorf("no route to %s, and no interface is up", group), upCommand("lo"))
}
