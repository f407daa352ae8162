package netlab

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
)

// Host is one machine of a lab.
type Host struct {
	lab    *Lab
	number int
	dir    string
	ns     *namespace
}

// Name is "n1" for the first host; it is the host's own host name too.
func (h *Host) Name() string { return fmt.Sprintf("n%d", h.number) }

// Addr is the IPv4 address of eth0, 10.77.0.11 for n1.
func (h *Host) Addr() netip.Addr { return address4(0, h.number) }

// Addr6 is the IPv6 address of eth0, fd77::11 for n1.
func (h *Host) Addr6() netip.Addr { return address6(0, h.number) }

// Addr2 is the IPv4 address of eth1 in a lab with two nets, 10.78.0.11 for n1.
func (h *Host) Addr2() netip.Addr { return address4(1, h.number) }

// MAC is the hardware address of eth0.
func (h *Host) MAC() net.HardwareAddr { return mac(0, h.number) }

// Dir is a folder for the host's files; it ends with the test.
func (h *Host) Dir() string { return h.dir }

// port is the switch's end of the host's cable.
func (h *Host) port(net int) string { return []string{"", "b"}[net&1] + h.Name() }

// Do runs fn on a thread of the host, and waits for it. A socket made in fn stays
// on the host and may be used anywhere afterwards; a goroutine that fn starts is
// not on the host, and neither is what it opens. /proc/net is the process's: read
// /proc/thread-self/net. A t.Fatal in fn ends the test as it should.
func (h *Host) Do(fn func()) {
	h.lab.tb.Helper()
	if err := h.ns.do(func() error { fn(); return nil }); err != nil {
		h.lab.tb.Fatalf("netlab: %s: %v", h.Name(), err)
	}
}

// Dial connects from the host to an address (no name: resolving would leave the
// host's thread).
func (h *Host) Dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	if ap, err := netip.ParseAddrPort(address); err != nil || !ap.IsValid() {
		return nil, fmt.Errorf("dial %s: want an address and a port", address)
	}
	enter := h.ns.do(func() error {
		conn, err = new(net.Dialer).DialContext(ctx, network, address)
		return nil
	})
	if enter != nil {
		return nil, enter
	}
	return conn, err
}

// HTTP returns a client whose connections are made on the host, each for one
// request, so that none outlives a test or a partition.
func (h *Host) HTTP() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: h.Dial, DisableKeepAlives: true}}
}

// Command is exec.CommandContext for a process on the host. Its user state
// ($XDG_STATE_HOME) is in the host's own folder, so that hosts do not share what
// real ones would not.
func (h *Host) Command(ctx context.Context, name string, args ...string) *Cmd {
	c := &Cmd{Cmd: command(ctx, name, args...), host: h}
	c.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(h.dir, "state"))
	return c
}

// Unprivileged makes the process run as an ordinary user without capabilities in
// the lab, for what must work, or fail well, without them. Call it before Start.
func (c *Cmd) Unprivileged() *Cmd {
	// A user namespace of its own: its user 1000 is root here, but a capability
	// there is none over the host's network.
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, HostID: 0, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, HostID: 0, Size: 1}},
	}
	return c
}
