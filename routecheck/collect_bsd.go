//go:build darwin || freebsd || openbsd || netbsd || dragonfly

package routecheck

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/net/route"
	"golang.org/x/sys/unix"
)

// collectOS reads the routing table through the routing sysctl, and the firewalls
// through their own tools.
func collectOS(ctx context.Context, f *Facts) {
	f.Routes = readRIB(f.Query.Group.Is6())
	if release, err := unix.Sysctl("kern.osrelease"); err == nil {
		f.Kernel = read(release, "sysctl kern.osrelease")
	}
	p := Platform{OSVersion: osName(runtime.GOOS) + " " + f.Kernel.Value}
	if runtime.GOOS == "darwin" {
		if v, err := unix.Sysctl("kern.osproductversion"); err == nil {
			p.OSVersion = "macOS " + v
		}
		const tool = "/usr/libexec/ApplicationFirewall/socketfilterfw"
		global, err := run(ctx, tool, "--getglobalstate")
		if err != nil {
			f.AppFirewall = unread[AppFirewall](tool, err.Error())
		} else {
			block, _ := run(ctx, tool, "--getblockall")
			stealth, _ := run(ctx, tool, "--getstealthmode")
			f.AppFirewall = read(parseSocketFilter(global, block, stealth), tool)
		}
	} else {
		f.AppFirewall = unread[AppFirewall]("", "this is not macOS")
	}
	f.Platform = read(p, "sysctl")
	f.PF = readPF(ctx)
	f.Defender = unread[Defender]("", "this is not Windows")
}

// readPF asks pfctl, which only root may.
func readPF(ctx context.Context) Fact[PF] {
	const from = "pfctl"
	info, err := run(ctx, "/sbin/pfctl", "-s", "info")
	if err != nil {
		return unread[PF](from, fmt.Sprintf("pfctl -s info (it needs root): %v", err))
	}
	pf := PF{Enabled: strings.Contains(info, "Status: Enabled")}
	rules, err := run(ctx, "/sbin/pfctl", "-s", "rules")
	if err != nil {
		return unread[PF](from, fmt.Sprintf("pfctl -s rules: %v", err))
	}
	pf.Rules = parsePF(rules)
	return read(pf, from)
}

// readRIB lists the routes of one family.
func readRIB(v6 bool) Fact[[]Route] {
	const from = "sysctl NET_RT_DUMP"
	family := syscall.AF_INET
	if v6 {
		family = syscall.AF_INET6
	}
	b, err := route.FetchRIB(family, route.RIBTypeRoute, 0)
	if err != nil {
		return unread[[]Route](from, fmt.Sprintf("listing routes: %v", err))
	}
	msgs, err := route.ParseRIB(route.RIBTypeRoute, b)
	if err != nil {
		return unread[[]Route](from, fmt.Sprintf("listing routes: %v", err))
	}
	out := []Route{}
	for _, m := range msgs {
		if r, ok := ribRoute(m); ok && len(out) < 20000 {
			out = append(out, r)
		}
	}
	return read(out, from)
}

func ribRoute(m route.Message) (Route, bool) {
	rm, ok := m.(*route.RouteMessage)
	if !ok || len(rm.Addrs) == 0 {
		return Route{}, false
	}
	dst, ok := ribAddr(rm.Addrs[syscall.RTAX_DST])
	if !ok {
		return Route{}, false
	}
	bits := dst.BitLen()
	if len(rm.Addrs) > syscall.RTAX_NETMASK && rm.Flags&syscall.RTF_HOST == 0 {
		bits = 0
		if mask, ok := ribAddr(rm.Addrs[syscall.RTAX_NETMASK]); ok {
			for _, x := range mask.AsSlice() {
				for ; x&0x80 != 0; x <<= 1 {
					bits++
				}
			}
		}
	}
	r := Route{Table: 254, Type: "unicast", Dst: netip.PrefixFrom(dst, bits), Links: []uint32{uint32(rm.Index)}}
	switch {
	case rm.Flags&syscall.RTF_BLACKHOLE != 0:
		r.Type = "blackhole"
	case rm.Flags&syscall.RTF_REJECT != 0:
		r.Type = "unreachable"
	}
	if len(rm.Addrs) > syscall.RTAX_GATEWAY {
		r.Gateway, _ = ribAddr(rm.Addrs[syscall.RTAX_GATEWAY])
	}
	return r, true
}

func ribAddr(a route.Addr) (netip.Addr, bool) {
	switch x := a.(type) {
	case *route.Inet4Addr:
		return netip.AddrFrom4(x.IP), true
	case *route.Inet6Addr:
		return netip.AddrFrom16(x.IP), true
	}
	return netip.Addr{}, false
}
