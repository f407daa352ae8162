package mcast

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/internal/hint"
	"muster/internal/netlab"
)

// on makes a Conn on a host of the lab.
func on(t testing.TB, h *netlab.Host, cfg Config) *Conn {
	t.Helper()
	if cfg.TTL == 0 {
		cfg.TTL = -1
	}
	var c *Conn
	var err error
	h.Do(func() { c, err = Listen(cfg) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func parse(t testing.TB, specs ...string) (gs []Group) {
	t.Helper()
	for _, s := range specs {
		gs = append(gs, group(t, "%s", s))
	}
	return gs
}

// payloads reads n datagrams and returns what they hold, in their order.
func payloads(t testing.TB, c *Conn, n int) (out []string) {
	t.Helper()
	for range n {
		out = append(out, string(read(t, c).Payload))
	}
	return out
}

// silent fails when c has anything to read. All was sent before; end is the last
// of it, and has arrived elsewhere on the same host.
func silent(t testing.TB, c *Conn) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	ds := make([]Datagram, 1)
	if n, err := c.ReadBatch(ds); n > 0 {
		t.Errorf("heard %q from %s to %s port %d", ds[0].Payload, ds[0].Source, ds[0].Destination, ds[0].Port)
	} else if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read: %v", err)
	}
}

// Verify that two hosts hear each other, and what is told of each datagram.
func TestTwoHostsTalk(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Hosts: 2})
	for _, spec := range []string{"228.0.0.4:45564", "[ff15::4]:45564", "[ff02::4]:45564", "[ff02::4%eth0]:45565"} {
		t.Run(spec, func(t *testing.T) {
			g := group(t, "%s", spec)
			one, two := on(t, lab.Host(1), Config{Groups: []Group{g}, TTL: 5}), on(t, lab.Host(2), Config{Groups: []Group{g}})
			before := time.Now()
			if err := one.Send([]byte("from one"), g.AddrPort()); err != nil {
				t.Fatal(err)
			}
			for _, c := range []*Conn{one, two} {
				d := read(t, c)
				want, _ := one.Interface().SourceFor(g.Addr)
				if d.Source.Addr().WithZone("") != want.WithZone("") || d.Source.Port() != g.Port {
					t.Errorf("source %s, want %s port %d", d.Source, want, g.Port)
				}
				if (d.Source.Addr().Zone() != "") != (g.Addr.IsLinkLocalMulticast() && g.Addr.Is6()) {
					t.Errorf("zone of source %s", d.Source)
				}
				if string(d.Payload) != "from one" || d.Destination != g.Addr.WithZone("") || d.Port != g.Port || d.TTL != 5 || d.Interface != c.Interface().Index {
					t.Errorf("got %+v", d)
				}
				if d.Time.Before(before) || d.Time.After(time.Now()) {
					t.Errorf("received at %v, sent after %v, read before %v", d.Time, before, time.Now())
				}
			}
			if err := two.Send([]byte("from two"), g.AddrPort()); err != nil {
				t.Fatal(err)
			}
			if got := read(t, one); string(got.Payload) != "from two" {
				t.Errorf("got %q", got.Payload)
			}
		})
	}
}

// Verify that the time of a datagram is when the kernel received it, not when
// it was read.
func TestKernelTime(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Hosts: 2})
	g := group(t, "239.1.1.1:5000")
	one := on(t, lab.Host(1), Config{Groups: []Group{g}})
	two, other := on(t, lab.Host(2), Config{Groups: []Group{g}}), on(t, lab.Host(2), Config{Groups: []Group{g}})
	// The kernel begins to stamp some time after the first socket asked for it;
	// until then it takes the time of reading.
	var late time.Duration
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		if err := one.Send([]byte("x"), g.AddrPort()); err != nil {
			t.Fatal(err)
		}
		read(t, other) // it has arrived on the host
		arrived := time.Now()
		if late = read(t, two).Time.Sub(arrived); late < 0 {
			return
		}
	}
	t.Errorf("time is %v after it had arrived", late)
}

// Verify that a source-specific join lets in only its source.
func TestSourceSpecific(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Hosts: 3})
	for _, c := range []struct {
		group  string
		source netip.Addr
	}{{"232.1.1.1:5000", lab.Host(1).Addr()}, {"[ff35::1]:5000", lab.Host(1).Addr6()}} {
		t.Run(c.group, func(t *testing.T) {
			any := group(t, "%s", c.group)
			only := any
			only.Source = c.source
			one, two := on(t, lab.Host(1), Config{Groups: []Group{any}}), on(t, lab.Host(2), Config{Groups: []Group{any}})
			three, all := on(t, lab.Host(3), Config{Groups: []Group{only}}), on(t, lab.Host(3), Config{Groups: []Group{any}})
			for _, from := range []*Conn{two, one} {
				if err := from.Send([]byte(from.Interface().Addrs[0].String()), any.AddrPort()); err != nil {
					t.Fatal(err)
				}
			}
			payloads(t, all, 2)
			if d := read(t, three); d.Source.Addr() != c.source {
				t.Errorf("heard %s, which is not the source", d.Source)
			}
			silent(t, three)
		})
	}
}

