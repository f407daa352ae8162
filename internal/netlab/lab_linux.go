package netlab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

var (
	multicast4 = netip.MustParsePrefix("224.0.0.0/4")
	default4   = netip.MustParsePrefix("0.0.0.0/0")
)

// Lab is a network of hosts on a switch. It ends with its test.
type Lab struct {
	tb    TB
	dir   string
	hosts []*Host
	sw    *Switch
	nets  int
}

// New makes a lab. It skips the test where the machine cannot make one, and says
// what is missing; when the test ends, so do the lab and every process in it.
func New(tb TB, cfg Config) *Lab {
	tb.Helper()
	if unavailable != "" {
		tb.Skipf("netlab: not possible here: %s", unavailable)
	}
	if cfg.Hosts == 0 {
		cfg.Hosts = 2
	}
	l := &Lab{tb: tb, dir: tb.TempDir(), nets: 1}
	if cfg.Dual {
		l.nets = 2
	}
	tb.Cleanup(l.close)
	if err := l.build(cfg); err != nil {
		if missing(err) {
			tb.Skipf("netlab: not possible here: %v", err)
		}
		tb.Fatalf("netlab: %v", err)
	}
	return l
}

// missing tells an ability that the machine lacks from a mistake of netlab's.
func missing(err error) bool {
	for _, e := range []error{unix.EPERM, unix.EACCES, unix.EOPNOTSUPP, unix.EPROTONOSUPPORT, unix.EAFNOSUPPORT, unix.ENOSYS} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// Host returns host n of the lab; the first is 1.
func (l *Lab) Host(n int) *Host {
	l.tb.Helper()
	if n < 1 || n > len(l.hosts) {
		l.tb.Fatalf("netlab: no host %d: the lab has %d", n, len(l.hosts))
	}
	return l.hosts[n-1]
}

// Named returns the host of that name, or nil.
func (l *Lab) Named(name string) *Host {
	for _, h := range l.hosts {
		if h.Name() == name {
			return h
		}
	}
	return nil
}

// Hosts returns all hosts in order.
func (l *Lab) Hosts() []*Host { return l.hosts }

// Switch returns what the hosts are plugged into.
func (l *Lab) Switch() *Switch { return l.sw }

func (l *Lab) build(cfg Config) error {
	etc, err := l.etc(cfg.Hosts)
	if err != nil {
		return err
	}
	if l.sw, err = newSwitch(l, etc); err != nil {
		return err
	}
	for n := 1; n <= cfg.Hosts; n++ {
		h := &Host{lab: l, number: n, dir: filepath.Join(l.dir, fmt.Sprintf("n%d", n))}
		if err := os.Mkdir(h.dir, 0o700); err != nil {
			return err
		}
		if h.ns, err = newNamespace(h.Name(), etc); err != nil {
			return err
		}
		l.hosts = append(l.hosts, h)
		if err := l.plug(h, cfg.Routes); err != nil {
			return err
		}
	}
	return l.wait()
}

// etc writes the files that stand in for the machine's own: the hosts know each
// other's names, and ask no name server.
func (l *Lab) etc(n int) (map[string]string, error) {
	var hosts strings.Builder
	hosts.WriteString("127.0.0.1 localhost\n::1 localhost\n")
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&hosts, "%s n%d\n%s n%d\n", address4(0, i), i, address6(0, i), i)
	}
	etc := map[string]string{}
	for name, text := range map[string]string{"hosts": hosts.String(), "resolv.conf": ""} {
		etc[name] = filepath.Join(l.dir, name)
		if err := os.WriteFile(etc[name], []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	return etc, nil
}

// plug connects h to the switch and gives it its addresses and routes.
func (l *Lab) plug(h *Host, routes Routes) error {
	sw, err := dial(l.sw.ns)
	if err != nil {
		return err
	}
	defer sw.Close()
	c, err := dial(h.ns)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.up("lo"); err != nil {
		return err
	}
	for net := range l.nets {
		eth, port := eth(net), h.port(net)
		if err := sw.addVeth(port, eth, mac(net, h.number), h.ns); err != nil {
			return err
		}
		err := errors.Join(sw.master(port, bridge(net)), sw.up(port), c.up(eth),
			c.address(eth, netip.PrefixFrom(address4(net, h.number), 24)))
		if err == nil && haveIPv6() {
			err = c.address(eth, netip.PrefixFrom(address6(net, h.number), 64))
		}
		if err != nil {
			return err
		}
	}
	if routes == RouteMulticast || routes == RouteBoth {
		err = c.setRoute(route{to: multicast4, dev: eth(0)})
	}
	if routes == RouteDefault || routes == RouteBoth {
		err = errors.Join(err, c.setRoute(route{to: default4, via: switchAddress4(0), dev: eth(0)}))
	}
	return err
}

// wait returns when frames pass all the cables.
func (l *Lab) wait() error {
	sw, err := dial(l.sw.ns)
	if err != nil {
		return err
	}
	defer sw.Close()
	var ports []string
	for _, h := range l.hosts {
		c, err := dial(h.ns)
		if err != nil {
			return err
		}
		defer c.Close()
		for net := range l.nets {
			if err := c.waitUp(eth(net)); err != nil {
				return err
			}
			ports = append(ports, h.port(net))
		}
	}
	return l.sw.waitForwarding(sw, ports...)
}

func (l *Lab) close() {
	if l.sw != nil {
		l.sw.stopRelays()
	}
	var all []*namespace
	for _, h := range l.hosts {
		all = append(all, h.ns)
	}
	if l.sw != nil {
		all = append(all, l.sw.ns)
	}
	if err := killAll(all); err != nil {
		l.tb.Logf("netlab: %v", err)
	}
	for _, ns := range all {
		ns.close()
	}
}

func eth(net int) string    { return fmt.Sprintf("eth%d", net) }
func bridge(net int) string { return fmt.Sprintf("br%d", net) }

func address4(net, host int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(77 + net), 0, byte(10 + host)})
}

func address6(net, host int) netip.Addr {
	return netip.MustParseAddr(fmt.Sprintf("fd%d::%d", 77+net, 10+host))
}

func switchAddress4(net int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(77 + net), 0, 1}) }
func switchAddress6(net int) netip.Addr { return netip.MustParseAddr(fmt.Sprintf("fd%d::1", 77+net)) }

func mac(n, host int) net.HardwareAddr {
	return net.HardwareAddr{0x02, 0x77, 0, 0, byte(n), byte(10 + host)}
}

func haveIPv6() bool {
	_, err := os.Stat("/proc/sys/net/ipv6")
	return err == nil
}
