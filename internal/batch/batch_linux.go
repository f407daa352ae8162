package batch

import (
	"encoding/binary"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// controlSize is room for packet info, TTL, time, drops and the size of segments, with
// their headers, in bytes.
const controlSize = 192

// Reader is what recvmmsg fills: made once, used for every call, by one goroutine. Of
// its 4 MiB only the pages that datagrams reach are ever touched.
type Reader struct {
	msgs     [Size]unix.Mmsghdr
	iovs     [Size]unix.Iovec
	names    [Size]unix.RawSockaddrInet6
	controls [Size][controlSize]byte
	payloads []byte
}

// NewReader returns an empty Reader.
func NewReader() *Reader {
	r := &Reader{payloads: make([]byte, Size*MaxDatagram)}
	for i := range r.msgs {
		r.iovs[i].Base = &r.payloads[i*MaxDatagram]
		r.iovs[i].SetLen(MaxDatagram)
		h := &r.msgs[i].Hdr
		h.Iov = &r.iovs[i]
		h.SetIovlen(1)
		h.Name = (*byte)(unsafe.Pointer(&r.names[i]))
		h.Control = &r.controls[i][0]
	}
	return r
}

// Receive reads into the messages from first on, at most n of them, what waits in the
// socket fd, and returns how many it filled; the messages before first stay as they
// are. It does not wait: unix.EAGAIN where nothing is there, or a signal came first.
func (r *Reader) Receive(fd, first, n int) (int, error) {
	n = min(n, Size-first)
	if n <= 0 {
		return 0, unix.EAGAIN
	}
	for i := first; i < first+n; i++ {
		h := &r.msgs[i].Hdr
		h.Namelen = unix.SizeofSockaddrInet6
		h.SetControllen(controlSize)
	}
	got, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&r.msgs[first])),
		uintptr(n), unix.MSG_DONTWAIT, 0, 0)
	switch errno {
	case 0:
		return int(got), nil
	case unix.EINTR:
		return 0, unix.EAGAIN
	}
	return 0, errno
}

// Payload is the bytes of message i, valid until it is read anew.
func (r *Reader) Payload(i int) []byte {
	start := i * MaxDatagram
	end := start + min(int(r.msgs[i].Len), MaxDatagram)
	return r.payloads[start:end:end]
}

// Truncated reports whether message i had more bytes than there is room for.
func (r *Reader) Truncated(i int) bool { return r.msgs[i].Hdr.Flags&unix.MSG_TRUNC != 0 }

// Source is the sender of message i as the kernel wrote it; scope is the index of the
// interface to which an IPv6 address belongs, 0 where it has none.
func (r *Reader) Source(i int) (source netip.AddrPort, scope uint32) {
	name := &r.names[i]
	if name.Family == unix.AF_INET {
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), HostOrder(v4.Port)), 0
	}
	return netip.AddrPortFrom(netip.AddrFrom16(name.Addr), HostOrder(name.Port)), name.Scope_id
}

// HostOrder turns a port that lies in memory as the network has it into a number, or
// back.
func HostOrder(port uint16) uint16 {
	return binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&port))[:])
}

// Control calls visit with each control message that came with message i.
func (r *Reader) Control(i int, visit func(level, kind int, data []byte)) {
	EachControl(r.controls[i][:min(int(r.msgs[i].Hdr.Controllen), controlSize)], visit)
}

// EachControl walks control messages as recvmsg(2) leaves them (cmsg(3)), up to the
// first that is cut.
func EachControl(b []byte, visit func(level, kind int, data []byte)) {
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

// TTL is the TTL or hop limit (IP_TTL, IPV6_HOPLIMIT) in a control message; ok is false
// where it is another one.
func TTL(level, kind int, data []byte) (ttl int, ok bool) {
	if len(data) < 4 || (level != unix.IPPROTO_IP || kind != unix.IP_TTL) && (level != unix.IPPROTO_IPV6 || kind != unix.IPV6_HOPLIMIT) {
		return 0, false
	}
	return int(int32(binary.NativeEndian.Uint32(data))), true
}

// Timestamp is the kernel's time of arrival (SO_TIMESTAMPNS) in a control message, in
// Unix ns; ok is false where it is another one.
func Timestamp(level, kind int, data []byte) (nanos int64, ok bool) {
	if level != unix.SOL_SOCKET || kind != unix.SO_TIMESTAMPNS {
		return 0, false
	}
	return Timespec(data)
}

// Timespec reads a struct timespec in Unix ns; ok is false where it is cut.
func Timespec(data []byte) (nanos int64, ok bool) {
	var ts unix.Timespec
	if uintptr(len(data)) < unsafe.Sizeof(ts) {
		return 0, false
	}
	ts = *(*unix.Timespec)(unsafe.Pointer(&data[0]))
	sec, nsec := ts.Unix()
	return sec*int64(time.Second) + nsec, true
}
