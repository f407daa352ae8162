package channel

import (
	"context"
	"net"
	"net/netip"
	"time"

	"muster/tribes"
)

// Tomcat's defaults (T/transport/AbstractSender): the time for one step of a
// send, and how often a failed one is tried again.
const (
	DefaultSendTimeout = 3 * time.Second
	DefaultRetries     = 1
)

// Sender delivers messages, each on a connection of its own. Its zero value
// does as a Tomcat does with its defaults.
type Sender struct {
	// Timeout bounds the connect, the write and the wait for the ack, each.
	Timeout time.Duration
	// Retries is how often a message is sent again after an error of the
	// connection or a FAIL_ACK: the same message, with the same id. No ack in
	// time is not tried again. Negative means never.
	Retries int
	// Local is the address to connect from; the zero Addr leaves it to the system.
	Local netip.Addr
}

// Receipt tells how a message was delivered.
type Receipt struct {
	Exchange
	Attempts int
	Took     time.Duration // over all attempts
}

// Send delivers m to the receiver at to, and waits for the ack if its options
// ask for one. The error is the *Exchange that failed.
func (s *Sender) Send(ctx context.Context, to netip.AddrPort, m *tribes.ChannelData) (Receipt, error) {
	frame, err := m.AppendFrameTo(make([]byte, 0, m.Len()+tribes.FrameOverhead))
	if err != nil {
		return Receipt{}, err
	}
	timeout, retries := s.Timeout, s.Retries
	if timeout <= 0 {
		timeout = DefaultSendTimeout
	}
	if retries == 0 {
		retries = DefaultRetries
	}
	d := dialer(s.Local)
	start := time.Now()
	var r Receipt
	for {
		r.Attempts++
		r.Exchange = exchange(ctx, d, to, frame, m.Options&tribes.UseAck != 0, limits{timeout, timeout, timeout})
		if r.OK() || r.Attempts > retries || r.Outcome == NoAck || ctx.Err() != nil {
			break
		}
	}
	r.Took = time.Since(start)
	x := r.Exchange
	return r, x.Fail()
}

func dialer(local netip.Addr) *net.Dialer {
	d := &net.Dialer{KeepAlive: -1}
	if local.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(local, 0))
	}
	return d
}
