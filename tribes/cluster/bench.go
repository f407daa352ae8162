package cluster

import (
	"bytes"
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"muster/tribes"
	"muster/tribes/cluster/channel"
)

// BenchConfig is one measurement: so many messages to one receiver.
type BenchConfig struct {
	To       netip.AddrPort
	Form     tribes.Generation
	Options  tribes.Options
	Messages int
	Size     int // of each, in bytes
	Senders  int // that send side by side; less than 1 is 1
}

// BenchResult is what was measured.
type BenchResult struct {
	Messages int // delivered: acked where they ask for it, else taken by the system
	Failed   int
	Took     time.Duration
	// Acks are the times from the first byte of a message to its ack, sorted.
	Acks []time.Duration
	// Err is the first failure.
	Err error
}

// benchWarm is how many messages go before the measurement: the connections
// stand then, and the other end is warm.
const benchWarm = 2000

// Bench sends as fast as it goes: with an ack each sender waits for that of one
// message before it sends the next, asynchronous messages are queued, and count
// when they have left.
func (s *Speaker) Bench(ctx context.Context, cfg BenchConfig) BenchResult {
	payload := bytes.Repeat([]byte("muster"), cfg.Size/6+1)[:cfg.Size]
	cfg.Senders = max(cfg.Senders, 1)
	warm := cfg
	warm.Messages = min(cfg.Messages, benchWarm)
	if r := s.bench(ctx, warm, payload); r.Err != nil {
		return r
	}
	return s.bench(ctx, cfg, payload)
}

func (s *Speaker) bench(ctx context.Context, cfg BenchConfig, payload []byte) BenchResult {
	parts := make([]BenchResult, cfg.Senders)
	before := s.sender.Queue()
	start := time.Now()
	var wg sync.WaitGroup
	for i := range parts {
		n := cfg.Messages / cfg.Senders
		if i < cfg.Messages%cfg.Senders {
			n++
		}
		wg.Go(func() { parts[i] = s.run(ctx, cfg, n, payload) })
	}
	wg.Wait()
	total := BenchResult{}
	for i := range parts {
		p := &parts[i]
		total.Messages += p.Messages
		total.Failed += p.Failed
		total.Acks = append(total.Acks, p.Acks...)
		if total.Err == nil {
			total.Err = p.Err
		}
	}
	if err := s.sender.Flush(ctx); err != nil && total.Err == nil {
		total.Err = err
	}
	total.Took = time.Since(start)
	lost := int(s.sender.Queue().Dropped - before.Dropped)
	total.Messages -= lost
	total.Failed += lost
	slices.Sort(total.Acks)
	return total
}

// run is one sender.
func (s *Speaker) run(ctx context.Context, cfg BenchConfig, n int, payload []byte) (r BenchResult) {
	d := channel.Delivery{}
	m := channel.Outgoing{To: []*channel.Delivery{&d}}
	timed := cfg.Options&tribes.UseAck != 0 && cfg.Options&tribes.Asynchronous == 0
	if timed {
		r.Acks = make([]time.Duration, 0, n)
	}
	for range n {
		d = channel.Delivery{Addr: cfg.To}
		m.ChannelData = channel.NewMessage(s.as(cfg.Form), cfg.Options, payload)
		s.queued.Send(ctx, &m)
		switch {
		case d.Err == nil:
			r.Messages++
			if timed {
				r.Acks = append(r.Acks, d.Answer)
			}
		case ctx.Err() != nil:
			r.Err = ctx.Err()
			return r
		default:
			r.Failed++
			if r.Err == nil {
				r.Err = d.Err
			}
			if r.Failed >= benchFailures {
				return r
			}
		}
	}
	return r
}

// benchFailures end a sender: nothing is to be measured any more.
const benchFailures = 10
