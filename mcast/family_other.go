//go:build !linux

package mcast

import (
	"net"
	"net/netip"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// family is what differs between IPv4 and IPv6 on one socket.
type family interface {
	join(g Group, join bool) error
	read(buf []byte) (d Datagram, n int, err error)
}

// packetConn is what an ipv4.PacketConn and an ipv6.PacketConn have in common.
type packetConn interface {
	SetMulticastInterface(*net.Interface) error
	SetMulticastLoopback(bool) error
	JoinGroup(*net.Interface, net.Addr) error
	LeaveGroup(*net.Interface, net.Addr) error
	JoinSourceSpecificGroup(ifi *net.Interface, group, source net.Addr) error
	LeaveSourceSpecificGroup(ifi *net.Interface, group, source net.Addr) error
}

type member struct {
	packetConn
	ifi *net.Interface
}

func (m member) join(g Group, join bool) error {
	group := &net.UDPAddr{IP: g.Addr.AsSlice()}
	if !g.Source.IsValid() {
		if join {
			return m.JoinGroup(m.ifi, group)
		}
		return m.LeaveGroup(m.ifi, group)
	}
	source := &net.UDPAddr{IP: g.Source.AsSlice()}
	if join {
		return m.JoinSourceSpecificGroup(m.ifi, group, source)
	}
	return m.LeaveSourceSpecificGroup(m.ifi, group, source)
}

func (s *system) newFamily(so *socket) (family, error) {
	ifi := &net.Interface{Index: s.cfg.Interface.Index, Name: s.cfg.Interface.Name, MTU: s.cfg.Interface.MTU, Flags: s.cfg.Interface.Flags}
	if so.v6 {
		pc := ipv6.NewPacketConn(so.udp)
		s.needTold(pc.SetControlMessage(ipv6.FlagDst|ipv6.FlagInterface|ipv6.FlagHopLimit, true))
		return &family6{member{pc, ifi}, pc}, s.sendBy(pc, ifi, pc.SetMulticastHopLimit, pc.SetTrafficClass)
	}
	pc := ipv4.NewPacketConn(so.udp)
	s.needTold(pc.SetControlMessage(ipv4.FlagDst|ipv4.FlagInterface|ipv4.FlagTTL, true))
	return &family4{member{pc, ifi}, pc}, s.sendBy(pc, ifi, pc.SetMulticastTTL, pc.SetTOS)
}

func (s *system) needTold(err error) {
	if err != nil {
		s.lack("the destination, interface and TTL of datagrams are not told, and groups that other programs joined are heard too")
	}
}

// sendBy sets how the socket sends.
func (s *system) sendBy(pc packetConn, ifi *net.Interface, setTTL, setTOS func(int) error) error {
	if err := pc.SetMulticastInterface(ifi); err != nil {
		return err
	}
	if err := pc.SetMulticastLoopback(!s.cfg.NoLoop); err != nil {
		return err
	}
	if s.cfg.TTL >= 0 {
		if err := setTTL(s.cfg.TTL); err != nil {
			return err
		}
	}
	if s.cfg.DSCP > 0 {
		if err := setTOS(s.cfg.DSCP << 2); err != nil {
			s.lack("datagrams cannot be marked with a DSCP")
		}
	}
	return nil
}

type family4 struct {
	member
	pc *ipv4.PacketConn
}

func (f *family4) read(buf []byte) (Datagram, int, error) {
	n, cm, from, err := f.pc.ReadFrom(buf)
	if err != nil || cm == nil {
		return datagram(from, 0, nil, 0), n, err
	}
	return datagram(from, cm.IfIndex, cm.Dst, cm.TTL), n, nil
}

type family6 struct {
	member
	pc *ipv6.PacketConn
}

func (f *family6) read(buf []byte) (Datagram, int, error) {
	n, cm, from, err := f.pc.ReadFrom(buf)
	if err != nil || cm == nil {
		return datagram(from, 0, nil, 0), n, err
	}
	return datagram(from, cm.IfIndex, cm.Dst, cm.HopLimit), n, nil
}

// datagram is what the system told of one; ttl is 0 where it told none.
func datagram(from net.Addr, index int, dst net.IP, ttl int) Datagram {
	d := Datagram{Source: sourceOf(from), Interface: index, TTL: -1}
	d.Destination, _ = netip.AddrFromSlice(dst)
	d.Destination = d.Destination.Unmap()
	if ttl > 0 {
		d.TTL = ttl
	}
	return d
}

func sourceOf(a net.Addr) netip.AddrPort {
	u, ok := a.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := u.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
