package sock

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"muster/internal/batch"
	"muster/mcast"
)

// KernelTimes: At of a packet is the kernel's, however late it is read.
const KernelTimes = true

// Socket is one socket. One goroutine may read; the others may send meanwhile.
type Socket struct {
	cfg    Config
	on     atomic.Pointer[mcast.Interface] // where it is now; cfg has the first one
	v6     bool
	file   io.Closer
	raw    syscall.RawConn
	port   uint16
	closed atomic.Bool

	batch *received // the reader's

	unsegmented atomic.Bool // the kernel or the interface cannot cut packets

	mu       sync.Mutex
	stamping bool
	stamps   []Stamp // learnt, not yet asked for
}

// Open makes the socket.
func Open(cfg Config) (*Socket, error) {
	s := &Socket{cfg: cfg, v6: cfg.Group.Is6()}
	s.on.Store(&cfg.Interface)
	family, proto := unix.AF_INET, unix.IPPROTO_ICMP
	if s.v6 {
		family, proto = unix.AF_INET6, unix.IPPROTO_ICMPV6
	}
	kind := unix.SOCK_DGRAM
	switch cfg.Kind {
	case UDP:
		proto = unix.IPPROTO_UDP
	case RawICMP:
		kind = unix.SOCK_RAW
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, proto)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err := s.prepare(fd); err != nil {
		unix.Close(fd)
		return nil, err
	}
	if err := s.own(fd); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return s, nil
}

// own takes over a non-blocking fd; on an error it is still the caller's.
func (s *Socket) own(fd int) error {
	if s.cfg.OwnThread {
		p, err := newPolled(fd)
		if err == nil {
			s.file, s.raw = p, p
		}
		return err
	}
	file := os.NewFile(uintptr(fd), "socket") // Go's poller waits
	s.file = file
	var err error
	s.raw, err = file.SyscallConn() // fails on a closed file only
	return err
}

func (s *Socket) prepare(fd int) error {
	if err := s.options(fd); err != nil {
		return err
	}
	if err := s.setInterface(fd, s.cfg.Interface); err != nil {
		return err
	}
	if s.cfg.Kind != UDP {
		return nil
	}
	bind := s.cfg.Bind
	if !bind.Addr().IsValid() {
		bind = netip.AddrPortFrom(netip.IPv4Unspecified(), bind.Port())
		if s.v6 {
			bind = netip.AddrPortFrom(netip.IPv6Unspecified(), bind.Port())
		}
	}
	if err := unix.Bind(fd, s.sockaddr(bind)); err != nil {
		return fmt.Errorf("bind %s: %w", bind, os.NewSyscallError("bind", err))
	}
	name, err := unix.Getsockname(fd)
	switch sa := name.(type) {
	case *unix.SockaddrInet4:
		s.port = uint16(sa.Port)
	case *unix.SockaddrInet6:
		s.port = uint16(sa.Port)
	}
	return os.NewSyscallError("getsockname", err)
}

// SetInterface makes multicast leave by another interface: the old one's new
// incarnation, say.
func (s *Socket) SetInterface(i mcast.Interface) error {
	var err error
	if cerr := s.raw.Control(func(fd uintptr) { err = s.setInterface(int(fd), i) }); cerr != nil {
		return cerr
	}
	if err == nil {
		s.on.Store(&i)
	}
	return err
}

// SetTTL sets the TTL of multicast from now on.
func (s *Socket) SetTTL(ttl int) error {
	var err error
	if cerr := s.raw.Control(func(fd uintptr) { err = s.setTTL(int(fd), ttl) }); cerr != nil {
		return cerr
	}
	return err
}

// LocalPort is the UDP port of the socket.
func (s *Socket) LocalPort() uint16 { return s.port }

// Send sends one packet; the port is ignored where the kind has none.
func (s *Socket) Send(p []byte, to netip.AddrPort) error {
	if s.cfg.Kind != UDP {
		to = netip.AddrPortFrom(to.Addr(), 0)
	}
	sa := s.sockaddr(to)
	var err error
	werr := s.raw.Write(func(fd uintptr) bool {
		err = unix.Sendto(int(fd), p, 0, sa)
		return err != unix.EAGAIN
	})
	if werr != nil {
		return s.gone(werr)
	}
	return os.NewSyscallError("sendto", err)
}

func (s *Socket) sockaddr(a netip.AddrPort) unix.Sockaddr {
	if !s.v6 {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().Unmap().As4()}
	}
	sa := &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
	if ad := a.Addr(); ad.IsLinkLocalUnicast() || ad.IsLinkLocalMulticast() || ad.IsInterfaceLocalMulticast() {
		sa.ZoneId = uint32(s.on.Load().Index)
	}
	return sa
}

// Read waits for at least one packet and fills ps with those that are there.
// After Close it returns net.ErrClosed.
func (s *Socket) Read(ps []Packet) (int, error) {
	if s.batch == nil {
		s.batch = &received{Reader: batch.NewReader()}
	}
	var n int
	var err error
	rerr := s.raw.Read(func(fd uintptr) bool {
		n, err = s.batch.receive(int(fd), ps, s)
		if err == unix.EAGAIN {
			s.drainStamps(int(fd)) // what woke us may be a stamp
			return false
		}
		return true
	})
	if rerr != nil {
		return 0, s.gone(rerr)
	}
	return n, os.NewSyscallError("recvmmsg", err)
}

// Drained reports whether the latest Read took all that there was. Only who reads
// may ask.
func (s *Socket) Drained() bool {
	return s.batch != nil && s.batch.got < s.batch.room && s.batch.at == s.batch.got
}

func (s *Socket) gone(err error) error {
	if s.closed.Load() {
		return net.ErrClosed
	}
	return err
}

// Drops is how many packets the kernel threw away because they were not read in
// time.
func (s *Socket) Drops() uint64 {
	var info [9]uint32 // SK_MEMINFO_VARS; the ninth is SK_MEMINFO_DROPS
	size := uint32(unsafe.Sizeof(info))
	_ = s.raw.Control(func(fd uintptr) { // a kernel before 4.12 does not tell: 0
		_, _, _ = unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO,
			uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	})
	return uint64(info[8])
}

// Close closes the socket and ends a waiting Read.
func (s *Socket) Close() error {
	if s.closed.Swap(true) {
		return net.ErrClosed
	}
	return s.file.Close()
}

// StripsHeader reports whether packets of a raw IPv4 socket come without their IP
// header.
func (s *Socket) StripsHeader() bool { return false }

// Denied reports whether err means that the system does not let this process
// have the socket.
func Denied(err error) bool { return errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) }

// TooBig reports whether err means that a packet is larger than may be sent.
func TooBig(err error) bool { return errors.Is(err, unix.EMSGSIZE) }
