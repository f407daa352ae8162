package tlspsk

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// openssl starts it with arguments and ends it with the test.
func openssl(t *testing.T, in io.Reader, args ...string) *bufio.Reader {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin = in
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); cmd.Wait() })
	return bufio.NewReader(out)
}

// freePort is a port of the loopback that nobody has at the moment.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// dial connects as soon as somebody listens.
func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			t.Cleanup(func() { c.Close() })
			c.SetDeadline(time.Now().Add(time.Minute))
			return c
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func flags(c Config, v Version) []string {
	args := []string{"-psk", hex.EncodeToString(c.Key), "-psk_identity", c.Identity}
	if v == TLS13 {
		args = append(args, "-tls1_3", "-ciphersuites", c.suite(TLS13).name)
	} else {
		name := "PSK-AES128-GCM-SHA256"
		if c.SHA384 {
			name = "PSK-AES256-GCM-SHA384"
		}
		args = append(args, "-tls1_2", "-cipher", name)
	}
	return args
}

// OpenSSL's external keys of TLS 1.3 that are given by -psk belong to SHA-256, so SHA-384
// is tried in 1.2 here and in 1.3 between our own two sides.
func TestAgainstOpenSSLServer(t *testing.T) {
	other := config()
	other.Key = []byte("another key of the same length!!")
	long := config()
	long.SHA384 = true
	for _, c := range []struct {
		what   string
		config Config
		v      Version
		want   Alert // 0: the handshake ends well
	}{
		{"1.3", config(), TLS13, 0},
		{"1.2", config(), TLS12, 0},
		{"1.2 with SHA-384", long, TLS12, 0},
		{"1.3, another key", other, TLS13, IllegalParameter},
		{"1.2, another key", other, TLS12, BadRecordMAC},
		{"a server of 1.3, a client of 1.2", config(TLS12), TLS13, ProtocolVersion},
		{"a server of 1.2, a client of 1.3", config(TLS13), TLS12, ProtocolVersion},
	} {
		t.Run(c.what, func(t *testing.T) {
			addr := freePort(t)
			served := config()
			served.SHA384 = c.config.SHA384
			openssl(t, nil, append([]string{"s_server", "-accept", addr, "-nocert", "-rev"}, flags(served, c.v)...)...)
			conn, err := Client(t.Context(), dial(t, addr), c.config)
			if c.want != 0 {
				if a, ok := IsAlert(err); !ok || a != c.want {
					t.Fatalf("%v, want the alert %v", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if conn.Info().Version != c.v {
				t.Errorf("%v", conn.Info())
			}
			io.WriteString(conn, "abcdef\n")
			line, err := bufio.NewReader(conn).ReadString('\n')
			if line != "fedcba\n" {
				t.Errorf("the server sends %q, %v", line, err)
			}
		})
	}
}

func TestOpenSSLServerWithCertificateOnly(t *testing.T) {
	dir := t.TempDir()
	key, cert := filepath.Join(dir, "key.pem"), filepath.Join(dir, "cert.pem")
	out := openssl(t, nil, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x", "-keyout", key, "-out", cert)
	if b, err := io.ReadAll(out); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	for _, v := range []Version{TLS12, TLS13} {
		addr := freePort(t)
		openssl(t, nil, "s_server", "-accept", addr, "-cert", cert, "-key", key, "-rev")
		_, err := Client(t.Context(), dial(t, addr), config(v))
		// In 1.2 only suites with a pre-shared key were offered, so such a server has none in common.
		if a, ok := IsAlert(err); !(v == TLS13 && errors.Is(err, ErrNoPSK)) && !(v == TLS12 && ok && a == HandshakeFailure) {
			t.Errorf("%v: %v", v, err)
		}
	}
}

func TestAgainstOpenSSLClient(t *testing.T) {
	for _, v := range []Version{TLS12, TLS13} {
		for _, good := range []bool{true, false} {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			theirs := config()
			if !good {
				theirs.Key = []byte("another key of the same length!!")
			}
			openssl(t, strings.NewReader("hello\n"), append([]string{"s_client", "-connect", l.Addr().String(), "-ign_eof"}, flags(theirs, v)...)...)
			nc, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			nc.SetDeadline(time.Now().Add(time.Minute))
			conn, err := Server(t.Context(), nc, config())
			if (err == nil) != good {
				t.Fatalf("%v, the right key %v: %v", v, good, err)
			}
			if good {
				line, err := bufio.NewReader(conn).ReadString('\n')
				if line != "hello\n" || conn.Info().Version != v {
					t.Errorf("%v: %q, %v, %v", v, line, conn.Info(), err)
				}
				conn.Close()
			}
			nc.Close()
		}
	}
}
