package channel

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"syscall"
	"time"

	"muster/tribes"
	"muster/tribes/tlspsk"
)

// Outcomes of a probe that begins with a TLS handshake.
const (
	WrongKey      Outcome = "wrong_key"      // the other side has another pre-shared key
	WrongIdentity Outcome = "wrong_identity" // it does not know the identity
	WrongProtocol Outcome = "wrong_protocol" // it has no version or suite in common
	NoPSK         Outcome = "no_psk"         // it answers with a certificate in place of the key
	NoTLS         Outcome = "no_tls"         // what answers does not speak TLS
)

// probeTLS asks over TLS with a pre-shared key, as a member with securePort is asked:
// one handshake, the frame, the ack.
func probeTLS(ctx context.Context, addr netip.AddrPort, cfg ProbeConfig, f *frame) Exchange {
	l, x := connect(ctx, dialer(cfg.Local), addr, cfg.ConnectTimeout)
	if l == nil {
		return x
	}
	defer l.close()
	x.Local = l.local
	shake, cancel := context.WithTimeout(ctx, cfg.ReadTimeout)
	defer cancel()
	conn, err := tlspsk.Client(shake, l.nc, *cfg.PSK)
	if err != nil {
		x.Outcome, x.Err = handshakeOutcome(err), err
		return x
	}
	x.TLS = conn.Info()
	defer conn.Close()
	start := time.Now()
	conn.SetDeadline(start.Add(cfg.ReadTimeout))
	if _, err := conn.Write(f.appendTo(nil)); err != nil {
		x.Outcome, x.Err = Closed, err
		return x
	}
	if x.Outcome = Written; !cfg.ReadTest {
		return x
	}
	answer := make([]byte, len(tribes.Ack))
	_, err = io.ReadFull(conn, answer)
	var timeout interface{ Timeout() bool }
	switch {
	case err == nil && string(answer) == tribes.Ack:
		x.Outcome, x.Answer = Acked, time.Since(start)
	case err == nil && string(answer) == tribes.FailAck:
		x.Outcome, x.Answer = FailAcked, time.Since(start)
	case err == nil:
		x.Outcome, x.Err = Foreign, errors.New("it answered "+printable(answer))
	case errors.As(err, &timeout) && timeout.Timeout():
		x.Outcome, x.Err = NoAck, err
	default:
		if a, ok := tlspsk.IsAlert(err); ok { // in TLS 1.3 a server refuses after its own Finished at the earliest
			x.Outcome, x.Err = alertOutcome(a), err
			return x
		}
		x.Outcome, x.Err = Closed, err
	}
	return x
}

func handshakeOutcome(err error) Outcome {
	var timeout interface{ Timeout() bool }
	a, alert := tlspsk.IsAlert(err)
	switch {
	case alert:
		return alertOutcome(a)
	case errors.Is(err, tlspsk.ErrNoPSK):
		return NoPSK
	case errors.Is(err, tlspsk.ErrNotTLS):
		return NoTLS
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return NoAck // it takes the connection and says nothing, as a plain receiver does that waits for a frame
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return Closed
	}
	return Failed
}

// alertOutcome is what OpenSSL, which Tomcat uses for these handshakes, means by an alert.
func alertOutcome(a tlspsk.Alert) Outcome {
	switch a {
	case tlspsk.IllegalParameter, tlspsk.DecryptError, tlspsk.BadRecordMAC:
		return WrongKey
	case tlspsk.HandshakeFailure, tlspsk.UnknownPSKIdentity:
		return WrongIdentity
	case tlspsk.ProtocolVersion, tlspsk.InsufficientSecurity:
		return WrongProtocol
	}
	return Failed
}
