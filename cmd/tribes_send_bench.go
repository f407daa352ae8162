package cmd

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"muster/cmd/internal/term"
	"muster/tribes"
	"muster/tribes/cluster"
)

// benchLine is one measurement of tribes send --bench.
type benchLine struct {
	Type        string    `json:"type"` // bench
	Time        time.Time `json:"time"`
	Target      string    `json:"target"`
	Options     int32     `json:"options"`
	OptionsText string    `json:"options_text"`
	Size        int       `json:"size"` // bytes of each message
	Senders     int       `json:"senders"`
	Messages    int       `json:"messages"` // delivered
	Failed      int       `json:"failed"`
	TookMS      float64   `json:"took_ms"`
	Rate        float64   `json:"messages_per_second"`
	BytesRate   float64   `json:"bytes_per_second"` // of messages
	Ack         *ackTimes `json:"ack,omitempty"`
	Error       string    `json:"error,omitempty"` // the first failure
}

// ackTimes are round trips: from the first byte of a message to its ack.
type ackTimes struct {
	MinMS    float64 `json:"min_ms"`
	MedianMS float64 `json:"median_ms"`
	P99MS    float64 `json:"p99_ms"`
	MaxMS    float64 `json:"max_ms"`
}

// benchSummary closes its JSON.
type benchSummary struct {
	Type     string `json:"type"` // summary
	OK       bool   `json:"ok"`
	Runs     int    `json:"runs"`
	Messages int    `json:"messages"`
	Failed   int    `json:"failed"`
}

const defaultBenchSize = 1024

func (a *app) runTribesBench(ctx context.Context, o *tribesSendOptions, cfg cluster.Config, s *cluster.Speaker) error {
	at, err := o.resolve(ctx)
	if err != nil {
		return err
	}
	to, err := a.forms(ctx, cfg, []netip.AddrPort{at})
	if err != nil {
		return err
	}
	size := o.size
	if size == 0 {
		size = defaultBenchSize
	}
	lines := term.NewLines(a.Out)
	sum := benchSummary{Type: "summary", OK: true}
	table := term.Table{Header: []string{"OPTIONS", "MESSAGES", "TIME", "MESSAGES/S", "MB/S", "ACK MEDIAN", "P99", "MAX"},
		Right: map[int]bool{1: true, 2: true, 3: true, 4: true, 5: true, 6: true, 7: true}}
	for _, bits := range o.bits {
		if !a.json && !a.quiet {
			fmt.Fprintf(a.Err, "%s of %s to %s, options %s, %s\n", term.Count(o.bench, "message"), term.Count(size, "byte"), at, bits, term.Count(o.senders, "sender"))
		}
		r := s.Bench(ctx, cluster.BenchConfig{To: at, Form: to[0].Form, Options: bits | tribes.ByteMessage, Messages: o.bench, Size: size, Senders: o.senders})
		if ctx.Err() != nil {
			return errInterrupted
		}
		l := newBenchLine(&r, at.String(), bits, size, o.senders)
		sum.Runs++
		sum.Messages += l.Messages
		sum.Failed += l.Failed
		sum.OK = sum.OK && l.Failed == 0 && r.Err == nil
		if a.json {
			if err := lines.Write(l); err != nil {
				return err
			}
		} else {
			l.row(&table)
		}
		if r.Err != nil {
			a.note("options %s: %d failed: %v", bits, r.Failed, r.Err)
			if r.Messages == 0 {
				break
			}
		}
	}
	if a.json {
		err = lines.Write(sum)
	} else {
		err = table.Render(a.Out)
	}
	if err == nil && !sum.OK {
		return errNo
	}
	return err
}

func newBenchLine(r *cluster.BenchResult, target string, bits tribes.Options, size, senders int) benchLine {
	l := benchLine{
		Type: "bench", Time: time.Now(), Target: target, Options: int32(bits | tribes.ByteMessage), OptionsText: (bits | tribes.ByteMessage).String(),
		Size: size, Senders: senders, Messages: r.Messages, Failed: r.Failed, TookMS: ms(r.Took),
	}
	if s := r.Took.Seconds(); s > 0 {
		l.Rate = float64(r.Messages) / s
		l.BytesRate = l.Rate * float64(size)
	}
	if n := len(r.Acks); n > 0 {
		l.Ack = &ackTimes{ms(r.Acks[0]), ms(r.Acks[n/2]), ms(r.Acks[n*99/100]), ms(r.Acks[n-1])}
	}
	if r.Err != nil {
		l.Error = r.Err.Error()
	}
	return l
}

func (l *benchLine) row(t *term.Table) {
	cells := []any{tribes.Options(l.Options &^ int32(tribes.ByteMessage)), l.Messages, term.Seconds(time.Duration(l.TookMS * float64(time.Millisecond))),
		fmt.Sprintf("%.0f", l.Rate), fmt.Sprintf("%.1f", l.BytesRate/1e6), "-", "-", "-"}
	if l.Ack != nil {
		for i, v := range []float64{l.Ack.MedianMS, l.Ack.P99MS, l.Ack.MaxMS} {
			cells[5+i] = term.Seconds(time.Duration(v * float64(time.Millisecond)))
		}
	}
	t.Add(cells...)
}
