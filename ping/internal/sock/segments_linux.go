package sock

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What one call may hand to the kernel.
const (
	maxSegments = 64    // UDP_MAX_SEGMENTS of Linux before 6.10
	maxPayload  = 65507 // bytes, of UDP over IPv4 (RFC 768)
)

// SendSegments sends p as UDP packets of size bytes, the last may be shorter: in
// one call where the kernel cuts them (UDP_SEGMENT, Linux 4.18), which takes it a
// fraction of the time. It returns how many went out before the error.
func (s *Socket) SendSegments(p []byte, size int, to netip.AddrPort) (sent int, err error) {
	for len(p) > 0 {
		n := min(len(p), size)
		if len(p) > size && !s.unsegmented.Load() {
			n = min(len(p), size*min(maxSegments, maxPayload/size))
			err = s.sendSegments(p[:n], size, to)
			if cannotSegment(err) {
				s.unsegmented.Store(true)
				continue
			}
		} else {
			err = s.Send(p[:n], to)
		}
		if err != nil {
			return sent, err
		}
		p = p[n:]
		sent += (n + size - 1) / size
	}
	return sent, nil
}

func (s *Socket) sendSegments(p []byte, size int, to netip.AddrPort) error {
	var control [24]byte // of which CmsgSpace(2) are used
	h := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
	h.Level, h.Type = unix.SOL_UDP, unix.UDP_SEGMENT
	h.SetLen(unix.CmsgLen(2))
	binary.NativeEndian.PutUint16(control[unix.CmsgLen(0):], uint16(size))
	sa := s.sockaddr(to)
	var err error
	werr := s.raw.Write(func(fd uintptr) bool {
		_, err = unix.SendmsgN(int(fd), p, control[:unix.CmsgSpace(2)], sa, 0)
		return err != unix.EAGAIN
	})
	if werr != nil {
		return s.gone(werr)
	}
	return os.NewSyscallError("sendmsg", err)
}

// cannotSegment reports whether err is the kernel's for want of UDP_SEGMENT, or of
// an interface that takes part in it.
func cannotSegment(err error) bool {
	return errors.Is(err, unix.EIO) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOPROTOOPT) || errors.Is(err, unix.EMSGSIZE)
}
