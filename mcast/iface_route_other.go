//go:build !linux

package mcast

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"syscall"
)

// routeTo learns the way to group from a connected UDP socket: the system gives
// it the source address of the route, and the interface that has the address is
// the one. Nothing is sent.
func routeTo(group netip.Addr) (routeResult, error) {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(group, 9)))
	switch {
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL):
		return routeResult{}, errNoRoute
	case err != nil:
		return routeResult{}, err
	}
	defer c.Close()
	source := c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
	all, err := systemInterfaces()
	if err != nil {
		return routeResult{}, err
	}
	for _, i := range all {
		if slices.ContainsFunc(i.Addrs, func(p netip.Prefix) bool { return p.Addr() == source.WithZone("") }) {
			return routeResult{i.Index, source}, nil
		}
	}
	return routeResult{}, fmt.Errorf("no interface has the source address %s", source)
}

func routeQuery(group netip.Addr) string {
	if runtime.GOOS == "windows" {
		return "Find-NetRoute -RemoteIPAddress " + group.WithZone("").String()
	}
	return "route -n get " + group.WithZone("").String()
}

func upCommand(name string) string {
	if runtime.GOOS == "windows" {
		return "Enable-NetAdapter -Name '" + name + "'"
	}
	return "ifconfig " + name + " up"
}

func routeCommand(group netip.Addr, name string) string {
	switch {
	case runtime.GOOS == "windows":
		return "New-NetRoute -DestinationPrefix 224.0.0.0/4 -InterfaceAlias '" + name + "'"
	case group.Is6():
		return "route add -inet6 ff00::/8 -interface " + name
	}
	return "route add -net 224.0.0.0/4 -interface " + name
}
