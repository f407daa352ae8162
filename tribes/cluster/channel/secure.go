package channel

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"muster/tribes/tlspsk"
)

// handshakeTime is how long the other side may take for its part of a handshake.
const handshakeTime = 3 * time.Second

// Secure is where a receiver takes TLS, and with which key; a nil PSK: nowhere.
type Secure struct {
	Addr netip.AddrPort
	PSK  *tlspsk.Config
}

// securePeer is a connection that a peer opened to the port for TLS. The handshake is
// made by the first Read, so that one that never speaks is bounded as any other, and one
// that only connects, as a TcpFailureDetector does, is no fault.
type securePeer struct {
	net.Conn
	psk tlspsk.Config

	mu  sync.Mutex
	tls *tlspsk.Conn
}

func (s *securePeer) Read(p []byte) (int, error) {
	if s.tls == nil { // set by this goroutine alone
		if err := s.shake(); err != nil {
			return 0, err
		}
	}
	return s.tls.Read(p)
}

func (s *securePeer) shake() error {
	first := &firstByte{Conn: s.Conn}
	ctx, cancel := context.WithTimeout(context.Background(), handshakeTime)
	defer cancel()
	conn, err := tlspsk.Server(ctx, first, s.psk)
	switch {
	case err == nil:
		s.mu.Lock()
		s.tls = conn
		s.mu.Unlock()
		return s.Conn.SetDeadline(time.Time{})
	case !first.came:
		return io.EOF
	}
	return &brokenError{errors.Join(errors.New("no handshake with the pre-shared key"), err)}
}

func (s *securePeer) Write(p []byte) (int, error) {
	s.mu.Lock()
	conn := s.tls
	s.mu.Unlock()
	if conn == nil {
		return 0, net.ErrClosed
	}
	return conn.Write(p)
}

func (s *securePeer) Close() error {
	s.mu.Lock()
	conn := s.tls
	s.mu.Unlock()
	if conn == nil {
		return s.Conn.Close()
	}
	return conn.Close()
}

// firstByte notes whether anything came.
type firstByte struct {
	net.Conn
	came bool
}

func (f *firstByte) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	f.came = f.came || n > 0
	return n, err
}

// connect opens a connection to a receiver: by TLS where it has a port for that and the
// key is known.
func (s *Sender) connect(ctx context.Context, to netip.AddrPort, timeout time.Duration) (*link, Exchange) {
	if s.Secure == nil {
		return connect(ctx, dialer(s.Local), to, timeout)
	}
	secure := s.Secure(to)
	if secure.PSK == nil {
		return connect(ctx, dialer(s.Local), to, timeout)
	}
	l, x := connect(ctx, dialer(s.Local), secure.Addr, timeout)
	x.Addr = to
	if l == nil {
		return nil, x
	}
	shake, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := tlspsk.Client(shake, l.nc, *secure.PSK)
	if err != nil {
		l.close()
		x.Outcome, x.Err = handshakeOutcome(err), err
		return nil, x
	}
	x.TLS = conn.Info()
	l.nc, l.once = conn, true
	l.peek, l.asks = peeker{}, asker{} // they look at the connection below, where records come
	return l, x
}
