package mcast

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	batchSize   = 64
	maxDatagram = 65536 // a UDP payload is at most 65,507 bytes (IPv4) or 65,527 (IPv6)
	controlSize = 192   // room for packet info, TTL, time and drops with their headers
)

// batch is what recvmmsg fills: made once, used for every call. Of its 4 MiB
// only the pages that datagrams reach are ever touched.
type batch struct {
	msgs     [batchSize]unix.Mmsghdr
	iovs     [batchSize]unix.Iovec
	names    [batchSize]unix.RawSockaddrInet6
	controls [batchSize][controlSize]byte
	payloads []byte
	used     int // messages that hold datagrams of the read under way
	zones    map[uint32]string
}

func newBatch() *batch {
	b := &batch{payloads: make([]byte, batchSize*maxDatagram), zones: map[uint32]string{}}
	for i := range b.msgs {
		b.iovs[i].Base = &b.payloads[i*maxDatagram]
		b.iovs[i].SetLen(maxDatagram)
		h := &b.msgs[i].Hdr
		h.Iov = &b.iovs[i]
		h.SetIovlen(1)
		h.Name = (*byte)(unsafe.Pointer(&b.names[i]))
		h.Control = &b.controls[i][0]
	}
	return b
}

// read fills ds from the sockets that have datagrams. Every socket that epoll
// named is read once before epoll is asked again, so that a busy group does not
// starve the others.
func (s *system) read(ds []Datagram) (int, error) {
	s.readMu.Lock()
	defer s.readMu.Unlock()
	if s.batch == nil {
		s.batch = newBatch()
		if err := s.watchSenders(); err != nil {
			return 0, err
		}
	}
	if _, err := s.timeout(); err != nil {
		return 0, err
	}
	for {
		n := 0
		for s.batch.used = 0; len(s.ready) > 0 && n < len(ds) && s.batch.used < batchSize; s.ready = s.ready[1:] {
			n += s.batch.receive(s.ready[0], ds[n:])
		}
		if n > 0 {
			s.busy = n >= many && n < batchSize
			return n, nil
		}
		if err := s.wait(); err != nil {
			return 0, err
		}
	}
}

// receive reads what so has, fills ds from its start, and returns how many it
// filled.
func (b *batch) receive(so *socket, ds []Datagram) (n int) {
	so.open.RLock()
	defer so.open.RUnlock()
	if so.gone {
		return 0
	}
	want := min(len(ds), batchSize-b.used)
	for i := b.used; i < b.used+want; i++ {
		h := &b.msgs[i].Hdr
		h.Namelen = unix.SizeofSockaddrInet6
		h.SetControllen(controlSize)
	}
	got, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(so.fd), uintptr(unsafe.Pointer(&b.msgs[b.used])),
		uintptr(want), unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0 // nothing there after all
	}
	for range got {
		b.decode(b.used, so, &ds[n])
		b.used++
		if !so.shared || ds[n].Destination.IsMulticast() {
			n++
		}
	}
	return n
}

// decode fills d from message i.
func (b *batch) decode(i int, so *socket, d *Datagram) {
	m := &b.msgs[i]
	start := i * maxDatagram
	size := min(int(m.Len), maxDatagram)
	*d = Datagram{
		Payload:   b.payloads[start : start+size : start+size],
		Source:    b.source(&b.names[i]),
		Port:      so.port,
		TTL:       -1,
		Truncated: m.Hdr.Flags&unix.MSG_TRUNC != 0,
	}
	b.control(b.controls[i][:min(int(m.Hdr.Controllen), controlSize)], so, d)
	if d.Time.IsZero() {
		d.Time = time.Now()
	}
}

// source is the sender's address as the kernel wrote it.
func (b *batch) source(name *unix.RawSockaddrInet6) netip.AddrPort {
	if name.Family == unix.AF_INET {
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), hostOrder(v4.Port))
	}
	addr := netip.AddrFrom16(name.Addr)
	if name.Scope_id != 0 {
		addr = addr.WithZone(b.zone(name.Scope_id))
	}
	return netip.AddrPortFrom(addr, hostOrder(name.Port))
}

// zone is the name of the interface with the given index. The names seen are
// kept: one for each interface of the host.
func (b *batch) zone(index uint32) string {
	if name, ok := b.zones[index]; ok {
		return name
	}
	name := strconv.Itoa(int(index))
	if i, err := net.InterfaceByIndex(int(index)); err == nil {
		name = i.Name
	}
	b.zones[index] = name
	return name
}

// hostOrder turns a port that lies in memory as the network has it.
func hostOrder(port uint16) uint16 {
	return binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&port))[:])
}

// control reads the control messages of one datagram (cmsg(3)).
func (b *batch) control(p []byte, so *socket, d *Datagram) {
	const head = unix.SizeofCmsghdr
	for len(p) >= head {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&p[0]))
		size := int(h.Len)
		if size < head || size > len(p) {
			return
		}
		so.apply(int(h.Level), int(h.Type), p[unix.CmsgLen(0):size], d)
		p = p[min(unix.CmsgSpace(size-unix.CmsgLen(0)), len(p)):]
	}
}

// apply puts one control message into d.
func (so *socket) apply(level, kind int, data []byte, d *Datagram) {
	switch {
	case level == unix.SOL_SOCKET && kind == unix.SO_TIMESTAMPNS && len(data) >= int(unsafe.Sizeof(unix.Timespec{})):
		ts := (*unix.Timespec)(unsafe.Pointer(&data[0]))
		d.Time = time.Unix(ts.Unix())
	case level == unix.SOL_SOCKET && kind == unix.SO_RXQ_OVFL && len(data) >= 4:
		so.overflow.Store(binary.NativeEndian.Uint32(data))
	case level == unix.IPPROTO_IP && kind == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
		info := (*unix.Inet4Pktinfo)(unsafe.Pointer(&data[0]))
		d.Interface, d.Destination = int(info.Ifindex), netip.AddrFrom4(info.Addr)
	case level == unix.IPPROTO_IPV6 && kind == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
		info := (*unix.Inet6Pktinfo)(unsafe.Pointer(&data[0]))
		d.Interface, d.Destination = int(info.Ifindex), netip.AddrFrom16(info.Addr)
	case level == unix.IPPROTO_IP && kind == unix.IP_TTL && len(data) >= 4,
		level == unix.IPPROTO_IPV6 && kind == unix.IPV6_HOPLIMIT && len(data) >= 4:
		d.TTL = int(binary.NativeEndian.Uint32(data))
	}
}
