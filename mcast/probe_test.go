package mcast

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestProbeBytes(t *testing.T) {
	p := Probe{Kind: ProbeData, Last: true, Size: 42, Stream: 0x0102030405060708, Sequence: 9, Sent: time.Unix(1, 2)}
	got := append(p.AppendTo(nil), 0xaa, 0xbb)
	want := "4d55535445522d50" + "01010128" + "0000002a" + "0102030405060708" + "0000000000000009" + "000000003b9aca02" + "aabb"
	if hex.EncodeToString(got) != want {
		t.Errorf("got  %x\nwant %s", got, want)
	}
	back, body, err := ParseProbe(got)
	if err != nil || back != p || !bytes.Equal(body, []byte{0xaa, 0xbb}) {
		t.Errorf("read back %+v, body %x, %v", back, body, err)
	}
}

// A Tomcat looks for TRIBES-B with the version 1.0 behind it; a probe must not
// hold it, nor begin as anything else that a node of a cluster reads.
func TestProbeIsNoHeartbeat(t *testing.T) {
	p := Probe{Kind: ProbeRequest, Size: 1400, Stream: ^uint64(0), Sequence: ^uint64(0), Sent: time.Unix(1<<33, 0)}
	b := append(p.AppendTo(nil), make([]byte, 1360)...)
	for _, begin := range []string{"TRIBES", "FLT2002", "\xac\xed\x00\x05"} {
		if bytes.Contains(b, []byte(begin)) {
			t.Errorf("a probe holds %q", begin)
		}
	}
}

func TestParseProbeErrors(t *testing.T) {
	good := Probe{Kind: ProbeData, Size: ProbeSize}.AppendTo(nil)
	change := func(at int, b byte) []byte {
		p := bytes.Clone(good)
		p[at] = b
		return p
	}
	for _, c := range []struct {
		name, want string
		in         []byte
	}{
		{"empty", ErrNotProbe.Error(), nil},
		{"heartbeat", ErrNotProbe.Error(), []byte("TRIBES-B\x01\x00")},
		{"cut in the header", "want 40 bytes, have 39", good[:39]},
		{"another version", "offset 8: version 2", change(8, 2)},
		{"short header", "offset 11: header length 39", change(11, 39)},
		{"header beyond the end", "offset 11: header length 41", change(11, 41)},
		{"cut after the header", "offset 12: payload length 41, have 40", change(15, 41)},
		{"huge length", "offset 12: payload length 4278190120", change(12, 255)},
	} {
		_, _, err := ParseProbe(c.in)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
		if errors.Is(err, ErrNotProbe) != (c.want == ErrNotProbe.Error()) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func FuzzParseProbe(f *testing.F) {
	f.Add(Probe{Kind: ProbeData, Size: ProbeSize, Sent: time.Unix(1, 0)}.AppendTo(nil))
	f.Add([]byte("MUSTER-P"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, body, err := ParseProbe(b)
		if err != nil {
			return
		}
		if p.Size != len(b) || len(body) > len(b)-ProbeSize {
			t.Fatalf("%+v with a body of %d from %d bytes", p, len(body), len(b))
		}
		again, _, err := ParseProbe(append(p.AppendTo(nil), make([]byte, len(b)-ProbeSize)...))
		if err != nil || again != p {
			t.Fatalf("%+v read again is %+v, %v", p, again, err)
		}
	})
}

func BenchmarkParseProbe(b *testing.B) {
	p := append(Probe{Kind: ProbeData, Size: 100, Sent: time.Unix(1, 0)}.AppendTo(nil), make([]byte, 60)...)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := ParseProbe(p); err != nil {
			b.Fatal(err)
		}
	}
}
