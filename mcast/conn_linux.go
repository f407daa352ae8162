package mcast

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// system is a Conn on Linux. Every group has a socket of its own, bound to the
// group's address: it gets nothing that was sent to another group or, by
// unicast, to another process with the same port, and no limit on memberships
// per socket (igmp_max_memberships) applies. Only where the process may not
// open that many files do groups share sockets bound to the wildcard address.
//
// The reader waits for all sockets at once in an epoll instance, on a thread of
// its own and not in Go's poller: that would wake another thread for every
// datagram, also while the reader is at work, which at high rates costs more
// than the datagrams. An eventfd ends the wait.
type system struct {
	cfg      Config
	index    atomic.Int32 // of the interface, as it is now
	look     int          // a socket to ask for that
	done     chan struct{}
	followed chan struct{} // follow has ended
	perGroup int           // groups per socket
	epoll    int
	event    int          // the eventfd
	deadline atomic.Int64 // of reading, in ns since 1970; 0 is none
	closed   atomic.Bool

	mu       sync.Mutex
	sockets  map[int]*socket // those that receive, by file descriptor
	joined   map[membership]*socket
	members  map[netip.AddrPort]int // memberships per group and port
	senders  [2]*sender             // IPv4, IPv6
	watching bool                   // the senders are read too
	missing  map[string]bool        // sentences for Lacks
	lost     uint64                 // drops of sockets closed since

	readMu   sync.Mutex // held by the reader
	ready    []*socket  // named by epoll, not read yet
	readyBuf [64]*socket
	events   [64]unix.EpollEvent
	batch    *received
	busy     bool // the last read got many
}

func openSystem(cfg Config) (*system, error) {
	s := &system{
		cfg:      cfg,
		perGroup: groupsPerSocket(len(cfg.Groups)),
		sockets:  map[int]*socket{},
		joined:   map[membership]*socket{},
		members:  map[netip.AddrPort]int{},
		missing:  map[string]bool{},
		done:     make(chan struct{}),
		followed: make(chan struct{}),
	}
	s.index.Store(int32(cfg.Interface.Index))
	if err := s.openWait(); err != nil {
		return nil, err
	}
	go s.follow()
	if err := s.open(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// open makes the sockets that the configuration asks for at once. The sender
// comes first: that it cannot be had is told before anything is joined.
func (s *system) open() error {
	for _, g := range s.cfg.Groups {
		if _, err := s.sender(g.Addr); err != nil {
			return err
		}
		if s.cfg.SendOnly {
			continue
		}
		if err := s.join(g); err != nil {
			return err
		}
	}
	if s.cfg.SendOnly && len(s.cfg.Groups) == 0 {
		_, err := s.sender(netip.IPv4Unspecified())
		return err
	}
	return nil
}

// groupsPerSocket is 1, or what a socket may hold where n sockets are more
// files than this process may open.
func groupsPerSocket(n int) int {
	const spare = 64 // files for everything else
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || uint64(n)+spare <= limit.Cur {
		return 1
	}
	return max(1, readSysctl("net/ipv4/igmp_max_memberships", 20))
}

func (s *system) join(g Group) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Load() {
		return errClosed
	}
	if err := admit(g, s.joined, s.members); err != nil {
		return err
	}
	so, err := s.socketFor(g)
	if err != nil {
		return err
	}
	if err := so.membership(g, int(s.index.Load()), true); err != nil {
		if len(so.groups) == 0 {
			s.drop(so)
		}
		return joinError(err, g, s.cfg.Interface)
	}
	m := membershipOf(g)
	so.groups = append(so.groups, m)
	s.joined[m] = so
	s.members[netip.AddrPortFrom(m.addr, m.port)]++
	return nil
}

// socketFor returns a socket that has room for g, a new one if need be.
func (s *system) socketFor(g Group) (*socket, error) {
	if s.perGroup > 1 {
		for _, so := range s.sockets {
			if so.v6 == g.Addr.Is6() && so.port == g.Port && len(so.groups) < s.perGroup {
				return so, nil
			}
		}
	}
	bind := netip.AddrPortFrom(g.Addr, g.Port)
	if s.perGroup > 1 {
		bind = netip.AddrPortFrom(wildcard(g.Addr), g.Port)
	}
	so, err := s.newSocket(bind, true)
	if err != nil {
		return nil, filesError(err, len(s.cfg.Groups))
	}
	return so, s.watch(so)
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
	so.forget(m)
	if len(so.groups) == 0 {
		s.drop(so) // closing leaves
		return nil
	}
	if err := so.membership(g, int(s.index.Load()), false); err != nil {
		return fmt.Errorf("leave %s on %s: %w", g, s.cfg.Interface.Name, err)
	}
	return nil
}

// drop closes a receiving socket; its count of lost datagrams stays.
func (s *system) drop(so *socket) {
	s.lost += so.drops()
	delete(s.sockets, so.fd)
	so.close()
}

func (s *system) drops() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.lost
	for _, so := range s.sockets {
		n += so.drops()
	}
	return n
}

func (s *system) lacks() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return sortedKeys(s.missing)
}

// close ends the reader's wait and closes all, once the reader has left.
func (s *system) close() error {
	if s.closed.Swap(true) {
		return errClosed
	}
	close(s.done)
	<-s.followed
	s.interrupt()
	s.readMu.Lock()
	defer s.readMu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, so := range s.sockets {
		s.drop(so)
	}
	for _, snd := range s.senders {
		if snd != nil {
			snd.socket.close()
		}
	}
	clear(s.joined)
	return s.closeWait()
}
