package mcast

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"muster/internal/hint"
)

// joinError says what a refused join means (the table of errno values was
// measured on Linux 6.18).
func joinError(err error, g Group, i Interface) error {
	err = fmt.Errorf("join %s on %s: %w", g, i.Name, err)
	switch {
	case errors.Is(err, unix.ENOBUFS) && g.Source.IsValid():
		return hint.Wrap(err, "one socket may hold only so many sources for a group: sysctl -w net.ipv4.igmp_max_msf=64")
	case errors.Is(err, unix.ENOBUFS):
		return hint.Wrap(err, "one socket may hold only so many groups: sysctl -w net.ipv4.igmp_max_memberships=512")
	case errors.Is(err, unix.ENOMEM):
		return hint.Wrap(err, "the option memory of a socket is used up: sysctl -w net.core.optmem_max=131072")
	case errors.Is(err, unix.ENODEV):
		return hint.Wrap(err, "the interface is gone, or has no address of the group's family: ip addr show dev "+i.Name)
	}
	return err
}

// filesError adds what to do when the process may not open more files.
func filesError(err error, groups int) error {
	switch {
	case errors.Is(err, unix.EMFILE):
		return hint.Wrap(err, fmt.Sprintf("this process may not open enough files: ulimit -n %d", groups+64))
	case errors.Is(err, unix.ENFILE):
		return hint.Wrap(err, "the system has no more files: sysctl -w fs.file-max=1000000")
	}
	return err
}

// sendError says what a refused send means.
func sendError(err error, to netip.Addr, i Interface, size int) error {
	err = fmt.Errorf("send to %s by %s: %w", to, i.Name, err)
	_, hasSource := i.SourceFor(to)
	switch {
	case errors.Is(err, unix.ENETUNREACH) && to.Is6() && i.Loopback():
		return hint.Wrap(err, "the loopback of Linux carries no IPv6 multicast; take an IPv4 group, or another interface with -i")
	case to.Is6() && !hasSource:
		return hint.Wrap(err, i.Name+" has no IPv6 address; it may be switched off: sysctl net.ipv6.conf."+i.Name+".disable_ipv6")
	case errors.Is(err, unix.ENETUNREACH) && to.IsMulticast():
		return hint.Wrap(err, routeCommand(to, i.Name))
	case errors.Is(err, unix.ENETUNREACH), errors.Is(err, unix.EHOSTUNREACH):
		return hint.Wrap(err, "see which route is taken: "+routeQuery(to))
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.EACCES):
		return hint.Wrap(err, "a blackhole or prohibit route forbids it, see: "+routeQuery(to))
	case errors.Is(err, unix.EPERM):
		return hint.Wrap(err, "a rule of this host's firewall, or an IPsec policy, forbids it; muster check --only fw.output-drop names it")
	case errors.Is(err, unix.EMSGSIZE):
		return hint.Wrap(fmt.Errorf("%d bytes: %w", size, err), fmt.Sprintf("a UDP payload holds at most 65507 bytes, and %d reach %s unfragmented", i.MTU-udpOverhead(to), i.Name))
	case errors.Is(err, unix.ENETDOWN):
		return hint.Wrap(err, upCommand(i.Name))
	}
	return err
}

// udpOverhead is the size of the IP and UDP headers.
func udpOverhead(to netip.Addr) int {
	if to.Is6() {
		return 48
	}
	return 28
}
