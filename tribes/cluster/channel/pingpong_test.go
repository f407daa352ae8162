package channel

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/tribes"
)

// BenchmarkRoundTrip holds an acked message against a bare ping-pong of the same
// bytes, in turns so short that both feel the same load: medians of the turns,
// and their ratio.
func BenchmarkRoundTrip(b *testing.B) {
	for _, size := range []int{64, 1 << 10, 64 << 10} {
		for _, o := range []tribes.Options{tribes.UseAck, tribes.UseAck | tribes.SynchronizedAck} {
			b.Run(fmt.Sprintf("%d/%s", size, o), func(b *testing.B) { roundTrip(b, size, o) })
		}
	}
}

func roundTrip(b *testing.B, size int, o tribes.Options) {
	m := data(o, strings.Repeat("x", size))
	frame, err := m.AppendFrameTo(nil)
	if err != nil {
		b.Fatal(err)
	}
	bare, err := net.Dial("tcp", echo(b, len(frame)).String())
	if err != nil {
		b.Fatal(err)
	}
	defer bare.Close()
	r := start(b, ReceiverConfig{Handler: HandlerFunc(func(context.Context, *Message) error { return nil })})
	var s Sender
	defer s.Close()
	const turn = 100
	ack := make([]byte, len(tribes.Ack))
	var ours, theirs []time.Duration
	for b.Loop() {
		begin := time.Now()
		for range turn {
			if _, err := s.Send(b.Context(), r.AddrPort(), m); err != nil {
				b.Fatal(err)
			}
		}
		middle := time.Now()
		for range turn {
			if _, err := bare.Write(frame); err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadFull(bare, ack); err != nil {
				b.Fatal(err)
			}
		}
		ours, theirs = append(ours, middle.Sub(begin)), append(theirs, time.Since(middle))
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	one := func(all []time.Duration) float64 { return float64(all[len(all)/2].Nanoseconds()) / turn }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(one(ours), "ns/send")
	b.ReportMetric(one(theirs), "ns/pingpong")
	b.ReportMetric(one(ours)/one(theirs), "ratio")
}

// echo answers each size bytes with as many as an ack has.
func echo(b *testing.B, size int) net.Addr {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { ln.Close() })
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		buf := make([]byte, size)
		for {
			if _, err := io.ReadFull(c, buf); err != nil {
				return
			}
			if _, err := c.Write(buf[:len(tribes.Ack)]); err != nil {
				return
			}
		}
	}()
	return ln.Addr()
}
