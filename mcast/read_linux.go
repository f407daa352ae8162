package mcast

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"muster/internal/batch"
)

// received are the messages of the read under way, and the names that belong to them.
type received struct {
	*batch.Reader
	used  int // messages that hold datagrams of the read under way
	zones map[uint32]string
}

// read fills ds from the sockets that have datagrams. Every socket that epoll
// named is read once before epoll is asked again, so that a busy group does not
// starve the others.
func (s *system) read(ds []Datagram) (int, error) {
	s.readMu.Lock()
	defer s.readMu.Unlock()
	if s.batch == nil {
		s.batch = &received{Reader: batch.NewReader(), zones: map[uint32]string{}}
		if err := s.watchSenders(); err != nil {
			return 0, err
		}
	}
	if _, err := s.timeout(); err != nil {
		return 0, err
	}
	for {
		n := 0
		for s.batch.used = 0; len(s.ready) > 0 && n < len(ds) && s.batch.used < batch.Size; s.ready = s.ready[1:] {
			n += s.batch.receive(s.ready[0], ds[n:])
		}
		if n > 0 {
			s.busy = n >= many && n < batch.Size
			return n, nil
		}
		if err := s.wait(); err != nil {
			return 0, err
		}
	}
}

// receive reads what so has, fills ds from its start, and returns how many it
// filled.
func (b *received) receive(so *socket, ds []Datagram) (n int) {
	so.open.RLock()
	defer so.open.RUnlock()
	if so.gone {
		return 0
	}
	got, err := b.Receive(so.fd, b.used, len(ds))
	if err != nil {
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
func (b *received) decode(i int, so *socket, d *Datagram) {
	*d = Datagram{
		Payload:   b.Payload(i),
		Source:    b.source(i),
		Port:      so.port,
		TTL:       -1,
		Truncated: b.Truncated(i),
	}
	b.Control(i, func(level, kind int, data []byte) { so.apply(level, kind, data, d) })
	if d.Time.IsZero() {
		d.Time = time.Now()
	}
}

// source is the sender of message i, with the name of the interface to which the address belongs.
func (b *received) source(i int) netip.AddrPort {
	source, scope := b.Source(i)
	if scope == 0 {
		return source
	}
	return netip.AddrPortFrom(source.Addr().WithZone(b.zone(scope)), source.Port())
}

// zone is the name of the interface with the given index. The names seen are
// kept: one for each interface of the host.
func (b *received) zone(index uint32) string {
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

// apply puts one control message into d.
func (so *socket) apply(level, kind int, data []byte, d *Datagram) {
	if ttl, ok := batch.TTL(level, kind, data); ok {
		d.TTL = ttl
		return
	}
	if nanos, ok := batch.Timestamp(level, kind, data); ok {
		d.Time = time.Unix(0, nanos)
		return
	}
	switch {
	case level == unix.SOL_SOCKET && kind == unix.SO_RXQ_OVFL && len(data) >= 4:
		so.overflow.Store(binary.NativeEndian.Uint32(data))
	case level == unix.IPPROTO_IP && kind == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
		info := (*unix.Inet4Pktinfo)(unsafe.Pointer(&data[0]))
		d.Interface, d.Destination = int(info.Ifindex), netip.AddrFrom4(info.Addr)
	case level == unix.IPPROTO_IPV6 && kind == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
		info := (*unix.Inet6Pktinfo)(unsafe.Pointer(&data[0]))
		d.Interface, d.Destination = int(info.Ifindex), netip.AddrFrom16(info.Addr)
	}
}
