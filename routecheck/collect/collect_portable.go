//go:build !linux

package collect

import (
	"context"
	"errors"
	"fmt"
	"muster/routecheck/facts"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// fill reads what the standard library tells on every system, and then what
// this one tells besides. What neither knows is unknown, with this system's name.
func fill(ctx context.Context, f *facts.Facts) {
	f.Self = facts.Read(facts.Self{UID: os.Geteuid()}, "geteuid")
	f.Links, f.Addrs, f.Memberships = readInterfaces()
	f.ToGroup = connectAnswer(ctx, f, f.Query.Group)
	collectOS(ctx, f)
	nobody := func(what string) string {
		return fmt.Sprintf("muster does not read %s on %s", what, facts.OSName(runtime.GOOS))
	}
	orUnknown(&f.Kernel, nobody("the kernel's release"))
	orUnknown(&f.Platform, nobody("the platform"))
	orUnknown(&f.Routes, nobody("the routes"))
	orUnknown(&f.Rules, nobody("policy routing"))
	orUnknown(&f.ToSources, nobody("the ways back"))
	orUnknown(&f.ToReceivers, nobody("the ways to receivers"))
	orUnknown(&f.Neighbours, nobody("the neighbours"))
	orUnknown(&f.Filters, nobody("source filters"))
	orUnknown(&f.LinkLayer, nobody("the link-layer groups"))
	orUnknown(&f.Bridges, nobody("bridges"))
	orUnknown(&f.Queues, nobody("queues"))
	orUnknown(&f.UDP, nobody("the UDP sockets"))
	orUnknown(&f.Listeners, nobody("the TCP sockets"))
	orUnknown(&f.Connections, nobody("the TCP connections"))
	orUnknown(&f.BindTest, nobody("how ports are shared"))
	orUnknown(&f.Counters, nobody("the counters"))
	orUnknown(&f.Processes, nobody("the processes"))
	orUnknown(&f.Firewall, nobody("the packet filter's rules in a form that it can walk"))
	orUnknown(&f.Clock, nobody("whether the clock is synchronized"))
	orUnknown(&f.SELinux, nobody("SELinux"))
	orUnknown(&f.Units, nobody("services"))
	orUnknown(&f.PF, nobody("pf"))
	orUnknown(&f.AppFirewall, nobody("an application firewall"))
	orUnknown(&f.Defender, nobody("a firewall of Windows"))
}

// orUnknown gives a fact that nobody read its reason.
func orUnknown[T any](f *facts.Fact[T], why string) {
	if f.From == "" && f.Why == "" {
		*f = facts.Unread[T]("", why)
	}
}

// readInterfaces uses net.Interfaces, whose flags are the same on every system.
func readInterfaces() (facts.Fact[[]facts.Link], facts.Fact[[]facts.Addr], facts.Fact[[]facts.Membership]) {
	const from = "net.Interfaces"
	all, err := net.Interfaces()
	if err != nil {
		why := fmt.Sprintf("listing interfaces: %v", err)
		return facts.Unread[[]facts.Link](from, why), facts.Unread[[]facts.Addr](from, why), facts.Unread[[]facts.Membership](from, why)
	}
	links, addrs, members := []facts.Link{}, []facts.Addr{}, []facts.Membership{}
	for _, i := range all {
		l := facts.Link{Index: uint32(i.Index), Name: i.Name, MTU: uint32(max(i.MTU, 0)), MAC: i.HardwareAddr.String(), Flags: flagsOf(i.Flags), Type: 1}
		switch {
		case l.Has(facts.FlagLoopback):
			l.Type = 772
		case len(i.HardwareAddr) == 0:
			l.Type = 65534
		}
		if l.Has(facts.FlagUp) {
			up := i.Flags&net.FlagRunning != 0
			l.Carrier = &up
			l.OperState = map[bool]string{true: "up", false: "down"}[up]
		}
		links = append(links, l)
		as, _ := i.Addrs()
		for _, a := range as {
			if p, ok := prefixOf(a); ok {
				addrs = append(addrs, facts.Addr{Link: l.Index, Prefix: p})
			}
		}
		groups, _ := i.MulticastAddrs()
		for _, a := range groups {
			if ip, ok := a.(*net.IPAddr); ok {
				if g, ok := netip.AddrFromSlice(ip.IP); ok {
					members = append(members, facts.Membership{Link: l.Index, Group: g.Unmap()})
				}
			}
		}
	}
	return facts.Read(links, from), facts.Read(addrs, from), facts.Read(members, "Interface.MulticastAddrs")
}

func flagsOf(f net.Flags) uint32 {
	var out uint32
	for _, x := range []struct {
		from net.Flags
		to   uint32
	}{{net.FlagUp, facts.FlagUp}, {net.FlagBroadcast, facts.FlagBroadcast}, {net.FlagLoopback, facts.FlagLoopback}, {net.FlagPointToPoint, facts.FlagPointToPoint}, {net.FlagMulticast, facts.FlagMulticast}, {net.FlagRunning, facts.FlagRunning}} {
		if f&x.from != 0 {
			out |= x.to
		}
	}
	return out
}

func prefixOf(a net.Addr) (netip.Prefix, bool) {
	n, ok := a.(*net.IPNet)
	if !ok {
		return netip.Prefix{}, false
	}
	ip, ok := netip.AddrFromSlice(n.IP)
	bits, _ := n.Mask.Size()
	ip = ip.Unmap()
	if ip.Is4() && len(n.Mask) == net.IPv6len {
		bits -= 96
	}
	return netip.PrefixFrom(ip, bits), ok && bits >= 0
}

// connectAnswer learns the way from a connected UDP socket: the system gives it
// the source address of the route. Nothing is sent.
func connectAnswer(ctx context.Context, f *facts.Facts, to netip.Addr) facts.Fact[facts.RouteAnswer] {
	const from = "connect of a UDP socket"
	a := facts.RouteAnswer{To: to.WithZone("")}
	d := net.Dialer{Timeout: time.Second}
	c, err := d.DialContext(ctx, "udp", netip.AddrPortFrom(to, 9).String())
	var errno syscall.Errno
	switch {
	case err == nil:
	case errors.Is(err, syscall.ENETUNREACH):
		a.Errno = "ENETUNREACH"
		return facts.Read(a, from)
	case errors.Is(err, syscall.EHOSTUNREACH):
		a.Errno = "EHOSTUNREACH"
		return facts.Read(a, from)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		a.Errno = "EADDRNOTAVAIL"
		return facts.Read(a, from)
	case errors.As(err, &errno):
		return facts.Unread[facts.RouteAnswer](from, fmt.Sprintf("asking for a route: %v", err))
	default:
		return facts.Unread[facts.RouteAnswer](from, err.Error())
	}
	defer c.Close()
	if local, ok := c.LocalAddr().(*net.UDPAddr); ok {
		a.Src = local.AddrPort().Addr().Unmap().WithZone("")
	}
	for _, x := range f.Addrs.Value {
		if x.Prefix.Addr() == a.Src {
			a.Link = x.Link
		}
	}
	if a.Link == 0 {
		return facts.Unread[facts.RouteAnswer](from, fmt.Sprintf("no interface has the source address %s of the route", a.Src))
	}
	return facts.Read(a, from)
}

// run gives the output of one of the system's own tools, bounded in size and time.
func run(ctx context.Context, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var out limited
	cmd.Stdout = &out
	err := cmd.Run()
	return out.String(), err
}

type limited struct{ strings.Builder }

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > 4<<20 {
		return 0, errors.New("more than 4 MiB of output")
	}
	return l.Builder.Write(p)
}
