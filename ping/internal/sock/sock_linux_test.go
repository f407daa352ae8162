package sock

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/mcast"
)

// Verify that a packet over the loopback comes with the kernel's times of both
// ways, in their order.
func TestStamps(t *testing.T) {
	lo, err := mcast.FindInterface("lo", netip.MustParseAddr("228.0.0.4"))
	if err != nil {
		t.Skip("no loopback interface: ", err)
	}
	for _, tt := range []struct {
		local     string
		ownThread bool
	}{{"127.0.0.1", false}, {"127.0.0.1", true}, {"::1", false}, {"::1", true}} {
		a := netip.MustParseAddr(tt.local)
		s, err := Open(Config{Group: a, Interface: lo, Bind: netip.AddrPortFrom(a, 0), TTL: -1, OwnThread: tt.ownThread})
		if err != nil {
			if a.Is6() {
				t.Skip("no IPv6: ", err)
			}
			t.Fatal(err)
		}
		defer s.Close()
		if !s.StampSends() {
			t.Fatal("the kernel does not stamp what is sent")
		}
		before := time.Now().UnixNano()
		to := netip.AddrPortFrom(a, s.LocalPort())
		for range 3 {
			if err := s.Send([]byte("hello"), to); err != nil {
				t.Fatal(err)
			}
		}
		defer time.AfterFunc(5*time.Second, func() { s.Close() }).Stop()
		ps := make([]Packet, 8)
		for got := 0; got < 3; {
			n, err := s.Read(ps)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range ps[:n] {
				if string(p.Data) != "hello" || p.From != to || p.TTL <= 0 || p.At < before || p.At > time.Now().UnixNano() {
					t.Errorf("%+v", p)
				}
			}
			got += n
		}
		var keys []uint32
		s.Stamps(func(st Stamp) {
			keys = append(keys, st.Key)
			if st.At < before || st.At > time.Now().UnixNano() {
				t.Errorf("packet %d left at %v, sent at %v", st.Key, st.At, before)
			}
		})
		if len(keys) != 3 || keys[0] != 0 || keys[2] != 2 {
			t.Errorf("%+v: stamps of packets %v, want 0 1 2", tt, keys)
		}
	}
}

// Verify that packets sent in one go come as those they are, however few the reader
// takes at a time, and that a kernel that cannot cut them gets them one by one.
func TestSegments(t *testing.T) {
	lo, err := mcast.FindInterface("lo", netip.MustParseAddr("228.0.0.4"))
	if err != nil {
		t.Fatal(err) // every Linux has it
	}
	a := netip.MustParseAddr("127.0.0.1")
	s, err := Open(Config{Group: a, Interface: lo, Bind: netip.AddrPortFrom(a, 0), TTL: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	to := netip.AddrPortFrom(a, s.LocalPort())
	var all []byte
	for i := range 150*5 + 2 { // 150 packets of 5 bytes and one of 2: three calls
		all = append(all, byte(i%251))
	}
	for _, alone := range []bool{false, true} {
		s.unsegmented.Store(alone)
		if sent, err := s.SendSegments(all, 5, to); sent != 151 || err != nil {
			t.Fatalf("alone %v: sent %d, %v", alone, sent, err)
		}
		if !alone && s.unsegmented.Load() {
			t.Error("the loopback cannot cut packets")
		}
		defer time.AfterFunc(5*time.Second, func() { s.Close() }).Stop()
		var got []byte
		count := 0
		for ps := make([]Packet, 7); len(got) < len(all); {
			n, err := s.Read(ps)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range ps[:n] {
				if want := min(5, len(all)-len(got)); len(p.Data) != want || p.From != to {
					t.Errorf("alone %v: a packet of %d bytes from %s, want %d from %s", alone, len(p.Data), p.From, want, to)
				}
				got = append(got, p.Data...)
				count++
			}
		}
		if !bytes.Equal(got, all) || count != 151 || !s.Drained() {
			t.Errorf("alone %v: %d packets, equal %v, drained %v", alone, count, bytes.Equal(got, all), s.Drained())
		}
	}
	s.unsegmented.Store(false)
	if sent, err := s.SendSegments(all, 5, netip.AddrPortFrom(a, 0)); sent != 0 || err == nil {
		t.Errorf("to port 0: %d, %v", sent, err)
	}
}

// Verify that a writer in a thread of its own waits for room, and goes on when there
// is some.
func TestPolledWrite(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[1])
	p, err := newPolled(fds[0])
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	block, sent := make([]byte, 1<<16), 0
	for {
		n, err := unix.Write(fds[0], block)
		if err == unix.EAGAIN {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		sent += n
	}
	full, done := make(chan struct{}), make(chan error, 1)
	go func() {
		tries := 0
		done <- p.Write(func(fd uintptr) bool {
			_, err := unix.Write(int(fd), []byte("x"))
			if tries++; tries == 1 {
				close(full)
			}
			return err != unix.EAGAIN
		})
	}()
	<-full
	select {
	case err := <-done:
		t.Fatalf("it wrote where there is no room: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	for got, b := 0, make([]byte, 1<<16); got < sent; {
		n, err := unix.Read(fds[1], b)
		if err != nil {
			t.Fatal(err)
		}
		got += n
	}
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it waits though there is room")
	}
}

// Verify that Close ends a Read that waits, in Go's poller and in a thread of its
// own, and that the closed socket refuses all else.
func TestClose(t *testing.T) {
	lo, err := mcast.FindInterface("lo", netip.MustParseAddr("228.0.0.4"))
	if err != nil {
		t.Fatal(err)
	}
	for _, own := range []bool{false, true} {
		a := netip.MustParseAddr("127.0.0.1")
		s, err := Open(Config{Group: a, Interface: lo, Bind: netip.AddrPortFrom(a, 0), TTL: -1, OwnThread: own})
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error)
		go func() {
			_, err := s.Read(make([]Packet, 1))
			ended <- err
		}()
		select {
		case err := <-ended:
			t.Fatalf("own thread %v: Read returned before Close: %v", own, err)
		case <-time.After(50 * time.Millisecond):
		}
		if err := s.Close(); err != nil {
			t.Errorf("own thread %v: Close: %v", own, err)
		}
		select {
		case err := <-ended:
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("own thread %v: Read returned %v", own, err)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("own thread %v: Close did not end Read", own)
		}
		to := netip.AddrPortFrom(a, s.LocalPort())
		if err := s.Send([]byte("late"), to); !errors.Is(err, net.ErrClosed) {
			t.Errorf("own thread %v: Send to a closed socket: %v", own, err)
		}
		if _, err := s.Read(make([]Packet, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("own thread %v: Read of a closed socket: %v", own, err)
		}
		if err := s.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("own thread %v: second Close: %v", own, err)
		}
	}
}
