//go:build !linux

package sock

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"muster/internal/batch"
	"muster/mcast"
)

// KernelTimes: At of a packet is when it was read.
const KernelTimes = false

// Socket is one socket, with what golang.org/x/net offers on every system: times
// are those of this process.
type Socket struct {
	cfg Config
	v6  bool
	pc  net.PacketConn
	p4  *ipv4.PacketConn
	p6  *ipv6.PacketConn
	buf []byte
}

// Open makes the socket.
func Open(cfg Config) (*Socket, error) {
	s := &Socket{cfg: cfg, v6: cfg.Group.Is6(), buf: make([]byte, batch.MaxDatagram)}
	if cfg.DontFragment {
		return nil, errors.New(runtime.GOOS + ": forbidding fragmentation is not possible here")
	}
	if err := s.listen(); err != nil {
		return nil, err
	}
	if err := s.options(); err != nil {
		s.pc.Close()
		return nil, err
	}
	return s, nil
}

func (s *Socket) listen() (err error) {
	any4, any6 := "0.0.0.0", "::"
	if s.cfg.Kind == UDP {
		network, bind := "udp4", s.cfg.Bind
		if s.v6 {
			network = "udp6"
		}
		if !bind.Addr().IsValid() {
			bind = netip.AddrPortFrom(netip.IPv4Unspecified(), bind.Port())
			if s.v6 {
				bind = netip.AddrPortFrom(netip.IPv6Unspecified(), bind.Port())
			}
		}
		if s.pc, err = new(net.ListenConfig).ListenPacket(context.Background(), network, bind.String()); err != nil {
			return err
		}
		if s.v6 {
			s.p6 = ipv6.NewPacketConn(s.pc)
		} else {
			s.p4 = ipv4.NewPacketConn(s.pc)
		}
		return nil
	}
	network, address := "udp4", any4
	switch {
	case s.cfg.Kind == ICMP && s.v6:
		network, address = "udp6", any6
	case s.cfg.Kind == RawICMP && s.v6:
		network, address = "ip6:ipv6-icmp", any6
	case s.cfg.Kind == RawICMP:
		network = "ip4:icmp"
	}
	c, err := icmp.ListenPacket(network, address)
	if err != nil {
		return err
	}
	s.pc, s.p4, s.p6 = c, c.IPv4PacketConn(), c.IPv6PacketConn()
	return nil
}

func (s *Socket) options() error {
	if s.cfg.ReadBuffer > 0 {
		if c, ok := s.pc.(*net.UDPConn); ok {
			_ = c.SetReadBuffer(s.cfg.ReadBuffer) // what the system grants is enough
		}
	}
	if s.v6 {
		_ = s.p6.SetControlMessage(ipv6.FlagHopLimit, true) // without: TTL unknown
		if err := s.p6.SetMulticastLoopback(!s.cfg.NoLoop); err != nil {
			return err
		}
	} else {
		_ = s.p4.SetControlMessage(ipv4.FlagTTL, true)
		if err := s.p4.SetMulticastLoopback(!s.cfg.NoLoop); err != nil {
			return err
		}
	}
	if err := s.SetInterface(s.cfg.Interface); err != nil {
		return err
	}
	return s.SetTTL(s.cfg.TTL)
}

// SetInterface makes multicast leave by another interface.
func (s *Socket) SetInterface(i mcast.Interface) error {
	if i.Index == 0 {
		return nil
	}
	ifi := &net.Interface{Index: i.Index, Name: i.Name, MTU: i.MTU, Flags: i.Flags}
	s.cfg.Interface = i
	if s.v6 {
		return s.p6.SetMulticastInterface(ifi)
	}
	return s.p4.SetMulticastInterface(ifi)
}

// SetTTL sets the TTL of multicast from now on.
func (s *Socket) SetTTL(ttl int) error {
	switch {
	case ttl < 0:
		return nil
	case s.v6:
		return s.p6.SetMulticastHopLimit(ttl)
	}
	return s.p4.SetMulticastTTL(ttl)
}

// LocalPort is the UDP port of the socket.
func (s *Socket) LocalPort() uint16 {
	if a, ok := s.pc.LocalAddr().(*net.UDPAddr); ok && s.cfg.Kind == UDP {
		return uint16(a.Port)
	}
	return 0
}

// Send sends one packet; the port is ignored where the kind has none.
func (s *Socket) Send(p []byte, to netip.AddrPort) error {
	if ad := to.Addr(); ad.Zone() == "" && (ad.IsLinkLocalUnicast() || ad.IsLinkLocalMulticast()) && ad.Is6() {
		to = netip.AddrPortFrom(ad.WithZone(s.cfg.Interface.Name), to.Port())
	}
	var a net.Addr = net.UDPAddrFromAddrPort(to)
	if s.cfg.Kind == RawICMP {
		a = &net.IPAddr{IP: to.Addr().AsSlice(), Zone: to.Addr().Zone()}
	}
	_, err := s.pc.WriteTo(p, a)
	return err
}

// SendSegments sends p as UDP packets of size bytes, the last may be shorter. It
// returns how many went out before the error.
func (s *Socket) SendSegments(p []byte, size int, to netip.AddrPort) (sent int, err error) {
	for len(p) > 0 {
		n := min(len(p), size)
		if err := s.Send(p[:n], to); err != nil {
			return sent, err
		}
		p = p[n:]
		sent++
	}
	return sent, nil
}

// Read waits for one packet. After Close it returns net.ErrClosed, after the
// deadline os.ErrDeadlineExceeded.
func (s *Socket) Read(ps []Packet) (int, error) {
	p := &ps[0]
	p.TTL = -1
	var n int
	var src net.Addr
	var err error
	if s.v6 {
		var cm *ipv6.ControlMessage
		if n, cm, src, err = s.p6.ReadFrom(s.buf); cm != nil {
			p.TTL = cm.HopLimit
		}
	} else {
		var cm *ipv4.ControlMessage
		if n, cm, src, err = s.p4.ReadFrom(s.buf); cm != nil {
			p.TTL = cm.TTL
		}
	}
	if err != nil {
		return 0, err
	}
	p.At = time.Now().UnixNano()
	p.Data = s.buf[:n]
	p.From = addrPort(src)
	return 1, nil
}

// Drained: nobody knows.
func (s *Socket) Drained() bool { return false }

// StripsHeader: x/net has taken the IP header off.
func (s *Socket) StripsHeader() bool { return true }

func addrPort(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.UDPAddr:
		ap := a.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	case *net.IPAddr:
		if ip, ok := netip.AddrFromSlice(a.IP); ok {
			return netip.AddrPortFrom(ip.Unmap().WithZone(a.Zone), 0)
		}
	}
	return netip.AddrPort{}
}

// StampSends: no system but Linux tells.
func (s *Socket) StampSends() bool { return false }

// Stamps has none.
func (s *Socket) Stamps(func(Stamp)) {}

// Drops is not told by these systems.
func (s *Socket) Drops() uint64 { return 0 }

// Close closes the socket and ends a waiting Read.
func (s *Socket) Close() error { return s.pc.Close() }

// Denied reports whether err means that the system does not let this process
// have the socket.
func Denied(err error) bool { return errors.Is(err, os.ErrPermission) }

// TooBig reports whether err means that a packet is larger than may be sent.
func TooBig(err error) bool {
	const wsaEMSGSIZE = syscall.Errno(10040) // Windows
	return errors.Is(err, wsaEMSGSIZE) || errors.Is(err, syscall.EMSGSIZE)
}
