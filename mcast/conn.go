package mcast

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"time"
)

// Config says what a Conn joins and how it sends.
type Config struct {
	// Interface to join and send on; when zero, the one that FindInterface
	// chooses for the first group.
	Interface Interface
	Groups    []Group
	// Port of the groups that have none, and the port that datagrams are sent
	// from; 0 takes that of the first group.
	Port uint16
	// TTL of multicast datagrams (IPv6: hop limit); -1 leaves the system's, 1.
	TTL int
	// NoLoop keeps datagrams from the members of this host, oneself included.
	NoLoop bool
	// DSCP marks what is sent, 0 to 63 (RFC 2474).
	DSCP int
	// ReadBuffer is the size of each socket's receive buffer in bytes; 0 leaves
	// the system's. The system may grant less.
	ReadBuffer int
	// SendOnly joins nothing; Groups then only name what is sent to. The socket
	// has the port Port, or any free one when that is 0, and still receives what
	// is sent to it by unicast: answers.
	SendOnly bool
	// Notify is told, on Linux, when the interface is removed and when it is back
	// and joined again; it may be nil. It must not call the Conn's Close.
	Notify func(string)
}

// Datagram is one received datagram.
type Datagram struct {
	Payload     []byte
	Source      netip.AddrPort
	Destination netip.Addr // the group, or our address; zero where the system does not tell
	Port        uint16     // the port it was sent to
	Interface   int        // index of the interface it came in by; 0 unknown
	TTL         int        // as it arrived; -1 unknown
	Time        time.Time  // when the kernel received it, else when it was read
	Truncated   bool       // the payload is only the first part
}

// Conn receives from the groups it joined, and nothing else, and sends. One
// goroutine at a time may read; sending, joining and leaving go beside it. On
// Linux it joins again when its interface is removed and one of the same name is
// made anew.
type Conn struct {
	cfg Config
	sys *system
}

// Listen makes the sockets of cfg and joins its groups.
func Listen(cfg Config) (*Conn, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	sys, err := openSystem(cfg)
	if err != nil {
		return nil, err
	}
	return &Conn{cfg: cfg, sys: sys}, nil
}

// complete checks cfg and fills what may be left out.
func (cfg *Config) complete() error {
	switch {
	case cfg.TTL < -1 || cfg.TTL > 255:
		return fmt.Errorf("TTL %d is not from 0 to 255", cfg.TTL)
	case cfg.DSCP < 0 || cfg.DSCP > 63:
		return fmt.Errorf("DSCP %d is not from 0 to 63", cfg.DSCP)
	}
	var groups []Group
	seen := map[Group]bool{}
	for _, r := range cfg.Groups {
		for g := range r.All() {
			g = g.WithDefaultPort(cfg.Port)
			if seen[g] {
				continue
			}
			seen[g] = true
			groups = append(groups, g)
		}
		if len(groups) > maxRange {
			return fmt.Errorf("more than %d groups are too many for one process", maxRange)
		}
	}
	cfg.Groups = groups
	if !cfg.SendOnly && cfg.Port == 0 && len(groups) > 0 {
		cfg.Port = groups[0].Port
	}
	if cfg.Interface.Index == 0 {
		if len(groups) == 0 {
			return errors.New("choose an interface: neither an interface nor a group is given")
		}
		var err error
		cfg.Interface, err = FindInterface("", groups[0].Addr)
		return err
	}
	return nil
}

// Interface is the one that groups are joined on.
func (c *Conn) Interface() Interface { return c.cfg.Interface }

// Lacks tells, a sentence each, what this system could not do of what a Conn
// promises. It is empty on a current Linux.
func (c *Conn) Lacks() []string { return c.sys.lacks() }

// LocalPort is the UDP port that datagrams are sent from.
func (c *Conn) LocalPort() uint16 { return c.sys.localPort() }

// ReadBatch waits for at least one datagram and fills ds with those that are
// there, in the order each socket received them. Payloads stay valid until the
// next call. After Close it returns net.ErrClosed, after the deadline
// os.ErrDeadlineExceeded.
func (c *Conn) ReadBatch(ds []Datagram) (int, error) {
	if len(ds) == 0 {
		return 0, nil
	}
	return c.sys.read(ds)
}

// SetReadDeadline ends a waiting ReadBatch at t, and those after it; the zero
// time means never.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.sys.setReadDeadline(t) }

// Send sends p to a group or a host.
func (c *Conn) Send(p []byte, to netip.AddrPort) error {
	_, err := c.SendBatch([][]byte{p}, to)
	return err
}

// SendBatch sends the payloads in their order, each as one datagram, and
// returns how many went out before the error.
func (c *Conn) SendBatch(ps [][]byte, to netip.AddrPort) (int, error) {
	if to.Port() == 0 || !to.Addr().IsValid() {
		return 0, fmt.Errorf("send to %s: the port is missing", to.Addr())
	}
	return c.sys.send(ps, to)
}

// Join joins the groups of g beside those joined already. When it fails, none
// of g stays joined.
func (c *Conn) Join(g Group) error {
	var done []Group
	for one := range g.WithDefaultPort(c.cfg.Port).All() {
		if err := c.sys.join(one); err != nil {
			for _, d := range done {
				_ = c.sys.leave(d) // the first error is the one to tell
			}
			return err
		}
		done = append(done, one)
	}
	return nil
}

// Leave leaves the groups of g.
func (c *Conn) Leave(g Group) error {
	var errs []error
	for one := range g.WithDefaultPort(c.cfg.Port).All() {
		errs = append(errs, c.sys.leave(one))
	}
	return errors.Join(errs...)
}

// Drops is the number of datagrams that the kernel threw away because they were
// not read in time, as far as the system tells.
func (c *Conn) Drops() uint64 { return c.sys.drops() }

// Close leaves all groups and ends a waiting ReadBatch.
func (c *Conn) Close() error { return c.sys.close() }

// membership is a joined group in the form that compares: without a zone, as
// all groups of a Conn are on one interface.
type membership struct {
	source, addr netip.Addr
	port         uint16
}

func membershipOf(g Group) membership {
	return membership{g.Source.WithZone(""), g.Addr.WithZone(""), g.Port}
}

// admit tells why g cannot be joined beside the memberships in have, or nil.
func admit[V any](g Group, have map[membership]V, perGroup map[netip.AddrPort]int) error {
	switch m := membershipOf(g); {
	case g.Port == 0:
		return fmt.Errorf("join %s: the port is missing", g)
	case has(have, m):
		return fmt.Errorf("join %s: it is joined already", g)
	case has(have, membership{addr: m.addr, port: m.port}):
		return fmt.Errorf("join %s: the group is joined for every source already", g)
	case !m.source.IsValid() && perGroup[netip.AddrPortFrom(m.addr, m.port)] > 0:
		return fmt.Errorf("join %s: the group is joined for single sources already", g)
	}
	return g.valid()
}

func has[K comparable, V any](m map[K]V, k K) bool { _, ok := m[k]; return ok }

var errClosed = net.ErrClosed

func sortedKeys(m map[string]bool) []string { return slices.Sorted(maps.Keys(m)) }
