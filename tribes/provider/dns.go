package provider

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"
)

// Resolver looks a name up, with all its addresses; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// AskDNS looks a name up as Tomcat does: all A and AAAA records, the search list of the
// system applied. The JVM's cache, which is what Tomcat sees for 30 s, is not asked.
func AskDNS(ctx context.Context, r Resolver, name string, s Settings, self Self) *Answer {
	a := &Answer{Kind: DNS, Settings: s, Self: self, Question: name}
	begin := time.Now()
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	addrs, err := r.LookupNetIP(ctx, "ip", name)
	a.Took = time.Since(begin)
	if err != nil {
		a.Fault = unknownHost(name, err)
		return a
	}
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	for _, addr := range slices.Compact(addrs) {
		text := JavaText(addr)
		a.add(Named{Addr: addr, Text: text}, text)
	}
	return a
}

func unknownHost(name string, err error) *Fault {
	f := &Fault{Err: err, Log: "Error getting hosts address list for namespace [" + name + "], UnknownHostException"}
	var d *net.DNSError
	switch {
	case errors.As(err, &d) && d.IsNotFound:
		f.Saw = "the DNS has no address for " + name + ": no such name, or a headless Service without a ready pod"
		f.Fix = "set DNS_MEMBERSHIP_SERVICE_NAME to the headless Service's name, and publishNotReadyAddresses: true on it"
	case errors.As(err, &d) && d.IsTimeout:
		f.Saw, f.Fix = "the DNS server does not answer the question for "+name, "look at the nameserver of /etc/resolv.conf and at what is between"
	default:
		f.Saw, f.Fix = "the DNS does not answer the question for "+name+": "+err.Error(), "look at the nameserver of /etc/resolv.conf"
	}
	return f
}
