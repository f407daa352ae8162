package cmd

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/internal/hint"
	"muster/internal/verdict"
	"muster/mcast"
	"muster/routecheck/facts"
	"muster/routecheck/judge"
	"muster/tribes/serverxml"
)

// wanted reads --only and --ignore.
func (o *checkOptions) wanted() (func(verdict.ID) bool, error) {
	for _, id := range append(append([]string{}, o.only...), o.ignore...) {
		if !knownCheck(id) {
			return nil, usagef("%q is no check and no family of checks ('muster check --list' names them)", id)
		}
	}
	has := func(list []string, id verdict.ID) bool {
		for _, x := range list {
			if string(id) == x || strings.HasPrefix(string(id), strings.TrimSuffix(x, ".*")+".") {
				return true
			}
		}
		return false
	}
	return func(id verdict.ID) bool { return (len(o.only) == 0 || has(o.only, id)) && !has(o.ignore, id) }, nil
}

func knownCheck(word string) bool {
	match := func(id verdict.ID) bool {
		return string(id) == word || strings.HasPrefix(string(id), strings.TrimSuffix(word, ".*")+".")
	}
	for _, c := range judge.All {
		if match(c.ID) {
			return true
		}
	}
	for _, id := range serverxml.Checks { // with --server-xml
		if match(id) {
			return true
		}
	}
	return false
}

// query makes of the flags what the host is judged for. base holds what a facts
// file was collected for, or the defaults.
func (o *checkOptions) query(c *cobra.Command, base facts.Query) (facts.Query, error) {
	q := base
	given := c.Flags().Changed
	if given("group") || o.from == "" {
		g, err := checkGroup(o.group)
		if err != nil {
			return q, usagef("--group: %w", err)
		}
		q.Group, q.Source, q.Count = g.Addr, g.Source, g.Count
		if g.Port != 0 {
			q.Port = g.Port
		}
	}
	if given("port") {
		q.Port = o.port
	}
	if given("tcp-port") {
		q.TCPPort = o.tcpPort
	}
	if given("auto-bind") {
		q.AutoBind = o.autoBind
	}
	switch {
	case q.Port == 0:
		return q, usagef("--port 0: say a port from 1 to 65535")
	case q.TCPPort == 0:
		return q, usagef("--tcp-port 0: say a port from 1 to 65535")
	case q.AutoBind < 0:
		return q, usagef("--auto-bind %d: say 0 or more", q.AutoBind)
	case o.iface != "" && o.bind != "" && o.iface != o.bind:
		return q, usagef("--bind and --interface both choose the interface: give one of them")
	case o.bind != "":
		if _, err := netip.ParseAddr(o.bind); err != nil {
			return q, usagef("--bind %q is no address", o.bind)
		}
		q.Interface = o.bind
	case o.iface != "":
		q.Interface = o.iface
	}
	if o.product != "" || given("group") {
		q.Product = o.product
	}
	if c := o.cluster(c.Context()); c != nil {
		q.Cluster = c
	}
	if len(o.expect) > 0 {
		q.Peers = nil
		for _, name := range o.expect {
			if _, err := strconv.Atoi(name); err == nil {
				return q, usagef("--expect %s: check hears nobody, so it cannot count; name the members", name)
			}
			addrs, err := lookup(c.Context(), name)
			if err != nil {
				return q, hint.Wrap(fmt.Errorf("--expect %s: %w", name, err), "give the member's address instead")
			}
			q.Peers = append(q.Peers, addrs...)
		}
	}
	return q, nil
}

// lookup is an address, or those of a name.
func lookup(ctx context.Context, name string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(name); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return nil, err
	}
	var out []netip.Addr
	for _, a := range found {
		out = append(out, a.Unmap())
	}
	return out, nil
}

// checkGroup is mcast.ParseGroup, but for addresses that are none of a group: to
// judge those is what check is for.
func checkGroup(s string) (mcast.Group, error) {
	g, err := mcast.ParseGroup(s)
	if err == nil {
		return g, nil
	}
	if ap, e := netip.ParseAddrPort(s); e == nil {
		return mcast.Group{Addr: ap.Addr().Unmap(), Port: ap.Port(), Count: 1}, nil
	}
	if addr, e := netip.ParseAddr(s); e == nil {
		return mcast.Group{Addr: addr.Unmap(), Count: 1}, nil
	}
	return g, err
}
