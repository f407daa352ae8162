package channel

import (
	"context"
	"net/netip"
	"time"

	"muster/tribes"
	"muster/tribes/tlspsk"
)

// Tomcat's defaults (T/group/interceptors/TcpFailureDetector).
const (
	DefaultConnectTimeout  = time.Second
	DefaultReadTestTimeout = 5 * time.Second
)

// ProbeConfig is how Probe asks. Its zero value asks as a TcpFailureDetector
// does by default: connect within a second, write, close.
type ProbeConfig struct {
	ConnectTimeout time.Duration
	// ReadTest also waits for the ack (performReadTest), ReadTimeout how long
	// (readTestTimeout).
	ReadTest    bool
	ReadTimeout time.Duration
	// ConnectOnly connects and writes nothing: a Tomcat 5.5 knows no such question.
	ConnectOnly bool
	// Member is who asks, in the address field of the frame. No receiver learns
	// a member from it. One without a host is replaced by one without a receiver, in
	// the same form.
	Member tribes.Member
	// PSK asks over TLS with this pre-shared key, at a member's securePort; nil: in clear.
	PSK *tlspsk.Config
	// Local is the address to connect from; the zero Addr leaves it to the system.
	Local netip.Addr
}

// Probe asks whether a receiver is at addr, by the frame that TcpFailureDetector
// sends: 199 bytes from an IPv4 member. For Tomcat, connected and written is
// alive; with the read test, muster wants a real ack, not just any byte.
func Probe(ctx context.Context, addr netip.AddrPort, cfg ProbeConfig) Exchange {
	if cfg.ConnectTimeout <= 0 {
		cfg.ConnectTimeout = DefaultConnectTimeout
	}
	if cfg.ReadTimeout <= 0 {
		cfg.ReadTimeout = DefaultReadTestTimeout
	}
	if len(cfg.Member.Host) == 0 {
		form := cfg.Member.Generation
		cfg.Member = stranger(addr)
		cfg.Member.Generation = form
	}
	if cfg.ConnectOnly {
		l, x := connect(ctx, dialer(cfg.Local), addr, cfg.ConnectTimeout)
		if l != nil {
			x.Outcome, x.Local = Written, l.local
			l.close()
		}
		return x
	}
	options := tribes.ByteMessage
	if cfg.ReadTest {
		options |= tribes.UseAck
	}
	m := NewMessage(cfg.Member, options, []byte(tribes.FailureDetectorTest))
	f, err := newFrame(&m)
	if err != nil {
		return Exchange{Addr: addr, Outcome: Failed, Err: err}
	}
	defer f.free()
	if cfg.PSK != nil {
		return probeTLS(ctx, addr, cfg, f)
	}
	return exchange(ctx, dialer(cfg.Local), addr, f, cfg.ReadTest,
		limits{cfg.ConnectTimeout, cfg.ConnectTimeout, cfg.ReadTimeout})
}

// stranger is a member record of one that is no member: without a port, and
// with an unspecified host of the family of addr.
func stranger(addr netip.AddrPort) tribes.Member {
	host := netip.IPv4Unspecified()
	if addr.Addr().Unmap().Is6() {
		host = netip.IPv6Unspecified()
	}
	return tribes.Member{ID: tribes.NewUniqueID(), Host: host.AsSlice(), SecurePort: -1, UDPPort: -1}
}
