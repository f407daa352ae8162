package mcast

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// socket is one UDP socket of a Conn.
type socket struct {
	fd     int
	v6     bool
	shared bool // bound to the wildcard: what is sent by unicast is not for us
	port   uint16
	groups []membership

	overflow atomic.Uint32 // last count told by SO_RXQ_OVFL

	open sync.RWMutex // read-locked while the kernel uses fd, locked to close it
	gone bool
}

// newSocket makes a bound socket with all options set. Nothing is received
// before the options hold: the socket is bound last.
func (s *system) newSocket(bind netip.AddrPort, joining bool) (*socket, error) {
	so, err := s.tryBind(bind, joining, false)
	if errors.Is(err, unix.EADDRINUSE) {
		// The holder may share by SO_REUSEPORT alone (catalogue: sock.reuse-mismatch).
		so, err = s.tryBind(bind, joining, true)
	}
	if errors.Is(err, unix.EADDRINUSE) {
		return nil, inUseError(err, bind)
	}
	if err != nil {
		return nil, fmt.Errorf("open a socket on %s: %w", bind, err)
	}
	return so, nil
}

func (s *system) tryBind(bind netip.AddrPort, joining, reusePort bool) (*socket, error) {
	v6 := bind.Addr().Is6()
	family := unix.AF_INET
	if v6 {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	so := &socket{fd: fd, v6: v6, port: bind.Port(), shared: joining && bind.Addr().IsUnspecified()}
	if err := s.prepare(so, reusePort, bind.Port() != 0); err != nil {
		unix.Close(fd)
		return nil, err
	}
	if err := unix.Bind(fd, s.sockaddr(bind)); err != nil {
		unix.Close(fd)
		return nil, err
	}
	if so.port == 0 {
		if name, err := unix.Getsockname(fd); err == nil {
			so.port = portOf(name)
		}
	}
	return so, nil
}

// sockaddr is a as the kernel takes it; a link-local address without a zone is
// on our interface.
func (s *system) sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16(), ZoneId: s.zoneID(a.Addr())}
}

func (s *system) zoneID(a netip.Addr) uint32 {
	if !a.IsLinkLocalUnicast() && !a.IsLinkLocalMulticast() && !a.IsInterfaceLocalMulticast() {
		return 0
	}
	return uint32(s.index.Load())
}

func portOf(sa unix.Sockaddr) uint16 {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return uint16(sa.Port)
	case *unix.SockaddrInet6:
		return uint16(sa.Port)
	}
	return 0
}

// groupReq is struct group_req of RFC 3678 section 5.1; the address is aligned
// as a pointer is.
type groupReq struct {
	index uint32
	group storage
}

// groupSourceReq is struct group_source_req.
type groupSourceReq struct {
	index  uint32
	group  storage
	source storage
}

type storage struct {
	_     [0]uintptr
	bytes [128]byte
}

func storageOf(a netip.Addr) (s storage) {
	if a.Is4() {
		*(*unix.RawSockaddrInet4)(unsafe.Pointer(&s)) = unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: a.As4()}
	} else {
		*(*unix.RawSockaddrInet6)(unsafe.Pointer(&s)) = unix.RawSockaddrInet6{Family: unix.AF_INET6, Addr: a.As16()}
	}
	return s
}

// membership joins or leaves g on the interface with the given index.
func (so *socket) membership(g Group, index int, join bool) error {
	level := unix.IPPROTO_IP
	if so.v6 {
		level = unix.IPPROTO_IPV6
	}
	if !g.Source.IsValid() {
		req := groupReq{uint32(index), storageOf(g.Addr)}
		option := unix.MCAST_LEAVE_GROUP
		if join {
			option = unix.MCAST_JOIN_GROUP
		}
		return setsockopt(so.fd, level, option, unsafe.Pointer(&req), unsafe.Sizeof(req))
	}
	req := groupSourceReq{uint32(index), storageOf(g.Addr), storageOf(g.Source)}
	option := unix.MCAST_LEAVE_SOURCE_GROUP
	if join {
		option = unix.MCAST_JOIN_SOURCE_GROUP
	}
	return setsockopt(so.fd, level, option, unsafe.Pointer(&req), unsafe.Sizeof(req))
}

func setsockopt(fd, level, option int, value unsafe.Pointer, size uintptr) error {
	_, _, errno := unix.Syscall6(unix.SYS_SETSOCKOPT, uintptr(fd), uintptr(level), uintptr(option), uintptr(value), size, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

func (so *socket) forget(m membership) {
	if i := slices.Index(so.groups, m); i >= 0 {
		so.groups = slices.Delete(so.groups, i, i+1)
	}
}

// drops is the socket's count of datagrams lost. SO_MEMINFO (Linux 4.12) tells
// it at any time, SO_RXQ_OVFL only with the next datagram, which after a flood
// may never come.
func (so *socket) drops() uint64 {
	so.open.RLock()
	defer so.open.RUnlock()
	if so.gone {
		return 0
	}
	var info [9]uint32 // SK_MEMINFO_VARS; the ninth is SK_MEMINFO_DROPS
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(so.fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno == 0 && size >= uint32(unsafe.Sizeof(info)) {
		return uint64(info[8])
	}
	return uint64(so.overflow.Load())
}

func (so *socket) close() {
	so.open.Lock()
	defer so.open.Unlock()
	if so.gone {
		return
	}
	so.gone = true
	unix.Close(so.fd)
}

func wildcard(like netip.Addr) netip.Addr {
	if like.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

func readSysctl(name string, otherwise int) int {
	b, err := os.ReadFile("/proc/sys/" + name)
	if err != nil {
		return otherwise
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return otherwise
	}
	return n
}
