//go:build !linux

package mcast

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
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
