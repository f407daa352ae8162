package tribes

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestAckVectors(t *testing.T) {
	for name, want := range map[string]struct {
		frame         string
		isAck, isFail bool
	}{
		"ack":              {Ack, true, false},
		"fail-ack":         {FailAck, false, true},
		"frame-empty-data": {string(AppendFrame(nil, nil)), false, false},
	} {
		v := one(t, name)
		if want.frame != string(v.Bytes) {
			t.Errorf("%s is %x, want %x", name, want.frame, v.Bytes)
		}
		data, n, err := ParseFrame(v.Bytes, 1<<10)
		if err != nil || n != len(v.Bytes) || n != int(v.Int(t, "total")) {
			t.Fatalf("%s: took %d of %d bytes: %v", name, n, len(v.Bytes), err)
		}
		if IsAck(data) != want.isAck || IsFailAck(data) != want.isFail {
			t.Errorf("%s: IsAck %v, IsFailAck %v", name, IsAck(data), IsFailAck(data))
		}
		if p, ok := v.Fields["payload"]; ok && !bytes.Equal(data, v.Unhex(t, "payload")) {
			t.Errorf("%s: data %x, want %v", name, data, p)
		}
	}
}

func TestFrameCut(t *testing.T) {
	b := one(t, "frame-bytes-ack").Bytes
	for n := range b {
		if _, _, err := ParseFrame(b[:n], DefaultFrameLimit); !errors.Is(err, ErrIncomplete) {
			t.Errorf("%d of %d bytes: %v, want incomplete", n, len(b), err)
		}
	}
}

func TestFrameBad(t *testing.T) {
	good := func() []byte { return AppendFrame(nil, []byte("data")) }
	for _, c := range []struct {
		name  string
		bytes []byte
		field string
		at    int
		want  error
	}{
		{"something else", []byte("GET / HTTP/1.1"), "frame begin", 0, ErrMarker},
		{"something else, short", []byte("FLX"), "frame begin", 0, ErrMarker},
		{"length -1", set(7, 0xff, 0xff, 0xff, 0xff)(good()), "frame length", 7, nil},
		{"length of 2 GB", set(7, 0x7f, 0xff, 0xff, 0xff)(good()), "frame length", 7, nil},
		{"length over the limit", set(10, 101)(good()), "frame length", 7, nil},
		{"length one too small", set(10, 3)(good()), "frame end", 14, nil},
		{"wrong end", set(21, '4')(good()), "frame end", 15, nil},
	} {
		_, _, err := ParseFrame(c.bytes, 100)
		var p *ParseError
		if !errors.As(err, &p) {
			t.Errorf("%s: error %v is no ParseError", c.name, err)
			continue
		}
		if p.Field != c.field || p.Offset != c.at || p.Err != c.want {
			t.Errorf("%s: blames %s at %d (%v), want %s at %d (%v)", c.name, p.Field, p.Offset, p.Err, c.field, c.at, c.want)
		}
	}
}

// The bad-frame vectors were sent to a live receiver: none of them delivered.
func TestFrameBadVectors(t *testing.T) {
	for _, v := range load(t, "bad-frame-") {
		data, _, err := ParseFrame(v.Bytes, DefaultFrameLimit)
		if err == nil {
			_, err = ParseChannelData(data)
		}
		if valid := v.Fields["valid"].(bool); (err == nil) != valid {
			t.Errorf("%s: err = %v, Tomcat: %s", v.Name, err, v.Fields["tomcat"])
		}
	}
}

// What decides where a fault lies is its offset from the beginning of the
// bytes that the caller gave, also for faults in the address.
func TestErrorOffsets(t *testing.T) {
	v := one(t, "channeldata-bytes-ack")
	b := bytes.Clone(v.Bytes)
	b[36+34] = 0x80 // the address begins at 36, its host length is at 34
	_, err := ParseChannelData(b)
	if err == nil || !strings.Contains(err.Error(), "offset 70: host") {
		t.Errorf("err = %v, want the host at offset 70", err)
	}
}
