package channel

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"time"
)

// Segment is what became of a small and of a large TCP segment to a receiver.
type Segment struct {
	// Small and Large report whether the other host's kernel acknowledged them.
	Small, Large bool
	// Size of the large one: all that the connection sends in one packet, in bytes.
	Size int
	// Repeats is how often the large one was sent again.
	Repeats int
}

// ErrNoTCPInfo: this system does not tell which bytes were acknowledged.
var ErrNoTCPInfo = errors.New("this system does not tell which segments were acknowledged")

// unfinished is the beginning of a message (XByteBuffer.START_DATA and its length) that
// announces far more than is ever sent.
func unfinished() []byte {
	return binary.BigEndian.AppendUint32([]byte("FLT2002"), 1<<16)
}

// LargeSegment opens a connection to a receiver of Tribes and sends the beginning of a
// message that it never ends: the header, then one full segment. The acknowledgements
// are those of the other kernel, so that it does not matter whether the process there
// runs, nor in which form it speaks; the process waits for the rest, and forgets what
// it has when the connection ends. wait is how long the large segment may take: the
// kernel sends it again after 0.2, 0.6, 1.4 and 3 s.
func LargeSegment(ctx context.Context, addr netip.AddrPort, wait time.Duration) (Segment, error) {
	var s Segment
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr.String())
	if err != nil {
		return s, err
	}
	defer conn.Close()
	c, ok := conn.(*net.TCPConn)
	if !ok {
		return s, ErrNoTCPInfo
	}
	send := func(b []byte, wait time.Duration) (tcpInfo, error) {
		if err := c.SetWriteDeadline(time.Now().Add(wait)); err != nil {
			return tcpInfo{}, err
		}
		if _, err := c.Write(b); err != nil {
			return tcpInfo{}, err
		}
		return acknowledged(ctx, c, wait)
	}
	info, err := send(unfinished(), wait)
	s.Small = err == nil && info.unacked == 0
	if err != nil || !s.Small {
		return s, err
	}
	s.Size = info.mss
	info, err = send(make([]byte, s.Size), wait)
	s.Large, s.Repeats = err == nil && info.unacked == 0, info.repeats
	return s, err
}

// tcpInfo is what the kernel knows of a connection: segments without an acknowledgement,
// the largest segment that it sends in bytes, and how often in a row it sent the first
// one again.
type tcpInfo struct{ unacked, mss, repeats int }

// acknowledged waits until all that was written is acknowledged, wait at most.
func acknowledged(ctx context.Context, c *net.TCPConn, wait time.Duration) (tcpInfo, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return tcpInfo{}, err
	}
	end := time.Now().Add(wait)
	for {
		info, err := readTCPInfo(raw)
		if err != nil || info.unacked == 0 || time.Now().After(end) {
			return info, err
		}
		select {
		case <-ctx.Done():
			return info, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}
