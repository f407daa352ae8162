package mcast

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"
)

// loopback is the interface that every host has.
func loopback(t testing.TB) Interface {
	t.Helper()
	all, err := systemInterfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if i.Loopback() && i.Flags&net.FlagUp != 0 {
			return i
		}
	}
	t.Skip("no loopback interface is up")
	return Interface{}
}

// freePort is a UDP port that nobody had a moment ago.
func freePort(t testing.TB) uint16 {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Port()
}

func group(t testing.TB, format string, args ...any) Group {
	t.Helper()
	g, err := ParseGroup(fmt.Sprintf(format, args...))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func listen(t testing.TB, cfg Config) *Conn {
	t.Helper()
	if cfg.Interface.Index == 0 {
		cfg.Interface = loopback(t)
	}
	if cfg.TTL == 0 {
		cfg.TTL = -1
	}
	c, err := Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// read returns the next datagram, with a copy of its payload.
func read(t testing.TB, c *Conn) Datagram {
	t.Helper()
	ds := make([]Datagram, 1)
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := c.ReadBatch(ds); err != nil {
		t.Fatalf("read: %v", err)
	}
	ds[0].Payload = append([]byte(nil), ds[0].Payload...)
	return ds[0]
}

func TestConnHearsItself(t *testing.T) {
	for _, spec := range []string{"239.77.1.1", "ff15::77:1", "ff02::77:1", "127.0.0.1,232.77.1.1", "::1,ff35::77:1"} {
		t.Run(spec, func(t *testing.T) {
			g := group(t, "%s", spec).WithDefaultPort(freePort(t))
			lo := loopback(t)
			if _, ok := lo.SourceFor(g.Addr); !ok {
				t.Skipf("%s has no address of the family of %s", lo.Name, g.Addr)
			}
			before := time.Now()
			c := listen(t, Config{Groups: []Group{g}, TTL: 7, Interface: lo})
			if err := c.Send([]byte("hello"), g.AddrPort()); err != nil {
				if g.Addr.Is6() {
					t.Skipf("the loopback of this system carries no IPv6 multicast: %v", err)
				}
				t.Fatal(err)
			}
			d := read(t, c)
			if string(d.Payload) != "hello" || d.Truncated {
				t.Errorf("payload %q, truncated %v", d.Payload, d.Truncated)
			}
			if d.Source.Port() != g.Port || !d.Source.Addr().IsLoopback() && g.Source.IsValid() {
				t.Errorf("source %s, want port %d", d.Source, g.Port)
			}
			if d.Destination != g.Addr || d.Port != g.Port {
				t.Errorf("destination %s port %d, want %s", d.Destination, d.Port, g)
			}
			if d.Interface != lo.Index || d.TTL != 7 {
				t.Errorf("interface %d TTL %d, want %d and 7", d.Interface, d.TTL, lo.Index)
			}
			if d.Time.Before(before.Add(-time.Second)) || d.Time.After(time.Now().Add(time.Second)) {
				t.Errorf("received at %v, sent after %v", d.Time, before)
			}
			if len(c.Lacks()) > 0 {
				t.Errorf("this system lacks: %q", c.Lacks())
			}
		})
	}
}

func TestConnCloseEndsRead(t *testing.T) {
	c := listen(t, Config{Groups: []Group{group(t, "239.77.1.2:%d", freePort(t))}})
	done := make(chan error)
	go func() {
		_, err := c.ReadBatch(make([]Datagram, 4))
		done <- err
	}()
	c.Close()
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("read after close: %v, want net.ErrClosed", err)
	}
	if err := c.Send(nil, netip.MustParseAddrPort("239.77.1.2:9")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("send after close: %v", err)
	}
	if err := c.Join(group(t, "239.77.1.3:9")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("join after close: %v", err)
	}
}

func TestConnReadDeadline(t *testing.T) {
	c := listen(t, Config{Groups: []Group{group(t, "239.77.1.4:%d", freePort(t))}})
	c.SetReadDeadline(time.Now().Add(time.Millisecond))
	if _, err := c.ReadBatch(make([]Datagram, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v, want os.ErrDeadlineExceeded", err)
	}
}
