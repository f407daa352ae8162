package stage

import (
	"context"
	"sync/atomic"
	"time"

	"muster/tribes/cluster/channel"
)

// Throughput is ThroughputInterceptor: it counts, and changes nothing. Where it
// stands decides what it sees: below a gzip, compressed bytes.
type Throughput struct {
	sent, sentBytes, failed, received, receivedBytes atomic.Uint64
	sending                                          atomic.Int64 // ns
}

// ThroughputStats are what a Throughput counted; bytes are those of messages,
// without frames.
type ThroughputStats struct {
	Sent, SentBytes         uint64 // a message to three members counts three times
	Failed                  uint64 // of those sent
	Received, ReceivedBytes uint64
	Sending                 time.Duration // that callers waited, over all
}

// Send counts each destination.
func (t *Throughput) Send(ctx context.Context, m *channel.Outgoing, down channel.Next) {
	start, size := time.Now(), uint64(len(m.Message))
	down(ctx, m)
	t.sending.Add(int64(time.Since(start)))
	for _, d := range m.To {
		t.sent.Add(1)
		t.sentBytes.Add(size)
		if d.Err != nil {
			t.failed.Add(1)
		}
	}
}

// Receive counts.
func (t *Throughput) Receive(ctx context.Context, m *channel.Message, up channel.HandlerFunc) error {
	t.received.Add(1)
	t.receivedBytes.Add(uint64(len(m.Message)))
	return up(ctx, m)
}

// Stats returns what was counted so far.
func (t *Throughput) Stats() ThroughputStats {
	return ThroughputStats{Sent: t.sent.Load(), SentBytes: t.sentBytes.Load(), Failed: t.failed.Load(),
		Received: t.received.Load(), ReceivedBytes: t.receivedBytes.Load(), Sending: time.Duration(t.sending.Load())}
}
