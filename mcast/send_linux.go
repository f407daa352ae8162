package mcast

import (
	"errors"
	"net/netip"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"muster/internal/batch"
)

// sender is the socket that a Conn sends from, one for each address family, and
// what sendmmsg reads.
type sender struct {
	*socket
	mu   sync.Mutex // held while a batch goes out
	msgs [batch.Size]unix.Mmsghdr
	iovs [batch.Size]unix.Iovec
	name unix.RawSockaddrInet6
}

// sender returns the sender for datagrams to to. A Conn that receives sends
// from a socket of its own that has joined nothing: bound to the group, it has
// the group's port as its source port and receives neither the group nor
// unicast meant for others. One that only sends reads the answers on it.
func (s *system) sender(to netip.Addr) (*sender, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Load() {
		return nil, errClosed
	}
	at := 0
	if to.Is6() {
		at = 1
	}
	if s.senders[at] == nil {
		snd, err := s.newSender(to)
		if err != nil {
			return nil, err
		}
		s.senders[at] = snd
	}
	return s.senders[at], nil
}

func (s *system) newSender(to netip.Addr) (*sender, error) {
	bind := netip.AddrPortFrom(wildcard(to), s.cfg.Port)
	if !s.cfg.SendOnly && s.cfg.Port != 0 {
		bind = netip.AddrPortFrom(groupFor(to), s.cfg.Port)
	}
	so, err := s.newSocket(bind, false)
	if err != nil {
		return nil, err
	}
	if s.watching {
		if err := s.watch(so); err != nil {
			return nil, err
		}
	}
	snd := &sender{socket: so}
	for i := range snd.msgs {
		h := &snd.msgs[i].Hdr
		h.Name = (*byte)(unsafe.Pointer(&snd.name))
		h.Iov = &snd.iovs[i]
		h.SetIovlen(1)
	}
	return snd, nil
}

// groupFor is the group to bind the socket to that sends to an address: a socket bound to
// a group receives nothing that is meant for others.
func groupFor(to netip.Addr) netip.Addr {
	switch {
	case to.IsMulticast():
		return to
	case to.Is4():
		return netip.AddrFrom4([4]byte{224, 0, 0, 1})
	}
	return netip.IPv6LinkLocalAllNodes()
}

// watchSenders lets the reader of a Conn that only sends see the answers. Until
// somebody reads they are not watched: the kernel would look for a waiting
// reader each time a datagram has left.
func (s *system) watchSenders() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.cfg.SendOnly || s.watching {
		return nil
	}
	s.watching = true
	for _, snd := range s.senders {
		if snd != nil {
			if err := s.watch(snd.socket); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *system) send(ps [][]byte, to netip.AddrPort) (int, error) {
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	snd, err := s.sender(to.Addr())
	if err != nil {
		return 0, err
	}
	n, err := snd.send(ps, to, s.zoneID(to.Addr()))
	if errors.Is(err, errClosed) && !s.closed.Load() { // the interface was made anew meanwhile
		if snd, err = s.sender(to.Addr()); err != nil {
			return n, err
		}
		var more int
		more, err = snd.send(ps[n:], to, s.zoneID(to.Addr()))
		n += more
	}
	if err != nil {
		if s.closed.Load() {
			return n, errClosed
		}
		return n, sendError(err, to.Addr(), s.cfg.Interface, len(ps[min(n, len(ps)-1)]))
	}
	return n, nil
}

// send sends ps in batches; it waits when the socket's send buffer is full.
func (snd *sender) send(ps [][]byte, to netip.AddrPort, zone uint32) (int, error) {
	snd.mu.Lock()
	defer snd.mu.Unlock()
	size := snd.setName(to, zone)
	sent := 0
	for sent < len(ps) {
		n := min(len(ps)-sent, batch.Size)
		for i, p := range ps[sent : sent+n] {
			snd.iovs[i].Base = unsafe.SliceData(p)
			snd.iovs[i].SetLen(len(p))
			snd.msgs[i].Hdr.Namelen = size
		}
		done, err := snd.flush(n)
		sent += done
		if err != nil {
			return sent, err
		}
	}
	clear(snd.iovs[:min(len(ps), batch.Size)]) // hold no payload of the caller
	return sent, nil
}

// full is how long a full send buffer is given to drain. Go's poller is not
// asked to wait for it: it would wake up for each datagram that has left.
const full = 200 * time.Microsecond

// flush hands the first n messages to the kernel.
func (snd *sender) flush(n int) (int, error) {
	for {
		done, err := snd.sendmmsg(n)
		switch err {
		case nil:
			return done, nil
		case unix.EINTR:
		case unix.EAGAIN:
			time.Sleep(full)
		default:
			return 0, err
		}
	}
}

func (snd *sender) sendmmsg(n int) (int, error) {
	snd.open.RLock()
	defer snd.open.RUnlock()
	if snd.gone {
		return 0, errClosed
	}
	done, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(snd.fd), uintptr(unsafe.Pointer(&snd.msgs[0])), uintptr(n), unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(done), nil
}

// setName writes the destination as the kernel reads it and returns its size.
func (snd *sender) setName(to netip.AddrPort, zone uint32) uint32 {
	if to.Addr().Is4() {
		*(*unix.RawSockaddrInet4)(unsafe.Pointer(&snd.name)) = unix.RawSockaddrInet4{
			Family: unix.AF_INET, Port: batch.HostOrder(to.Port()), Addr: to.Addr().As4()}
		return unix.SizeofSockaddrInet4
	}
	snd.name = unix.RawSockaddrInet6{
		Family: unix.AF_INET6, Port: batch.HostOrder(to.Port()), Addr: to.Addr().As16(), Scope_id: zone}
	return unix.SizeofSockaddrInet6
}

func (s *system) localPort() uint16 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, snd := range s.senders {
		if snd != nil {
			return snd.port
		}
	}
	return s.cfg.Port
}
