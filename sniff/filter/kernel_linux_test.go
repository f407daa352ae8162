package filter

import (
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/internal/netlab"
	"muster/sniff/capture"
)

// The kernel keeps what the matcher keeps, for any expression: frames with and
// without tags go over a host's loopback (a bridge would drop the broken ones),
// where one capture takes all of them and one has the filter. The kernel takes
// the outermost tag out of a frame before its filter runs; the source puts it
// back.
func TestKernelAgrees(t *testing.T) {
	host := netlab.New(t, netlab.Config{Hosts: 1}).Host(1)
	r := rand.New(rand.NewPCG(23, 24))
	rounds := 25
	if testing.Short() {
		rounds = 12
	}
	send := sender(t, host)
	yes, total := 0, 0
	for range rounds {
		f := compile(expression(r, 3))
		prog, err := f.Program(LinuxLayout, 1<<18)
		if err != nil {
			t.Fatal(err)
		}
		all, filtered := live(t, host, capture.LiveOptions{Interfaces: []string{"lo"}}), live(t, host, capture.LiveOptions{Interfaces: []string{"lo"}, Program: prog})
		want, sent := map[uint32]bool{}, map[uint32][]byte{}
		for i := range 40 {
			b, tags := frame(r, 2)
			if tags == 2 && b[12] == 0x91 {
				continue // three tags in the kernel's eyes
			}
			if r.IntN(4) == 0 {
				b = b[:18+r.IntN(len(b)-17)]
			}
			for len(b) < 60 {
				b = append(b, 0)
			}
			b = binary.BigEndian.AppendUint32(b, marker)
			b = binary.BigEndian.AppendUint32(b, uint32(i))
			send(b)
			sent[uint32(i)] = b
			want[uint32(i)] = match(f, b)
		}
		seen := marked(all, len(want))
		if len(seen) != len(want) {
			for i := range want {
				if seen[i] == nil {
					t.Logf("missing %d %x", i, sent[i])
				}
			}
			t.Fatalf("%d of %d frames arrived", len(seen), len(want))
		}
		expect := 0
		for i, w := range want {
			if got := match(f, seen[i]); got != w {
				t.Errorf("%s: frame %d was changed on the way: %x", f, i, seen[i])
			}
			if w {
				expect++
			}
		}
		kept := marked(filtered, expect)
		for i, w := range want {
			if _, got := kept[i]; got != w {
				t.Fatalf("%s on %x: the kernel says %v, the matcher %v", f, seen[i], got, w)
			}
		}
		yes, total = yes+expect, total+len(want)
	}
	if yes < total/10 {
		t.Errorf("%d of %d answers are yes: the frames test too little", yes, total)
	}
}

const marker = 0x6d757374 // "must"

// sender sends frames by a host's loopback.
func sender(t *testing.T, h *netlab.Host) func([]byte) {
	t.Helper()
	fd, index := -1, 0
	h.Do(func() {
		i, err := net.InterfaceByName("lo")
		if err != nil {
			t.Fatal(err)
		}
		index = i.Index
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0); err != nil {
			t.Fatal(err)
		}
	})
	t.Cleanup(func() { unix.Close(fd) })
	return func(b []byte) {
		t.Helper()
		if err := unix.Sendto(fd, b, 0, &unix.SockaddrLinklayer{Ifindex: index}); err != nil {
			t.Fatal(err)
		}
	}
}

func live(t *testing.T, h *netlab.Host, o capture.LiveOptions) capture.Source {
	t.Helper()
	var s capture.Source
	h.Do(func() {
		var err error
		if s, err = capture.Live(o); err != nil {
			t.Fatal(err)
		}
	})
	return s
}

// marked reads until n of the test's frames came, or a while after the last, and
// closes the source.
func marked(s capture.Source, n int) map[uint32][]byte {
	out := map[uint32][]byte{}
	timer := time.AfterFunc(2*time.Second, func() { s.Close() })
	// A frame too many would come at once: wait for one more block.
	if n == 0 {
		timer.Reset(60 * time.Millisecond)
	}
	var p capture.Packet
	for {
		if err := s.Next(&p); err != nil {
			if !errors.Is(err, io.EOF) {
				panic(err)
			}
			return out
		}
		if b := p.Data; len(b) >= 8 && binary.BigEndian.Uint32(b[len(b)-8:]) == marker {
			out[binary.BigEndian.Uint32(b[len(b)-4:])] = append([]byte(nil), b...)
			if len(out) == n {
				timer.Reset(60 * time.Millisecond)
			}
		}
	}
}
