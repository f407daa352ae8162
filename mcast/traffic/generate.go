package traffic

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"syscall"
	"time"

	"muster/mcast"
)

// Unlimited is the rate of a Plan that sends as fast as the system takes it.
var Unlimited = math.Inf(1)

// Plan says what Generate sends, to whom and how fast.
type Plan struct {
	To []netip.AddrPort // each gets every datagram
	// Payload is sent as it is; with Probe it is ignored, and probes of Size
	// bytes (at least mcast.ProbeSize) are sent.
	Payload []byte
	Probe   bool
	Size    int
	// Rate is in datagrams a second over all destinations, or Unlimited.
	Rate     float64
	Count    uint64        // datagrams for each destination; 0 means no end
	Duration time.Duration // 0 means no end
	// Sent is called after each batch that went out, where it is not nil.
	Sent func(n int, to netip.AddrPort)
}

// Sender is what Generate needs of an mcast.Conn.
type Sender interface {
	SendBatch(ps [][]byte, to netip.AddrPort) (int, error)
}

// Sent is what Generate did.
type Sent struct {
	Datagrams uint64
	Bytes     uint64
	Stream    uint64 // of the probes
	Took      time.Duration
	Stalls    uint64 // times the system had no room and was waited for
}

// Rate is in datagrams a second; a single one has none.
func (s Sent) Rate() float64 {
	if s.Datagrams < 2 || s.Took <= 0 {
		return 0
	}
	return float64(s.Datagrams-1) / s.Took.Seconds()
}

const (
	// batchSize is what one call of SendBatch takes at most.
	batchSize = 64
	// maxBehind bounds the burst that makes up for a pause of the process.
	maxBehind = 100 * time.Millisecond
	// stall is how long a full queue of the system is given to drain.
	stall = time.Millisecond
)

// Generate sends as p says until its end, or until ctx ends, which is no error.
func Generate(ctx context.Context, w Sender, p Plan) (Sent, error) {
	if len(p.To) == 0 || p.Rate <= 0 {
		return Sent{}, errors.New("generate traffic: no destination or no rate")
	}
	g := &generator{Plan: p, w: w, total: math.MaxUint64}
	if p.Count > 0 && p.Count < math.MaxUint64/uint64(len(p.To)) {
		g.total = p.Count * uint64(len(p.To))
	}
	if n := math.Ceil(p.Duration.Seconds() * p.Rate); n > 0 && n < math.MaxInt64 {
		g.total = min(g.total, uint64(n)) // so that the last one knows that it is
	}
	if p.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.Duration)
		defer cancel()
	}
	g.makeBatch()
	start := time.Now()
	err := g.run(ctx, start)
	if g.sent.Took == 0 {
		g.sent.Took = time.Since(start)
	}
	return g.sent, err
}

type generator struct {
	Plan
	w     Sender
	total uint64 // datagrams in all
	batch [][]byte
	sent  Sent
}

func (g *generator) makeBatch() {
	n := 1
	if len(g.To) == 1 && (g.Rate > 1000 || g.Rate == Unlimited) {
		n = batchSize
	}
	if g.Probe {
		g.Size = max(g.Size, mcast.ProbeSize)
		g.sent.Stream = rand.Uint64()
	}
	for range n {
		b := g.Payload
		if g.Probe {
			b = make([]byte, g.Size)
		}
		g.batch = append(g.batch, b)
	}
}

// run sends datagram k, of the round k / len(To), when it is due.
func (g *generator) run(ctx context.Context, start time.Time) error {
	for g.sent.Datagrams < g.total && ctx.Err() == nil {
		n := uint64(len(g.batch))
		if g.Rate != Unlimited {
			behind := time.Since(start) - g.due(g.sent.Datagrams)
			if behind < 0 {
				if !sleep(ctx, -behind) {
					return nil
				}
				continue
			}
			if behind > maxBehind {
				start = start.Add(behind - maxBehind)
				behind = maxBehind
			}
			n = min(n, 1+uint64(behind.Seconds()*g.Rate))
		}
		n = min(n, g.total-g.sent.Datagrams)
		if err := g.send(ctx, g.batch[:n]); err != nil {
			return err
		}
		if g.sent.Datagrams == g.total {
			g.sent.Took = time.Since(start)
		}
	}
	return nil
}

// due is when datagram k goes out, after the start.
func (g *generator) due(k uint64) time.Duration {
	return time.Duration(float64(k) / g.Rate * float64(time.Second))
}

// send sends the batch to the destination whose turn it is, whole.
func (g *generator) send(ctx context.Context, batch [][]byte) error {
	to := g.To[g.sent.Datagrams%uint64(len(g.To))]
	if g.Probe {
		g.stamp(batch)
	}
	for len(batch) > 0 {
		n, err := g.w.SendBatch(batch, to)
		for _, b := range batch[:n] {
			g.sent.Bytes += uint64(len(b))
		}
		g.sent.Datagrams += uint64(n)
		batch = batch[n:]
		if n > 0 && g.Sent != nil {
			g.Sent(n, to)
		}
		switch {
		case err == nil:
		case errors.Is(err, syscall.ENOBUFS): // the queue of the interface is full
			g.sent.Stalls++
			if !sleep(ctx, stall) {
				return nil
			}
		case g.sent.Datagrams == 0:
			return err
		default:
			return fmt.Errorf("after %d datagrams: %w", g.sent.Datagrams, err)
		}
	}
	return nil
}

// stamp writes the headers of a batch of probes.
func (g *generator) stamp(batch [][]byte) {
	now := time.Now()
	for i, b := range batch {
		k := g.sent.Datagrams + uint64(i)
		p := mcast.Probe{
			Kind:     mcast.ProbeData,
			Size:     len(b),
			Stream:   g.sent.Stream,
			Sequence: k / uint64(len(g.To)),
			Last:     g.total-k <= uint64(len(g.To)),
			Sent:     now,
		}
		p.AppendTo(b[:0])
	}
}

// sleep waits for d; false when ctx ended meanwhile.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
