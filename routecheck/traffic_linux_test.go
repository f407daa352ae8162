package routecheck_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"testing"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"

	"muster/internal/netlab"
)

// These send the real packets of a cluster from one host to another and tell
// whether they came. Each waits for what should come until patience ends.

const clusterGroup, clusterPort, receiverPort = "228.0.0.4", 45564, 4000

// heartbeat is a datagram to the group.
func heartbeat(t *testing.T, from, to *netlab.Host, patience time.Duration) bool {
	t.Helper()
	in := ipv4.NewPacketConn(udp(t, to, fmt.Sprintf("0.0.0.0:%d", clusterPort), "eth0", clusterGroup))
	out := ipv4.NewPacketConn(udp(t, from, fmt.Sprintf("0.0.0.0:%d", clusterPort), "eth0"))
	defer in.Close()
	defer out.Close()
	text := fmt.Appendf(nil, "TRIBES-B %d", time.Now().UnixNano())
	buf := make([]byte, 1500)
	for end := time.Now().Add(patience); time.Now().Before(end); {
		// A firewall on the way out makes this fail, which is an answer as well.
		_, _ = out.WriteTo(text, nil, &net.UDPAddr{IP: net.ParseIP(clusterGroup), Port: clusterPort})
		_ = in.SetReadDeadline(time.Now().Add(25 * time.Millisecond))
		for {
			n, _, _, err := in.ReadFrom(buf)
			if err != nil {
				break
			}
			if bytes.Equal(buf[:n], text) {
				return true
			}
		}
	}
	return false
}

// connect opens a connection to the receiver's port and sends a byte each way.
func connect(t *testing.T, from, to *netlab.Host, patience time.Duration) bool {
	t.Helper()
	var l net.Listener
	var err error
	to.Do(func() { l, err = net.Listen("tcp4", fmt.Sprintf("%s:%d", to.Addr(), receiverPort)) })
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				b := make([]byte, 1)
				if _, err := c.Read(b); err == nil {
					_, _ = c.Write(b)
				}
			}()
		}
	}()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		ctx, cancel := context.WithDeadline(t.Context(), end)
		c, err := from.Dial(ctx, "tcp4", l.Addr().String())
		cancel()
		if err != nil {
			continue
		}
		_ = c.SetDeadline(end)
		_, err = c.Write([]byte{7})
		if err == nil {
			_, err = c.Read(make([]byte, 1))
		}
		c.Close()
		if err == nil {
			return true
		}
	}
	return false
}

// query is a general query of IGMP version 3, as a frame, so that 0.0.0.0 can have
// sent it.
func query(t *testing.T, from, to *netlab.Host, source [4]byte, patience time.Duration) bool {
	t.Helper()
	var in net.PacketConn
	var err error
	to.Do(func() { in, err = net.ListenPacket("ip4:2", "0.0.0.0") })
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	frame := []byte{0x01, 0, 0x5e, 0, 0, 1, 0x02, 0x77, 0, 0, 0, 9, 8, 0,
		0x46, 0xc0, 0, 36, 0, 0, 0, 0, 1, 2, 0, 0, source[0], source[1], source[2], source[3], 224, 0, 0, 1, 0x94, 4, 0, 0,
		0x11, 100, 0, 0, 0, 0, 0, 0, 2, 125, 0, 0}
	binary.BigEndian.PutUint16(frame[24:], checksum(frame[14:38]))
	binary.BigEndian.PutUint16(frame[40:], checksum(frame[38:]))
	buf := make([]byte, 1500)
	for end := time.Now().Add(patience); time.Now().Before(end); {
		send(t, from, frame)
		_ = in.SetReadDeadline(time.Now().Add(25 * time.Millisecond))
		for {
			n, peer, err := in.ReadFrom(buf)
			if err != nil {
				break
			}
			if n >= 12 && buf[0] == 0x11 && bytes.Equal(peer.(*net.IPAddr).IP.To4(), source[:]) {
				return true
			}
		}
	}
	return false
}

func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// send puts a frame on eth0 of a host.
func send(t *testing.T, h *netlab.Host, frame []byte) {
	t.Helper()
	var err error
	h.Do(func() {
		var i *net.Interface
		if i, err = net.InterfaceByName("eth0"); err != nil {
			return
		}
		var fd int
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return
		}
		defer unix.Close(fd)
		err = unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: i.Index, Halen: 6})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// report is a membership report of a host that joins a group, seen by the other.
func report(t *testing.T, from, to *netlab.Host, patience time.Duration) bool {
	t.Helper()
	seen := to.Capture("eth0")
	defer seen.Stop()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		udp(t, from, "0.0.0.0:0", "eth0", "239.77.0.1").Close()
		time.Sleep(50 * time.Millisecond)
		for _, f := range seen.Frames() {
			if protocol, src, _ := f.Transport(); protocol == 2 && src == from.Addr() {
				return true
			}
		}
	}
	return false
}
