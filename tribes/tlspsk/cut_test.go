package tlspsk

import (
	"context"
	"net"
	"testing"
	"time"
)

// shortConn closes a connection after so many bytes that one side wrote.
type shortConn struct {
	net.Conn
	left, wrote int
}

func (c *shortConn) Write(b []byte) (int, error) {
	if len(b) > c.left {
		n, _ := c.Conn.Write(b[:c.left]) // the end of it is what is tried
		c.wrote, c.left = c.wrote+n, 0
		c.Conn.Close()
		return n, net.ErrClosed
	}
	n, err := c.Conn.Write(b)
	c.left, c.wrote = c.left-n, c.wrote+n
	return n, err
}

// handshake makes one in which the server's or the client's side ends after n bytes.
func handshake(t *testing.T, cfg Config, n int, ofServer bool) (wrote int, client, server error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan error, 1)
	short := &shortConn{left: n}
	go func() {
		nc, err := l.Accept()
		if err == nil {
			defer nc.Close()
			if ofServer {
				short.Conn = nc
				nc = short
			}
			_, err = Server(ctx, nc, cfg)
		}
		done <- err
	}()
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if !ofServer {
		short.Conn = nc
		nc = short
	}
	_, client = Client(ctx, nc, cfg)
	nc.Close()
	return short.wrote, client, <-done
}

// TestCutConnections: a connection that ends at any byte of a handshake ends that with an
// error on the side that misses it, at once, and never with a connection.
func TestCutConnections(t *testing.T) {
	const whole = 1 << 20
	for _, v := range []Version{TLS13, TLS12} {
		for _, ofServer := range []bool{true, false} {
			all, c, s := handshake(t, config(v), whole, ofServer)
			if c != nil || s != nil || all < 50 {
				t.Fatalf("%s uncut: %v, %v, %d bytes", v, c, s, all)
			}
			for n := range all {
				began := time.Now()
				_, client, server := handshake(t, config(v), n, ofServer)
				if ofServer && client == nil || !ofServer && server == nil {
					t.Errorf("%s cut at %d of %d (server %v): it is taken", v, n, all, ofServer)
				}
				if time.Since(began) > 30*time.Second {
					t.Fatalf("%s cut at %d: it waits for what cannot come", v, n)
				}
			}
		}
	}
}
