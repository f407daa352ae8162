package tlswire

import (
	"strings"
	"testing"
)

var (
	hello13 = "\x16\x03\x01\x00\x4f\x01\x00\x00\x4b\x03\x03" + strings.Repeat("r", 32) + "\x00\x00\x02\x13\x01\x01\x00\x00\x20" +
		"\x00\x2b\x00\x03\x02\x03\x04" + "\x00\x29\x00\x15\x00\x0c\x00\x06tribes\x00\x00\x00\x00\x00\x05\x04bind"
	server12 = "\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03" + strings.Repeat("r", 32) + "\x00\x00\xa8\x00"
	key12    = "\x16\x03\x03\x00\x0c\x10\x00\x00\x08\x00\x06tribes"
)

// What is read does not depend on how the bytes are cut, and no cut of them is read
// as more than it is.
func TestWrite(t *testing.T) {
	for _, test := range []struct {
		name, bytes string
		want        Side
	}{
		{"a ClientHello of 1.3 with a PSK", hello13, Side{Hello: true, Version: 0x0304, PSK: true, Identity: "tribes"}},
		{"a ServerHello of 1.2 with a PSK suite", server12, Side{Hello: true, Version: 0x0303, Suite: 0x00a8}},
		{"the identity of 1.2", key12, Side{Identity: "tribes"}},
		{"an alert", "\x15\x03\x03\x00\x02\x02\x2f", Side{Alerts: []uint8{47}}},
		{"sealed records", "\x14\x03\x03\x00\x01\x01\x17\x03\x03\x00\x02xx\x16\x03\x03\x00\x01x", Side{Sealed: 2}},
		{"a frame of Tribes", "FLT2002\x00\x00", Side{NotTLS: true}},
	} {
		for size := 1; size <= len(test.bytes); size++ {
			var s Side
			for b := []byte(test.bytes); len(b) > 0; {
				n := min(size, len(b))
				s.Write(b[:n])
				b = b[n:]
			}
			if s.Hello != test.want.Hello || s.Version != test.want.Version || s.Suite != test.want.Suite || s.PSK != test.want.PSK ||
				s.Identity != test.want.Identity || string(s.Alerts) != string(test.want.Alerts) || s.Sealed != test.want.Sealed || s.NotTLS != test.want.NotTLS {
				t.Fatalf("%s by %d bytes: %+v", test.name, size, s)
			}
		}
		for cut := range len(test.bytes) {
			var s Side
			s.Write([]byte(test.bytes[:cut]))
			if s.Hello || s.Identity != "" || len(s.Alerts) > 0 {
				t.Errorf("%s cut to %d bytes: %+v", test.name, cut, s)
			}
		}
	}
}

// No input makes it fail or keep more than its bounds.
func FuzzWrite(f *testing.F) {
	for _, s := range []string{hello13, server12, key12, "\x15\x03\x03\x00\x02\x02\x2f", "\x16\x03\x03\xff\xff\x01\xff\xff\xff"} {
		f.Add([]byte(s), 3)
	}
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		var s Side
		size = min(max(size, 1), 1<<12)
		for len(b) > 0 {
			n := min(size, len(b))
			s.Write(b[:n])
			b = b[n:]
		}
		if cap(s.buf) > 4*maxRecord || cap(s.hand) > 4*maxHandshake || len(s.Alerts) > maxAlerts {
			t.Errorf("keeps %d and %d bytes, %d alerts", cap(s.buf), cap(s.hand), len(s.Alerts))
		}
	})
}
