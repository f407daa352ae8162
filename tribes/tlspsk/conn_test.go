package tlspsk

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func config(versions ...Version) Config {
	return Config{Identity: "tribes", Key: []byte("0123456789abcdef0123456789abcdef"), Versions: versions}
}

type side struct {
	conn *Conn
	err  error
}

// pair makes a handshake between two configurations.
func pair(t *testing.T, client, server Config) (c, s side) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan side, 1)
	go func() {
		nc, err := l.Accept()
		if err != nil {
			done <- side{nil, err}
			return
		}
		t.Cleanup(func() { nc.Close() })
		conn, err := Server(ctx, nc, server)
		done <- side{conn, err}
	}()
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	c.conn, c.err = Client(ctx, nc, client)
	if c.err != nil {
		nc.Close()
	}
	return c, <-done
}

func TestBothSides(t *testing.T) {
	long := config(TLS13)
	long.SHA384 = true
	long12 := config(TLS12)
	long12.SHA384 = true
	for name, c := range map[string]struct {
		client, server Config
		want           Info
	}{
		"1.3":                 {config(TLS13), config(TLS13), Info{TLS13, "TLS_AES_128_GCM_SHA256", "tribes"}},
		"1.3 with SHA-384":    {long, long, Info{TLS13, "TLS_AES_256_GCM_SHA384", "tribes"}},
		"1.2":                 {config(TLS12), config(TLS12), Info{TLS12, "TLS_PSK_WITH_AES_128_GCM_SHA256", "tribes"}},
		"1.2 with SHA-384":    {long12, long12, Info{TLS12, "TLS_PSK_WITH_AES_256_GCM_SHA384", "tribes"}},
		"both offer both":     {config(), config(), Info{TLS13, "TLS_AES_128_GCM_SHA256", "tribes"}},
		"the server is older": {config(), config(TLS12), Info{TLS12, "TLS_PSK_WITH_AES_128_GCM_SHA256", "tribes"}},
		"the client is older": {config(TLS12), config(), Info{TLS12, "TLS_PSK_WITH_AES_128_GCM_SHA256", "tribes"}},
	} {
		t.Run(name, func(t *testing.T) {
			client, server := pair(t, c.client, c.server)
			if client.err != nil || server.err != nil {
				t.Fatalf("client: %v, server: %v", client.err, server.err)
			}
			if client.conn.Info() != c.want || server.conn.Info() != c.want {
				t.Errorf("client %+v, server %+v, want %+v", client.conn.Info(), server.conn.Info(), c.want)
			}
			sent := bytes.Repeat([]byte("0123456789"), 5000) // several records
			go func() {
				client.conn.Write(sent)
				client.conn.Close()
			}()
			got, err := io.ReadAll(server.conn)
			if err != nil || !bytes.Equal(got, sent) {
				t.Errorf("%d bytes, %v, want %d", len(got), err, len(sent))
			}
		})
	}
}

func TestKeyUpdate(t *testing.T) {
	client, server := pair(t, config(TLS13), config(TLS13))
	if client.err != nil || server.err != nil {
		t.Fatal(client.err, server.err)
	}
	for i := range 3 {
		if err := client.conn.updateWrite(); err != nil {
			t.Fatal(err)
		}
		want := strings.Repeat("x", i+1)
		if _, err := client.conn.Write([]byte(want)); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(want))
		if _, err := io.ReadFull(server.conn, got); err != nil || string(got) != want {
			t.Fatalf("after %d updates: %q, %v", i+1, got, err)
		}
	}
}

func TestWhoDoesNotFit(t *testing.T) {
	key, name, long := config(), config(), config()
	key.Key = []byte("another key of the same length!!")
	name.Identity = "other"
	long.SHA384 = true
	for _, c := range []struct {
		what           string
		client, server Config
		client12       bool
		want           Alert
	}{
		{"1.3, another key", key, config(), false, IllegalParameter},
		{"1.3, another identity", name, config(), false, HandshakeFailure},
		{"1.3, another digest", long, config(), false, HandshakeFailure},
		{"1.2, another key", Config{key.Identity, key.Key, []Version{TLS12}, false}, config(), true, BadRecordMAC},
		{"1.2, another identity", Config{name.Identity, name.Key, []Version{TLS12}, false}, config(), true, DecryptError},
		{"other versions", config(TLS12), config(TLS13), false, ProtocolVersion},
		{"other versions the other way", config(TLS13), config(TLS12), false, ProtocolVersion},
	} {
		client, server := pair(t, c.client, c.server)
		if a, ok := IsAlert(client.err); !ok || a != c.want {
			t.Errorf("%s: the client says %v, want the alert %v", c.what, client.err, c.want)
		}
		if server.err == nil || server.conn != nil {
			t.Errorf("%s: the server takes it", c.what)
		}
	}
}

func TestClosedConnectionIsToldFromACutOne(t *testing.T) {
	for _, v := range []Version{TLS12, TLS13} {
		client, server := pair(t, config(v), config(v))
		client.conn.Conn.Close()
		if _, err := server.conn.Read(make([]byte, 1)); err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%v: %v", v, err)
		} else if err == io.EOF {
			t.Errorf("%v: a connection that was cut reads like one that was closed in order", v)
		}
	}
}

func TestCancelledHandshake(t *testing.T) {
	a, b := net.Pipe()
	defer b.Close()
	go io.Copy(io.Discard, b)
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	time.AfterFunc(10*time.Millisecond, func() { cancel(why) })
	if _, err := Client(ctx, a, config()); !errors.Is(err, why) {
		t.Errorf("Client = %v, want %v", err, why)
	}
}

func TestConfigIsChecked(t *testing.T) {
	a, _ := net.Pipe()
	for want, c := range map[string]Config{
		"needs an identity": {Key: []byte("k")},
		"is empty":          {Identity: "x"},
		"more than 512":     {Identity: "x", Key: make([]byte, 513)},
	} {
		if _, err := Client(t.Context(), a, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
}
