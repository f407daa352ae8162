//go:build !linux && !windows

package mcast

import "net/netip"

// The commands that hints name on macOS and the BSDs.

func routeQuery(group netip.Addr) string { return "route -n get " + group.WithZone("").String() }

func upCommand(name string) string { return "ifconfig " + name + " up" }

func routeCommand(group netip.Addr, name string) string {
	if group.Is6() {
		return "route add -inet6 ff00::/8 -interface " + name
	}
	return "route add -net 224.0.0.0/4 -interface " + name
}
