package routecheck_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"

	"muster/internal/netlab"
	"muster/mcast/igmp"
)

// These are the programs that hold sockets while muster check looks. Their sockets
// belong to the test's own process; it is in no cluster but for them.

func udp(t *testing.T, h *netlab.Host, local, link string, groups ...string) *net.UDPConn {
	t.Helper()
	var conn *net.UDPConn
	var err error
	h.Do(func() {
		lc := net.ListenConfig{Control: reuse}
		var pc net.PacketConn
		if pc, err = lc.ListenPacket(t.Context(), "udp4", local); err != nil {
			return
		}
		conn = pc.(*net.UDPConn)
		var i *net.Interface
		if i, err = net.InterfaceByName(link); err != nil {
			return
		}
		for _, g := range groups {
			if err = ipv4.NewPacketConn(conn).JoinGroup(i, &net.UDPAddr{IP: net.ParseIP(g)}); err != nil {
				return
			}
		}
	})
	if err != nil {
		t.Fatalf("%s on %s: %v", local, link, err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// until waits for a condition of the shell, a minute at most.
func until(t *testing.T, command func(context.Context, string, ...string) *netlab.Cmd, condition string) {
	t.Helper()
	script := "for i in $(seq 3000); do if " + condition + "; then exit 0; fi; sleep 0.02; done; echo 'after a minute still not'; exit 1"
	sh(t, command(t.Context(), "sh", "-c", script))
}

func joinOn(link, local string) func(*testing.T, *netlab.Lab) {
	return func(t *testing.T, l *netlab.Lab) { udp(t, l.Host(1), local, link, "228.0.0.4") }
}

func joinMany(n int) func(*testing.T, *netlab.Lab) {
	return func(t *testing.T, l *netlab.Lab) {
		for first := 0; first < n; first += 20 { // so many does one socket take
			var groups []string
			for i := first; i < min(n, first+20); i++ {
				groups = append(groups, fmt.Sprintf("239.192.7.%d", i+1))
			}
			udp(t, l.Host(1), "0.0.0.0:7777", "eth0", groups...)
		}
	}
}

// fillTable joins so many groups that the switch's table of 128 is nearly full; a
// few places are left for what IPv6 joins, since a table that overflows ends
// snooping.
func fillTable(t *testing.T, l *netlab.Lab) {
	joinMany(117)(t, l)
	until(t, l.Switch().Command, `[ "$(bridge mdb show dev br0 | grep -c 239.192)" -ge 117 ]`)
}

// member holds what a Tomcat does: the group, its port, and a receiver.
func member(addr string) func(*testing.T, *netlab.Lab) {
	return func(t *testing.T, l *netlab.Lab) {
		udp(t, l.Host(1), "0.0.0.0:45564", "eth0", "228.0.0.4")
		listen(t, l.Host(1), addr+":4000")
	}
}

func listen(t *testing.T, h *netlab.Host, addr string) {
	t.Helper()
	var ln net.Listener
	var err error
	h.Do(func() { ln, err = net.Listen("tcp4", addr) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
}

func takePorts(t *testing.T, l *netlab.Lab) {
	for p := 4000; p < 4100; p++ {
		listen(t, l.Host(1), fmt.Sprintf("0.0.0.0:%d", p))
	}
}

// python runs a program that makes a socket s in its own way and holds it.
func python(line string) func(*testing.T, *netlab.Lab) {
	return func(t *testing.T, l *netlab.Lab) { hold(t, l.Host(1), line) }
}

func hold(t *testing.T, h *netlab.Host, lines string) {
	t.Helper()
	started(t, h.Command(t.Context(), "python3", "-c", "import sys\nfrom socket import *\ns = socket(AF_INET, SOCK_DGRAM)\n"+lines+"\nprint('ready', flush=True)\nsys.stdin.read()"))
}

// started starts a program that says when it is ready and ends with its input.
func started(t *testing.T, c *netlab.Cmd) {
	t.Helper()
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	c.Stderr = &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = c.Wait() // it ends with its input
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("python3: %q %v %s", line, err, stderr.String())
	}
}

func joinSources(n int) func(*testing.T, *netlab.Lab) {
	return func(t *testing.T, l *netlab.Lab) {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "s.setsockopt(IPPROTO_IP, 39, inet_aton('232.1.1.1') + inet_aton('10.77.0.11') + inet_aton('10.77.0.%d'))\n", 20+i)
		}
		hold(t, l.Host(1), b.String())
	}
}

func loopOffTwice(t *testing.T, l *netlab.Lab) {
	udp(t, l.Host(1), "0.0.0.0:45564", "eth0", "228.0.0.4")
	hold(t, l.Host(1), "s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); s.setsockopt(IPPROTO_IP, IP_MULTICAST_LOOP, 0); s.bind(('', 45564))")
}

func twoGroups(t *testing.T, l *netlab.Lab) {
	udp(t, l.Host(1), "0.0.0.0:45564", "eth0", "228.0.0.4")
	udp(t, l.Host(1), "0.0.0.0:45564", "eth0", "239.5.5.5")
}

// recreate deletes the interface under a socket and makes one of the same name.
func recreate(t *testing.T, l *netlab.Lab) {
	udp(t, l.Host(1), "228.0.0.4:45564", "eth0", "228.0.0.4")
	sh(t, l.Host(1).Command(t.Context(), "sh", "-ec", `ip link del eth0
ip link add eth0 type veth peer name other
ip addr add 10.77.0.11/24 dev eth0
ip link set other up
ip link set eth0 up
ip route add 224.0.0.0/4 dev eth0`))
	until(t, l.Host(1).Command, `[ "$(cat /sys/class/net/eth0/operstate)" = up ]`)
}

// secondInOneNet joins on both interfaces.
func secondInOneNet(t *testing.T, l *netlab.Lab) {
	udp(t, l.Host(1), "0.0.0.0:45564", "eth0", "228.0.0.4")
	udp(t, l.Host(1), "0.0.0.0:45564", "eth1", "228.0.0.4")
}

// strangerSends: a neighbour sends to the group from an address to which this host
// has no route, until rp_filter has dropped it.
func strangerSends(t *testing.T, l *netlab.Lab) {
	udp(t, l.Host(1), "0.0.0.0:45564", "eth0", "228.0.0.4")
	sh(t, l.Host(2).Command(t.Context(), "ip", "addr", "add", "192.0.2.1/32", "dev", "eth0"))
	var conn *net.UDPConn
	var err error
	l.Host(2).Do(func() { conn, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1)}) })
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for range 5 {
		if _, err := conn.WriteTo([]byte("x"), &net.UDPAddr{IP: net.IPv4(228, 0, 0, 4), Port: 45564}); err != nil {
			t.Fatal(err)
		}
	}
	until(t, l.Host(1).Command, `[ "$(awk '/^TcpExt:/ { if (!n) { for (i = 2; i <= NF; i++) if ($i == "IPReversePathFilter") n = i } else print $n }' /proc/net/netstat)" -gt 0 ]`)
}

