package collect

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"muster/internal/netlink"
	"muster/routecheck/facts"
)

// readSockets lists the UDP sockets of the group's port and the listening TCP
// sockets of the receiver's ports, by sock_diag, or where the kernel has none by
// /proc/net.
func readSockets(ctx context.Context, q facts.Query) (udp, tcp facts.Fact[[]facts.Socket]) {
	return sockets(ctx, unix.IPPROTO_UDP, wantedUDP(q)), sockets(ctx, unix.IPPROTO_TCP, wantedTCP(q))
}

func sockets(ctx context.Context, proto byte, keep func(netip.AddrPort) bool) facts.Fact[[]facts.Socket] {
	const from = "netlink sock_diag"
	out := []facts.Socket{}
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		states := uint32(0xffffffff)
		if proto == unix.IPPROTO_TCP {
			states = 1 << 10 // TCP_LISTEN
		}
		err := diag(ctx, family, proto, states, func(s facts.Socket, _ facts.Connection) error {
			if len(out) >= maxSockets {
				return netlink.Stop
			}
			if keep(s.Local) {
				out = append(out, s)
			}
			return nil
		})
		if err != nil && family == unix.AF_INET6 && !errors.Is(err, unix.EPERM) {
			continue // a kernel without IPv6
		}
		if err != nil {
			return procSockets(proto, keep)
		}
	}
	return facts.Read(out, from)
}

// readConnections lists the connections to and from the receiver's ports: the
// established ones, and those that are closed here and have not got rid of their data.
func readConnections(ctx context.Context, q facts.Query) facts.Fact[[]facts.Connection] {
	const from = "netlink sock_diag"
	keep := wantedTCP(q)
	out := []facts.Connection{}
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		err := diag(ctx, family, unix.IPPROTO_TCP, sending, func(_ facts.Socket, c facts.Connection) error {
			if len(out) >= maxSockets {
				return netlink.Stop
			}
			if (keep(c.Local) || keep(c.Remote)) && (c.State == "" || c.Unacked > 0) {
				out = append(out, c)
			}
			return nil
		})
		if err != nil && family == unix.AF_INET {
			return facts.Unread[[]facts.Connection](from, because("listing connections", err))
		}
	}
	return facts.Read(out, from)
}

// tcpStates are the kernel's numbers of the states in which data may be on its way
// (net/tcp_states.h), with the names of RFC 9293; that of ESTABLISHED is left out.
var tcpStates = map[byte]string{1: "", 4: "FIN-WAIT-1", 8: "CLOSE-WAIT", 9: "LAST-ACK", 11: "CLOSING"}

// sending has the bit of each of tcpStates.
const sending = 1<<1 | 1<<4 | 1<<8 | 1<<9 | 1<<11

// diag dumps sockets (linux/inet_diag.h): struct inet_diag_req_v2 asks for a
// protocol, states and extensions. The connection is that of a TCP socket.
func diag(ctx context.Context, family, proto byte, states uint32, each func(s facts.Socket, c facts.Connection) error) error {
	const sockDiagByFamily, tcpInfo, skMemInfo = 20, 2, 7
	req := make([]byte, 56)
	req[0], req[1], req[2] = family, proto, 1<<(skMemInfo-1)
	if proto == unix.IPPROTO_TCP {
		req[2] |= 1 << (tcpInfo - 1)
	}
	native.PutUint32(req[4:], states)
	return netlink.Dump(ctx, unix.NETLINK_SOCK_DIAG, sockDiagByFamily, req, func(_ uint16, b []byte) error {
		s, c, ok := decodeDiag(b)
		if !ok {
			return nil
		}
		return each(s, c)
	})
}