// Verify that a Conn hears only the groups that it joined itself, whatever
// others on the host joined with the same port.
func TestOnlyOwnGroups(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Hosts: 2})
	for _, pair := range [][]string{{"239.5.5.5:45564", "239.6.6.6:45564"}, {"[ff15::5]:45564", "[ff15::6]:45564"}} {
		gs := parse(t, pair...)
		sender := on(t, lab.Host(1), Config{Groups: gs, SendOnly: true})
		five, six := on(t, lab.Host(2), Config{Groups: gs[:1]}), on(t, lab.Host(2), Config{Groups: gs[1:]})
		both := on(t, lab.Host(2), Config{Groups: gs})
		for _, g := range gs {
			if err := sender.Send([]byte(g.String()), g.AddrPort()); err != nil {
				t.Fatal(err)
			}
		}
		payloads(t, both, 2)
		for i, c := range []*Conn{five, six} {
			if got := payloads(t, c, 1); got[0] != pair[i] {
				t.Errorf("%s heard %q", pair[i], got)
			}
			silent(t, c)
		}
	}
}

// Verify that unicast to the port still reaches the program that had it first.
func TestNoUnicastIsTaken(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Hosts: 2})
	g := group(t, "228.0.0.4:45564")
	var tomcat net.PacketConn
	lab.Host(2).Do(func() { tomcat = shared(t, "0.0.0.0:45564", unix.SO_REUSEADDR) })
	two := on(t, lab.Host(2), Config{Groups: []Group{g}})
	one := on(t, lab.Host(1), Config{Groups: []Group{g}})
	if err := one.Send([]byte("unicast"), netip.AddrPortFrom(lab.Host(2).Addr(), 45564)); err != nil {
		t.Fatal(err)
	}
	tomcat.SetReadDeadline(time.Now().Add(5 * time.Second))
	buf := make([]byte, 100)
	if n, _, err := tomcat.ReadFrom(buf); err != nil || string(buf[:n]) != "unicast" {
		t.Errorf("read %q, %v", buf[:n], err)
	}
	silent(t, two)
}

// shared binds a UDP socket with one option of those that share a port.
func shared(t *testing.T, address string, option int) net.PacketConn {
	t.Helper()
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			if err := unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, option, 1); err != nil {
				t.Error(err)
			}
		})
	}}
	pc, err := lc.ListenPacket(t.Context(), "udp4", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pc.Close() })
	return pc
}

// Verify that a port is shared with whoever shares it, either way, and that the
// holder is named where it does not.
func TestPortInUse(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Hosts: 1})
	g := group(t, "228.0.0.4:45564")
	for _, option := range []int{unix.SO_REUSEADDR, unix.SO_REUSEPORT} {
		lab.Host(1).Do(func() {
			pc := shared(t, "0.0.0.0:45564", option)
			c, err := Listen(Config{Groups: []Group{g}, TTL: -1})
			if err != nil {
				t.Errorf("beside a holder with option %d: %v", option, err)
			} else {
				c.Close()
			}
			pc.Close()
		})
	}
	lab.Host(1).Do(func() {
		shared(t, "0.0.0.0:45564", unix.SO_BROADCAST)
		_, err := Listen(Config{Groups: []Group{g}, TTL: -1})
		if !errors.Is(err, unix.EADDRINUSE) || len(hint.Of(err)) == 0 {
			t.Fatalf("got %v", err)
		}
		if want := fmt.Sprintf("(pid %d)", os.Getpid()); !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not name %s", err, want)
		}
	})
}

