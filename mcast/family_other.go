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

func (s *system) newFamily(so *socket) (family, error) {
	ifi := &net.Interface{Index: s.cfg.Interface.Index, Name: s.cfg.Interface.Name, MTU: s.cfg.Interface.MTU, Flags: s.cfg.Interface.Flags}
	if so.v6 {
		return s.newFamily6(ipv6.NewPacketConn(so.udp), ifi)
	}
	return s.newFamily4(ipv4.NewPacketConn(so.udp), ifi)
}

type family4 struct {
	pc  *ipv4.PacketConn
	ifi *net.Interface
}

func (s *system) newFamily4(pc *ipv4.PacketConn, ifi *net.Interface) (family, error) {
	if err := pc.SetControlMessage(ipv4.FlagDst|ipv4.FlagInterface|ipv4.FlagTTL, true); err != nil {
		s.lack("the destination, interface and TTL of datagrams are not told, and groups that other programs joined are heard too")
	}
	if err := pc.SetMulticastInterface(ifi); err != nil {
		return nil, err
	}
	if err := pc.SetMulticastLoopback(!s.cfg.NoLoop); err != nil {
		return nil, err
	}
	if s.cfg.TTL >= 0 {
		if err := pc.SetMulticastTTL(s.cfg.TTL); err != nil {
			return nil, err
		}
	}
	if s.cfg.DSCP > 0 {
		if err := pc.SetTOS(s.cfg.DSCP << 2); err != nil {
			s.lack("datagrams cannot be marked with a DSCP")
		}
	}
	return &family4{pc, ifi}, nil
}

func (f *family4) join(g Group, join bool) error {
	group := &net.UDPAddr{IP: g.Addr.AsSlice()}
	if !g.Source.IsValid() {
		if join {
			return f.pc.JoinGroup(f.ifi, group)
		}
		return f.pc.LeaveGroup(f.ifi, group)
	}
	source := &net.UDPAddr{IP: g.Source.AsSlice()}
	if join {
		return f.pc.JoinSourceSpecificGroup(f.ifi, group, source)
	}
	return f.pc.LeaveSourceSpecificGroup(f.ifi, group, source)
}

func (f *family4) read(buf []byte) (Datagram, int, error) {
	n, cm, from, err := f.pc.ReadFrom(buf)
	d := Datagram{TTL: -1}
	if err != nil {
		return d, 0, err
	}
	d.Source = sourceOf(from)
	if cm != nil {
		d.Interface = cm.IfIndex
		d.Destination, _ = netip.AddrFromSlice(cm.Dst)
		d.Destination = d.Destination.Unmap()
		if cm.TTL > 0 {
			d.TTL = cm.TTL
		}
	}
	return d, n, nil
}

type family6 struct {
	pc  *ipv6.PacketConn
	ifi *net.Interface
}

func (s *system) newFamily6(pc *ipv6.PacketConn, ifi *net.Interface) (family, error) {
	if err := pc.SetControlMessage(ipv6.FlagDst|ipv6.FlagInterface|ipv6.FlagHopLimit, true); err != nil {
		s.lack("the destination, interface and hop limit of datagrams are not told, and groups that other programs joined are heard too")
	}
	if err := pc.SetMulticastInterface(ifi); err != nil {
		return nil, err
	}
	if err := pc.SetMulticastLoopback(!s.cfg.NoLoop); err != nil {
		return nil, err
	}
	if s.cfg.TTL >= 0 {
		if err := pc.SetMulticastHopLimit(s.cfg.TTL); err != nil {
			return nil, err
		}
	}
	if s.cfg.DSCP > 0 {
		if err := pc.SetTrafficClass(s.cfg.DSCP << 2); err != nil {
			s.lack("datagrams cannot be marked with a DSCP")
		}
	}
	return &family6{pc, ifi}, nil
}

func (f *family6) join(g Group, join bool) error {
	group := &net.UDPAddr{IP: g.Addr.AsSlice()}
	if !g.Source.IsValid() {
		if join {
			return f.pc.JoinGroup(f.ifi, group)
		}
		return f.pc.LeaveGroup(f.ifi, group)
	}
	source := &net.UDPAddr{IP: g.Source.AsSlice()}
	if join {
		return f.pc.JoinSourceSpecificGroup(f.ifi, group, source)
	}
	return f.pc.LeaveSourceSpecificGroup(f.ifi, group, source)
}

func (f *family6) read(buf []byte) (Datagram, int, error) {
	n, cm, from, err := f.pc.ReadFrom(buf)
	d := Datagram{TTL: -1}
	if err != nil {
		return d, 0, err
	}
	d.Source = sourceOf(from)
	if cm != nil {
		d.Interface = cm.IfIndex
		d.Destination, _ = netip.AddrFromSlice(cm.Dst)
		if cm.HopLimit > 0 {
			d.TTL = cm.HopLimit
		}
	}
	return d, n, nil
}

func sourceOf(a net.Addr) netip.AddrPort {
	u, ok := a.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := u.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