// overflow fills the small buffer of a reader that does not read.
func overflow(t *testing.T, l *netlab.Lab) {
	in := udp(t, l.Host(1), "0.0.0.0:45564", "eth0", "228.0.0.4")
	if err := in.SetReadBuffer(2048); err != nil {
		t.Fatal(err)
	}
	out := udp(t, l.Host(2), "0.0.0.0:0", "eth0")
	for range 200 {
		if _, err := out.WriteTo(make([]byte, 1000), &net.UDPAddr{IP: net.IPv4(228, 0, 0, 4), Port: 45564}); err != nil {
			t.Fatal(err)
		}
	}
	until(t, l.Host(1).Command, `[ "$(awk '$2 ~ /:B1FC$/ { print $NF }' /proc/net/udp)" -gt 0 ]`)
}

// oldQuery: a neighbour sends the query of IGMP version 2 that switches every host
// to that version.
func oldQuery(t *testing.T, l *netlab.Lab) {
	sendIGMP(t, l, (&igmp.Message{Type: igmp.Query, Group: netip.IPv4Unspecified(), Version: 2, Code: 100}).AppendTo)
	until(t, l.Host(1).Command, `grep -q 'eth0 .*V2' /proc/net/igmp`)
}

// querierGone: the switch's bridge hears one query and goes on believing in that
// querier for an hour.
func querierGone(t *testing.T, l *netlab.Lab) {
	sh(t, l.Switch().Command(t.Context(), "ip", "link", "set", "br0", "type", "bridge", "mcast_snooping", "1", "mcast_querier", "0", "mcast_querier_interval", "360000"))
	sendIGMP(t, l, (&igmp.Message{Type: igmp.Query, Group: netip.IPv4Unspecified(), Version: 3, Code: 100}).AppendTo)
	until(t, l.Switch().Command, `bridge -d mdb show | grep -q "router ports.*n2"`)
}

