package channel

import (
	"container/list"
	"net/netip"
	"sync"
)

// connSet holds the open connections, for each host by how long they are idle.
type connSet struct {
	mu     sync.Mutex
	max    int
	n      int
	hosts  map[netip.Addr]*list.List // of *conn, the longest idle first
	closed bool
}

func (s *connSet) init(limit int) {
	s.max = limit
	s.hosts = map[netip.Addr]*list.List{}
}

func (s *connSet) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

// add takes c in. When there are too many then, it takes one out and returns it
// for the caller to close: of the host that has the most, the one that is idle
// for longest. So one host that opens thousands only harms itself.
func (s *connSet) add(c *conn) (out *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return c
	}
	host := c.peer.Addr()
	l := s.hosts[host]
	if l == nil {
		l = list.New()
		s.hosts[host] = l
	}
	c.place = l.PushBack(c)
	if s.n++; s.n <= s.max {
		return nil
	}
	for _, other := range s.hosts {
		if other.Len() > l.Len() {
			l = other
		}
	}
	out = l.Front().Value.(*conn)
	s.drop(out)
	return out
}

// touch tells that c is not idle.
func (s *connSet) touch(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.place != nil {
		s.hosts[c.peer.Addr()].MoveToBack(c.place)
	}
}

func (s *connSet) remove(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(c)
}

func (s *connSet) drop(c *conn) {
	if c.place == nil {
		return
	}
	host := c.peer.Addr()
	l := s.hosts[host]
	l.Remove(c.place)
	c.place = nil
	s.n--
	if l.Len() == 0 {
		delete(s.hosts, host)
	}
}

func (s *connSet) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, l := range s.hosts {
		for e := l.Front(); e != nil; e = e.Next() {
			e.Value.(*conn).nc.Close()
		}
	}
}

// open takes connections again after closeAll.
func (s *connSet) open() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = false
}
