package cmd

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"muster/internal/hint"
	"muster/tribes/cluster/channel"
)

// mostProbed is how many receivers one call asks: it is no scanner.
const mostProbed = 256

// listedMembers are the targets that a server.xml names, or that its provider does.
func (a *app) listedMembers(ctx context.Context, f *clusterFlags) ([]string, error) {
	if f.serverXML == "" {
		return nil, usagef("say whom to ask: HOST:PORT, or --server-xml with a file that names static members")
	}
	s, err := serverXML(a, f.serverXML)
	if err != nil {
		return nil, err
	}
	if q, ok := (providerFlags{}).question(&s); ok {
		return a.providedMembers(ctx, q)
	}
	if len(s.Members) == 0 {
		return nil, hint.Wrap(fmt.Errorf("--server-xml: %s names no static member to ask", f.serverXML),
			"muster tribes members --server-xml "+f.serverXML+" lists the members that are heard")
	}
	var out []string
	for _, m := range s.Members {
		out = append(out, net.JoinHostPort(m.Host, strconv.Itoa(int(m.Port))))
	}
	return out, nil
}

// resolveTargets looks all of them up.
func resolveTargets(ctx context.Context, targets []string) ([]probed, error) {
	var out []probed
	for _, target := range targets {
		host, port, err := splitTarget(target)
		if err != nil {
			return nil, err
		}
		addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			return nil, hint.Wrap(fmt.Errorf("look up %s: %w", host, err), "getent hosts "+host+" shows what this host's resolver says")
		}
		for _, addr := range addrs {
			out = append(out, probed{target, netip.AddrPortFrom(addr.Unmap(), port)})
		}
	}
	return out, nil
}

// splitTarget reads HOST, HOST:PORT, or [IPv6]:PORT.
func splitTarget(s string) (host string, port uint16, err error) {
	bare := s
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		bare = s[1 : len(s)-1]
	}
	if a, err := netip.ParseAddr(bare); err == nil {
		return a.String(), channel.DefaultPort, nil
	}
	host, text, err := net.SplitHostPort(s)
	if err != nil {
		if s == "" || strings.ContainsAny(s, ":[]") {
			return "", 0, usagef("%q: want HOST:PORT, with an IPv6 address in brackets", s)
		}
		return s, channel.DefaultPort, nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 || host == "" {
		return "", 0, usagef("%q: want HOST:PORT, with a port from 1 to 65535", s)
	}
	return host, uint16(n), nil
}
