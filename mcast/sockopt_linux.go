package mcast

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// option is one integer socket option. Without a feature the socket cannot be
// used; an option with one is done without where the kernel has it not.
type option struct {
	level, name, value int
	call               string // for the error
	lack               string // what is missing without it
}

// prepare sets all options of so before it is bound.
func (s *system) prepare(so *socket, reusePort, reuse bool) error {
	options := s.commonOptions(reusePort, reuse)
	if so.v6 {
		options = append(options, s.options6()...)
	} else {
		options = append(options, s.options4()...)
	}
	for _, o := range options {
		err := unix.SetsockoptInt(so.fd, o.level, o.name, o.value)
		switch {
		case err == nil:
		case o.lack != "" && (errors.Is(err, unix.ENOPROTOOPT) || errors.Is(err, unix.EINVAL)):
			s.missing["linux: this kernel has no "+o.call+": "+o.lack] = true
		default:
			return os.NewSyscallError("setsockopt "+o.call, err)
		}
	}
	s.growBuffer(so.fd)
	if !so.v6 {
		return s.sendInterface4(so.fd)
	}
	return nil
}

func (s *system) commonOptions(reusePort, reuse bool) []option {
	options := []option{
		{unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS", "times are those of reading, not of receiving"},
		{unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1, "SO_RXQ_OVFL", "lost datagrams are not counted"},
	}
	if reuse {
		// As Java's MulticastSocket does, so that a Tomcat on this host goes on.
		options = append(options, option{unix.SOL_SOCKET, unix.SO_REUSEADDR, 1, "SO_REUSEADDR", ""})
	}
	if reusePort {
		options = append(options, option{unix.SOL_SOCKET, unix.SO_REUSEPORT, 1, "SO_REUSEPORT", ""})
	}
	return options
}

func (s *system) options4() []option {
	options := []option{
		{unix.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0, "IP_MULTICAST_ALL", "groups that other programs joined are heard too"},
		{unix.IPPROTO_IP, unix.IP_PKTINFO, 1, "IP_PKTINFO", ""},
		{unix.IPPROTO_IP, unix.IP_RECVTTL, 1, "IP_RECVTTL", ""},
		{unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP, onOff(!s.cfg.NoLoop), "IP_MULTICAST_LOOP", ""},
	}
	if s.cfg.TTL >= 0 {
		options = append(options, option{unix.IPPROTO_IP, unix.IP_MULTICAST_TTL, s.cfg.TTL, "IP_MULTICAST_TTL", ""})
	}
	if s.cfg.DSCP > 0 {
		options = append(options, option{unix.IPPROTO_IP, unix.IP_TOS, s.cfg.DSCP << 2, "IP_TOS", ""})
	}
	return options
}

func (s *system) options6() []option {
	options := []option{
		{unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1, "IPV6_V6ONLY", ""},
		{unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_ALL, 0, "IPV6_MULTICAST_ALL", "groups that other programs joined are heard too"},
		{unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO", ""},
		{unix.IPPROTO_IPV6, unix.IPV6_RECVHOPLIMIT, 1, "IPV6_RECVHOPLIMIT", ""},
		{unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_LOOP, onOff(!s.cfg.NoLoop), "IPV6_MULTICAST_LOOP", ""},
		{unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_IF, int(s.index.Load()), "IPV6_MULTICAST_IF", ""},
	}
	if s.cfg.TTL >= 0 {
		options = append(options, option{unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_HOPS, s.cfg.TTL, "IPV6_MULTICAST_HOPS", ""})
	}
	if s.cfg.DSCP > 0 {
		options = append(options, option{unix.IPPROTO_IPV6, unix.IPV6_TCLASS, s.cfg.DSCP << 2, "IPV6_TCLASS", ""})
	}
	return options
}

// sendInterface4 sets the interface and the source address of what is sent to
// groups. Without an address of its own the kernel would borrow one from another
// interface (catalogue: iface.no-ipv4); that is left to it.
func (s *system) sendInterface4(fd int) error {
	mreq := unix.IPMreqn{Ifindex: s.index.Load()}
	if a, ok := s.cfg.Interface.SourceFor(baseIPv4); ok {
		mreq.Address = a.As4()
	}
	return os.NewSyscallError("setsockopt IP_MULTICAST_IF", unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_IF, &mreq))
}

// growBuffer asks for the receive buffer; what the kernel grants is enough.
func (s *system) growBuffer(fd int) {
	if s.cfg.ReadBuffer <= 0 {
		return
	}
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, s.cfg.ReadBuffer) != nil { // needs CAP_NET_ADMIN
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, s.cfg.ReadBuffer) // up to net.core.rmem_max
	}
}

func onOff(on bool) int {
	if on {
		return 1
	}
	return 0
}
