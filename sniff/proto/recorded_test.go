package proto

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/sniff/capture"
	"muster/sniff/frame"
)

var update = flag.Bool("update", false, "write what is decoded into testdata/recorded.golden")

const recordings = "../testdata/peers"

// recorded returns the messages of the recordings, one of each kind: those whose
// descriptions differ in more than numbers.
func recorded(t testing.TB) (frames []*frame.Frame) {
	t.Helper()
	files, err := filepath.Glob(recordings + "/*.pcap")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	seen := map[string]bool{}
	for _, name := range files {
		src, err := capture.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		var p capture.Packet
		for src.Next(&p) == nil {
			q := p
			q.Data = slices.Clone(p.Data)
			f := &frame.Frame{}
			if frame.Decode(&q, f) != nil || f.Fragment || Find(f) == nil {
				continue
			}
			kind := strings.Map(func(r rune) rune {
				if strings.ContainsRune("0123456789abcdef", r) {
					return -1
				}
				return r
			}, describe(f))
			if !seen[kind] {
				seen[kind] = true
				frames = append(frames, f)
			}
		}
		src.Close()
	}
	return frames
}

// TestRecorded holds what is read of the recordings' messages against a file that was
// compared with the programs' own logs and with Wireshark (testdata/peers/README.md).
func TestRecorded(t *testing.T) {
	const name = "testdata/recorded.golden"
	var b strings.Builder
	for _, f := range recorded(t) {
		m, _ := Find(f).Decode(f)
		p := m.Peer
		fmt.Fprintf(&b, "%s %s %s\n", f.Source(), f.Destination(), describe(f))
		if p.Product != "" {
			fmt.Fprintf(&b, "  %s %s %s | name %q address %q release %q role %q notes %q\n", p.Product, p.Kind, p.Cluster, p.Name, p.Address, p.Release, p.Role, p.Notes)
		}
	}
	if *update {
		if err := os.WriteFile(name, []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) == b.String() {
		return
	}
	have, old := strings.Split(b.String(), "\n"), strings.Split(string(want), "\n")
	for i := range have {
		if i >= len(old) || have[i] != old[i] {
			t.Fatalf("line %d:\n got %s\nwant %s", i+1, have[i], slices.Concat(old, []string{"the end"})[min(i, len(old))])
		}
	}
	t.Fatalf("%d lines, want %d", len(have), len(old))
}