// Verify that a Conn joins and leaves while it is open.
func TestJoinAndLeave(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Hosts: 2})
	gs := parse(t, "239.1.1.1:5000", "239.1.1.2:5000", "239.1.1.3:5000")
	sender, c := on(t, lab.Host(1), Config{Groups: gs, SendOnly: true}), on(t, lab.Host(2), Config{Groups: gs[:1]})
	tell := func() {
		for _, g := range gs {
			if err := sender.Send([]byte(g.Addr.String()), g.AddrPort()); err != nil {
				t.Fatal(err)
			}
		}
	}
	lab.Host(2).Do(func() {
		for _, err := range []error{c.Join(gs[1]), c.Join(gs[2]), c.Leave(gs[0])} {
			if err != nil {
				t.Fatal(err)
			}
		}
	})
	tell()
	got := strings.Join(payloads(t, c, 2), " ")
	if got != "239.1.1.2 239.1.1.3" && got != "239.1.1.3 239.1.1.2" {
		t.Errorf("heard %s", got)
	}
	silent(t, c)
	for _, bad := range []struct {
		err  error
		want string
	}{
		{c.Leave(gs[0]), "not joined"},
		{c.Join(gs[1]), "joined already"},
		{c.Join(group(t, "10.0.0.1,239.1.1.2:5000")), "joined for every source already"},
		{c.Join(Group{Addr: lab.Host(1).Addr(), Port: 5000, Count: 1}), "not a multicast address"},
	} {
		if bad.err == nil || !strings.Contains(bad.err.Error(), bad.want) {
			t.Errorf("got %v, want %q", bad.err, bad.want)
		}
	}
}

// Verify that thousands of groups are heard by one Conn, each in full, also
// where the process may open few files and sockets must be shared.
func TestManyGroups(t *testing.T) {
	const n = 4096
	lab := netlab.New(t, netlab.Config{Hosts: 2})
	for _, files := range []uint64{8192, 1024} {
		t.Run(fmt.Sprintf("with %d files", files), func(t *testing.T) {
			limitFiles(t, files)
			g := group(t, "239.1.0.0:5000+%d", n)
			sender := on(t, lab.Host(1), Config{Groups: []Group{group(t, "239.1.0.0:5000")}, SendOnly: true})
			c := on(t, lab.Host(2), Config{Groups: []Group{g}})
			t.Logf("%d sockets", len(c.sys.sockets))
			go func() {
				var p [4]byte
				i := uint32(0)
				for one := range g.All() {
					binary.BigEndian.PutUint32(p[:], i)
					if err := sender.Send(p[:], one.AddrPort()); err != nil {
						t.Error(err)
						return
					}
					i++
				}
				// By unicast too, which is not for us.
				if err := sender.Send(p[:], netip.AddrPortFrom(lab.Host(2).Addr(), 5000)); err != nil {
					t.Error(err)
				}
			}()
			heard := map[netip.Addr]uint32{}
			ds := make([]Datagram, 256)
			c.SetReadDeadline(time.Now().Add(30 * time.Second))
			for len(heard) < n {
				k, err := c.ReadBatch(ds)
				if err != nil {
					t.Fatalf("%d of %d groups heard: %v", len(heard), n, err)
				}
				for _, d := range ds[:k] {
					if _, twice := heard[d.Destination]; twice {
						t.Fatalf("%s was heard twice", d.Destination)
					}
					heard[d.Destination] = binary.BigEndian.Uint32(d.Payload)
				}
			}
			want := uint32(0)
			for one := range g.All() {
				if heard[one.Addr] != want {
					t.Fatalf("%s heard number %d, want %d", one.Addr, heard[one.Addr], want)
				}
				want++
			}
			silent(t, c)
		})
	}
}

func limitFiles(t *testing.T, n uint64) {
	t.Helper()
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	if old.Max < n {
		t.Skipf("this process may open only %d files", old.Max)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Setrlimit(unix.RLIMIT_NOFILE, &old) })
}

// Verify that datagrams lost for want of room are counted, without one more
// that tells it.
func TestDrops(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Hosts: 2})
	g := group(t, "239.1.1.1:5000")
	sender, c := on(t, lab.Host(1), Config{Groups: []Group{g}, SendOnly: true}), on(t, lab.Host(2), Config{Groups: []Group{g}, ReadBuffer: 4096})
	const sent = 500
	batch := make([][]byte, sent)
	for i := range batch {
		batch[i] = make([]byte, 1000)
	}
	if n, err := sender.SendBatch(batch, g.AddrPort()); n != sent || err != nil {
		t.Fatalf("sent %d, %v", n, err)
	}
	got := 0
	ds := make([]Datagram, 64)
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	for uint64(got)+c.Drops() < sent {
		n, err := c.ReadBatch(ds)
		if err != nil {
			t.Fatalf("read %d, %d counted as lost, of %d: %v", got, c.Drops(), sent, err)
		}
		got += n
	}
	if c.Drops() == 0 || uint64(got)+c.Drops() != sent {
		t.Errorf("read %d, %d counted as lost, of %d", got, c.Drops(), sent)
	}
}