func sendIGMP(t *testing.T, l *netlab.Lab, message func([]byte) ([]byte, error)) {
	t.Helper()
	b, err := message(nil)
	if err != nil {
		t.Fatal(err)
	}
	l.Host(2).Do(func() {
		var c net.PacketConn
		if c, err = net.ListenPacket("ip4:2", "0.0.0.0"); err != nil {
			return
		}
		defer c.Close()
		var r *ipv4.RawConn
		if r, err = ipv4.NewRawConn(c); err != nil {
			return
		}
		h := &ipv4.Header{Version: 4, Len: 24, TotalLen: 24 + len(b), TTL: 1, Protocol: 2, Dst: net.IPv4(224, 0, 0, 1), Options: []byte{0x94, 4, 0, 0}}
		var i *net.Interface
		if i, err = net.InterfaceByName("eth0"); err != nil {
			return
		}
		if err = r.SetMulticastInterface(i); err == nil {
			err = r.WriteTo(h, b, nil)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// reuse lets several sockets share a port, as Java's MulticastSocket asks for it.
func reuse(_, _ string, c syscall.RawConn) error {
	var err error
	if e := c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1) }); e != nil {
		return e
	}
	return err
}

// lostAddress takes the receiver's address away while it listens.
func lostAddress(t *testing.T, l *netlab.Lab) {
	member("10.77.0.111")(t, l)
	sh(t, l.Host(1).Command(t.Context(), "ip", "addr", "del", "10.77.0.111/24", "dev", "eth0"))
}

// stoppedTomcat is a process that looks like a Tomcat, holds its sockets and was
// stopped.
func stoppedTomcat(t *testing.T, l *netlab.Lab) {
	c := l.Host(1).Command(t.Context(), "python3", "-c", `import os, signal
from socket import *
u = socket(AF_INET, SOCK_DGRAM); u.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); u.bind(('', 45564))
u.setsockopt(IPPROTO_IP, 35, inet_aton('228.0.0.4') + inet_aton('10.77.0.11'))
r = socket(); r.bind(('10.77.0.11', 4000)); r.listen()
os.kill(os.getpid(), signal.SIGSTOP)
`, "org.apache.catalina.startup.Bootstrap")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	until(t, l.Host(1).Command, fmt.Sprintf(`grep -q "^State:.T" /proc/%d/status`, c.Process.Pid))
}

// deafTomcat is a process that looks like a Tomcat, holds its sockets and does not
// read what it sends to its own group.
func deafTomcat(t *testing.T, l *netlab.Lab) {
	started(t, l.Host(1).Command(t.Context(), "python3", "-c", `import sys
from socket import *
u = socket(AF_INET, SOCK_DGRAM); u.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); u.bind(('', 45564))
u.setsockopt(IPPROTO_IP, 35, inet_aton('228.0.0.4') + inet_aton('10.77.0.11'))
r = socket(); r.bind(('10.77.0.11', 4000)); r.listen()
o = socket(AF_INET, SOCK_DGRAM)
for i in range(400): o.sendto(b'x' * 300, ('228.0.0.4', 45564))
print('ready', flush=True)
sys.stdin.read()
`, "org.apache.catalina.startup.Bootstrap"))
}

// twoOfOneHost are two members that know each other over the loopback.
func twoOfOneHost(t *testing.T, l *netlab.Lab) {
	udp(t, l.Host(1), "0.0.0.0:45564", "lo", "228.0.0.4")
	listen(t, l.Host(1), "127.0.0.1:4000")
	listen(t, l.Host(1), "127.0.0.1:4001")
}
