package tribes

import (
	"bytes"
	"errors"
	"testing"
	"testing/iotest"
)

// Each target here takes bytes that may be anything, seeded with those of a
// real Tomcat, and holds the same promises of one codec: no panic, what parses
// is built again to the same bytes, nothing is taken that was not given.

func seed(f *testing.F, prefixes ...string) {
	f.Helper()
	for _, v := range load(f, prefixes...) {
		f.Add(v.Bytes)
	}
}

func FuzzMember(f *testing.F) {
	seed(f, "member-", "live-", "bad-dgram-")
	f.Add(unhex(f, beat55))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m Member
		var n int
		var err error
		m, n, err = ParseMember(b)
		if err != nil {
			wantParseError(t, err, len(b))
			return
		}
		if n > len(b) || n != m.Len() {
			t.Fatalf("took %d of %d bytes, Len %d", n, len(b), m.Len())
		}
		again, err := m.AppendTo(nil)
		if err != nil || !bytes.Equal(again, b[:n]) {
			t.Fatalf("built again:\n got %x, %v\nwant %x", again, err, b[:n])
		}
		for _, form := range []TextForm{TextNow, TextMid, TextOld} {
			if len(m.Text(form)) > 4096 {
				t.Fatalf("a log text of %d bytes", len(m.Text(form)))
			}
		}
		if _, _, err := ParseMember(b[:n-1]); !errors.Is(err, ErrIncomplete) {
			t.Fatalf("without its last byte: %v", err)
		}
	})
}

func FuzzFrame(f *testing.F) {
	seed(f, "frame-", "ack", "fail-ack", "two-frames", "bad-frame-")
	f.Fuzz(func(t *testing.T, b []byte) {
		data, n, err := ParseFrame(b, 1<<16)
		if err != nil {
			wantParseError(t, err, len(b))
			return
		}
		if len(data) > 1<<16 || n != len(data)+FrameOverhead {
			t.Fatalf("%d bytes of data in a frame of %d", len(data), n)
		}
		if again := AppendFrame(nil, data); !bytes.Equal(again, b[:n]) {
			t.Fatalf("built again:\n got %x\nwant %x", again, b[:n])
		}
		if IsAck(data) && string(b[:n]) != Ack || IsFailAck(data) && string(b[:n]) != FailAck {
			t.Fatalf("%x is no ack", b[:n])
		}
	})
}

func FuzzChannelData(f *testing.F) {
	for _, v := range load(f, "frame-", "channeldata-", "failure-detector-", "broadcast-") {
		data := v.Bytes
		if IsFrame(data) {
			data = data[11 : len(data)-7]
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var c ChannelData
		c, err := ParseChannelData(b)
		if err != nil {
			wantParseError(t, err, len(b))
			return
		}
		again, err := c.AppendTo(nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(again) < len(b) { // bytes after the record in the address field, which Tomcat tolerates
			b = again
			if c, err = ParseChannelData(b); err != nil {
				t.Fatal(err)
			}
			again, _ = c.AppendTo(nil)
		}
		if !bytes.Equal(again, b) {
			t.Fatalf("built again:\n got %x\nwant %x", again, b)
		}
	})
}

func FuzzOptions(f *testing.F) {
	for _, s := range []string{"8", "sync-ack", "async,ack", "none", "0x101", "byte , udp"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var o Options
		o, err := ParseOptions(s)
		if err != nil {
			if o != 0 {
				t.Fatalf("%q = %d beside the error %v", s, o, err)
			}
			return
		}
		if o.String() == "" {
			t.Fatalf("%q = %d has no text", s, o)
		}
	})
}

// FuzzScanner: a stream means the same however TCP cuts it.
func FuzzScanner(f *testing.F) {
	seed(f, "frame-", "ack", "two-frames", "bad-frame-")
	f.Add(append(AppendFrame55(nil, CompressDefault, []byte("\xac\xed\x00\x05p")), Ack55+Ack...))
	f.Fuzz(func(t *testing.T, b []byte) {
		whole, pieces := NewScanner(1<<16), NewScanner(1<<16)
		kinds, offsets, err := scan(whole, bytes.NewReader(b))
		kinds2, offsets2, err2 := scan(pieces, iotest.OneByteReader(bytes.NewReader(b)))
		if !equal(kinds, kinds2) || !equal(offsets, offsets2) || err.Error() != err2.Error() {
			t.Fatalf("at once %v %v %v, byte by byte %v %v %v", kinds, offsets, err, kinds2, offsets2, err2)
		}
		if whole.Offset()+int64(whole.Buffered()) > int64(len(b)) {
			t.Fatalf("offset %d and %d buffered of %d bytes", whole.Offset(), whole.Buffered(), len(b))
		}
		for range kinds {
			before, waiting := whole.Offset(), whole.Buffered()
			whole.Resync()
			if p, err := whole.Next(); err == nil && (waiting == 0 || p.Offset <= before) {
				t.Fatalf("Resync at %d, with %d bytes behind it, found a frame at %d", before, waiting, p.Offset)
			}
		}
	})
}

func wantParseError(t *testing.T, err error, size int) {
	t.Helper()
	var p *ParseError
	if !errors.As(err, &p) {
		t.Fatalf("error %v is no ParseError", err)
	}
	if p.Offset < 0 || p.Offset > size {
		t.Fatalf("offset %d of %d bytes", p.Offset, size)
	}
}
