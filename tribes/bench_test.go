package tribes

import (
	"bytes"
	"testing"
)

func BenchmarkParseMember(b *testing.B) {
	p := one(b, "member-v1-ipv4-min").Bytes
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := ParseMember(p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendMember(b *testing.B) {
	m, _, err := ParseMember(one(b, "member-v1-ipv4-min").Bytes)
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 0, 128)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.AppendTo(buf); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseFrame(b *testing.B) {
	p := one(b, "frame-bytes-ack").Bytes
	b.ReportAllocs()
	for b.Loop() {
		data, _, err := ParseFrame(p, DefaultFrameLimit)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := ParseChannelData(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkScanner(b *testing.B) {
	frame := AppendFrame(nil, make([]byte, 1024))
	stream := bytes.Repeat(frame, 32)
	s := NewScanner(0)
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Write(stream); err != nil {
			b.Fatal(err)
		}
		for range 32 {
			if _, err := s.Next(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// The promise of the benchmarks that a test can hold on any machine.
func TestParsingAllocatesNothing(t *testing.T) {
	m, f := one(t, "member-v1-all").Bytes, one(t, "frame-bytes-ack").Bytes
	if n := testing.AllocsPerRun(100, func() {
		if _, _, err := ParseMember(m); err != nil {
			t.Fatal(err)
		}
		data, _, err := ParseFrame(f, DefaultFrameLimit)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseChannelData(data); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
