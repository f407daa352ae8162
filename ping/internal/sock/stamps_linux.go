package sock

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"muster/internal/batch"
)

// maxStamps bounds what is kept until somebody asks.
const maxStamps = 1 << 16

// StampSends asks the kernel for the time of each packet sent from now on; it
// returns false where it cannot tell. The first packet after it has key 0.
func (s *Socket) StampSends() bool {
	const flags = unix.SOF_TIMESTAMPING_TX_SOFTWARE | unix.SOF_TIMESTAMPING_SOFTWARE |
		unix.SOF_TIMESTAMPING_OPT_ID | unix.SOF_TIMESTAMPING_OPT_TSONLY
	var err error
	if cerr := s.raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPING, 0) // counts anew
		s.drainStamps(int(fd))
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPING, flags)
	}); cerr != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stamping = err == nil
	s.stamps = s.stamps[:0]
	return s.stamping
}

// Stamps calls fn with what the kernel told of packets sent since the last call.
func (s *Socket) Stamps(fn func(Stamp)) {
	_ = s.raw.Control(func(fd uintptr) { s.drainStamps(int(fd)) }) // closed: the old ones remain
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.stamps {
		fn(st)
	}
	s.stamps = s.stamps[:0]
}

// drainStamps empties the socket's error queue, where the kernel puts the times
// of packets sent.
func (s *Socket) drainStamps(fd int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stamping {
		return
	}
	var control [256]byte
	var one [1]byte // with no room at all, x/sys asks for the socket's type each time
	for {
		_, n, _, _, err := unix.Recvmsg(fd, one[:], control[:], unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return
		}
		var st Stamp
		var ours bool
		batch.EachControl(control[:n], func(level, kind int, data []byte) {
			switch {
			case level == unix.SOL_SOCKET && kind == unix.SO_TIMESTAMPING && len(data) >= 48:
				st.At, _ = batch.Timespec(data) // the first of three is software's
			case len(data) >= 16 && (level == unix.IPPROTO_IP && kind == unix.IP_RECVERR || level == unix.IPPROTO_IPV6 && kind == unix.IPV6_RECVERR):
				// struct sock_extended_err: ee_origin at 4, ee_data, the key, at 12
				ours = data[4] == unix.SO_EE_ORIGIN_TIMESTAMPING
				st.Key = binary.NativeEndian.Uint32(data[12:])
			}
		})
		if ours && st.At != 0 && len(s.stamps) < maxStamps {
			s.stamps = append(s.stamps, st)
		}
	}
}
