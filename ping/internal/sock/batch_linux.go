package sock

import (
	"encoding/binary"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	batchSize   = 64
	controlSize = 128 // room for TTL and time with their headers
)

// batch is what recvmmsg fills. Of its 4 MiB only the pages that packets reach
// are ever touched.
type batch struct {
	msgs     [batchSize]mmsghdr
	iovs     [batchSize]unix.Iovec
	names    [batchSize]unix.RawSockaddrInet6
	controls [batchSize][controlSize]byte
	data     []byte

	// What was read and is not handed on yet.
	room    int    // messages, for how many there was room
	got, at int    // messages
	off     int    // into message at
	whole   Packet // message at
	segment int    // bytes of each of its packets, the last may be shorter
}

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
	_   [4]byte
}

func newBatch() *batch {
	b := &batch{data: make([]byte, batchSize*maxPacket)}
	for i := range b.msgs {
		b.iovs[i].Base = &b.data[i*maxPacket]
		b.iovs[i].SetLen(maxPacket)
		h := &b.msgs[i].hdr
		h.Iov = &b.iovs[i]
		h.SetIovlen(1)
		h.Name = (*byte)(unsafe.Pointer(&b.names[i]))
		h.Control = &b.controls[i][0]
	}
	return b
}

// receive hands on what was read; when that is used up it reads, without waiting:
// unix.EAGAIN when there is nothing.
func (b *batch) receive(fd int, ps []Packet, s *Socket) (int, error) {
	if b.at < b.got {
		return b.hand(ps, s), nil
	}
	n := min(len(ps), batchSize)
	for i := range n {
		h := &b.msgs[i].hdr
		h.Namelen = unix.SizeofSockaddrInet6
		h.SetControllen(controlSize)
	}
	got, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&b.msgs[0])),
		uintptr(n), unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		if errno == unix.EINTR {
			errno = unix.EAGAIN
		}
		return 0, errno
	}
	b.room, b.got, b.at, b.off = n, int(got), 0, 0
	return b.hand(ps, s), nil
}

// hand fills ps from the messages read. Each holds one packet, or with UDP_GRO
// several of one sender.
func (b *batch) hand(ps []Packet, s *Socket) (n int) {
	for n < len(ps) && b.at < b.got {
		if b.off == 0 {
			b.decode(b.at, s)
		}
		ps[n] = b.whole
		end := min(b.off+b.segment, len(b.whole.Data))
		ps[n].Data = b.whole.Data[b.off:end:end]
		n++
		if b.off = end; end == len(b.whole.Data) {
			b.at++
			b.off = 0
		}
	}
	return n
}

func (b *batch) decode(i int, s *Socket) {
	p := &b.whole
	p.Data = b.data[i*maxPacket : i*maxPacket+int(b.msgs[i].len)]
	p.From = from(&b.names[i], s.on.Load().Name)
	p.TTL, p.At = -1, 0
	if s.cfg.Kind == RawICMP && !s.v6 && len(p.Data) >= 20 {
		p.TTL = int(p.Data[8]) // of the IP header (RFC 791 section 3.1)
	}
	b.segment = len(p.Data)
	control := b.controls[i][:b.msgs[i].hdr.Controllen]
	each(control, func(level, kind int, data []byte) {
		switch {
		case level == unix.SOL_SOCKET && kind == unix.SO_TIMESTAMPNS && len(data) >= 16:
			p.At = timespec(data)
		case len(data) >= 4 && (level == unix.IPPROTO_IP && kind == unix.IP_TTL || level == unix.IPPROTO_IPV6 && kind == unix.IPV6_HOPLIMIT):
			p.TTL = int(int32(binary.NativeEndian.Uint32(data)))
		case level == unix.SOL_UDP && kind == unix.UDP_GRO && len(data) >= 4:
			if n := int(int32(binary.NativeEndian.Uint32(data))); n > 0 {
				b.segment = n
			}
		}
	})
	if p.At == 0 {
		p.At = time.Now().UnixNano()
	}
}

// from reads the sender's address. A link-local one came by our interface.
func from(name *unix.RawSockaddrInet6, ifname string) netip.AddrPort {
	port := (*[2]byte)(unsafe.Pointer(&name.Port))
	p := binary.BigEndian.Uint16(port[:])
	if name.Family == unix.AF_INET {
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), p)
	}
	a := netip.AddrFrom16(name.Addr)
	if a.IsLinkLocalUnicast() {
		a = a.WithZone(ifname)
	}
	return netip.AddrPortFrom(a, p)
}

// each walks the control messages of cmsg(3).
func each(b []byte, visit func(level, kind int, data []byte)) {
	for len(b) >= unix.SizeofCmsghdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
		n := int(h.Len)
		if n < unix.SizeofCmsghdr || n > len(b) {
			return
		}
		visit(int(h.Level), int(h.Type), b[unix.CmsgLen(0):n])
		b = b[min(unix.CmsgSpace(n-unix.CmsgLen(0)), len(b)):]
	}
}

// timespec is struct timespec of a 64-bit system; a 32-bit one gets the time of
// reading instead.
func timespec(b []byte) int64 {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		return 0
	}
	return int64(binary.NativeEndian.Uint64(b))*int64(time.Second) + int64(binary.NativeEndian.Uint64(b[8:]))
}
