package mcast

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// The kernel forgets the memberships of an interface that is removed, also when
// one of the same name is made again: with another index, and nothing tells the
// sockets (catalogue: iface.recreated). What is only down and up again stays
// joined. So a Conn looks after its interface, and joins anew.

// lookEvery is how often it looks.
const lookEvery = time.Second

// follow looks after the interface until the Conn is closed.
func (s *system) follow() {
	defer close(s.followed)
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	name, gone := s.cfg.Interface.Name, false
	told := ""
	for {
		select {
		case <-s.done:
			return
		case <-ticker.C:
		}
		index, err := s.indexNow()
		switch {
		case errors.Is(err, unix.ENODEV):
			if !gone {
				s.notify(fmt.Sprintf("interface %s went away: nothing is received or sent until it is back", name))
			}
			gone = true
		case err != nil, index == s.index.Load() && !gone:
		default:
			gone = true // until it has worked
			if err := s.rejoin(index); err != nil {
				if text := err.Error(); text != told {
					told = text
					s.notify(fmt.Sprintf("interface %s was made anew and cannot be joined yet: %v", name, err))
				}
				continue
			}
			gone, told = false, ""
			s.notify(fmt.Sprintf("interface %s was removed and is back, with index %d: joined again", name, index))
		}
	}
}

func (s *system) notify(text string) {
	if s.cfg.Notify != nil {
		s.cfg.Notify(text)
	}
}

// indexNow is the index of the interface of our name, in the network namespace of
// our sockets.
func (s *system) indexNow() (int32, error) {
	ifr, err := unix.NewIfreq(s.cfg.Interface.Name)
	if err != nil {
		return 0, err
	}
	if err := unix.IoctlIfreq(s.look, unix.SIOCGIFINDEX, ifr); err != nil {
		return 0, err
	}
	return int32(ifr.Uint32()), nil
}

// rejoin joins every group on the interface with that index, and sends by it.
func (s *system) rejoin(index int32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Load() {
		return errClosed
	}
	old := s.index.Swap(index)
	var errs []error
	for _, so := range s.receivers() {
		errs = append(errs, s.move(so, int(old), int(index)))
	}
	for at, snd := range s.senders {
		switch {
		case snd == nil:
		case !snd.v6:
			errs = append(errs, s.sendInterface4(snd.fd))
		case s.cfg.SendOnly:
			errs = append(errs, unix.SetsockoptInt(snd.fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_IF, int(index)))
		default: // it may be bound to the interface that was: the next datagram makes another
			snd.close()
			s.senders[at] = nil
		}
	}
	return errors.Join(errs...)
}

func (s *system) receivers() []*socket {
	out := make([]*socket, 0, len(s.sockets))
	for _, so := range s.sockets {
		if len(so.groups) > 0 {
			out = append(out, so)
		}
	}
	return out
}

// move joins the groups of so anew. A socket bound to an address of one link is
// bound to the interface that was: another one takes its place.
func (s *system) move(so *socket, old, index int) error {
	first := so.groups[0]
	if so.v6 && (first.addr.IsLinkLocalMulticast() || first.addr.IsInterfaceLocalMulticast()) && !so.shared {
		fresh, err := s.newSocket(netip.AddrPortFrom(first.addr, first.port), true)
		if err != nil {
			return err
		}
		if err := s.watch(fresh); err != nil {
			return err
		}
		fresh.groups = so.groups
		for _, m := range so.groups {
			s.joined[m] = fresh
		}
		s.drop(so)
		so = fresh
	}
	for _, m := range so.groups {
		g := Group{Source: m.source, Addr: m.addr, Port: m.port}
		_ = so.membership(g, old, false) // the kernel has forgotten it already, the socket has not
		if err := so.membership(g, index, true); err != nil && !errors.Is(err, unix.EADDRINUSE) {
			return joinError(err, g, s.cfg.Interface)
		}
	}
	return nil
}
