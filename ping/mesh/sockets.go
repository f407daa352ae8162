package mesh

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"muster/mcast"
	"muster/ping/internal/sock"
)

// SocketConfig says where a mesh runs.
type SocketConfig struct {
	Group     mcast.Group // with its port
	Interface mcast.Interface
	TTL       int // -1: the system's, 1
	// Notify is told when the interface goes away and comes back; it may be nil.
	Notify func(string)
}

// Sockets is the Transport of real sockets: one joined to the group, one for
// unicast. When the interface is removed and made again it joins anew; what is
// only down and up again stays joined.
type Sockets struct {
	cfg    SocketConfig
	in     chan []Packet
	closed chan struct{}
	once   sync.Once
	all    sync.WaitGroup
	left   []Packet // read and not yet taken

	mu    sync.Mutex
	pair  *pair
	ended bool
	drops uint64 // of pairs closed since
}

// pair is the two sockets on one incarnation of the interface.
type pair struct {
	index int
	group *mcast.Conn
	uni   *sock.Socket
}

// Listen joins the group.
func Listen(cfg SocketConfig) (*Sockets, error) {
	s := &Sockets{cfg: cfg, in: make(chan []Packet, 256), closed: make(chan struct{})}
	p, err := s.open(cfg.Interface)
	if err != nil {
		return nil, err
	}
	s.use(p)
	s.all.Go(s.watch)
	return s, nil
}

func (s *Sockets) open(i mcast.Interface) (*pair, error) {
	g := s.cfg.Group
	conn, err := mcast.Listen(mcast.Config{Interface: i, Groups: []mcast.Group{g}, TTL: s.cfg.TTL, ReadBuffer: 1 << 20})
	if err != nil {
		return nil, err
	}
	var bind netip.AddrPort
	if src, ok := i.SourceFor(g.Addr); ok {
		bind = netip.AddrPortFrom(src, 0)
	}
	unicast := sock.Config{Group: g.Addr, Interface: i, Bind: netip.AddrPortFrom(bind.Addr(), g.Port), Alone: true, TTL: -1, ReadBuffer: 1 << 20}
	// The group's own port is where nodes that the group does not reach look for others;
	// the second process of a host gets another one.
	uni, err := sock.Open(unicast)
	if err != nil || !bind.IsValid() {
		unicast.Bind = bind
		uni, err = sock.Open(unicast)
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("open a UDP socket for unicast: %w", err)
	}
	return &pair{i.Index, conn, uni}, nil
}

// use makes p the pair in use, and reads from it.
func (s *Sockets) use(p *pair) {
	s.mu.Lock()
	old := s.pair
	if s.ended {
		old = p
	} else {
		s.pair = p
	}
	s.mu.Unlock()
	if old != nil {
		s.retire(old)
	}
	if old == p {
		return
	}
	s.all.Go(func() { s.readGroup(p.group) })
	s.all.Go(func() { s.readUnicast(p.uni) })
}

func (s *Sockets) retire(p *pair) {
	s.mu.Lock()
	s.drops += p.group.Drops() + p.uni.Drops()
	s.mu.Unlock()
	p.group.Close()
	p.uni.Close()
}

func (s *Sockets) current() *pair {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pair
}

// rest is how long the group's reader lets announcements gather: where nodes are
// many, waking for each costs more than it does. Their times are the kernel's.
const rest = 20 * time.Millisecond

func (s *Sockets) readGroup(c *mcast.Conn) {
	ds := make([]mcast.Datagram, 64)
	for failures := 0; failures < maxProblems; {
		n, err := c.ReadBatch(ds)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			failures++
			continue
		}
		batch := make([]Packet, 0, n)
		for _, d := range ds[:n] {
			batch = append(batch, Packet{Data: bytes.Clone(d.Payload), From: d.Source, Group: true, TTL: d.TTL, At: d.Time.UnixNano()})
		}
		s.put(batch)
		select {
		case <-time.After(rest):
		case <-s.closed:
		}
	}
}

func (s *Sockets) readUnicast(u *sock.Socket) {
	ps := make([]sock.Packet, 64)
	for failures := 0; failures < maxProblems; {
		n, err := u.Read(ps)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			failures++
			continue
		}
		batch := make([]Packet, 0, n)
		for _, p := range ps[:n] {
			if len(p.Data) <= MaxPacket {
				batch = append(batch, Packet{Data: bytes.Clone(p.Data), From: p.From, At: p.At})
			}
		}
		s.put(batch)
	}
}

func (s *Sockets) put(batch []Packet) {
	select {
	case s.in <- batch:
	case <-s.closed:
	}
}

// Read waits for datagrams.
func (s *Sockets) Read(ps []Packet) (int, error) {
	for len(s.left) == 0 {
		select {
		case s.left = <-s.in:
		case <-s.closed:
			return 0, net.ErrClosed
		}
	}
	n := copy(ps, s.left)
	s.left = s.left[n:]
	return n, nil
}

// Announce sends to the group.
func (s *Sockets) Announce(p []byte) error {
	return s.current().group.Send(p, s.cfg.Group.AddrPort())
}

// Send sends to one node.
func (s *Sockets) Send(p []byte, to netip.AddrPort) error { return s.current().uni.Send(p, to) }

// Port is where unicast is received.
func (s *Sockets) Port() uint16 { return s.current().uni.LocalPort() }

// Drops is what the kernel threw away because it was not read in time.
func (s *Sockets) Drops() uint64 {
	p := s.current()
	n := p.group.Drops() + p.uni.Drops()
	s.mu.Lock()
	defer s.mu.Unlock()
	return n + s.drops
}

// watch looks once a second whether the interface is still the one joined on.
func (s *Sockets) watch() {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	name, away := s.cfg.Interface.Name, false
	for {
		select {
		case <-s.closed:
			return
		case <-ticker.C:
		}
		i, err := mcast.FindInterface(name, s.cfg.Group.Addr)
		switch {
		case err != nil:
			if !away {
				away = true
				s.notify(fmt.Sprintf("interface %s went away: %v", name, err))
			}
			continue
		case i.Index == s.current().index:
			if away {
				away = false
				s.notify(fmt.Sprintf("interface %s is back, still joined", name))
			}
			continue
		}
		p, err := s.open(i)
		if err != nil { // its address may still be missing: try again
			if !away {
				away = true
				s.notify(fmt.Sprintf("interface %s was made anew and cannot be joined yet: %v", name, err))
			}
			continue
		}
		away = false
		s.notify(fmt.Sprintf("interface %s was removed and is back with index %d: joined again", name, i.Index))
		s.use(p)
	}
}

func (s *Sockets) notify(text string) {
	if s.cfg.Notify != nil {
		s.cfg.Notify(text)
	}
}

// Close leaves the group.
func (s *Sockets) Close() error {
	err := net.ErrClosed
	s.once.Do(func() {
		err = nil
		close(s.closed)
		s.mu.Lock()
		s.ended = true
		s.mu.Unlock()
		s.retire(s.current())
		s.all.Wait()
	})
	return err
}
