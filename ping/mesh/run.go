package mesh

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"muster/internal/expect"
	"muster/internal/verdict"
	"muster/mcast"
	"muster/mcast/querier"
	"muster/ping/internal/neighbour"
)

// Options is one run on real sockets.
type Options struct {
	Group     mcast.Group // with its port
	Interface mcast.Interface
	TTL       int // of the announcements; -1: the system's, 1
	// Name, Version, Load and TCPPort are as in Config.
	Name, Version string
	Load          int
	TCPPort       uint16
	// TCPListen accepts connections to TCPPort on this host.
	TCPListen bool
	// Duration ends the run; 0: the end of the context alone does.
	Duration time.Duration
	Expected expect.Expect
	// Closed tells whether a rule of this host's own firewall drops the mesh's port:
	// nil where none does or nothing is known. It is asked at the end, and meanwhile where
	// the announcements of this node do not come back to it.
	Closed func() *Closed
	// Open sees IGMP and MLD, from before the join on, so that the host's own
	// report is seen; nil looks at nothing.
	Open querier.Open
	// OnEvent is as in Config. OnReport is given what is known once a second;
	// Notify is told when the interface goes away and comes back. Each may be nil.
	OnEvent  func(Event)
	OnReport func(*Report)
	Notify   func(string)
	// Note and Peers are as in Config.
	Note  func() []byte
	Peers func() []netip.AddrPort
}

// Closed is a rule of this host's own firewall that drops the mesh's port.
type Closed struct {
	Rule string
	Fix  []string
	// Alone: it does not drop the cluster's port, as far as the rules tell.
	Alone bool
}

// Result is what a run found.
type Result struct {
	Report   *Report
	Verdicts []verdict.Verdict
}

// Run takes part in a mesh until ctx or the duration ends, says goodbye, and
// judges what it knew then. The error is that of a run which was not possible.
func Run(ctx context.Context, o Options) (*Result, error) {
	if o.TCPListen {
		l, err := net.Listen("tcp", fmt.Sprintf(":%d", o.TCPPort))
		if err != nil {
			return nil, fmt.Errorf("accept TCP connections: %w", err)
		}
		defer l.Close()
		go accept(l)
	}
	look := querier.StartLook(o.Open, o.Interface.Name, o.Group.AddrPort())
	defer look.Close()
	s, err := Listen(SocketConfig{Group: o.Group, Interface: o.Interface, TTL: o.TTL, Notify: o.Notify})
	if err != nil {
		return nil, err
	}
	self := expect.Host{Name: o.Name}
	for _, p := range o.Interface.Addrs {
		self.Addrs = append(self.Addrs, p.Addr().WithZone(""))
	}
	others := o.Expected.Own(self.Is)
	cfg := Config{
		TTL: uint8(max(o.TTL, 0)), Drops: s.Drops,
		Name: o.Name, Version: o.Version, MTU: o.Interface.MTU, TCPPort: o.TCPPort, Load: o.Load, IPv6: o.Group.Addr.Is6(),
		Nodes: nodesOf(others), View: look.View, OnEvent: o.OnEvent, Note: o.Note, Peers: o.Peers,
	}
	if o.Closed != nil {
		cfg.PortClosed = func() bool {
			c := o.Closed()
			return c != nil && c.Alone
		}
	}
	if o.TTL < 0 {
		cfg.TTL = 1 // the system's
	}
	if cfg.Peers == nil {
		cfg.Peers = expectedPeers(others, o.Group)
	}
	if src, ok := o.Interface.SourceFor(o.Group.Addr); ok {
		cfg.Address = src.WithZone("").String()
	}
	if o.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.Duration)
		defer cancel()
	}
	report, err := watch(ctx, New(s, cfg), o.OnReport)
	if err != nil {
		return nil, err
	}
	if o.Closed != nil {
		report.Closed = o.Closed()
	}
	report.Dropped = s.Drops()
	report.Group, report.Device, report.Prefixes = o.Group.String(), o.Interface.Name, o.Interface.Addrs
	report.Neighbours = neighbour.Read(o.Interface.Name)
	for _, e := range report.Neighbours {
		report.neighbour(e)
	}
	for _, c := range look.Claims() {
		report.claim(c)
	}
	return &Result{report, Judge(report, o.Expected)}, nil
}

// nodesOf is how many nodes are expected, this one included; 0: not known.
func nodesOf(e expect.Expect) int {
	if !e.Given() {
		return 0
	}
	return e.Wanted() + 1
}

// expectedPeers are the addresses of the expected hosts: the group may not reach
// them.
func expectedPeers(e expect.Expect, g mcast.Group) func() []netip.AddrPort {
	var out []netip.AddrPort
	for _, h := range e.Hosts {
		for _, a := range h.Addrs {
			if a.Is6() == g.Addr.Is6() {
				out = append(out, netip.AddrPortFrom(a, g.Port))
			}
		}
	}
	if len(out) == 0 {
		return nil
	}
	return func() []netip.AddrPort { return out }
}

// neighbour enters what this host's neighbour table has.
func (r *Report) neighbour(e neighbour.Entry) {
	for i := range r.Nodes {
		if n := &r.Nodes[i]; !n.Self && n.Addr.WithZone("") == e.Addr {
			n.Neighbour, n.Failed = e.MAC, e.Failed
		}
	}
}

// claim enters from which Ethernet address datagrams of an address came.
func (r *Report) claim(c querier.Claim) {
	for i := range r.Nodes {
		if n := &r.Nodes[i]; !n.Self && n.Addr.WithZone("") == c.Addr {
			n.MAC = c.MAC
		}
	}
}

// watch runs node until ctx ends and returns what it knew then, before its
// goodbye.
func watch(ctx context.Context, node *Node, each func(*Report)) (*Report, error) {
	inner, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	done := make(chan error, 1)
	go func() { done <- node.Run(inner) }()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case err := <-done:
			return nil, err
		case <-ticker.C:
			if each != nil {
				each(node.Report())
			}
		case <-ctx.Done():
			report := node.last()
			stop()
			return report, <-done
		}
	}
}

// accept takes connections and closes them, until l is closed.
func accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		c.Close()
	}
}
