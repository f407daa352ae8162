package channel

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"muster/tribes"
	"muster/tribes/tlspsk"
)

// tlsReceiver takes connections as a receiver with a securePort does, and acks each frame.
func tlsReceiver(t *testing.T, cfg tlspsk.Config) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer nc.Close()
				nc.SetDeadline(time.Now().Add(time.Minute))
				conn, err := tlspsk.Server(t.Context(), nc, cfg)
				if err != nil {
					return
				}
				s := tribes.NewScanner(0)
				for {
					p, err := s.Next()
					if err == nil && p.Kind == tribes.PieceMessage {
						io.WriteString(conn, tribes.Ack)
						return
					}
					if _, err := s.Fill(conn); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

func TestProbeTLS(t *testing.T) {
	right := tlspsk.Config{Identity: "tribes", Key: []byte("0123456789abcdef0123456789abcdef")}
	key, name, old := right, right, right
	key.Key = []byte("another key of the same length!!")
	name.Identity = "somebody"
	old.Versions = []tlspsk.Version{tlspsk.TLS12}
	modern := right
	modern.Versions = []tlspsk.Version{tlspsk.TLS13}
	for what, c := range map[string]struct {
		server, client tlspsk.Config
		want           Outcome
	}{
		"the same":         {right, right, Acked},
		"TLS 1.2":          {old, right, Acked},
		"another key":      {right, key, WrongKey},
		"another identity": {right, name, WrongIdentity},
		"another version":  {old, modern, WrongProtocol},
	} {
		x := Probe(t.Context(), netip.MustParseAddrPort(tlsReceiver(t, c.server)), ProbeConfig{ReadTest: true, ReadTimeout: time.Minute, PSK: &c.client})
		if x.Outcome != c.want {
			t.Errorf("%s: %s (%v), want %s", what, x.Outcome, x.Err, c.want)
		}
		if x.OK() && x.TLS.Suite == "" {
			t.Errorf("%s: the suite is not told", what)
		}
	}
}

// What speaks something else first is told as such; what waits for the other side to
// speak, as a plain receiver does, takes the bytes and says nothing.
func TestProbeTLSOfAnotherPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		io.WriteString(nc, "SSH-2.0-OpenSSH_9.2\r\n")
		io.Copy(io.Discard, nc)
	}()
	cfg := tlspsk.Config{Identity: "tribes", Key: []byte("key")}
	if x := Probe(t.Context(), netip.MustParseAddrPort(l.Addr().String()), ProbeConfig{ReadTest: true, ReadTimeout: time.Minute, PSK: &cfg}); x.Outcome != NoTLS {
		t.Errorf("%s, %v", x.Outcome, x.Err)
	}
}
