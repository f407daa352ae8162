package collect

import (
	"context"
	"errors"
	"muster/routecheck/facts"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"time"
)

// nameWait is how long a name server may take.
const nameWait = time.Second

// collectNames resolves the host's own name as Java's InetAddress.getLocalHost
// does: by the system's order, which on nearly every host asks the hosts file
// first.
func collectNames(ctx context.Context) facts.Fact[facts.Names] {
	host, err := os.Hostname()
	if err != nil {
		return facts.Unread[facts.Names]("gethostname", err.Error())
	}
	n := facts.Names{Host: host}
	if runtime.GOOS != "windows" {
		if text, err := os.ReadFile("/etc/hosts"); err == nil && len(text) < 16<<20 {
			if n.Addrs = hostsFile(string(text), host); len(n.Addrs) > 0 {
				n.Via = "/etc/hosts"
				return facts.Read(n, "gethostname, /etc/hosts")
			}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, nameWait)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	n.Via = "the resolver"
	var none *net.DNSError
	switch {
	case err == nil:
		for _, a := range addrs {
			n.Addrs = append(n.Addrs, a.Unmap())
		}
	case errors.As(err, &none) && none.IsNotFound:
		n.Error = "no such host"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &none) && none.IsTimeout:
		return facts.Unread[facts.Names]("gethostname, the resolver", "no name server answered for "+host+" within "+nameWait.String())
	default:
		n.Error = err.Error()
	}
	return facts.Read(n, "gethostname, the resolver")
}

// hostsFile finds the addresses of a name, in the file's order.
func hostsFile(text, host string) []netip.Addr {
	var out []netip.Addr
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		a, err := netip.ParseAddr(f[0])
		if err != nil {
			continue
		}
		for _, name := range f[1:] {
			if strings.EqualFold(name, host) {
				out = append(out, a.Unmap())
				break
			}
		}
	}
	return out
}
