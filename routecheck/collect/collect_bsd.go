//go:build darwin || freebsd || openbsd || netbsd || dragonfly

package collect

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/net/route"
	"golang.org/x/sys/unix"
	"muster/routecheck/facts"
)

// collectOS reads the routing table through the routing sysctl, and the firewalls
// through their own tools.
func collectOS(ctx context.Context, f *facts.Facts) {
	f.Routes = readRIB(f.Query.Group.Is6())
	if release, err := unix.Sysctl("kern.osrelease"); err == nil {
		f.Kernel = facts.Read(release, "sysctl kern.osrelease")
	}
	p := facts.Platform{OSVersion: facts.OSName(runtime.GOOS) + " " + f.Kernel.Value}
	if runtime.GOOS == "darwin" {
		if v, err := unix.Sysctl("kern.osproductversion"); err == nil {
			p.OSVersion = "macOS " + v
		}
		const tool = "/usr/libexec/ApplicationFirewall/socketfilterfw"
		global, err := run(ctx, tool, "--getglobalstate")
		if err != nil {
			f.AppFirewall = facts.Unread[facts.AppFirewall](tool, err.Error())
		} else {
			block, _ := run(ctx, tool, "--getblockall")
			stealth, _ := run(ctx, tool, "--getstealthmode")
			f.AppFirewall = facts.Read(parseSocketFilter(global, block, stealth), tool)
		}
	} else {
		f.AppFirewall = facts.Unread[facts.AppFirewall]("", "this is not macOS")
	}
	f.Platform = facts.Read(p, "sysctl")
	f.PF = readPF(ctx)
	f.Defender = facts.Unread[facts.Defender]("", "this is not Windows")
}

// readPF asks pfctl, which only root may.
func readPF(ctx context.Context) facts.Fact[facts.PF] {
	const from = "pfctl"
	info, err := run(ctx, "/sbin/pfctl", "-s", "info")
	if err != nil {
		return facts.Unread[facts.PF](from, fmt.Sprintf("pfctl -s info (it needs root): %v", err))
	}
	pf := facts.PF{Enabled: strings.Contains(info, "Status: Enabled")}
	rules, err := run(ctx, "/sbin/pfctl", "-s", "rules")
	if err != nil {
		return facts.Unread[facts.PF](from, fmt.Sprintf("pfctl -s rules: %v", err))
	}
	pf.Rules = parsePF(rules)
	return facts.Read(pf, from)
}

// readRIB lists the routes of one family.
func readRIB(v6 bool) facts.Fact[[]facts.Route] {
	const from = "sysctl NET_RT_DUMP"
	family := syscall.AF_INET
	if v6 {
		family = syscall.AF_INET6
	}
	b, err := route.FetchRIB(family, route.RIBTypeRoute, 0)
	if err != nil {
		return facts.Unread[[]facts.Route](from, fmt.Sprintf("listing routes: %v", err))
	}
	msgs, err := route.ParseRIB(route.RIBTypeRoute, b)
	if err != nil {
		return facts.Unread[[]facts.Route](from, fmt.Sprintf("listing routes: %v", err))
	}
	out := []facts.Route{}
	for _, m := range msgs {
		if r, ok := ribRoute(m); ok && len(out) < 20000 {
			out = append(out, r)
		}
	}
	return facts.Read(out, from)
}

func ribRoute(m route.Message) (facts.Route, bool) {
	rm, ok := m.(*route.RouteMessage)
	if !ok || len(rm.Addrs) == 0 {
		return facts.Route{}, false
	}
	dst, ok := ribAddr(rm.Addrs[syscall.RTAX_DST])
	if !ok {
		return facts.Route{}, false
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
	r := facts.Route{Table: 254, Type: "unicast", Dst: netip.PrefixFrom(dst, bits), Links: []uint32{uint32(rm.Index)}}
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
