package mcast

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/jsimonetti/rtnetlink/v2"
	"golang.org/x/sys/unix"
)

// routeTo asks the kernel which way a datagram to group would go, as
// "ip route get" does (RTM_GETROUTE).
func routeTo(group netip.Addr) (routeResult, error) {
	c, err := rtnetlink.Dial(nil)
	if err != nil {
		return routeResult{}, fmt.Errorf("netlink: %w", err)
	}
	defer c.Close()
	req := &rtnetlink.RouteMessage{
		Family:     unix.AF_INET,
		DstLength:  32,
		Attributes: rtnetlink.RouteAttributes{Dst: group.AsSlice()},
	}
	if group.Is6() {
		req.Family, req.DstLength = unix.AF_INET6, 128
	}
	answers, err := c.Route.Get(req)
	switch {
	case errors.Is(err, unix.ENETUNREACH):
		return routeResult{}, errNoRoute
	case errors.Is(err, unix.EINVAL):
		return routeResult{}, fmt.Errorf("a blackhole route forbids it: %w", err)
	case errors.Is(err, unix.EACCES):
		return routeResult{}, fmt.Errorf("a prohibit route forbids it: %w", err)
	case errors.Is(err, unix.EHOSTUNREACH):
		return routeResult{}, fmt.Errorf("an unreachable route forbids it: %w", err)
	case err != nil:
		return routeResult{}, err
	case len(answers) == 0 || answers[0].Attributes.OutIface == 0:
		return routeResult{}, errNoRoute
	}
	a := answers[0]
	r := routeResult{index: int(a.Attributes.OutIface)}
	if src, ok := netip.AddrFromSlice(a.Attributes.Src); ok {
		if src = src.Unmap(); src.Is4() && !src.IsUnspecified() {
			r.source = src
		}
	}
	return r, nil
}
