package sock

import (
	"os"

	"golang.org/x/sys/unix"

	"muster/mcast"
)

type option struct {
	level, name, value int
	call               string
	optional           bool // the socket works without, if less well
}

func (s *Socket) options(fd int) error {
	all := []option{
		{unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS", true},
	}
	if s.cfg.Kind == UDP {
		all = append(all, option{unix.SOL_UDP, unix.UDP_GRO, 1, "UDP_GRO", true})
	}
	if s.cfg.Bind.Port() != 0 && !s.cfg.Alone {
		all = append(all, option{unix.SOL_SOCKET, unix.SO_REUSEADDR, 1, "SO_REUSEADDR", false})
	}
	if s.v6 {
		all = append(all, s.options6()...)
	} else {
		all = append(all, s.options4()...)
	}
	for _, o := range all {
		if err := unix.SetsockoptInt(fd, o.level, o.name, o.value); err != nil && !o.optional {
			return os.NewSyscallError("setsockopt "+o.call, err)
		}
	}
	if n := s.cfg.ReadBuffer; n > 0 {
		if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, n) != nil { // needs CAP_NET_ADMIN
			_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, n) // up to net.core.rmem_max
		}
	}
	if err := s.filter(fd); err != nil {
		return err
	}
	return s.setTTL(fd, s.cfg.TTL)
}

func (s *Socket) options4() []option {
	pmtu := unix.IP_PMTUDISC_DONT
	if s.cfg.DontFragment {
		pmtu = unix.IP_PMTUDISC_DO
	}
	inHeader := s.cfg.Kind == RawICMP // the TTL: it need not be told with each packet
	return []option{
		{unix.IPPROTO_IP, unix.IP_RECVTTL, onOff(!inHeader), "IP_RECVTTL", true},
		{unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP, onOff(!s.cfg.NoLoop), "IP_MULTICAST_LOOP", false},
		{unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, pmtu, "IP_MTU_DISCOVER", !s.cfg.DontFragment},
	}
}

func (s *Socket) options6() []option {
	options := []option{
		{unix.IPPROTO_IPV6, unix.IPV6_RECVHOPLIMIT, 1, "IPV6_RECVHOPLIMIT", true},
		{unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_LOOP, onOff(!s.cfg.NoLoop), "IPV6_MULTICAST_LOOP", false},
	}
	if s.cfg.Kind == UDP {
		options = append(options, option{unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1, "IPV6_V6ONLY", false})
	}
	if s.cfg.DontFragment {
		options = append(options, option{unix.IPPROTO_IPV6, unix.IPV6_DONTFRAG, 1, "IPV6_DONTFRAG", false})
	}
	return options
}

// filter keeps all but echo replies from a raw socket: it would get every ICMP
// packet of the host.
func (s *Socket) filter(fd int) error {
	if s.cfg.Kind != RawICMP {
		return nil
	}
	if s.v6 {
		var f unix.ICMPv6Filter
		for i := range f.Data {
			f.Data[i] = 0xffffffff // a set bit blocks
		}
		f.Data[129/32] &^= 1 << (129 % 32) // echo reply
		return os.NewSyscallError("setsockopt ICMPV6_FILTER",
			unix.SetsockoptICMPv6Filter(fd, unix.IPPROTO_ICMPV6, unix.ICMPV6_FILTER, &f))
	}
	const solRaw, icmpFilter = 255, 1 // SOL_RAW, ICMP_FILTER of linux/icmp.h
	blocked := int32(^1)              // all types but 0, echo reply
	return os.NewSyscallError("setsockopt ICMP_FILTER", unix.SetsockoptInt(fd, solRaw, icmpFilter, int(blocked)))
}

func (s *Socket) setTTL(fd, ttl int) error {
	if ttl < 0 {
		return nil
	}
	if s.v6 {
		return os.NewSyscallError("setsockopt IPV6_MULTICAST_HOPS", unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_HOPS, ttl))
	}
	return os.NewSyscallError("setsockopt IP_MULTICAST_TTL", unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_TTL, ttl))
}

func (s *Socket) setInterface(fd int, i mcast.Interface) error {
	if i.Index == 0 {
		return nil
	}
	if s.v6 {
		return os.NewSyscallError("setsockopt IPV6_MULTICAST_IF",
			unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_IF, i.Index))
	}
	mreq := unix.IPMreqn{Ifindex: int32(i.Index)}
	if a, ok := i.SourceFor(s.cfg.Group); ok {
		mreq.Address = a.As4()
	}
	return os.NewSyscallError("setsockopt IP_MULTICAST_IF", unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_IF, &mreq))
}

func onOff(on bool) int {
	if on {
		return 1
	}
	return 0
}
