package session

import (
	"strings"
	"testing"

	"muster/tribes/javaser"
)

// manySessions are 1000 of 1 KiB each: a block of Tomcat's state transfer.
func manySessions() []Session {
	all := make([]Session, 1000)
	for i := range all {
		all[i] = madeSession()
		all[i].Attributes[0].Value = javaser.NewString(strings.Repeat("x", 1024))
	}
	return all
}

func BenchmarkAppendList(b *testing.B) {
	all := manySessions()
	b.ReportAllocs()
	for b.Loop() {
		out, err := AppendList(nil, all)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(out)))
	}
}

func BenchmarkParseList(b *testing.B) {
	in, err := AppendList(nil, manySessions())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseList(in, javaser.Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseMessage(b *testing.B) {
	in := one(b, "ser-session-SESSION_DELTA").Bytes
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		m, err := ParseMessage(in)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := ParseDelta(m.Data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendMessage(b *testing.B) {
	d := one(b, "delta-request").Bytes
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NewDelta(Gen85, app, id, d, at).Append(buf); err != nil {
			b.Fatal(err)
		}
	}
}
