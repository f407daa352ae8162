package mcast

import "net/netip"

// The commands that hints name on Linux.

func routeQuery(group netip.Addr) string { return "ip route get " + group.WithZone("").String() }

func upCommand(name string) string { return "ip link set " + name + " up" }

func routeCommand(group netip.Addr, name string) string {
	if group.Is6() {
		return "ip -6 route add ff00::/8 dev " + name + " table local"
	}
	return "ip route add 224.0.0.0/4 dev " + name
}
