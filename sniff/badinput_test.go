package sniff

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"muster/sniff/capture"
	"muster/sniff/frame"
	"muster/tribes"
)

// Captures that end behind each of their packets: what is there is judged, and
// nothing panics. That a cut inside a packet gives those before it is tested at every
// byte in package capture.
func TestCapturesCut(t *testing.T) {
	for _, m := range manifests(t) {
		list := packets(t, m.File)
		step := 1
		if testing.Short() {
			step = 11
		}
		for n := 0; n < len(list); n += step {
			s := New(Options{Event: func(*Event) {}})
			for i := range list[:n] {
				if err := s.Packet(&list[i]); err != nil {
					t.Fatal(err)
				}
			}
			s.Finish()
			s.Analysis.Verdicts()
			if s.Totals.Packets != uint64(n) || s.Totals.Invalid > 0 {
				t.Fatalf("%s with %d packets: %+v", m.File, n, s.Totals)
			}
		}
	}
}

// packets reads a capture whole.
func packets(t *testing.T, name string) (list []capture.Packet) {
	t.Helper()
	src, err := capture.Open(filepath.Join("testdata/captures", name))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var p capture.Packet
	for err = src.Next(&p); err == nil; err = src.Next(&p) {
		x := p
		x.Data = bytes.Clone(p.Data)
		list = append(list, x)
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return list
}

// Every snap length: cut packets are counted, and no error is made of a cut.
func TestCapturesSnapped(t *testing.T) {
	for _, m := range manifests(t) {
		for snap := 1; snap < 140; snap += 9 {
			src, err := capture.Open(filepath.Join("testdata/captures", m.File))
			if err != nil {
				t.Fatal(err)
			}
			s := New(Options{Event: func(*Event) {}})
			var p capture.Packet
			cut := uint64(0)
			for src.Next(&p) == nil {
				if len(p.Data) > snap {
					p.Data = p.Data[:snap]
					cut++
				}
				s.Packet(&p)
			}
			src.Close()
			s.Finish()
			if s.Totals.CutPackets != cut || s.Totals.Packets != m.Packets {
				t.Errorf("%s snapped to %d: %d of %d packets, %d cut, want %d", m.File, snap, s.Totals.Packets, m.Packets, s.Totals.CutPackets, cut)
			}
		}
	}
}

// stream sends a stream of three messages by segments that cut, given as ranges of
// its bytes; ranges that begin with a negative number carry other bytes.
func (w *wire) stream(t *testing.T, segments ...[2]int) (total int) {
	t.Helper()
	m := node(11, 0)
	var b []byte
	for _, content := range []string{java, java + "second", java} {
		b = append(b, w.message(m, tribes.Asynchronous, 0, content)...)
	}
	const src, dst = "10.77.0.11:50000", "10.77.0.12:4000"
	w.tcp(src, dst, frame.SYN, 100, 0, nil)
	w.tcp(dst, src, frame.SYN|frame.ACK, 500, 101, nil)
	for _, s := range segments {
		from, to := s[0], min(s[1], len(b))
		part := b[max(from, -from):to]
		if from < 0 {
			part = bytes.Repeat([]byte{'X'}, len(part))
			from = -from
		}
		w.now += 200e6 // a retransmission comes later, a copy at once
		w.tcp(src, dst, frame.ACK, 101+uint32(from), 501, part)
	}
	w.tcp(src, dst, frame.ACK|frame.FIN, 101+uint32(len(b)), 501, nil)
	w.tcp(dst, src, frame.ACK|frame.FIN, 501, 102+uint32(len(b)), nil)
	w.s.Finish()
	return len(b)
}

// What is wrong with a TCP stream is counted, what can be read is, and a place that
// cannot is told with the number of its packet.
func TestBadStreams(t *testing.T) {
	const all = 1 << 20
	for _, x := range []struct {
		name                          string
		segments                      [][2]int
		messages, again, changed, gap uint64
	}{
		{"whole", [][2]int{{0, all}}, 3, 0, 0, 0},
		{"reordered", [][2]int{{0, 50}, {200, 300}, {50, 200}, {300, all}}, 3, 0, 0, 0},
		{"overlapping", [][2]int{{0, 100}, {60, 180}, {170, all}}, 3, 2, 0, 0},
		{"repeated", [][2]int{{0, 100}, {0, 100}, {100, all}}, 3, 1, 0, 0},
		{"repeated with other content", [][2]int{{0, 100}, {100, 150}, {-100, 150}, {150, all}}, 3, 1, 1, 0},
		{"a hole in the second message", [][2]int{{0, 160}, {170, all}}, 2, 0, 0, 1},
		{"a hole at the begin", [][2]int{{10, all}}, 2, 0, 0, 1},
	} {
		w := newWire(t, Options{})
		w.stream(t, x.segments...)
		r := w.s.Analysis.SortedReceivers()[0]
		if w.s.Totals.Messages != x.messages || r.Retransmitted != x.again || r.Changed != x.changed || r.Gaps != x.gap || w.s.Totals.Invalid != 0 {
			t.Errorf("%s: %d messages, %d invalid; %d repeated, %d changed, %d gaps", x.name, w.s.Totals.Messages, w.s.Totals.Invalid, r.Retransmitted, r.Changed, r.Gaps)
		}
	}
	// Bytes that are no frame inside a stream: the place is told when it is known, the rest is read.
	var told []string
	w := newWire(t, Options{Event: func(e *Event) {
		if e.Kind == Broken {
			told = append(told, fmt.Sprintf("packet %d: %v", e.Packet.Number, e.Err))
		}
	}})
	w.stream(t, [2]int{0, 130}, [2]int{-130, 140}, [2]int{140, 1 << 20})
	if w.s.Totals.Messages != 2 || w.s.Totals.Invalid != 1 || len(told) != 1 || !strings.HasPrefix(told[0], "packet 5: ") {
		t.Errorf("%d messages, %d invalid, %q", w.s.Totals.Messages, w.s.Totals.Invalid, told)
	}
}

// A hundred thousand half-open connections to a receiver, and as many that send the
// begin of a large frame and no more: bounded memory, counted, and a good
// connection is read all the same.
func TestStreamFlood(t *testing.T) {
	m := node(11, 0)
	w := newWire(t, Options{})
	whole := w.message(m, tribes.Asynchronous, 0, java)
	claims := append([]byte("FLT2002\x00\xff\xff\xff"), make([]byte, 1000)...)
	n := 100000
	if testing.Short() {
		n = 20000
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range n {
		src := netip.AddrPortFrom(netip.AddrFrom4([4]byte{172, byte(i >> 16), byte(i >> 8), byte(i)}), 50000).String()
		w.at(int64(i/100)).tcp(src, "10.77.0.12:4000", frame.SYN, 1, 0, nil)
		if i%2 == 0 {
			w.tcp(src, "10.77.0.12:4000", frame.ACK, 2, 0, claims)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 56<<20 {
		t.Errorf("the heap has grown by %d MB", grown>>20)
	}
	w.connect("10.77.0.11:50000", "10.77.0.12:4000", whole)
	if w.s.Totals.Messages != 1 || w.s.tcp.Forgotten < uint64(n/10) {
		t.Errorf("%d messages, %d connections forgotten", w.s.Totals.Messages, w.s.tcp.Forgotten)
	}
	w.s.Finish()
	if got := w.s.Analysis.SortedReceivers()[0].Opened; got != uint64(n+1) {
		t.Errorf("%d connections are counted", got)
	}
}
