package netlab_test

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/ipv4"

	"muster/internal/netlab"
)

func TestMain(m *testing.M) { netlab.Main(m) }

// receive joins 228.0.0.4:45564 on a host's interface.
func receive(t *testing.T, h *netlab.Host, iface string) *net.UDPConn {
	t.Helper()
	var conn *net.UDPConn
	h.Do(func() {
		ifi, err := net.InterfaceByName(iface)
		if err != nil {
			t.Fatal(err)
		}
		conn, err = net.ListenMulticastUDP("udp4", ifi, &net.UDPAddr{IP: net.IPv4(228, 0, 0, 4), Port: 45564})
		if err != nil {
			t.Fatal(err)
		}
	})
	t.Cleanup(func() { conn.Close() })
	return conn
}

// send sends n datagrams to the group from a host.
func send(t *testing.T, h *netlab.Host, n int) {
	t.Helper()
	var conn net.Conn
	h.Do(func() {
		var err error
		if conn, err = net.Dial("udp4", "228.0.0.4:45564"); err != nil {
			t.Fatal(err)
		}
	})
	defer conn.Close()
	_ = ipv4.NewPacketConn(conn.(*net.UDPConn)).SetMulticastTTL(1)
	for range n {
		if _, err := conn.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
	}
}

// count reads until there are so many, or nothing came for the given time.
func count(t *testing.T, conn *net.UDPConn, most int, quiet time.Duration) (n int, from netip.AddrPort) {
	t.Helper()
	for n < most {
		if err := conn.SetReadDeadline(time.Now().Add(quiet)); err != nil {
			t.Fatal(err)
		}
		_, src, err := conn.ReadFromUDPAddrPort(make([]byte, 64))
		if err != nil {
			return n, from
		}
		n, from = n+1, src
	}
	return n, from
}

// Verify that a datagram to a group reaches the other hosts, from the address that the lab says.
func TestMulticast(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Hosts: 3})
	two, three := receive(t, lab.Host(2), "eth0"), receive(t, lab.Host(3), "eth0")
	send(t, lab.Host(1), 3)
	for _, conn := range []*net.UDPConn{two, three} {
		n, from := count(t, conn, 9, 200*time.Millisecond)
		if n != 3 || from.Addr() != lab.Host(1).Addr() {
			t.Errorf("got %d datagrams from %v, want 3 from %v", n, from, lab.Host(1).Addr())
		}
	}
}

// Verify that two labs of one process do not hear each other.
func TestLabsApart(t *testing.T) {
	a := netlab.New(t, netlab.Config{Hosts: 1})
	b := netlab.New(t, netlab.Config{Hosts: 2})
	conn := receive(t, b.Host(2), "eth0")
	send(t, a.Host(1), 3)
	if n, from := count(t, conn, 9, 100*time.Millisecond); n != 0 {
		t.Errorf("got %d datagrams from %v of the other lab", n, from)
	}
	send(t, b.Host(1), 1)
	if n, _ := count(t, conn, 9, 200*time.Millisecond); n != 1 {
		t.Errorf("got %d datagrams in its own lab, want 1", n)
	}
}

// Verify that a process on a host sees that host: its addresses, names, /sys.
func TestCommand(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Dual: true})
	h := lab.Host(2)
	out, err := h.Command(t.Context(), "sh", "-c", `hostname; ls /sys/class/net; cat /proc/net/fib_trie /proc/net/if_inet6; cat /etc/hosts; echo $XDG_STATE_HOME`).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"n2\n", "eth0\neth1\nlo\n", "10.77.0.12", "10.78.0.12", "fd770000000000000000000000000012", "10.77.0.11 n1\n", h.Dir() + "/state\n"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// Verify that a process without privileges has none on the host's network.
func TestUnprivileged(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Hosts: 1})
	out, err := lab.Host(1).Command(t.Context(), "grep", "^Uid\\|^CapEff", "/proc/self/status").Unprivileged().Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1000", "CapEff:\t0000000000000000"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// Verify that a process left behind by a test ends with its lab.
func TestNothingStays(t *testing.T) {
	var pid int
	t.Run("lab", func(t *testing.T) {
		lab := netlab.New(t, netlab.Config{Hosts: 1})
		c := lab.Host(1).Command(t.Context(), "sleep", "1000")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		pid = c.Process.Pid
		t.Cleanup(func() { _ = c.Wait() })
	})
	if pid == 0 {
		t.SkipNow() // as the lab was
	}
	if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); err == nil {
		t.Errorf("process %d (%s) outlived its lab", pid, b)
	}
}
