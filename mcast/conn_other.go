//go:build !linux

package mcast

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"syscall"

	"muster/internal/hint"
)

// system is a Conn on systems other than Linux: one socket for each family and
// port, bound to the wildcard address, with what golang.org/x/net offers. The
// groups that other programs joined, and unicast, are filtered here where the
// system tells the destination.
type system struct {
	cfg Config

	mu      sync.Mutex
	sockets []*socket
	joined  map[membership]*socket
	members map[netip.AddrPort]int
	missing map[string]bool

	received chan received
	done     chan struct{}
	readers  sync.WaitGroup
	deadline deadline
}

// socket is one UDP socket with its family's side of x/net.
type socket struct {
	udp  *net.UDPConn
	v6   bool
	port uint16
	family
}

func openSystem(cfg Config) (*system, error) {
	s := &system{
		cfg:      cfg,
		joined:   map[membership]*socket{},
		members:  map[netip.AddrPort]int{},
		missing:  map[string]bool{},
		received: make(chan received, queueLength),
		done:     make(chan struct{}),
	}
	s.lack("lost datagrams are not counted")
	s.lack("times are those of reading, not of receiving")
	s.lack("unicast to the port may come here instead of to another program that shares it")
	for _, g := range cfg.Groups {
		var err error
		if cfg.SendOnly {
			_, err = s.socket(g.Addr, cfg.Port)
		} else {
			err = s.join(g)
		}
		if err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

// lack notes a sentence that names the system and what it cannot do.
func (s *system) lack(what string) { s.missing[runtime.GOOS+": "+what] = true }

func (s *system) lacks() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return sortedKeys(s.missing)
}

// socket returns the latest socket of the family of like on port, a new one if
// there is none.
func (s *system) socket(like netip.Addr, port uint16) (*socket, error) {
	for _, so := range slices.Backward(s.sockets) {
		if so.v6 == like.Is6() && (so.port == port || port == 0) {
			return so, nil
		}
	}
	return s.newSocket(like, port)
}

// isFull reports whether a join was refused for the number of groups that the
// socket holds (IP_MAX_MEMBERSHIPS, 4095 on the BSDs and macOS).
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ETOOMANYREFS)
}

func (s *system) newSocket(like netip.Addr, port uint16) (*socket, error) {
	network, address := "udp4", "0.0.0.0"
	if like.Is6() {
		network, address = "udp6", "[::]"
	}
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		if port == 0 {
			return nil
		}
		return share(c)
	}}
	pc, err := lc.ListenPacket(context.Background(), network, fmt.Sprintf("%s:%d", address, port))
	if err != nil {
		return nil, hint.Wrap(fmt.Errorf("open a UDP socket on port %d: %w", port, err),
			"if the port is in use, stop the program that has it or choose another port")
	}
	udp := pc.(*net.UDPConn)
	so := &socket{udp: udp, v6: like.Is6(), port: udp.LocalAddr().(*net.UDPAddr).AddrPort().Port()}
	if s.cfg.ReadBuffer > 0 {
		_ = udp.SetReadBuffer(s.cfg.ReadBuffer) // what the system grants is enough
	}
	if so.family, err = s.newFamily(so); err != nil {
		udp.Close()
		return nil, err
	}
	s.sockets = append(s.sockets, so)
	s.readers.Go(func() { s.receive(so) })
	return so, nil
}

func (s *system) join(g Group) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isClosed() {
		return errClosed
	}
	if err := admit(g, s.joined, s.members); err != nil {
		return err
	}
	so, err := s.socket(g.Addr, g.Port)
	if err != nil {
		return err
	}
	if err = so.join(g, true); isFull(err) { // this socket holds no more groups, a new one does
		if so, err = s.newSocket(g.Addr, g.Port); err != nil {
			return err
		}
		err = so.join(g, true)
	}
	if err != nil {
		return fmt.Errorf("join %s on %s: %w", g, s.cfg.Interface.Name, err)
	}
	m := membershipOf(g)
	s.joined[m] = so
	s.members[netip.AddrPortFrom(m.addr, m.port)]++
	return nil
}

func (s *system) leave(g Group) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := membershipOf(g)
	so := s.joined[m]
	if so == nil {
		return fmt.Errorf("leave %s: it is not joined", g)
	}
	delete(s.joined, m)
	s.members[netip.AddrPortFrom(m.addr, m.port)]--
	if err := so.join(g, false); err != nil {
		return fmt.Errorf("leave %s on %s: %w", g, s.cfg.Interface.Name, err)
	}
	return nil
}

func (s *system) send(ps [][]byte, to netip.AddrPort) (int, error) {
	s.mu.Lock()
	so, err := s.socket(to.Addr(), s.cfg.Port)
	s.mu.Unlock()
	if err != nil {
		return 0, err
	}
	addr := to.Addr().Unmap()
	if addr.Is6() && addr.Zone() == "" && (addr.IsLinkLocalUnicast() || addr.IsLinkLocalMulticast()) {
		addr = addr.WithZone(s.cfg.Interface.Name)
	}
	for n, p := range ps {
		if _, err := so.udp.WriteToUDPAddrPort(p, netip.AddrPortFrom(addr, to.Port())); err != nil {
			return n, sendError(err, addr, s.cfg.Interface, len(p))
		}
	}
	return len(ps), nil
}

// sendError says what a refused send means.
func sendError(err error, to netip.Addr, i Interface, size int) error {
	err = fmt.Errorf("send %d bytes to %s by %s: %w", size, to, i.Name, err)
	if errors.Is(err, syscall.ENETUNREACH) && to.IsMulticast() {
		return hint.Wrap(err, routeCommand(to, i.Name))
	}
	return hint.Wrap(err, "see which route is taken: "+routeQuery(to))
}

func (s *system) localPort() uint16 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sockets) > 0 {
		return s.sockets[0].port
	}
	return s.cfg.Port
}

func (s *system) drops() uint64 { return 0 }

func (s *system) isClosed() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

func (s *system) close() error {
	s.mu.Lock()
	if s.isClosed() {
		s.mu.Unlock()
		return errClosed
	}
	close(s.done)
	for _, so := range s.sockets {
		so.udp.Close()
	}
	s.mu.Unlock()
	s.readers.Wait()
	return nil
}