// Verify that NoLoop keeps datagrams from this host, and only from it.
func TestNoLoop(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Hosts: 2})
	for _, g := range parse(t, "239.1.1.1:5000", "[ff15::1]:5000") {
		one, two := on(t, lab.Host(1), Config{Groups: []Group{g}, NoLoop: true}), on(t, lab.Host(2), Config{Groups: []Group{g}})
		if err := one.Send([]byte("x"), g.AddrPort()); err != nil {
			t.Fatal(err)
		}
		payloads(t, two, 1)
		silent(t, one)
	}
}

// Verify that the DSCP is on the wire.
func TestDSCP(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Hosts: 1})
	for _, c := range []struct {
		to            string
		family        int
		level, option int
	}{{"10.77.0.11", unix.AF_INET, unix.IPPROTO_IP, unix.IP_RECVTOS}, {"fd77::11", unix.AF_INET6, unix.IPPROTO_IPV6, unix.IPV6_RECVTCLASS}} {
		to := netip.MustParseAddr(c.to)
		lab.Host(1).Do(func() {
			fd, err := unix.Socket(c.family, unix.SOCK_DGRAM, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(fd)
			if err := unix.SetsockoptInt(fd, c.level, c.option, 1); err != nil {
				t.Fatal(err)
			}
			var sa unix.Sockaddr = &unix.SockaddrInet4{Port: 6000}
			if to.Is6() {
				sa = &unix.SockaddrInet6{Port: 6000}
			}
			if err := unix.Bind(fd, sa); err != nil {
				t.Fatal(err)
			}
			g := group(t, "239.1.1.1:6000")
			if to.Is6() {
				g = group(t, "[ff15::1]:6000")
			}
			sender, err := Listen(Config{Groups: []Group{g}, SendOnly: true, DSCP: 46, TTL: -1})
			if err != nil {
				t.Fatal(err)
			}
			defer sender.Close()
			if err := sender.Send([]byte("x"), netip.AddrPortFrom(to, 6000)); err != nil {
				t.Fatal(err)
			}
			oob := make([]byte, 100)
			_, n, _, _, err := unix.Recvmsg(fd, make([]byte, 10), oob, 0)
			if err != nil {
				t.Fatal(err)
			}
			msgs, err := unix.ParseSocketControlMessage(oob[:n])
			if err != nil || len(msgs) != 1 || msgs[0].Data[0] != 46<<2 {
				t.Errorf("%s: control messages %v, %v, want traffic class %d", to, msgs, err, 46<<2)
			}
		})
	}
}

// Verify that one that only sends hears the answers to its port, and no group.
func TestSendOnlyHearsAnswers(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Hosts: 2})
	for _, g := range parse(t, "239.1.1.1:5000", "[ff15::1]:5000", "[ff02::1:1]:5000") {
		one, two := on(t, lab.Host(1), Config{Groups: []Group{g}, SendOnly: true}), on(t, lab.Host(2), Config{Groups: []Group{g}})
		if err := one.Send([]byte("who is there"), g.AddrPort()); err != nil {
			t.Fatal(err)
		}
		d := read(t, two)
		if d.Source.Port() != one.LocalPort() {
			t.Errorf("source %s, local port %d", d.Source, one.LocalPort())
		}
		if err := two.Send([]byte("I am"), d.Source); err != nil {
			t.Fatal(err)
		}
		if a := read(t, one); string(a.Payload) != "I am" || a.Destination != d.Source.Addr().WithZone("") {
			t.Errorf("answer %q to %s", a.Payload, a.Destination)
		}
	}
}

// Verify that reading, sending, joining, leaving and closing go side by side.
func TestSideBySide(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Hosts: 1})
	g, more := group(t, "239.1.1.1:5000"), group(t, "239.2.0.0:5000+50")
	lab.Host(1).Do(func() {
		c, err := Listen(Config{Groups: []Group{g}, TTL: -1})
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 2)
		go func() {
			ds := make([]Datagram, 16)
			for {
				if _, err := c.ReadBatch(ds); err != nil {
					ended <- err
					return
				}
			}
		}()
		go func() {
			for {
				if err := c.Send([]byte("x"), g.AddrPort()); err != nil {
					ended <- err
					return
				}
			}
		}()
		for range 5 {
			if err := c.Join(more); err != nil {
				t.Error(err)
			}
			c.Drops()
			if err := c.Leave(more); err != nil {
				t.Error(err)
			}
		}
		c.Close()
		for range 2 {
			if err := <-ended; !errors.Is(err, net.ErrClosed) {
				t.Errorf("ended with %v", err)
			}
		}
	})
}