// decodeDiag reads struct inet_diag_msg and the extensions that matter.
func decodeDiag(b []byte) (s facts.Socket, c facts.Connection, ok bool) {
	const size = 72
	if len(b) < size {
		return s, c, false
	}
	var addr, peer netip.Addr
	if b[0] == unix.AF_INET {
		addr, peer = netip.AddrFrom4([4]byte(b[8:12])), netip.AddrFrom4([4]byte(b[24:28]))
	} else {
		addr, peer = netip.AddrFrom16([16]byte(b[8:24])).Unmap(), netip.AddrFrom16([16]byte(b[24:40])).Unmap()
	}
	s = facts.Socket{Local: netip.AddrPortFrom(addr, binary.BigEndian.Uint16(b[4:])), V6: b[0] == unix.AF_INET6,
		Bound: native.Uint32(b[40:]), UID: native.Uint32(b[64:]), Queued: native.Uint32(b[56:]), Inode: uint64(native.Uint32(b[68:]))}
	c = facts.Connection{Local: s.Local, Remote: netip.AddrPortFrom(peer, binary.BigEndian.Uint16(b[6:])), UID: s.UID, Inode: s.Inode,
		Queued: s.Queued, State: tcpStates[b[1]], Unacked: native.Uint32(b[60:])}
	const tcpInfo, memInfo, sockOpt = 2, 7, 22
	for _, a := range netlink.Attrs(native, b[size:]) {
		switch {
		case a.Kind == memInfo && len(a.Data) >= 36: // SK_MEMINFO_RCVBUF is the second, _DROPS the ninth
			s.RcvBuf, s.Drops = native.Uint32(a.Data[4:]), uint64(native.Uint32(a.Data[32:]))
		case a.Kind == tcpInfo && len(a.Data) >= 60: // struct tcp_info: tcpi_retransmits, _snd_mss, _last_ack_recv
			c.Repeats, c.MSS, c.Quiet = a.Data[2], native.Uint32(a.Data[16:]), native.Uint32(a.Data[56:])
		case a.Kind == sockOpt && len(a.Data) >= 1: // struct inet_diag_sockopt, bit fields
			loop, all := a.Data[0]&0x10 != 0, a.Data[0]&0x40 != 0
			s.Loop, s.All = &loop, &all
		}
	}
	return s, c, true
}

func procSockets(proto byte, keep func(netip.AddrPort) bool) facts.Fact[[]facts.Socket] {
	name := "tcp"
	if proto == unix.IPPROTO_UDP {
		name = "udp"
	}
	from := "/proc/net/" + name
	out := []facts.Socket{}
	for i, n := range []string{name, name + "6"} {
		text, err := slurp(procNet+n, 32<<20)
		if err != nil && i == 0 {
			return facts.Unread[[]facts.Socket](from, because("listing sockets", err))
		}
		out = append(out, parseProcSockets(text, i == 1, name == "udp", keep, maxSockets)...)
	}
	return facts.Read(out, from)
}

// testBind tries, where somebody holds the group's port, whether one more socket
// may have it: bound to the group's address, so that not a single unicast datagram
// can go astray, without joining, and closed at once.
func testBind(f *facts.Facts) facts.Fact[facts.BindTest] {
	const from = "bind"
	if !f.UDP.Known() {
		return facts.Unread[facts.BindTest](from, "the sockets are not known")
	}
	if len(f.UDP.Value) == 0 {
		return facts.Unread[facts.BindTest](from, "nobody holds the port")
	}
	if !f.Query.Group.IsMulticast() {
		return facts.Unread[facts.BindTest](from, "the group is none")
	}
	if f.Query.Port < 1024 && os.Geteuid() != 0 {
		return facts.Unread[facts.BindTest](from, fmt.Sprintf("port %d is for root alone", f.Query.Port))
	}
	return facts.Read(facts.BindTest{
		ReuseAddr: errnoName(bindOnce(f, unix.SO_REUSEADDR)),
		ReusePort: errnoName(bindOnce(f, unix.SO_REUSEPORT)),
	}, from)
}

func bindOnce(f *facts.Facts, option int) error {
	family := unix.AF_INET
	if f.Query.Group.Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, 1); err != nil {
		return err
	}
	if family == unix.AF_INET {
		return unix.Bind(fd, &unix.SockaddrInet4{Port: int(f.Query.Port), Addr: f.Query.Group.As4()})
	}
	sa := &unix.SockaddrInet6{Port: int(f.Query.Port), Addr: f.Query.Group.As16()}
	if f.Query.Group.IsLinkLocalMulticast() {
		sa.ZoneId = f.ToGroup.Value.Link
	}
	return unix.Bind(fd, sa)
}
