package batch

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// socket is a UDP socket on the loopback and its address.
func socket(t *testing.T) (int, *unix.SockaddrInet4) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fd, sa.(*unix.SockaddrInet4)
}

func TestReceive(t *testing.T) {
	in, to := socket(t)
	out, from := socket(t)
	for _, opt := range []int{unix.IP_RECVTTL} {
		if err := unix.SetsockoptInt(in, unix.IPPROTO_IP, opt, 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.SetsockoptInt(in, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		t.Fatal(err)
	}
	r := NewReader()
	if n, err := r.Receive(in, 0, Size); n != 0 || err != unix.EAGAIN {
		t.Fatalf("an empty socket gave %d, %v", n, err)
	}
	for _, p := range []string{"one", "", "three"} {
		if err := unix.Sendto(out, []byte(p), 0, to); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := r.Receive(in, 0, 1); n != 1 || err != nil {
		t.Fatalf("asked for one: %d, %v", n, err)
	}
	if n, err := r.Receive(in, 1, Size); n != 2 || err != nil { // more than there is room for
		t.Fatalf("asked for the rest: %d, %v", n, err)
	}
	if n, err := r.Receive(in, Size, 1); n != 0 || err != unix.EAGAIN {
		t.Fatalf("no room: %d, %v", n, err)
	}
	for i, want := range []string{"one", "", "three"} {
		if got := string(r.Payload(i)); got != want || r.Truncated(i) {
			t.Errorf("message %d is %q, truncated %v", i, got, r.Truncated(i))
		}
		source, scope := r.Source(i)
		if source != netip.AddrPortFrom(netip.AddrFrom4(from.Addr), uint16(from.Port)) || scope != 0 {
			t.Errorf("message %d is from %s, %d", i, source, scope)
		}
		ttl, at := -1, int64(0)
		r.Control(i, func(level, kind int, data []byte) {
			if n, ok := TTL(level, kind, data); ok {
				ttl = n
			}
			if n, ok := Timestamp(level, kind, data); ok {
				at = n
			}
		})
		if ttl <= 0 || at == 0 {
			t.Errorf("message %d: TTL %d, time %d", i, ttl, at)
		}
	}
}

// control is one control message whose header says that it has size bytes.
func control(size int, level, kind int32, data ...byte) []byte {
	b := make([]byte, unix.CmsgSpace(len(data)))
	h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
	h.SetLen(size)
	h.Level, h.Type = level, kind
	copy(b[unix.CmsgLen(0):], data)
	return b
}

// TestControlCut: what is cut, or says that it is longer than it is, ends the walk.
func TestControlCut(t *testing.T) {
	ttl := binary.NativeEndian.AppendUint32(nil, 7)
	whole := control(unix.CmsgLen(4), unix.IPPROTO_IP, unix.IP_TTL, ttl...)
	two := append(append([]byte{}, whole...), whole...)
	for n := range len(two) + 1 {
		seen := 0
		EachControl(append([]byte{}, two[:n]...), func(level, kind int, data []byte) {
			if v, ok := TTL(level, kind, data); !ok || v != 7 {
				t.Errorf("cut to %d bytes: %v", n, data)
			}
			seen++
		})
		want := 0
		if n >= unix.CmsgLen(4) {
			want++
		}
		if n >= len(whole)+unix.CmsgLen(4) {
			want++
		}
		if seen != want {
			t.Errorf("cut to %d bytes: %d messages, want %d", n, seen, want)
		}
	}
	for _, size := range []int{0, 1, unix.CmsgLen(0) - 1, 4096} {
		EachControl(control(size, unix.IPPROTO_IP, unix.IP_TTL, ttl...), func(int, int, []byte) {
			t.Errorf("a message of %d bytes was read", size)
		})
	}
	EachControl(control(unix.CmsgLen(2), unix.IPPROTO_IP, unix.IP_TTL, 1, 2), func(level, kind int, data []byte) {
		if _, ok := TTL(level, kind, data); ok {
			t.Error("half a TTL was read")
		}
		if _, ok := Timestamp(level, kind, data); ok {
			t.Error("half a time was read")
		}
	})
}
