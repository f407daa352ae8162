package cluster

import (
	"fmt"
	"net"
	"net/netip"

	"muster/internal/hint"
	"muster/mcast"
)

// address is where a node is reached, and what there is to say about it.
type address struct {
	host   netip.Addr // advertised
	listen netip.Addr // of the receiver; zero means all
	notes  []string
}

// chooseAddress takes the address that others connect to: the one asked for, or
// the interface's. A loopback is taken only if it is asked for or nothing else
// is up, since nobody else reaches it: two Tomcats that advertise 127.0.0.1
// each talk to themselves.
func chooseAddress(cfg *Config, iface mcast.Interface, up func() []netip.Addr) (address, error) {
	if cfg.Advertise.IsValid() {
		a := address{host: cfg.Advertise}
		if a.host.IsLoopback() {
			a.notes = append(a.notes, loopbackNote(a.host))
		}
		return a, nil
	}
	host, ok := iface.SourceFor(cfg.Group.Addr())
	if !ok {
		return address{}, hint.Wrap(
			fmt.Errorf("interface %s has no address that a member of %s could advertise", iface.Name, cfg.Group.Addr()),
			"name another interface with -i, or the address with --advertise")
	}
	a := address{host: host, listen: host}
	if host.IsLoopback() && cfg.Interface == "" {
		for _, other := range up() {
			if other.Is4() == host.Is4() {
				a.host, a.listen = other, other
				a.notes = append(a.notes, fmt.Sprintf("the route to %s is by %s; advertising %s, which others could reach, instead of %s",
					cfg.Group.Addr(), iface.Name, other, host))
				break
			}
		}
	}
	if a.host.IsLoopback() {
		a.notes = append(a.notes, loopbackNote(a.host))
	}
	if a.host.Is6() && a.host.IsLinkLocalUnicast() {
		a.notes = append(a.notes, fmt.Sprintf("advertising the link-local address %s: a heartbeat carries no zone, so others must guess the interface", a.host.WithZone("")))
	}
	return a, nil
}

func loopbackNote(a netip.Addr) string {
	return fmt.Sprintf("advertising %s: only members on this host can reach us", a)
}

// upAddrs are the addresses of this host that others may reach: of interfaces
// that are up, no loopback and not link-local.
func upAddrs() []netip.Addr {
	ifs, err := net.Interfaces()
	if err != nil {
		return nil
	}
	var out []netip.Addr
	for _, i := range ifs {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 {
			continue
		}
		addrs, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().IsGlobalUnicast() {
				out = append(out, p.Addr().Unmap())
			}
		}
	}
	return out
}

// dialable adds the interface to an address that is ambiguous without it.
func dialable(ap netip.AddrPort, iface mcast.Interface) netip.AddrPort {
	if a := ap.Addr(); a.Is6() && a.IsLinkLocalUnicast() && a.Zone() == "" {
		return netip.AddrPortFrom(a.WithZone(iface.Name), ap.Port())
	}
	return ap
}
