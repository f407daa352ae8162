package sniff

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"muster/sniff/capture"
)

// Captures cut in some 400 places each: what is whole is read, and nothing panics.
// The reader alone is cut at every byte of small files, in package capture.
func TestCapturesCut(t *testing.T) {
	for _, m := range manifests(t) {
		file, err := os.ReadFile(filepath.Join("testdata/captures", m.File))
		if err != nil {
			t.Fatal(err)
		}
		step := max(1, len(file)/400)
		if testing.Short() {
			step = max(1, len(file)/40)
		}
		for n := 24; n < len(file); n += step {
			src, err := capture.NewReader(bytes.NewReader(file[:n]))
			if err != nil {
				t.Fatalf("%s cut at %d: %v", m.File, n, err)
			}
			s := New(Options{Event: func(*Event) {}})
			var p capture.Packet
			for err = src.Next(&p); err == nil; err = src.Next(&p) {
				s.Packet(&p)
			}
			if !errors.Is(err, io.EOF) {
				t.Fatalf("%s cut at %d: %v", m.File, n, err)
			}
			s.Finish()
			s.Analysis.Verdicts()
			if s.Totals.Packets >= m.Packets || s.Totals.Invalid > 0 {
				t.Fatalf("%s cut at %d: %+v", m.File, n, s.Totals)
			}
		}
	}
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
